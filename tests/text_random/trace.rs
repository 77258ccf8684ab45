//! A random legal trace, instruction by instruction from the opcode table.

use crate::random::Random;
use tracehound::ir::validate::{MAX_SLOT, MIN_SLOT, Scene, TOBIT_BIAS, validate};
use tracehound::ir::{
    ALL_OPS, ALL_TYPES, Arg, Class, Const, ConvCheck, ConvMode, Fpm, Ins, Link, Lit, LitKind, Op, OperandKind, Ref,
    Rule, SloadMode, Slot, Snap, SnapEntry, Status, Trace, Type, XloadMode, sig,
};
use tracehound::world::World;

impl Random {
    pub fn trace(&mut self, world: &World) -> Trace {
        let plain: Vec<Op> = ALL_OPS.iter().copied().filter(|op| op.info().status == Status::Plain).collect();
        let mut trace = Trace { ins: vec![], snaps: vec![], link: self.pick(&[Link::Interpreter, Link::Return]) };
        trace.snaps.push(Snap { at: Ref(1), entries: vec![] });
        let len = self.below(60);
        let at_loop = if self.one_in(3) { self.below(len + 1) } else { usize::MAX };
        for n in 0..len {
            if n == at_loop {
                trace.ins.push(Ins { op: Op::LOOP, ty: Type::Nil, guard: false, op1: Arg::None, op2: Arg::None });
                trace.link = Link::Loop;
            }
            let op = self.pick(&plain);
            trace.ins.extend(self.ins(op, &trace, world));
            if self.one_in(8) {
                let snap = self.snap(&trace);
                trace.snaps.push(snap);
            }
        }
        self.phis(&mut trace, world);
        trace
    }

    /// Tries some pairs; most are no legal PHIs.
    fn phis(&mut self, trace: &mut Trace, world: &World) {
        let Some(at_loop) = trace.loop_ref() else { return };
        for _ in 0..20 {
            let left = Ref(1 + self.below(usize::from(at_loop.0)) as u16);
            let right = Ref(1 + self.below(trace.ins.len()) as u16);
            let ty = trace.get(left).ty;
            trace.ins.push(Ins { op: Op::PHI, ty, guard: false, op1: Arg::Ref(left), op2: Arg::Ref(right) });
            let scene = Scene { regions: world.regions.len(), ..Scene::default() };
            if validate(trace, &scene).is_err() {
                trace.ins.pop();
            }
        }
    }

    fn snap(&mut self, trace: &Trace) -> Snap {
        let mut entries = Vec::new();
        for slot in (MIN_SLOT..=MAX_SLOT).map(Slot) {
            if !self.one_in(8) {
                continue;
            }
            let value = match self.below(5) {
                0 => Arg::K(Const::Int(self.bits() as i32)),
                1 => Arg::K(Const::Num(self.num())),
                2 => Arg::K(Const::Pri(self.pick(&[Type::Nil, Type::False, Type::True]))),
                _ => self
                    .reference(trace, |t| t.is_lua_value() && t.class() != Class::Pri)
                    .unwrap_or(Arg::K(Const::Int(0))),
            };
            entries.push(SnapEntry { slot, value });
        }
        Snap { at: trace.end(), entries }
    }

    fn reference(&mut self, trace: &Trace, fits: impl Fn(Type) -> bool) -> Option<Arg> {
        let no_value = |i: &Ins| i.op.info().is_store() || i.op <= Op::ABC;
        let refs: Vec<Ref> = trace.iter().filter(|(_, i)| !no_value(i) && fits(i.ty)).map(|(r, _)| r).collect();
        (!refs.is_empty()).then(|| Arg::Ref(self.pick(&refs)))
    }

    /// A legal instruction, unless the trace has nothing yet that it could take.
    fn ins(&mut self, op: Op, trace: &Trace, world: &World) -> Option<Ins> {
        let info = op.info();
        let ty = self.pick(info.rule.types());
        let lits = [self.literal(info.lit(0), ty), self.literal(info.lit(1), ty)];
        let (class1, class2) = info.rule.operand_classes(ty);
        let class1 = match lits[1] {
            Some(Lit::Conv(mode)) => Some(mode.src.class()),
            _ => class1,
        };
        let op1 = self.operand(info.operands[0], lits[0], class1, trace, world)?;
        let op2 = match (info.rule, op1) {
            (Rule::ToBit, _) => Arg::K(Const::Num(TOBIT_BIAS)),
            (Rule::Neg | Rule::NumMask, _) => self.pick(&[Arg::None, op1]),
            (Rule::Mod, Arg::K(Const::Int(_))) => Arg::K(Const::Int(7)),
            _ => self.operand(info.operands[1], lits[1], class2, trace, world)?,
        };
        let guard = match lits[1] {
            Some(Lit::Conv(mode)) => matches!(mode.check, ConvCheck::Check | ConvCheck::Index),
            Some(Lit::Sload(mode)) => mode.typecheck,
            _ => matches!(info.rule, Rule::SCmp | Rule::UCmp | Rule::Equal | Rule::Bounds | Rule::Overflow),
        };
        let ins = Ins { op, ty, guard, op1, op2 };
        let to_constant_memory = info.rule == Rule::XStore && matches!(op1, Arg::K(Const::KPtr(_)));
        let by_zero = info.rule == Rule::Mod && op2 == Arg::K(Const::Int(0));
        let complemented = op == Op::BNOT && matches!(op1, Arg::K(_));
        let mask = info.rule == Rule::NumMask && op2 != Arg::None && op2 != op1;
        (!to_constant_memory && !by_zero && !complemented && !mask).then_some(ins)
    }

    fn operand(
        &mut self,
        kind: OperandKind,
        lit: Option<Lit>,
        class: Option<Class>,
        trace: &Trace,
        world: &World,
    ) -> Option<Arg> {
        match (kind, lit) {
            (_, Some(lit)) => Some(Arg::Lit(lit)),
            (OperandKind::Ref, None) if self.one_in(3) => {
                self.constant(class?, world).map(Arg::K).or_else(|| self.reference(trace, |t| Some(t.class()) == class))
            }
            (OperandKind::Ref, None) => {
                let found = self.reference(trace, |t| Some(t.class()) == class);
                found.or_else(|| self.constant(class?, world).map(Arg::K))
            }
            _ => Some(Arg::None),
        }
    }

    fn constant(&mut self, class: Class, world: &World) -> Option<Const> {
        match class {
            Class::W32 => Some(Const::Int(self.bits() as i32)),
            Class::Num => Some(Const::Num(self.num())),
            Class::W64 => Some(match self.below(5) {
                0 => Const::Ptr(self.pointer(world)),
                1 => Const::KPtr(self.pointer(world)),
                2 => Const::Null,
                _ => Const::Int64(self.bits().cast_signed()),
            }),
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
