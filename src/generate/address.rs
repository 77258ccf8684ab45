//! Addresses: the target cell first, then the displacement, then a base that makes their sum come out.
//!
//! A base may point far outside its region: base plus displacement is what counts. So every displacement of the
//! pools can be reached in a region of a few hundred bytes.

use super::build::{Builder, lit};
use super::cells::{Alias, Use, sym};
use super::entropy::Source;
use super::interval::Interval;
use super::pools;
use crate::ir::{Arg, Class, Const, ConvCheck, ConvMode, Lit, Op, Ref, SymPtr, Type, XloadMode};

/// A pointer that accesses are made by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    /// The pointer.
    pub arg: Arg,
    pub region: usize,
    /// The displacement of the region's first byte (at the lowest value that the pointer may have).
    pub first: i64,
    /// Bytes that accesses may touch, from there on.
    pub span: i64,
    /// The displacement that accesses gather around.
    pub center: i64,
    /// True while it may be used.
    pub live: bool,
}

/// A pointer into a region whose value differs between inputs and iterations by up to `slack` bytes.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub region: usize,
    /// Offset of its lowest value from the region's start; may be far outside.
    pub offset: i64,
    /// How far above that it may be.
    pub slack: i64,
}

/// An index whose bytes, `value << scale`, lie in an interval.
struct Index {
    arg: Arg,
    bytes: Interval,
}

impl Builder<'_, '_, '_> {
    /// A base for data accesses: one of the case's, or a new one.
    pub(super) fn base(&mut self, store: bool) -> usize {
        let count = self.bases.iter().filter(|b| self.suits(b, store)).count();
        if count > 0 && self.u.percent(80) {
            let n = self.u.index(count);
            let found = self.bases.iter().enumerate().filter(|(_, b)| self.suits(b, store)).nth(n);
            return found.expect("counted").0;
        }
        match self.new_base(store) {
            Some(b) => b,
            None => self.bases.iter().position(|b| self.suits(b, store)).expect("a region that is taken has a base"),
        }
    }

    fn suits(&self, b: &Base, store: bool) -> bool {
        let purpose = self.cells.plans[b.region].purpose;
        b.live && (purpose == Use::Data || purpose == Use::Rom && !store)
    }

    fn new_base(&mut self, store: bool) -> Option<usize> {
        let open = |p: &super::cells::Plan| match p.purpose {
            Use::Data => p.alias != Alias::OneBase { taken: true },
            Use::Rom => !store,
            _ => false,
        };
        let regions: Vec<usize> = (0..self.cells.plans.len()).filter(|i| open(&self.cells.plans[*i])).collect();
        if regions.is_empty() {
            return None;
        }
        let region = self.u.pick(&regions);
        self.claim(region);
        Some(self.base_in(region))
    }

    /// Notes that a region has a base.
    pub(super) fn claim(&mut self, region: usize) {
        if let Alias::OneBase { taken } = &mut self.cells.plans[region].alias {
            *taken = true;
        }
    }

    /// Makes a new base for a region.
    pub(super) fn base_in(&mut self, region: usize) -> usize {
        match self.u.weighted(&[8, 4, 7, 3]) {
            0 => self.plain_base(region, false),
            1 => self.plain_base(region, true),
            2 => self.indexed_base(region),
            _ => self.chained_base(region),
        }
    }

    /// Where a base should point so that a region's cell is a boundary displacement away from it.
    pub(super) fn target(&mut self, region: usize, slack: i64) -> (Target, i64) {
        let span = self.cells.plans[region].size - slack;
        let cell = self.u.range(0, (span - 16).max(0) / 8) * 8;
        // Displacements that look alike in a narrow field are far apart and have different signs: for them a base points into a large region.
        let center = if span >= pools::WRAP && self.u.percent(50) {
            cell - self.u.range(0, span / 16) * 8
        } else {
            let log2 = self.u.below(4);
            pools::displacement(&mut self.u, log2)
        };
        (Target { region, offset: cell - center, slack }, center)
    }

    pub(super) fn add_base(&mut self, arg: Arg, t: Target, center: i64) -> usize {
        let span = self.cells.plans[t.region].size - t.slack;
        self.bases.push(Base { arg, region: t.region, first: -t.offset, span, center, live: true });
        self.bases.len() - 1
    }

    /// A pointer from memory, or a constant one.
    fn plain_base(&mut self, region: usize, constant: bool) -> usize {
        let slack = if constant || !self.u.percent(40) { 0 } else { self.u.pick(&[8, 16, 24, 1, 4]) };
        let (target, center) = self.target(region, slack);
        let arg = if constant { self.constant_pointer(target) } else { self.loaded_pointer(target) };
        self.add_base(arg, target, center)
    }

    fn constant_pointer(&mut self, t: Target) -> Arg {
        let p = sym(t.region, t.offset);
        let rom = self.cells.plans[t.region].purpose == Use::Rom;
        Arg::K(if rom && self.u.percent(70) { Const::KPtr(p) } else { Const::Ptr(p) })
    }

    /// A pointer from a cell, with another value in each input where the target leaves room.
    pub(super) fn loaded_pointer(&mut self, t: Target) -> Arg {
        let step = if t.slack % 8 == 0 { 8 } else { 1 };
        let bulk = &mut self.bulk;
        let cell = self.cells.pointer(t.region, |_| t.offset + bulk.range(0, t.slack / step) * step);
        let address = self.cell_address(cell);
        Arg::Ref(self.hidden(Op::XLOAD, Type::P64, false, address, lit(Lit::Xload(XloadMode::default()))))
    }

    /// The address of a controlled cell: a constant, or by the pointer to all of them.
    pub(super) fn cell_address(&mut self, cell: SymPtr) -> Arg {
        let Some((p, at)) = self.control_pointer else { return Arg::K(Const::Ptr(cell)) };
        match cell.offset - at {
            0 => p,
            k => Arg::Ref(self.hidden(Op::ADD, Type::P64, false, p, Arg::K(Const::Int64(k)))),
        }
    }

    /// Loads the pointer to the controlled cells that the case uses instead of constants.
    pub(super) fn use_control_pointer(&mut self) {
        let region = self.cells.control;
        let (target, _) = self.target(region, 0);
        let p = self.loaded_pointer(target);
        self.control_pointer = Some((p, target.offset));
    }

    /// `p + (index << scale)`, also with the operands exchanged, and `p - index`.
    fn indexed_base(&mut self, region: usize) -> usize {
        let room = self.cells.plans[region].size / 2;
        // FOLD wants the base first, so that the index is the higher ref; it need not be in raw IR.
        let early = !self.is_raw() || self.u.percent(70);
        let anywhere = Target { region, offset: 0, slack: 0 };
        let (cell, p) = (self.cells.inputs[0].pointers.len(), early.then(|| self.loaded_pointer(anywhere)));
        let index = self.index(room);
        let (lo, hi) = index.bytes;
        let (target, center) = self.target(region, hi - lo);
        let minus = self.u.percent(12);
        let offset = if minus { target.offset + hi } else { target.offset - lo };
        let p = match p {
            Some(p) => p,
            None => self.loaded_pointer(anywhere),
        };
        let cell = if early { cell } else { self.cells.inputs[0].pointers.len() - 1 };
        self.cells.repoint(cell, offset);
        let arg = self.sum(p, index.arg, minus);
        self.add_base(arg, target, center)
    }

    fn sum(&mut self, p: Arg, index: Arg, minus: bool) -> Arg {
        let index_first = !self.is_raw() || self.u.percent(75);
        let (op, a, b) = match (minus, index_first) {
            (true, _) => (Op::SUB, p, index),
            (false, true) => (Op::ADD, index, p),
            (false, false) => (Op::ADD, p, index),
        };
        let ty = if self.u.percent(8) { Type::I64 } else { Type::P64 };
        let at = self.hidden(op, ty, false, a, b);
        if self.u.percent(10) {
            self.offer(at);
        }
        Arg::Ref(at)
    }

    /// An index whose scaled values differ by at most `room` bytes: a value that is known to be bounded, or one
    /// that the inputs set. Scales below, at and above the access sizes.
    fn index(&mut self, room: i64) -> Index {
        let scale = self.u.below(5);
        let class = if self.u.percent(75) { Class::W32 } else { Class::W64 };
        let i = match self.bounded(class, room >> scale) {
            Some(i) if self.u.percent(50) => i,
            _ => self.input_index(class, room >> scale),
        };
        let (i, mut lo_hi) = self.moved_index(i);
        let wide = if class == Class::W32 { self.widened(i, &mut lo_hi) } else { i };
        self.scaled_index(wide, lo_hi, scale)
    }

    fn bounded(&mut self, class: Class, room: i64) -> Option<Ref> {
        let fits = |r: &&Ref| {
            self.interval(Arg::Ref(**r))
                .is_some_and(|(lo, hi)| hi.abs_diff(lo) <= room.cast_unsigned() && lo.unsigned_abs() < 1 << 40)
        };
        self.available(class).iter().rev().find(fits).copied()
    }

    /// An index that each input sets, near an edge.
    fn input_index(&mut self, class: Class, room: i64) -> Ref {
        let first = match self.u.weighted(&[5, 2, 2]) {
            0 => self.u.range(0, 8) - 4,
            1 => pools::integer(&mut self.u, 16),
            _ => pools::integer(&mut self.u, 31) / 2,
        };
        let last = first + room.min(self.u.range(0, 15));
        self.input_value(class, (first, last))
    }

    /// Sometimes adds a constant to the index, which must not overflow.
    fn moved_index(&mut self, i: Ref) -> (Ref, Interval) {
        let (lo, hi) = self.interval(Arg::Ref(i)).expect("an index is bounded");
        let class = self.ty(i).class();
        let k = self.u.range(-9, 9);
        let fits = class == Class::W64 || i32::try_from(lo + k).is_ok() && i32::try_from(hi + k).is_ok();
        if k == 0 || !fits || !self.u.percent(40) {
            return (i, (lo, hi));
        }
        let ty = if class == Class::W32 { Type::Int } else { Type::I64 };
        let k = Arg::K(super::build::integer_const(class, k));
        let moved = self.push(Op::ADD, ty, Arg::Ref(i), k);
        (moved, self.interval(Arg::Ref(moved)).expect("the sum of bounded values that fits"))
    }

    /// Extends a 32-bit index: with its sign, or without where it is not negative (or for what then wraps around).
    fn widened(&mut self, i: Ref, bytes: &mut Interval) -> Ref {
        let unsigned = bytes.0 >= 0 && self.u.percent(30);
        let src = if unsigned { Type::U32 } else { Type::Int };
        let mode = ConvMode { src, sext: !unsigned, check: ConvCheck::Plain };
        let ty = if self.u.percent(85) { Type::I64 } else { Type::U64 };
        self.push(Op::CONV, ty, Arg::Ref(i), lit(Lit::Conv(mode)))
    }

    fn scaled_index(&mut self, i: Ref, (lo, hi): Interval, scale: u32) -> Index {
        let bytes = (lo << scale, hi << scale);
        let arg = match scale {
            0 => i,
            1 if self.u.percent(30) => self.hidden(Op::ADD, Type::I64, false, Arg::Ref(i), Arg::Ref(i)),
            _ if self.u.percent(8) => {
                let k = Const::Int64(1 << scale);
                self.hidden(Op::MUL, Type::I64, false, Arg::Ref(i), Arg::K(k))
            }
            _ => {
                let k = self.constant_count(Type::I64, scale.cast_signed());
                self.hidden(Op::BSHL, Type::I64, false, Arg::Ref(i), k)
            }
        };
        Index { arg: Arg::Ref(arg), bytes }
    }

    /// Another base of the same region plus a constant; a plain one if there is none.
    fn chained_base(&mut self, region: usize) -> usize {
        let Some(old) = self.bases.iter().find(|b| b.live && b.region == region && b.arg.as_ref().is_some()).copied()
        else {
            return self.plain_base(region, false);
        };
        let step = pools::displacement(&mut self.u, 3);
        let minus = self.u.percent(25);
        let op = if minus { Op::SUB } else { Op::ADD };
        let arg = Arg::Ref(self.hidden(op, Type::P64, false, old.arg, Arg::K(Const::Int64(step))));
        let step = if minus { -step } else { step };
        self.bases.push(Base { arg, first: old.first - step, center: old.center - step, ..old });
        self.bases.len() - 1
    }

    /// The address `displacement` bytes behind a base.
    pub(super) fn address(&mut self, base: usize, displacement: i64) -> Arg {
        let b = self.bases[base];
        let known = self.addresses.iter().rev().take(12).find(|(n, k, _)| (*n, *k) == (base, displacement));
        if let Some((_, _, r)) = known.copied()
            && self.u.percent(50)
        {
            return Arg::Ref(r);
        }
        match b.arg {
            Arg::K(k) if !self.is_raw() || self.u.percent(60) => Arg::K(moved_pointer(k, displacement)),
            arg if displacement == 0 => arg,
            arg => {
                let at = self.displaced(arg, displacement);
                self.addresses.push((base, displacement, at));
                Arg::Ref(at)
            }
        }
    }

    fn displaced(&mut self, p: Arg, displacement: i64) -> Ref {
        let k = Arg::K(Const::Int64(displacement));
        let negated = Arg::K(Const::Int64(-displacement));
        let at = match self.u.weighted(&[30, 1, if self.is_raw() { 1 } else { 0 }]) {
            0 => self.hidden(Op::ADD, Type::P64, false, p, k),
            1 => self.hidden(Op::SUB, Type::P64, false, p, negated),
            _ => self.hidden(Op::ADD, Type::P64, false, k, p),
        };
        if self.u.percent(6) {
            self.offer(at);
        }
        at
    }

    /// A value that each input sets to something in an interval.
    pub(super) fn input_value(&mut self, class: Class, (lo, hi): Interval) -> Ref {
        let bulk = &mut self.bulk;
        let values: Vec<u64> = (0..self.cells.count()).map(|_| bulk.range(lo, hi).cast_unsigned()).collect();
        let (min, max) = (lo, hi);
        let ty = match class {
            Class::W32 if i8::try_from(min).is_ok() && i8::try_from(max).is_ok() && self.u.percent(20) => Type::I8,
            Class::W32 if min >= 0 && max < 0x100 && self.u.percent(30) => Type::U8,
            Class::W32 if i16::try_from(min).is_ok() && i16::try_from(max).is_ok() && self.u.percent(20) => Type::I16,
            Class::W32 if min >= 0 && max < 0x1_0000 && self.u.percent(30) => Type::U16,
            Class::W32 => Type::Int,
            _ => Type::I64,
        };
        let r = self.controlled(ty, &values);
        self.set_interval(r, Some((lo, hi)));
        r
    }
}

fn moved_pointer(k: Const, by: i64) -> Const {
    match k {
        Const::Ptr(p) => Const::Ptr(SymPtr { offset: p.offset + by, ..p }),
        Const::KPtr(p) => Const::KPtr(SymPtr { offset: p.offset + by, ..p }),
        other => other,
    }
}
