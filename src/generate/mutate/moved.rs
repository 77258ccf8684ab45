//! A case moved behind another one: its refs, slots, regions and objects get the numbers behind those of the other.

use crate::case::{Case, ObjectValues};
use crate::ir::validate::MAX_SLOT;
use crate::ir::{Arg, Const, Ins, Key, Lit, ObjId, Ref, RegionId, Slot, Snap, SnapEntry, SymPtr, Trace};
use crate::world::{ObjectKind, SlotValue, Upvalue, World};

/// Multiples of it keep all alignments that accesses can tell apart.
const ALIGN: u32 = 64;

/// How far a case moves. What has no room ends where no legal case has it.
pub(super) struct Moved {
    refs: u16,
    slots: u8,
    regions: u8,
    /// What is added to the regions' offsets.
    pub offset: u32,
    /// The new number of each object.
    pub objects: Vec<ObjId>,
}

impl Moved {
    /// The second case behind the first, of whose trace `ins` instructions stay.
    pub(super) fn behind(first: &Case, second: &Case, ins: usize) -> Moved {
        let end = first.world.regions.last().map_or(0, |region| region.offset.saturating_add(region.size));
        Moved {
            refs: u16::try_from(ins).unwrap_or(u16::MAX),
            slots: slots(first, second),
            regions: small(first.world.regions.len()),
            // A gap between them: a store just outside of one hits no other.
            offset: if end == 0 { 0 } else { end.next_multiple_of(ALIGN).saturating_add(ALIGN) },
            objects: objects(&first.world, &second.world),
        }
    }

    pub(super) fn slot(&self, slot: Slot) -> Slot {
        Slot(slot.0.saturating_add(self.slots))
    }

    pub(super) fn ptr(&self, p: SymPtr) -> SymPtr {
        SymPtr { region: RegionId(p.region.0.saturating_add(self.regions)), ..p }
    }

    fn object(&self, id: ObjId) -> ObjId {
        self.objects.get(usize::from(id.0)).copied().unwrap_or(ObjId(u8::MAX))
    }

    fn key(&self, key: Key) -> Key {
        match key {
            Key::Obj(id) => Key::Obj(self.object(id)),
            other => other,
        }
    }

    pub(super) fn value(&self, value: SlotValue) -> SlotValue {
        match value {
            SlotValue::Str(p) => SlotValue::Str(self.ptr(p)),
            SlotValue::Obj(id) => SlotValue::Obj(self.object(id)),
            other => other,
        }
    }

    pub(super) fn values(&self, values: &ObjectValues) -> ObjectValues {
        let all = |values: &[SlotValue]| values.iter().map(|value| self.value(*value)).collect();
        match values {
            ObjectValues::Table { array, hash } => ObjectValues::Table { array: all(array), hash: all(hash) },
            ObjectValues::Upvalues(values) => ObjectValues::Upvalues(all(values)),
            other => other.clone(),
        }
    }

    pub(super) fn kind(&self, kind: &ObjectKind) -> ObjectKind {
        let mut kind = kind.clone();
        match &mut kind {
            ObjectKind::Table { keys, meta, .. } => {
                keys.iter_mut().for_each(|key| *key = self.key(*key));
                *meta = meta.map(|id| self.object(id));
            }
            ObjectKind::Udata { meta, .. } => *meta = meta.map(|id| self.object(id)),
            ObjectKind::Func { upvalues } => upvalues.iter_mut().for_each(|upvalue| {
                if let Upvalue::Open(slot) = upvalue {
                    *slot = self.slot(*slot);
                }
            }),
            ObjectKind::Str(_) | ObjectKind::Cdata(_) => {}
        }
        kind
    }

    /// A trace behind the first one.
    pub(super) fn trace(&self, trace: &Trace) -> Trace {
        self.moved(trace, self.refs)
    }

    /// A trace of its own: its refs stay as they are.
    pub(super) fn in_place(&self, trace: &Trace) -> Trace {
        self.moved(trace, 0)
    }

    fn moved(&self, trace: &Trace, by: u16) -> Trace {
        let at = |r: Ref| Ref(r.0.saturating_add(by));
        let arg = |a: Arg| match a {
            Arg::Ref(r) => Arg::Ref(at(r)),
            Arg::K(k) => Arg::K(self.constant(k)),
            Arg::Lit(Lit::Slot(slot)) => Arg::Lit(Lit::Slot(self.slot(Slot(slot)).0)),
            other => other,
        };
        let entry = |e: &SnapEntry| SnapEntry { slot: self.slot(e.slot), value: arg(e.value) };
        let snap = |snap: &Snap| Snap { at: at(snap.at), entries: snap.entries.iter().map(entry).collect() };
        Trace {
            ins: trace.ins.iter().map(|ins| Ins { op1: arg(ins.op1), op2: arg(ins.op2), ..*ins }).collect(),
            snaps: trace.snaps.iter().map(snap).collect(),
            link: trace.link,
        }
    }

    fn constant(&self, k: Const) -> Const {
        match k {
            Const::Ptr(p) => Const::Ptr(self.ptr(p)),
            Const::KPtr(p) => Const::KPtr(self.ptr(p)),
            Const::Gc(id) => Const::Gc(self.object(id)),
            Const::KSlot(id, key) => Const::KSlot(self.object(id), self.key(key)),
            other => other,
        }
    }
}

fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// How far the second case's slots must move to be others than the first's; not at all where there are not so many.
fn slots(first: &Case, second: &Case) -> u8 {
    let (first, second) = (used_slots(first), used_slots(second));
    let (Some(last), Some(start), Some(end)) = (first.iter().max(), second.iter().min(), second.iter().max()) else {
        return 0;
    };
    let by = (last.0 + 1).saturating_sub(start.0);
    if end.0.saturating_add(by) <= MAX_SLOT { by } else { 0 }
}

/// All Lua stack slots that a case loads, restores or fills.
fn used_slots(case: &Case) -> Vec<Slot> {
    let mut slots: Vec<Slot> = case.inputs.iter().flat_map(|input| &input.slots).map(|(slot, _)| *slot).collect();
    for trace in std::iter::once(&case.trace).chain(case.side.iter().map(|side| &side.trace)) {
        slots.extend(trace.snaps.iter().flat_map(|snap| &snap.entries).map(|entry| entry.slot));
        slots.extend(trace.ins.iter().filter_map(|ins| match ins.op1 {
            Arg::Lit(Lit::Slot(slot)) => Some(Slot(slot)),
            _ => None,
        }));
    }
    for object in &case.world.objects {
        if let ObjectKind::Func { upvalues } = &object.kind {
            slots.extend(upvalues.iter().filter_map(|upvalue| match upvalue {
                Upvalue::Open(slot) => Some(*slot),
                Upvalue::Closed => None,
            }));
        }
    }
    slots
}

/// The numbers of the second world's objects behind the first's. A string that the first has is that one: none is there twice.
fn objects(first: &World, second: &World) -> Vec<ObjId> {
    let mut next = first.objects.len();
    let number = |kind: &ObjectKind| {
        let same = first.objects.iter().position(|o| matches!(kind, ObjectKind::Str(_)) && o.kind == *kind);
        ObjId(small(same.unwrap_or_else(|| {
            next += 1;
            next - 1
        })))
    };
    second.objects.iter().map(|object| &object.kind).map(number).collect()
}
