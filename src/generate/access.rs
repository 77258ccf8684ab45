//! Loads and stores: single ones, clusters of neighbours, and what stands between them.

use super::address::Base;
use super::build::{Builder, lit};
use super::cells::{Alias, Use};
use super::entropy::Source;
use super::pools;
use crate::ir::{Arg, Class, Const, Lit, Op, Ref, SloadMode, Type, XloadMode};
use crate::world::SlotValue;

impl Builder<'_, '_, '_> {
    /// Two to five accesses by one base with neighbouring displacements.
    pub(super) fn cluster(&mut self) {
        let stores = self.wants_store();
        let base = self.base(stores);
        let mut ty = self.access_type(base);
        let mut at = self.displacement(base, ty);
        let rhythm = self.u.range(0, i64::from(ty.size())) * i64::from(self.u.percent(25));
        for n in 0..2 + self.u.below(4) {
            if n > 0 {
                at += self.stride(base, at, ty, rhythm);
                self.maybe_filler(base, at, ty, stores);
            }
            let at = self.inside(base, at, ty);
            let store = stores != self.u.percent(12);
            self.access(base, at, ty, store);
            if self.u.percent(12) {
                ty = self.access_type(base);
            }
        }
    }

    /// One access anywhere.
    pub(super) fn single_access(&mut self) {
        let store = self.wants_store();
        let base = self.base(store);
        let ty = self.access_type(base);
        let at = self.displacement(base, ty);
        self.access(base, at, ty, store);
    }

    fn wants_store(&mut self) -> bool {
        match (self.may(Op::XLOAD), self.may(Op::XSTORE)) {
            (true, true) => self.u.percent(45),
            (_, store) => store,
        }
    }

    fn access(&mut self, base: usize, at: i64, ty: Type, store: bool) {
        let rom = self.cells.plans[self.bases[base].region].purpose == Use::Rom;
        if store && !rom && self.may(Op::XSTORE) {
            let value = self.stored_value(ty.class());
            self.store(base, at, ty, value);
        } else if self.may(Op::XLOAD) {
            let r = self.load(base, at, ty);
            self.offer(r);
        }
    }

    /// The way from `at` to the next neighbour: adjacent, the same, one byte off, overlapping, a gap, or what looks like a
    /// neighbour in a narrow field; up or down.
    fn stride(&mut self, base: usize, at: i64, ty: Type, rhythm: i64) -> i64 {
        let size = i64::from(ty.size());
        if rhythm != 0 {
            return rhythm;
        }
        let leap = if self.bases[base].span > pools::WRAP { 10 } else { 0 };
        match self.u.weighted(&[20, 12, 4, 2, 2, 4, 2, leap]) {
            0 => size,
            1 => -size,
            2 => 0,
            3 => 1,
            4 => -1,
            5 => 2 * size * self.u.pick(&[1, -1]),
            6 => (size + self.u.pick(&[1, -1])) * self.u.pick(&[1, -1]),
            _ => self.leap(base, at, size),
        }
    }

    /// To where the displacement is that of a neighbour in the bits of the unscaled field, if the region has room for it.
    fn leap(&mut self, base: usize, at: i64, size: i64) -> i64 {
        let Base { first, span, .. } = self.bases[base];
        let near = size * self.u.pick(&[1, -1, 1, -1, 0]);
        let fits = |by: &i64| (first..=first + span - size).contains(&(at + by));
        [near + pools::WRAP, near - pools::WRAP].into_iter().find(fits).unwrap_or(near)
    }

    /// A displacement near the base's center, mostly aligned as its center is.
    fn displacement(&mut self, base: usize, ty: Type) -> i64 {
        let Base { center, first, span, .. } = self.bases[base];
        let size = i64::from(ty.size());
        let at = match self.u.weighted(&[6, 2, 2]) {
            0 => center + size * self.u.range(-2, 2),
            1 => center + self.u.range(-16, 16),
            _ => first + self.u.range(0, (span - size) / size) * size,
        };
        self.inside(base, at, ty)
    }

    /// The displacement itself if the access lies inside the region, else another that does.
    pub(super) fn inside(&mut self, base: usize, at: i64, ty: Type) -> i64 {
        let Base { first, span, .. } = self.bases[base];
        let size = i64::from(ty.size());
        if (first..=first + span - size).contains(&at) { at } else { first + (at - first).rem_euclid(span - size + 1) }
    }

    /// A type for an access by a base: aliasing rules first, then the case's liking.
    fn access_type(&mut self, base: usize) -> Type {
        let n = self.u.index(self.swarm.memory.len());
        let drawn = self.swarm.memory[n];
        let flip = self.u.percent(20);
        match &mut self.cells.plans[self.bases[base].region].alias {
            Alias::OneType(Some(ty)) if flip => other_sign(*ty),
            Alias::OneType(Some(ty)) => *ty,
            Alias::OneType(none) => *none.insert(drawn),
            _ => drawn,
        }
    }

    /// Loads from a base. The inputs mostly get values that suit the type.
    pub(super) fn load(&mut self, base: usize, at: i64, ty: Type) -> Ref {
        let b = self.bases[base];
        if self.u.percent(80) {
            self.suit(b.region, at - b.first, ty);
        }
        let rom = self.cells.plans[b.region].purpose == Use::Rom;
        let mode = XloadMode { readonly: rom && self.u.percent(70), volatile: self.u.percent(4) };
        let address = self.address(base, at);
        self.hidden(Op::XLOAD, ty, false, address, lit(Lit::Xload(mode)))
    }

    /// Gives each input's cell a value that suits a type, where it has none from the bulk.
    fn suit(&mut self, region: usize, offset: i64, ty: Type) {
        let rom = self.cells.plans[region].purpose == Use::Rom;
        let shared = input_bits(&mut self.bulk, ty);
        for n in 0..self.cells.count() {
            let value = if rom { shared } else { input_bits(&mut self.bulk, ty) };
            self.cells.write(region, n, offset, ty.size(), value);
        }
    }

    pub(super) fn store(&mut self, base: usize, at: i64, ty: Type, value: Arg) {
        let address = self.address(base, at);
        self.hidden(Op::XSTORE, ty, false, address, value);
    }

    fn stored_value(&mut self, class: Class) -> Arg {
        let constants = self.swarm.constants / 2;
        if class != Class::Flt && self.u.percent(constants) {
            let zero = self.u.percent(30);
            Arg::K(match class {
                Class::W32 if zero => Const::Int(0),
                Class::W64 if zero => Const::Int64(0),
                Class::Num if zero => Const::Num(0),
                class => self.constant(class),
            })
        } else {
            Arg::Ref(self.value(class))
        }
    }

    /// A load of a type from somewhere; offered as an operand.
    pub(super) fn load_some(&mut self, ty: Type) -> Ref {
        let base = self.base(false);
        let allowed = match self.cells.plans[self.bases[base].region].alias {
            Alias::OneType(Some(only)) => only == ty || other_sign(only) == ty,
            _ => true,
        };
        let r = if allowed {
            let at = self.displacement(base, ty);
            if let Alias::OneType(none @ None) = &mut self.cells.plans[self.bases[base].region].alias {
                *none = Some(ty);
            }
            self.load(base, at, ty)
        } else {
            let bulk = &mut self.bulk;
            let values: Vec<u64> = (0..self.cells.count()).map(|_| input_bits(bulk, ty)).collect();
            return self.controlled(ty, &values);
        };
        self.offer(r);
        r
    }

    /// A load of a cell that no store touches, with a given value in each input.
    pub(super) fn controlled(&mut self, ty: Type, values: &[u64]) -> Ref {
        let cell = self.cells.controlled(ty, values);
        let address = self.cell_address(cell);
        let r = self.hidden(Op::XLOAD, ty, false, address, lit(Lit::Xload(XloadMode::default())));
        self.offer(r);
        r
    }

    /// A stack slot, where the recorder may load one.
    pub(super) fn slot_access(&mut self) {
        let ty = self.u.pick(&[Type::Int, Type::Num]);
        if self.may_load_slots() {
            self.slot(ty);
        }
    }

    /// Loads a new stack slot as int or num, in one of the modes; `None` if all slots are taken.
    pub(super) fn slot(&mut self, ty: Type) -> Option<Ref> {
        let convert = self.u.percent(20);
        let checked = self.u.percent(60);
        let wrong = if checked && self.u.percent(4) { self.u.index(self.cells.count()) } else { usize::MAX };
        let in_slot = if convert { other_number(ty) } else { ty };
        let bulk = &mut self.bulk;
        let integral = ty == Type::Int && convert;
        let slot = self.cells.slot(|n| match (n == wrong, in_slot) {
            (true, _) => bulk.pick(&[SlotValue::Nil, SlotValue::True, SlotValue::Int(7), SlotValue::Num(1 << 62)]),
            (_, Type::Int) => SlotValue::Int(int_value(bulk)),
            _ if integral => SlotValue::Num(f64::from(int_value(bulk)).to_bits()),
            _ => SlotValue::Num(pools::double(bulk)),
        })?;
        let mode = SloadMode {
            typecheck: checked,
            convert,
            readonly: self.u.percent(20) && !self.forks,
            inherit: self.u.percent(10),
            parent: false,
        };
        let guard = checked || integral && self.u.percent(30);
        let r = self.hidden(Op::SLOAD, ty, guard, lit(Lit::Slot(slot.0)), lit(Lit::Sload(mode)));
        self.offer(r);
        Some(r)
    }

    /// Sometimes something between two neighbours that fusion must look at.
    fn maybe_filler(&mut self, base: usize, at: i64, ty: Type, stores: bool) {
        if !self.u.percent(self.knobs.filler) {
            return;
        }
        match self.u.weighted(&[4, 3, 2, 1, 3, 3, 1]) {
            0 => self.alu(Class::W32),
            1 => self.guard(),
            2 => self.control(),
            3 => self.single_access(),
            4 => self.alu(Class::W64),
            5 => self.overlap(base, at, ty, !stores),
            _ => self.snapshot(),
        }
    }

    /// An access of the other kind by the same base that touches the next neighbour, the one before, or just not.
    fn overlap(&mut self, base: usize, at: i64, ty: Type, store: bool) {
        let size = i64::from(ty.size());
        let ty = self.access_type(base);
        let near = self.u.pick(&[0, -1, 1, size, -size, size - 1, -2 * size]);
        let at = self.inside(base, at + near, ty);
        self.access(base, at, ty, store);
    }
}

fn other_number(ty: Type) -> Type {
    if ty == Type::Int { Type::Num } else { Type::Int }
}

/// The type of the other signedness, which may alias.
fn other_sign(ty: Type) -> Type {
    match ty {
        Type::I8 => Type::U8,
        Type::U8 => Type::I8,
        Type::I16 => Type::U16,
        Type::U16 => Type::I16,
        Type::Int => Type::U32,
        Type::U32 => Type::Int,
        Type::I64 => Type::U64,
        Type::U64 => Type::I64,
        other => other,
    }
}

fn int_value(s: &mut impl Source) -> i32 {
    i32::try_from(pools::integer(s, 32)).expect("32 bits")
}

/// The bits of an input value for a type.
fn input_bits(s: &mut impl Source, ty: Type) -> u64 {
    match ty.class() {
        Class::Num => pools::double(s),
        Class::Flt if s.percent(80) => {
            let n = i16::try_from(pools::integer(s, 16)).expect("16 bits");
            u64::from((f32::from(n) / 4.0).to_bits())
        }
        Class::Flt => s.raw(4) & 0xbfff_ffff,
        Class::W32 => pools::integer(s, 8 * ty.size()).cast_unsigned(),
        _ => pools::integer(s, 64).cast_unsigned(),
    }
}
