//! An instruction's bit layout, written as in the Arm manual and parsed at compile time.
//!
//! A layout reads from bit 31 down to bit 0: `"sf op 0 100010 sh imm12 Rn|sp Rd|sp"`. Runs of `0` and `1` are fixed bits; any other
//! token is a field. A field's width is what follows its colon (`opc:2`), else 5 for a register (`Rn`, `Vd`), else the number after
//! `imm` (`imm12`), else 1. `|sp` says that register 31 is the stack pointer, not the zero register; a name in parentheses is a
//! should-be-zero or should-be-one field that only looks like a register.

/// A named run of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The manual's name, without `|sp`.
    pub name: &'static str,
    /// Lowest bit.
    pub lo: u8,
    /// Number of bits.
    pub width: u8,
    /// Whether register 31 is the stack pointer here.
    pub(super) sp: bool,
}

impl Field {
    const NONE: Self = Self { name: "", lo: 0, width: 0, sp: false };

    /// Highest bit.
    #[must_use]
    pub const fn hi(self) -> u8 {
        self.lo + self.width - 1
    }

    /// The field's bits in a word.
    #[must_use]
    pub const fn bits(self) -> u32 {
        (u32::MAX >> (32 - self.width)) << self.lo
    }

    /// The field's value in `word`.
    #[must_use]
    pub const fn get(self, word: u32) -> u32 {
        word >> self.lo & (u32::MAX >> (32 - self.width))
    }
}

const MAX_FIELDS: usize = 10;

/// The fixed bits of an encoding class and its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Which bits are fixed.
    pub(super) mask: u32,
    /// What they are.
    pub(super) value: u32,
    fields: [Field; MAX_FIELDS],
    count: usize,
}

impl Layout {
    /// Parses a layout; in a `static` a mistake is a compile error.
    pub(super) const fn parse(pattern: &'static str) -> Self {
        let mut layout = Self { mask: 0, value: 0, fields: [Field::NONE; MAX_FIELDS], count: 0 };
        let (mut rest, mut bit) = (pattern, 32);
        while !rest.is_empty() {
            let (token, tail) = split(rest, b' ');
            bit = if is_fixed(token) { layout.fix(token, bit) } else { layout.name(token, bit) };
            rest = tail;
        }
        assert!(bit == 0, "a layout must describe 32 bits");
        layout
    }

    /// The fields, from the top bit down.
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields[..self.count]
    }

    /// The field of that name.
    pub(super) const fn field(&self, name: &str) -> Field {
        let mut i = 0;
        while i < self.count {
            if same(self.fields[i].name, name) {
                return self.fields[i];
            }
            i += 1;
        }
        panic!("no field of that name in the layout")
    }

    /// The field at position `i`, for compile-time loops.
    pub(super) const fn at(&self, i: usize) -> Option<Field> {
        if i < self.count { Some(self.fields[i]) } else { None }
    }

    const fn fix(&mut self, token: &str, mut bit: u8) -> u8 {
        let bytes = token.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            bit -= 1;
            self.mask |= 1 << bit;
            self.value |= ((bytes[i] - b'0') as u32) << bit;
            i += 1;
        }
        bit
    }

    const fn name(&mut self, token: &'static str, bit: u8) -> u8 {
        let (before, explicit) = split(token, b':');
        let (name, suffix) = split(before, b'|');
        let width = if explicit.is_empty() { usual_width(name) } else { number(explicit) };
        let lo = bit - width;
        self.fields[self.count] = Field { name, lo, width, sp: !suffix.is_empty() };
        self.count += 1;
        lo
    }
}

const fn is_fixed(token: &str) -> bool {
    matches!(token.as_bytes()[0], b'0' | b'1')
}

const fn usual_width(name: &str) -> u8 {
    match name.as_bytes() {
        [b'R' | b'V', b'd' | b'n' | b'm' | b'a' | b's' | b't', ..] => 5,
        [b'i', b'm', b'm', b'0'..=b'9', ..] => number(name.split_at(3).1),
        _ => 1,
    }
}

/// What comes before and after the first `separator`.
pub(super) const fn split(text: &'static str, separator: u8) -> (&'static str, &'static str) {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == separator {
            return (text.split_at(i).0, text.split_at(i + 1).1);
        }
        i += 1;
    }
    (text, "")
}

pub(super) const fn number(text: &str) -> u8 {
    let bytes = text.as_bytes();
    let (mut value, mut i) = (0, 0);
    while i < bytes.len() {
        assert!(bytes[i].is_ascii_digit(), "a width is a decimal number");
        value = value * 10 + (bytes[i] - b'0');
        i += 1;
    }
    value
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_reads_fixed_bits_and_fields_from_the_top() {
        let layout = Layout::parse("sf op 0 100010 sh imm12 Rn|sp Rd");
        assert_eq!((layout.mask, layout.value), (0x3f80_0000, 0x1100_0000));
        let names: Vec<_> = layout.fields().iter().map(|f| (f.name, f.hi(), f.lo)).collect();
        assert_eq!(
            names,
            [("sf", 31, 31), ("op", 30, 30), ("sh", 22, 22), ("imm12", 21, 10), ("Rn", 9, 5), ("Rd", 4, 0)]
        );
        assert!(layout.field("Rn").sp && !layout.field("Rd").sp);
    }

    #[test]
    fn field_takes_its_bits_from_the_word() {
        let layout = Layout::parse("000101 imm26");
        assert_eq!(layout.field("imm26").get(0x17ff_ffff), 0x03ff_ffff);
    }

    #[test]
    #[should_panic(expected = "32 bits")]
    fn layout_of_another_length_is_refused() {
        let _ = Layout::parse("sf 011010 op imm19");
    }
}
