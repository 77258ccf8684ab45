//! Cases made of two: of two that are there, or of one and a fresh piece of a kind that it may lack.

use super::super::entropy::{Bulk, Source};
use super::super::{Knobs, generate};
use super::splice::splice;
use super::{mutate, stream};
use crate::case::{Case, Emit};
use arbitrary::Unstructured;

/// Tries to make a legal one.
const TRIES: usize = 8;
/// Entropy for a fresh piece: more than its few instructions take.
const ENTROPY: usize = 1024;

/// Number `index` of the cases that are made of two: the trace of one, then that of the other. The same on every machine; a mutation of the
/// first where the two don't go together.
pub fn crossover(a: &Case, b: &Case, seed: u64, index: u64) -> Case {
    let mut s = stream(seed, index);
    spliced(a, b, &mut s).unwrap_or_else(|| mutate(a, seed, index))
}

/// A case with a fresh piece before or behind it, number `index` of them: a loop, a side trace, objects and calls, values that fill the registers, or
/// anything else.
pub fn graft(case: &Case, seed: u64, index: u64) -> Case {
    let mut s = stream(seed, index);
    let piece = piece(case.emit, &mut s);
    spliced(case, &piece, &mut s).unwrap_or_else(|| mutate(case, seed, index))
}

/// One behind the other, in either order.
fn spliced(a: &Case, b: &Case, s: &mut Bulk) -> Option<Case> {
    // What goes through the passes is one iteration, and keeps to other rules.
    if (a.emit == Emit::Passes) != (b.emit == Emit::Passes) {
        return None;
    }
    let (emit, arena, ra) = (a.emit, a.arena, a.ra);
    let tries = (0..TRIES).map(|_| {
        // A loop is the end: it goes second.
        let turned = if a.trace.loop_ref().is_some() { s.percent(80) } else { s.percent(30) };
        let case = if turned { splice(b, a, s) } else { splice(a, b, s) };
        Case { emit, arena, ra, ..case }
    });
    tries.into_iter().find(|case| case != a && case.check().is_ok())
}

/// A small case of a kind.
fn piece(emit: Emit, s: &mut Bulk) -> Case {
    let plain =
        Knobs { emit, ins: 3..=10, inputs: 4, big: 0, loops: 0, sides: 0, objects: 0, pressure: 0, ..Knobs::default() };
    let knobs = match s.weighted(&[3, 2, 2, 2, 2]) {
        0 => Knobs { loops: 100, ..plain },
        1 => Knobs { sides: 100, ..plain },
        2 => Knobs { objects: 100, ..plain },
        3 => Knobs { pressure: 100, ..plain },
        _ => plain,
    };
    let mut bytes = [0; ENTROPY];
    s.fill(&mut bytes);
    generate(&mut Unstructured::new(&bytes), &knobs).expect("generation does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::case_from_seed;
    use crate::ir::Op;

    fn cases(emit: Emit) -> Vec<Case> {
        let knobs = Knobs { sides: 40, ..Knobs::new(emit) };
        (0..60).map(|n| case_from_seed(4, n, &knobs)).collect()
    }

    #[test]
    fn what_is_made_of_two_cases_is_legal_and_mostly_longer() {
        for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
            let cases = cases(emit);
            let mut longer = 0;
            for (n, pair) in cases.windows(2).enumerate() {
                for both in [crossover(&pair[0], &pair[1], 1, n as u64), graft(&pair[0], 1, n as u64)] {
                    assert_eq!(both.check(), Ok(()), "{emit:?} {n}");
                    assert_ne!(both, pair[0], "{emit:?} {n}");
                    longer += usize::from(both.trace.ins.len() > pair[0].trace.ins.len());
                }
            }
            assert!(longer > 60, "{emit:?}: {longer} of 118");
        }
    }

    #[test]
    fn loops_side_traces_and_objects_come_into_cases_that_have_none() {
        let bare = Knobs { loops: 0, sides: 0, objects: 0, ..Knobs::default() };
        let grafted: Vec<Case> = (0..200).map(|n| graft(&case_from_seed(4, n, &bare), 1, n)).collect();
        let count = |has: fn(&Case) -> bool| grafted.iter().filter(|case| has(case)).count();
        assert!(count(|case| case.trace.ins.iter().any(|ins| ins.op == Op::LOOP)) > 20);
        assert!(count(|case| case.side.is_some()) > 10);
        assert!(count(|case| !case.world.objects.is_empty()) > 20);
    }

    #[test]
    fn the_same_numbers_give_the_same_case() {
        let cases = cases(Emit::Fold);
        assert_eq!(crossover(&cases[0], &cases[1], 7, 9), crossover(&cases[0], &cases[1], 7, 9));
        assert_eq!(graft(&cases[0], 7, 9), graft(&cases[0], 7, 9));
        assert_ne!(graft(&cases[0], 7, 9), graft(&cases[0], 7, 10));
    }
}
