//! The two packed immediates of A64: logical bitmasks (DecodeBitMasks) and 8-bit floating-point constants (VFPExpandImm).

use super::registers::Width;

/// The logical immediate that `N`, `immr` and `imms` stand for, if any.
///
/// Arm manual, shared pseudocode `aarch64/instrs/integer/bitmasks/DecodeBitMasks`.
#[must_use]
pub fn decode_bitmask(width: Width, n: u32, immr: u32, imms: u32) -> Option<u64> {
    let size = element_size(width, n, imms)?;
    let ones = (imms & (size - 1)) + 1;
    let run = u64::MAX >> (64 - ones);
    Some(replicate(rotate(run, immr & (size - 1), size), size) & width.mask())
}

/// As [`decode_bitmask`], with the fields taken from a logical (immediate) word.
#[must_use]
pub fn decode_fields(word: u32) -> Option<u64> {
    decode_bitmask(Width::of_sf(word), word >> 22 & 1, word >> 16 & 63, word >> 10 & 63)
}

/// The element size in bits, or `None` for a reserved combination.
fn element_size(width: Width, n: u32, imms: u32) -> Option<u32> {
    if n == 1 && width == Width::W {
        return None;
    }
    let selector = n << 6 | (!imms & 63);
    let size = 1 << selector.checked_ilog2()?;
    (size >= 2 && imms & (size - 1) != size - 1).then_some(size)
}

fn rotate(run: u64, by: u32, size: u32) -> u64 {
    if by == 0 { run } else { (run >> by | run << (size - by)) & (u64::MAX >> (64 - size)) }
}

fn replicate(element: u64, size: u32) -> u64 {
    (0..64 / size).fold(0, |whole, i| whole | element << (i * size))
}

/// `N`, `immr` and `imms` of a logical immediate, if `value` is one.
///
/// Found by decoding candidates, so that it cannot disagree with [`decode_bitmask`].
#[must_use]
pub fn encode_bitmask(width: Width, value: u64) -> Option<(u32, u32, u32)> {
    [64, 32, 16, 8, 4, 2].into_iter().rev().find_map(|size| encode_element(width, value, size))
}

fn encode_element(width: Width, value: u64, size: u32) -> Option<(u32, u32, u32)> {
    let element = value & (u64::MAX >> (64 - size));
    let ones = element.count_ones();
    if ones == 0 || ones == size || size > width.bits() {
        return None;
    }
    let n = u32::from(size == 64);
    let imms = (!(size * 2 - 1) & 63) | (ones - 1);
    (0..size)
        .find(|&immr| decode_bitmask(width, n, immr, imms) == Some(value & width.mask()))
        .map(|immr| (n, immr, imms))
}

/// The double that `imm8` of `fmov (scalar, immediate)` stands for: sign, three exponent bits, four fraction bits.
#[must_use]
pub fn decode_float8(imm8: u8) -> f64 {
    let bits = u64::from(imm8);
    let exponent = if bits & 0x40 == 0 { 0x400 } else { 0x3fc };
    f64::from_bits((bits & 0x80) << 56 | (exponent | bits >> 4 & 3) << 52 | (bits & 15) << 48)
}

/// The `imm8` of a double, if it has one.
#[must_use]
pub fn encode_float8(value: f64) -> Option<u8> {
    (0..=u8::MAX).find(|&imm8| decode_float8(imm8).to_bits() == value.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmask_fields_stand_for_the_values_in_the_manual() {
        assert_eq!(decode_bitmask(Width::X, 1, 0, 0), Some(1));
        assert_eq!(decode_bitmask(Width::X, 0, 0, 0b111100), Some(0x5555_5555_5555_5555));
        assert_eq!(decode_bitmask(Width::W, 0, 1, 0b000001), Some(0x8000_0001));
        assert_eq!(decode_bitmask(Width::X, 1, 0, 46), Some(0x7fff_ffff_ffff));
    }

    #[test]
    fn bitmask_of_all_ones_and_64_bit_element_in_32_bits_are_reserved() {
        assert_eq!(decode_bitmask(Width::X, 1, 0, 63), None);
        assert_eq!(decode_bitmask(Width::X, 0, 0, 0b111101), None);
        assert_eq!(decode_bitmask(Width::X, 0, 0, 0b111110), None);
        assert_eq!(decode_bitmask(Width::W, 1, 0, 0), None);
    }

    #[test]
    fn there_are_5334_bitmasks_of_64_bits_and_each_is_encoded_back() {
        let mut values = std::collections::BTreeSet::new();
        for fields in 0..1u32 << 13 {
            values.extend(decode_bitmask(Width::X, fields >> 12, fields >> 6 & 63, fields & 63));
        }
        assert_eq!(values.len(), 5334);
        for value in values {
            let (n, immr, imms) = encode_bitmask(Width::X, value).expect("it was decoded from fields");
            assert_eq!(decode_bitmask(Width::X, n, immr, imms), Some(value));
        }
    }

    #[test]
    fn values_that_are_no_rotated_run_have_no_bitmask() {
        for value in [0, u64::MAX, 5, 0x1234, 0xffff_0000_ffff_0001] {
            assert_eq!(encode_bitmask(Width::X, value), None, "{value:#x}");
        }
        assert_eq!(encode_bitmask(Width::W, 0xffff_ffff), None);
    }

    #[test]
    fn float8_spans_an_eighth_to_thirty_one() {
        assert_eq!(encode_float8(1.0), Some(0x70));
        assert_eq!(encode_float8(0.125), Some(0x40));
        assert_eq!(encode_float8(-31.0), Some(0xbf));
        assert_eq!(encode_float8(0.0), None);
        assert_eq!(encode_float8(32.0), None);
    }
}
