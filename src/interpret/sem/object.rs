//! Fields of objects, the thread, and the VM's temporary.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{self, BYTECODE, Body, Cdata, ENV, Heap, Place, THREAD};
use super::slot;
use crate::ir::{Field, Type};

type Effect = Result<Flow, Unjudged>;

/// Bytes from one function's imaginary bytecode to that of one with another number of upvalues.
const BYTECODE_STEP: u64 = 256;

/// `FLOAD`: a field's value.
pub(in super::super) fn fload(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let Literal::Field(field) = step.literal else { unreachable!("decoded with a field") };
    let value = field_value(&mut frame.heap, frame.values[step.a], field);
    value.map(Flow::Next).map_err(|why| step.undefined(why))
}

fn field_value(heap: &mut Heap, address: u64, field: Field) -> Result<u64, Undefined> {
    if field == Field::ThreadEnv {
        return if address == THREAD { Ok(ENV) } else { Err(Undefined::NoObject) };
    }
    let object = heap.find(address).ok_or(Undefined::NoObject)?;
    match (field, heap.body(object)) {
        (Field::StrLen, Body::Str(bytes)) => Ok(bytes.len() as u64),
        (Field::FuncEnv, Body::Func(_)) => Ok(ENV),
        (Field::FuncPc, Body::Func(cells)) => Ok(BYTECODE + cells.len() as u64 * BYTECODE_STEP),
        // Lua functions, and userdata of no special kind.
        (Field::FuncFfid, Body::Func(_)) | (Field::UdataUdtype, Body::Udata { .. }) => Ok(0),
        (Field::UdataMeta, Body::Udata { meta, .. }) => Ok(*meta),
        (Field::UdataFile, Body::Udata { payload, .. }) => first_bytes(payload, 8),
        (Field::CdataCtypeid, Body::Cdata(c)) => Ok(heap::ctype_number(c.ty)),
        (Field::CdataPtr | Field::CdataInt64, Body::Cdata(c)) => scalar(c, 8),
        (Field::CdataInt, Body::Cdata(c)) => scalar(c, 4),
        (_, Body::Table(_)) => table_field(heap, object, field),
        _ => Err(Undefined::NoObject),
    }
}

fn table_field(heap: &mut Heap, table: usize, field: Field) -> Result<u64, Undefined> {
    let t = heap.table_at(table)?;
    match field {
        Field::TabMeta => Ok(t.meta),
        Field::TabNomm => t.nomm.map(u64::from).ok_or(Undefined::Opaque),
        Field::TabAsize if t.sized => Ok(t.array.len() as u64),
        Field::TabHmask if t.sized => Ok(t.hmask().into()),
        Field::TabAsize | Field::TabHmask => Err(Undefined::Resized),
        Field::TabArray => {
            let place = Place::Array { table, moves: t.array_moves };
            Ok(heap.refer(place))
        }
        Field::TabNode => Ok(heap.refer(Place::Nodes { table })),
        _ => Err(Undefined::NoObject),
    }
}

fn scalar(cdata: &Cdata, len: usize) -> Result<u64, Undefined> {
    if cdata.blank.iter().take(len).any(|b| *b) {
        return Err(Undefined::Uninitialised);
    }
    first_bytes(&cdata.payload, len)
}

fn first_bytes(payload: &[u8], len: usize) -> Result<u64, Undefined> {
    let mut word = [0; 8];
    word[..len].copy_from_slice(payload.get(..len).ok_or(Undefined::NoObject)?);
    Ok(u64::from_le_bytes(word))
}

/// `FREF`: a field's address.
pub(in super::super) fn fref(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let Literal::Field(field) = step.literal else { unreachable!("decoded with a field") };
    let (object, _) = frame.heap.table(frame.values[step.a]).map_err(|why| step.undefined(why))?;
    Ok(Flow::Next(frame.heap.refer(Place::Field { object, field })))
}

/// `FSTORE`: a table's metatable or its cache of absent metamethods.
pub(in super::super) fn fstore(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let value = frame.values[step.b];
    let Some(Place::Field { object, field }) = frame.heap.place(frame.values[step.a]) else {
        return Err(step.undefined(Undefined::NoObject));
    };
    let table = frame.heap.table_at(object).map_err(|why| step.undefined(why))?;
    match field {
        Field::TabMeta => table.meta = value,
        Field::TabNomm => table.nomm = Some(value.to_le_bytes()[0]),
        _ => return Err(step.undefined(Undefined::NoObject)),
    }
    Ok(Flow::Next(0))
}

/// `LREF`: the running thread.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn lref(_: &mut Frame<'_>, _: &Step) -> Effect {
    Ok(Flow::Next(THREAD))
}

/// `TMPREF`: the address of the VM's temporary, which then holds the value. A constant number that only goes in has a place of its
/// own, which nothing loads from (`asm_tvptr`).
pub(in super::super) fn tmpref(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let Literal::Tmpref { mode, ty, constant } = step.literal else { unreachable!("decoded with a mode") };
    let word = heap::word(ty, frame.values[step.a]);
    if mode.in1 {
        slot::check_number(step, ty, word)?;
    }
    let elsewhere = ty == Type::Num && constant && !mode.out1;
    if mode.in1 && !elsewhere {
        frame.heap.temporary = Some(word);
    }
    Ok(Flow::Next(frame.heap.refer(Place::Temporary)))
}
