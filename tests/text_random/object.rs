//! Random objects of a world, what inputs put in them, and what runs left of them.

use crate::random::Random;
use tracehound::case::{Case, ObjectValues};
use tracehound::ir::validate::{MIN_SLOT, is_num_key};
use tracehound::ir::{CdataType, Key, ObjId, Slot};
use tracehound::outcome::{Heap, ObjectState};
use tracehound::world::{
    Object, ObjectKind, SlotValue, TV_FALSE, TV_NIL, TV_TRUE, Upvalue, World, encode_gc, encode_int, itype,
};

/// Where runs find objects that no world has.
const ELSEWHERE: u64 = 0x2000_0200_0000;
const CTYPES: [CdataType; 7] = [
    CdataType::Int32,
    CdataType::Int64,
    CdataType::UInt64,
    CdataType::Double,
    CdataType::Pointer,
    CdataType::Struct(8),
    CdataType::Struct(64),
];

impl Random {
    /// Objects that refer to each other, whichever comes first.
    pub fn objects(&mut self) -> Vec<Object> {
        let names = ["t", "k", "f", "u", "c", "x1", "tab", "Long_name", "str", "nil"];
        let count = if self.one_in(4) { 0 } else { self.below(names.len()) };
        let mut objects: Vec<Object> = Vec::new();
        for name in &names[..count] {
            let kind = self.kind(&objects);
            objects.push(Object { name: (*name).into(), kind });
        }
        for n in 0..count {
            let mut kind = objects[n].kind.clone();
            self.refer(&mut kind, &objects);
            objects[n].kind = kind;
        }
        objects
    }

    fn kind(&mut self, before: &[Object]) -> ObjectKind {
        match self.below(6) {
            0 | 1 => {
                let bytes = self.string();
                let taken = before.iter().any(|o| o.kind == ObjectKind::Str(bytes.clone()));
                if taken { ObjectKind::Cdata(CdataType::Int64) } else { ObjectKind::Str(bytes) }
            }
            2 => {
                let upvalues = (0..self.below(5)).map(|_| match self.below(2) {
                    0 => Upvalue::Closed,
                    _ => Upvalue::Open(Slot(MIN_SLOT + self.below(39) as u8)),
                });
                ObjectKind::Func { upvalues: upvalues.collect() }
            }
            3 => ObjectKind::Udata { size: self.below(100) as u32, meta: None },
            4 => ObjectKind::Cdata(self.pick(&CTYPES)),
            _ => {
                let hbits = if self.one_in(3) { None } else { Some(1 + self.below(4) as u8) };
                let asize = self.below(6) as u32;
                ObjectKind::Table { asize, hbits, keys: vec![], meta: None, black: self.one_in(4) }
            }
        }
    }

    /// Fills in metatables and keys.
    fn refer(&mut self, kind: &mut ObjectKind, objects: &[Object]) {
        let is_table = |i: &usize| matches!(objects[*i].kind, ObjectKind::Table { .. });
        let tables: Vec<usize> = (0..objects.len()).filter(is_table).collect();
        let some = (!tables.is_empty() && self.one_in(2)).then(|| ObjId(self.pick(&tables) as u8));
        match kind {
            ObjectKind::Udata { meta, .. } => *meta = some,
            ObjectKind::Table { asize, hbits, keys, meta, .. } => {
                *meta = some;
                for _ in 0..hbits.map_or(0, |bits| self.below((1 << bits) + 1)) {
                    let key = self.key(objects.len());
                    let in_array = matches!(key, Key::Int(i) if u32::try_from(i).is_ok_and(|i| i < *asize));
                    if !in_array && !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
            _ => {}
        }
    }

    /// A key of a world with so many objects.
    pub fn key(&mut self, objects: usize) -> Key {
        match self.below(4) {
            0 if objects > 0 => Key::Obj(ObjId(self.below(objects) as u8)),
            1 => Key::Num(Some(self.num()).filter(|bits| is_num_key(*bits)).unwrap_or(1.5f64.to_bits())),
            2 => Key::Bool(self.one_in(2)),
            _ => Key::Int(if self.one_in(2) { self.below(8) as i32 } else { self.bits() as i32 }),
        }
    }

    pub fn string(&mut self) -> Vec<u8> {
        let words: &[&[u8]] =
            &[b"", b"a", b"a b", b"\"", b"\\", b"]", b"[\"", b"----", b"nil", b"0001", b"\xc3\xa9", b";;"];
        match self.below(3) {
            0 => self.pick(words).to_vec(),
            1 => (0..self.below(40)).map(|_| b' ' + self.below(95) as u8).collect(),
            _ => (0..self.below(40)).map(|_| self.next() as u8).collect(),
        }
    }

    /// What an input puts in an object.
    pub fn values(&mut self, kind: &ObjectKind, world: &World) -> ObjectValues {
        let mut values = ObjectValues::blank(kind);
        match (&mut values, kind) {
            (ObjectValues::Table { array, hash }, _) => {
                array.iter_mut().chain(hash).for_each(|v| *v = self.slot_value(world));
            }
            (ObjectValues::Upvalues(list), ObjectKind::Func { upvalues }) => {
                let closed = list.iter_mut().zip(upvalues).filter(|(_, u)| **u == Upvalue::Closed);
                closed.for_each(|(v, _)| *v = self.slot_value(world));
            }
            (ObjectValues::Bytes(bytes), _) => *bytes = self.contents(bytes.len()),
            _ => {}
        }
        values
    }

    /// A word that a run left: of the world, of an object of its own, or of anything.
    pub fn heap_word(&mut self, world: &World, heap: &Heap) -> u64 {
        let new: Vec<u64> = heap.keys().copied().filter(|a| *a >= ELSEWHERE).collect();
        match self.below(5) {
            0 if !new.is_empty() => {
                let address = self.pick(&new);
                encode_gc(itype(type_of(&heap[&address])), address)
            }
            1 => self.bits(),
            2 => self.pick(&[TV_NIL, TV_FALSE, TV_TRUE, encode_int(7)]),
            _ => self.slot_value(world).encode(world),
        }
    }

    /// What a run left of the objects: some changed, some new, which refer to each other.
    pub fn heap(&mut self, case: &Case) -> Heap {
        let mut heap = Heap::new();
        for n in 0..self.below(8) as u64 {
            let state = self.new_object();
            heap.insert(ELSEWHERE + 64 * n, state);
        }
        for id in (0..case.world.objects.len()).map(|n| ObjId(n as u8)) {
            let state = self.changed(&case.world.object(id).kind);
            heap.extend(state.map(|state| (case.world.object_address(id), state)));
        }
        let known = heap.clone();
        for state in heap.values_mut() {
            self.fill(state, &case.world, &known);
        }
        heap
    }

    fn new_object(&mut self) -> ObjectState {
        match self.below(6) {
            0 if self.one_in(20) => ObjectState::Str(vec![b'x'; 10_000]),
            0 => ObjectState::Str(self.string()),
            1 => ObjectState::Func(vec![0; self.below(3)]),
            2 => ObjectState::Udata(0, vec![0; self.below(50)]),
            3 => {
                let ty = self.pick(&CTYPES);
                ObjectState::Cdata(Some(ty).filter(|_| !self.one_in(4)), vec![0; self.below(80)])
            }
            4 => ObjectState::Other,
            _ => ObjectState::Table { entries: vec![], meta: 0, black: self.one_in(4) },
        }
    }

    fn changed(&mut self, kind: &ObjectKind) -> Option<ObjectState> {
        Some(match kind {
            ObjectKind::Str(_) => return None,
            ObjectKind::Table { .. } => ObjectState::Table { entries: vec![], meta: 0, black: self.one_in(2) },
            ObjectKind::Func { upvalues } => ObjectState::Func(vec![0; upvalues.len()]),
            ObjectKind::Udata { size, .. } => ObjectState::Udata(0, vec![0; *size as usize]),
            ObjectKind::Cdata(ty) => ObjectState::Cdata(Some(*ty), vec![0; ty.size().unwrap_or(0) as usize]),
        })
    }

    fn fill(&mut self, state: &mut ObjectState, world: &World, heap: &Heap) {
        match state {
            ObjectState::Table { entries, meta, .. } => {
                for _ in 0..self.below(6) {
                    let key = self.heap_word(world, heap);
                    if let Err(at) = entries.binary_search_by_key(&key, |(k, _)| *k) {
                        entries.insert(at, (key, self.heap_word(world, heap)));
                    }
                }
                *meta = self.address(heap);
            }
            ObjectState::Func(upvalues) => upvalues.iter_mut().for_each(|v| *v = self.heap_word(world, heap)),
            ObjectState::Udata(meta, bytes) => {
                *meta = self.address(heap);
                *bytes = self.contents(bytes.len());
            }
            ObjectState::Cdata(_, bytes) => *bytes = self.contents(bytes.len()),
            ObjectState::Str(_) | ObjectState::Other => {}
        }
    }

    /// An address of a metatable, or what should be one.
    pub fn address(&mut self, heap: &Heap) -> u64 {
        let all: Vec<u64> = heap.keys().copied().chain([0, 8]).collect();
        self.pick(&all)
    }

    /// An object as a slot's value.
    pub fn object_value(&mut self, world: &World) -> SlotValue {
        match world.objects.len() {
            0 => SlotValue::Nil,
            n => SlotValue::Obj(ObjId(self.below(n) as u8)),
        }
    }
}

fn type_of(state: &ObjectState) -> tracehound::ir::Type {
    use tracehound::ir::Type;
    match state {
        ObjectState::Str(_) => Type::Str,
        ObjectState::Table { .. } => Type::Tab,
        ObjectState::Func(_) => Type::Func,
        ObjectState::Udata(..) => Type::Udata,
        ObjectState::Cdata(..) => Type::Cdata,
        ObjectState::Other => Type::Thread,
    }
}
