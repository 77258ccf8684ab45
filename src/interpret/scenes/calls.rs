//! Calls of helpers and of the C library.

use super::*;
use crate::interpret::sample::{NIL, data, num, r};
use crate::ir::{Callee, Const, Helper};
use crate::outcome::Call;

fn call_library(callee: Callee, ty: Type, args: Sample, first: u16) -> Sample {
    args.ins(callee.op(), ty, r(first), Arg::Lit(Lit::Callee(callee)))
}

#[test]
fn helpers_are_recorded_with_their_arguments_in_order() {
    let helper = |h| Arg::K(Const::Helper(h));
    let sample = scene()
        .ins(Op::CALLXS, Type::Int, NIL, helper(Helper::tick))
        .ins(Op::CARG, Type::Nil, int(-1), Arg::K(Const::Int64(2)))
        .ins(Op::CARG, Type::Nil, r(2), num(1.0))
        .ins(Op::CONV, Type::Float, num(0.5), conv(Type::Num))
        .ins(Op::CARG, Type::Nil, r(3), r(4))
        .ins(Op::CALLXS, Type::Num, r(5), helper(Helper::n_ilnf))
        .ins(Op::CALLXS, Type::Int, r(1), helper(Helper::i_i))
        .snap(&[(3, r(6)), (4, r(7))]);
    let out = outcome(sample);
    let mixed = vec![0xffff_ffff, 2, 1f64.to_bits(), u64::from(0.5f32.to_bits())];
    let tick = Helper::tick.result(&[], 0);
    let call = |helper: &str, args: &[u64]| Call { helper: helper.into(), args: args.to_vec() };
    assert_eq!(out.calls, [call("tick", &[]), call("n_ilnf", &mixed), call("i_i", &[tick])]);
    assert_eq!(out.stack[1], Helper::n_ilnf.result(&mixed, 1));
    assert_eq!(out.stack[2] & 0xffff_ffff, Helper::i_i.result(&[tick], 2));
}

fn conv(src: Type) -> Arg {
    Arg::Lit(Lit::Conv(crate::ir::ConvMode { src, sext: false, check: crate::ir::ConvCheck::Plain }))
}

#[test]
fn math_functions_are_the_hosts() {
    let one = |callee, x: f64| {
        let sample = scene().slots(&[(2, SlotValue::Num(x.to_bits()))]).sload(Type::Num, 2, "T");
        value(call_library(callee, Type::Num, sample, 1), r(2)).map(f64::from_bits)
    };
    assert_eq!(one(Callee::exp, 1.0), Some(1f64.exp()));
    assert_eq!(one(Callee::tan, 0.5), Some(0.5f64.tan()));
    assert_eq!(one(Callee::cosh, 2.0), Some(2f64.cosh()));
    let two = scene().ins(Op::CARG, Type::Nil, num(-1.0), num(-0.0));
    assert_eq!(value(call_library(Callee::atan2, Type::Num, two, 1), r(2)), Some((-1f64).atan2(-0.0).to_bits()));
}

#[test]
fn a_number_is_scaled_by_a_power_of_two() {
    assert_eq!(value(scene().ins(Op::LDEXP, Type::Num, num(1.5), int(4)), r(1)), Some(24f64.to_bits()));
    let nan = outcome(scene().ins(Op::LDEXP, Type::Num, num(f64::NAN), int(4)).snap(&[(3, r(1))]));
    assert!(!nan.unspecified.is_empty() && f64::from_bits(nan.stack[1]).is_nan());
}

/// The first region holds "abcdefgh" and zeros.
fn text() -> Sample {
    let mut sample = scene();
    sample.0.inputs[0].memory[0][..8].copy_from_slice(b"abcdefgh");
    sample
}

#[test]
fn the_length_of_a_text_is_the_distance_to_its_zero() {
    let len = |offset| text().ins(Op::CALLL, Type::I64, data(offset), Arg::Lit(Lit::Callee(Callee::strlen)));
    assert_eq!([value(len(0), r(1)), value(len(5), r(1)), value(len(20), r(1))], [Some(8), Some(3), Some(0)]);
    assert!(matches!(run(len(64)), Err(InterpretError::Unjudged(Unjudged::OutOfWorld { .. }))));
}

fn memory_call(callee: Callee, to: i64, second: Arg, len: i64) -> Sample {
    let args =
        text().ins(Op::CARG, Type::Nil, data(to), second).ins(Op::CARG, Type::Nil, r(1), Arg::K(Const::Int64(len)));
    call_library(callee, Type::P64, args, 2)
}

#[test]
fn copies_and_fills_touch_their_bytes_only() {
    let out = outcome(memory_call(Callee::memcpy, 10, data(1), 3));
    assert_eq!(out.memory[0][8..14], *b"\0\0bcd\0");
    let out = outcome(memory_call(Callee::memset, 2, int(0x15a), 3));
    assert_eq!(out.memory[0][..8], *b"abZZZfgh");
    assert_eq!(refused(memory_call(Callee::memcpy, 2, data(1), 3)), Undefined::Overlap);
    assert!(matches!(
        run(memory_call(Callee::memset, 62, int(0), 3)),
        Err(InterpretError::Unjudged(Unjudged::OutOfWorld { .. }))
    ));
    assert!(run(memory_call(Callee::memset, 64, int(0), 0)).is_ok());
    assert!(matches!(
        run(memory_call(Callee::memset, 65, int(0), 0)),
        Err(InterpretError::Unjudged(Unjudged::OutOfWorld { .. }))
    ));
}
