//! The fault: which instruction, which address.

use super::half::Half;
use super::hex::Hex;
use super::sheet::{FaultSheet, FaultWord, WordRow};
use super::stubs::{branches_to, word_at};
use super::{View, mcode, registers, word};
use crate::oracle::name_address;
use crate::outcome::End;

/// The fault of the run, if it ended in one.
pub fn sheet(view: &View, halves: &[Half]) -> Option<FaultSheet> {
    let End::Fault(fault) = &view.seen.observed.as_ref()?.outcome.end else { return None };
    let at = halves.iter().find_map(|half| faulted(view, half, fault.pc));
    let branches =
        if at.is_none() { halves.iter().flat_map(|half| leading(view, half, fault.pc)).collect() } else { vec![] };
    Some(FaultSheet {
        class: fault.class.name().into(),
        pc: Hex(fault.pc),
        word: at,
        branches,
        address: fault.address.map(|a| name_address(view.case(), a)),
        reason: fault.detail.clone(),
    })
}

fn faulted(view: &View, half: &Half, pc: u64) -> Option<FaultWord> {
    let code = half.code?;
    let offset = u32::try_from(pc.checked_sub(code.base)?).ok()?;
    let bits = word_at(code, offset)?;
    Some(FaultWord {
        trace: half.number,
        row: mcode::row(view, half, code, offset)?,
        anatomy: word::anatomy(bits),
        reads: registers::read_by(bits),
    })
}

/// The words that branch to an address outside of the code.
fn leading(view: &View, half: &Half, pc: u64) -> Vec<WordRow> {
    let Some(code) = half.code else { return vec![] };
    branches_to(code, pc).filter_map(|from| mcode::row(view, half, code, from)).collect()
}
