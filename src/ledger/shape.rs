//! What the words of a wrong pair show: two bugs of one function, mended in the same release, are told apart by them.
//!
//! LuaJIT's `emit_lso` makes an LDP or STP of the access that it emitted last (the single one) and the one that it is asked for, when they are
//! neighbours. Blame has both words: the pair, and what stood there before. A pair of words of four bytes at offset 8 accesses 8 and 12, so a
//! right one was made of a single access at 8 or 12.

use crate::arm64::{Access, Address, Encoding, classify};
use crate::blame::Blame;
use serde::{Deserialize, Serialize};

/// A property of a blamed word and of the one that it replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A pair was made of a single access whose offset is no multiple of its size. Pairs count their offset in multiples of it. (The
    /// other access may be the misaligned one; such cases are not counted, since the words don't show it.)
    PairOfMisaligned,
    /// A pair was made of a single access whose offset is a multiple of its size, and it accesses neither of the pair's places: the two
    /// were no neighbours.
    PairOfStrangers,
}

impl Shape {
    /// Whether the words of a blame have it.
    pub fn is_in(self, blame: &Blame) -> bool {
        let Some(pair) = Pair::of(blame) else { return false };
        match self {
            Shape::PairOfMisaligned => !pair.is_aligned(),
            Shape::PairOfStrangers => pair.is_aligned() && !pair.has_its_place(),
        }
    }
}

/// A pair and the single access that stood in its place.
struct Pair {
    /// Bytes of one register.
    bytes: i32,
    /// Offset of the pair from its base.
    low: i32,
    /// Offset of the single access from the same base.
    single: i32,
}

impl Pair {
    fn of(blame: &Blame) -> Option<Pair> {
        let (pair_word, single_word) = (blame.word.as_ref()?.word, blame.earlier.first()?.wrote);
        let (pair, single) = (access(pair_word)?, access(single_word)?);
        let (Address::Offset(base, low), Address::Offset(single_base, offset)) = (pair.address, single.address) else {
            return None;
        };
        let bank = is_float(pair_word) == is_float(single_word);
        let alike = bank && pair.bytes == single.bytes && pair.direction == single.direction && base == single_base;
        let bytes = i32::try_from(pair.bytes).ok()?;
        (alike && (pair.registers, single.registers) == (2, 1)).then_some(Pair { bytes, low, single: offset })
    }

    fn is_aligned(&self) -> bool {
        self.single.rem_euclid(self.bytes) == 0
    }

    fn has_its_place(&self) -> bool {
        [self.low, self.low + self.bytes].contains(&self.single)
    }
}

/// Of floating-point registers: the bit V of all loads and stores.
fn is_float(word: u32) -> bool {
    word >> 26 & 1 == 1
}

fn access(word: u32) -> Option<Access> {
    match classify(word) {
        Encoding::Valid(row) => row.access(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blame::{BadWord, Writer};

    const LDUR_AT_5: u32 = 0xb840_537b;
    const LDR_AT_4: u32 = 0xb940_077b;
    const LDUR_AT_MINUS_256: u32 = 0xb850_037b;
    const LDP_AT_0: u32 = 0x2940_6f7c;
    const LDP_AT_252: u32 = 0x295f_ef7c;

    fn shapes(pair: u32, single: u32) -> [bool; 2] {
        let word = BadWord { offset: 0, address: 0, word: pair, text: String::new(), side: false };
        let earlier = vec![Writer { at: None, wrote: single, chain: vec![] }];
        let blame = Blame { word: Some(word), earlier, ..Blame::default() };
        [Shape::PairOfMisaligned, Shape::PairOfStrangers].map(|shape| shape.is_in(&blame))
    }

    #[test]
    fn a_wrong_pair_has_one_shape_and_a_right_one_none() {
        assert_eq!(shapes(LDP_AT_0, LDUR_AT_5), [true, false]);
        assert_eq!(shapes(LDP_AT_252, LDUR_AT_MINUS_256), [false, true]);
        assert_eq!(shapes(LDP_AT_0, LDR_AT_4), [false, false]);
    }

    #[test]
    fn other_words_have_none() {
        assert_eq!(shapes(LDR_AT_4, LDUR_AT_5), [false, false]);
        assert_eq!(shapes(LDP_AT_0, LDUR_AT_5 | 0x0400_0000), [false, false]);
        assert_eq!(shapes(LDP_AT_0, 0), [false, false]);
    }
}
