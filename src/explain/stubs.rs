//! Where a trace's exit stubs are, and what its branches lead to.

use crate::arm64::{Encoding, Flow, classify};
use crate::code::Code;
use std::ops::Range;

/// A trace's exit stubs: offsets from the start of its code, by exit.
pub struct Stubs {
    /// The number of the first exit.
    first: usize,
    offsets: Vec<u32>,
}

impl Stubs {
    /// Stubs of exits from `first` on.
    pub fn new(first: usize, offsets: Vec<u32>) -> Stubs {
        Stubs { first, offsets }
    }

    /// The exit whose stub is there.
    pub fn exit_at(&self, offset: u32) -> Option<usize> {
        self.offsets.iter().position(|stub| *stub == offset).map(|n| n + self.first)
    }

    /// The first and the last exit with their stubs.
    pub fn ends(&self) -> Option<[(usize, u32); 2]> {
        let last = self.first + self.offsets.len().saturating_sub(1);
        Some([(self.first, *self.offsets.first()?), (last, *self.offsets.last()?)])
    }
}

/// The offsets of at most so many exits' stubs. A stub is a call of the common one, which stands at the end of the body
/// (`lj_asm_arm64.h: asm_exitstub_setup`).
pub fn stubs(code: &Code, most: usize) -> Vec<u32> {
    let end = u32::try_from(code.bytes.len()).expect("code is small");
    let common = code.base + u64::from(code.body);
    let target = |offset: u32| branch_target(code, offset, word_at(code, offset)?);
    offsets(code.body..end).filter(|offset| target(*offset) == Some(common)).take(most).collect()
}

/// The word at an offset, if there is one.
pub fn word_at(code: &Code, offset: u32) -> Option<u32> {
    let bytes = code.bytes.get(offset as usize..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// The offsets of the words in a range of bytes.
pub fn offsets(range: Range<u32>) -> impl Iterator<Item = u32> {
    range.step_by(4)
}

/// The address that a word branches or calls to, if the word alone says so.
pub fn branch_target(code: &Code, offset: u32, word: u32) -> Option<u64> {
    let Encoding::Valid(row) = classify(word) else { return None };
    match row.flow(word) {
        Flow::Jump(d) | Flow::Conditional(d) | Flow::Call(d) => {
            Some((code.base + u64::from(offset)).wrapping_add_signed(d.into()))
        }
        _ => None,
    }
}

/// The offsets of the words that branch to an address.
pub fn branches_to(code: &Code, address: u64) -> impl Iterator<Item = u32> {
    let branches = move |offset: &u32| word_at(code, *offset).and_then(|word| branch_target(code, *offset, word));
    offsets(0..code.body).filter(move |offset| branches(offset) == Some(address))
}
