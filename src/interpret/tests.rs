//! What iterations for the passes and side traces mean.

use super::sample::{Sample, int, r};
use super::{Leaving, Program, Unjudged, interpret};
use crate::case::{Case, Emit, SideTrace};
use crate::ir::{Arg, Const, ExitNo, Link, Op, Ref, RegionId, Slot, SymPtr, Type};
use crate::outcome::{End, Outcome};
use crate::world::{SlotValue, TAG_INT, TV_NIL, encode_int};
use Type::{Int, Num};

fn run(case: &Case) -> Outcome {
    interpret(case, &case.inputs[0]).expect("judged")
}

fn ints(out: &Outcome, n: usize) -> Vec<u64> {
    out.stack[..n].to_vec()
}

fn words(ints: &[i32]) -> Vec<u64> {
    ints.iter().map(|i| encode_int(*i)).collect()
}

/// Slot 2 counts up, slot 3 doubles, slot 4 gets what slot 2 was, until slot 2 reaches `n`.
fn iteration(n: i32) -> Sample {
    let mut s = Sample::new()
        .slots(&[(2, SlotValue::Int(0)), (3, SlotValue::Int(1))])
        .sload(Int, 2, "T")
        .sload(Int, 3, "T")
        .ins(Op::ADD, Int, r(2), r(2))
        .snap(&[(3, r(3)), (4, r(1))])
        .guard(Op::ADDOV, Int, r(1), int(1))
        .snap(&[(2, r(4)), (3, r(3)), (4, r(1))])
        .guard(Op::LT, Int, r(4), int(n))
        .snap(&[(2, r(4)), (3, r(3)), (4, r(1))]);
    s.0.emit = Emit::Passes;
    s.0.trace.link = Link::Loop;
    s
}

#[test]
fn an_iteration_starts_with_what_the_one_before_left() {
    let out = run(&iteration(1).case());
    assert_eq!((out.end.clone(), ints(&out, 4)), (End::Exit(ExitNo(2)), [words(&[1, 2, 0]), vec![TV_NIL]].concat()));
    let out = run(&iteration(5).case());
    assert_eq!((out.end.clone(), ints(&out, 3)), (End::Exit(ExitNo(2)), words(&[5, 32, 4])));
    assert!(out.values.is_empty(), "the stack has them");
}

#[test]
fn an_exit_has_the_earlier_iterations_slots_below_its_snapshot() {
    let case = iteration(9).slots(&[(2, SlotValue::Int(i32::MAX - 1)), (3, SlotValue::Int(1))]).case();
    let out = run(&case);
    assert_eq!((out.end.clone(), ints(&out, 3)), (End::Exit(ExitNo(2)), words(&[i32::MAX, 2, i32::MAX - 1])));
    let mut s = iteration(i32::MIN);
    s.0.trace.ins[4].op = Op::NE;
    let out = run(&s.slots(&[(2, SlotValue::Int(i32::MAX - 1)), (3, SlotValue::Int(1))]).case());
    assert_eq!(out.end, End::Exit(ExitNo(1)));
    assert_eq!(ints(&out, 3), words(&[i32::MAX, 4, i32::MAX]), "slot 2 is from the first iteration");
}

#[test]
fn iterations_use_fuel() {
    let mut s = iteration(0);
    s.0.trace.ins[3] = crate::ir::Ins { op: Op::BAND, ty: Int, guard: false, op1: r(1), op2: int(1) };
    s.0.trace.ins[4].op = Op::NE;
    s.0.trace.ins[4].op2 = int(7);
    let case = s.case();
    let ran = Program::new(&case).expect("decodes").run(&case.inputs[0]);
    assert!(matches!(ran, Err(Unjudged::Fuel { at: Ref(1), .. })));
}

#[test]
fn a_nan_that_looks_like_another_value_is_not_handed_on() {
    let nan = |bits| {
        let data = SymPtr { region: RegionId(0), offset: 0 };
        let load = Arg::Lit(crate::ir::Lit::Xload(crate::ir::XloadMode::default()));
        let mut s = Sample::new()
            .slots(&[(2, SlotValue::Int(0)), (3, SlotValue::Num(0))])
            .sload(Int, 2, "T")
            .sload(Num, 3, "T")
            .ins(Op::XLOAD, Num, Arg::K(Const::Ptr(data)), load)
            .ins(Op::ADD, Int, r(1), int(1))
            .guard(Op::LT, Int, r(4), int(3))
            .snap(&[(2, r(4)), (3, r(3))]);
        s.0.inputs[0].memory[0][..8].copy_from_slice(&u64::to_le_bytes(bits));
        s.0.emit = Emit::Passes;
        s.0.trace.link = Link::Loop;
        let case = s.case();
        Program::new(&case).expect("decodes").run(&case.inputs[0])
    };
    assert!(nan(0xfff8_0000_0000_0000).is_ok());
    assert_eq!(nan(TAG_INT << 32), Err(Unjudged::TaggedNan { slot: Slot(3) }));
}

#[test]
fn a_run_leaves_where_the_collector_wants_it() {
    let case = iteration(5).case();
    let program = Program::new(&case).expect("decodes");
    let leave = |exit, pass| {
        let out = program.run_leaving_at(&case.inputs[0], Leaving { exit: ExitNo(exit), pass }).expect("judged");
        (out.end.clone(), ints(&out, 3))
    };
    assert_eq!(leave(0, 0), (End::Exit(ExitNo(0)), [words(&[0, 1]), vec![TV_NIL]].concat()));
    assert_eq!(leave(0, 1), (End::Exit(ExitNo(0)), words(&[1, 2, 0])));
    assert_eq!(leave(1, 1), (End::Exit(ExitNo(1)), words(&[1, 4, 1])));
    assert_eq!(leave(0, 7), (End::Exit(ExitNo(2)), words(&[5, 32, 4])), "a guard fails first");
}

/// Root: leaves by exit 1 unless slot 2 is 0, with slot 2 and its double. Side: triples the double, compares, ends.
fn forked(link: Link) -> Case {
    let root = Sample::new()
        .slots(&[(2, SlotValue::Int(4)), (5, SlotValue::Num(1.5f64.to_bits()))])
        .sload(Int, 2, "T")
        .ins(Op::ADD, Int, r(1), r(1))
        .snap(&[(2, int(0)), (3, r(2)), (4, Arg::K(Const::Pri(Type::True)))])
        .guard(Op::EQ, Int, r(1), int(0))
        .snap(&[(6, int(9))]);
    let side = Sample::new()
        .sload(Int, 3, "P")
        .sload(Num, 5, "T")
        .ins(Op::MUL, Int, r(1), int(3))
        .snap(&[(2, int(0)), (3, r(3)), (4, Arg::K(Const::Pri(Type::True)))])
        .guard(Op::LT, Int, r(1), int(100))
        .snap(&[(2, int(0)), (3, r(1)), (4, Arg::K(Const::Pri(Type::False))), (5, r(2))]);
    let mut trace = side.0.trace;
    trace.link = link;
    let mut case = root.0;
    case.side = Some(SideTrace { exit: ExitNo(1), trace });
    assert_eq!(case.check(), Ok(()));
    case
}

#[test]
fn a_side_trace_reads_what_its_parent_left() {
    let out = run(&forked(Link::Return));
    assert_eq!(out.end, End::Tail);
    let tail = [words(&[0, 8]), vec![crate::world::TV_FALSE, 1.5f64.to_bits(), TV_NIL]].concat();
    assert_eq!(ints(&out, 5), tail);
}

#[test]
fn a_side_traces_exits_are_numbered_behind_the_roots() {
    let mut case = forked(Link::Return);
    case.inputs[0].slots[0].1 = SlotValue::Int(80);
    let out = run(&case);
    assert_eq!((out.end.clone(), ints(&out, 2)), (End::Exit(ExitNo(4)), words(&[0, 480])));
    case.inputs[0].slots[1].1 = SlotValue::Nil;
    let out = run(&case);
    assert_eq!(
        (out.end.clone(), ints(&out, 2)),
        (End::Exit(ExitNo(3)), words(&[0, 160])),
        "as the parent's exit left it"
    );
}

#[test]
fn a_side_trace_may_start_the_root_again() {
    let out = run(&forked(Link::Root));
    assert_eq!(out.end, End::Tail);
    assert_eq!(out.stack[4], encode_int(9), "the root's own end");
    assert_eq!(ints(&out, 3), [words(&[0, 8]), vec![crate::world::TV_FALSE]].concat());
}

#[test]
fn another_exit_of_the_root_goes_to_no_side_trace() {
    let mut case = forked(Link::Return);
    case.inputs[0].slots[0].1 = SlotValue::Nil;
    let out = run(&case);
    assert_eq!((out.end.clone(), out.stack[0]), (End::Exit(ExitNo(0)), TV_NIL));
}
