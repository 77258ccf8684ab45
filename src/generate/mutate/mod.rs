//! Mutation: a case made of others, for hunts around a known shape and for libFuzzer: by a few small changes, with a freshly generated piece, of two cases.
//!
//! Small changes are those of principle: offsets to their neighbours and to field limits, other constants, types, signs and opcodes of
//! the same signature, copies with neighbouring offsets, another order, something between, other alignments and values. Nothing is known of any
//! bug. What comes out is legal by [`Case::check`], and keeps to LuaJIT's aliasing rules as far as the case it is made of did.

mod aliasing;
mod copy;
mod edit;
mod graft;
mod moved;
mod operand;
mod scene;
mod splice;
mod types;

pub use graft::{crossover, graft};

use super::entropy::{Bulk, Source, from_seed};
use crate::case::Case;
use crate::ir::Trace;

/// Changes that a mutation has at most.
const MOST: u32 = 5;
/// Tries to make a legal one before the case is given back as it is.
const TRIES: usize = 40;

/// A way to change a case: false where it found nothing to change.
type Change = fn(&mut Case, &mut Bulk) -> bool;

/// All ways with their weights.
#[rustfmt::skip]
const CHANGES: &[(u16, Change)] = &[
    (10, |case, s| operand::move_offset(trace(case, s), s)),
    (4,  |case, s| operand::move_all_offsets(trace(case, s), s)),
    (4,  |case, s| operand::change_constant(trace(case, s), s)),
    (4,  |case, s| operand::use_other_value(trace(case, s), s)),
    (4,  |case, s| types::change_sign(trace(case, s), s)),
    (5,  |case, s| types::change_type(trace(case, s), s)),
    (4,  |case, s| types::change_all_types(trace(case, s), s)),
    (4,  |case, s| types::change_op(trace(case, s), s)),
    (4,  |case, s| edit::swap_neighbours(trace(case, s), s)),
    (6,  |case, s| copy::copy_access(trace(case, s), s)),
    (4,  |case, s| copy::turn_access(trace(case, s), s)),
    (3,  |case, s| copy::copy_pure(trace(case, s), s)),
    (3,  |case, s| copy::guard_between(trace(case, s), s)),
    (3,  |case, s| copy::barrier_between(trace(case, s), s)),
    (3,  |case, s| copy::snapshot_between(trace(case, s), s)),
    (2,  |case, s| edit::drop_unused(trace(case, s), s)),
    (3,  scene::move_pointer),
    (2,  scene::change_slot),
    (2,  scene::change_memory),
    (1,  scene::change_switch),
    (1,  scene::drop_input),
];

/// Mutation number `index` of a case: the same on every machine.
pub fn mutate(case: &Case, seed: u64, index: u64) -> Case {
    let mut s = stream(seed, index);
    let mutants = (0..TRIES).map(|_| attempt(case, &mut s));
    mutants.into_iter().find(|mutant| is_legal(mutant, case)).unwrap_or_else(|| case.clone())
}

/// The random stream of one mutation.
fn stream(seed: u64, index: u64) -> Bulk {
    let word: [u8; 8] = from_seed(seed, index, 8).try_into().expect("eight bytes");
    // Seed 0 is the stream of zeros.
    Bulk::new(u64::from_le_bytes(word) | 1)
}

/// A case with some changes, legal or not.
fn attempt(case: &Case, s: &mut Bulk) -> Case {
    let mut mutant = case.clone();
    let weights: Vec<u16> = CHANGES.iter().map(|(weight, _)| *weight).collect();
    let wanted = 1 + s.below(MOST).min(s.below(MOST));
    let mut made = 0;
    for _ in 0..4 * MOST {
        made += u32::from(CHANGES[s.weighted(&weights)].1(&mut mutant, s));
        if made >= wanted {
            break;
        }
    }
    mutant
}

fn is_legal(mutant: &Case, case: &Case) -> bool {
    mutant != case && aliasing::is_kept(mutant, case) && mutant.check().is_ok()
}

/// The trace to change.
fn trace<'a>(case: &'a mut Case, s: &mut Bulk) -> &'a mut Trace {
    match &mut case.side {
        Some(side) if s.percent(50) => &mut side.trace,
        _ => &mut case.trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Emit;
    use crate::generate::{Knobs, case_from_seed};
    use std::collections::BTreeSet;

    #[test]
    fn mutations_are_legal_and_others_than_the_case() {
        for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
            for n in 0..60 {
                let case = case_from_seed(3, n, &Knobs::new(emit));
                let mutants: Vec<Case> = (0..20).map(|i| mutate(&case, 1, i)).collect();
                mutants.iter().for_each(|m| assert_eq!(m.check(), Ok(()), "case {n}"));
                let changed = mutants.iter().filter(|m| **m != case).count();
                assert!(changed >= 15, "case {n} of {emit:?}: {changed} of 20");
            }
        }
    }

    #[test]
    fn the_same_number_gives_the_same_mutation_and_others_do_not() {
        let case = case_from_seed(1, 5, &Knobs::default());
        assert_eq!(mutate(&case, 7, 9), mutate(&case, 7, 9));
        let all: BTreeSet<String> = (0..50).map(|i| format!("{:?}", mutate(&case, 7, i))).collect();
        assert!(all.len() > 40, "{} of 50", all.len());
        assert_ne!(mutate(&case, 7, 9), mutate(&case, 8, 9));
    }

    #[test]
    fn every_change_finds_something_to_change_somewhere() {
        let mut s = Bulk::new(9);
        for (n, (_, change)) in CHANGES.iter().enumerate() {
            let legal = (0..400).filter(|i| {
                let case = case_from_seed(2, *i, &Knobs::default());
                let mut mutant = case.clone();
                change(&mut mutant, &mut s) && is_legal(&mutant, &case)
            });
            assert!(legal.count() >= 8, "change {n} is made too seldom");
        }
    }
}
