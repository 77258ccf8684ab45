//! Registers at the end of a run: those that the code uses.

use super::Page;
use super::mcode::{offsets, word_at};
use crate::arm64::{Encoding, Fpr, Gpr, RegSet, classify};
use crate::code::{Code, Registers};

const COLUMNS: usize = 3;

/// A table of the used registers and the stack pointer. Pointers near a region say so.
pub fn table(page: &Page, code: &Code, regs: &Registers) -> Vec<String> {
    let used = used(code);
    let x = (0..31).filter(|n| used.has(Gpr(*n))).map(|n| (Gpr(n).to_string(), regs.x[usize::from(n)]));
    let d = (0..32).filter(|n| used.has_fpr(Fpr(*n))).map(|n| (Fpr(n).to_string(), regs.d[usize::from(n)]));
    let all = x.chain([("sp".to_string(), regs.sp)]);
    let mut cells: Vec<String> = all.map(|(name, bits)| cell(&name, &page.pointer(bits))).collect();
    cells.extend(d.map(|(name, bits)| cell(&name, &format!("{bits:#018x}"))));
    cells.chunks(COLUMNS).map(|row| row.concat().trim_end().into()).collect()
}

/// The registers that a word reads, if it is a valid one that reads any.
pub fn read_by(word: u32) -> Option<String> {
    match classify(word) {
        Encoding::Valid(row) if !row.reads(word).is_empty() => Some(format!("reads      {}", row.reads(word))),
        _ => None,
    }
}

fn cell(name: &str, value: &str) -> String {
    format!("{name:<3} {value:<34}")
}

/// All registers that an instruction of the code reads or writes.
fn used(code: &Code) -> RegSet {
    let words = offsets(0..code.body).filter_map(|offset| word_at(code, offset));
    let touched = |word| match classify(word) {
        Encoding::Valid(row) => row.reads(word).or(row.writes(word)),
        _ => RegSet::EMPTY,
    };
    words.map(touched).fold(RegSet::EMPTY, RegSet::or)
}
