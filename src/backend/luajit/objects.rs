//! The world's objects in LuaJIT: made by its own functions before the trace is built, given an input's values before each run, read back
//! after it.

use crate::backend::Refusal;
use crate::case::{Case, Input, ObjectValues};
use crate::ir::{Arg, CdataType, Const, Ins, Key, ObjId, Type};
use crate::outcome::{Heap, ObjectState};
use crate::world::{
    GCV_MASK, ObjectKind, SlotValue, TAG_INT, TV_FALSE, TV_NIL, TV_TRUE, Upvalue, World, encode_gc, encode_int, itype,
};
use luajit_arm64_sys::{self as sys, Color, Jit};
use std::collections::BTreeMap;

/// Objects that are read back after a run, at most: wrong code may have made a long chain of them.
const MAX_READ: usize = 4096;

/// What was made for a case.
#[derive(Default)]
pub struct Objects {
    /// The library's numbers of C types.
    ctypes: BTreeMap<CdataType, u32>,
}

impl Objects {
    /// Makes the objects of a case's world, with the first input's values: FOLD looks at constant objects.
    pub fn make(jit: &mut Jit, case: &Case) -> Result<Objects, Refusal> {
        let mut objects = Objects::default();
        let world = &case.world;
        let ids = || (0..world.objects.len()).map(|i| ObjId(u8::try_from(i).expect("checked case")));
        for id in ids() {
            objects.make_one(jit, world, id)?;
        }
        for id in ids() {
            link(jit, world, id).map_err(broken)?;
        }
        // Types are named while no trace is built.
        let traces = std::iter::once(&case.trace).chain(case.side.iter().map(|s| &s.trace));
        for arg in traces.flat_map(|t| &t.ins).flat_map(Ins::args) {
            if let Arg::K(Const::Ctype(ty)) = arg {
                objects.name(jit, ty)?;
            }
        }
        if let Some(input) = case.inputs.first() {
            write_values(jit, case, input).map_err(broken)?;
        }
        Ok(objects)
    }

    fn make_one(&mut self, jit: &mut Jit, world: &World, id: ObjId) -> Result<(), Refusal> {
        let addr = world.object_address(id);
        match &world.object(id).kind {
            ObjectKind::Str(bytes) => match jit.new_str(addr, bytes).map_err(broken)? {
                at if at == addr => Ok(()),
                // Strings are unique: this one is elsewhere.
                _ => Err(Refusal::Skip("a string of the VM's own".into())),
            },
            ObjectKind::Table { asize, hbits, .. } => {
                jit.new_tab(addr, *asize, u32::from(hbits.unwrap_or(0))).map_err(broken)
            }
            ObjectKind::Func { upvalues } => {
                let upvalue = |u: &Upvalue| match u {
                    Upvalue::Closed => sys::Upvalue::Closed(TV_NIL),
                    Upvalue::Open(slot) => sys::Upvalue::Open(slot.0),
                };
                jit.new_func(addr, &upvalues.iter().map(upvalue).collect::<Vec<_>>()).map_err(broken)
            }
            ObjectKind::Udata { size, .. } => jit.new_udata(addr, *size).map_err(broken),
            ObjectKind::Cdata(ty) => {
                let ctype = self.name(jit, *ty)?;
                jit.new_cdata(addr, ctype, ty.size().unwrap_or(0)).map_err(broken)
            }
        }
    }

    /// The library's number of a C type that the case names.
    pub fn ctype(&self, ty: CdataType) -> Result<u32, Refusal> {
        let id = self.ctypes.get(&ty).copied();
        id.ok_or_else(|| Refusal::Broken(format!("the type {} was not named before", ty.text())))
    }

    fn name(&mut self, jit: &mut Jit, ty: CdataType) -> Result<u32, Refusal> {
        if let Some(id) = self.ctypes.get(&ty) {
            return Ok(*id);
        }
        let id = jit.ctype(&ty.c_name()).map_err(broken)?.id;
        self.ctypes.insert(ty, id);
        Ok(id)
    }

    /// The state of the world's objects and of everything that they and the roots lead to. What is no sound object is left out.
    pub fn read(&self, jit: &Jit, world: &World, roots: &[u64]) -> Heap {
        let ids = (0..world.objects.len()).filter_map(|i| u8::try_from(i).ok()).map(ObjId);
        let mut open: Vec<u64> = ids.map(|id| world.object_address(id)).collect();
        open.extend(roots.iter().copied().filter_map(object_address));
        let mut heap = Heap::new();
        while let Some(addr) = open.pop() {
            if heap.contains_key(&addr) || heap.len() >= MAX_READ {
                continue;
            }
            if let Ok(object) = jit.read_object(addr) {
                let state = self.state(object);
                children(&state, &mut open);
                heap.insert(addr, state);
            }
        }
        heap
    }

    fn state(&self, object: sys::Object) -> ObjectState {
        let black = object.color == Color::Black;
        match object.kind {
            sys::ObjectKind::Str(bytes) => ObjectState::Str(bytes),
            sys::ObjectKind::Table { array, nodes, meta, .. } => {
                let keys = (0..).map_while(|k: i64| i32::try_from(k).ok()).map(encode_int);
                let nodes = nodes.into_iter().map(|(key, value)| (same_key(key), value));
                let all = keys.zip(array).chain(nodes);
                let mut entries: Vec<(u64, u64)> = all.filter(|(_, value)| *value != TV_NIL).collect();
                entries.sort_unstable();
                ObjectState::Table { entries, meta, black }
            }
            sys::ObjectKind::Func(upvalues) => ObjectState::Func(upvalues.iter().map(|u| u.value).collect()),
            sys::ObjectKind::Udata { bytes, meta, .. } => ObjectState::Udata(meta, bytes),
            sys::ObjectKind::Cdata { ctype, bytes } => {
                let ty = self.ctypes.iter().find(|(_, id)| **id == ctype).map(|(ty, _)| *ty);
                ObjectState::Cdata(ty, bytes)
            }
            sys::ObjectKind::Other(_) => ObjectState::Other,
        }
    }
}

fn broken(e: sys::Error) -> Refusal {
    Refusal::Broken(e.to_string())
}

/// What needs other objects to be there.
fn link(jit: &mut Jit, world: &World, id: ObjId) -> Result<(), sys::Error> {
    let addr = world.object_address(id);
    match &world.object(id).kind {
        ObjectKind::Table { keys, meta, black, .. } => {
            for key in keys {
                // A node whose value is nil is free for the next key.
                jit.tab_set(addr, key_word(world, *key), encode_int(0))?;
            }
            if let Some(meta) = meta {
                jit.set_meta(addr, world.object_address(*meta))?;
            }
            if *black { jit.set_color(addr, Color::Black) } else { Ok(()) }
        }
        ObjectKind::Udata { meta: Some(meta), .. } => jit.set_meta(addr, world.object_address(*meta)),
        _ => Ok(()),
    }
}

/// The word of a key.
pub fn key_word(world: &World, key: Key) -> u64 {
    match key {
        Key::Obj(id) => SlotValue::Obj(id).encode(world),
        Key::Int(k) => encode_int(k),
        Key::Num(bits) => bits,
        Key::Bool(false) => TV_FALSE,
        Key::Bool(true) => TV_TRUE,
    }
}

/// Gives all objects an input's values.
pub fn write_values(jit: &mut Jit, case: &Case, input: &Input) -> Result<(), sys::Error> {
    let world = &case.world;
    let word = |v: &SlotValue| v.encode(world);
    for (i, (object, values)) in world.objects.iter().zip(&input.objects).enumerate() {
        let addr = world.object_address(ObjId(u8::try_from(i).expect("checked case")));
        match (&object.kind, values) {
            (ObjectKind::Table { keys, .. }, ObjectValues::Table { array, hash }) => {
                let array: Vec<u64> = array.iter().map(word).collect();
                let pairs: Vec<(u64, u64)> =
                    keys.iter().zip(hash).map(|(k, v)| (key_word(world, *k), word(v))).collect();
                jit.tab_write(addr, &array, &pairs)?;
            }
            (_, ObjectValues::Upvalues(values)) => {
                jit.func_write(addr, &values.iter().map(word).collect::<Vec<_>>())?;
            }
            (kind, ObjectValues::Bytes(bytes)) => {
                let payload = kind.payload().map_or(0, |(at, _)| at);
                jit.write(addr + payload, bytes)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The hash part has integers as numbers (`lj_tab.c: lj_tab_setinth`); the array part's keys have no form.
fn same_key(key: u64) -> u64 {
    let n = f64::from_bits(key);
    #[expect(clippy::cast_possible_truncation, reason = "checked to be an integer of 32 bits")]
    let int = n as i32;
    if f64::from(int) == n && key >> 32 < TAG_INT { encode_int(int) } else { key }
}

/// The address in a word that is an object.
fn object_address(word: u64) -> Option<u64> {
    const OBJECTS: [Type; 7] = [Type::Str, Type::Thread, Type::Proto, Type::Func, Type::Cdata, Type::Tab, Type::Udata];
    let addr = word & GCV_MASK;
    OBJECTS.iter().any(|ty| encode_gc(itype(*ty), addr) == word).then_some(addr)
}

/// Addresses that an object leads to.
fn children(state: &ObjectState, open: &mut Vec<u64>) {
    match state {
        ObjectState::Table { entries, meta, .. } => {
            open.extend(entries.iter().flat_map(|(k, v)| [*k, *v]).filter_map(object_address));
            open.extend((*meta != 0).then_some(*meta));
        }
        ObjectState::Func(upvalues) => open.extend(upvalues.iter().copied().filter_map(object_address)),
        ObjectState::Udata(meta, _) => open.extend((*meta != 0).then_some(*meta)),
        ObjectState::Str(_) | ObjectState::Cdata(..) | ObjectState::Other => {}
    }
}
