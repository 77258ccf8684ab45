//! What others say of a word: the emulator and Capstone, held against the table of encodings.
//!
//! Unicorn's Cortex-A72 is believed on "undefined". CONSTRAINED UNPREDICTABLE words execute there, so that only our own rules and, in
//! part, Capstone know them. Every difference has its explanation in a table, or one of the three is wrong.

mod emulator;
mod explained;

pub use explained::{EXPLAINED, Explained, Which};

use crate::arm64::{Encoding, capstone_text, classify};
use emulator::Emulator;

/// Who is compared with the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judge {
    /// The emulator: does it execute the word?
    Unicorn,
    /// The disassembler: does it know the word?
    Capstone,
}

/// The table's answer, as far as a difference depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ours {
    /// An instruction.
    Valid,
    /// None.
    Undefined,
    /// One that the architecture calls CONSTRAINED UNPREDICTABLE.
    Unpredictable,
}

/// A judge that says something else than the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The judge.
    pub judge: Judge,
    /// The table's answer.
    pub ours: Ours,
    /// The row or field that it is about.
    pub about: String,
    /// The line of [`EXPLAINED`] that has the reason, if one has.
    pub explained: Option<usize>,
}

/// Both judges.
pub struct Referee {
    emulator: Emulator,
}

impl Referee {
    /// Sets up an emulator of its own.
    ///
    /// # Panics
    /// When there is no emulator for ARM64.
    pub fn new() -> Referee {
        Referee { emulator: Emulator::new() }
    }

    /// Who differs from the table about a word; nobody about words that the table does not know.
    pub fn differences(&mut self, word: u32) -> Vec<Difference> {
        let Some((ours, about)) = answer(&classify(word)) else { return vec![] };
        let judges = [
            (Judge::Unicorn, self.emulator.executes(word), ours != Ours::Undefined),
            (Judge::Capstone, capstone_text(word, 0).is_some(), ours == Ours::Valid),
        ];
        let differ = judges.into_iter().filter(|(_, accepts, expected)| accepts != expected);
        let difference = |(judge, ..): (Judge, bool, bool)| {
            let explained = EXPLAINED.iter().position(|line| line.covers(judge, ours, word));
            Difference { judge, ours, about: about.clone(), explained }
        };
        differ.map(difference).collect()
    }
}

impl Default for Referee {
    fn default() -> Self {
        Referee::new()
    }
}

/// The table's answer in short, and which row or field it is about.
fn answer(encoding: &Encoding) -> Option<(Ours, String)> {
    match encoding {
        Encoding::Valid(row) => Some((Ours::Valid, row.name.to_owned())),
        Encoding::Undefined { reason } => Some((Ours::Undefined, reason.to_string())),
        Encoding::Unpredictable { reason } => Some((Ours::Unpredictable, reason.to_string())),
        Encoding::Unknown { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_agree_on_plain_words_and_differ_where_a_line_says_so() {
        let mut referee = Referee::new();
        // `add x0, x0, #1`, and the word that crashed Kong.
        assert_eq!(referee.differences(0x9100_0400), []);
        assert_eq!(referee.differences(0xffff_6f7a), []);
        // `smc #0` is an instruction, but none for a program.
        let smc = referee.differences(0xd400_0003);
        assert!(matches!(&smc[..], [Difference { judge: Judge::Unicorn, explained: Some(_), .. }]), "{smc:?}");
    }
}
