//! Big traces: hundreds of instructions, sometimes thousands, so that the reach of branches matters.
//!
//! LuaJIT's recorder ends a trace with too many constants, so most of a big trace uses few of them: but each takes four
//! instructions to load, and there are more than registers. That way code is long enough that a TBZ at its start does
//! not reach the exits behind its end.

use super::build::{Builder, int_const};
use super::entropy::Source;
use crate::ir::validate::MAX_INS;
use crate::ir::{Arg, Class, Const, Op, Ref, Type};
use std::collections::HashSet;

/// Constants of the recorder's `maxirconst` that ordinary steps may take; 64-bit constants count twice.
const ORDINARY: usize = 220;
/// Those that guards on single bits may take, too.
const WITH_BITS: usize = 370;
/// All that the generator makes; FOLD makes some of its own.
const ALL: usize = 420;
/// Long constants of a big trace: more than registers, fewer than `maxirconst` has room for.
const LONG: usize = 48;

/// Instructions of a very big trace, about: each second one loads a long constant.
const VERY_BIG: (i64, i64) = (1200, 2600);
/// Instructions that are left for what completes a trace.
const SPARE: usize = 500;

/// What the dense parts of a big trace use again and again.
#[derive(Default)]
pub(super) struct Dense {
    /// Percent of steps that are dense.
    share: u8,
    constants: Vec<i64>,
    /// Values that each step changes one of.
    sums: Vec<Ref>,
    /// A value whose bits are all set, and the next of them to test.
    bits: Option<(Ref, u32)>,
    /// The constants of the trace.
    seen: HashSet<Const>,
    taken: usize,
}

impl Dense {
    /// Counts a constant.
    pub(super) fn note(&mut self, k: Const) {
        if self.seen.insert(k) {
            self.taken += if matches!(k, Const::Int(_)) { 1 } else { 2 };
        }
    }

    /// Values from before LOOP are not used behind it.
    pub(super) fn forget(&mut self) {
        self.sums.clear();
        self.bits = None;
    }
}

impl Builder<'_, '_, '_> {
    /// How many instructions a case has, about.
    pub(super) fn length(&mut self) -> i64 {
        let range = |r: &std::ops::RangeInclusive<u16>| (i64::from(*r.start()), i64::from(*r.end()));
        if !self.swarm.big {
            let (lo, hi) = range(&self.knobs.ins);
            return self.u.range(lo, hi);
        }
        self.dense.constants = (0..LONG).map(|_| self.u.raw(8).cast_signed()).collect();
        let (share, (lo, hi)) = if self.u.percent(5) { (90, VERY_BIG) } else { (30, range(&self.knobs.big_ins)) };
        self.dense.share = share;
        self.u.range(lo, hi)
    }

    /// True if a trace has no room for another value to be stored.
    pub(super) fn is_full(&self) -> bool {
        self.dense.taken > ALL || self.trace.ins.len() + SPARE > MAX_INS
    }

    /// True if a trace may take more constants, many at once.
    pub(super) fn has_room(&self) -> bool {
        self.dense.taken < ORDINARY
    }

    /// One dense step of a big trace, where it is time for one.
    pub(super) fn dense(&mut self) -> bool {
        let share = self.dense.share;
        let is_dense = self.swarm.big && (self.dense.taken > ORDINARY || self.u.percent(share));
        if is_dense {
            match self.u.weighted(&[80, 12, 3]) {
                0 => self.long_sum(),
                1 => self.bit_guard(),
                _ => self.snapshot(),
            }
        }
        is_dense
    }

    /// Starts all sums anew: their values are those of another trace.
    pub(super) fn forget_sums(&mut self) {
        self.dense.sums.clear();
        self.dense.bits = None;
    }

    /// Adds a long constant to a value, or inverts bits of it: in turn, so that FOLD does not combine them.
    fn long_sum(&mut self) {
        if self.dense.sums.len() < 4 {
            let first = self.value(Class::W64);
            self.dense.sums.push(first);
        }
        let n = self.u.index(self.dense.sums.len());
        let (x, k) = (self.dense.sums[n], self.u.index(LONG));
        let op = if self.trace.get(x).op == Op::ADD { Op::BXOR } else { Op::ADD };
        let k = Const::Int64(self.dense.constants[k]);
        self.dense.sums[n] = self.push(op, Type::I64, Arg::Ref(x), Arg::K(k));
    }

    /// Tests another bit of a value that has all of them set: CSE merges none of these guards.
    fn bit_guard(&mut self) {
        if self.dense.taken > WITH_BITS || !self.may(Op::NE) {
            return self.long_sum();
        }
        let (x, bit) = match self.dense.bits {
            Some((x, bit)) => (x, bit),
            None => (self.all_ones(), 0),
        };
        let class = self.ty(x).class();
        let last = if class == Class::W32 { 31 } else { 63 };
        self.dense.bits = (bit < last).then_some((x, bit + 1));
        let (ty, mask, zero) = match class {
            Class::W32 => (Type::Int, int_const(1 << bit), Const::Int(0)),
            _ => (Type::I64, Const::Int64(1 << bit), Const::Int64(0)),
        };
        let masked = self.push(Op::BAND, ty, Arg::Ref(x), Arg::K(mask));
        self.push(Op::NE, ty, Arg::Ref(masked), Arg::K(zero));
    }

    /// A value with all bits set; in one input, sometimes, with all but one.
    fn all_ones(&mut self) -> Ref {
        let count = self.cells.count();
        let mut values = vec![u64::MAX; count];
        if self.u.percent(50) {
            let (n, bit) = (self.u.index(count), self.u.below(64));
            values[n] ^= 1 << bit;
        }
        let ty = self.u.pick(&[Type::Int, Type::I64]);
        self.controlled(ty, &values)
    }
}
