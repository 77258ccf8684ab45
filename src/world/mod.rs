//! The world of a trace: memory regions and the encoding of Lua stack slots.
//!
//! Addresses are fixed, so that code and verdicts are the same on every run: every region lies in the data area
//! that starts at [`DATA_BASE`], which host, backend and emulator map at the same address.

pub mod object;

use crate::ir::{ObjId, SymPtr, Type};
pub use object::{Object, ObjectKind, Upvalue};
use thiserror::Error;

/// Address of the data area: 66 MiB above the arena's base (see `luajit-arm64-sys`, `Layout`).
pub const DATA_BASE: u64 = 0x2000_0420_0000;
/// Bytes of the data area that regions may use.
pub const DATA_SIZE: u32 = 128 << 10;
/// What unused bytes of the data area hold; a store there is found by its absence.
pub const GAP_BYTE: u8 = 0xa5;
/// Most regions of a world.
pub const MAX_REGIONS: usize = 16;
/// Most characters of a region's name.
pub const MAX_NAME: usize = 32;

/// A piece of memory that a trace may read, and write unless it is read-only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// Its name in text: letters, digits, `_`, starting with a letter, [`MAX_NAME`] at most.
    pub name: String,
    /// Bytes from [`DATA_BASE`].
    pub offset: u32,
    /// Size in bytes.
    pub size: u32,
    /// Constant memory: the same bytes in all inputs, no stores.
    pub readonly: bool,
}

impl Region {
    /// The address of its first byte.
    pub fn address(&self) -> u64 {
        DATA_BASE + u64::from(self.offset)
    }
}

/// Everything a trace can touch but its inputs' values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// Regions, in ascending order of offset, not overlapping.
    pub regions: Vec<Region>,
    /// Lua objects.
    pub objects: Vec<Object>,
}

/// Why a world can't exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadWorld {
    /// More regions than fit.
    #[error("{0} regions, the most is {MAX_REGIONS}")]
    TooMany(usize),
    /// A region has no bytes or leaves the data area.
    #[error("region {0}: does not fit in the {DATA_SIZE} bytes of the data area")]
    OutOfArea(String),
    /// Two regions share bytes, or are out of order.
    #[error("region {1}: starts before the end of region {0}")]
    Overlap(String, String),
    /// Two regions share a name, or a name can't be written in text.
    #[error("region {0:?}: the name is taken, or not a word of up to {MAX_NAME} characters")]
    Name(String),
    /// An object that can't exist.
    #[error("object {name}: {why}")]
    Object {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
}

impl World {
    /// The absolute address behind a symbolic pointer.
    pub fn address(&self, p: SymPtr) -> u64 {
        self.regions[usize::from(p.region.0)].address().wrapping_add_signed(p.offset)
    }

    /// The region that holds all of `len` bytes at `addr`: its index and the offset in it.
    pub fn locate(&self, addr: u64, len: u32) -> Option<(usize, usize)> {
        self.regions.iter().enumerate().find_map(|(i, r)| {
            let offset = addr.checked_sub(r.address())?;
            let end = offset.checked_add(u64::from(len))?;
            (end <= u64::from(r.size)).then_some((i, usize::try_from(offset).ok()?))
        })
    }

    /// Checks names, sizes and order.
    pub fn check(&self) -> Result<(), BadWorld> {
        if self.regions.len() > MAX_REGIONS {
            return Err(BadWorld::TooMany(self.regions.len()));
        }
        for (i, r) in self.regions.iter().enumerate() {
            let taken = self.regions[..i].iter().any(|o| o.name == r.name);
            if taken || !is_word(&r.name) {
                return Err(BadWorld::Name(r.name.clone()));
            }
            if r.size == 0 || r.offset.checked_add(r.size).is_none_or(|end| end > DATA_SIZE) {
                return Err(BadWorld::OutOfArea(r.name.clone()));
            }
            match i.checked_sub(1).map(|p| &self.regions[p]) {
                Some(p) if p.offset + p.size > r.offset => {
                    return Err(BadWorld::Overlap(p.name.clone(), r.name.clone()));
                }
                _ => {}
            }
        }
        object::check(self)
    }

    /// The address of an object's header, the same in every backend: what a tagged slot of it holds.
    pub fn object_address(&self, id: ObjId) -> u64 {
        object::address(&self.objects, usize::from(id.0))
    }

    /// The addresses of all objects.
    pub fn object_addresses(&self) -> Vec<u64> {
        (0..self.objects.len()).map(|n| object::address(&self.objects, n)).collect()
    }

    /// The object whose header is at `addr`.
    pub fn object_at(&self, addr: u64) -> Option<ObjId> {
        let ids = (0..self.objects.len()).filter_map(|i| u8::try_from(i).ok()).map(ObjId);
        ids.into_iter().find(|id| self.object_address(*id) == addr)
    }

    /// An object.
    pub fn object(&self, id: ObjId) -> &Object {
        &self.objects[usize::from(id.0)]
    }

    /// The type of each object.
    pub fn object_types(&self) -> Vec<Type> {
        self.objects.iter().map(|o| o.kind.ty()).collect()
    }
}

fn is_word(s: &str) -> bool {
    let fits = s.starts_with(|c: char| c.is_ascii_alphabetic()) && s.len() <= MAX_NAME;
    fits && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The value of a Lua stack slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotValue {
    /// nil
    Nil,
    /// false
    False,
    /// true
    True,
    /// An integer (this is a dual-number build).
    Int(i32),
    /// A number, by its bits. NaNs other than the canonical one collide with tags and are not Lua values.
    Num(u64),
    /// A string object at this address. Traces only compute addresses from it (`STRREF`).
    Str(SymPtr),
    /// An object of the world.
    Obj(ObjId),
}

/// The tag of an integer slot: the upper half of its word (`LJ_TISNUM << 15`).
pub const TAG_INT: u64 = 0xfff9_0000;
/// `LJ_TSTR`, sign-extended: the upper 17 bits of a string slot.
pub const ITYPE_STR: i64 = -5;
/// Bits of a slot's pointer (`LJ_GCVMASK`).
pub const GCV_MASK: u64 = 0x7fff_ffff_ffff;
/// The word of a nil slot.
pub const TV_NIL: u64 = u64::MAX;
/// The word of a false slot.
pub const TV_FALSE: u64 = !(1 << 47);
/// The word of a true slot.
pub const TV_TRUE: u64 = !(2 << 47);

impl SlotValue {
    /// The 64-bit word of the slot (GC64 `TValue`, `lj_obj.h`).
    pub fn encode(self, world: &World) -> u64 {
        match self {
            SlotValue::Nil => TV_NIL,
            SlotValue::False => TV_FALSE,
            SlotValue::True => TV_TRUE,
            SlotValue::Int(i) => encode_int(i),
            SlotValue::Num(bits) => bits,
            SlotValue::Str(p) => encode_gc(ITYPE_STR, world.address(p)),
            SlotValue::Obj(id) => encode_gc(itype(world.object(id).kind.ty()), world.object_address(id)),
        }
    }
}

/// The sign-extended tag of an object type (`lj_obj.h`, "Internal object tags"). Panics on what is no object.
pub const fn itype(ty: Type) -> i64 {
    match ty {
        Type::LightUd => -4,
        Type::Str => ITYPE_STR,
        Type::Thread => -7,
        Type::Proto => -8,
        Type::Func => -9,
        Type::Cdata => -11,
        Type::Tab => -12,
        Type::Udata => -13,
        _ => panic!("not the type of an object"),
    }
}

/// The word of an integer slot.
pub fn encode_int(i: i32) -> u64 {
    TAG_INT << 32 | u64::from(i.cast_unsigned())
}

/// The word of an object slot.
pub fn encode_gc(itype: i64, addr: u64) -> u64 {
    (itype << 47).cast_unsigned() | (addr & GCV_MASK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::RegionId;

    fn region(name: &str, offset: u32, size: u32) -> Region {
        Region { name: name.into(), offset, size, readonly: false }
    }

    #[test]
    fn regions_must_not_overlap_or_leave_the_area() {
        let check = |regions: Vec<Region>| World { regions, objects: vec![] }.check();
        assert_eq!(check(vec![region("a", 0, 64), region("b", 64, 64)]), Ok(()));
        assert!(matches!(check(vec![region("a", 0, 65), region("b", 64, 64)]), Err(BadWorld::Overlap(..))));
        assert!(matches!(check(vec![region("a", DATA_SIZE - 8, 9)]), Err(BadWorld::OutOfArea(_))));
        assert!(matches!(check(vec![region("a", u32::MAX, 9)]), Err(BadWorld::OutOfArea(_))));
        assert!(matches!(check(vec![region("a", 0, 8), region("a", 8, 8)]), Err(BadWorld::Name(_))));
        assert!(matches!(check(vec![region("1a", 0, 8)]), Err(BadWorld::Name(_))));
        assert!(matches!(check(vec![region(&"a".repeat(MAX_NAME + 1), 0, 8)]), Err(BadWorld::Name(_))));
    }

    #[test]
    fn an_access_across_a_regions_end_is_outside() {
        let w = World { regions: vec![region("a", 16, 8)], ..World::default() };
        assert_eq!(w.locate(DATA_BASE + 16, 8), Some((0, 0)));
        assert_eq!(w.locate(DATA_BASE + 17, 8), None);
        assert_eq!(w.locate(DATA_BASE + 15, 1), None);
        assert_eq!(w.locate(u64::MAX, 8), None);
    }

    #[test]
    fn slots_are_encoded_as_gc64_tvalues() {
        let w = World { regions: vec![region("a", 0, 8)], ..World::default() };
        assert_eq!(SlotValue::Int(-1).encode(&w), 0xfff9_0000_ffff_ffff);
        assert_eq!(SlotValue::False.encode(&w), 0xffff_7fff_ffff_ffff);
        let p = SymPtr { region: RegionId(0), offset: 0 };
        assert_eq!(SlotValue::Str(p).encode(&w) >> 47, 0x1_fffb);
        assert_eq!(SlotValue::Str(p).encode(&w) & GCV_MASK, DATA_BASE);
    }
}
