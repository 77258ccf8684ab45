//! Tables: places in them, new keys, lengths, new tables.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{self, Body, Found, NIL_TV, Place, Table};
use super::int;
use crate::ir::Type;
use crate::ir::validate::is_num_key;

/// Most bits of a new hash part: compiled code has to fill it too.
const MAX_HASH_BITS: u16 = 14;
/// Larger array parts are none of a case.
const MAX_ARRAY_SIZE: u32 = 1 << 14;

type Effect = Result<Flow, Unjudged>;
/// What a C function gives.
type Returned = Result<u64, Unjudged>;

/// `AREF`: the address of an array slot.
pub(in super::super) fn aref(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let (base, index) = (frame.values[step.a], frame.values[step.b]);
    match frame.heap.place(base) {
        Some(Place::Array { table, moves }) => Ok(Flow::Next(frame.heap.refer(Place::Slot { table, index, moves }))),
        _ => Err(step.undefined(Undefined::NoObject)),
    }
}

/// `HREF`: the address of a key's value, or of the VM's nil.
pub(in super::super) fn href(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let (tab, key) = (frame.values[step.a], frame.values[step.b]);
    let place = search(frame, tab, key_type(step), key).map_err(|why| step.undefined(why))?;
    Ok(Flow::Next(place.map_or(NIL_TV, |p| frame.heap.refer(p))))
}

fn search(frame: &Frame<'_>, tab: u64, ty: Type, key: u64) -> Result<Option<Place>, Undefined> {
    let (table, t) = frame.heap.table(tab)?;
    let key = key_word(frame, ty, key)?;
    match t.find(key) {
        Found::Value(_) => Ok(Some(Place::Node { table, key, moves: t.node_moves })),
        Found::Absent => Ok(None),
        Found::Unknown => Err(Undefined::KeyUnknown),
    }
}

fn key_type(step: &Step) -> Type {
    let Literal::Key(ty) = step.literal else { unreachable!("decoded with a key's type") };
    ty
}

/// The word of a key. A string that is only memory is equal to no key, but has a hash that nobody set.
fn key_word(frame: &Frame<'_>, ty: Type, key: u64) -> Result<u64, Undefined> {
    match ty {
        Type::Num if !is_num_key(key) => Err(Undefined::NoKey),
        Type::Str => frame.heap.string(key).map(|_| heap::word(ty, key)),
        _ => Ok(heap::word(ty, key)),
    }
}

/// `HREFK`: leaves unless the key is where the constant says.
pub(in super::super) fn hrefk(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let Literal::KSlot(layout, key) = step.literal else { unreachable!("decoded with a place") };
    let Some(Place::Nodes { table }) = frame.heap.place(frame.values[step.a]) else {
        return Err(step.undefined(Undefined::NoObject));
    };
    let t = frame.heap.table_at(table).map_err(|why| step.undefined(why))?;
    if t.layout != Some(layout) {
        return Err(step.undefined(Undefined::NodeUnknown));
    }
    let place = Place::Node { table, key, moves: t.node_moves };
    match t.find(key) {
        Found::Value(_) => Ok(Flow::Next(frame.heap.refer(place))),
        Found::Absent => Ok(Flow::Leave),
        Found::Unknown => Err(step.undefined(Undefined::KeyUnknown)),
    }
}

/// `NEWREF`: a new key, and the address of its value, which is nil until it is stored (`lj_tab_newkey`).
pub(in super::super) fn newref(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let (tab, key) = (frame.values[step.a], frame.values[step.b]);
    let place = new_key(frame, tab, key_type(step), key).map_err(|why| step.undefined(why))?;
    // The key crosses in the VM's temporary.
    frame.heap.temporary = None;
    Ok(Flow::Next(frame.heap.refer(place)))
}

fn new_key(frame: &mut Frame<'_>, tab: u64, ty: Type, key: u64) -> Result<Place, Undefined> {
    let key = key_word(frame, ty, key)?;
    let (table, _) = frame.heap.table(tab)?;
    let t = frame.heap.table_at(table)?;
    t.insert(key)?;
    Ok(Place::Node { table, key, moves: t.node_moves })
}

/// `ALEN`: the border. A hint only says where to look first.
pub(in super::super) fn alen(frame: &mut Frame<'_>, step: &Step) -> Effect {
    len(frame, step, &[frame.values[step.a]]).map(Flow::Next)
}

/// `lj_tab_len`
pub(in super::super) fn len(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    let border = frame.heap.table(args[0]).and_then(|(_, t)| t.border());
    border.map(u64::from).map_err(|why| step.undefined(why))
}

/// `lj_tab_clear`
pub(in super::super) fn clear(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    frame.heap.table_mut(args[0]).map_err(|why| step.undefined(why))?.clear();
    Ok(0)
}

/// `lj_tab_new_ah`: an empty table with room for so many slots behind index 0 and so many keys.
pub(in super::super) fn new_ah(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    let (slots, keys) = (int(args[0]), int(args[1]).max(0).cast_unsigned());
    let asize = if slots > 0 { slots.cast_unsigned().saturating_add(1) } else { 0 };
    // `hsize2hbits`: one key has two nodes.
    let hbits = match keys {
        0 => 0,
        1 => 1,
        _ => 32 - (keys - 1).leading_zeros(),
    };
    if asize > MAX_ARRAY_SIZE || hbits > u32::from(MAX_HASH_BITS) {
        return Err(step.undefined(Undefined::TooLarge));
    }
    let table = Table::new(asize, hbits);
    frame.heap.add(Body::Table(table)).map_err(|why| step.undefined(why))
}

/// `TNEW`: an empty table (`lj_tab_new1`).
pub(in super::super) fn tnew(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let Literal::Sizes(asize, hbits) = step.literal else { unreachable!("decoded with two sizes") };
    if hbits > MAX_HASH_BITS {
        return Err(step.undefined(Undefined::TooLarge));
    }
    let table = Table::new(u32::from(asize), u32::from(hbits));
    frame.heap.add(Body::Table(table)).map(Flow::Next).map_err(|why| step.undefined(why))
}

/// `TDUP`: a copy of a template (`lj_tab_dup`).
pub(in super::super) fn tdup(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let copy = frame.heap.table(frame.values[step.a]).and_then(|(_, t)| t.duplicate());
    copy.and_then(|t| frame.heap.add(Body::Table(t))).map(Flow::Next).map_err(|why| step.undefined(why))
}

/// `TBAR`: a black table becomes grey again.
pub(in super::super) fn tbar(frame: &mut Frame<'_>, step: &Step) -> Effect {
    frame.heap.table_mut(frame.values[step.a]).map_err(|why| step.undefined(why))?.black = false;
    Ok(Flow::Next(0))
}
