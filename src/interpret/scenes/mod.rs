//! The meaning of instructions on Lua objects, each by a small trace over one world.

mod calls;
mod cdata;
mod fields;
mod strings;
mod tables;
mod upvalues;

use super::sample::{Sample, int};
use super::{InterpretError, Undefined, Unjudged, interpret};
use crate::case::ObjectValues;
use crate::ir::{Arg, CdataType, ExitNo, Field, Key, Lit, ObjId, Op, Slot, Type};
use crate::outcome::{End, ObjectState, Outcome};
use crate::world::{ObjectKind, SlotValue, Upvalue, World, encode_gc, encode_int, itype};

/// Objects of the world below.
const KEY: u8 = 0;
const OTHER: u8 = 1;
/// A table: [0] nil, [1] 10, [2] "key", [3] nil; key = 1.5, other = nil; black.
const TAB: u8 = 2;
/// A function: 7, and slot 5.
const FUNC: u8 = 3;
/// 16 bytes, with the table as metatable.
const UDATA: u8 = 4;
/// An `int64_t` of -2.
const CDATA: u8 = 5;
/// A table without parts.
const EMPTY: u8 = 6;
/// A structure of 16 bytes.
const STRUCT: u8 = 7;

fn world() -> Vec<(ObjectKind, ObjectValues)> {
    let table = |asize, hbits, keys: Vec<Key>, black| ObjectKind::Table { asize, hbits, keys, meta: None, black };
    let keys = vec![Key::Obj(ObjId(KEY)), Key::Obj(ObjId(OTHER))];
    let array = vec![SlotValue::Nil, SlotValue::Int(10), SlotValue::Obj(ObjId(KEY)), SlotValue::Nil];
    let hash = vec![SlotValue::Num(1.5f64.to_bits()), SlotValue::Nil];
    let empty = table(0, None, vec![], false);
    let blank = ObjectValues::blank(&empty);
    vec![
        (ObjectKind::Str(b"Key-1".to_vec()), ObjectValues::None),
        (ObjectKind::Str(b"0x10".to_vec()), ObjectValues::None),
        (table(4, Some(2), keys, true), ObjectValues::Table { array, hash }),
        (
            ObjectKind::Func { upvalues: vec![Upvalue::Closed, Upvalue::Open(Slot(5))] },
            ObjectValues::Upvalues(vec![SlotValue::Int(7), SlotValue::Nil]),
        ),
        (ObjectKind::Udata { size: 16, meta: Some(ObjId(TAB)) }, ObjectValues::Bytes((1..17).collect())),
        (ObjectKind::Cdata(CdataType::Int64), ObjectValues::Bytes((-2i64).to_le_bytes().to_vec())),
        (empty, blank),
        (ObjectKind::Cdata(CdataType::Struct(16)), ObjectValues::Bytes(vec![0x11; 16])),
    ]
}

/// An empty trace over the world. Slot 5 is -3.
fn scene() -> Sample {
    Sample::new().objects(world()).slots(&[(5, SlotValue::Int(-3))])
}

fn run(sample: Sample) -> Result<Outcome, InterpretError> {
    let case = sample.case();
    interpret(&case, &case.inputs[0])
}

/// What slot 3 holds at the exit behind `sample`, which restores `value` there; `None` if the trace left before.
fn value(sample: Sample, value: Arg) -> Option<u64> {
    let out = outcome(sample.snap(&[(3, value)]).guard(Op::NE, Type::Int, int(0), int(0)).snap(&[]));
    match out.end {
        End::Exit(ExitNo(0)) => None,
        End::Exit(_) => Some(out.values[0].bits),
        end => panic!("{end:?}"),
    }
}

fn outcome(sample: Sample) -> Outcome {
    run(sample).expect("judged")
}

/// Why `sample` is not judged.
fn refused(sample: Sample) -> Undefined {
    match run(sample) {
        Err(InterpretError::Unjudged(Unjudged::Undefined { why, .. } | Unjudged::Left { why })) => why,
        other => panic!("{other:?}"),
    }
}

fn address(n: u8) -> u64 {
    let case = scene().0;
    case.world.object_address(ObjId(n))
}

/// The word of an object of the world.
fn word(n: u8) -> u64 {
    encode_gc(itype(world()[usize::from(n)].0.ty()), address(n))
}

/// The bytes of a string that a run left.
fn bytes_of(out: &Outcome, address: u64) -> Vec<u8> {
    match out.heap.get(&address) {
        Some(ObjectState::Str(bytes)) => bytes.clone(),
        other => panic!("{other:?}"),
    }
}

/// Entries and colour of a table that a run left.
fn table_of(out: &Outcome, address: u64) -> (Vec<(u64, u64)>, bool) {
    match out.heap.get(&address) {
        Some(ObjectState::Table { entries, black, .. }) => (entries.clone(), *black),
        other => panic!("{other:?}"),
    }
}

fn field(field: Field) -> Arg {
    Arg::Lit(Lit::Field(field))
}

#[test]
fn objects_of_the_world_are_left_as_they_were() {
    let out = outcome(scene());
    assert_eq!(out.heap.len(), world().len());
    assert_eq!(bytes_of(&out, address(KEY)), b"Key-1");
    let (entries, black) = table_of(&out, address(TAB));
    let expected = [(word(KEY), 1.5f64.to_bits()), (encode_int(1), encode_int(10)), (encode_int(2), word(KEY))];
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!((entries, black), (expected, true));
    assert_eq!(out.heap[&address(FUNC)], ObjectState::Func(vec![encode_int(7), encode_int(-3)]));
    assert_eq!(out.heap[&address(UDATA)], ObjectState::Udata(address(TAB), (1..17).collect()));
    let int64 = ObjectState::Cdata(Some(CdataType::Int64), (-2i64).to_le_bytes().to_vec());
    assert_eq!(out.heap[&address(CDATA)], int64);
}

#[test]
fn a_world_without_objects_leaves_none() {
    assert!(outcome(Sample::new()).heap.is_empty());
    assert_eq!(Sample::new().0.world.objects, World::default().objects);
}
