//! Bitwise operations and shifts.
//!
//! The width is the result type's; shift counts are taken modulo it, on purpose stated here and not shared with any backend.

use super::{cut, signed};
use crate::ir::Type;

/// All bits flipped.
pub fn bnot(ty: Type, a: u64) -> u64 {
    cut(ty, !a)
}

/// Bytes in reverse order.
pub fn bswap(ty: Type, a: u64) -> u64 {
    if ty.is_w64() { a.swap_bytes() } else { a.swap_bytes() >> 32 }
}

/// `a & b`
pub fn band(_: Type, a: u64, b: u64) -> u64 {
    a & b
}

/// `a | b`
pub fn bor(_: Type, a: u64, b: u64) -> u64 {
    a | b
}

/// `a ^ b`
pub fn bxor(_: Type, a: u64, b: u64) -> u64 {
    a ^ b
}

/// Shift left.
pub fn bshl(ty: Type, a: u64, b: u64) -> u64 {
    cut(ty, a << count(ty, b))
}

/// Logical shift right.
pub fn bshr(ty: Type, a: u64, b: u64) -> u64 {
    a >> count(ty, b)
}

/// Arithmetic shift right: the sign bit of the type's width comes in.
pub fn bsar(ty: Type, a: u64, b: u64) -> u64 {
    cut(ty, (signed(ty, a) >> count(ty, b)).cast_unsigned())
}

/// Rotate left.
pub fn brol(ty: Type, a: u64, b: u64) -> u64 {
    rotate_right(ty, a, width(ty) - count(ty, b))
}

/// Rotate right.
pub fn bror(ty: Type, a: u64, b: u64) -> u64 {
    rotate_right(ty, a, count(ty, b))
}

/// Rotates by 0 to the width's bits.
fn rotate_right(ty: Type, a: u64, n: u32) -> u64 {
    if ty.is_w64() { a.rotate_right(n) } else { cut(ty, (a << 32 | a) >> n) }
}

fn width(ty: Type) -> u32 {
    if ty.is_w64() { 64 } else { 32 }
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder is below the width")]
fn count(ty: Type, b: u64) -> u32 {
    (b % u64::from(width(ty))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use Type::{I64, Int, U32, U64};

    /// -1 as a shift count: an `int`.
    const MINUS_1: u64 = 0xffff_ffff;

    #[test]
    fn shift_counts_are_taken_modulo_the_width() {
        for (n32, n) in [(0, 0), (31, 31), (32, 0), (33, 1), (63, 31), (64, 0), (MINUS_1, 31)] {
            assert_eq!(bshl(Int, 1, n32), 1 << n, "{n32}");
            assert_eq!(bshr(U32, 0x8000_0000, n32), 0x8000_0000 >> n, "{n32}");
        }
        for (n64, n) in [(0, 0), (31, 31), (32, 32), (63, 63), (64, 0), (65, 1), (MINUS_1, 63)] {
            assert_eq!(bshl(I64, 1, n64), 1 << n, "{n64}");
            assert_eq!(bshr(U64, 1 << 63, n64), 1 << 63 >> n, "{n64}");
        }
    }

    #[test]
    fn bsar_brings_in_the_sign_of_its_own_width() {
        assert_eq!(bsar(Int, 0x8000_0000, 31), 0xffff_ffff);
        assert_eq!(bsar(Int, 0x8000_0000, 32), 0x8000_0000);
        assert_eq!(bsar(Int, 0x7fff_ffff, MINUS_1), 0);
        assert_eq!(bsar(I64, 0x8000_0000, 31), 1);
        assert_eq!(bsar(I64, 1 << 63, MINUS_1), u64::MAX);
    }

    #[test]
    fn a_32_bit_shift_left_drops_the_upper_half() {
        assert_eq!(bshl(Int, 0xffff_ffff, 4), 0xffff_fff0);
        assert_eq!(bshl(U64, 0xffff_ffff, 4), 0xf_ffff_fff0);
    }

    #[test]
    fn rotations_keep_all_bits_and_undo_each_other() {
        assert_eq!(bror(Int, 0x8000_0001, 1), 0xc000_0000);
        assert_eq!(bror(Int, 0x1234_5678, 32), 0x1234_5678);
        assert_eq!(bror(U64, 0x1234_5678, 4), 0x8000_0000_0123_4567);
        for n in [0, 1, 31, 32, 33, 63, 64, MINUS_1] {
            assert_eq!(brol(Int, bror(Int, 0x1234_5679, n), n), 0x1234_5679, "{n}");
            assert_eq!(brol(I64, bror(I64, 0x1234_5679_0000_0001, n), n), 0x1234_5679_0000_0001, "{n}");
        }
    }

    #[test]
    fn bswap_and_bnot_work_on_the_types_width() {
        assert_eq!(bswap(Int, 0x1122_3344), 0x4433_2211);
        assert_eq!(bswap(I64, 0x1122_3344), 0x4433_2211_0000_0000);
        assert_eq!(bnot(U32, 0x0f), 0xffff_fff0);
        assert_eq!(bnot(U64, 0x0f), 0xffff_ffff_ffff_fff0);
    }
}
