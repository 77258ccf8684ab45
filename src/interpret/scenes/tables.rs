//! Tables.

use super::*;
use crate::interpret::sample::{NIL, gc, num, pri, r};
use crate::ir::{Callee, Const};
use crate::world::{TAG_INT, TV_NIL, TV_TRUE};

const NILTV: Arg = Arg::K(Const::NilTv);

/// Refs 1 and 2: the array part, and the slot at an index.
fn array_slot(table: u8, index: i32) -> Sample {
    scene().ins(Op::FLOAD, Type::P64, gc(table), field(Field::TabArray)).ins(Op::AREF, Type::P64, r(1), int(index))
}

fn aload(index: i32, ty: Type) -> Option<u64> {
    value(array_slot(TAB, index).guard(Op::ALOAD, ty, r(2), Arg::None), loaded(ty))
}

/// Ref 3; primitives are no values of their own.
fn loaded(ty: Type) -> Arg {
    if matches!(ty, Type::Nil | Type::False | Type::True) { pri(ty) } else { r(3) }
}

#[test]
fn a_load_takes_only_its_own_type() {
    assert_eq!([aload(1, Type::Int), aload(1, Type::Num), aload(1, Type::Nil)], [Some(10), None, None]);
    assert_eq!([aload(2, Type::Str), aload(2, Type::Tab)], [Some(address(KEY)), None]);
    assert_eq!([aload(3, Type::Nil), aload(3, Type::Int), aload(3, Type::True)], [Some(0), None, None]);
}

#[test]
fn an_index_outside_of_the_array_is_not_judged() {
    for index in [4, -1] {
        let load = array_slot(TAB, index).guard(Op::ALOAD, Type::Int, r(2), Arg::None);
        assert_eq!(refused(load), Undefined::OutsideTable);
        assert_eq!(refused(array_slot(TAB, index).ins(Op::ASTORE, Type::Int, r(2), int(1))), Undefined::OutsideTable);
    }
}

#[test]
fn a_store_gives_a_slot_its_tagged_word() {
    let stored = |ty, value| {
        let out = outcome(array_slot(TAB, 3).ins(Op::ASTORE, ty, r(2), value));
        let (entries, _) = table_of(&out, address(TAB));
        entries.iter().find(|(k, _)| *k == encode_int(3)).map(|(_, v)| *v)
    };
    assert_eq!(stored(Type::Int, int(-1)), Some(encode_int(-1)));
    assert_eq!(stored(Type::Num, num(-0.0)), Some(1 << 63));
    assert_eq!(stored(Type::Str, gc(KEY)), Some(word(KEY)));
    assert_eq!(stored(Type::Tab, gc(TAB)), Some(word(TAB)));
    assert_eq!(stored(Type::True, pri(Type::True)), Some(TV_TRUE));
    assert_eq!(stored(Type::Nil, NIL), None);
}

#[test]
fn a_number_that_a_slot_would_show_as_another_value_is_not_judged() {
    let store = |bits| array_slot(TAB, 3).ins(Op::ASTORE, Type::Num, r(2), Arg::K(Const::Num(bits)));
    assert_eq!(refused(store(TAG_INT << 32 | 5)), Undefined::TaggedNumber);
    assert_eq!(refused(store(TV_NIL)), Undefined::TaggedNumber);
    outcome(store(0xfff8_0000_0000_0000));
}

#[test]
fn sizes_are_those_of_both_parts() {
    let of = |table, f| value(scene().ins(Op::FLOAD, Type::Int, gc(table), field(f)), r(1));
    assert_eq!([of(TAB, Field::TabAsize), of(TAB, Field::TabHmask)], [Some(4), Some(3)]);
    assert_eq!([of(EMPTY, Field::TabAsize), of(EMPTY, Field::TabHmask)], [Some(0), Some(0)]);
}

#[test]
fn a_search_finds_the_keys_value_or_the_vms_nil() {
    let search = |key: Arg, op| scene().ins(Op::HREF, Type::P64, gc(TAB), key).guard(op, Type::P64, r(1), NILTV);
    let load = |key: Arg, ty| {
        let sample = search(key, Op::NE).guard(Op::HLOAD, ty, r(1), Arg::None);
        value(sample, loaded(ty))
    };
    assert_eq!([load(gc(KEY), Type::Num), load(gc(KEY), Type::Int)], [Some(1.5f64.to_bits()), None]);
    assert_eq!(load(gc(OTHER), Type::Nil), Some(0), "a key without value has a node");
    assert_eq!(load(gc(TAB), Type::Nil), None);
    assert_eq!(value(search(gc(TAB), Op::EQ), int(1)), Some(1));
    assert_eq!(value(search(num(0.5), Op::EQ), int(1)), Some(1));
    assert_eq!(value(search(pri(Type::True), Op::EQ), int(1)), Some(1));
    assert_eq!(value(search(gc(KEY), Op::EQ), int(1)), None);
}

#[test]
fn what_is_not_there_loads_as_nil_and_is_not_stored_to() {
    let absent = || scene().ins(Op::HREF, Type::P64, gc(EMPTY), gc(KEY));
    assert_eq!(value(absent().guard(Op::HLOAD, Type::Nil, r(1), Arg::None), int(1)), Some(1));
    assert_eq!(refused(absent().ins(Op::HSTORE, Type::Int, r(1), int(1))), Undefined::NilPlace);
}

#[test]
fn a_number_key_that_is_an_integer_is_not_judged() {
    let search = |x: f64| {
        let sample = scene().slots(&[(2, SlotValue::Num(x.to_bits()))]).sload(Type::Num, 2, "T");
        sample.ins(Op::HREF, Type::P64, gc(TAB), r(1))
    };
    for x in [1.0, -0.0, f64::NAN] {
        assert_eq!(refused(search(x)), Undefined::NoKey);
    }
    assert!(run(search(1e300)).is_ok());
}

/// Refs 1 and 2: the hash part of a table, and the place of a key as a constant says.
fn hrefk(table: Arg, of: u8, key: u8) -> Sample {
    let kslot = Arg::K(Const::KSlot(ObjId(of), Key::Obj(ObjId(key))));
    scene().ins(Op::FLOAD, Type::P64, table, field(Field::TabNode)).guard(Op::HREFK, Type::P64, r(1), kslot)
}

#[test]
fn a_constant_place_has_the_key_or_leaves() {
    let load = |key, ty| value(hrefk(gc(TAB), TAB, key).guard(Op::HLOAD, ty, r(2), Arg::None), loaded(ty));
    assert_eq!([load(KEY, Type::Num), load(OTHER, Type::Nil)], [Some(1.5f64.to_bits()), Some(0)]);
    assert_eq!(value(hrefk(gc(TAB), TAB, TAB), int(1)), None);
    assert_eq!(refused(hrefk(gc(EMPTY), TAB, KEY)), Undefined::NodeUnknown);
}

#[test]
fn a_store_to_a_key_is_seen_by_the_next_search() {
    let sample = hrefk(gc(TAB), TAB, KEY)
        .ins(Op::HSTORE, Type::Int, r(2), int(5))
        .ins(Op::HREF, Type::P64, gc(TAB), gc(KEY))
        .guard(Op::HLOAD, Type::Int, r(4), Arg::None);
    assert_eq!(value(sample, r(5)), Some(5));
}

#[test]
fn a_new_key_is_nil_until_stored_and_makes_a_black_table_grey() {
    let new = || scene().ins(Op::NEWREF, Type::P64, gc(TAB), pri(Type::True));
    assert_eq!(value(new().guard(Op::HLOAD, Type::Nil, r(1), Arg::None), int(1)), Some(1));
    let out = outcome(new().ins(Op::HSTORE, Type::Int, r(1), int(8)));
    let (entries, black) = table_of(&out, address(TAB));
    assert!(entries.contains(&(TV_TRUE, encode_int(8))) && !black);
    let (entries, _) = table_of(&outcome(new()), address(TAB));
    assert!(entries.iter().all(|(k, _)| *k != TV_TRUE));
}

#[test]
fn places_are_stale_after_a_new_key() {
    let old = hrefk(gc(TAB), TAB, KEY).ins(Op::NEWREF, Type::P64, gc(TAB), pri(Type::True));
    assert_eq!(refused(old.guard(Op::HLOAD, Type::Num, r(2), Arg::None)), Undefined::StalePlace);
    let again = scene()
        .ins(Op::NEWREF, Type::P64, gc(TAB), pri(Type::True))
        .ins(Op::FLOAD, Type::P64, gc(TAB), field(Field::TabNode))
        .guard(Op::HREFK, Type::P64, r(2), Arg::K(Const::KSlot(ObjId(TAB), Key::Obj(ObjId(KEY)))));
    assert_eq!(refused(again), Undefined::NodeUnknown);
    let array = array_slot(TAB, 1).ins(Op::NEWREF, Type::P64, gc(TAB), pri(Type::True)).guard(
        Op::ALOAD,
        Type::Int,
        r(2),
        Arg::None,
    );
    assert_eq!(value(array, r(4)), Some(10), "nothing moves while a node is free");
}

#[test]
fn a_key_is_new_only_once() {
    assert_eq!(refused(scene().ins(Op::NEWREF, Type::P64, gc(TAB), gc(KEY))), Undefined::KeyExists);
    let ghost = scene().ins(Op::NEWREF, Type::P64, gc(TAB), pri(Type::True));
    assert_eq!(refused(ghost.ins(Op::HREF, Type::P64, gc(TAB), gc(OTHER))), Undefined::KeyUnknown);
}

#[test]
fn a_key_in_a_table_without_nodes_gives_it_two() {
    let sample = scene().ins(Op::NEWREF, Type::P64, gc(EMPTY), gc(KEY)).ins(Op::HSTORE, Type::Int, r(1), int(8)).ins(
        Op::FLOAD,
        Type::Int,
        gc(EMPTY),
        field(Field::TabHmask),
    );
    assert_eq!(value(sample, r(3)), Some(1));
}

#[test]
fn a_length_is_the_border_with_and_without_a_hint() {
    let len = |hint| value(scene().ins(Op::ALEN, Type::Int, gc(TAB), hint), r(1));
    assert_eq!([len(NIL), len(int(1)), len(int(-1))], [Some(2); 3]);
    let called = scene().ins(Op::CALLL, Type::Int, gc(TAB), Arg::Lit(Lit::Callee(Callee::lj_tab_len)));
    assert_eq!(value(called, r(1)), Some(2));
    let hole = array_slot(TAB, 1).ins(Op::ASTORE, Type::Nil, r(2), NIL).ins(Op::ALEN, Type::Int, gc(TAB), NIL);
    assert_eq!(refused(hole), Undefined::SeveralBorders);
}

#[test]
fn clearing_takes_all_keys_and_leaves_the_array_in_place() {
    let clear = |s: Sample| s.ins(Op::CALLS, Type::Nil, gc(TAB), Arg::Lit(Lit::Callee(Callee::lj_tab_clear)));
    let out = outcome(clear(scene()));
    assert!(table_of(&out, address(TAB)).0.is_empty());
    let array = clear(array_slot(TAB, 1)).guard(Op::ALOAD, Type::Nil, r(2), Arg::None);
    assert_eq!(value(array, int(1)), Some(1));
    let node = clear(hrefk(gc(TAB), TAB, KEY)).guard(Op::HLOAD, Type::Nil, r(2), Arg::None);
    assert_eq!(refused(node), Undefined::StalePlace);
}

#[test]
fn a_barrier_makes_a_black_table_grey() {
    let out = outcome(scene().ins(Op::TBAR, Type::Nil, gc(TAB), Arg::None));
    assert!(!table_of(&out, address(TAB)).1);
}

#[test]
fn a_new_table_is_empty_and_of_its_size() {
    let sizes = |n| Arg::Lit(Lit::Num(n));
    let new = || scene().ins(Op::TNEW, Type::Tab, sizes(3), sizes(2));
    assert_eq!(value(new().ins(Op::FLOAD, Type::Int, r(1), field(Field::TabAsize)), r(2)), Some(3));
    assert_eq!(value(new().ins(Op::FLOAD, Type::Int, r(1), field(Field::TabHmask)), r(2)), Some(3));
    let filled =
        new().ins(Op::NEWREF, Type::P64, r(1), gc(KEY)).ins(Op::HSTORE, Type::Tab, r(2), r(1)).snap(&[(4, r(1))]);
    let out = outcome(filled);
    let table = out.stack[2] & crate::world::GCV_MASK;
    assert_eq!(table_of(&out, table), (vec![(word(KEY), out.stack[2])], false));
    assert_eq!(outcome(new()).heap.len(), world().len(), "what nothing leads to is not there");
}

#[test]
fn a_copy_has_the_templates_values_and_a_life_of_its_own() {
    let copy = || scene().ins(Op::TDUP, Type::Tab, gc(TAB), Arg::None);
    let kslot = Arg::K(Const::KSlot(ObjId(TAB), Key::Obj(ObjId(KEY))));
    let place = copy().ins(Op::FLOAD, Type::P64, r(1), field(Field::TabNode)).guard(Op::HREFK, Type::P64, r(2), kslot);
    let out = outcome(place.ins(Op::HSTORE, Type::Int, r(3), int(6)).snap(&[(4, r(1))]));
    let (entries, black) = table_of(&out, out.stack[2] & crate::world::GCV_MASK);
    assert!(entries.contains(&(word(KEY), encode_int(6))) && entries.len() == 3 && !black);
    assert!(table_of(&out, address(TAB)).0.contains(&(word(KEY), 1.5f64.to_bits())));
    let meta = copy().ins(Op::FLOAD, Type::Tab, r(1), field(Field::TabMeta));
    let meta = meta.guard(Op::EQ, Type::Tab, r(2), Arg::K(Const::Null));
    assert_eq!(value(meta, int(1)), Some(1));
}

#[test]
fn bounds_are_checked_against_the_size() {
    let check = |index| {
        let size = scene().ins(Op::FLOAD, Type::Int, gc(TAB), field(Field::TabAsize));
        value(size.guard(Op::ABC, Type::Int, r(1), int(index)), int(1))
    };
    assert_eq!([check(3), check(4), check(-1)], [Some(1), None, None]);
    assert_eq!(TV_NIL, u64::MAX);
}
