//! The trace under construction: appends instructions and keeps the values that later ones may use.

use super::address::Base;
use super::big::Dense;
use super::cells::Cells;
use super::entropy::{Bulk, Entropy, Source};
use super::fork::Fork;
use super::interval::{self, Interval};
use super::iteration::Written;
use super::knobs::Knobs;
use super::object::Objects;
use super::palette::Palette;
use super::pools;
use super::string::Str;
use super::swarm::Swarm;
use crate::case::Emit;
use crate::ir::{Arg, Class, Const, Ins, Lit, Op, Ref, Rule, Snap, Trace, Type};

/// What is known of one instruction's result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// Where it surely lies.
    pub interval: Option<Interval>,
    /// How often it was used.
    pub uses: u16,
}

/// Everything that generation changes.
pub(super) struct Builder<'a, 'b, 'k> {
    pub u: Entropy<'a, 'b>,
    pub bulk: Bulk,
    pub knobs: &'k Knobs,
    pub swarm: Swarm,
    pub palette: Palette,
    pub dense: Dense,
    pub trace: Trace,
    /// One for each instruction.
    pub values: Vec<Value>,
    /// Results that operands are taken from, by class.
    pools: [Vec<Ref>; POOLS],
    pub cells: Cells,
    /// A pointer by which controlled cells are read, and where it points in their region.
    pub control_pointer: Option<(Arg, i64)>,
    pub bases: Vec<Base>,
    pub strings: Vec<Str>,
    pub objects: Objects,
    /// Address instructions that may be used again: base, displacement, ref.
    pub addresses: Vec<(usize, i64, Ref)>,
    /// True behind LOOP.
    pub in_body: bool,
    /// Slots that the trace has written, where all snapshots hold them.
    pub written: Option<Written>,
    /// Where the side trace starts.
    pub fork: Option<Fork>,
    /// The case has a side trace.
    pub forks: bool,
}

const POOLS: usize = 5;

fn pool_of(class: Class) -> usize {
    match class {
        Class::W32 => 0,
        Class::W64 => 1,
        Class::Num => 2,
        Class::Flt => 3,
        Class::Gc | Class::Pri => 4,
    }
}

/// Width of an integer class in bits.
pub(super) fn width(class: Class) -> u32 {
    if class == Class::W32 { 32 } else { 64 }
}

impl<'a, 'b, 'k> Builder<'a, 'b, 'k> {
    pub(super) fn new(mut u: Entropy<'a, 'b>, knobs: &'k Knobs) -> Self {
        let swarm = Swarm::draw(&mut u, knobs);
        if swarm.big {
            u.stretch();
        }
        let palette = if swarm.palette { Palette::draw(&mut u) } else { Palette::NONE };
        let mut bulk = Bulk::new(u.raw(8));
        let mut cells = Cells::draw(&mut u, &mut bulk, knobs);
        // Objects are constants, of which a big trace has as many as it may.
        let objects = if swarm.big { Objects::default() } else { Objects::draw(&mut u, &mut bulk, knobs, &mut cells) };
        let first = Snap { at: Ref(1), entries: vec![] };
        let trace = Trace { ins: Vec::with_capacity(80), snaps: vec![first], link: crate::ir::Link::Interpreter };
        Builder {
            u,
            bulk,
            knobs,
            swarm,
            palette,
            dense: Dense::default(),
            trace,
            values: Vec::with_capacity(80),
            pools: Default::default(),
            cells,
            control_pointer: None,
            bases: vec![],
            strings: vec![],
            objects,
            addresses: vec![],
            in_body: false,
            written: None,
            fork: None,
            forks: false,
        }
    }

    pub(super) fn is_raw(&self) -> bool {
        self.knobs.emit == Emit::Raw
    }

    /// The ref behind the last instruction.
    pub(super) fn next_ref(&self) -> Ref {
        Ref(u16::try_from(self.trace.ins.len() + 1).expect("fewer instructions than refs"))
    }

    /// Appends an instruction whose result is not offered as an operand.
    pub(super) fn hidden(&mut self, op: Op, ty: Type, guard: bool, op1: Arg, op2: Arg) -> Ref {
        let at = self.next_ref();
        let ins = Ins { op, ty, guard, op1, op2 };
        ins.args().into_iter().for_each(|a| self.note_use(a));
        let interval = interval::of(&ins, |a| self.interval(a));
        self.values.push(Value { interval, uses: 0 });
        self.trace.ins.push(ins);
        at
    }

    /// Counts a use of a value.
    pub(super) fn note_use(&mut self, a: Arg) {
        match a {
            Arg::Ref(r) => {
                let uses = &mut self.values[usize::from(r.0) - 1].uses;
                *uses = uses.saturating_add(1);
            }
            Arg::K(k) => self.dense.note(k),
            _ => {}
        }
    }

    /// Appends an instruction that always is, or never is, a guard; its result may be used from now on.
    pub(super) fn push(&mut self, op: Op, ty: Type, op1: Arg, op2: Arg) -> Ref {
        let rule = op.info().rule;
        let guard = matches!(rule, Rule::SCmp | Rule::UCmp | Rule::Equal | Rule::Bounds | Rule::Overflow);
        let at = self.hidden(op, ty, guard, op1, op2);
        let has_value = !op.info().is_store() && (!guard || rule == Rule::Overflow);
        if has_value {
            self.offer(at);
        }
        at
    }

    /// Makes a result available as an operand.
    pub(super) fn offer(&mut self, at: Ref) {
        let class = self.trace.get(at).ty.class();
        self.pools[pool_of(class)].push(at);
    }

    pub(super) fn interval(&self, a: Arg) -> Option<Interval> {
        match a {
            Arg::Ref(r) => self.values[usize::from(r.0) - 1].interval,
            Arg::K(k) => interval::of_const(k),
            _ => None,
        }
    }

    pub(super) fn set_interval(&mut self, r: Ref, interval: Option<Interval>) {
        self.values[usize::from(r.0) - 1].interval = interval;
    }

    pub(super) fn uses(&self, r: Ref) -> u16 {
        self.values[usize::from(r.0) - 1].uses
    }

    pub(super) fn ty(&self, r: Ref) -> Type {
        self.trace.get(r).ty
    }

    /// The values of a class that may be used here.
    pub(super) fn available(&self, class: Class) -> &[Ref] {
        &self.pools[pool_of(class)]
    }

    /// Keeps only the values that satisfy `f` available.
    pub(super) fn retain(&mut self, f: impl Fn(Ref) -> bool) {
        for pool in &mut self.pools {
            pool.retain(|r| f(*r));
        }
    }

    /// A value of a class; loads one if there is none.
    pub(super) fn value(&mut self, class: Class) -> Ref {
        let count = self.available(class).len();
        if count == 0 || count < 3 && self.u.percent(25) {
            return self.fresh(class);
        }
        let recent = self.swarm.recent;
        let n = if self.u.percent(recent) { count - 1 - self.u.index(count.min(3)) } else { self.u.index(count) };
        self.available(class)[n]
    }

    /// A new value of a class, from memory or a stack slot.
    pub(super) fn fresh(&mut self, class: Class) -> Ref {
        let ty = match class {
            Class::W32 => Type::Int,
            Class::W64 => self.u.pick(&[Type::I64, Type::U64]),
            Class::Flt => Type::Float,
            _ => Type::Num,
        };
        let slot = matches!(ty, Type::Int | Type::Num) && self.may_load_slots() && self.u.percent(30);
        slot.then(|| self.slot(ty)).flatten().unwrap_or_else(|| self.load_some(ty))
    }

    /// The recorder loads stack slots before LOOP only.
    pub(super) fn may_load_slots(&self) -> bool {
        self.may(Op::SLOAD) && (self.is_raw() || !self.in_body)
    }

    /// A constant of a class with a boundary value.
    pub(super) fn constant(&mut self, class: Class) -> Const {
        if let Some(k) = self.palette_constant(class) {
            return k;
        }
        match class {
            Class::W32 => int_const(pools::integer(&mut self.u, 32)),
            Class::W64 => Const::Int64(pools::integer(&mut self.u, 64)),
            _ => Const::Num(pools::double(&mut self.u)),
        }
    }

    /// A value, or as often as the case likes it, a constant.
    pub(super) fn operand(&mut self, class: Class) -> Arg {
        let constants = self.swarm.constants;
        if class != Class::Flt && self.u.percent(constants) {
            Arg::K(self.constant(class))
        } else {
            Arg::Ref(self.value(class))
        }
    }

    /// Two operands, at most one of them a constant; the first only where FOLD would leave it there, or in raw IR.
    pub(super) fn operands(&mut self, op: Op, class: Class) -> (Arg, Arg) {
        let b = self.operand(class);
        let a = Arg::Ref(self.value(class));
        let swap = b.as_ref().is_none() && (self.is_raw() || !op.info().is_commutative()) && self.u.percent(12);
        if swap { (b, a) } else { (a, b) }
    }

    /// True if the opcode may be drawn in this case.
    pub(super) fn may(&self, op: Op) -> bool {
        self.swarm.ops.has(op)
    }
}

/// A 32-bit constant from its sign-extended value.
pub(super) fn int_const(k: i64) -> Const {
    Const::Int(i32::try_from(pools::truncate(k, 32)).expect("32 bits"))
}

/// An integer constant of a class.
pub(super) fn integer_const(class: Class, k: i64) -> Const {
    if class == Class::W32 { int_const(k) } else { Const::Int64(k) }
}

/// A literal operand that is a number.
pub(super) fn lit(l: Lit) -> Arg {
    Arg::Lit(l)
}
