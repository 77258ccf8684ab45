//! Tables as the recorder reads and writes them (`lj_record.c`: `rec_idx_key`, `lj_record_idx`).
//!
//! Array indices stand at the limits of displacements and add immediates; neighbours are read and written in a row, for pairs.

use super::build::{Builder, int_const, lit};
use super::entropy::Source;
use super::heap::Plan;
use super::object::{Held, What};
use super::place::Sort;
use crate::case::Emit;
use crate::ir::{Arg, Callee, Class, Const, Field, Key, Lit, ObjId, Op, Ref, Type};

/// The highest table index of an array slot that a 12-bit add immediate reaches, and of a load's displacement.
const EDGES: [i64; 2] = [1 << 9, 1 << 12];

impl Builder<'_, '_, '_> {
    /// Reads or writes array slots: one, or neighbours.
    pub(super) fn array_access(&mut self) {
        let (loads, stores) = (self.may(Op::ALOAD), self.may(Op::ASTORE));
        let fits = |p: &Plan| matches!(p, Plan::Table(t) if t.asize > 0);
        let Some(t) = self.object(Type::Tab, fits).filter(|t| self.is_in_place(t)) else { return };
        let store = stores && self.may_change(&t) && (!loads || self.u.percent(45));
        if !store && !loads {
            return;
        }
        let Some(first) = self.array_index(&t, store) else { return };
        let mut stored = false;
        for n in 0..1 + i64::from(self.u.below(3)) {
            let step = n * self.u.pick(&[1, 1, -1]);
            let Some(index) = self.neighbour(&t, first, step, store) else { continue };
            let slot = self.array_slot(&t, index);
            stored |= if store { self.array_store(&t, index, slot) } else { self.array_load(&t, index, slot) };
        }
        if stored {
            self.done();
        }
    }

    /// The least size of the array part, and how much of it may be written.
    fn array_bounds(&self, t: &Held) -> (i64, i64) {
        let What::Known(a, b) = t.what else { return (0, 0) };
        let plans = [self.objects.table(a), self.objects.table(b)];
        let size = plans.iter().map(|p| i64::from(p.asize)).min().unwrap_or(0);
        let writable = plans.iter().filter_map(|p| p.sequence).map(|n| i64::from(n) + 1).min().unwrap_or(size);
        (size, writable.min(size))
    }

    fn elem(&self, t: &Held) -> Sort {
        match t.what {
            What::Known(a, _) => self.objects.table(a).elem,
            What::Any => Sort::Plain(Type::Nil),
        }
    }

    /// The indices of a new table that have values; `None` for a table of the world.
    fn filled(&self, t: &Held) -> Option<&Vec<i64>> {
        t.only().and_then(|n| self.objects.table(n).stored.as_ref())
    }

    /// An index for the first access: a constant, or a variable below the size.
    fn array_index(&mut self, t: &Held, store: bool) -> Option<Arg> {
        let (size, writable) = self.array_bounds(t);
        // Behind a sequence there is nil.
        let within = store || writable > 0 && self.u.percent(90);
        let end = if within { writable } else { size };
        if !store && let Some(stored) = self.filled(t) {
            let stored = stored.clone();
            return (!stored.is_empty()).then(|| Arg::K(int_const(self.u.pick(&stored))));
        }
        if end == 0 {
            return None;
        }
        let is_new = self.filled(t).is_some();
        if is_new || self.by_constant(t) {
            return Some(Arg::K(int_const(self.constant_index(end))));
        }
        let last = end - 1 + i64::from(self.u.percent(8) && !store);
        let i = self.bounded_index(last).unwrap_or_else(|| self.input_value(Class::W32, (0, last)));
        if !self.u.percent(30) {
            return Some(Arg::Ref(i));
        }
        // An index that is a sum, as of `t[i+1]`: the sum has to stay inside.
        let (lo, hi) = self.interval(Arg::Ref(i))?;
        let k = self.u.range(-lo.min(3), (end - 1 - hi).clamp(0, 3));
        Some(if k == 0 {
            Arg::Ref(i)
        } else {
            Arg::Ref(self.push(Op::ADD, Type::Int, Arg::Ref(i), Arg::K(int_const(k))))
        })
    }

    /// Through the passes, all indices of a table are constants, or none: a variable one may become a constant in the loop, which FOLD then
    /// checks together with the others, and before the loop.
    fn by_constant(&mut self, t: &Held) -> bool {
        let drawn = self.u.percent(60);
        let (constant, variable) = match t.what {
            What::Known(a, b) => {
                let states = [self.objects.states[a], self.objects.states[b]];
                (states.iter().any(|s| s.by_constant), states.iter().any(|s| s.by_variable))
            }
            What::Any => (false, false),
        };
        let by_constant = match self.knobs.emit {
            Emit::Passes if constant => true,
            Emit::Passes if variable => false,
            _ => drawn,
        };
        self.objects.note(t, |s| if by_constant { s.by_constant = true } else { s.by_variable = true });
        by_constant
    }

    fn constant_index(&mut self, end: i64) -> i64 {
        let k = match self.u.weighted(&[5, 2, 4]) {
            0 => self.u.range(0, 5),
            1 => end - 1 - self.u.range(0, 2),
            _ => self.u.pick(&EDGES) + self.u.range(-2, 1),
        };
        if (0..end).contains(&k) { k } else { self.u.range(0, end - 1) }
    }

    fn bounded_index(&mut self, last: i64) -> Option<Ref> {
        let fits = |r: &&Ref| self.interval(Arg::Ref(**r)).is_some_and(|(lo, hi)| lo >= 0 && hi <= last);
        let found = self.available(Class::W32).iter().rev().find(fits).copied();
        found.filter(|_| self.u.percent(50))
    }

    /// The next index, if it is a constant inside the table, or a variable that does not move.
    fn neighbour(&mut self, t: &Held, first: Arg, step: i64, store: bool) -> Option<Arg> {
        let Arg::K(Const::Int(k)) = first else { return (step == 0 || self.u.percent(30)).then_some(first) };
        let (size, writable) = self.array_bounds(t);
        let k = i64::from(k) + step;
        let inside = (0..if store || writable > 0 { writable } else { size }).contains(&k);
        let has = store || self.filled(t).is_none_or(|s| s.contains(&k));
        (inside && has).then(|| Arg::K(int_const(k)))
    }

    /// The address of an array slot, with the bounds check.
    fn array_slot(&mut self, t: &Held, index: Arg) -> Ref {
        let known = self.objects.slots.iter().rev().find(|(a, i, _)| (*a, *i) == (t.arg, index)).map(|(_, _, r)| *r);
        if let Some(r) = known.filter(|_| self.u.percent(60)) {
            return r;
        }
        self.check_index(t, index);
        let array = self.object_field(t.arg, Field::TabArray);
        let slot = self.hidden(Op::AREF, Type::P64, false, Arg::Ref(array), index);
        self.objects.slots.push((t.arg, index, slot));
        self.objects.note(t, |s| (s.used, s.placed) = (true, true));
        slot
    }

    /// The recorder checks each index; in raw IR, sometimes not where it surely is inside.
    fn check_index(&mut self, t: &Held, index: Arg) {
        let (size, _) = self.array_bounds(t);
        let inside = self.interval(index).is_some_and(|(lo, hi)| lo >= 0 && hi < size);
        let unchecked = self.is_raw() && inside && self.u.percent(30);
        if !unchecked {
            let asize = self.object_field(t.arg, Field::TabAsize);
            self.check(Op::ABC, Type::Int, Arg::Ref(asize), index);
        }
    }

    fn array_load(&mut self, t: &Held, _index: Arg, slot: Ref) -> bool {
        let sort = self.elem(t);
        self.tv_load(Op::ALOAD, slot, sort);
        false
    }

    fn array_store(&mut self, t: &Held, index: Arg, slot: Ref) -> bool {
        let sort = self.elem(t);
        let Some(value) = self.tv_operand(sort) else { return false };
        self.hidden(Op::ASTORE, sort.ty(), false, Arg::Ref(slot), value);
        if sort.ty().class() == Class::Gc {
            self.table_barrier(t);
        }
        if let (Some(n), Arg::K(Const::Int(k))) = (t.only(), index)
            && let Some(stored) = &mut self.objects.table_mut(n).stored
        {
            stored.push(k.into());
        }
        true
    }

    /// A table that is black must be visited again.
    pub(super) fn table_barrier(&mut self, t: &Held) {
        self.hidden(Op::TBAR, Type::Nil, false, t.arg, Arg::None);
    }

    /// Reads or writes a key that the table has.
    pub(super) fn hash_access(&mut self) {
        let (loads, stores) = (self.may(Op::HLOAD), self.may(Op::HSTORE));
        let Some(t) = self.object(Type::Tab, |p| matches!(p, Plan::Table(t) if !t.keys.is_empty())) else { return };
        let store = stores && self.may_change(&t) && (!loads || self.u.percent(45));
        let What::Known(a, _) = t.what else { return };
        if !store && !loads {
            return;
        }
        let keys = self.objects.table(a).keys.clone();
        for _ in 0..1 + self.u.below(2) {
            let n = self.u.pick(&keys);
            let (key, sort) = self.objects.keys[n];
            let Some((place, is_href)) = self.place_of(&t, key) else { continue };
            self.objects.note(&t, |s| s.used = true);
            if store {
                self.hash_store(&t, key, sort, place, is_href);
            } else {
                self.tv_load(Op::HLOAD, place, sort);
            }
        }
    }

    /// The address of a key's value; true if it is by HREF, which may have found nothing.
    fn place_of(&mut self, t: &Held, key: Key) -> Option<(Ref, bool)> {
        let only = t.only().filter(|n| *n < self.objects.world && self.may(Op::HREFK) && self.is_in_place(t));
        match only {
            Some(n) if !self.may(Op::HREF) || self.u.percent(55) => Some((self.hrefk(t, n, key), false)),
            _ if self.may(Op::HREF) => {
                let (key, _) = self.key_operand(key);
                Some((self.hidden(Op::HREF, Type::P64, false, t.arg, key), true))
            }
            _ => None,
        }
    }

    /// A constant key: the recorder has seen where it is, checks that the hash part has its size, and the key its place.
    fn hrefk(&mut self, t: &Held, n: usize, key: Key) -> Ref {
        let hbits = self.objects.table(n).hbits.unwrap_or(0);
        let hmask = self.object_field(t.arg, Field::TabHmask);
        self.check(Op::EQ, Type::Int, Arg::Ref(hmask), Arg::K(Const::Int((1 << hbits) - 1)));
        let node = self.object_field(t.arg, Field::TabNode);
        self.objects.note(t, |s| s.placed = true);
        let slot = Arg::K(Const::KSlot(super::object::id(n), key));
        self.hidden(Op::HREFK, Type::P64, true, Arg::Ref(node), slot)
    }

    /// A key as an operand: a constant, or a value that is that key; true if it is a string that is not constant.
    fn key_operand(&mut self, key: Key) -> (Arg, bool) {
        let constant = match key {
            Key::Obj(id) => {
                let n = usize::from(id.0);
                let held = self.pick_held(|h| h.arg.as_ref().is_some() && h.only() == Some(n));
                if let Some(h) = held.filter(|_| self.u.percent(60)) {
                    return (h.arg, h.ty == Type::Str);
                }
                Const::Gc(id)
            }
            Key::Num(bits) if self.u.percent(30) => {
                let count = self.cells.count();
                return (Arg::Ref(self.controlled(Type::Num, &vec![bits; count])), false);
            }
            Key::Num(bits) => Const::Num(bits),
            Key::Bool(b) => Const::Pri(if b { Type::True } else { Type::False }),
            Key::Int(k) => Const::Int(k),
        };
        (Arg::K(constant), false)
    }

    fn hash_store(&mut self, t: &Held, key: Key, sort: Sort, place: Ref, is_href: bool) {
        // Directly behind the HREF: the comparison is fused with it.
        if is_href {
            self.found(Op::NE, place);
        }
        if self.u.percent(40) {
            self.check_metatable(t);
        }
        let Some(value) = self.tv_operand(sort) else { return };
        self.hidden(Op::HSTORE, sort.ty(), false, Arg::Ref(place), value);
        self.behind_hash_store(t, key, sort);
    }

    /// Barrier, and the cache of absent metamethods.
    fn behind_hash_store(&mut self, t: &Held, key: Key, sort: Sort) {
        if sort.ty().class() == Class::Gc || matches!(key, Key::Obj(_)) {
            self.table_barrier(t);
        }
        if self.may(Op::FSTORE) && self.u.percent(15) {
            let cache = self.hidden(Op::FREF, Type::P64, false, t.arg, lit(Lit::Field(Field::TabNomm)));
            self.hidden(Op::FSTORE, Type::U8, false, Arg::Ref(cache), Arg::K(Const::Int(0)));
        }
        self.done();
    }

    /// Checks that HREF has found something, or that it has not.
    fn found(&mut self, op: Op, place: Ref) {
        self.hidden(op, Type::P64, true, Arg::Ref(place), Arg::K(Const::NilTv));
    }

    /// True where what follows comes before again, in the next iteration.
    fn repeats(&self) -> bool {
        self.in_body || self.knobs.emit == Emit::Passes
    }

    /// Adds a key that the table has not.
    pub(super) fn new_key(&mut self) {
        if !self.may(Op::NEWREF) {
            return;
        }
        let Some(t) = self.object(Type::Tab, |p| matches!(p, Plan::Table(_))).filter(|t| self.may_change(t)) else {
            return;
        };
        let Some(n) = t.only() else { return };
        // In a loop, what was relied on moves before the next iteration.
        if self.repeats() && self.objects.states[n].placed {
            return;
        }
        let absent: Vec<usize> =
            (0..self.objects.keys.len()).filter(|k| !self.objects.table(n).keys.contains(k)).collect();
        if absent.is_empty() {
            return;
        }
        let k = self.u.pick(&absent);
        let (key, sort) = self.objects.keys[k];
        let (operand, _) = self.key_operand(key);
        let Some(value) = self.tv_operand(sort) else { return };
        if self.u.percent(40) {
            self.check_metatable(&t);
        }
        let place = self.hidden(Op::HREF, Type::P64, false, t.arg, operand);
        self.found(Op::EQ, place);
        let place = self.hidden(Op::NEWREF, Type::P64, false, t.arg, operand);
        self.objects.forget_addresses();
        self.objects.note(&t, |s| (s.used, s.reshaped) = (true, true));
        self.objects.table_mut(n).keys.push(k);
        self.hidden(Op::HSTORE, sort.ty(), false, Arg::Ref(place), value);
        self.behind_hash_store(&t, key, sort);
        self.snapshot();
    }

    /// Checks that a key is not there.
    pub(super) fn absent_key(&mut self) {
        if !self.may(Op::HREF) {
            return;
        }
        let Some(t) = self.object(Type::Tab, |p| matches!(p, Plan::Table(_))) else { return };
        let What::Known(a, b) = t.what else { return };
        let has = |n: usize, k: &usize| self.objects.table(n).keys.contains(k);
        let absent: Vec<usize> = (0..self.objects.keys.len()).filter(|k| !has(a, k) && !has(b, k)).collect();
        if absent.is_empty() {
            return;
        }
        let k = self.u.pick(&absent);
        let (operand, _) = self.key_operand(self.objects.keys[k].0);
        self.objects.note(&t, |s| s.used = true);
        let place = self.hidden(Op::HREF, Type::P64, false, t.arg, operand);
        self.found(Op::EQ, place);
    }

    /// The length of a table whose length is certain.
    pub(super) fn table_length(&mut self) {
        let certain =
            |p: &Plan| matches!(p, Plan::Table(t) if t.stored.is_none() && (t.sequence.is_some() || t.asize == 0));
        let Some(t) = self.object(Type::Tab, certain).filter(|t| self.is_in_place(t)) else { return };
        self.objects.note(&t, |s| (s.used, s.placed) = (true, true));
        let called = self.may(Op::CALLL) && (!self.may(Op::ALEN) || self.u.percent(15));
        if called {
            let r = self.hidden(Op::CALLL, Type::Int, false, t.arg, lit(Lit::Callee(Callee::lj_tab_len)));
            self.set_interval(r, Some((0, 1 << 13)));
            self.offer(r);
            // FOLD does not know that the call reads what a later store may replace; a guard keeps the store.
            self.check(Op::NE, Type::Int, Arg::Ref(r), Arg::K(Const::Int(-1)));
        } else if self.may(Op::ALEN) {
            let r = self.hidden(Op::ALEN, Type::Int, false, t.arg, Arg::K(Const::Pri(Type::Nil)));
            self.set_interval(r, Some((0, 1 << 13)));
            self.offer(r);
        }
    }

    /// Clears a table, which is left alone from then on.
    pub(super) fn clear_table(&mut self) {
        if !self.may(Op::CALLS) {
            return;
        }
        let Some(t) = self.object(Type::Tab, |p| matches!(p, Plan::Table(_))).filter(|t| self.may_change(t)) else {
            return;
        };
        if self.repeats()
            && self.objects.held.iter().any(|h| h.what == t.what && self.objects.states.iter().any(|s| s.placed))
        {
            return;
        }
        self.hidden(Op::CALLS, Type::Nil, false, t.arg, lit(Lit::Callee(Callee::lj_tab_clear)));
        self.objects.note(&t, |s| (s.used, s.retired) = (true, true));
        self.objects.forget_addresses();
        self.done();
    }

    /// Checks that a table has its metatable, or none.
    pub(super) fn check_metatable(&mut self, t: &Held) {
        let What::Known(a, b) = t.what else { return };
        let metas = [a, b].map(|n| (self.objects.table(n).meta, self.objects.states[n].remetaed));
        let [(meta, false), (other, false)] = metas else { return };
        if meta != other {
            return;
        }
        self.objects.note(t, |s| s.used = true);
        let loaded = Arg::Ref(self.object_field(t.arg, Field::TabMeta));
        match meta {
            None => self.check(Op::EQ, Type::Tab, loaded, Arg::K(Const::Null)),
            Some(_) if self.u.percent(50) => self.check(Op::NE, Type::Tab, loaded, Arg::K(Const::Null)),
            Some(id) => self.check(Op::EQ, Type::Tab, loaded, Arg::K(Const::Gc(id))),
        }
    }

    /// Gives a table another metatable, or takes it away.
    pub(super) fn set_metatable(&mut self) {
        if !self.may(Op::FSTORE) {
            return;
        }
        let Some(t) = self.object(Type::Tab, |p| matches!(p, Plan::Table(_))).filter(|t| self.may_change(t)) else {
            return;
        };
        let meta = if self.u.percent(30) { None } else { self.pick_held(|h| h.ty == Type::Tab) };
        let value = meta.map_or(Arg::K(Const::Null), |h| h.arg);
        let field = self.hidden(Op::FREF, Type::P64, false, t.arg, lit(Lit::Field(Field::TabMeta)));
        self.hidden(Op::FSTORE, Type::Tab, false, Arg::Ref(field), value);
        self.objects.note(&t, |s| (s.used, s.remetaed) = (true, true));
        self.objects.fields.retain(|(_, f, _)| *f != Field::TabMeta);
        if meta.is_some() {
            self.table_barrier(&t);
        }
        self.done();
    }

    /// A new table, empty or a copy, with something stored in it.
    pub(super) fn new_table(&mut self) {
        let empty = self.may(Op::TNEW) && (!self.may(Op::TDUP) || self.u.percent(70));
        let t = if empty { Some(self.tnew()) } else { self.tdup() };
        let Some(t) = t else { return };
        for _ in 0..self.u.below(4) {
            let slot = self.array_index(&t, true).map(|index| (index, self.array_slot(&t, index)));
            if let Some((index, slot)) = slot {
                self.array_store(&t, index, slot);
            }
        }
        self.done();
    }

    fn tnew(&mut self) -> Held {
        let asize = match self.u.weighted(&[2, 10, 3, 1]) {
            0 => 0,
            1 => 1 + self.u.below(6),
            // A small array part lies right behind its table's header, up to 16 slots.
            2 => 15 + self.u.below(4),
            _ => 0x7ff + self.u.below(3),
        };
        let hbits = self.u.below(4);
        let operand = |n: u32| lit(Lit::Num(u16::try_from(n).expect("small")));
        let guard = self.u.percent(80);
        let r = if asize != 1 && self.may(Op::CALLA) && self.u.percent(25) {
            // The C function counts the slots behind index 0, and the keys of the hash part.
            let int = |n: u32| Arg::K(Const::Int(i32::try_from(n).expect("small")));
            let keys = if hbits == 0 { 0 } else { 1 << hbits };
            let args = self.hidden(Op::CARG, Type::Nil, false, int(asize.saturating_sub(1)), int(keys));
            self.hidden(Op::CALLA, Type::Tab, guard, Arg::Ref(args), lit(Lit::Callee(Callee::lj_tab_new_ah)))
        } else {
            self.hidden(Op::TNEW, Type::Tab, guard, operand(asize), operand(hbits))
        };
        let objects = &self.objects;
        let elem = objects.sort(&mut self.u, false);
        let hbits = (hbits > 0).then(|| u8::try_from(hbits).expect("small"));
        let plan = super::heap::TablePlan { asize, hbits, elem, stored: Some(vec![]), ..Default::default() };
        self.hold_new(r, Plan::Table(plan))
    }

    fn tdup(&mut self) -> Option<Held> {
        let is_template = |p: &&usize| matches!(&self.objects.plans[**p], Plan::Table(t) if t.template);
        let world: Vec<usize> = (0..self.objects.world).collect();
        let templates: Vec<usize> = world.iter().filter(is_template).copied().collect();
        if !self.may(Op::TDUP) || templates.is_empty() {
            return None;
        }
        let n = self.u.pick(&templates);
        let guard = self.u.percent(80);
        let r = self.hidden(Op::TDUP, Type::Tab, guard, Arg::K(Const::Gc(super::object::id(n))), Arg::None);
        let plan = super::heap::TablePlan { meta: None, template: false, ..self.objects.table(n).clone() };
        Some(self.hold_new(r, Plan::Table(plan)))
    }

    /// Compares two tables, or other objects: mostly different ones.
    pub(super) fn compare_objects(&mut self) {
        let Some(op) = [Op::EQ, Op::NE].into_iter().find(|op| self.may(*op)) else { return };
        // Two boxes of the same value may be one: their addresses are not compared.
        let Some(a) = self.pick_held(|h| h.arg.as_ref().is_some() && h.ty != Type::Cdata) else { return };
        let same: Option<ObjId> = a.only().filter(|n| *n < self.objects.world).map(super::object::id);
        match same {
            Some(id) if op == Op::EQ || self.u.percent(30) => self.check(Op::EQ, a.ty, a.arg, Arg::K(Const::Gc(id))),
            _ => {
                let other = self.pick_held(|h| h.ty == a.ty && h.arg != a.arg && h.arg.as_ref().is_some());
                let other = other.map(|h| h.arg).or_else(|| self.constant_object(a.ty));
                if let Some(other) = other {
                    self.check(Op::NE, a.ty, a.arg, other);
                }
            }
        }
    }
}
