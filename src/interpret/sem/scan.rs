//! Texts of numbers: what `lj_strscan_num` takes for one, and the number it is.
//!
//! Decimal, hexadecimal and binary, with spaces around; "inf", "infinity" and "nan". Suffixes of C are for C. Rounding is to nearest even.

use super::super::error::Undefined;

/// Exponents from here on are refused (`STRSCAN_MAXEXP`).
const MAX_EXPONENT: i64 = 1 << 20;
/// A NaN as `setnanV` makes it.
const NAN: f64 = f64::from_bits(0xfff8_0000_0000_0000);

/// The number that a text is; `None` if it is none.
pub fn number(text: &[u8]) -> Result<Option<f64>, Undefined> {
    let starts_with_digit = text.first().is_some_and(u8::is_ascii_digit);
    let text = if starts_with_digit { text } else { &text[spaces(text)..] };
    let text = &text[..text.len() - text.iter().rev().take_while(|b| is_space(**b)).count()];
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let size = match word(digits) {
        Some(x) => Some(x),
        None => unsigned(digits)?,
    };
    Ok(size.map(|x| if negative && !x.is_nan() { -x } else { x }))
}

fn spaces(text: &[u8]) -> usize {
    text.iter().take_while(|b| is_space(**b)).count()
}

/// `lj_char_isspace`
fn is_space(b: u8) -> bool {
    matches!(b, b'\t'..=b'\r' | b' ')
}

fn word(text: &[u8]) -> Option<f64> {
    match text.to_ascii_lowercase().as_slice() {
        b"inf" | b"infinity" => Some(f64::INFINITY),
        b"nan" => Some(NAN),
        _ => None,
    }
}

fn unsigned(text: &[u8]) -> Result<Option<f64>, Undefined> {
    match text.get(..2) {
        Some(b"0x" | b"0X") => hexadecimal(&text[2..]),
        Some(b"0b" | b"0B") => binary(&text[2..]),
        _ => Ok(decimal(text)),
    }
}

/// Digits before and behind the point, and the exponent, if the text is nothing else.
struct Parts {
    digits: Vec<u8>,
    /// How many of them stand behind the point.
    behind: usize,
    exponent: i64,
}

fn parts(text: &[u8], is_digit: fn(&u8) -> bool, mark: u8) -> Option<Parts> {
    let end = text.iter().position(|b| b | 0x20 == mark).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(end);
    let mut halves = mantissa.splitn(2, |b| *b == b'.');
    let (before, behind) = (halves.next()?, halves.next().unwrap_or(&[]));
    let digits = [before, behind].concat();
    let is_sound = !digits.is_empty() && digits.iter().all(is_digit);
    let exponent = if exponent.is_empty() { 0 } else { exponent_value(&exponent[1..])? };
    is_sound.then_some(Parts { digits, behind: behind.len(), exponent })
}

fn exponent_value(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text.first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i64, |x, d| (x * 10 + i64::from(d - b'0')).min(MAX_EXPONENT));
    (value < MAX_EXPONENT).then_some(sign * value)
}

/// A correctly rounded number, as the host's standard library reads it too.
fn decimal(text: &[u8]) -> Option<f64> {
    let parts = parts(text, u8::is_ascii_digit, b'e')?;
    let digits = std::str::from_utf8(&parts.digits).ok()?;
    let behind = i64::try_from(parts.behind).ok()?;
    format!("{digits}e{}", parts.exponent - behind).parse().ok()
}

/// Mantissas of up to 53 bits whose number is normal: all others would need rounding.
fn hexadecimal(text: &[u8]) -> Result<Option<f64>, Undefined> {
    let Some(parts) = parts(text, u8::is_ascii_hexdigit, b'p') else { return Ok(None) };
    let digits: Vec<u64> = parts.digits.iter().map(|d| (*d as char).to_digit(16).map_or(0, u64::from)).collect();
    let first = digits.iter().position(|d| *d != 0).unwrap_or(digits.len());
    let last = digits.iter().rposition(|d| *d != 0).map_or(first, |n| n + 1);
    let dropped = i64::try_from(digits.len() - last).map_err(|_| Undefined::NumberText)?;
    let behind = i64::try_from(parts.behind).map_err(|_| Undefined::NumberText)?;
    if last - first > 13 {
        return Err(Undefined::NumberText);
    }
    let mantissa = digits[first..last].iter().fold(0, |x, d| x << 4 | d);
    let exponent = parts.exponent + 4 * (dropped - behind);
    Ok(Some(scaled(mantissa, exponent)))
}

/// `mantissa * 2^exponent`, of a mantissa that is a number exactly.
fn scaled(mantissa: u64, exponent: i64) -> f64 {
    let exact = mantissa as f64;
    let exponent = exponent.clamp(-5000, 5000);
    f64::from_bits(super::ldexp::ldexp(exact.to_bits(), i32::try_from(exponent).expect("clamped")))
}

/// Digits only, no point and no exponent.
fn binary(text: &[u8]) -> Result<Option<f64>, Undefined> {
    let first = text.iter().position(|b| *b != b'0').unwrap_or(text.len());
    let digits = &text[first..];
    if text.is_empty() || !digits.iter().all(|b| matches!(b, b'0' | b'1')) || digits.len() > 64 {
        return Ok(None);
    }
    if digits.len() > 53 {
        return Err(Undefined::NumberText);
    }
    let mantissa = digits.iter().fold(0, |x, d| x << 1 | u64::from(*d == b'1'));
    Ok(Some(scaled(mantissa, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Option<f64> {
        number(text.as_bytes()).expect("modelled")
    }

    #[test]
    fn decimal_numbers_round_to_nearest() {
        assert_eq!([scan("0"), scan("12"), scan("2147483648")], [Some(0.0), Some(12.0), Some(2147483648.0)]);
        assert_eq!([scan("1.5"), scan(".5"), scan("5."), scan("1e3")], [Some(1.5), Some(0.5), Some(5.0), Some(1000.0)]);
        assert_eq!(
            [scan("0.1"), scan("1E-2"), scan("9007199254740993")],
            [Some(0.1), Some(0.01), Some(9007199254740992.0)]
        );
        assert_eq!(
            [scan("1e400"), scan("-1e400"), scan("1e-400")],
            [Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(0.0)]
        );
        assert_eq!(scan("-0").map(f64::to_bits), Some(1 << 63));
    }

    #[test]
    fn spaces_stand_around_a_number_and_not_in_it() {
        assert_eq!([scan(" 12 "), scan("\t-1\n"), scan("12\x0b")], [Some(12.0), Some(-1.0), Some(12.0)]);
        assert_eq!([scan("1 2"), scan("- 1"), scan("1\0"), scan(""), scan(" "), scan("-")], [None; 6]);
    }

    #[test]
    fn hexadecimal_numbers_may_have_a_point_and_a_power_of_two() {
        assert_eq!([scan("0x10"), scan("-0XfF"), scan("0x.8")], [Some(16.0), Some(-255.0), Some(0.5)]);
        assert_eq!([scan("0x1p4"), scan("0x1.8P-1"), scan("0x00")], [Some(16.0), Some(0.75), Some(0.0)]);
        assert_eq!([scan("0x"), scan("0xg"), scan("0x1p"), scan("0x.")], [None; 4]);
        assert_eq!(scan("0x1p-1074"), Some(5e-324));
        assert_eq!(number(b"0x123456789abcdef1"), Err(Undefined::NumberText));
    }

    #[test]
    fn binary_numbers_are_digits_only() {
        assert_eq!([scan("0b101"), scan("0B0")], [Some(5.0), Some(0.0)]);
        assert_eq!([scan("0b"), scan("0b2"), scan("0b1.0"), scan("0b1e1")], [None; 4]);
    }

    #[test]
    fn words_for_no_finite_number_are_numbers() {
        assert_eq!(
            [scan("inf"), scan("-Infinity"), scan("+INF")],
            [Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::INFINITY)]
        );
        assert_eq!(scan("-nan").map(f64::to_bits), Some(NAN.to_bits()));
        assert_eq!([scan("infi"), scan("nan1"), scan("abc")], [None; 3]);
    }

    #[test]
    fn suffixes_and_stray_characters_are_no_numbers() {
        for text in ["1u", "1LL", "1ull", "1i", "1l", "1e", "1e+", "1..2", "1.2.3", ".", "e5", "1e1048576", "0x1u"] {
            assert_eq!(scan(text), None, "{text}");
        }
    }
}
