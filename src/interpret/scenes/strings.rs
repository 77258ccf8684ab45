//! Strings and the temporary buffer.

use super::*;
use crate::interpret::sample::{NIL, data, gc, num, r};
use crate::ir::{BufMode, Callee, Const, TostrMode, XloadMode};

const X: Arg = Arg::Lit(Lit::Xload(XloadMode { readonly: true, volatile: false }));

/// The bytes of the string that a ref is at the tail.
fn made(sample: Sample, string: Arg) -> Vec<u8> {
    let out = outcome(sample.snap(&[(4, string)]));
    bytes_of(&out, out.stack[2] & crate::world::GCV_MASK)
}

#[test]
fn a_strings_bytes_follow_its_header_and_end_in_zero() {
    let load = |index, ty| {
        let at = scene().ins(Op::STRREF, Type::P64, gc(KEY), int(index));
        at.ins(Op::XLOAD, ty, r(1), X)
    };
    assert_eq!(value(load(0, Type::U8), r(2)), Some(u64::from(b'K')));
    assert_eq!(value(load(1, Type::Int), r(2)), Some(u64::from(u32::from_le_bytes(*b"ey-1"))));
    assert_eq!(value(load(5, Type::U8), r(2)), Some(0));
    for (index, ty) in [(6, Type::U8), (3, Type::Int)] {
        assert!(matches!(run(load(index, ty)), Err(InterpretError::Unjudged(Unjudged::OutOfWorld { .. }))));
    }
    let behind =
        scene().ins(Op::STRREF, Type::P64, gc(KEY), int(0)).ins(Op::ADD, Type::P64, r(1), Arg::K(Const::Int64(1)));
    let store = behind.ins(Op::XSTORE, Type::U8, r(2), int(0));
    assert!(matches!(run(store), Err(InterpretError::Unjudged(Unjudged::ReadOnly { .. }))));
}

#[test]
fn a_part_of_a_string_is_a_string() {
    let part = |from, len| {
        let at = scene().ins(Op::STRREF, Type::P64, gc(KEY), int(from));
        at.ins(Op::SNEW, Type::Str, r(1), int(len))
    };
    assert_eq!(made(part(1, 3), r(2)), b"ey-");
    assert_eq!(made(part(5, 0), r(2)), b"");
    assert_eq!(value(part(0, 5), r(2)), Some(address(KEY)), "there is one string of each content");
    assert_eq!(refused(part(0, -1)), Undefined::StringIndex);
}

#[test]
fn equal_new_strings_are_one() {
    let text = Arg::Lit(Lit::Tostr(TostrMode::Int));
    let two = |a, b| {
        let sample = scene().ins(Op::TOSTR, Type::Str, int(a), text).ins(Op::TOSTR, Type::Str, int(b), text);
        value(sample.guard(Op::EQ, Type::Str, r(1), r(2)), int(1))
    };
    assert_eq!([two(12, 12), two(12, 13)], [Some(1), None]);
}

#[test]
fn plain_memory_is_a_source_while_it_is_not_stored_to() {
    let new = |op| {
        let mut sample = scene().ins(op, Type::Str, data(2), int(3));
        sample.0.inputs[0].memory[0][..6].copy_from_slice(b"abcdef");
        sample
    };
    assert_eq!(made(new(Op::SNEW), r(1)), b"cde");
    let stored = |op| new(op).ins(Op::XSTORE, Type::U8, data(60), int(0));
    assert_eq!(refused(stored(Op::SNEW)), Undefined::MutableSource);
    assert_eq!(made(stored(Op::XSNEW), r(1)), b"cde");
}

#[test]
fn values_have_texts() {
    let text = |value, mode| made(scene().ins(Op::TOSTR, Type::Str, value, Arg::Lit(Lit::Tostr(mode))), r(1));
    assert_eq!(text(int(-12), TostrMode::Int), b"-12");
    assert_eq!(text(int(0x141), TostrMode::Char), b"A");
    assert_eq!(text(num(0.1), TostrMode::Num), b"0.1");
    let tagged = Arg::K(Const::Num(crate::world::TV_NIL));
    let sample = scene().ins(Op::TOSTR, Type::Str, tagged, Arg::Lit(Lit::Tostr(TostrMode::Num)));
    assert_eq!(refused(sample), Undefined::TaggedNumber);
}

#[test]
fn a_text_is_a_number_or_leaves() {
    let scan = |n| value(scene().guard(Op::STRTO, Type::Num, gc(n), Arg::None), r(1));
    assert_eq!([scan(OTHER), scan(KEY)], [Some(16f64.to_bits()), None]);
}

#[test]
fn strings_compare_by_bytes_then_by_length() {
    let cmp = |a, b| {
        let sample = scene().ins(Op::CARG, Type::Nil, gc(a), gc(b));
        value(sample.ins(Op::CALLN, Type::Int, r(1), Arg::Lit(Lit::Callee(Callee::lj_str_cmp))), r(2))
    };
    assert_eq!([cmp(KEY, OTHER), cmp(OTHER, KEY), cmp(KEY, KEY)], [Some(1), Some(0xffff_ffff), Some(0)]);
}

fn buffer() -> Sample {
    scene().ins(Op::BUFHDR, Type::P64, Arg::K(Const::TmpBuf), Arg::Lit(Lit::Buf(BufMode::Reset)))
}

fn put(sample: Sample, callee: Callee) -> Sample {
    sample.ins(Op::CALLL, Type::P64, r(2), Arg::Lit(Lit::Callee(callee))).ins(Op::BUFSTR, Type::Str, r(3), r(1))
}

#[test]
fn a_buffer_joins_what_is_put_to_it() {
    let joined = buffer().ins(Op::BUFPUT, Type::P64, r(1), gc(KEY)).ins(Op::BUFPUT, Type::P64, r(2), gc(OTHER)).ins(
        Op::BUFSTR,
        Type::Str,
        r(3),
        r(1),
    );
    assert_eq!(made(joined, r(4)), b"Key-10x10");
    let again = Arg::Lit(Lit::Buf(BufMode::Append));
    let appended = buffer()
        .ins(Op::BUFPUT, Type::P64, r(1), gc(KEY))
        .ins(Op::BUFSTR, Type::Str, r(2), r(1))
        .ins(Op::BUFHDR, Type::P64, r(2), again)
        .ins(Op::BUFPUT, Type::P64, r(4), gc(KEY))
        .ins(Op::BUFSTR, Type::Str, r(5), r(4));
    assert_eq!(made(appended, r(6)), b"Key-1Key-1");
    assert_eq!(made(buffer().ins(Op::BUFSTR, Type::Str, r(1), r(1)), r(2)), b"");
}

#[test]
fn functions_put_changed_strings() {
    let with = |callee| put(buffer().ins(Op::CARG, Type::Nil, r(1), gc(KEY)), callee);
    assert_eq!(made(with(Callee::lj_buf_putstr_reverse), r(4)), b"1-yeK");
    assert_eq!(made(with(Callee::lj_buf_putstr_lower), r(4)), b"key-1");
    assert_eq!(made(with(Callee::lj_buf_putstr_upper), r(4)), b"KEY-1");
    let number = buffer().ins(Op::CARG, Type::Nil, r(1), int(i32::MIN));
    assert_eq!(made(put(number, Callee::lj_strfmt_putint), r(4)), b"-2147483648");
}

#[test]
fn a_string_is_put_as_often_as_told() {
    let rep = |n| {
        let args = buffer().ins(Op::CARG, Type::Nil, r(1), gc(KEY)).ins(Op::CARG, Type::Nil, r(2), int(n));
        let call = args.ins(Op::CALLL, Type::P64, r(3), Arg::Lit(Lit::Callee(Callee::lj_buf_putstr_rep)));
        call.ins(Op::BUFSTR, Type::Str, r(4), r(1))
    };
    assert_eq!(made(rep(2), r(5)), b"Key-1Key-1");
    assert_eq!([made(rep(0), r(5)), made(rep(-1), r(5))], [b"", b""]);
    assert_eq!(refused(rep(i32::MAX)), Undefined::TooLarge);
    assert_eq!(NIL, Arg::K(Const::Pri(Type::Nil)));
}
