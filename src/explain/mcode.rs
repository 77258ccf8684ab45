//! Machine code word by word, with the instruction that each was assembled for.

use super::View;
use super::half::Half;
use super::hex::{Bits, Hex};
use super::sheet::{CodeSheet, StubRow, WordRow};
use super::stubs::{branch_target, offsets, word_at};
use crate::arm64::disasm;
use crate::code::Code;
use crate::outcome::End;

/// The trace's own code; its exit stubs only by where they are.
pub fn sheet(view: &View, half: &Half, code: &Code) -> CodeSheet {
    let words = offsets(0..code.body).filter_map(|offset| row(view, half, code, offset)).collect();
    CodeSheet { bytes: code.body, words, stubs: stub_row(half, code) }
}

/// The word at an offset with all that is known of it; `None` if there is none.
pub fn row(view: &View, half: &Half, code: &Code, offset: u32) -> Option<WordRow> {
    let word = word_at(code, offset)?;
    let address = code.base + u64::from(offset);
    let text = disasm(word, address);
    let (mnemonic, operands) = text.split_once(' ').unwrap_or((&text, ""));
    Some(WordRow {
        address: Hex(address),
        offset,
        word: Bits(word),
        mnemonic: mnemonic.into(),
        operands: operands.into(),
        target: target(view, half, code, offset, word),
        at: code.ref_at(offset).map(|at| at.0),
        origin: origin(half, code, offset),
        loop_head: code.loop_start == Some(offset),
        marked: is_wrong(view, half, code, offset),
    })
}

/// Where a branch goes: to an exit, to the loop's head, to another trace, or out of the code.
fn target(view: &View, half: &Half, code: &Code, offset: u32, word: u32) -> Option<String> {
    let address = branch_target(code, offset, word)?;
    let inside = address.checked_sub(code.base).and_then(|o| u32::try_from(o).ok());
    match inside.filter(|to| word_at(code, *to).is_some()) {
        Some(to) if code.loop_start == Some(to) => Some("->LOOP".into()),
        Some(to) => half.stubs.exit_at(to).map(|exit| format!("->{exit}")),
        None if code.conventions.targets.iter().any(|(from, end)| (*from..*end).contains(&address)) => {
            Some("->VM".into())
        }
        None => Some(other_trace(view, address).map_or("->?".into(), |n| format!("->T{n}"))),
    }
}

/// The number of the trace that starts or loops at an address.
fn other_trace(view: &View, address: u64) -> Option<u8> {
    let root = view.code()?;
    let within = |code: &Code| (code.base..code.base + u64::from(code.body)).contains(&address);
    match &root.side {
        Some(fork) if within(fork) => Some(2),
        Some(_) if within(root) => Some(1),
        _ => None,
    }
}

fn stub_row(half: &Half, code: &Code) -> Option<StubRow> {
    let [(exit, first), (last_exit, last)] = half.stubs.ends()?;
    let at = |offset: u32| Hex(code.base + u64::from(offset));
    let number = |n| u16::try_from(n).unwrap_or(u16::MAX);
    Some(StubRow {
        address: at(code.body),
        exit: number(exit),
        first: at(first),
        last_exit: number(last_exit),
        last: at(last),
    })
}

/// What the word was assembled for: in full where an instruction's code starts, else its ref.
fn origin(half: &Half, code: &Code, offset: u32) -> String {
    let starts = code.marks.iter().any(|m| m.start == offset);
    match code.ref_at(offset) {
        Some(at) if starts => half.ins(at),
        Some(at) => format!("{:04}", at.0),
        None if offset >= code.body => "exit stub".into(),
        None if code.marks.iter().any(|m| m.start > offset && m.at.is_some()) => "head".into(),
        None => "tail".into(),
    }
}

/// A word that is wrong or did not execute.
fn is_wrong(view: &View, half: &Half, code: &Code, offset: u32) -> bool {
    let address = code.base + u64::from(offset);
    let ended = view.seen.observed.as_ref().map(|run| &run.outcome.end);
    let faulted = matches!(ended, Some(End::Fault(fault)) if fault.pc == address);
    faulted || half.defects.iter().any(|d| d.offset == offset)
}
