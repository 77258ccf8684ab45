//! Integer arithmetic, and the choice between it and [`super::fp`] by type.
//!
//! Division, remainder and power of 64-bit integers are LuaJIT's own helpers (`lj_carith.c`), which define what C does not.

use super::super::error::Undefined;
use super::super::marks::Marks;
use super::{cut, fp, hold, int, signed};
use crate::ir::Type;

/// What LuaJIT's helpers give for a division by zero: the bits of the smallest `i64`.
const NO_QUOTIENT: u64 = 1 << 63;

/// `a + b`
pub fn add(marks: &mut Marks, ty: Type, a: u64, b: u64) -> u64 {
    if ty == Type::Num { fp::add(marks, a, b) } else { cut(ty, a.wrapping_add(b)) }
}

/// `a - b`
pub fn sub(marks: &mut Marks, ty: Type, a: u64, b: u64) -> u64 {
    if ty == Type::Num { fp::sub(marks, a, b) } else { cut(ty, a.wrapping_sub(b)) }
}

/// `a * b`
pub fn mul(marks: &mut Marks, ty: Type, a: u64, b: u64) -> u64 {
    if ty == Type::Num { fp::mul(marks, a, b) } else { cut(ty, a.wrapping_mul(b)) }
}

/// `a / b`, integers truncated (`lj_carith_divi64`, `lj_carith_divu64`).
pub fn div(marks: &mut Marks, ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::Num => fp::div(marks, a, b),
        _ if b == 0 => NO_QUOTIENT,
        Type::I64 => a.cast_signed().wrapping_div(b.cast_signed()).cast_unsigned(),
        _ => a / b,
    }
}

/// `a % b`: of 64-bit integers with the dividend's sign (`lj_carith_modi64`), of 32-bit ones with the divisor's, as Lua has
/// it (`lj_vm_modi`).
pub fn modulo(ty: Type, a: u64, b: u64) -> Result<u64, Undefined> {
    match ty {
        Type::Int if b == 0 => Err(Undefined::ZeroDivisor),
        Type::Int => Ok(hold(floor_mod(int(a), int(b)))),
        _ if b == 0 => Ok(NO_QUOTIENT),
        Type::I64 => Ok(a.cast_signed().wrapping_rem(b.cast_signed()).cast_unsigned()),
        _ => Ok(a % b),
    }
}

fn floor_mod(a: i32, b: i32) -> i32 {
    let r = a.wrapping_rem(b);
    if r != 0 && (r < 0) != (b < 0) { r + b } else { r }
}

/// `a ^ b`
pub fn pow(marks: &mut Marks, ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::Num => fp::pow(marks, a, b),
        Type::I64 if b.cast_signed() < 0 => reciprocal_power(a.cast_signed(), b),
        _ => wrapping_power(a, b),
    }
}

/// `x` to a negative power, truncated to an integer (`lj_carith_powi64`).
fn reciprocal_power(x: i64, k: u64) -> u64 {
    match x {
        0 => i64::MAX.cast_unsigned(),
        1 => 1,
        -1 if k & 1 == 0 => 1,
        -1 => u64::MAX,
        _ => 0,
    }
}

/// By squaring, from the exponent's highest bit down; `lj_carith_powu64` goes the other way.
fn wrapping_power(x: u64, k: u64) -> u64 {
    (0..64 - k.leading_zeros()).rev().fold(1u64, |y, bit| {
        let square = y.wrapping_mul(y);
        if k >> bit & 1 == 1 { square.wrapping_mul(x) } else { square }
    })
}

/// `-a`: wraps for integers.
pub fn neg(ty: Type, a: u64) -> u64 {
    if ty == Type::Num { fp::neg(a) } else { cut(ty, a.wrapping_neg()) }
}

/// The lesser, signed.
pub fn min(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::Num => fp::min(a, b),
        _ if signed(ty, a) < signed(ty, b) => a,
        _ => b,
    }
}

/// The greater, signed.
pub fn max(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::Num => fp::max(a, b),
        _ if signed(ty, a) > signed(ty, b) => a,
        _ => b,
    }
}

/// `a + b` if it is a 32-bit integer.
pub fn addov(a: u64, b: u64) -> Option<u64> {
    fitting(i64::from(int(a)) + i64::from(int(b)))
}

/// `a - b` if it is a 32-bit integer.
pub fn subov(a: u64, b: u64) -> Option<u64> {
    fitting(i64::from(int(a)) - i64::from(int(b)))
}

/// `a * b` if it is a 32-bit integer.
pub fn mulov(a: u64, b: u64) -> Option<u64> {
    fitting(i64::from(int(a)) * i64::from(int(b)))
}

fn fitting(exact: i64) -> Option<u64> {
    i32::try_from(exact).ok().map(hold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Type::{I64, Int, P64, U32, U64};

    const MIN32: u64 = 0x8000_0000;
    const MAX32: u64 = 0x7fff_ffff;
    const MINUS32: u64 = 0xffff_ffff;
    const MIN64: u64 = 1 << 63;

    fn marks() -> Marks {
        Marks::default()
    }

    #[test]
    fn integers_wrap_at_their_width() {
        assert_eq!(add(&mut marks(), Int, MAX32, 1), MIN32);
        assert_eq!(add(&mut marks(), U32, MINUS32, 1), 0);
        assert_eq!(add(&mut marks(), I64, MINUS32, 1), 1 << 32);
        assert_eq!(sub(&mut marks(), Int, 0, 1), MINUS32);
        assert_eq!(sub(&mut marks(), P64, 0, 1), u64::MAX);
        assert_eq!(mul(&mut marks(), Int, MIN32, MINUS32), MIN32);
        assert_eq!(mul(&mut marks(), U64, 1 << 32, 1 << 32), 0);
    }

    #[test]
    fn the_smallest_integer_is_its_own_negation() {
        assert_eq!(neg(Int, MIN32), MIN32);
        assert_eq!(neg(I64, MIN64), MIN64);
        assert_eq!(neg(I64, MIN32), 0xffff_ffff_8000_0000);
        assert_eq!(neg(Int, 1), MINUS32);
    }

    #[test]
    fn division_by_zero_gives_the_smallest_i64() {
        for ty in [I64, U64] {
            assert_eq!(div(&mut marks(), ty, 7, 0), MIN64);
            assert_eq!(modulo(ty, 7, 0), Ok(MIN64));
        }
    }

    #[test]
    fn the_smallest_i64_by_minus_one_does_not_trap() {
        assert_eq!(div(&mut marks(), I64, MIN64, u64::MAX), MIN64);
        assert_eq!(modulo(I64, MIN64, u64::MAX), Ok(0));
        assert_eq!(modulo(Int, MIN32, MINUS32), Ok(0));
    }

    #[test]
    fn signed_and_unsigned_division_differ() {
        let minus_7 = (-7i64).cast_unsigned();
        assert_eq!(div(&mut marks(), I64, minus_7, 2), (-3i64).cast_unsigned());
        assert_eq!(div(&mut marks(), U64, minus_7, 2), minus_7 >> 1);
        assert_eq!(modulo(I64, minus_7, 2), Ok(u64::MAX));
        assert_eq!(modulo(U64, minus_7, 2), Ok(1));
    }

    #[test]
    fn int_remainders_have_the_divisors_sign() {
        let m = |a: i32, b: i32| modulo(Int, hold(a), hold(b)).map(int);
        assert_eq!([m(5, 3), m(-5, 3), m(5, -3), m(-5, -3)], [Ok(2), Ok(1), Ok(-1), Ok(-2)]);
        assert_eq!([m(6, -3), m(i32::MIN, i32::MAX), m(i32::MAX, i32::MIN)], [Ok(0), Ok(i32::MAX - 1), Ok(-1)]);
        assert_eq!(m(1, 0), Err(Undefined::ZeroDivisor));
    }

    #[test]
    fn integer_powers_wrap() {
        let p = |ty, a: i64, b: i64| pow(&mut marks(), ty, a.cast_unsigned(), b.cast_unsigned()).cast_signed();
        assert_eq!([p(I64, 3, 0), p(I64, 3, 1), p(I64, 3, 5), p(I64, -2, 63)], [1, 3, 243, i64::MIN]);
        assert_eq!([p(I64, 0, 0), p(I64, 2, 64), p(U64, 3, -1)], [1, 0, 0xaaaa_aaaa_aaaa_aaabu64.cast_signed()]);
    }

    #[test]
    fn negative_exponents_truncate_the_reciprocal() {
        let p = |a: i64, b: i64| pow(&mut marks(), I64, a.cast_unsigned(), b.cast_unsigned()).cast_signed();
        assert_eq!([p(0, -1), p(1, -5), p(-1, -2), p(-1, -3), p(2, -1)], [i64::MAX, 1, 1, -1, 0]);
        assert_eq!(p(-1, i64::MIN), 1);
    }

    #[test]
    fn overflow_checks_stop_just_beyond_32_bits() {
        assert_eq!(addov(MAX32, 0), Some(MAX32));
        assert_eq!(addov(MAX32, 1), None);
        assert_eq!(addov(MIN32, MINUS32), None);
        assert_eq!(addov(MIN32, MAX32), Some(MINUS32));
        assert_eq!(subov(MIN32, 1), None);
        assert_eq!(subov(0, MIN32), None);
        assert_eq!(subov(MINUS32, MIN32), Some(MAX32));
        assert_eq!(mulov(MIN32, MINUS32), None);
        assert_eq!(mulov(MIN32, 1), Some(MIN32));
        assert_eq!(mulov(0x1_0000, 0x8000), None);
        assert_eq!(mulov(0x1_0000, hold(-0x8000)), Some(MIN32));
    }

    #[test]
    fn min_and_max_of_integers_are_signed() {
        assert_eq!(min(Int, MINUS32, 0), MINUS32);
        assert_eq!(max(Int, MINUS32, 0), 0);
        assert_eq!(min(Int, MIN32, MAX32), MIN32);
    }
}
