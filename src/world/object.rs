//! Lua objects of a world: what they are made of, and where their headers lie.
//!
//! The backend makes them with its own library. Only the headers' addresses are fixed ([`super::World::object_address`]); array and hash
//! parts lie where the library puts them.

use super::{BadWorld, World};
use crate::ir::{CdataType, Key, ObjId, Slot, Type};

/// Address of the object area: 16 MiB above the arena's base (see `luajit-arm64-sys`, `Layout`).
pub const OBJECT_BASE: u64 = 0x2000_0100_0000;
/// Bytes for the headers of all objects, with strings and payloads.
pub const OBJECT_AREA: u64 = 1 << 20;
/// Most objects of a world.
pub const MAX_OBJECTS: usize = 32;
/// Most bytes of a string or payload.
pub const MAX_BYTES: usize = 8 << 10;
/// Most slots of an array part.
pub const MAX_ASIZE: u32 = 8 << 10;
/// Most bits of a hash part's size.
pub const MAX_HBITS: u8 = 12;
/// Most upvalues of a function.
pub const MAX_UPVALUES: usize = 16;
/// Size of a string's header (`sizeof(GCstr)`): its bytes follow.
pub const STR_HEADER: u64 = 24;
/// Size of a cdata's header (`sizeof(GCcdata)`): its payload follows.
pub const CDATA_HEADER: u64 = 16;
/// Size of a userdata's header (`sizeof(GCudata)`): its payload follows.
pub const UDATA_HEADER: u64 = 48;
/// Objects start at multiples of this, in bytes.
const ALIGN: u64 = 64;
/// Room for a table's header and a small array part behind it, or a function with its upvalues' pointers.
const ROOM: u64 = 256;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// Its name in text, as a region's. Names of regions and objects differ.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
}

/// What an object is: all that is the same for all inputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A string. No two of a world have the same bytes.
    Str(Vec<u8>),
    /// A table.
    Table {
        /// Slots of the array part, index 0 included; 0 for none.
        asize: u32,
        /// The hash part has `1 << hbits` nodes; `None` for no hash part. Keys fit in it.
        hbits: Option<u8>,
        /// Keys of the hash part, in the order they are inserted. No integer below `asize`.
        keys: Vec<Key>,
        /// Metatable.
        meta: Option<ObjId>,
        /// The collector has marked it black: stores to it need a barrier.
        black: bool,
    },
    /// A Lua function.
    Func {
        /// Its upvalues.
        upvalues: Vec<Upvalue>,
    },
    /// A full userdata.
    Udata {
        /// Bytes of payload.
        size: u32,
        /// Metatable.
        meta: Option<ObjId>,
    },
    /// A foreign data object.
    Cdata(CdataType),
}

/// An upvalue of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Upvalue {
    /// It has a value of its own.
    Closed,
    /// It is a slot of the Lua stack.
    Open(Slot),
}

impl ObjectKind {
    /// The type of values that are this object.
    pub const fn ty(&self) -> Type {
        match self {
            ObjectKind::Str(_) => Type::Str,
            ObjectKind::Table { .. } => Type::Tab,
            ObjectKind::Func { .. } => Type::Func,
            ObjectKind::Udata { .. } => Type::Udata,
            ObjectKind::Cdata(_) => Type::Cdata,
        }
    }

    /// Bytes from the header's start to the payload, and bytes of payload, for objects that hold plain bytes.
    pub fn payload(&self) -> Option<(u64, u32)> {
        match self {
            // A string ends in a zero byte.
            ObjectKind::Str(bytes) => Some((STR_HEADER, u32::try_from(bytes.len() + 1).ok()?)),
            ObjectKind::Udata { size, .. } => Some((UDATA_HEADER, *size)),
            ObjectKind::Cdata(ty) => Some((CDATA_HEADER, ty.size()?)),
            ObjectKind::Table { .. } | ObjectKind::Func { .. } => None,
        }
    }

    /// Bytes that the object may take.
    fn room(&self) -> u64 {
        let payload = self.payload().map_or(0, |(at, len)| at + u64::from(len));
        // A gap between objects: a store just outside of one hits no other.
        payload.max(ROOM).next_multiple_of(ALIGN) + ALIGN
    }
}

/// The address of object `n`, which lies behind all before it.
pub(super) fn address(objects: &[Object], n: usize) -> u64 {
    // The library wants room in front of an object: a cdata may have a second header there.
    OBJECT_BASE + ALIGN + objects[..n].iter().map(|o| o.kind.room()).sum::<u64>()
}

/// Checks the objects of a world.
pub(super) fn check(world: &World) -> Result<(), BadWorld> {
    let objects = &world.objects;
    for (i, o) in objects.iter().enumerate() {
        let bad = |why: String| BadWorld::Object { name: o.name.clone(), why };
        let taken = objects[..i].iter().any(|p| p.name == o.name) || world.regions.iter().any(|r| r.name == o.name);
        if taken || !super::is_word(&o.name) {
            return Err(BadWorld::Name(o.name.clone()));
        }
        check_kind(world, i, &o.kind).map_err(bad)?;
    }
    match objects.last() {
        Some(last) if objects.len() > MAX_OBJECTS => Err(BadWorld::Object {
            name: last.name.clone(),
            why: format!("is one of {} objects, the most is {MAX_OBJECTS}", objects.len()),
        }),
        Some(last) if address(objects, objects.len()) > OBJECT_BASE + OBJECT_AREA => {
            Err(BadWorld::Object { name: last.name.clone(), why: "does not fit in the object area".into() })
        }
        _ => Ok(()),
    }
}

fn check_kind(world: &World, n: usize, kind: &ObjectKind) -> Result<(), String> {
    match kind {
        ObjectKind::Str(bytes) if bytes.len() > MAX_BYTES => Err(format!("has more than {MAX_BYTES} bytes")),
        ObjectKind::Str(bytes) => {
            let same = |o: &Object| matches!(&o.kind, ObjectKind::Str(b) if b == bytes);
            let twin = world.objects[..n].iter().find(|o| same(o));
            twin.map_or(Ok(()), |o| Err(format!("has the bytes of {}, and a string exists once", o.name)))
        }
        ObjectKind::Table { asize, hbits, keys, meta, .. } => {
            check_meta(world, *meta)?;
            check_table(world, *asize, *hbits, keys)
        }
        ObjectKind::Func { upvalues } if upvalues.len() > MAX_UPVALUES => {
            Err(format!("has more than {MAX_UPVALUES} upvalues"))
        }
        ObjectKind::Func { upvalues } => upvalues.iter().try_for_each(|u| match u {
            Upvalue::Open(s) if !crate::ir::validate::is_slot(*s) => Err(format!("slot #{} is out of range", s.0)),
            _ => Ok(()),
        }),
        ObjectKind::Udata { size, .. } if *size as usize > MAX_BYTES => Err(format!("has more than {MAX_BYTES} bytes")),
        ObjectKind::Udata { meta, .. } => check_meta(world, *meta),
        ObjectKind::Cdata(CdataType::Vla) => Err("has a type without a size".into()),
        ObjectKind::Cdata(ty) => match CdataType::from_text(&ty.text()) {
            Some(_) => Ok(()),
            None => Err("is a structure of an odd size: multiples of 8 up to 64 bytes".into()),
        },
    }
}

fn check_meta(world: &World, meta: Option<ObjId>) -> Result<(), String> {
    let ty = meta.map(|id| world.objects.get(usize::from(id.0)).map(|o| o.kind.ty()));
    match ty {
        None | Some(Some(Type::Tab)) => Ok(()),
        _ => Err("has a metatable that is no table of the world".into()),
    }
}

fn check_table(world: &World, asize: u32, hbits: Option<u8>, keys: &[Key]) -> Result<(), String> {
    if asize > MAX_ASIZE || hbits.is_some_and(|b| !(1..=MAX_HBITS).contains(&b)) {
        return Err(format!(
            "has more than {MAX_ASIZE} array slots, or a hash part of other than 2^1 to 2^{MAX_HBITS} nodes"
        ));
    }
    if keys.len() > hbits.map_or(0, |b| 1 << b) {
        return Err(format!("has {} keys, which do not fit in its hash part", keys.len()));
    }
    for (i, key) in keys.iter().enumerate() {
        let fits = match key {
            Key::Obj(id) => usize::from(id.0) < world.objects.len(),
            Key::Int(k) => u32::try_from(*k).map_or(true, |k| k >= asize),
            Key::Num(bits) => crate::ir::validate::is_num_key(*bits),
            Key::Bool(_) => true,
        };
        if !fits || keys[..i].contains(key) {
            return Err("has a key that is no key of its hash part, or has it twice".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, kind: ObjectKind) -> Object {
        Object { name: name.into(), kind }
    }

    fn check(objects: Vec<Object>) -> Result<(), BadWorld> {
        World { objects, ..World::default() }.check()
    }

    fn table(keys: Vec<Key>) -> ObjectKind {
        ObjectKind::Table { asize: 4, hbits: Some(1), keys, meta: None, black: false }
    }

    #[test]
    fn objects_do_not_overlap() {
        let objects = vec![
            named("s", ObjectKind::Str(vec![b'x'; 1000])),
            named("t", table(vec![])),
            named("u", ObjectKind::Udata { size: 8, meta: None }),
        ];
        let world = World { objects, ..World::default() };
        assert_eq!(world.check(), Ok(()));
        let at: Vec<u64> = (0..3).map(|i| world.object_address(ObjId(i))).collect();
        assert_eq!(at[0], OBJECT_BASE + ALIGN);
        assert!(at[1] >= at[0] + STR_HEADER + 1001 && at[2] >= at[1] + 64 + 16 * 8, "{at:x?}");
        assert_eq!(world.object_at(at[1]), Some(ObjId(1)));
        assert_eq!(world.object_at(at[1] + 8), None);
    }

    #[test]
    fn keys_fit_the_hash_part_and_stand_once() {
        assert_eq!(check(vec![named("t", table(vec![Key::Int(4), Key::Int(-1)]))]), Ok(()));
        for keys in [
            vec![Key::Int(3)],
            vec![Key::Int(9), Key::Int(9)],
            vec![Key::Int(9), Key::Int(10), Key::Int(11)],
            vec![Key::Num(2f64.to_bits())],
            vec![Key::Num(f64::NAN.to_bits())],
            vec![Key::Obj(ObjId(1))],
        ] {
            assert!(check(vec![named("t", table(keys.clone()))]).is_err(), "{keys:?}");
        }
    }

    #[test]
    fn strings_exist_once() {
        let s = |name: &str| named(name, ObjectKind::Str(b"x".to_vec()));
        assert!(matches!(check(vec![s("a"), s("b")]), Err(BadWorld::Object { .. })));
        assert!(matches!(check(vec![s("a"), s("a")]), Err(BadWorld::Name(_))));
    }
}
