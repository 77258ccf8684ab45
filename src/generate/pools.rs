//! Boundary pools: constants, displacements and input values around the limits of ARM64's immediate fields.
//!
//! Nothing here is a list of literals that once failed: each pool is built from field widths, access sizes, alignments
//! and signs. Sources: Arm ARM (C4, C6: immediate fields); LuaJIT `lj_emit_arm64.h` for which field is used where.

use super::entropy::Source;

/// Bits of an add/sub/compare immediate (`emit_isk12`), which can be shifted by as much again.
const ARITH_BITS: u32 = 12;
/// Bits of the signed unscaled displacement of a load or store.
const UNSCALED_BITS: u32 = 9;
/// Bits of the unsigned scaled displacement of a load or store.
const SCALED_BITS: u32 = 12;
/// Bits of the signed scaled displacement of a pair.
const PAIR_BITS: u32 = 7;

/// A displacement near the limit of some field for accesses of `1 << log2` bytes.
pub(super) fn displacement(s: &mut impl Source, log2: u32) -> i64 {
    let near = s.range(-2, 2) << log2;
    let odd = if s.percent(20) { s.range(-1, 1) } else { 0 };
    let edge = match s.weighted(&[6, 5, 5, 5, 2, 2, 1, 1]) {
        0 => s.range(0, 15) << log2,
        1 => signed_edge(s, UNSCALED_BITS),
        2 => 1 << (SCALED_BITS + log2),
        3 => signed_edge(s, PAIR_BITS) << log2.max(2),
        4 => s.range(0, 1 << (ARITH_BITS + 3)),
        5 => signed_edge(s, ARITH_BITS + 1) << s.pick(&[0, ARITH_BITS]),
        6 => signed_edge(s, 32),
        _ => sign(s) << s.below(34),
    };
    edge + near + odd
}

/// How far apart displacements are, in bytes, that look alike in the unscaled field.
pub(super) const WRAP: i64 = 1 << UNSCALED_BITS;

/// `-2^(bits-1)` or `2^(bits-1)`: the first value that a signed field can't hold, or the last it can.
fn signed_edge(s: &mut impl Source, bits: u32) -> i64 {
    sign(s) << (bits - 1)
}

fn sign(s: &mut impl Source) -> i64 {
    s.pick(&[1, -1])
}

/// An integer constant of `width` (32 or 64) bits, sign-extended.
pub(super) fn integer(s: &mut impl Source, width: u32) -> i64 {
    let k = match s.weighted(&[8, 6, 4, 4, 3, 3, 2]) {
        0 => s.range(0, 17) - i64::from(s.percent(30)) * 17,
        1 => (1i64 << s.below(width)).wrapping_add(s.range(-1, 1)),
        2 => arith_edge(s),
        3 => bitmask(s, width),
        4 => bitmask(s, width) ^ 1 << s.below(width),
        5 => chunks(s, width),
        _ => s.raw(8).cast_signed(),
    };
    let k = match s.weighted(&[12, 2, 2]) {
        0 => k,
        1 => k.wrapping_neg(),
        _ => !k,
    };
    truncate(k, width)
}

/// The value that `width` bits of `k` have, sign-extended.
pub(super) fn truncate(k: i64, width: u32) -> i64 {
    k << (64 - width) >> (64 - width)
}

/// Around the limits of the 12-bit add/sub immediate, plain and shifted.
fn arith_edge(s: &mut impl Source) -> i64 {
    let edge = 1 << (ARITH_BITS * (1 + s.below(2)));
    let step = s.pick(&[1, 1 << ARITH_BITS]);
    edge + step * s.range(-2, 1)
}

/// A logical immediate: a rotated run of ones in elements of 2 to 64 bits.
pub(super) fn bitmask(s: &mut impl Source, width: u32) -> i64 {
    let element = 2u32 << s.below(width.ilog2());
    let ones = 1 + s.below(element - 1);
    let run = u64::MAX >> (64 - ones);
    let turned = rotate(run, s.below(element), element);
    let copies = (0..64 / element).fold(0, |m, i| m | turned << (i * element));
    truncate(copies.cast_signed(), width)
}

fn rotate(x: u64, by: u32, width: u32) -> u64 {
    let mask = u64::MAX >> (64 - width);
    let left = x << by;
    let right = if by == 0 { 0 } else { x >> (width - by) };
    (left | right) & mask
}

/// 16-bit pieces of zeros, ones and others: what MOVZ, MOVN and MOVK make.
fn chunks(s: &mut impl Source, width: u32) -> i64 {
    let piece = |s: &mut _| match Source::below(s, 3) {
        0 => 0,
        1 => 0xffff,
        _ => Source::raw(s, 2).cast_signed(),
    };
    (0..width / 16).fold(0, |k, i| k | piece(s) << (16 * i))
}

/// A shift count for `width` bits: edges and byte boundaries, sometimes beyond the width.
pub(super) fn shift_count(s: &mut impl Source, width: u32, beyond: bool) -> i32 {
    let width = width.cast_signed();
    match s.weighted(&[6, 4, 3, u16::from(beyond)]) {
        0 => i32::try_from(s.range(1, i64::from(width) - 1)).expect("a small range"),
        1 => s.pick(&[1, 2, 3, 4, 5]),
        2 => s.pick(&[8, 16, 24, width / 2, width - 1, width - 2, width - 8]),
        _ => s.pick(&[0, width, width + 1, 2 * width - 1, 2 * width, -1]),
    }
}

/// The bits of a double constant.
pub(super) fn double(s: &mut impl Source) -> u64 {
    match s.weighted(&[8, 5, 4, 3, 1]) {
        0 => small_double(s),
        1 => fmov_double(s),
        2 => edge_double(s),
        3 => byte_mask(s),
        _ => quiet(s.raw(8)),
    }
}

/// A small whole number or half.
pub(super) fn small_double(s: &mut impl Source) -> u64 {
    let n = i32::try_from(s.range(0, 40)).expect("a small range");
    let n = f64::from(n - i32::from(s.percent(30)) * 40);
    if s.percent(25) { (n / 2.0).to_bits() } else { n.to_bits() }
}

/// What FMOV's 8-bit immediate holds: sign, 3 bits of exponent, 4 bits of fraction; sometimes one bit too many.
fn fmov_double(s: &mut impl Source) -> u64 {
    let (negative, exponent, fraction) = (s.raw(1) & 1, s.below(8), s.raw(1) & 15);
    let extra = u64::from(s.percent(15)) << s.pick(&[47, 46, 0]);
    negative << 63 | u64::from(1023 - 3 + exponent) << 52 | fraction << 48 | extra
}

/// Powers of two where conversions and roundings change, the specials, and their neighbours.
fn edge_double(s: &mut impl Source) -> u64 {
    let bits = match s.weighted(&[6, 1, 1, 1, 1]) {
        0 => {
            let power: u64 = s.pick(&[0, 7, 8, 15, 16, 24, 31, 32, 51, 52, 53, 63, 64]);
            (1023 + power) << 52
        }
        1 => 0,
        2 => f64::INFINITY.to_bits(),
        3 => f64::MIN_POSITIVE.to_bits(),
        _ => CANONICAL_NAN,
    };
    let sign = if bits == CANONICAL_NAN { 0 } else { u64::from(s.percent(40)) << 63 };
    let near = if is_special(bits) { 0 } else { s.pick(&[0, 1, u64::MAX, 1 << 51]) };
    bits.wrapping_add(near) | sign
}

/// The one NaN that is a Lua value.
pub(super) const CANONICAL_NAN: u64 = 0xfff8_0000_0000_0000;

fn is_special(bits: u64) -> bool {
    bits << 1 == 0 || bits >> 52 & 0x7ff == 0x7ff
}

/// Each byte 00 or ff: what MOVI makes. Not a NaN.
fn byte_mask(s: &mut impl Source) -> u64 {
    let picks = s.raw(1);
    quiet((0..8).filter(|i| picks >> i & 1 != 0).fold(0, |m, i| m | 0xff << (8 * i)))
}

/// Random bits, but any NaN becomes the canonical one.
pub(super) fn quiet(bits: u64) -> u64 {
    if f64::from_bits(bits).is_nan() { CANONICAL_NAN } else { bits }
}

#[cfg(test)]
mod tests {
    use super::super::entropy::Bulk;
    use super::*;

    #[test]
    fn displacements_reach_both_sides_of_each_field_limit() {
        let mut s = Bulk::new(7);
        let drawn: Vec<i64> = (0..200_000).map(|_| displacement(&mut s, 3)).collect();
        for edge in [-256, 256, -512, 512, 32768, 4096, 1 << 31] {
            for at in [edge - 8, edge, edge + 8] {
                assert!(drawn.contains(&at), "no displacement {at}");
            }
        }
        assert!(drawn.contains(&-257) && drawn.contains(&255) && drawn.contains(&32761));
    }

    #[test]
    fn bitmasks_are_rotated_runs_in_equal_elements() {
        let mut s = Bulk::new(3);
        for _ in 0..10_000 {
            let m = bitmask(&mut s, 64).cast_unsigned();
            let period = [2, 4, 8, 16, 32, 64].into_iter().find(|p| m.rotate_right(*p) == m).unwrap();
            let changes = (m ^ m.rotate_right(1)).count_ones() / (64 / period);
            assert_eq!(changes, 2, "{m:#x} is not one run in each element");
        }
    }

    #[test]
    fn drawn_doubles_are_lua_numbers() {
        let mut s = Bulk::new(5);
        for _ in 0..10_000 {
            let bits = double(&mut s);
            assert!(!f64::from_bits(bits).is_nan() || bits == CANONICAL_NAN, "{bits:#x}");
        }
    }
}
