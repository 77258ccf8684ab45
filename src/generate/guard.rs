//! Guards: mostly passing, else the rest of a trace would never run; sometimes failing in one input.

use super::build::{Builder, integer_const, width};
use super::entropy::Source;
use super::interval::Interval;
use super::pools;
use super::swarm::MASKS;
use crate::ir::{Arg, Class, Const, Op, Ref, Rule, Type};

impl Builder<'_, '_, '_> {
    /// One guard, often with a snapshot of its own.
    pub(super) fn guard(&mut self) {
        if self.u.percent(60) {
            self.snapshot();
        }
        let Some(op) = self.swarm.op(&mut self.u, MASKS.guards) else { return };
        if op.info().rule == Rule::Bounds {
            return self.bounds_check();
        }
        match self.u.weighted(&[6, 5, 4, 4, 5, 1, 2]) {
            0 => self.aimed_guard(op),
            1 => self.aimed_sum(op),
            2 => self.bit_test(op),
            3 => self.bounded_guard(op),
            4 => self.unlikely_equal(op),
            5 => self.blind_guard(op),
            _ => self.pointer_guard(op),
        }
    }

    /// A class that an opcode compares.
    fn compared(&mut self, op: Op) -> Class {
        let class = self.u.pick(&[Class::W32, Class::W64, Class::Num]);
        let all = op.info().rule.types();
        if all.iter().any(|t| t.class() == class) { class } else { Class::W32 }
    }

    /// Values for all inputs that pass `op` against `k`; in one of them, sometimes, they do not.
    fn aimed(&mut self, op: Op, k: i64, away: i64) -> Vec<i64> {
        let count = self.cells.count();
        let failing = if self.u.percent(25) { self.u.index(count) } else { usize::MAX };
        let bulk = &mut self.bulk;
        (0..count).map(|n| k.wrapping_add(distance(bulk, op, n != failing, away))).collect()
    }

    /// Compares a value that the inputs set with a constant at the edge.
    fn aimed_guard(&mut self, op: Op) {
        let class = self.compared(op);
        let ty = self.type_of(op.info().rule, class);
        let (x, k) = match class {
            Class::Num => {
                let k = self.u.range(0, 20) - 4;
                let bits: Vec<u64> = self.aimed(op, k, 3).into_iter().map(double_bits).collect();
                (self.controlled(Type::Num, &bits), Const::Num(double_bits(k)))
            }
            class => {
                let k = self.edge(class);
                let bits: Vec<u64> = self.aimed(op, k, 4).into_iter().map(i64::cast_unsigned).collect();
                let memory = if class == Class::W32 { Type::Int } else { Type::I64 };
                (self.controlled(memory, &bits), integer_const(class, k))
            }
        };
        self.compare(op, ty, Arg::Ref(x), Arg::K(k));
    }

    /// A boundary constant that its neighbours don't wrap around.
    fn edge(&mut self, class: Class) -> i64 {
        let limit = 1 << (width(class) - 3);
        let k = pools::integer(&mut self.u, width(class));
        if k.unsigned_abs() < limit { k } else { k >> 4 }
    }

    /// Adds, subtracts or masks directly before a comparison with zero: flags come from the first instruction.
    fn aimed_sum(&mut self, op: Op) {
        let Some(first) = self.pick_on(&[Op::ADD, Op::SUB, Op::BAND]) else { return self.aimed_guard(op) };
        let class = if self.u.percent(60) { Class::W32 } else { Class::W64 };
        let op = if op.info().rule.types().contains(&Type::I64) || class == Class::W32 { op } else { Op::NE };
        let k = if first == Op::BAND { pools::bitmask(&mut self.u, width(class)) } else { self.edge(class) };
        let origin = match first {
            Op::ADD => k.wrapping_neg(),
            Op::SUB => k,
            _ => 0,
        };
        let op = self.not_always_false(op);
        let values: Vec<u64> = self.aimed(op, origin, 3).into_iter().map(i64::cast_unsigned).collect();
        let (memory, ty) = if class == Class::W32 { (Type::Int, Type::Int) } else { (Type::I64, Type::I64) };
        let x = self.controlled(memory, &values);
        if self.u.percent(20) {
            self.alu(class);
        }
        let sum = self.push(first, ty, Arg::Ref(x), Arg::K(integer_const(class, k)));
        if self.u.percent(15) {
            self.barrier();
        }
        self.compare(op, ty, Arg::Ref(sum), Arg::K(integer_const(class, 0)));
    }

    /// Nothing is below zero unsigned: FOLD knows that, and the trace would end there.
    fn not_always_false(&self, op: Op) -> Op {
        if op == Op::ULT { Op::ULE } else { op }
    }

    fn pick_on(&mut self, ops: &[Op]) -> Option<Op> {
        let on: Vec<Op> = ops.iter().copied().filter(|op| self.may(*op)).collect();
        (!on.is_empty()).then(|| self.u.pick(&on))
    }

    /// Tests one bit, or several, of a value that the inputs set.
    fn bit_test(&mut self, op: Op) {
        if op.info().rule != Rule::Equal || !self.may(Op::BAND) {
            return self.aimed_guard(op);
        }
        let class = if self.u.percent(50) { Class::W32 } else { Class::W64 };
        let bit = 1u64 << self.u.below(width(class));
        let mask =
            if self.u.percent(75) { bit } else { bit | pools::bitmask(&mut self.u, width(class)).cast_unsigned() };
        let failing = if self.u.percent(25) { self.u.index(self.cells.count()) } else { usize::MAX };
        let bulk = &mut self.bulk;
        let value = |n| if (op == Op::NE) == (n != failing) { bulk.raw(8) | bit } else { bulk.raw(8) & !mask };
        let values: Vec<u64> = (0..self.cells.count()).map(value).collect();
        let ty = if class == Class::W32 { Type::Int } else { Type::I64 };
        let x = self.controlled(ty, &values);
        let masked = self.push(Op::BAND, ty, Arg::Ref(x), Arg::K(integer_const(class, mask.cast_signed())));
        if self.u.percent(20) {
            self.single_access();
        }
        self.compare(op, ty, Arg::Ref(masked), Arg::K(integer_const(class, 0)));
    }

    /// Compares a value that is known to lie in an interval with a constant outside of it, or inside.
    fn bounded_guard(&mut self, op: Op) {
        let x = self.small_value();
        let Some((lo, hi)) = self.interval(Arg::Ref(x)) else { return self.unlikely_equal(op) };
        let inside = self.u.percent(15);
        let above = i64::from(self.u.below(3)) + 1;
        let k = match op {
            _ if inside => self.u.range(lo, hi),
            Op::LT | Op::LE | Op::NE | Op::ULT | Op::ULE => hi + above,
            _ => lo - above,
        };
        // As unsigned numbers, negative ones are the highest.
        let op = match op {
            Op::ULT | Op::ULE if lo < 0 => Op::NE,
            Op::UGE | Op::UGT if k < 0 => Op::NE,
            Op::EQ => Op::NE,
            op => op,
        };
        self.compare(op, Type::Int, Arg::Ref(x), Arg::K(integer_const(Class::W32, k)));
    }

    /// NE to a random constant, which almost always holds; EQ becomes NE.
    fn unlikely_equal(&mut self, op: Op) {
        let op = if op == Op::EQ || op.info().rule != Rule::Equal { Op::NE } else { op };
        let class = self.compared(op);
        let (x, k) = (self.value(class), self.constant(class));
        let ty = self.type_of(op.info().rule, class);
        let ty = if ty == Type::P64 { Type::I64 } else { ty };
        self.compare(op, ty, Arg::Ref(x), Arg::K(k));
    }

    /// Compares whatever there is: it may well fail in all inputs.
    fn blind_guard(&mut self, op: Op) {
        let class = self.compared(op);
        let ty = self.type_of(op.info().rule, class);
        let (a, b) = (self.value(class), self.operand(class));
        if b != Arg::Ref(a) && ty != Type::P64 {
            self.compare(op, ty, Arg::Ref(a), b);
        }
    }

    /// Compares two pointers, or one with null.
    fn pointer_guard(&mut self, op: Op) {
        if op.info().rule == Rule::SCmp {
            return self.bounded_guard(op);
        }
        let pointers: Vec<Ref> = self.bases.iter().filter(|b| b.live).filter_map(|b| b.arg.as_ref()).collect();
        let pointers: Vec<Ref> = pointers.into_iter().filter(|r| self.ty(*r) == Type::P64).collect();
        match pointers.as_slice() {
            [a, .., b] if a != b && self.u.percent(60) => self.compare(Op::NE, Type::P64, Arg::Ref(*b), Arg::Ref(*a)),
            [a, ..] => self.compare(Op::NE, Type::P64, Arg::Ref(*a), Arg::K(Const::Null)),
            [] => self.unlikely_equal(op),
        }
    }

    /// A bounds check: the bound first.
    fn bounds_check(&mut self) {
        let index = self.small_value();
        let Some((lo, hi)) = self.interval(Arg::Ref(index)).filter(|(lo, _)| *lo >= 0) else {
            let x = self.input_value(Class::W32, (0, 20));
            return self.check_bound(x, (0, 20));
        };
        self.check_bound(index, (lo, hi));
    }

    fn check_bound(&mut self, index: Ref, (lo, hi): Interval) {
        let bound = if self.u.percent(20) { self.u.range(lo, hi) } else { hi + 1 + i64::from(self.u.below(9)) };
        let bound = if self.u.percent(50) {
            Arg::K(integer_const(Class::W32, bound))
        } else {
            let count = self.cells.count();
            Arg::Ref(self.controlled(Type::Int, &vec![bound.cast_unsigned(); count]))
        };
        self.compare(Op::ABC, Type::Int, bound, Arg::Ref(index));
    }

    /// The comparison itself; in raw IR sometimes with the constant first.
    pub(super) fn compare(&mut self, op: Op, ty: Type, a: Arg, b: Arg) {
        let swap = op.info().rule == Rule::Equal && self.is_raw() && self.u.percent(8);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        self.push(op, ty, a, b);
    }
}

fn double_bits(k: i64) -> u64 {
    f64::from(i32::try_from(k).expect("small")).to_bits()
}

/// How far from `k` a value must be to pass `op` against it, or to fail.
fn distance(s: &mut impl Source, op: Op, pass: bool, away: i64) -> i64 {
    let some = s.range(1, away);
    let none_or_some = s.range(0, away);
    match (op, pass) {
        (Op::LT | Op::ULT, true) | (Op::GE | Op::UGE, false) => -some,
        (Op::LT | Op::ULT, false) | (Op::GE | Op::UGE, true) => none_or_some,
        (Op::GT | Op::UGT, true) | (Op::LE | Op::ULE, false) => some,
        (Op::GT | Op::UGT, false) | (Op::LE | Op::ULE, true) => -none_or_some,
        (Op::NE, true) | (Op::EQ, false) => some * s.pick(&[1, -1]),
        _ => 0,
    }
}
