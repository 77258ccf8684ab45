//! The backend's own exit handler: a second opinion on our reading of its value locations, or the only one.

use super::findings::finding;
use super::judge::Run;
use super::verdict::{Stats, Verdict};
use super::{Oracle, observe};
use crate::case::Case;
use crate::code::{Code, Exit};
use crate::ir::ExitNo;
use crate::ir::validate::MIN_SLOT;
use crate::outcome::{FaultClass, MismatchClass, Outcome};
use crate::world::TAG_INT;

impl Oracle {
    /// Asks the backend's own exit handler for the values at a run's exit, once an exit and case (`seen`: a bit an exit).
    pub(super) fn second_opinion(
        &mut self,
        case: &Case,
        code: &Code,
        n: usize,
        run: &Run,
        seen: &mut u64,
        stats: &mut Stats,
    ) -> Option<Verdict> {
        let exit = run.exit.filter(|_| !case.restores())?;
        let bit = 1u64.checked_shl(u32::from(exit.0)).unwrap_or(0);
        if *seen & bit != 0 || bit == 0 {
            return None;
        }
        *seen |= bit;
        let (class, text) = match self.backend.restore(code, exit, &run.regs) {
            Ok(None) => return None,
            Ok(Some(restored)) => {
                stats.restores += 1;
                (MismatchClass::WrongSnapshot.into(), dissent(exit, &read_stack(&run.outcome), &restored)?)
            }
            Err(text) => (FaultClass::BackendAssert.into(), failed(exit, &text)),
        };
        Some(finding(case, class, None, Some(n), vec![text]))
    }

    /// Puts the Lua stack as the backend's own handler restores it in the place of the one that the run left.
    pub(super) fn restore_stack(&mut self, code: &Code, run: &mut Run) {
        let Some(exit) = run.exit else { return };
        match self.backend.restore(code, exit, &run.regs) {
            Ok(Some(stack)) => {
                let nums = as_nums(&stack, code.exits.get(usize::from(exit.0)));
                // In memory too, where an open upvalue sees them.
                let (changed, runtime) = ((code.stack..).step_by(8).zip(&stack).zip(&nums), self.backend.runtime());
                changed
                    .filter(|((_, old), new)| old != new)
                    .for_each(|((at, _), new)| runtime.write(at, &new.to_le_bytes()));
                run.outcome.stack = nums;
            }
            Ok(None) => {}
            Err(text) => run.unrestored = Some(failed(exit, &text)),
        }
    }
}

/// The Lua stack with the values that were read from their locations.
fn read_stack(outcome: &Outcome) -> Vec<u64> {
    let mut stack = outcome.stack.clone();
    for v in &outcome.values {
        if let Some(word) = observe::stack_word(v) {
            stack[usize::from(v.slot.0 - MIN_SLOT)] = word;
        }
    }
    stack
}

/// Makes nums of the ints that stand for them.
fn as_nums(stack: &[u64], exit: Option<&Exit>) -> Vec<u64> {
    let mut stack = stack.to_vec();
    for slot in exit.iter().flat_map(|e| &e.ints) {
        let word = &mut stack[usize::from(slot.0 - MIN_SLOT)];
        if *word >> 32 == TAG_INT {
            *word = f64::from(observe::low_int(*word)).to_bits();
        }
    }
    stack
}

fn failed(exit: ExitNo, why: &str) -> String {
    format!("the backend's own restore of exit {} failed: {why}", exit.0)
}

fn dissent(exit: ExitNo, read: &[u64], restored: &[u64]) -> Option<String> {
    let wrong = read.iter().zip(restored).position(|(read, restored)| read != restored)?;
    Some(format!(
        "the backend's own restore of exit {} gives slot #{} {:#018x}, its value locations give {:#018x}",
        exit.0,
        wrong + usize::from(MIN_SLOT),
        restored[wrong],
        read[wrong]
    ))
}
