//! Registers at the end of a run: those that the code uses.

use super::View;
use super::sheet::RegisterRow;
use super::stubs::{offsets, word_at};
use crate::arm64::{Encoding, Fpr, Gpr, RegSet, classify};
use crate::code::Code;
use crate::outcome::End;

/// The used registers and the stack pointer, of a run that went wrong. Pointers near a region say so.
pub fn rows(view: &View) -> Vec<RegisterRow> {
    let (Some(code), Some(run)) = (view.code(), &view.seen.observed) else { return vec![] };
    if !matches!(run.outcome.end, End::Fault(_)) && view.finding().is_none() {
        return vec![];
    }
    let (used, regs) = (used_by(code).or(code.side.as_deref().map_or(RegSet::EMPTY, used_by)), &run.regs);
    let x = (0..31).filter(|n| used.has(Gpr(*n))).map(|n| (Gpr(n).to_string(), regs.x[usize::from(n)]));
    let d = (0..32).filter(|n| used.has_fpr(Fpr(*n))).map(|n| (Fpr(n).to_string(), regs.d[usize::from(n)]));
    let whole = x.chain([("sp".to_string(), regs.sp)]).map(|(name, bits)| (name, view.pointer(bits)));
    let floating = d.map(|(name, bits)| (name, format!("{bits:#018x}")));
    whole.chain(floating).map(|(name, value)| RegisterRow { name, value }).collect()
}

/// The registers that a word reads, if it is a valid one that reads any.
pub fn read_by(word: u32) -> Option<String> {
    match classify(word) {
        Encoding::Valid(row) if !row.reads(word).is_empty() => Some(row.reads(word).to_string()),
        _ => None,
    }
}

/// All registers that an instruction of the code reads or writes.
fn used_by(code: &Code) -> RegSet {
    let words = offsets(0..code.body).filter_map(|offset| word_at(code, offset));
    let touched = |word| match classify(word) {
        Encoding::Valid(row) => row.reads(word).or(row.writes(word)),
        _ => RegSet::EMPTY,
    };
    words.map(touched).fold(RegSet::EMPTY, RegSet::or)
}
