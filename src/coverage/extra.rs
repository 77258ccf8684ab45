//! What the edges of the backend's control flow don't tell, as counters of one byte each: for guidance.
//!
//! An encoding is chosen by arithmetic on a word as often as by a branch; whether a fusion was refused at its limit or by another
//! instruction takes the same way through the code.

use super::{Counts, fusion};
use crate::arm64::rows;
use crate::case::Case;
use crate::code::{Code, Place};

/// How many there are; those at the end are not used yet.
pub const EXTRAS: usize = 256;

/// Counts them for a case's code: machine instructions by class, fusions taken and refused, where exits have their values, the frame.
pub fn extras(case: &Case, code: &Code) -> [u8; EXTRAS] {
    let mut counters = [0; EXTRAS];
    for (counter, count) in counters.iter_mut().zip(counts(case, code)) {
        *counter = u8::try_from(count).unwrap_or(u8::MAX);
    }
    counters
}

fn counts(case: &Case, code: &Code) -> Vec<u64> {
    let (mut fusions, mut instructions) = (fusion::all(), Counts::new());
    fusion::count(case, code, &mut fusions, &mut instructions);
    let classes = rows().map(|row| instructions.get(row.name).copied().unwrap_or(0));
    let fusions = fusions.iter().flat_map(|rule| [rule.taken, rule.refused]);
    let frame = code.start.sp.wrapping_sub(code.conventions.exit_sp) / 16;
    classes.chain(fusions).chain(places(code)).chain([frame]).collect()
}

/// Values of exits by where they are: register of either kind, spill slot, known, lost; and those that the exit converts.
fn places(code: &Code) -> [u64; 6] {
    let mut counts = [0; 6];
    for value in code.exits.iter().flat_map(|exit| &exit.values) {
        let kind = match value.place {
            Place::Gpr(_) => 0,
            Place::Fpr(_) => 1,
            Place::Spill(_) => 2,
            Place::Known(_) => 3,
            Place::Lost => 4,
        };
        counts[kind] += 1;
        counts[5] += u64::from(value.int_to_num);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{Exit, ValueLoc};
    use crate::generate::{Knobs, case_from_seed};
    use crate::ir::{ExitNo, Slot, Type};

    #[test]
    fn all_counters_have_room() {
        let case = case_from_seed(1, 0, &Knobs::default());
        assert!(counts(&case, &Code::default()).len() <= EXTRAS);
    }

    #[test]
    fn a_value_that_is_spilled_counts() {
        let value = ValueLoc { slot: Slot(2), ty: Type::Int, place: Place::Spill(16), int_to_num: false };
        let exit = Exit { values: vec![value], number: ExitNo(0), sp: 0, ints: vec![] };
        let code = Code { exits: vec![exit], ..Code::default() };
        let case = case_from_seed(1, 0, &Knobs::default());
        let (with, without) = (extras(&case, &code), extras(&case, &Code::default()));
        assert_eq!(with.iter().zip(&without).filter(|(a, b)| a != b).count(), 1);
    }
}
