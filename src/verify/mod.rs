//! The static checker: a defect is a word that some path from the entry may reach and that must not stand there, run or not.
//!
//! Code is correct here if every reachable word is a valid instruction of the encoding table, branches stay in the code or go where
//! the conventions allow, literals lie among the constants, reserved registers are never written, and the stack pointer moves by known
//! multiples of 16, is the same on every way to a word, and is what exits and tail promise where the trace is left.
//!
//! Blind spots: targets of `br`, `blr` and `ret`, addresses not relative to the stack pointer, reads of reserved registers, and words
//! that nothing reaches (they can't run).

mod defect;
mod walk;
mod word;

pub use defect::{Defect, DefectKind};

use crate::code::Code;
use walk::Walk;

/// The defects of compiled code, by address; one of a kind at each.
#[must_use]
pub fn verify(code: &Code) -> Vec<Defect> {
    let mut walk = Walk::new(code);
    walk.run();
    let mut defects = walk.into_defects();
    defects.sort();
    defects.dedup_by_key(|defect| (defect.offset, defect.kind));
    defects
}

#[cfg(test)]
mod tests;
