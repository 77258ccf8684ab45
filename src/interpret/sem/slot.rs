//! Lua values in slots: of tables, upvalues and the VM's temporary (`ALOAD`, `HLOAD`, `ULOAD`, `VLOAD` and their stores).
//!
//! A load checks the type, always, and leaves the trace on another (`asm_ahuvload`). Values are tagged words.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{self, Body, Cell, Found, NIL_TV, Place};
use super::{cut, memory};
use crate::ir::{Class, Type};
use crate::world::{GCV_MASK, TV_NIL};

/// `ALOAD`, `HLOAD`, `ULOAD`: the word at a place, if it has the type.
pub(in super::super) fn load(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let word = read(frame, frame.values[step.a]).map_err(|why| step.undefined(why))?;
    Ok(checked(step.ty, word))
}

/// `VLOAD`: the same of the temporary's first word; the second is never set.
pub(in super::super) fn vload(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    match step.literal {
        Literal::Num(0) => load(frame, step),
        _ => Err(step.undefined(Undefined::Temporary)),
    }
}

/// `ASTORE`, `HSTORE`, `USTORE`: the value's word.
pub(in super::super) fn store(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let word = heap::word(step.ty, frame.values[step.b]);
    check_number(step, step.ty, word)?;
    write(frame, frame.values[step.a], word).map_err(|why| step.undefined(why))?;
    Ok(Flow::Next(0))
}

/// Makes sure that a Lua value of a number is one.
pub(super) fn check_number(step: &Step, ty: Type, word: u64) -> Result<(), Unjudged> {
    let fits = ty != Type::Num || memory::has_type(Type::Num, word);
    fits.then_some(()).ok_or_else(|| step.undefined(Undefined::TaggedNumber))
}

fn checked(ty: Type, word: u64) -> Flow {
    if !memory::has_type(ty, word) {
        return Flow::Leave;
    }
    Flow::Next(match ty.class() {
        Class::Pri => 0,
        Class::Num => word,
        Class::Gc => word & GCV_MASK,
        _ => cut(Type::Int, word),
    })
}

fn read(frame: &Frame<'_>, address: u64) -> Result<u64, Undefined> {
    if address == NIL_TV {
        return Ok(TV_NIL);
    }
    let heap = &frame.heap;
    match heap.place(address).ok_or(Undefined::NoObject)? {
        Place::Slot { table, index, moves } => match heap.body(table) {
            Body::Table(t) if t.array_moves == moves => array_slot(&t.array, index),
            _ => Err(Undefined::StalePlace),
        },
        Place::Node { table, key, moves } => match heap.body(table) {
            Body::Table(t) if t.node_moves == moves => match t.find(key) {
                Found::Value(word) => Ok(word),
                Found::Absent | Found::Unknown => Err(Undefined::StalePlace),
            },
            _ => Err(Undefined::StalePlace),
        },
        Place::Upvalue { func, index } => match heap.body(func) {
            Body::Func(cells) => match cells[index] {
                Cell::Closed(word) => Ok(word),
                // A loop of the passes keeps such values in registers.
                Cell::Open(slot) if frame.restored >> slot & 1 == 1 => Err(Undefined::SlotIsUpvalue),
                Cell::Open(slot) => Ok(frame.stack[slot]),
            },
            _ => Err(Undefined::NoObject),
        },
        Place::Temporary => heap.temporary.ok_or(Undefined::Temporary),
        Place::Array { .. } | Place::Nodes { .. } | Place::Field { .. } => Err(Undefined::NoObject),
    }
}

fn array_slot(array: &[u64], index: u64) -> Result<u64, Undefined> {
    let word = usize::try_from(index).ok().and_then(|i| array.get(i));
    word.copied().ok_or(Undefined::OutsideTable)
}

fn write(frame: &mut Frame<'_>, address: u64, word: u64) -> Result<(), Undefined> {
    if address == NIL_TV {
        return Err(Undefined::NilPlace);
    }
    // What is not there can't be written either.
    read(frame, address)?;
    match frame.heap.place(address) {
        Some(Place::Slot { table, index, .. }) => {
            frame.heap.table_at(table)?.array[usize::try_from(index).expect("has been read")] = word;
        }
        Some(Place::Node { table, key, .. }) => frame.heap.table_at(table)?.set(key, word),
        Some(Place::Upvalue { func, index }) => write_upvalue(frame, func, index, word),
        _ => return Err(Undefined::NoObject),
    }
    Ok(())
}

fn write_upvalue(frame: &mut Frame<'_>, func: usize, index: usize, word: u64) {
    let Body::Func(cells) = frame.heap.body_mut(func) else { unreachable!("has been read") };
    match &mut cells[index] {
        Cell::Closed(old) => *old = word,
        Cell::Open(slot) => {
            frame.stack[*slot] = word;
            frame.aliased |= 1 << *slot;
        }
    }
}
