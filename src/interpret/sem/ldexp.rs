//! A number times a power of two, rounded once.

/// Bits of a double's fraction.
const FRACTION: u32 = 52;
const FRACTION_MASK: u64 = (1 << FRACTION) - 1;
const IMPLIED: u64 = 1 << FRACTION;
const SIGN: u64 = 1 << 63;

/// `x * 2^n` of a finite `x`.
pub(super) fn ldexp(x: u64, n: i32) -> u64 {
    let (sign, magnitude) = (x & SIGN, x & !SIGN);
    if magnitude == 0 {
        return x;
    }
    let (mantissa, exponent) = normalised(magnitude);
    // The biased exponent of a normal result.
    let exponent = i64::from(exponent) + i64::from(n);
    sign | match exponent {
        2047.. => f64::INFINITY.to_bits(),
        1.. => exponent.cast_unsigned() << FRACTION | mantissa & FRACTION_MASK,
        _ => shifted(mantissa, 1 - exponent),
    }
}

/// Mantissa with its highest bit in place, and biased exponent, which for a subnormal goes below 1.
fn normalised(magnitude: u64) -> (u64, i32) {
    let exponent = i32::try_from(magnitude >> FRACTION).expect("11 bits");
    if exponent > 0 {
        return (magnitude & FRACTION_MASK | IMPLIED, exponent);
    }
    let up = magnitude.leading_zeros() - (63 - FRACTION);
    (magnitude << up, 1 - up.cast_signed())
}

/// `mantissa >> by`, to nearest even.
fn shifted(mantissa: u64, by: i64) -> u64 {
    if by > i64::from(FRACTION) + 1 {
        return 0;
    }
    let (kept, lost, half) = (mantissa >> by, mantissa & ((1 << by) - 1), 1 << (by - 1));
    kept + u64::from(lost > half || (lost == half && kept & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(x: f64, n: i32) -> f64 {
        f64::from_bits(ldexp(x.to_bits(), n))
    }

    #[test]
    fn normal_results_are_exact() {
        assert_eq!(scale(1.5, 10), 1536.0);
        assert_eq!(scale(-0.75, -1), -0.375);
        assert_eq!(scale(5e-324, 1074), 1.0);
        assert_eq!(scale(1.0, 1023), 2f64.powi(1023));
        assert!(scale(-0.0, 99).to_bits() == SIGN);
    }

    #[test]
    fn large_results_are_infinite() {
        assert_eq!(scale(-1.0, 1024), f64::NEG_INFINITY);
        assert_eq!(scale(5e-324, i32::MAX), f64::INFINITY);
        assert_eq!(scale(5e-324, 2097), 2f64.powi(1023));
    }

    #[test]
    fn subnormal_results_round_once_to_even() {
        let least = 5e-324;
        assert_eq!(scale(1.0, -1074), least);
        assert_eq!(scale(1.0, -1075).to_bits(), 0);
        assert_eq!(scale(1.5, -1075), least);
        assert_eq!(scale(3.0, -1075).to_bits(), 2);
        assert_eq!(scale(5.0, -1075).to_bits(), 2);
        assert_eq!(scale(f64::MAX, i32::MIN).to_bits(), 0);
        // Twice rounded, this would be 2.
        assert_eq!(scale(1.5 - f64::EPSILON, -1074).to_bits(), 1);
    }
}
