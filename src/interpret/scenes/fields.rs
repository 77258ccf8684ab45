//! Fields, the thread, the temporary, and what guards say of objects.

use super::*;
use crate::interpret::sample::{NIL, gc, num, r};
use crate::ir::{Const, TmprefMode};

fn load(object: u8, f: Field) -> Sample {
    scene().ins(Op::FLOAD, f.ty(), gc(object), field(f))
}

fn loaded(object: u8, f: Field) -> Option<u64> {
    value(load(object, f), r(1))
}

#[test]
fn fields_have_their_objects_values() {
    assert_eq!(loaded(KEY, Field::StrLen), Some(5));
    let meta = load(UDATA, Field::UdataMeta).guard(Op::EQ, Type::Tab, r(1), gc(TAB));
    assert_eq!(value(meta, int(1)), Some(1));
    assert_eq!(loaded(UDATA, Field::UdataUdtype), Some(0));
    assert_eq!(loaded(FUNC, Field::FuncFfid), Some(0));
    assert_eq!(loaded(CDATA, Field::CdataInt), Some(0xffff_fffe));
    assert_eq!(refused(load(TAB, Field::TabNomm)), Undefined::Opaque);
}

#[test]
fn memory_that_a_case_says_is_a_string_has_no_fields() {
    let slot = SlotValue::Str(crate::ir::SymPtr { region: crate::ir::RegionId(0), offset: 0 });
    let sample = scene().slots(&[(2, slot)]).sload(Type::Str, 2, "T");
    assert_eq!(refused(sample.ins(Op::FLOAD, Type::Int, r(1), field(Field::StrLen))), Undefined::NoObject);
}

#[test]
fn stored_fields_are_loaded_again() {
    let store = |f: Field, ty, value: Arg| {
        let sample = scene().ins(Op::FREF, Type::P64, gc(EMPTY), field(f));
        sample.ins(Op::FSTORE, ty, r(1), value).ins(Op::FLOAD, ty, gc(EMPTY), field(f))
    };
    let meta = store(Field::TabMeta, Type::Tab, gc(TAB)).guard(Op::EQ, Type::Tab, r(3), gc(TAB));
    assert_eq!(value(meta, int(1)), Some(1));
    assert_eq!(value(store(Field::TabNomm, Type::U8, int(0)), r(3)), Some(0));
    let out = outcome(store(Field::TabMeta, Type::Tab, gc(TAB)));
    let expected = ObjectState::Table { entries: vec![], meta: address(TAB), black: false };
    assert_eq!(out.heap[&address(EMPTY)], expected);
}

#[test]
fn a_metatable_is_taken_away_with_null() {
    let sample = scene()
        .ins(Op::FREF, Type::P64, gc(TAB), field(Field::TabMeta))
        .ins(Op::FSTORE, Type::Tab, r(1), Arg::K(Const::Null))
        .ins(Op::FLOAD, Type::Tab, gc(TAB), field(Field::TabMeta))
        .guard(Op::EQ, Type::Tab, r(3), Arg::K(Const::Null));
    assert_eq!(value(sample, int(1)), Some(1));
}

#[test]
fn guards_compare_objects_by_identity() {
    let eq = |op, a, b| value(scene().guard(op, Type::Tab, a, b), int(1)).is_some();
    assert!(eq(Op::EQ, gc(TAB), gc(TAB)) && !eq(Op::EQ, gc(TAB), gc(EMPTY)) && eq(Op::NE, gc(TAB), gc(EMPTY)));
    let meta = |object, f, op| {
        let sample = scene().ins(Op::FLOAD, Type::Tab, gc(object), field(f));
        value(sample.guard(op, Type::Tab, r(1), Arg::K(Const::Null)), int(1)).is_some()
    };
    assert!(meta(TAB, Field::TabMeta, Op::EQ) && meta(UDATA, Field::UdataMeta, Op::NE));
}

#[test]
fn a_c_type_is_known_by_its_number() {
    let of = |object, ty| {
        let sample = load(object, Field::CdataCtypeid);
        value(sample.guard(Op::EQ, Type::Int, r(1), Arg::K(Const::Ctype(ty))), int(1)).is_some()
    };
    assert!(of(CDATA, CdataType::Int64) && !of(CDATA, CdataType::UInt64) && of(STRUCT, CdataType::Struct(16)));
}

#[test]
fn the_thread_and_functions_have_the_same_globals() {
    let env = || scene().ins(Op::LREF, Type::Thread, Arg::None, Arg::None);
    let env = || env().ins(Op::FLOAD, Type::Tab, r(1), field(Field::ThreadEnv));
    let same = env().ins(Op::FLOAD, Type::Tab, gc(FUNC), field(Field::FuncEnv));
    assert_eq!(value(same.guard(Op::EQ, Type::Tab, r(2), r(3)), int(1)), Some(1));
}

#[test]
fn the_temporary_holds_one_value() {
    let mode = |out1| Arg::Lit(Lit::Tmpref(TmprefMode { in1: true, out1 }));
    let word = Arg::Lit(Lit::Num(0));
    let tmp = |value| scene().ins(Op::TMPREF, Type::P64, value, mode(true));
    assert_eq!(value(tmp(int(7)).guard(Op::VLOAD, Type::Int, r(1), word), r(2)), Some(7));
    assert_eq!(value(tmp(int(7)).guard(Op::VLOAD, Type::Num, r(1), word), r(2)), None);
    let two = tmp(int(7)).ins(Op::TMPREF, Type::P64, gc(KEY), mode(true));
    assert_eq!(value(two.guard(Op::VLOAD, Type::Int, r(1), word), r(3)), None, "the second overwrites the first");
    // A constant number that only goes in is its own place.
    let constant = tmp(int(7)).ins(Op::TMPREF, Type::P64, num(2.5), mode(false));
    assert_eq!(value(constant.guard(Op::VLOAD, Type::Int, r(1), word), r(3)), Some(7));
    let lost = tmp(int(7)).ins(Op::NEWREF, Type::P64, gc(EMPTY), gc(KEY));
    assert_eq!(refused(lost.guard(Op::VLOAD, Type::Int, r(1), word)), Undefined::Temporary);
}

#[test]
fn a_profiler_makes_the_trace_leave() {
    let profiled = |on| {
        let mut sample = scene().guard(Op::PROF, Type::Nil, Arg::None, Arg::None);
        sample.0.inputs[0].profile = on;
        value(sample, int(1))
    };
    assert_eq!([profiled(false), profiled(true)], [Some(1), None]);
    assert_eq!(value(scene().guard(Op::GCSTEP, Type::Nil, Arg::None, Arg::None), int(1)), Some(1));
    assert_eq!(NIL, Arg::K(Const::Pri(Type::Nil)));
}
