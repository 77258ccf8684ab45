//! Machine code as `-jdump=m` prints it, with the instruction that each word was assembled for.

use super::Page;
use crate::arm64::{Encoding, Flow, classify, disasm};
use crate::code::Code;
use crate::outcome::End;
use std::ops::Range;

/// The trace's own code word by word, its exit stubs in a line.
pub fn section(page: &Page) -> Vec<String> {
    let Some(code) = page.code() else { return vec![] };
    let stubs = stubs(code);
    let mut lines = vec![format!("---- TRACE 1 mcode {}", code.body)];
    for offset in offsets(0..code.body) {
        if code.loop_start == Some(offset) {
            lines.push("->LOOP:".into());
        }
        lines.push(line(page, code, &stubs, offset));
    }
    lines.extend(stub_lines(code, &stubs));
    lines
}

/// One word of a page's code with all that is said of it, as fault and defects repeat it.
pub fn word_line(page: &Page, code: &Code, offset: u32) -> String {
    line(page, code, &stubs(code), offset)
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

fn line(page: &Page, code: &Code, stubs: &[u32], offset: u32) -> String {
    let address = code.base + u64::from(offset);
    let Some(word) = word_at(code, offset) else { return format!("{address:x}  no code") };
    let text = disasm(word, address);
    let (mnemonic, operands) = text.split_once(' ').unwrap_or((&text, ""));
    let (to, what, mark) = (target(code, stubs, offset, word), origin(page, code, offset), mark(page, code, offset));
    format!("{address:x}  {word:08x}  {mnemonic:<6} {operands:<34} {to:<6} ; {what}{mark}").trim_end().into()
}

/// Where a branch goes: to an exit, to the loop's head, or out of the code.
fn target(code: &Code, stubs: &[u32], offset: u32, word: u32) -> String {
    let Some(address) = branch_target(code, offset, word) else { return String::new() };
    let inside = address.checked_sub(code.base).and_then(|o| u32::try_from(o).ok());
    match inside.filter(|to| word_at(code, *to).is_some()) {
        Some(to) if code.loop_start == Some(to) => "->LOOP".into(),
        Some(to) => stubs.iter().position(|stub| *stub == to).map_or(String::new(), |exit| format!("->{exit}")),
        None if code.conventions.targets.iter().any(|(from, end)| (*from..*end).contains(&address)) => "->VM".into(),
        None => "->?".into(),
    }
}

/// The address that a word branches or calls to, if the word alone says so.
fn branch_target(code: &Code, offset: u32, word: u32) -> Option<u64> {
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

/// The offsets of the exits' stubs, by exit. A stub is a call of the common one, which stands at the end of the body
/// (`lj_asm_arm64.h: asm_exitstub_setup`).
fn stubs(code: &Code) -> Vec<u32> {
    let end = u32::try_from(code.bytes.len()).expect("code is small");
    let common = code.base + u64::from(code.body);
    let target = |offset: u32| branch_target(code, offset, word_at(code, offset)?);
    offsets(code.body..end).filter(|offset| target(*offset) == Some(common)).take(code.exits.len()).collect()
}

fn stub_lines(code: &Code, stubs: &[u32]) -> Option<String> {
    let (first, last) = (stubs.first()?, stubs.last()?);
    let at = |offset: &u32| code.base + u64::from(*offset);
    let (start, exits) = (code.base + u64::from(code.body), stubs.len() - 1);
    Some(format!("{start:x}  exit stubs: ->0 to ->{exits} at {:x} to {:x}", at(first), at(last)))
}

/// What the word was assembled for: in full where an instruction's code starts, else by its ref.
fn origin(page: &Page, code: &Code, offset: u32) -> String {
    let starts = code.marks.iter().any(|m| m.start == offset);
    match code.ref_at(offset) {
        Some(at) if starts => page.ins(at),
        Some(at) => format!("{:04}", at.0),
        None if offset >= code.body => "exit stub".into(),
        None if code.marks.iter().any(|m| m.start > offset && m.at.is_some()) => "head".into(),
        None => "tail".into(),
    }
}

/// Points at a word that is wrong or did not execute.
fn mark(page: &Page, code: &Code, offset: u32) -> &'static str {
    let address = code.base + u64::from(offset);
    let ended = page.seen.observed.as_ref().map(|run| &run.outcome.end);
    let faulted = matches!(ended, Some(End::Fault(fault)) if fault.pc == address);
    if faulted || page.seen.defects.iter().any(|d| d.offset == offset) { "   <===" } else { "" }
}
