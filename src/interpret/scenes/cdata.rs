//! Foreign data objects and plain access to payloads.

use super::*;
use crate::interpret::sample::{NIL, r};
use crate::ir::{Const, XloadMode};

const X: Arg = Arg::Lit(Lit::Xload(XloadMode { readonly: false, volatile: false }));

fn ctype(ty: CdataType) -> Arg {
    Arg::K(Const::Ctype(ty))
}

/// Refs 1 and 2: the structure, and an address in it.
fn at(offset: i64) -> Sample {
    let sample = scene().slots(&[(6, SlotValue::Obj(ObjId(STRUCT)))]).sload(Type::Cdata, 6, "T");
    sample.ins(Op::ADD, Type::P64, r(1), Arg::K(Const::Int64(offset)))
}

#[test]
fn a_boxed_scalar_has_its_value() {
    let new = |ty, value: Arg| outcome(scene().ins(Op::CNEWI, Type::Cdata, ctype(ty), value).snap(&[(4, r(1))]));
    let state = |out: &Outcome| out.heap[&(out.stack[2] & crate::world::GCV_MASK)].clone();
    let int64 = state(&new(CdataType::Int64, Arg::K(Const::Int64(-2))));
    assert_eq!(int64, ObjectState::Cdata(Some(CdataType::Int64), (-2i64).to_le_bytes().to_vec()));
    let int32 = state(&new(CdataType::Int32, int(-2)));
    assert_eq!(int32, ObjectState::Cdata(Some(CdataType::Int32), (-2i32).to_le_bytes().to_vec()));
}

#[test]
fn payloads_are_loaded_and_stored_as_plain_memory() {
    let load = |offset| value(at(offset).ins(Op::XLOAD, Type::Int, r(2), X), r(3));
    assert_eq!([load(16), load(28)], [Some(0x1111_1111); 2]);
    let out = outcome(at(24).ins(Op::XSTORE, Type::I16, r(2), int(-1)));
    let mut payload = vec![0x11; 16];
    payload[8..10].fill(0xff);
    assert_eq!(out.heap[&address(STRUCT)], ObjectState::Cdata(Some(CdataType::Struct(16)), payload));
    for offset in [15, 29] {
        let outside = at(offset).ins(Op::XLOAD, Type::Int, r(2), X);
        assert!(matches!(run(outside), Err(InterpretError::Unjudged(Unjudged::OutOfWorld { .. }))));
    }
}

fn new_struct() -> Sample {
    let new = scene().ins(Op::CNEW, Type::Cdata, ctype(CdataType::Struct(8)), NIL);
    new.ins(Op::ADD, Type::P64, r(1), Arg::K(Const::Int64(16)))
}

#[test]
fn a_new_structure_has_no_bytes_until_they_are_stored() {
    assert_eq!(refused(new_struct().ins(Op::XLOAD, Type::U8, r(2), X)), Undefined::Uninitialised);
    assert_eq!(refused(new_struct().snap(&[(4, r(1))])), Undefined::Uninitialised);
    let half = new_struct().ins(Op::XSTORE, Type::Int, r(2), int(5));
    assert_eq!(refused(half.snap(&[(4, r(1))])), Undefined::Uninitialised);
    let whole = new_struct().ins(Op::XSTORE, Type::I64, r(2), Arg::K(Const::Int64(5)));
    let out = outcome(whole.ins(Op::XLOAD, Type::Int, r(2), X).snap(&[(3, r(4)), (4, r(1))]));
    assert_eq!(out.stack[1], encode_int(5));
    let state = ObjectState::Cdata(Some(CdataType::Struct(8)), vec![5, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(out.heap[&(out.stack[2] & crate::world::GCV_MASK)], state);
}

#[test]
fn an_array_has_the_size_it_is_made_with() {
    let new = |size| scene().ins(Op::CNEW, Type::Cdata, ctype(CdataType::Vla), int(size));
    let store = |size, offset| {
        let at = new(size).ins(Op::ADD, Type::P64, r(1), Arg::K(Const::Int64(offset)));
        at.ins(Op::XSTORE, Type::Int, r(2), int(1))
    };
    assert!(run(store(8, 20)).is_ok());
    assert!(matches!(run(store(8, 24)), Err(InterpretError::Unjudged(Unjudged::OutOfWorld { .. }))));
    assert_eq!(refused(new(-1)), Undefined::TooLarge);
}

#[test]
fn a_boxed_scalar_is_not_stored_to() {
    let sample = scene()
        .ins(Op::CNEWI, Type::Cdata, ctype(CdataType::Int64), Arg::K(Const::Int64(1)))
        .ins(Op::ADD, Type::P64, r(1), Arg::K(Const::Int64(16)))
        .ins(Op::XSTORE, Type::Int, r(2), int(1));
    assert_eq!(refused(sample), Undefined::BoxedScalar);
}
