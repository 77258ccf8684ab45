//! STRREF: bytes of string objects.
//!
//! Strings are never written. Their indices are not negative: the recorder has checked them.

use super::build::{Builder, int_const, lit};
use super::cells::{Use, sym};
use super::entropy::Source;
use super::pools;
use crate::ir::{Arg, Class, Lit, Op, Ref, SloadMode, Type, XloadMode};
use crate::world::SlotValue;

/// Bytes of a string object before its characters (`sizeof(GCstr)`).
const HEADER: i64 = 24;
/// Bytes of the region that indices reach.
const REACH: i64 = 32;

/// A string in a stack slot whose characters `first` to `first + REACH` lie in the region.
#[derive(Clone, Copy)]
pub(super) struct Str {
    r: Ref,
    first: i64,
}

impl Builder<'_, '_, '_> {
    /// Loads from a string at a constant or variable index, sometimes from its neighbour too.
    pub(super) fn string_access(&mut self) {
        let Some(s) = self.string() else { return };
        let offset = self.u.range(0, REACH - 9);
        let ty = if self.u.percent(60) {
            Type::U8
        } else {
            self.u.pick(&[Type::I8, Type::U16, Type::I16, Type::Int, Type::U32])
        };
        let index = if self.u.percent(60) { None } else { Some(self.index_of(s, offset)) };
        for n in 0..1 + i64::from(self.u.below(3)) {
            let k = s.first + offset + n % 4 * i64::from(ty.size());
            let index = index.unwrap_or(Arg::K(int_const(k)));
            let address = self.hidden(Op::STRREF, Type::P64, false, Arg::Ref(s.r), index);
            let mode = XloadMode { readonly: false, volatile: false };
            let r = self.hidden(Op::XLOAD, ty, false, Arg::Ref(address), lit(Lit::Xload(mode)));
            self.offer(r);
        }
    }

    /// One of the case's strings, or a new one.
    fn string(&mut self) -> Option<Str> {
        if !self.strings.is_empty() && (self.in_body && !self.is_raw() || self.u.percent(60)) {
            let n = self.u.index(self.strings.len());
            return Some(self.strings[n]);
        }
        if self.in_body && !self.is_raw() {
            return None;
        }
        // Indices around the limits of displacements, but not beyond 31 bits.
        let log2 = self.u.below(2);
        let first = pools::displacement(&mut self.u, log2).unsigned_abs() & 0xff_ffff;
        let first = i64::try_from(first).expect("24 bits");
        let region = self.cells.regions(Use::Str).next()?;
        let slack = self.u.pick(&[0, 8, 1]);
        let bulk = &mut self.bulk;
        let slot = self.cells.slot(|_| SlotValue::Str(sym(region, bulk.range(0, slack) - first - HEADER)))?;
        let checked = self.u.percent(80);
        let mode = SloadMode { typecheck: checked, ..SloadMode::default() };
        let r = self.hidden(Op::SLOAD, Type::Str, checked, lit(Lit::Slot(slot.0)), lit(Lit::Sload(mode)));
        let s = Str { r, first };
        self.strings.push(s);
        Some(s)
    }

    /// A variable index of one character, sometimes as a sum with a constant.
    fn index_of(&mut self, s: Str, offset: i64) -> Arg {
        let (lo, hi) = (s.first + offset, s.first + offset + 8);
        let k = if self.u.percent(60) { self.u.range(-5, 20) } else { 0 };
        let moved = lo - k;
        let i = self.input_value(Class::W32, (moved, hi - k));
        if k == 0 {
            return Arg::Ref(i);
        }
        let sum = self.push(Op::ADD, Type::Int, Arg::Ref(i), Arg::K(int_const(k)));
        Arg::Ref(sum)
    }
}
