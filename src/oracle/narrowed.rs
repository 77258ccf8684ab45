//! Whether a sum that FOLD narrowed is still the sum that was written.

use crate::code::Code;
use crate::interpret::History;

/// True where a value of the narrowed sums, their terms included, is not an integer that fits 32 bits: what the terms give one by one
/// need not be what their sum gives then (`lj_opt_narrow.c: narrow_conv_backprop`).
pub fn departs(code: &Code, history: &History) -> bool {
    let root = code.narrowed.iter().flat_map(|at| history.all(*at));
    let side = code.side.iter().flat_map(|side| &side.narrowed).filter_map(|at| history.side(*at));
    root.chain(side).any(|bits| !fits(f64::from_bits(bits)))
}

fn fits(x: f64) -> bool {
    x.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_of_32_bits_fit() {
        assert!([0.0, -0.0, -2_147_483_648.0, 2_147_483_647.0].into_iter().all(fits));
        assert!(![0.5, -2_147_483_649.0, 2_147_483_648.0, f64::NAN, f64::INFINITY].into_iter().any(fits));
    }
}
