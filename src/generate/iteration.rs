//! One iteration for LuaJIT's own passes, as the recorder would leave it: slots that are loaded, computed from, and written, with
//! snapshots that hold all that was written so far.

use super::build::Builder;
use super::entropy::Source;
use super::looping::Counter;
use super::pools;
use crate::ir::{Arg, Class, Const, Link, Lit, Op, Ref, SloadMode, Slot, Snap, SnapEntry, Type};
use crate::world::SlotValue;

/// The Lua stack as the trace under construction has changed it: what every snapshot must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Slots with their values, ascending.
    entries: Vec<SnapEntry>,
    /// Slots that may be written, with the type that they must keep; any for `None`.
    open: Vec<(Slot, Option<Type>)>,
}

impl Written {
    /// The entries of a snapshot here.
    pub(super) fn entries(&self) -> Vec<SnapEntry> {
        self.entries.clone()
    }

    /// Gives a slot a value.
    pub(super) fn set(&mut self, slot: Slot, value: Arg) {
        match self.entries.binary_search_by_key(&slot, |e| e.slot) {
            Ok(n) => self.entries[n].value = value,
            Err(n) => self.entries.insert(n, SnapEntry { slot, value }),
        }
    }

    /// Allows writes to a slot.
    pub(super) fn open(&mut self, slot: Slot, ty: Option<Type>) {
        self.open.push((slot, ty));
    }

    fn has(&self, slot: Slot) -> bool {
        self.entries.iter().any(|e| e.slot == slot)
    }
}

/// Percent of steps that write a slot.
const WRITES: u8 = 12;
/// Most slots that an iteration hands on to the next one, without pressure.
const CARRIED: u32 = 6;
/// Most slots that it only writes.
const SCRATCH: u32 = 4;

impl Builder<'_, '_, '_> {
    /// A whole iteration of about `count` instructions.
    pub(super) fn iteration(&mut self, count: i64) {
        self.written = Some(Written::default());
        let (counter, slot) = self.slot_counter(count);
        self.carry();
        self.pressure();
        // The recorder sees a loop's end last, or its condition first.
        let before = if self.u.percent(60) { count } else { self.u.range(0, count) };
        super::steps(self, before);
        self.count_slot(&counter, slot);
        super::steps(self, count - before);
        self.write_rest();
        self.store_unused(false);
        let written: Vec<Ref> = self.written_refs();
        self.keep_weak_guards(Ref(1), &written);
        self.end_iteration();
    }

    /// Moves the counter and leaves the loop when it is through.
    fn count_slot(&mut self, counter: &Counter, slot: Slot) {
        let next = self.next_count(counter);
        self.set_slot(slot, Arg::Ref(next));
        self.snapshot();
        self.count_guard(counter, next);
    }

    /// Slots that the next iteration loads again, and some that are only written.
    fn carry(&mut self) {
        let most = if self.swarm.live > 0 { u32::from(self.swarm.live).min(24) } else { CARRIED };
        for _ in 0..self.u.below(most + 1) {
            let ty = if self.u.percent(60) { Type::Int } else { Type::Num };
            self.carried_slot(ty);
        }
        for _ in 0..self.u.below(SCRATCH + 1) {
            let bulk = &mut self.bulk;
            let values = [SlotValue::Nil, SlotValue::True, SlotValue::Int(-7), SlotValue::Num(1 << 62)];
            if let Some(slot) = self.cells.slot(|_| bulk.pick(&values)) {
                self.open_slot(slot, None);
            }
        }
    }

    fn carried_slot(&mut self, ty: Type) -> Option<()> {
        let bulk = &mut self.bulk;
        let slot = self.cells.slot(|_| match ty {
            Type::Int => SlotValue::Int(i32::try_from(pools::integer(bulk, 32)).expect("32 bits")),
            _ => SlotValue::Num(pools::small_double(bulk)),
        })?;
        let r = self.load_carried(slot, ty);
        self.offer(r);
        Some(())
    }

    /// A load of a slot that the iteration may write.
    pub(super) fn load_carried(&mut self, slot: Slot, ty: Type) -> Ref {
        let typecheck = self.u.percent(75);
        let mode = SloadMode { typecheck, inherit: self.u.percent(30), ..SloadMode::default() };
        self.open_slot(slot, Some(ty));
        self.hidden(Op::SLOAD, ty, typecheck, Arg::Lit(Lit::Slot(slot.0)), Arg::Lit(Lit::Sload(mode)))
    }

    pub(super) fn open_slot(&mut self, slot: Slot, ty: Option<Type>) {
        if let Some(written) = &mut self.written {
            written.open(slot, ty);
        }
    }

    /// Now and then writes a slot, where slots are written.
    pub(super) fn maybe_write(&mut self) {
        if self.written.is_some() && self.u.percent(WRITES) {
            self.write();
        }
    }

    /// Writes some slot.
    fn write(&mut self) {
        let open = self.written.as_ref().map_or(0, |w| w.open.len());
        if open == 0 {
            return;
        }
        let n = self.u.index(open);
        self.write_slot(n);
    }

    /// Writes the open slot of this number.
    fn write_slot(&mut self, n: usize) {
        let Some((slot, ty)) = self.written.as_ref().map(|w| w.open[n]) else { return };
        if let Some(value) = self.lua_value(ty) {
            self.set_slot(slot, value);
        }
    }

    pub(super) fn set_slot(&mut self, slot: Slot, value: Arg) {
        self.note_use(value);
        if let Some(written) = &mut self.written {
            written.set(slot, value);
        }
    }

    /// Most carried slots that nothing has written yet get something.
    fn write_rest(&mut self) {
        let open = self.written.as_ref().map_or(vec![], |w| w.open.clone());
        for (n, (slot, _)) in open.iter().enumerate() {
            let done = self.written.as_ref().is_some_and(|w| w.has(*slot));
            if !done && self.u.percent(75) {
                self.write_slot(n);
            }
        }
    }

    /// A value for a slot: of a type, or of any that a snapshot can hold.
    pub(super) fn lua_value(&mut self, ty: Option<Type>) -> Option<Arg> {
        if ty.is_none() && self.objects.any() && self.u.percent(35) {
            return self.pick_held(|_| true).map(|h| h.arg);
        }
        let ty = ty.unwrap_or_else(|| self.u.pick(&[Type::Int, Type::Num, Type::Nil]));
        let class = ty.class();
        if class == Class::Pri {
            return Some(Arg::K(Const::Pri(self.u.pick(&[Type::Nil, Type::False, Type::True]))));
        }
        if self.u.percent(8) {
            return Some(Arg::K(self.constant(class)));
        }
        let fits = |b: &Self, r: Ref| b.ty(r) == ty;
        let some: Vec<Ref> = self.available(class).iter().copied().filter(|r| fits(self, *r)).collect();
        (!some.is_empty()).then(|| Arg::Ref(self.u.pick(&some)))
    }

    /// The instructions whose values are in slots now.
    pub(super) fn written_refs(&self) -> Vec<Ref> {
        self.written.iter().flat_map(|w| &w.entries).filter_map(|e| e.value.as_ref()).collect()
    }

    /// The last snapshot, with which the next iteration starts.
    fn end_iteration(&mut self) {
        let end = self.next_ref();
        self.trace.snaps.retain(|s| s.at < end);
        let entries = self.written.as_ref().map_or(vec![], Written::entries);
        self.trace.snaps.push(Snap { at: end, entries });
        self.trace.link = Link::Loop;
    }
}
