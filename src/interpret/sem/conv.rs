//! Conversions, as the ARM64 backend of LuaJIT 210.5 and later has them (`asm_conv`, `asm_tointg`).
//!
//! Numbers to integers truncate and saturate, NaN gives 0, but for `u64`: it takes the signed conversion unless that
//! saturates, so negative numbers wrap. The rules are written here a second time, on purpose; Rust's `as` between
//! numbers and integers is by definition ARM's FCVTZS, FCVTZU, SCVTF and UCVTF.

use super::super::error::Undefined;
use super::super::marks::Marks;
use super::{cut, fp, hold, int, signed};
use crate::ir::{ConvCheck, ConvMode, Type};
use crate::outcome::Unspecified;

/// `CONV`: the converted value, or `None` when a checked conversion fails.
pub fn conv(marks: &mut Marks, dst: Type, mode: ConvMode, a: u64) -> Result<Option<u64>, Undefined> {
    match (dst.is_fp(), mode.src.is_fp()) {
        (true, true) => Ok(Some(between_sizes(marks, dst, a))),
        (true, false) => Ok(Some(to_fp(dst, mode.src, a))),
        (false, true) => Ok(to_integer(marks, dst, mode, a)),
        (false, false) => between_integers(dst, mode, a).map(Some),
    }
}

fn between_sizes(marks: &mut Marks, dst: Type, a: u64) -> u64 {
    let (result, back) = match dst {
        Type::Num => (fp::to_double(a), fp::to_single(fp::to_double(a))),
        _ => (fp::to_single(a), a),
    };
    if back != a {
        // A signalling NaN. lj_opt_fold.c: simplify_conv_flt_num takes the single itself, still signalling.
        marks.set(Unspecified::NanPayload);
    }
    result
}

/// One rounding, to nearest even.
#[expect(clippy::cast_precision_loss, reason = "rounding is what the conversion does")]
fn to_fp(dst: Type, src: Type, a: u64) -> u64 {
    let single = dst == Type::Float;
    match src {
        Type::U32 | Type::U64 if single => u64::from((a as f32).to_bits()),
        Type::U32 | Type::U64 => (a as f64).to_bits(),
        _ if single => u64::from((signed(src, a) as f32).to_bits()),
        _ => (signed(src, a) as f64).to_bits(),
    }
}

fn to_integer(marks: &mut Marks, dst: Type, mode: ConvMode, a: u64) -> Option<u64> {
    // Widening a single is exact: converting it afterwards is one rounding.
    let x = f64::from_bits(if mode.src == Type::Num { a } else { fp::to_double(a) });
    match mode.check {
        ConvCheck::Check | ConvCheck::Index => checked_int(marks, x),
        ConvCheck::Plain | ConvCheck::Any => Some(truncated(marks, dst, x)),
    }
}

/// The integer that `x` is, or `None`. Minus zero is 0: the compiled check compares, and the zeros are equal.
pub fn checked_int(marks: &mut Marks, x: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, reason = "compared with the original")]
    let n = x as i32;
    if x == 0.0 && x.is_sign_negative() {
        // lj_opt_fold.c: shortcut_conv_num_int takes the number itself where the way back follows.
        marks.set(Unspecified::ConvRange);
    }
    (f64::from(n) == x).then_some(hold(n))
}

/// `x` towards zero, saturated.
#[expect(clippy::cast_possible_truncation, reason = "saturates, as FCVTZS does")]
pub fn truncated(marks: &mut Marks, dst: Type, x: f64) -> u64 {
    if !in_range(dst, x) {
        marks.set(Unspecified::ConvRange);
    }
    match dst {
        Type::I64 => (x as i64).cast_unsigned(),
        Type::U64 => wrapped_u64(x),
        _ => hold(x as i32),
    }
}

/// The signed conversion, unless it saturates upwards.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, as FCVTZS and FCVTZU do")]
fn wrapped_u64(x: f64) -> u64 {
    match x as i64 {
        i64::MAX => x as u64,
        n => n.cast_unsigned(),
    }
}

/// True when `x` without its fraction is a value of the type.
fn in_range(dst: Type, x: f64) -> bool {
    const TWO31: f64 = (1u64 << 31) as f64;
    const TWO63: f64 = (1u64 << 63) as f64;
    match dst {
        Type::I64 => (-TWO63..TWO63).contains(&x),
        Type::U64 => x > -1.0 && x < TWO63 * 2.0,
        _ => x > -TWO31 - 1.0 && x < TWO31,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are the value")]
fn between_integers(dst: Type, mode: ConvMode, a: u64) -> Result<u64, Undefined> {
    match mode.src {
        Type::I8 => Ok(hold(i32::from(a as i8))),
        Type::U8 => Ok(u64::from(a as u8)),
        Type::I16 => Ok(hold(i32::from(a as i16))),
        Type::U16 => Ok(u64::from(a as u16)),
        _ if dst.is_w64() && !mode.src.is_w64() && mode.sext => Ok(i64::from(int(a)).cast_unsigned()),
        _ if dst.is_w64() => Ok(a),
        // No instruction at all (IRCONV_NONE): the register must hold a 32-bit value already.
        _ if mode.check == ConvCheck::Any && a >> 32 != 0 => Err(Undefined::DoesNotFit),
        _ => Ok(cut(dst, a)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Type::{Float, I8, I16, I64, Int, Num, U8, U16, U32, U64};

    fn run(dst: Type, src: Type, sext: bool, check: ConvCheck, a: u64) -> (Option<u64>, Vec<Unspecified>) {
        let mut marks = Marks::default();
        let value = conv(&mut marks, dst, ConvMode { src, sext, check }, a).expect("the value fits");
        (value, marks.list())
    }

    fn plain(dst: Type, src: Type, a: u64) -> u64 {
        run(dst, src, false, ConvCheck::Plain, a).0.expect("not checked")
    }

    /// Converts `x` as a double and, where it is exact, as a single; both must agree.
    fn from_num(dst: Type, x: f64) -> (u64, bool) {
        let (value, marks) = run(dst, Num, false, ConvCheck::Plain, x.to_bits());
        let single = x as f32;
        if f64::from(single).to_bits() == x.to_bits() {
            let from_single = run(dst, Float, false, ConvCheck::Plain, u64::from(single.to_bits()));
            assert_eq!((value, marks.clone()), from_single);
        }
        (value.expect("not checked"), marks == [Unspecified::ConvRange])
    }

    #[test]
    fn int_from_num_truncates_and_saturates() {
        let int_of = |x| {
            let (v, marked) = from_num(Int, x);
            (int(v), marked)
        };
        assert_eq!([int_of(2.9), int_of(-2.9), int_of(-0.0)], [(2, false), (-2, false), (0, false)]);
        assert_eq!([int_of(2147483647.5), int_of(-2147483648.5)], [(i32::MAX, false), (i32::MIN, false)]);
        assert_eq!([int_of(2147483648.0), int_of(-2147483649.0)], [(i32::MAX, true), (i32::MIN, true)]);
        assert_eq!([int_of(f64::INFINITY), int_of(f64::NEG_INFINITY)], [(i32::MAX, true), (i32::MIN, true)]);
        assert_eq!(int_of(f64::NAN), (0, true));
    }

    #[test]
    fn i64_from_num_truncates_and_saturates() {
        let min = i64::MIN.cast_unsigned();
        assert_eq!(from_num(I64, -9223372036854775808.0), (min, false));
        assert_eq!(from_num(I64, 9223372036854775808.0), (i64::MAX.cast_unsigned(), true));
        assert_eq!(from_num(I64, -9223372036854777856.0), (min, true));
        assert_eq!(from_num(I64, 9223372036854774784.0), (9223372036854774784, false));
        assert_eq!(from_num(I64, f64::NAN), (0, true));
    }

    #[test]
    fn u64_from_num_wraps_negative_numbers_and_saturates_large_ones() {
        assert_eq!(from_num(U64, -1.0), (u64::MAX, true));
        assert_eq!(from_num(U64, -0.9), (0, false));
        assert_eq!(from_num(U64, 9223372036854775808.0), (1 << 63, false));
        assert_eq!(from_num(U64, 18446744073709549568.0), (18446744073709549568, false));
        assert_eq!(from_num(U64, 18446744073709551616.0), (u64::MAX, true));
        assert_eq!(from_num(U64, f64::NEG_INFINITY), (1 << 63, true));
        assert_eq!(from_num(U64, f64::NAN), (0, true));
    }

    #[test]
    fn checked_conversions_take_only_integers() {
        for check in [ConvCheck::Check, ConvCheck::Index] {
            let of = |x: f64| run(Int, Num, false, check, x.to_bits()).0.map(int);
            assert_eq!([of(3.0), of(-0.0), of(-2147483648.0)], [Some(3), Some(0), Some(i32::MIN)]);
            assert_eq!([of(3.5), of(5e-324), of(2147483648.0), of(-2147483649.0)], [None; 4]);
            assert_eq!([of(f64::NAN), of(f64::INFINITY)], [None; 2]);
        }
    }

    #[test]
    fn a_checked_minus_zero_is_marked() {
        let marks = |x: f64| run(Int, Num, false, ConvCheck::Check, x.to_bits()).1;
        assert_eq!(marks(-0.0), [Unspecified::ConvRange]);
        assert!(marks(0.0).is_empty() && marks(3.5).is_empty());
    }

    #[test]
    fn narrow_integers_extend_from_their_low_bits() {
        let a = 0x1234_8081;
        assert_eq!(plain(Int, I8, a), 0xffff_ff81);
        assert_eq!(plain(Int, U8, a), 0x81);
        assert_eq!(plain(U32, I16, a), 0xffff_8081);
        assert_eq!(plain(U32, U16, a), 0x8081);
    }

    #[test]
    fn widening_extends_by_sign_only_when_told() {
        for src in [Int, U32] {
            assert_eq!(run(I64, src, true, ConvCheck::Plain, 0x8000_0000).0, Some(0xffff_ffff_8000_0000));
            assert_eq!(run(I64, src, false, ConvCheck::Plain, 0x8000_0000).0, Some(0x8000_0000));
        }
    }

    #[test]
    fn narrowing_truncates_and_without_an_instruction_must_fit() {
        let none = ConvMode { src: I64, sext: false, check: ConvCheck::Any };
        assert_eq!(plain(Int, I64, 0x1_8000_0000), 0x8000_0000);
        assert_eq!(conv(&mut Marks::default(), Int, none, 0x8000_0000), Ok(Some(0x8000_0000)));
        assert_eq!(conv(&mut Marks::default(), Int, none, u64::MAX), Err(Undefined::DoesNotFit));
    }

    #[test]
    fn integers_become_numbers_by_their_signedness() {
        assert_eq!(f64::from_bits(plain(Num, Int, 0xffff_ffff)), -1.0);
        assert_eq!(f64::from_bits(plain(Num, U32, 0xffff_ffff)), 4294967295.0);
        assert_eq!(f64::from_bits(plain(Num, I64, u64::MAX)), -1.0);
        assert_eq!(f64::from_bits(plain(Num, U64, u64::MAX)), 18446744073709551616.0);
        assert_eq!(plain(Float, Int, 0xffff_ffff), u64::from((-1f32).to_bits()));
    }

    #[test]
    fn large_integers_round_once_to_nearest_even() {
        let ulp = 1u64 << 11;
        assert_eq!(f64::from_bits(plain(Num, U64, (1 << 63) + ulp / 2)), 9223372036854775808.0);
        assert_eq!(f64::from_bits(plain(Num, U64, (1 << 63) + ulp / 2 + 1)), 9223372036854777856.0);
        // Through a double first, this would round to even twice.
        let twice = (1u64 << 62) + (1 << 38) + 1;
        assert_eq!(plain(Float, I64, twice), u64::from(f32::to_bits(4611686568183201792.0)));
        assert_eq!(plain(Float, U64, twice), u64::from(f32::to_bits(4611686568183201792.0)));
    }

    #[test]
    fn quieting_a_single_is_marked_as_fold_may_not_do_it() {
        let marks = |a| run(Num, Float, false, ConvCheck::Plain, a).1;
        assert_eq!(marks(0x7f80_0001), [Unspecified::NanPayload]);
        assert!(marks(0x7fc0_0001).is_empty() && marks(0x7f80_0000).is_empty() && marks(1).is_empty());
    }

    #[test]
    fn numbers_round_to_singles_and_back() {
        assert_eq!(plain(Float, Num, 0.1f64.to_bits()), u64::from(0.1f32.to_bits()));
        assert_eq!(plain(Num, Float, u64::from(0.1f32.to_bits())), f64::from(0.1f32).to_bits());
    }
}
