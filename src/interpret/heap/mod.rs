//! Lua objects of a run: what each one means, not how its library lays it out.
//!
//! Objects of the world have their true addresses. Objects that the run makes, places in tables and the VM's own data have imaginary ones,
//! in a range that nothing else uses: they lead back to what they stand for, and no outcome shows them.

mod leave;
mod place;
mod rehash;
mod table;

pub(super) use place::Place;
pub use table::{Found, Table};

use super::error::Undefined;
use crate::case::{Input, ObjectValues};
use crate::ir::{CdataType, Class, Key, ObjId, Type};
use crate::world::object::{CDATA_HEADER, STR_HEADER, UDATA_HEADER};
use crate::world::{ObjectKind, SlotValue, TV_FALSE, TV_NIL, TV_TRUE, Upvalue, World, encode_gc, encode_int, itype};
use std::collections::BTreeMap;
use std::ops::Range;

/// Imaginary addresses: they stand for objects that a run makes, and for places in all objects. The machine's are others.
pub const IMAGINARY_ADDRESSES: Range<u64> = IMAGINARY..0x8000_0000_0000;
/// Where they start. Objects that the run makes come first.
pub(super) const IMAGINARY: u64 = 0x6000_0000_0000;
/// Places in objects.
const PLACES: u64 = 0x7000_0000_0000;
/// Bytes from place to place: no address of one is that of another with a small offset.
const PLACE_SIZE: u64 = 1 << 16;
/// The nil that a search in a table gives when there is no such key.
pub(super) const NIL_TV: u64 = 0x7fff_0000_0000;
/// The VM's temporary string buffer.
pub(super) const TMP_BUF: u64 = 0x7fff_0001_0000;
/// The running thread.
pub(super) const THREAD: u64 = 0x7fff_0002_0000;
/// The table of global variables.
pub(super) const ENV: u64 = 0x7fff_0003_0000;
/// Bytecode of functions; those with as many upvalues share it.
pub(super) const BYTECODE: u64 = 0x7fff_0004_0000;

/// Most bytes of a string or payload that a run may make: compiled code has to keep them too.
pub(super) const MAX_MADE: usize = 64 << 10;
/// Most bytes of all objects that a run may make.
const MAX_TOTAL: usize = 4 << 20;
/// Objects that the run makes start at multiples of this, with at least as much between them.
const ROOM: u64 = 64;

/// All objects of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap {
    /// In ascending order of address: those of the world by their number, then new ones.
    objects: Vec<Object>,
    /// Strings by their bytes: there is one of each.
    strings: BTreeMap<Vec<u8>, u64>,
    places: Vec<Place>,
    /// Bytes made so far.
    made: usize,
    /// What is in the temporary buffer.
    pub buffer: Vec<u8>,
    /// The word in the VM's temporary; `None` when that is not defined.
    pub temporary: Option<u64>,
}

#[derive(Clone, Debug)]
struct Object {
    address: u64,
    body: Body,
}

/// What an object holds.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Bytes, without the zero behind them.
    Str(Vec<u8>),
    Table(Table),
    Func(Vec<Cell>),
    Udata {
        meta: u64,
        payload: Vec<u8>,
    },
    Cdata(Cdata),
}

/// An upvalue: its own word, or the index of a stack slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Closed(u64),
    Open(usize),
}

/// A foreign data object.
#[derive(Clone, Debug)]
pub(super) struct Cdata {
    pub ty: CdataType,
    pub payload: Vec<u8>,
    /// Which bytes have a value. Empty: all.
    pub blank: Vec<bool>,
    /// Made with its value (`CNEWI`), which never changes: two of the same value may be one object.
    pub boxed: bool,
}

/// Bytes of an object that plain loads reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub object: usize,
    pub offset: usize,
}

impl Heap {
    /// The world's objects, without values.
    pub fn of(world: &World) -> Heap {
        let mut heap = Heap::default();
        for (n, object) in world.objects.iter().enumerate() {
            let address = world.object_address(object_id(n));
            if let ObjectKind::Str(bytes) = &object.kind {
                heap.strings.insert(bytes.clone(), address);
            }
            heap.objects.push(Object { address, body: body(&object.kind, object_id(n), world) });
        }
        heap
    }

    /// True while there are no objects, and no place has been referred to.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.places.is_empty()
    }

    /// The same with an input's values.
    pub fn with_values(&self, world: &World, input: &Input) -> Heap {
        let mut heap = self.clone();
        let addresses: Vec<u64> = heap.objects.iter().map(|o| o.address).collect();
        let word = |v: &SlotValue| match v {
            SlotValue::Obj(id) => {
                let n = usize::from(id.0);
                encode_gc(itype(world.objects[n].kind.ty()), addresses[n])
            }
            v => v.encode(world),
        };
        for (n, values) in input.objects.iter().enumerate() {
            fill(&mut heap.objects[n].body, &world.objects[n].kind, values, word, |k| key_word(k, world, &addresses));
        }
        heap
    }

    /// The object whose header is at this address.
    pub fn find(&self, address: u64) -> Option<usize> {
        self.objects.binary_search_by_key(&address, |o| o.address).ok()
    }

    pub fn body(&self, object: usize) -> &Body {
        &self.objects[object].body
    }

    pub fn body_mut(&mut self, object: usize) -> &mut Body {
        &mut self.objects[object].body
    }

    /// The table at this address.
    pub fn table(&self, address: u64) -> Result<(usize, &Table), Undefined> {
        match self.find(address).map(|n| (n, &self.objects[n].body)) {
            Some((n, Body::Table(t))) => Ok((n, t)),
            _ => Err(Undefined::NoObject),
        }
    }

    pub fn table_mut(&mut self, address: u64) -> Result<&mut Table, Undefined> {
        let n = self.find(address).ok_or(Undefined::NoObject)?;
        self.table_at(n)
    }

    /// The table of this number.
    pub fn table_at(&mut self, object: usize) -> Result<&mut Table, Undefined> {
        match &mut self.objects[object].body {
            Body::Table(t) => Ok(t),
            _ => Err(Undefined::NoObject),
        }
    }

    /// The bytes of the string at this address.
    pub fn string(&self, address: u64) -> Result<&[u8], Undefined> {
        match self.find(address).map(|n| &self.objects[n].body) {
            Some(Body::Str(bytes)) => Ok(bytes),
            _ => Err(Undefined::NoObject),
        }
    }

    /// The bytes of an object that lie at an address, all of them inside one object.
    pub fn span(&self, address: u64, len: u64) -> Option<Span> {
        let object = self.objects.partition_point(|o| o.address <= address).checked_sub(1)?;
        let (header, size) = extent(&self.objects[object].body)?;
        let offset = (address - self.objects[object].address).checked_sub(header)?;
        let fits = offset.checked_add(len)? <= size;
        fits.then_some(Span { object, offset: usize::try_from(offset).ok()? })
    }

    /// Adds an object; its address.
    pub fn add(&mut self, body: Body) -> Result<u64, Undefined> {
        let size = body_size(&body);
        self.made += size + 64;
        if self.made > MAX_TOTAL {
            return Err(Undefined::TooLarge);
        }
        let last = self.objects.last().filter(|o| o.address >= IMAGINARY);
        let address =
            last.map_or(IMAGINARY, |o| (o.address + body_size(&o.body) as u64 + 2 * ROOM).next_multiple_of(ROOM));
        self.objects.push(Object { address, body });
        Ok(address)
    }

    /// The string with these bytes: an old one if there is one.
    pub fn intern(&mut self, bytes: &[u8]) -> Result<u64, Undefined> {
        if let Some(address) = self.strings.get(bytes) {
            return Ok(*address);
        }
        if bytes.len() > MAX_MADE {
            return Err(Undefined::TooLarge);
        }
        let address = self.add(Body::Str(bytes.to_vec()))?;
        self.strings.insert(bytes.to_vec(), address);
        Ok(address)
    }

    /// The imaginary address of a place.
    pub fn refer(&mut self, place: Place) -> u64 {
        let n = self.places.iter().rev().take(8).position(|p| *p == place).map(|back| self.places.len() - 1 - back);
        let n = n.unwrap_or_else(|| {
            self.places.push(place);
            self.places.len() - 1
        });
        PLACES + n as u64 * PLACE_SIZE
    }

    /// The place at an imaginary address.
    pub fn place(&self, address: u64) -> Option<Place> {
        let n = address.checked_sub(PLACES)? / PLACE_SIZE;
        address.is_multiple_of(PLACE_SIZE).then(|| self.places.get(usize::try_from(n).ok()?).copied())?
    }
}

/// The number that stands for a C type's, which the library chooses.
pub(super) fn ctype_number(ty: CdataType) -> u64 {
    match ty {
        CdataType::Int32 => 0x101,
        CdataType::Int64 => 0x102,
        CdataType::UInt64 => 0x103,
        CdataType::Double => 0x104,
        CdataType::Pointer => 0x105,
        CdataType::Vla => 0x106,
        CdataType::Struct(n) => 0x200 + u64::from(n),
    }
}

/// The word of a key. One that is an integer is an integer, wherever the table keeps it.
pub(super) fn key_word(key: Key, world: &World, addresses: &[u64]) -> u64 {
    match key {
        Key::Obj(ObjId(n)) => encode_gc(itype(world.objects[usize::from(n)].kind.ty()), addresses[usize::from(n)]),
        Key::Int(i) => encode_int(i),
        Key::Num(bits) => bits,
        Key::Bool(false) => TV_FALSE,
        Key::Bool(true) => TV_TRUE,
    }
}

/// The word of a value of this type.
pub(super) fn word(ty: Type, bits: u64) -> u64 {
    match ty {
        Type::Nil => TV_NIL,
        Type::False => TV_FALSE,
        Type::True => TV_TRUE,
        Type::Num => bits,
        _ if ty.class() == Class::Gc => encode_gc(itype(ty), bits),
        _ => encode_int(super::sem::int(bits)),
    }
}

fn object_id(n: usize) -> ObjId {
    ObjId(u8::try_from(n).expect("a world has few objects"))
}

fn body(kind: &ObjectKind, id: ObjId, world: &World) -> Body {
    let address = |meta: &Option<ObjId>| meta.map_or(0, |id| world.object_address(id));
    match kind {
        ObjectKind::Str(bytes) => Body::Str(bytes.clone()),
        ObjectKind::Table { asize, hbits, meta, black, .. } => {
            let mut table = Table::new(*asize, hbits.map_or(0, u32::from));
            (table.meta, table.black, table.nomm, table.layout) = (address(meta), *black, None, Some(id));
            Body::Table(table)
        }
        ObjectKind::Func { upvalues } => Body::Func(upvalues.iter().map(cell).collect()),
        ObjectKind::Udata { size, meta } => Body::Udata { meta: address(meta), payload: vec![0; *size as usize] },
        ObjectKind::Cdata(ty) => Body::Cdata(Cdata {
            ty: *ty,
            payload: vec![0; ty.size().map_or(0, |s| s as usize)],
            blank: vec![],
            boxed: false,
        }),
    }
}

fn cell(upvalue: &Upvalue) -> Cell {
    match upvalue {
        Upvalue::Closed => Cell::Closed(TV_NIL),
        Upvalue::Open(slot) => Cell::Open(usize::from(slot.0 - crate::ir::validate::MIN_SLOT)),
    }
}

fn fill(
    body: &mut Body,
    kind: &ObjectKind,
    values: &ObjectValues,
    word: impl Fn(&SlotValue) -> u64,
    key: impl Fn(Key) -> u64,
) {
    match (body, kind, values) {
        (Body::Table(t), ObjectKind::Table { keys, .. }, ObjectValues::Table { array, hash }) => {
            t.array = array.iter().map(&word).collect();
            t.put_all(keys.iter().map(|k| key(*k)).zip(hash.iter().map(&word)));
        }
        (Body::Func(cells), _, ObjectValues::Upvalues(values)) => {
            for (cell, value) in cells.iter_mut().zip(values) {
                if let Cell::Closed(old) = cell {
                    *old = word(value);
                }
            }
        }
        (Body::Udata { payload, .. } | Body::Cdata(Cdata { payload, .. }), _, ObjectValues::Bytes(bytes)) => {
            payload.clone_from(bytes);
        }
        _ => {}
    }
}

/// Bytes before the plain bytes of an object, and how many of these there are.
fn extent(body: &Body) -> Option<(u64, u64)> {
    match body {
        // A string ends in a zero byte.
        Body::Str(bytes) => Some((STR_HEADER, bytes.len() as u64 + 1)),
        Body::Udata { payload, .. } => Some((UDATA_HEADER, payload.len() as u64)),
        Body::Cdata(cdata) => Some((CDATA_HEADER, cdata.payload.len() as u64)),
        Body::Table(_) | Body::Func(_) => None,
    }
}

fn body_size(body: &Body) -> usize {
    match body {
        Body::Str(bytes) => bytes.len() + 25,
        Body::Table(t) => 64 + 8 * t.array.len() + 24 * t.nodes as usize,
        Body::Func(cells) => 64 + 8 * cells.len(),
        Body::Udata { payload, .. } => 48 + payload.len(),
        Body::Cdata(cdata) => 16 + cdata.payload.len(),
    }
}
