//! A small encoder, for writing code by hand in tests and probes; every form is checked against Capstone's text.
//!
//! A value that does not fit its field is the caller's mistake and panics, naming the field.

mod branch;
mod float;
mod integer;
mod memory;

pub use branch::*;
pub use float::*;
pub use integer::*;
pub use memory::*;

/// An unsigned value in a field of `width` bits at `lo`.
fn place(name: &str, value: u32, lo: u32, width: u32) -> u32 {
    assert!(value >> width == 0, "{name} {value} does not fit {width} bits");
    value << lo
}

/// A signed value, a multiple of `scale`, in a field of `width` bits at `lo`.
fn place_signed(name: &str, value: i32, scale: i32, lo: u32, width: u32) -> u32 {
    assert!(value % scale == 0, "{name} {value} is no multiple of {scale}");
    let scaled = value / scale;
    assert!((-(1 << (width - 1))..1 << (width - 1)).contains(&scaled), "{name} {value} does not fit {width} bits");
    (scaled.cast_unsigned() & (u32::MAX >> (32 - width))) << lo
}

#[cfg(test)]
mod tests {
    use crate::arm64::{Encoding, capstone_text, classify};

    /// Checks a word at address 0x1000 against Capstone's text, and that the table takes it as valid.
    pub(super) fn reads(word: u32, text: &str) {
        assert_eq!(capstone_text(word, 0x1000).as_deref(), Some(text), "{word:#010x}");
        assert!(matches!(classify(word), Encoding::Valid(_)), "{word:#010x} {text}: {:?}", classify(word));
    }

    #[test]
    #[should_panic(expected = "imm12 4096 does not fit 12 bits")]
    fn value_that_does_not_fit_is_refused() {
        use super::super::{Gpr, Width};
        let _ = super::add_imm(Width::X, Gpr(0), Gpr(0), 4096);
    }
}
