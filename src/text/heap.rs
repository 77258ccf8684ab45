//! What a run made of objects, as far as it differs from the input: the `heap` lines of a file.
//!
//! Objects that the run made have numbers, in the order in which values, the stack and other objects lead to them; strings that are the same
//! by their bytes are one. So the lines are the same whatever the addresses were.

use super::{bytes, object, value};
use crate::case::{Case, Input, ObjectValues};
use crate::ir::{CdataType, ObjId, Type};
use crate::outcome::{Heap, ObjectState};
use crate::world::{Object, ObjectKind, SlotValue, Upvalue, World, encode_gc, encode_int, itype};
use std::collections::BTreeMap;

/// Bytes of a string on a line.
const STR_ROW: usize = 4096;
/// Bytes of a new object's payload on a line.
const ROW: usize = 32;

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// One of the world.
    World(ObjId),
    /// One that the run made, by its number from 1.
    New(u16),
}

/// One thing that differs from the input, in a Lua value's words; new objects have stand-in addresses in them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// The object.
    pub who: Who,
    /// What it is or has now.
    pub what: What,
}

/// What an object is or has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// A new string holds these bytes, behind those of the line before.
    Str(Vec<u8>),
    /// A new object is of this type, which is no string.
    Is(Type),
    /// A new cdata of this C type, if it is one of a case's.
    Cdata(Option<CdataType>),
    /// The address of its metatable, 0 for none.
    Meta(u64),
    /// It is black, or not any more.
    Black(bool),
    /// A table's value for a key.
    Entry(u64, u64),
    /// An upvalue.
    Upvalue(u8, u64),
    /// Payload bytes at an offset.
    Bytes(u32, Vec<u8>),
}

/// Numbers for new objects.
pub(super) struct Numbers<'a> {
    world: &'a World,
    heap: &'a Heap,
    by_address: BTreeMap<u64, u16>,
    /// Addresses of new objects, in the order of their numbers.
    order: Vec<u64>,
}

impl<'a> Numbers<'a> {
    pub fn new(world: &'a World, heap: &'a Heap) -> Self {
        Numbers { world, heap, by_address: BTreeMap::new(), order: vec![] }
    }

    /// A word with the stand-in for a new object in it.
    pub fn word(&mut self, word: u64) -> u64 {
        match object::pointee(word) {
            Some((ty, address)) => encode_gc(itype(ty), self.address(address)),
            None => word,
        }
    }

    /// The stand-in for a new object's address; any other address is as it was.
    pub fn address(&mut self, address: u64) -> u64 {
        let known = self.world.object_at(address).is_some();
        let state = self.heap.get(&address).filter(|_| !known);
        state.map_or(address, |state| self.number(address, state))
    }

    fn number(&mut self, address: u64, state: &ObjectState) -> u64 {
        if let Some(number) = self.by_address.get(&address) {
            return object::new_address(*number);
        }
        if let Some(twin) = self.world_twin(state) {
            return twin;
        }
        let is_str = matches!(state, ObjectState::Str(_));
        let twin = self.order.iter().position(|a| is_str && self.heap.get(a) == Some(state));
        let index = twin.unwrap_or_else(|| {
            self.order.push(address);
            self.order.len() - 1
        });
        // No run makes more than 16 bits count.
        let number = u16::try_from(index + 1).unwrap_or(u16::MAX);
        self.by_address.insert(address, number);
        object::new_address(number)
    }

    /// A string of the world with the same bytes.
    fn world_twin(&self, state: &ObjectState) -> Option<u64> {
        let ObjectState::Str(bytes) = state else { return None };
        let same = |o: &Object| matches!(&o.kind, ObjectKind::Str(b) if b == bytes);
        let index = self.world.objects.iter().position(same)?;
        Some(self.world.object_address(ObjId(u8::try_from(index).ok()?)))
    }
}

/// All that differs from the input, new objects included, in the order of the file. Values and stack have been numbered before.
pub(super) fn changes(case: &Case, input: &Input, mut numbers: Numbers) -> Vec<Change> {
    let mut changes = Vec::new();
    for id in (0..case.world.objects.len()).filter_map(|n| u8::try_from(n).ok()).map(ObjId) {
        let Some(state) = numbers.heap.get(&case.world.object_address(id)) else { continue };
        let whats = changed(case, input, id, state, &mut numbers);
        changes.extend(whats.into_iter().map(|what| Change { who: Who::World(id), what }));
    }
    let mut done = 0;
    while let Some(address) = numbers.order.get(done).copied() {
        done += 1;
        let Ok(number) = u16::try_from(done) else { break };
        let whats = whole(&numbers.heap[&address], &mut numbers);
        changes.extend(whats.into_iter().map(|what| Change { who: Who::New(number), what }));
    }
    in_order(&mut changes);
    changes
}

/// Sorts by object, but keeps the parts of a string in their order.
fn in_order(changes: &mut [Change]) {
    changes.sort_by(|a, b| match (&a.what, &b.what) {
        (What::Str(_), What::Str(_)) => a.who.cmp(&b.who),
        _ => a.cmp(b),
    });
}

/// What differs in an object of the world.
fn changed(case: &Case, input: &Input, id: ObjId, state: &ObjectState, numbers: &mut Numbers) -> Vec<What> {
    let (kind, n) = (&case.world.object(id).kind, usize::from(id.0));
    let Some(values) = input.objects.get(n) else { return vec![] };
    match (kind, state) {
        (ObjectKind::Table { meta, black, .. }, ObjectState::Table { entries, meta: now, black: is }) => {
            let mut whats = changed_entries(&entries_before(case, id, values), entries, numbers);
            whats.extend(changed_meta(&case.world, *meta, *now, numbers));
            whats.extend((black != is).then_some(What::Black(*is)));
            whats
        }
        (ObjectKind::Func { upvalues }, ObjectState::Func(now)) => {
            let before = upvalues_before(case, input, upvalues, values);
            changed_upvalues(&before, now, numbers)
        }
        (ObjectKind::Udata { meta, .. }, ObjectState::Udata(now, bytes)) => {
            let mut whats = changed_bytes(values, bytes);
            whats.extend(changed_meta(&case.world, *meta, *now, numbers));
            whats
        }
        (ObjectKind::Cdata(_), ObjectState::Cdata(_, bytes)) => changed_bytes(values, bytes),
        _ => vec![],
    }
}

/// The entries of a table as the input has them: no nil values.
fn entries_before(case: &Case, id: ObjId, values: &ObjectValues) -> BTreeMap<u64, u64> {
    let (ObjectKind::Table { keys, .. }, ObjectValues::Table { array, hash }) = (&case.world.object(id).kind, values)
    else {
        return BTreeMap::new();
    };
    let array = (0..).map(encode_int).zip(array);
    let hash = keys.iter().map(|key| object::key_word(&case.world, *key)).zip(hash);
    let some = |v: &SlotValue| *v != SlotValue::Nil;
    array.chain(hash).filter(|(_, v)| some(v)).map(|(k, v)| (k, v.encode(&case.world))).collect()
}

fn changed_entries(before: &BTreeMap<u64, u64>, now: &[(u64, u64)], numbers: &mut Numbers) -> Vec<What> {
    let now: BTreeMap<u64, u64> = now.iter().map(|(k, v)| (numbers.word(*k), numbers.word(*v))).collect();
    let gone = before.keys().filter(|k| !now.contains_key(k)).map(|k| What::Entry(*k, crate::world::TV_NIL));
    let other = now.iter().filter(|(k, v)| before.get(k) != Some(v)).map(|(k, v)| What::Entry(*k, *v));
    gone.chain(other).collect()
}

fn changed_meta(world: &World, before: Option<ObjId>, now: u64, numbers: &mut Numbers) -> Option<What> {
    let before = before.map_or(0, |id| world.object_address(id));
    (before != now).then(|| What::Meta(numbers.address(now)))
}

fn upvalues_before(case: &Case, input: &Input, upvalues: &[Upvalue], values: &ObjectValues) -> Vec<u64> {
    let closed = values.values();
    let value = |(u, v): (&Upvalue, SlotValue)| match u {
        Upvalue::Closed => v.encode(&case.world),
        Upvalue::Open(slot) => input.slot(*slot).encode(&case.world),
    };
    upvalues.iter().zip(closed).map(value).collect()
}

fn changed_upvalues(before: &[u64], now: &[u64], numbers: &mut Numbers) -> Vec<What> {
    let pairs = (0..=u8::MAX).zip(now).filter(|(n, word)| before.get(usize::from(*n)) != Some(word));
    pairs.map(|(n, word)| What::Upvalue(n, numbers.word(*word))).collect()
}

fn changed_bytes(before: &ObjectValues, now: &[u8]) -> Vec<What> {
    let ObjectValues::Bytes(before) = before else { return vec![] };
    let rows = bytes::rows(now.len(), |i| before.get(i) != Some(&now[i]));
    rows.into_iter().map(|row| payload(row.start, &now[row])).collect()
}

fn payload(offset: usize, bytes: &[u8]) -> What {
    What::Bytes(u32::try_from(offset).expect("payloads are small"), bytes.to_vec())
}

/// All of a new object.
fn whole(state: &ObjectState, numbers: &mut Numbers) -> Vec<What> {
    let rows =
        |bytes: &[u8]| -> Vec<What> { bytes.chunks(ROW).enumerate().map(|(n, row)| payload(n * ROW, row)).collect() };
    match state {
        ObjectState::Str(bytes) if bytes.is_empty() => vec![What::Str(vec![])],
        ObjectState::Str(bytes) => bytes.chunks(STR_ROW).map(|row| What::Str(row.to_vec())).collect(),
        ObjectState::Table { entries, meta, black } => {
            let mut whats = vec![What::Is(Type::Tab)];
            whats.extend(changed_entries(&BTreeMap::new(), entries, numbers));
            whats.extend((*meta != 0).then(|| What::Meta(numbers.address(*meta))));
            whats.extend(black.then_some(What::Black(true)));
            whats
        }
        ObjectState::Func(upvalues) => {
            let mut whats = vec![What::Is(Type::Func)];
            whats.extend(changed_upvalues(&[], upvalues, numbers));
            whats
        }
        ObjectState::Udata(meta, bytes) => {
            let mut whats = vec![What::Is(Type::Udata)];
            whats.extend((*meta != 0).then(|| What::Meta(numbers.address(*meta))));
            whats.extend(rows(bytes));
            whats
        }
        ObjectState::Cdata(ty, bytes) => {
            let mut whats = vec![What::Cdata(*ty)];
            whats.extend(rows(bytes));
            whats
        }
        ObjectState::Other => vec![What::Is(Type::Nil)],
    }
}

/// Brings hand-written lines into the form that [`changes`] gives them.
pub(super) fn normalize(changes: &mut Vec<Change>, input: &Input) {
    let mut after: BTreeMap<ObjId, Vec<u8>> = BTreeMap::new();
    changes.retain(|change| {
        let (Who::World(id), What::Bytes(offset, new)) = (change.who, &change.what) else { return true };
        let Some(ObjectValues::Bytes(before)) = input.objects.get(usize::from(id.0)) else { return true };
        let start = *offset as usize;
        let bytes = after.entry(id).or_insert_with(|| before.clone());
        bytes[start..start + new.len()].copy_from_slice(new);
        false
    });
    for (id, bytes) in after {
        let whats = changed_bytes(&input.objects[usize::from(id.0)], &bytes);
        changes.extend(whats.into_iter().map(|what| Change { who: Who::World(id), what }));
    }
    in_order(changes);
}

/// The line of a change, without its indentation.
pub(super) fn line(world: &World, change: &Change) -> String {
    let who = match change.who {
        Who::World(id) => object::bare_name(world, id).to_string(),
        Who::New(n) => format!("{{{n}}}"),
    };
    let word = |word: &u64| value::slot_word(world, *word);
    match &change.what {
        What::Str(bytes) => format!("heap {who} str {}", object::quote(bytes)),
        What::Is(Type::Nil) => format!("heap {who} other"),
        What::Is(ty) => format!("heap {who} {}", ty.text()),
        What::Cdata(ty) => format!("heap {who} cdt {}", ty.map_or("other".into(), CdataType::text)),
        What::Meta(0) => format!("heap {who} meta none"),
        What::Meta(address) => {
            let name = object::at(world, Type::Tab, *address).unwrap_or_else(|| value::hex64(*address));
            format!("heap {who} meta {name}")
        }
        What::Black(true) => format!("heap {who} black"),
        What::Black(false) => format!("heap {who} white"),
        What::Entry(key, v) => format!("heap {who}[{}] {}", object::key_of_word(world, *key), word(v)),
        What::Upvalue(n, v) => format!("heap {who}.up{n} {}", word(v)),
        What::Bytes(offset, bytes) => format!("heap {}", bytes::line(&who, *offset as usize, bytes)),
    }
}
