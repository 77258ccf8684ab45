//! Generated cases have a meaning: the interpreter judges every input, and most runs get far.

use tracehound::case::Emit;
use tracehound::generate::{Knobs, case_from_seed};
use tracehound::interpret::Program;
use tracehound::outcome::End;

const CASES: u64 = 5000;

#[test]
fn every_input_of_a_generated_case_is_judged() {
    for emit in [Emit::Fold, Emit::Raw] {
        // Side traces that go back to their root may do so for ever, and objects leave more open: a few are not judged.
        let knobs = Knobs { objects: 0, sides: 0, ..Knobs::new(emit) };
        for n in 0..CASES {
            let case = case_from_seed(3, n, &knobs);
            let program = Program::new(&case).expect("generated ops have semantics");
            for input in &case.inputs {
                if let Err(unjudged) = program.run(input) {
                    panic!("{} case {n}: {unjudged}", emit.name());
                }
            }
        }
    }
}

#[test]
fn few_inputs_of_cases_with_objects_side_traces_and_iterations_are_not_judged() {
    for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
        let knobs = Knobs { objects: 100, sides: 50, ..Knobs::new(emit) };
        let (mut judged, mut left_out) = (0u32, 0u32);
        for n in 0..CASES / 5 {
            let case = case_from_seed(5, n, &knobs);
            let program = Program::new(&case).expect("generated ops have semantics");
            let runs = case.inputs.iter().map(|input| program.run(input).is_ok());
            runs.for_each(|ok| *(if ok { &mut judged } else { &mut left_out }) += 1);
        }
        assert!(left_out * 20 < judged, "{}: {left_out} inputs left out of {judged}", emit.name());
    }
}

#[test]
fn most_straight_runs_reach_the_end_and_some_leave_before() {
    let knobs = Knobs { loops: 0, objects: 0, sides: 0, ..Knobs::default() };
    let (mut tails, mut exits) = (0u32, 0u32);
    for n in 0..CASES {
        let case = case_from_seed(4, n, &knobs);
        let program = Program::new(&case).expect("generated ops have semantics");
        for input in &case.inputs {
            match program.run(input).expect("judged").end {
                End::Tail => tails += 1,
                _ => exits += 1,
            }
        }
    }
    assert!(tails > 3 * exits, "{tails} runs reached the end, {exits} left before");
    assert!(exits > tails / 50, "{tails} runs reached the end, {exits} left before");
}
