//! A random legal trace, instruction by instruction from the opcode table.

use crate::random::Random;
use tracehound::ir::validate::{MAX_SLOT, MIN_SLOT, Scene, TOBIT_BIAS, validate};
use tracehound::ir::{
    ALL_OPS, ALL_TYPES, Arg, Class, Const, ConvCheck, ConvMode, Fpm, Helper, Ins, Link, Lit, LitKind, ObjId, Op,
    OperandKind, Ref, Rule, SloadMode, Slot, Snap, SnapEntry, Status, Trace, Type, XloadMode, sig,
};
use tracehound::world::World;

/// A trace in the making.
pub struct Draft<'a> {
    pub trace: Trace,
    pub world: &'a World,
    pub scene: Scene<'a>,
}

impl Draft<'_> {
    /// Instructions that have a value and fit.
    pub fn refs(&self, fits: impl Fn(&Ins) -> bool) -> Vec<Ref> {
        self.trace.iter().filter(|(_, i)| i.op.info().has_value() && fits(i)).map(|(r, _)| r).collect()
    }

    /// Adds a snapshot; values that no snapshot shows become constants.
    fn add_snap(&mut self, snap: Snap) {
        let (n, len) = (self.trace.snaps.len(), snap.entries.len());
        self.trace.snaps.push(snap);
        for i in 0..len {
            if validate(&self.trace, &self.scene).is_ok() {
                return;
            }
            self.trace.snaps[n].entries[i].value = Arg::K(Const::Int(0));
        }
    }

    /// Adds an instruction if it is legal.
    fn add(&mut self, ins: Ins) -> Option<Arg> {
        let at = self.trace.end();
        self.trace.ins.push(ins);
        if validate(&self.trace, &self.scene).is_ok() {
            return Some(Arg::Ref(at));
        }
        self.trace.ins.pop();
        None
    }
}

impl Random {
    /// A root trace, or a side trace of the scene's parent.
    pub fn trace(&mut self, world: &World, scene: Scene<'_>) -> Trace {
        let plain: Vec<Op> = ALL_OPS.iter().copied().filter(|op| op.info().status == Status::Plain).collect();
        let side: &[Link] = if scene.parent.is_some() { &[Link::Root] } else { &[] };
        let link = self.pick(&[&[Link::Interpreter, Link::Return], side].concat());
        let snaps = vec![Snap { at: Ref(1), entries: vec![] }];
        let mut draft = Draft { trace: Trace { ins: vec![], snaps, link }, world, scene };
        self.inherited(&mut draft);
        let len = self.below(60);
        let at_loop = if self.one_in(3) && link != Link::Root { self.below(len + 1) } else { usize::MAX };
        for n in 0..len {
            if n == at_loop {
                let snap = self.snap(&draft);
                draft.add_snap(snap);
                draft.trace.link = Link::Loop;
                draft.add(Ins { op: Op::LOOP, ty: Type::Nil, guard: false, op1: Arg::None, op2: Arg::None });
            }
            let op = self.pick(&plain);
            if self.object_ins(op, &mut draft).is_none() {
                self.plain_ins(op, &mut draft);
            }
            if self.one_in(8) {
                let snap = self.snap(&draft);
                draft.add_snap(snap);
            }
        }
        self.phis(&mut draft);
        draft.trace
    }

    /// Adds an instruction, as a guard or not, if it is legal.
    pub fn push(&mut self, op: Op, ty: Type, op1: Arg, op2: Arg, draft: &mut Draft) -> Option<Arg> {
        let guard = self.one_in(2);
        let ins = Ins { op, ty, guard, op1, op2 };
        draft.add(ins).or_else(|| draft.add(Ins { guard: !guard, ..ins }))
    }

    /// A side trace's loads of what its parent's exit has.
    fn inherited(&mut self, draft: &mut Draft) {
        for (slot, ty) in draft.scene.parent.unwrap_or_default() {
            let mode = SloadMode { parent: true, inherit: self.one_in(2), ..SloadMode::default() };
            self.push(Op::SLOAD, *ty, Arg::Lit(Lit::Slot(slot.0)), Arg::Lit(Lit::Sload(mode)), draft);
        }
    }

    /// Tries some pairs; most are no legal PHIs.
    fn phis(&mut self, draft: &mut Draft) {
        let Some(at_loop) = draft.trace.loop_ref() else { return };
        for _ in 0..20 {
            let left = Ref(1 + self.below(usize::from(at_loop.0)) as u16);
            let right = Ref(1 + self.below(draft.trace.ins.len()) as u16);
            let ty = draft.trace.get(left).ty;
            draft.add(Ins { op: Op::PHI, ty, guard: false, op1: Arg::Ref(left), op2: Arg::Ref(right) });
        }
    }

    fn snap(&mut self, draft: &Draft) -> Snap {
        let parent = draft.scene.parent.unwrap_or_default();
        let mut entries = Vec::new();
        for slot in (MIN_SLOT..=MAX_SLOT).map(Slot) {
            if !self.one_in(8) && !parent.iter().any(|(s, _)| *s == slot) {
                continue;
            }
            let objects = draft.world.objects.len();
            let value = match self.below(6) {
                0 => Arg::K(Const::Int(self.bits() as i32)),
                1 => Arg::K(Const::Num(self.num())),
                2 => Arg::K(Const::Pri(self.pick(&[Type::Nil, Type::False, Type::True]))),
                3 if objects > 0 => Arg::K(Const::Gc(ObjId(self.below(objects) as u8))),
                _ => {
                    let refs = draft.refs(|i| i.ty.is_lua_value() && i.ty.class() != Class::Pri);
                    if refs.is_empty() { Arg::K(Const::Int(0)) } else { Arg::Ref(self.pick(&refs)) }
                }
            };
            entries.push(SnapEntry { slot, value });
        }
        Snap { at: draft.trace.end(), entries }
    }

    fn reference(&mut self, draft: &Draft, fits: impl Fn(Type) -> bool) -> Option<Arg> {
        let refs = draft.refs(|i| fits(i.ty));
        (!refs.is_empty()).then(|| Arg::Ref(self.pick(&refs)))
    }

    /// Adds one of an opcode whose operands' classes say all, unless the trace has nothing yet that it could take.
    fn plain_ins(&mut self, op: Op, draft: &mut Draft) -> Option<Arg> {
        let info = op.info();
        let ty = self.pick(info.rule.types());
        let lits = [self.literal(info.lit(0), ty), self.literal(info.lit(1), ty)];
        let (class1, class2) = info.rule.operand_classes(ty);
        let class1 = match lits[1] {
            Some(Lit::Conv(mode)) => Some(mode.src.class()),
            _ => class1,
        };
        let op1 = self.operand(info.operands[0], lits[0], class1, draft)?;
        let op2 = match (info.rule, op1) {
            (Rule::ToBit, _) => Arg::K(Const::Num(TOBIT_BIAS)),
            (Rule::Neg | Rule::NumMask, _) => self.pick(&[Arg::None, op1]),
            _ => self.operand(info.operands[1], lits[1], class2, draft)?,
        };
        self.push(op, ty, op1, op2, draft)
    }

    fn operand(&mut self, kind: OperandKind, lit: Option<Lit>, class: Option<Class>, draft: &Draft) -> Option<Arg> {
        match (kind, lit) {
            (_, Some(lit)) => Some(Arg::Lit(lit)),
            (OperandKind::Ref, None) if self.one_in(3) => {
                let constant = self.constant(class?, draft.world).map(Arg::K);
                constant.or_else(|| self.reference(draft, |t| Some(t.class()) == class))
            }
            (OperandKind::Ref, None) => {
                let found = self.reference(draft, |t| Some(t.class()) == class);
                found.or_else(|| self.constant(class?, draft.world).map(Arg::K))
            }
            _ => Some(Arg::None),
        }
    }

    pub fn constant(&mut self, class: Class, world: &World) -> Option<Const> {
        match class {
            Class::W32 => Some(Const::Int(self.bits() as i32)),
            Class::Num => Some(Const::Num(self.num())),
            Class::W64 => Some(match self.below(9) {
                0 => Const::Ptr(self.pointer(world)),
                1 => Const::KPtr(self.pointer(world)),
                2 => Const::Null,
                3 => self.pick(&[Const::NilTv, Const::TmpBuf, Const::Helper(Helper::i_i)]),
                _ => Const::Int64(self.bits().cast_signed()),
            }),
            Class::Gc if !world.objects.is_empty() => Some(Const::Gc(ObjId(self.below(world.objects.len()) as u8))),
            Class::Pri | Class::Gc | Class::Flt => None,
        }
    }

    fn literal(&mut self, kind: Option<LitKind>, ty: Type) -> Option<Lit> {
        let mut flag = || self.next().is_multiple_of(2);
        Some(match kind? {
            LitKind::Num => Lit::Num(self.next() as u16),
            LitKind::Slot => Lit::Slot(MIN_SLOT + self.below(39) as u8),
            LitKind::Sload => {
                let convert = flag() && ty != Type::Str;
                Lit::Sload(SloadMode { typecheck: flag(), convert, readonly: flag(), inherit: flag(), parent: false })
            }
            LitKind::Xload => Lit::Xload(XloadMode { readonly: flag(), volatile: flag() }),
            LitKind::Fpm => Lit::Fpm(self.pick(&[Fpm::Floor, Fpm::Ceil, Fpm::Trunc, Fpm::Sqrt, Fpm::Log, Fpm::Log2])),
            LitKind::Conv => {
                let sext = flag();
                let legal: Vec<Type> = ALL_TYPES.iter().copied().filter(|src| sig::conv_is_legal(ty, *src)).collect();
                let src = self.pick(&legal);
                let checks = [ConvCheck::Plain, ConvCheck::Any, ConvCheck::Index, ConvCheck::Check];
                let some = if (ty, src) == (Type::Int, Type::Num) { &checks[..] } else { &checks[..2] };
                Lit::Conv(ConvMode { src, sext, check: self.pick(some) })
            }
            _ => return None,
        })
    }
}
