//! Snapshots: which values an exit restores, and at a trace's end which ones go to the Lua stack.

use super::build::Builder;
use super::entropy::Source;
use super::pools;
use crate::ir::validate::{MAX_SLOT, MAX_SNAPS, MIN_SLOT};
use crate::ir::{Arg, Class, Const, Ref, Slot, Snap, SnapEntry, Type};

/// Most values of a snapshot in the middle.
const MIDDLE: u32 = 12;
/// The same where many values are alive.
const MOST: u32 = 32;
/// Most snapshots: one fewer than a trace may have, for the last.
const SNAPSHOTS: usize = MAX_SNAPS - 1;

/// Stack slots that a snapshot has room for.
pub(super) const SLOTS: usize = (MAX_SLOT - MIN_SLOT) as usize + 1;

impl Builder<'_, '_, '_> {
    /// A snapshot here, with some of the values that there are.
    pub(super) fn snapshot(&mut self) {
        let at = self.next_ref();
        if self.trace.snaps.last().is_some_and(|s| s.at == at) || self.trace.snaps.len() >= SNAPSHOTS {
            return;
        }
        if let Some(written) = &self.written {
            let entries = written.entries();
            return self.trace.snaps.push(Snap { at, entries });
        }
        let entries = self.some_entries();
        self.trace.snaps.push(Snap { at, entries });
    }

    /// The snapshot at LOOP. None before it may cover the body: a register that the loop renames is another one for all exits of the
    /// snapshot that LOOP belongs to (`lj_asm.c`: `asm_loop` notes its number, `ra_rename` uses it).
    pub(super) fn loop_snapshot(&mut self, at: Ref) {
        let mut entries = self.some_entries();
        // Big traces have few constants to spare.
        entries.retain(|e| matches!(e.value, Arg::Ref(_) | Arg::K(Const::Pri(_))));
        self.trace.snaps.retain(|s| s.at < at);
        self.trace.snaps.push(Snap { at, entries });
    }

    fn some_entries(&mut self) -> Vec<SnapEntry> {
        let most = if self.swarm.live > 0 || self.swarm.lean { MOST } else { MIDDLE };
        let count = self.u.below(most + 1);
        let values: Vec<Arg> = (0..count).filter_map(|_| self.snapshot_value()).collect();
        self.spread(&values)
    }

    /// Makes sure that `count` more snapshots can be added, at the cost of the last ones.
    pub(super) fn leave_snapshots(&mut self, count: usize) {
        self.trace.snaps.truncate(SNAPSHOTS - count);
    }

    fn snapshot_value(&mut self) -> Option<Arg> {
        let objects = if self.objects.held.is_empty() { 0 } else { 6 };
        let class = match self.u.weighted(&[5, 4, 2, 2, objects]) {
            0 => Class::W32,
            1 => Class::Num,
            2 => Class::W64,
            4 => return self.pick_held(|_| true).map(|h| h.arg),
            _ => return Some(self.snapshot_constant()),
        };
        let n = self.available(class).len();
        if n == 0 {
            return None;
        }
        let n = self.u.index(n);
        Some(Arg::Ref(self.available(class)[n]))
    }

    fn snapshot_constant(&mut self) -> Arg {
        let kinds = if self.has_room() { 3 } else { 2 };
        Arg::K(match self.u.below(kinds) {
            0 => Const::Pri(self.u.pick(&[Type::Nil, Type::False, Type::True])),
            1 => Const::Int(self.u.range(-9, 9).try_into().expect("small")),
            _ => Const::Num(pools::double(&mut self.u)),
        })
    }

    /// The last snapshot of a trace that leaves to the interpreter: Lua values only.
    pub(super) fn tail(&mut self, values: &[Ref]) {
        let values: Vec<Arg> = values.iter().filter(|r| self.ty(**r).is_lua_value()).map(|r| Arg::Ref(*r)).collect();
        let at = self.next_ref();
        let entries = self.spread(&values);
        match self.trace.snaps.last_mut() {
            Some(last) if last.at == at => last.entries = entries,
            _ => self.trace.snaps.push(Snap { at, entries }),
        }
    }

    /// Gives values ascending slots, with gaps where there is room.
    pub(super) fn spread(&mut self, values: &[Arg]) -> Vec<SnapEntry> {
        let count = values.len().min(SLOTS);
        let mut gaps = SLOTS - count;
        let mut slot = MIN_SLOT;
        let mut entries = Vec::with_capacity(count);
        for value in &values[..count] {
            let gap = self.u.index(gaps.min(3) + 1);
            gaps -= gap;
            slot += u8::try_from(gap).expect("a small gap");
            self.note_use(*value);
            entries.push(SnapEntry { slot: Slot(slot), value: *value });
            slot += 1;
        }
        entries
    }
}
