//! Floating point by the Arm manual's rules with FPCR = 0, bit for bit.
//!
//! Source: Arm ARM (DDI 0487), pseudocode `FPProcessNaN`, `FPProcessNaNs`, `FPProcessNaNs3`, `FPAdd`, `FPMul`, `FPMulAdd`,
//! `FPSqrt`, `FPRoundInt`, `FPConvertNaN`. Written here on purpose without regard to any backend. The host computes only
//! where no operand is a NaN, and its NaN results are replaced: x86's default NaN is negative, ARM's positive.

use super::super::marks::Marks;
use crate::ir::{Fpm, Type};
use crate::outcome::Unspecified;

/// The default NaN of a double: what an invalid operation gives.
pub const DEFAULT_NAN: u64 = 0x7ff8_0000_0000_0000;
/// The bit that makes a double's NaN quiet.
const QUIET: u64 = 1 << 51;
const SIGN: u64 = 1 << 63;

/// True for the bits of a NaN.
pub const fn is_nan(x: u64) -> bool {
    x & !SIGN > 0x7ff0_0000_0000_0000
}

const fn is_signalling(x: u64) -> bool {
    is_nan(x) && x & QUIET == 0
}

/// `FPProcessNaNs`: the NaN that comes out of an operation on `xs`, if one is a NaN. Signalling ones come first.
fn propagate<const N: usize>(xs: [u64; N]) -> Option<u64> {
    let first = |is: fn(u64) -> bool| xs.into_iter().find(|x| is(*x));
    first(is_signalling).or_else(|| first(is_nan)).map(|x| x | QUIET)
}

/// The host's result of an operation without NaN operands; its NaN is an invalid operation.
fn settle(marks: &mut Marks, result: f64) -> u64 {
    if result.is_nan() {
        marks.set(Unspecified::NanSign);
        return DEFAULT_NAN;
    }
    result.to_bits()
}

fn arith(marks: &mut Marks, a: u64, b: u64, host: fn(f64, f64) -> f64) -> u64 {
    propagate([a, b]).unwrap_or_else(|| settle(marks, host(f64::from_bits(a), f64::from_bits(b))))
}

fn commute(marks: &mut Marks, a: u64, b: u64, host: fn(f64, f64) -> f64) -> u64 {
    if is_nan(a) && is_nan(b) && a != b {
        marks.set(Unspecified::NanPayload);
    }
    arith(marks, a, b, host)
}

/// `FADD`
pub fn add(marks: &mut Marks, a: u64, b: u64) -> u64 {
    commute(marks, a, b, |a, b| a + b)
}

/// `FSUB`
pub fn sub(marks: &mut Marks, a: u64, b: u64) -> u64 {
    arith(marks, a, b, |a, b| a - b)
}

/// `FMUL`
pub fn mul(marks: &mut Marks, a: u64, b: u64) -> u64 {
    commute(marks, a, b, |a, b| a * b)
}

/// `FDIV`
pub fn div(marks: &mut Marks, a: u64, b: u64) -> u64 {
    arith(marks, a, b, |a, b| a / b)
}

/// `FMADD`: `addend + a * b`, rounded once (`FPMulAdd`).
pub fn mul_add(addend: u64, a: u64, b: u64) -> u64 {
    let [x, y, z] = [addend, a, b].map(f64::from_bits);
    let invalid = (y == 0.0 && z.is_infinite()) || (y.is_infinite() && z == 0.0);
    if invalid && is_nan(addend) && !is_signalling(addend) {
        return DEFAULT_NAN;
    }
    propagate([addend, a, b]).unwrap_or_else(|| settle(&mut Marks::default(), y.mul_add(z, x)))
}

/// `FNEG`: the sign bit flipped, also a NaN's.
pub const fn neg(a: u64) -> u64 {
    a ^ SIGN
}

/// `FABS`: the sign bit cleared, also a NaN's.
pub const fn abs(_: Type, a: u64) -> u64 {
    a & !SIGN
}

/// `MIN`: the right operand unless the left one is less, by compare and select: bits pass as they are, and with a NaN or
/// two equal operands the right one is taken (`asm_fpmin_max`, `lj_vm_foldarith`).
pub fn min(a: u64, b: u64) -> u64 {
    if f64::from_bits(a) < f64::from_bits(b) { a } else { b }
}

/// `MAX`: the right operand unless the left one is greater, as [`min`].
pub fn max(a: u64, b: u64) -> u64 {
    if f64::from_bits(a) > f64::from_bits(b) { a } else { b }
}

/// `FPMATH`: rounding and square root are instructions, the logarithms calls of the host's C library.
pub fn fpmath(marks: &mut Marks, fpm: Fpm, a: u64) -> u64 {
    let host: fn(f64) -> f64 = match fpm {
        Fpm::Floor => f64::floor,
        Fpm::Ceil => f64::ceil,
        Fpm::Trunc => f64::trunc,
        Fpm::Sqrt => f64::sqrt,
        Fpm::Log => return library(marks, [a], f64::from_bits(a).ln()),
        Fpm::Log2 => return library(marks, [a], f64::from_bits(a).log2()),
    };
    if is_signalling(a) {
        // lj_opt_fold.c: kfold_fpmath; whether the host's functions quiet it is theirs.
        marks.set(Unspecified::NanPayload);
    }
    propagate([a]).unwrap_or_else(|| settle(marks, host(f64::from_bits(a))))
}

/// `POW num`: a call of the host's C library, its NaNs included.
pub fn pow(marks: &mut Marks, a: u64, b: u64) -> u64 {
    library(marks, [a, b], f64::from_bits(a).powf(f64::from_bits(b)))
}

/// `LDEXP`: a call of the host's C library, which scales exactly and rounds once.
pub fn ldexp(marks: &mut Marks, _: Type, a: u64, b: u64) -> u64 {
    if !f64::from_bits(a).is_finite() {
        return library(marks, [a], f64::from_bits(propagate([a]).unwrap_or(a)));
    }
    super::ldexp::ldexp(a, super::int(b))
}

/// What the C library gave. Its NaNs are its own: compiled code calls the same function.
pub(super) fn library<const N: usize>(marks: &mut Marks, xs: [u64; N], result: f64) -> u64 {
    if result.is_nan() {
        let nans = xs.into_iter().filter(|x| is_nan(*x)).count();
        marks.set(if nans > 1 { Unspecified::NanPayload } else { Unspecified::NanSign });
    }
    result.to_bits()
}

/// `FCVT` of a double to a single (`FPConvert`): a NaN keeps its sign and the top of its payload, and is quieted.
pub fn to_single(a: u64) -> u64 {
    if !is_nan(a) {
        #[expect(clippy::cast_possible_truncation, reason = "rounds to nearest even, as FCVT does")]
        return u64::from((f64::from_bits(a) as f32).to_bits());
    }
    a >> 32 & 0x8000_0000 | 0x7fc0_0000 | a >> 29 & 0x003f_ffff
}

/// `FCVT` of a single to a double: exact; a NaN is quieted.
pub fn to_double(a: u64) -> u64 {
    let single = f32::from_bits(super::int(a).cast_unsigned());
    if !single.is_nan() {
        return f64::from(single).to_bits();
    }
    (a & 0x8000_0000) << 32 | DEFAULT_NAN | (a & 0x003f_ffff) << 29
}

/// Below this magnitude `TOBIT` gives the integer that the number rounds to.
const TOBIT_RANGE: f64 = (1u64 << 51) as f64;

/// `TOBIT`: the low half of the number plus the bias 2^52 + 2^51, which rounds to nearest even and wraps.
pub fn tobit(marks: &mut Marks, _: Type, a: u64, bias: u64) -> u64 {
    if is_nan(a) || f64::from_bits(a).abs() >= TOBIT_RANGE {
        marks.set(Unspecified::ConvRange);
    } else if f64::from_bits(a).fract() != 0.0 {
        marks.set(Unspecified::TobitFraction);
    }
    super::cut(Type::Int, add(marks, a, bias))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAN: u64 = 0x7ff0_0000_0000_0123;
    const QNAN_A: u64 = 0x7ff8_0000_0000_0aaa;
    const QNAN_B: u64 = 0xfff8_0000_0000_0bbb;

    fn marks_of(f: impl FnOnce(&mut Marks)) -> Vec<Unspecified> {
        let mut marks = Marks::default();
        f(&mut marks);
        marks.list()
    }

    #[test]
    fn the_first_quiet_nan_comes_out_of_arithmetic() {
        let m = &mut Marks::default();
        for f in [add, sub, mul, div] {
            assert_eq!(f(m, QNAN_A, QNAN_B), QNAN_A);
            assert_eq!(f(m, QNAN_B, QNAN_A), QNAN_B);
            assert_eq!(f(m, 1f64.to_bits(), QNAN_B), QNAN_B);
        }
    }

    #[test]
    fn a_signalling_nan_comes_first_and_is_quieted() {
        let m = &mut Marks::default();
        for f in [add, sub, mul, div] {
            assert_eq!(f(m, QNAN_A, SNAN), SNAN | QUIET);
            assert_eq!(f(m, SNAN, QNAN_A), SNAN | QUIET);
            assert_eq!(f(m, SNAN, SNAN ^ SIGN), SNAN | QUIET);
        }
    }

    #[test]
    fn invalid_operations_make_the_positive_default_nan_and_are_marked() {
        let [inf, zero, one] = [f64::INFINITY, 0.0, 1.0].map(f64::to_bits);
        type Binary = fn(&mut Marks, u64, u64) -> u64;
        let invalid: [(Binary, u64, u64); 5] =
            [(add, inf, neg(inf)), (sub, inf, inf), (mul, zero, inf), (div, zero, neg(zero)), (div, inf, inf)];
        for (f, a, b) in invalid {
            assert_eq!(marks_of(|m| assert_eq!(f(m, a, b), DEFAULT_NAN)), [Unspecified::NanSign]);
        }
        assert!(marks_of(|m| assert_eq!(div(m, one, zero), inf)).is_empty());
        let minus_one = neg(one);
        assert_eq!(marks_of(|m| assert_eq!(fpmath(m, Fpm::Sqrt, minus_one), DEFAULT_NAN)), [Unspecified::NanSign]);
    }

    #[test]
    fn two_different_nans_are_marked_where_operands_commute() {
        assert_eq!(marks_of(|m| _ = add(m, QNAN_A, QNAN_B)), [Unspecified::NanPayload]);
        assert_eq!(marks_of(|m| _ = mul(m, QNAN_A, QNAN_B)), [Unspecified::NanPayload]);
        assert!(marks_of(|m| _ = mul(m, QNAN_A, QNAN_A)).is_empty());
        assert!(marks_of(|m| _ = sub(m, QNAN_A, QNAN_B)).is_empty());
    }

    #[test]
    fn neg_and_abs_touch_only_the_sign_bit() {
        assert_eq!(neg(SNAN), SNAN | SIGN);
        assert_eq!(neg(0), SIGN);
        assert_eq!(abs(Type::Num, SNAN | SIGN), SNAN);
        assert_eq!(abs(Type::Num, SIGN), 0);
    }

    #[test]
    fn min_and_max_take_the_right_operand_when_equal_or_unordered() {
        let one = 1f64.to_bits();
        for f in [min, max] {
            assert_eq!(f(SIGN, 0), 0);
            assert_eq!(f(0, SIGN), SIGN);
            assert_eq!(f(SNAN, one), one);
            assert_eq!(f(one, SNAN), SNAN);
            assert_eq!(f(QNAN_A, QNAN_B), QNAN_B);
        }
        assert_eq!((min(0, one), max(0, one)), (0, one));
        assert_eq!((min(one, 0), max(one, 0)), (0, one));
    }

    #[test]
    fn rounding_keeps_minus_zero_and_large_values_and_quiets_nans() {
        let round = |fpm, x: f64| f64::from_bits(fpmath(&mut Marks::default(), fpm, x.to_bits()));
        let big = (1u64 << 52) as f64 + 1.0;
        for fpm in [Fpm::Floor, Fpm::Ceil, Fpm::Trunc] {
            assert_eq!(round(fpm, -0.0).to_bits(), SIGN);
            assert_eq!(round(fpm, big).to_bits(), big.to_bits());
            assert_eq!(round(fpm, f64::NEG_INFINITY), f64::NEG_INFINITY);
            assert_eq!(fpmath(&mut Marks::default(), fpm, SNAN | SIGN), SNAN | SIGN | QUIET);
        }
        assert_eq!(round(Fpm::Ceil, -0.3).to_bits(), SIGN);
        assert_eq!(round(Fpm::Trunc, -0.3).to_bits(), SIGN);
        assert_eq!(round(Fpm::Floor, -0.3), -1.0);
        assert_eq!(round(Fpm::Floor, (1u64 << 51) as f64 + 0.5), (1u64 << 51) as f64);
        assert_eq!(round(Fpm::Ceil, 5e-324), 1.0);
    }

    #[test]
    fn rounding_a_signalling_nan_is_marked() {
        assert_eq!(marks_of(|m| _ = fpmath(m, Fpm::Floor, SNAN)), [Unspecified::NanPayload]);
        assert!(marks_of(|m| _ = fpmath(m, Fpm::Floor, QNAN_A)).is_empty());
    }

    #[test]
    fn sqrt_keeps_minus_zero() {
        assert_eq!(fpmath(&mut Marks::default(), Fpm::Sqrt, SIGN), SIGN);
        assert_eq!(fpmath(&mut Marks::default(), Fpm::Sqrt, 4f64.to_bits()), 2f64.to_bits());
    }

    #[test]
    fn nans_are_quieted_and_cut_when_narrowed_and_widened() {
        assert_eq!(to_single(0xfff0_0000_2000_0001), 0xffc0_0001);
        assert_eq!(to_single(0x7ff0_0000_0000_0001), 0x7fc0_0000);
        assert_eq!(to_double(0xff80_0001), 0xfff8_0000_2000_0000);
        assert_eq!(to_double(0x7fff_ffff), 0x7fff_ffff_e000_0000);
    }

    #[test]
    fn narrowing_rounds_to_nearest_even_down_to_subnormals() {
        assert_eq!(to_single((1.0 + f64::from(f32::EPSILON) / 2.0).to_bits()), u64::from(1f32.to_bits()));
        assert_eq!(to_single((1.0 + f64::from(f32::EPSILON) * 1.5).to_bits()), u64::from(1f32.to_bits()) + 2);
        assert_eq!(to_single((f64::from(f32::from_bits(1)) * 0.5).to_bits()), 0);
        assert_eq!(to_single((f64::from(f32::from_bits(3)) * 0.5).to_bits()), 2);
        assert_eq!(to_single(1e300f64.to_bits()), u64::from(f32::INFINITY.to_bits()));
    }

    #[test]
    fn tobit_rounds_half_to_even_and_wraps() {
        let bias = crate::ir::validate::TOBIT_BIAS;
        let tobit = |x: f64| super::super::int(tobit(&mut Marks::default(), Type::Int, x.to_bits(), bias));
        assert_eq!([0.5, 1.5, 2.5, -0.5, -1.5, -0.0].map(tobit), [0, 2, 2, 0, -2, 0]);
        assert_eq!([4294967295.0, 4294967296.0, 2147483648.0].map(tobit), [-1, 0, i32::MIN]);
        assert_eq!(tobit(-2147483649.0), i32::MAX);
    }

    #[test]
    fn tobit_is_marked_beyond_its_range() {
        let bias = crate::ir::validate::TOBIT_BIAS;
        let marks = |x: f64| marks_of(|m| _ = tobit(m, Type::Int, x.to_bits(), bias));
        assert!(marks(TOBIT_RANGE - 1.0).is_empty());
        for x in [TOBIT_RANGE, -TOBIT_RANGE, f64::INFINITY, f64::NAN] {
            assert_eq!(marks(x), [Unspecified::ConvRange]);
        }
    }

    #[test]
    fn tobit_of_a_fraction_is_marked() {
        let bias = crate::ir::validate::TOBIT_BIAS;
        assert_eq!(marks_of(|m| _ = tobit(m, Type::Int, 2.5f64.to_bits(), bias)), [Unspecified::TobitFraction]);
    }

    #[test]
    fn a_fused_zero_times_infinity_beats_a_quiet_addend() {
        let inf = f64::INFINITY.to_bits();
        assert_eq!(mul_add(QNAN_A, 0, inf), DEFAULT_NAN);
        assert_eq!(mul_add(SNAN, 0, inf), SNAN | QUIET);
        assert_eq!(mul_add(QNAN_A, QNAN_B, 0), QNAN_A);
        assert_eq!(mul_add(QNAN_A, SNAN, 0), SNAN | QUIET);
    }

    #[test]
    fn library_calls_are_the_hosts() {
        let m = &mut Marks::default();
        assert_eq!(pow(m, 2f64.to_bits(), 10f64.to_bits()), 1024f64.to_bits());
        assert_eq!(fpmath(m, Fpm::Log2, 8f64.to_bits()), 3f64.to_bits());
        assert_eq!(fpmath(m, Fpm::Log, 1f64.to_bits()), 0);
        assert!(m.list().is_empty());
        assert!(is_nan(fpmath(m, Fpm::Log, (-1f64).to_bits())));
        assert_eq!(m.list(), [Unspecified::NanSign]);
    }
}
