//! A case's traces and their runs.

use super::body::{After, Body, Course, Left, index};
use super::decode::decode;
use super::error::{InterpretError, Undefined, Unjudged};
use super::frame::{Frame, Step};
use super::heap::{self, Heap};
use super::marks::Marks;
use crate::case::{Case, Input};
use crate::ir::validate::{MAX_SLOT, MIN_SLOT};
use crate::ir::{Class, ExitNo, Ref};
use crate::outcome::{self, End, Outcome, Value};
use crate::world::{TV_NIL, World};

/// Most instructions of a run: far above what a generated loop needs to end, far below a noticeable wait.
pub const MAX_STEPS: u32 = 100_000;

/// A case made ready for runs with many inputs.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) root: Body,
    pub(super) side: Option<Side>,
    /// What exits leave is seen on the Lua stack ([`Case::restores`]).
    pub(super) restores: bool,
    pub(super) world: World,
    /// The world's objects, without values.
    pub(super) heap: Heap,
}

/// A side trace.
#[derive(Clone, Debug)]
pub(super) struct Side {
    /// The root trace's exit that leads to it.
    pub exit: ExitNo,
    pub body: Body,
}

/// How far a run got and what its instructions gave: for explanations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The last value of each instruction of the root trace that ran, in order of refs (0 for one without a value).
    pub values: Vec<(Ref, u64)>,
    /// The same of the side trace.
    pub side: Vec<(Ref, u64)>,
    /// The instruction of the root trace that ran last, unless the run went on to the side trace and ended there.
    pub last: Option<Ref>,
    /// The instruction of the side trace that ran last, if the run ended there.
    pub side_last: Option<Ref>,
    /// How it ended.
    pub end: Result<End, Unjudged>,
}

/// Where a run is to leave although no guard fails: where the collector ran and traces must be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Through this exit.
    pub exit: ExitNo,
    /// When the root trace has been started so often before.
    pub pass: u32,
}

/// What a run tells on its way.
pub(super) trait Witness {
    /// A step of a trace, by its index, runs next; the values are those before it.
    fn runs(&mut self, which: Which, step: usize, values: &[u64]);
    /// A trace was left with these values, at its end or by a guard that failed.
    fn left(&mut self, which: Which, values: &[u64], end: bool);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Root,
    Side,
}

/// Nobody looks.
struct Nobody;

impl Witness for Nobody {
    fn runs(&mut self, _: Which, _: usize, _: &[u64]) {}
    fn left(&mut self, _: Which, _: &[u64], _: bool) {}
}

impl Program {
    /// Decodes a case that has passed [`Case::check`].
    pub fn new(case: &Case) -> Result<Program, InterpretError> {
        decode(case)
    }

    /// What the trace does with one of the case's inputs.
    pub fn run(&self, input: &Input) -> Result<Outcome, Unjudged> {
        self.outcome(input, None)
    }

    /// What it does when it is left as [`Leaving`] says, unless a guard fails before.
    pub fn run_leaving_at(&self, input: &Input, leaving: Leaving) -> Result<Outcome, Unjudged> {
        self.outcome(input, Some(leaving))
    }

    fn outcome(&self, input: &Input, leaving: Option<Leaving>) -> Result<Outcome, Unjudged> {
        let mut frame = self.enter(input);
        let end = self.walk(&mut frame, leaving, &mut Nobody)?;
        self.leave(frame, end)
    }

    /// The values of a run's instructions and how far it got.
    pub fn trace_values(&self, input: &Input) -> Listing {
        let mut frame = self.enter(input);
        let mut seen = Seen::new(self);
        let end = self.walk(&mut frame, None, &mut seen);
        // A run that can't be judged stops in the middle: the values are those of the trace that runs, unless it has not begun.
        if let (Err(_), Some(which)) = (&end, seen.now)
            && frame.values.len() == self.body(which).initial.len()
        {
            seen.left(which, &frame.values, false);
        }
        let (values, side) = (seen.list(&self.root, Which::Root), seen.side(self));
        let last = |which| seen.last(self).filter(|_| seen.now == Some(which));
        Listing { values, side, last: last(Which::Root), side_last: last(Which::Side), end }
    }

    /// Runs with a witness.
    pub(super) fn watch(&self, input: &Input, witness: &mut dyn Witness) -> Result<End, Unjudged> {
        self.walk(&mut self.enter(input), None, witness)
    }

    fn enter(&self, input: &Input) -> Frame<'_> {
        let mut stack = vec![TV_NIL; usize::from(MAX_SLOT - MIN_SLOT) + 1];
        for (slot, value) in &input.slots {
            stack[index(*slot)] = value.encode(&self.world);
        }
        let memory = input.materialize(&self.world);
        Frame {
            values: self.root.initial.clone(),
            memory,
            stack,
            marks: Marks::default(),
            world: &self.world,
            heap: self.heap.with_values(&self.world, input),
            calls: vec![],
            profile: input.profile,
            aliased: 0,
            restored: 0,
            stored: 0,
            sources: 0,
        }
    }

    /// Runs to the end, from trace to trace.
    fn walk(
        &self,
        frame: &mut Frame<'_>,
        leaving: Option<Leaving>,
        witness: &mut dyn Witness,
    ) -> Result<End, Unjudged> {
        let (mut which, mut pass, mut fuel) = (Which::Root, 0, MAX_STEPS as usize);
        loop {
            let body = self.body(which);
            let stop = leaving.filter(|l| l.pass == pass).and_then(|l| self.stop(which, l.exit));
            let mut course = Course { fuel, visit: &mut |n, values| witness.runs(which, n, values), stop };
            let left = body.run(frame, &mut course)?;
            fuel = course.fuel;
            witness.left(which, &frame.values, left == Left::End);
            match left {
                Left::Exit(n) if which == Which::Root && self.side.as_ref().is_some_and(|s| s.exit == n) => {
                    body.restore(n, frame);
                    which = Which::Side;
                }
                Left::Exit(n) => {
                    if self.restores {
                        body.restore(n, frame);
                    }
                    return Ok(End::Exit(self.number(which, n)));
                }
                Left::End => {
                    body.restore_last(frame);
                    if which == Which::Root && body.after == After::Start {
                        body.check_numbers(frame)?;
                    }
                    if body.after == After::Tail {
                        return Ok(End::Tail);
                    }
                    which = Which::Root;
                    pass += 1;
                }
            }
            frame.values.clone_from(&self.body(which).initial);
        }
    }

    pub(super) fn body(&self, which: Which) -> &Body {
        match (&self.side, which) {
            (Some(side), Which::Side) => &side.body,
            _ => &self.root,
        }
    }

    /// The step before which a trace is to be left, and its own exit, if the exit is its own.
    fn stop(&self, which: Which, exit: ExitNo) -> Option<(usize, ExitNo)> {
        let roots = u16::try_from(self.root.snaps.len()).expect("at most 500 snapshots");
        let own = match (which, exit.0.checked_sub(roots)) {
            (Which::Root, None) => exit,
            (Which::Side, Some(n)) => ExitNo(n),
            _ => return None,
        };
        Some((self.body(which).first_step_of(own), own))
    }

    /// A side trace's exits are numbered behind the root's.
    fn number(&self, which: Which, exit: ExitNo) -> ExitNo {
        let roots = u16::try_from(self.root.snaps.len()).expect("at most 500 snapshots");
        if which == Which::Side { ExitNo(roots + exit.0) } else { exit }
    }

    fn leave(&self, frame: Frame<'_>, end: End) -> Result<Outcome, Unjudged> {
        let values = match &end {
            End::Exit(n) if !self.restores => self.root.values(*n, &frame),
            _ => vec![],
        };
        let heap = heap_of(&frame.heap, &self.world, &values, &frame.stack).map_err(|why| Unjudged::Left { why })?;
        let (stack, memory, unspecified) = (frame.stack, frame.memory, frame.marks.list());
        Ok(Outcome { end, values, stack, memory, calls: frame.calls, heap, unspecified })
    }
}

/// The heap as it is left: what the values of the exit and the stack lead to.
fn heap_of(heap: &Heap, world: &World, values: &[Value], stack: &[u64]) -> Result<outcome::Heap, Undefined> {
    if heap.is_empty() {
        return Ok(outcome::Heap::new());
    }
    let restored = values.iter().filter(|v| v.ty.class() == Class::Gc).map(|v| heap::word(v.ty, v.bits));
    let roots: Vec<u64> = restored.chain(stack.iter().copied()).collect();
    heap.states(world.objects.len(), stack, &roots)
}

/// What a run's instructions gave.
struct Seen {
    ran: [Vec<bool>; 2],
    values: [Vec<u64>; 2],
    now: Option<Which>,
    last: usize,
}

impl Witness for Seen {
    fn runs(&mut self, which: Which, step: usize, _: &[u64]) {
        self.ran[which as usize][step] = true;
        (self.now, self.last) = (Some(which), step);
    }

    fn left(&mut self, which: Which, values: &[u64], _: bool) {
        self.values[which as usize] = values.to_vec();
    }
}

impl Seen {
    fn new(program: &Program) -> Self {
        let ran = [Which::Root, Which::Side].map(|w| vec![false; program.body(w).steps.len()]);
        Seen { ran, values: [vec![], vec![]], now: None, last: 0 }
    }

    fn list(&self, body: &Body, which: Which) -> Vec<(Ref, u64)> {
        let steps = body.steps.iter().zip(&self.ran[which as usize]).filter(|(_, ran)| **ran);
        let value = |s: &Step| self.values[which as usize].get(s.to).copied().unwrap_or_default();
        steps.map(|(s, _)| (s.at, value(s))).collect()
    }

    fn side(&self, program: &Program) -> Vec<(Ref, u64)> {
        program.side.as_ref().map_or(vec![], |side| self.list(&side.body, Which::Side))
    }

    fn last(&self, program: &Program) -> Option<Ref> {
        self.now.map(|which| program.body(which).steps[self.last].at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::interpret;
    use super::super::sample::{Sample, int, num, r};
    use super::*;
    use crate::ir::{Arg, Const, ConvCheck, ConvMode, Fpm, Lit, Op, RegionId, SymPtr, Type};
    use crate::outcome::Unspecified;
    use crate::world::{DATA_BASE, SlotValue, TAG_INT, TV_FALSE, TV_TRUE};
    use Type::{I64, Int, Nil, Num, U32};

    fn run(sample: Sample) -> Outcome {
        let case = sample.case();
        interpret(&case, &case.inputs[0]).expect("judged")
    }

    fn bits(out: &Outcome) -> Vec<u64> {
        out.values.iter().map(|v| v.bits).collect()
    }

    #[test]
    fn the_tail_stores_the_last_snapshot_and_nothing_else() {
        let str_slot = SlotValue::Str(SymPtr { region: RegionId(0), offset: 16 });
        let out = run(Sample::new()
            .slots(&[(2, SlotValue::Int(7)), (3, SlotValue::Int(8)), (4, str_slot)])
            .sload(Int, 2, "T")
            .sload(Type::Str, 4, "T")
            .ins(Op::NEG, Int, r(1), Arg::None)
            .snap(&[
                (2, r(3)),
                (5, num(-0.0)),
                (6, r(2)),
                (7, Arg::K(Const::Pri(Type::False))),
                (8, Arg::K(Const::Pri(Type::True))),
                (9, int(-1)),
            ]));
        assert_eq!(out.end, End::Tail);
        assert!(out.values.is_empty());
        let string = 0xfffd_8000_0000_0000 | (DATA_BASE + 16);
        let minus = |i: u64| TAG_INT << 32 | (0x1_0000_0000 - i);
        assert_eq!(
            out.stack[..9],
            [minus(7), TAG_INT << 32 | 8, string, 1 << 63, string, TV_FALSE, TV_TRUE, minus(1), TV_NIL]
        );
        assert_eq!(out.stack.len(), usize::from(MAX_SLOT - MIN_SLOT) + 1);
    }

    #[test]
    fn a_failing_guard_restores_the_last_snapshot_before_it() {
        let sample = || {
            Sample::new()
                .slots(&[(2, SlotValue::Int(i32::MAX))])
                .sload(Int, 2, "T")
                .snap(&[(3, r(1)), (4, Arg::K(Const::Pri(Nil)))])
                .guard(Op::EQ, Int, r(1), int(i32::MAX))
                .ins(Op::ADD, Int, r(1), int(1))
                .snap(&[(2, r(3)), (3, int(-5)), (4, num(1.5))])
                .guard(Op::ADDOV, Int, r(1), int(1))
                .snap(&[])
        };
        let out = run(sample());
        assert_eq!(out.end, End::Exit(ExitNo(2)));
        assert_eq!(bits(&out), [0x8000_0000, 0xffff_fffb, 1.5f64.to_bits()]);
        assert_eq!(out.values.iter().map(|v| v.ty).collect::<Vec<_>>(), [Int, Int, Num]);
        assert_eq!(out.stack[0], TAG_INT << 32 | 0x7fff_ffff, "an exit leaves the Lua stack alone");
        let out = run(sample().slots(&[(2, SlotValue::Int(0))]));
        assert_eq!((out.end, out.values.len()), (End::Exit(ExitNo(1)), 2));
        let out = run(sample().slots(&[(2, SlotValue::Nil)]));
        assert_eq!((out.end, out.values.len()), (End::Exit(ExitNo(0)), 0));
    }

    #[test]
    fn of_snapshots_at_one_place_the_last_counts() {
        let out = run(Sample::new().snap(&[(2, int(1))]).snap(&[(2, int(2))]).guard(Op::NE, Int, int(0), int(0)));
        assert_eq!((out.end.clone(), bits(&out)), (End::Exit(ExitNo(2)), vec![2]));
    }

    /// a, b, i = slots 2, 3 and 0; loop: i = i + 1; a, b = b, a; until i == n.
    fn swaps(n: i32) -> Sample {
        Sample::new()
            .slots(&[(2, SlotValue::Int(10)), (3, SlotValue::Int(20)), (4, SlotValue::Int(0))])
            .sload(Int, 2, "T")
            .sload(Int, 3, "T")
            .sload(Int, 4, "T")
            .looped()
            .ins(Op::ADD, Int, r(3), int(1))
            .snap(&[(2, r(1)), (3, r(2)), (4, r(3)), (5, r(5))])
            .guard(Op::NE, Int, r(5), int(n))
            .ins(Op::PHI, Int, r(1), r(2))
            .ins(Op::PHI, Int, r(2), r(1))
            .ins(Op::PHI, Int, r(3), r(5))
    }

    #[test]
    fn phis_are_assigned_all_at_once() {
        assert_eq!(bits(&run(swaps(1))), [10, 20, 0, 1]);
        assert_eq!(bits(&run(swaps(2))), [20, 10, 1, 2]);
        assert_eq!(bits(&run(swaps(9))), [10, 20, 8, 9]);
    }

    #[test]
    fn a_value_from_before_the_loop_stays() {
        let out = run(Sample::new()
            .slots(&[(2, SlotValue::Int(3)), (3, SlotValue::Int(0))])
            .sload(Int, 2, "T")
            .sload(Int, 3, "T")
            .ins(Op::MUL, Int, r(1), r(1))
            .looped()
            .ins(Op::ADD, Int, r(2), r(3))
            .snap(&[(2, r(3)), (3, r(5))])
            .guard(Op::LT, Int, r(5), int(30))
            .ins(Op::PHI, Int, r(2), r(5)));
        assert_eq!(bits(&out), [9, 36]);
    }

    #[test]
    fn an_endless_loop_is_not_judged() {
        let endless = swaps(0).case();
        let mut empty = Sample::new().looped().0;
        empty.trace.snaps[0].at = Ref(1);
        for (case, at) in [(&endless, 4), (&empty, 1)] {
            let ran = Program::new(case).expect("decodes").run(&case.inputs[0]);
            assert_eq!(ran, Err(Unjudged::Fuel { at: Ref(at), limit: MAX_STEPS }));
        }
    }

    /// x * y + c with a rounding error in the product.
    fn sum_of_product(op: Op, product_first: bool, c: f64) -> Vec<Unspecified> {
        let (a, b) = if product_first { (r(2), num(c)) } else { (num(c), r(2)) };
        let x = SlotValue::Num((1.0 + f64::EPSILON).to_bits());
        let sample = Sample::new().slots(&[(2, x)]).sload(Num, 2, "T").ins(Op::MUL, Num, r(1), r(1));
        run(sample.ins(op, Num, a, b)).unspecified
    }

    #[test]
    fn sums_that_fusing_would_change_are_marked() {
        let rounded = (1.0 + f64::EPSILON) * (1.0 + f64::EPSILON);
        for (op, c) in [(Op::ADD, -rounded), (Op::SUB, rounded)] {
            assert_eq!(sum_of_product(op, true, c), [Unspecified::Fma]);
            assert_eq!(sum_of_product(op, false, c), [Unspecified::Fma]);
            assert!(sum_of_product(op, true, 0.0).is_empty());
            assert!(sum_of_product(op, false, 1e300).is_empty());
        }
    }

    #[test]
    fn sums_of_negated_products_are_marked_too() {
        let x = SlotValue::Num((1.0 + f64::EPSILON).to_bits());
        let rounded = (1.0 + f64::EPSILON) * (1.0 + f64::EPSILON);
        for (c, marks) in [(rounded, vec![Unspecified::Fma]), (0.0, vec![])] {
            let sample = Sample::new().slots(&[(2, x)]).sload(Num, 2, "T").ins(Op::MUL, Num, r(1), r(1));
            let out = run(sample.ins(Op::NEG, Num, r(2), Arg::None).ins(Op::ADD, Num, r(3), num(c)));
            assert_eq!(out.unspecified, marks);
        }
    }

    #[test]
    fn a_difference_is_marked_whichever_operand_of_its_product_is_a_nan() {
        // FMSUB negates the product's first operand, which FOLD's swap of operands decides.
        let nan = SlotValue::Num(0xfff8_0000_0000_0000);
        for (a, b) in [(r(1), r(2)), (r(2), r(1))] {
            let slots = [(2, nan), (3, SlotValue::Num(2f64.to_bits())), (4, SlotValue::Num(3f64.to_bits()))];
            let sample = Sample::new().slots(&slots).sload(Num, 2, "").sload(Num, 3, "").sload(Num, 4, "");
            let out = run(sample.ins(Op::MUL, Num, a, b).ins(Op::SUB, Num, r(3), r(4)));
            assert!(out.unspecified.contains(&Unspecified::Fma));
        }
    }

    #[test]
    fn nans_that_enter_arithmetic_are_marked_as_fold_may_see_through_min() {
        let marks = |x: f64| {
            let sample = Sample::new().slots(&[(2, SlotValue::Num(x.to_bits()))]).sload(Num, 2, "");
            let sample = sample.ins(Op::NEG, Num, r(1), Arg::None).ins(Op::MIN, Num, r(2), r(2));
            run(sample.ins(Op::ADD, Num, num(1.0), r(3))).unspecified
        };
        assert_eq!(marks(f64::NAN), [Unspecified::NanSign, Unspecified::NanPayload]);
        assert!(marks(2.0).is_empty());
    }

    #[test]
    fn operands_reach_their_functions_in_order() {
        let conv = |src| Arg::Lit(Lit::Conv(ConvMode { src, sext: true, check: ConvCheck::Plain }));
        let out = run(Sample::new()
            .slots(&[(2, SlotValue::Int(-9))])
            .sload(Int, 2, "T")
            .ins(Op::SUB, Int, int(1), r(1))
            .ins(Op::BSHR, Int, r(1), int(28))
            .ins(Op::CONV, I64, r(1), conv(Int))
            .ins(Op::DIV, I64, r(4), Arg::K(Const::Int64(2)))
            .ins(Op::CONV, Num, r(1), conv(Int))
            .ins(Op::FPMATH, Num, num(2.5), Arg::Lit(Lit::Fpm(Fpm::Ceil)))
            .ins(Op::MAX, Num, r(6), r(7))
            .ins(Op::MOD, Int, r(1), int(4))
            .ins(Op::ABS, Num, r(6), Arg::None)
            .ins(Op::BNOT, U32, r(1), Arg::None)
            .ins(Op::USE, Int, r(1), Arg::None)
            .ins(Op::XBAR, Nil, Arg::None, Arg::None)
            .snap(&[(2, r(2)), (3, r(3)), (4, r(5)), (5, r(7)), (6, r(8)), (7, r(9)), (8, r(10)), (9, r(11))])
            .guard(Op::ABC, Int, int(1), int(1))
            .snap(&[]));
        let three = 3f64.to_bits();
        assert_eq!(bits(&out), [10, 15, (-4i64).cast_unsigned(), three, three, 3, 9f64.to_bits(), 8]);
    }

    #[test]
    fn a_listing_shows_what_ran_and_how_far() {
        let case = swaps(2).case();
        let listing = Program::new(&case).expect("decodes").trace_values(&case.inputs[0]);
        // One of the exits is that of LOOP, which has a snapshot of its own.
        assert_eq!(listing.end, Ok(End::Exit(ExitNo(2))));
        assert_eq!(listing.last, Some(Ref(6)));
        let values: Vec<_> = listing.values.iter().map(|(r, v)| (r.0, *v)).collect();
        assert_eq!(values, [(1, 20), (2, 10), (3, 1), (5, 2), (6, 0)]);
        let stopped = Sample::new().sload(Int, 2, "T").ins(Op::NEG, Int, r(1), Arg::None).case();
        let listing = Program::new(&stopped).expect("decodes").trace_values(&stopped.inputs[0]);
        assert_eq!((listing.last, listing.values.len()), (Some(Ref(1)), 1));
    }

    #[test]
    fn an_opcode_without_semantics_is_named() {
        let mut case = Sample::new().0;
        case.trace.ins.push(crate::ir::Ins { op: Op::RETF, ty: Type::P64, guard: true, op1: int(0), op2: int(0) });
        let error = interpret(&case, &case.inputs[0]).expect_err("no semantics");
        assert_eq!(error, InterpretError::NoMeaning { at: Ref(1), op: Op::RETF });
    }
}
