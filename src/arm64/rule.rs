//! The rules a matched word must also satisfy: allocated field values, and overlaps the architecture leaves unpredictable.

use super::immediate;
use super::layout::{Field, Layout, number, split};

/// A rule as a table row states it, by field names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stated {
    Only(&'static str, &'static str, &'static str),
    Bitmask,
    Apart(&'static str, &'static str),
    ApartUnlessSp(&'static str, &'static str),
    ShouldBe(&'static str, u32),
}

/// Undefined unless the joined `fields` (`"sf:imm6<5>"`, at most six bits) match one of the bit `patterns` (`"00 1x"`).
pub(super) const fn only(fields: &'static str, patterns: &'static str, why: &'static str) -> Stated {
    Stated::Only(fields, patterns, why)
}

/// Undefined unless `sf`, `N`, `immr` and `imms` encode a bitmask immediate.
pub(super) const BITMASK: Stated = Stated::Bitmask;

/// Unpredictable if both fields name the same register.
pub(super) const fn apart(a: &'static str, b: &'static str) -> Stated {
    Stated::Apart(a, b)
}

/// Unpredictable if both fields name the same register, unless `base` is the stack pointer.
pub(super) const fn apart_unless_sp(base: &'static str, other: &'static str) -> Stated {
    Stated::ApartUnlessSp(base, other)
}

/// Unpredictable if the field is not `value`: the manual's (0) and (1) bits.
pub(super) const fn should_be(field: &'static str, value: u32) -> Stated {
    Stated::ShouldBe(field, value)
}

const MAX_PARTS: usize = 4;

/// A run of bits and how far it is shifted in the joined value.
#[derive(Clone, Copy, Debug)]
struct Part {
    lo: u8,
    mask: u32,
    shift: u8,
}

/// A rule with its fields found in the layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    stated: Stated,
    check: Check,
}

#[derive(Clone, Copy, Debug)]
enum Check {
    Only { parts: [Part; MAX_PARTS], allowed: u64 },
    Bitmask,
    Apart(Field, Field),
    ApartUnlessSp(Field, Field),
    ShouldBe(Field, u32),
}

/// What breaking a rule means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    Undefined,
    Unpredictable,
}

impl Rule {
    pub(super) const fn resolve(stated: Stated, layout: &Layout) -> Self {
        let check = match stated {
            Stated::Only(fields, patterns, _) => {
                let (parts, width) = join(fields, layout);
                Check::Only { parts, allowed: allowed(patterns, width) }
            }
            Stated::Bitmask => Check::Bitmask,
            Stated::Apart(a, b) => Check::Apart(layout.field(a), layout.field(b)),
            Stated::ApartUnlessSp(a, b) => Check::ApartUnlessSp(layout.field(a), layout.field(b)),
            Stated::ShouldBe(field, value) => Check::ShouldBe(layout.field(field), value),
        };
        Self { stated, check }
    }

    pub(super) fn holds(&self, word: u32) -> bool {
        match &self.check {
            Check::Only { parts, allowed } => allowed >> joined(parts, word) & 1 == 1,
            Check::Bitmask => immediate::decode_fields(word).is_some(),
            Check::Apart(a, b) => a.get(word) != b.get(word),
            Check::ApartUnlessSp(base, other) => base.get(word) == 31 || base.get(word) != other.get(word),
            Check::ShouldBe(field, value) => field.get(word) == *value,
        }
    }

    pub(super) const fn breach(&self) -> Breach {
        match self.stated {
            Stated::Only(..) | Stated::Bitmask => Breach::Undefined,
            Stated::Apart(..) | Stated::ApartUnlessSp(..) | Stated::ShouldBe(..) => Breach::Unpredictable,
        }
    }

    /// The bits that the rule is about.
    pub(super) fn bits(&self) -> u32 {
        match &self.check {
            Check::Only { parts, .. } => parts.iter().fold(0, |bits, part| bits | part.mask << part.lo),
            // sf, N, immr, imms.
            Check::Bitmask => 1 << 31 | 0x1fff << 10,
            Check::Apart(a, b) | Check::ApartUnlessSp(a, b) => a.bits() | b.bits(),
            Check::ShouldBe(field, _) => field.bits(),
        }
    }

    /// What is wrong with `word`, naming the fields and their values.
    pub(super) fn explain(&self, word: u32) -> String {
        match (self.stated, &self.check) {
            (Stated::Only(fields, patterns, why), Check::Only { parts, .. }) => {
                let width = patterns.split(' ').next().map_or(0, str::len);
                format!("{why} ({fields} = {:0width$b}, allocated: {patterns})", joined(parts, word))
            }
            (_, Check::Apart(a, b) | Check::ApartUnlessSp(a, b)) => {
                format!("{} and {} are both register {}", a.name, b.name, a.get(word))
            }
            (_, Check::ShouldBe(field, value)) => {
                format!("{} should be {value}, is {}", field.name, field.get(word))
            }
            _ => "N:immr:imms encode no bitmask immediate".to_owned(),
        }
    }
}

#[inline]
fn joined(parts: &[Part; MAX_PARTS], word: u32) -> u32 {
    parts.iter().fold(0, |value, part| value | (word >> part.lo & part.mask) << part.shift)
}

/// The parts of `"sf:imm6<5>"`, and the width of the joined value.
const fn join(fields: &'static str, layout: &Layout) -> ([Part; MAX_PARTS], u8) {
    let mut parts = [Part { lo: 0, mask: 0, shift: 0 }; MAX_PARTS];
    let (mut rest, mut count, mut total) = (fields, 0, 0);
    while !rest.is_empty() {
        let (token, tail) = split(rest, b':');
        let (lo, width) = bits(token, layout);
        parts[count] = Part { lo, mask: (1 << width) - 1, shift: width };
        total += width;
        count += 1;
        rest = tail;
    }
    assert!(total <= 6, "a rule joins at most six bits");
    let (mut i, mut left) = (0, total);
    while i < count {
        left -= parts[i].shift;
        parts[i].shift = left;
        i += 1;
    }
    (parts, total)
}

/// Lowest bit and width of `imm6`, `imm6<5>` or `opcode<3-0>`.
const fn bits(token: &'static str, layout: &Layout) -> (u8, u8) {
    let (name, range) = split(token, b'<');
    let field = layout.field(name);
    if range.is_empty() {
        return (field.lo, field.width);
    }
    let (range, _) = split(range, b'>');
    let (high, low) = split(range, b'-');
    let high = number(high);
    let low = if low.is_empty() { high } else { number(low) };
    (field.lo + low, high - low + 1)
}

/// The set of values that match one of the patterns.
const fn allowed(patterns: &'static str, width: u8) -> u64 {
    let (mut rest, mut set) = (patterns, 0);
    while !rest.is_empty() {
        let (pattern, tail) = split(rest, b' ');
        assert!(pattern.len() == width as usize, "a pattern is as wide as its fields");
        set |= matching(pattern.as_bytes());
        rest = tail;
    }
    set
}

const fn matching(pattern: &[u8]) -> u64 {
    let (mut mask, mut value, mut i) = (0, 0, 0);
    while i < pattern.len() {
        mask = mask << 1 | (pattern[i] != b'x') as u32;
        value = value << 1 | (pattern[i] == b'1') as u32;
        i += 1;
    }
    let (mut set, mut candidate) = (0, 0);
    while candidate < 1 << pattern.len() {
        if candidate & mask == value {
            set |= 1 << candidate;
        }
        candidate += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVE: Layout = Layout::parse("sf opc:2 100101 hw:2 imm16 Rd");

    #[test]
    fn only_joins_fields_in_the_order_written() {
        let rule = Rule::resolve(only("sf:hw", "00x 1xx", "shift beyond the register"), &MOVE);
        assert!(rule.holds(0x52a0_0000), "movz w0, lsl #16");
        assert!(!rule.holds(0x52c0_0000), "movz w0, lsl #32");
        assert!(rule.holds(0xd2c0_0000), "movz x0, lsl #32");
        assert_eq!(rule.explain(0x52c0_0000), "shift beyond the register (sf:hw = 010, allocated: 00x 1xx)");
    }

    #[test]
    fn only_takes_single_bits_and_ranges_of_a_field() {
        let rule = Rule::resolve(only("opc<1>:hw<1-0>", "000 1x1", "a test"), &MOVE);
        assert!(rule.holds(0x1280_0000) && rule.holds(0x52a0_0000) && rule.holds(0x52e0_0000));
        assert!(!rule.holds(0x12a0_0000) && !rule.holds(0x5280_0000));
    }

    #[test]
    fn apart_unless_sp_lets_register_31_overlap() {
        const LOAD: Layout = Layout::parse("1111100001 0 imm9 01 Rn|sp Rt");
        let rule = Rule::resolve(apart_unless_sp("Rn", "Rt"), &LOAD);
        assert!(!rule.holds(0xf840_0421) && rule.holds(0xf840_07ff) && rule.holds(0xf840_0422));
        assert_eq!(rule.breach(), Breach::Unpredictable);
        assert_eq!(rule.explain(0xf840_0421), "Rn and Rt are both register 1");
    }
}
