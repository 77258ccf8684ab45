//! Upvalues.

use super::*;
use crate::interpret::sample::{gc, r};

fn upvalue(op: Op, index: u8) -> Sample {
    scene().guard(op, Type::P64, gc(FUNC), Arg::Lit(Lit::Upvalue(index)))
}

/// The function from slot 6, so that it is no constant.
fn variable(op: Op, index: u8) -> Sample {
    let slots = [(5, SlotValue::Int(-3)), (6, SlotValue::Obj(ObjId(FUNC)))];
    let sample = scene().slots(&slots).sload(Type::Func, 6, "T");
    sample.guard(op, Type::P64, r(1), Arg::Lit(Lit::Upvalue(index)))
}

#[test]
fn a_closed_upvalue_has_a_value_of_its_own() {
    let load = |ty| value(upvalue(Op::UREFC, 0).guard(Op::ULOAD, ty, r(1), Arg::None), r(2));
    assert_eq!([load(Type::Int), load(Type::Num)], [Some(7), None]);
    let out = outcome(upvalue(Op::UREFC, 0).ins(Op::USTORE, Type::Str, r(1), gc(KEY)));
    assert_eq!(out.heap[&address(FUNC)], ObjectState::Func(vec![word(KEY), encode_int(-3)]));
}

#[test]
fn an_open_upvalue_is_a_slot_of_the_stack() {
    let load = upvalue(Op::UREFO, 1).guard(Op::ULOAD, Type::Int, r(1), Arg::None);
    assert_eq!(value(load, r(2)), Some(0xffff_fffd));
    let out = outcome(upvalue(Op::UREFO, 1).ins(Op::USTORE, Type::Int, r(1), int(4)));
    assert_eq!(out.stack[3], encode_int(4));
    assert_eq!(out.heap[&address(FUNC)], ObjectState::Func(vec![encode_int(7), encode_int(4)]));
}

#[test]
fn a_slot_that_was_stored_to_as_an_upvalue_is_not_loaded() {
    let store = upvalue(Op::UREFO, 1).ins(Op::USTORE, Type::Int, r(1), int(4));
    assert_eq!(refused(store.sload(Type::Int, 5, "T")), Undefined::SlotIsUpvalue);
}

#[test]
fn an_open_upvalue_leaves_where_a_closed_one_is_wanted() {
    assert_eq!(value(variable(Op::UREFC, 1), int(1)), None);
    assert_eq!(value(variable(Op::UREFC, 0), int(1)), Some(1));
    assert_eq!(refused(upvalue(Op::UREFC, 1)), Undefined::Openness);
    assert_eq!(refused(variable(Op::UREFO, 0)), Undefined::Openness);
    assert_eq!(refused(variable(Op::UREFC, 2)), Undefined::NoUpvalue);
}

#[test]
fn a_barrier_behind_a_store_to_an_upvalue_changes_nothing() {
    let store = || upvalue(Op::UREFC, 0).ins(Op::USTORE, Type::Tab, r(1), gc(TAB));
    let with = outcome(store().ins(Op::OBAR, Type::Nil, r(1), gc(TAB)));
    assert_eq!(with, outcome(store()));
}
