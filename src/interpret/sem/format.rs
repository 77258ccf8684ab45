//! Texts of numbers: C's `%.14g`, as `lj_strfmt_num` prints it.

use super::super::error::Undefined;

/// Significant digits of a number's text: `%.14g`.
const DIGITS: usize = 14;

/// `lj_strfmt_num`: as C's `%.14g`, but for NaNs, which have no sign.
pub fn number(x: f64) -> Result<String, Undefined> {
    if x.is_nan() {
        return Ok("nan".into());
    }
    if x.is_infinite() || x == 0.0 {
        let text = if x == 0.0 { "0" } else { "inf" };
        return Ok(format!("{}{text}", if x.is_sign_negative() { "-" } else { "" }));
    }
    if is_tie(x) {
        return Err(Undefined::DecimalTie);
    }
    let text = format!("{:.*e}", DIGITS - 1, x.abs());
    let (digits, exponent) = text.split_once('e').expect("formatted with an exponent");
    let digits: String = digits.chars().filter(|c| *c != '.').collect();
    let exponent: i32 = exponent.parse().expect("formatted as an integer");
    let sign = if x < 0.0 { "-" } else { "" };
    Ok(format!("{sign}{}", layout(digits.trim_end_matches('0'), exponent)))
}

/// True for a number halfway between two of as many digits, or nearly: with a large exponent LuaJIT rounds without looking at all digits
/// (`lj_strfmt_num.c`; 1.94398335666085071e226 prints as 1.9439833566608e+226, with and without a compiler).
fn is_tie(x: f64) -> bool {
    let text = format!("{:.20e}", x.abs());
    let digits: Vec<u8> = text.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).collect();
    let next = digits[DIGITS..DIGITS + 3].iter().fold(0, |n, d| 10 * n + u32::from(d - b'0'));
    (490..=510).contains(&next)
}

/// `%g`: plain while the exponent is small, else scientific with at least two digits of exponent.
fn layout(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = |rest: &str| if rest.is_empty() { String::new() } else { format!(".{rest}") };
    match usize::try_from(exponent) {
        Err(_) if exponent >= -4 => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        Ok(e) if e < DIGITS && e >= digits.len() => format!("{digits}{}", "0".repeat(e + 1 - digits.len())),
        Ok(e) if e < DIGITS => format!("{}{}", &digits[..=e], point(&digits[e + 1..])),
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{}e{sign}{:02}", point(rest), exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_14_significant_digits() {
        let text = |x: f64| number(x).expect("no tie");
        assert_eq!([text(0.0), text(-0.0), text(f64::NAN), text(-f64::NAN)], ["0", "-0", "nan", "nan"]);
        assert_eq!([text(f64::INFINITY), text(f64::NEG_INFINITY)], ["inf", "-inf"]);
        assert_eq!([text(1.0), text(-1.5), text(0.1), text(100.0)], ["1", "-1.5", "0.1", "100"]);
        assert_eq!([text(0.0001), text(0.00001), text(1.5e-5)], ["0.0001", "1e-05", "1.5e-05"]);
        assert_eq!([text(99999999999999.0), text(1e14)], ["99999999999999", "1e+14"]);
        assert_eq!(text(999999999999999.0), "1e+15");
        assert_eq!([text(1e100), text(-1.25e300), text(5e-324)], ["1e+100", "-1.25e+300", "4.9406564584125e-324"]);
        assert_eq!([text(std::f64::consts::PI), text(2f64.powi(53))], ["3.1415926535898", "9.007199254741e+15"]);
        assert_eq!([text(12345678901234.0), text(123.456), text(10.0)], ["12345678901234", "123.456", "10"]);
    }

    #[test]
    fn a_number_halfway_between_two_texts_is_not_judged() {
        assert_eq!(number(12345678901234.5), Err(Undefined::DecimalTie));
        assert_eq!(number(f64::from_bits(0x6eea_426b_eebc_5a26)), Err(Undefined::DecimalTie));
        assert!(number(12345678901234.75).is_ok());
    }
}
