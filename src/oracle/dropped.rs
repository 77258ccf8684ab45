//! Guards that need not be where they were written.

use crate::case::Case;
use crate::interpret::History;
use crate::ir::{Arg, Const, Ins, Op, Ref, Rule, Trace};
use crate::outcome::{End, Unspecified};

/// What LuaJIT may have done to the guards of a run: dropped the one that ends it, or moved a check to an earlier place where it fails.
pub fn departs(case: &Case, history: &History) -> Vec<Unspecified> {
    let weak = ends_by_weak_guard(case, history).then_some(Unspecified::WeakGuard);
    let merged = fails_earlier(case, history).then_some(Unspecified::MergedCheck);
    weak.into_iter().chain(merged).collect()
}

fn ends_by_weak_guard(case: &Case, history: &History) -> bool {
    let Some((at, side, _)) = history.last.filter(|_| matches!(history.end, Ok(End::Exit(_)))) else { return false };
    let trace = match &case.side {
        Some(fork) if side => &fork.trace,
        _ => &case.trace,
    };
    trace.get(at).op.info().rule == Rule::Overflow && !is_needed(trace, at)
}

/// Whether a snapshot, an effect, a guard, or a value that is needed for one takes a value.
fn is_needed(trace: &Trace, value: Ref) -> bool {
    let restored = |at: Ref| trace.snaps.iter().any(|s| s.entries.iter().any(|e| e.value.as_ref() == Some(at)));
    let has_effect = |ins: &Ins| {
        let info = ins.op.info();
        !info.has_value() || info.mode.contains('S') || ins.guard && info.rule != Rule::Overflow
    };
    let mut needed = vec![false; usize::from(trace.end().0)];
    for (at, ins) in trace.iter().collect::<Vec<_>>().into_iter().rev().take_while(|(at, _)| *at > value) {
        if has_effect(ins) || restored(at) || needed[usize::from(at.0)] {
            ins.args().into_iter().filter_map(Arg::as_ref).for_each(|r| needed[usize::from(r.0)] = true);
        }
    }
    restored(value) || needed[usize::from(value.0)]
}

/// Whether of two checks of one size by constants the larger one fails: it is the first one's then.
fn fails_earlier(case: &Case, history: &History) -> bool {
    let root = |at: Ref| (0..history.passes()).filter_map(|pass| history.latest(at, pass)).collect::<Vec<_>>();
    let side = |at: Ref| history.side(at).into_iter().collect();
    fails_earlier_in(&case.trace, root) || case.side.as_ref().is_some_and(|fork| fails_earlier_in(&fork.trace, side))
}

fn fails_earlier_in(trace: &Trace, sizes: impl Fn(Ref) -> Vec<u64>) -> bool {
    let firsts = firsts(trace);
    let checks: Vec<(Arg, u32)> = trace.iter().filter_map(|(_, ins)| constant_check(ins)).collect();
    let fails = |of: Arg, index: u32| match of {
        Arg::Ref(at) => sizes(at).iter().any(|size| *size & 0xffff_ffff <= u64::from(index)),
        _ => false,
    };
    // The run may have ended before the larger check: it fails where the first one stands.
    let merged = |(n, (of, index)): (usize, &(Arg, u32))| {
        let alike = |other: Arg| first_of(&firsts, other) == first_of(&firsts, *of);
        checks[..n].iter().any(|(other, smaller)| alike(*other) && smaller < index && fails(*other, *index))
    };
    checks.iter().enumerate().any(merged)
}

/// For each instruction the first that is written alike, as CSE would find it.
fn firsts(trace: &Trace) -> Vec<Ref> {
    let mut firsts: Vec<Ref> = vec![];
    let mut kinds = vec![];
    for (at, ins) in trace.iter() {
        let kind = (ins.op, ins.ty, ins.args().map(|arg| first_of(&firsts, arg)));
        let alike = kinds.iter().position(|other| *other == kind).filter(|_| ins.op.info().has_value());
        firsts.push(alike.map_or(at, |n| firsts[n]));
        kinds.push(kind);
    }
    firsts
}

fn first_of(firsts: &[Ref], arg: Arg) -> Arg {
    let known = arg.as_ref().and_then(|r| firsts.get(usize::from(r.0) - 1));
    known.map_or(arg, |first| Arg::Ref(*first))
}

fn constant_check(ins: &Ins) -> Option<(Arg, u32)> {
    match (ins.op, ins.op2) {
        (Op::ABC, Arg::K(Const::Int(index))) => Some((ins.op1, index.cast_unsigned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::Program;
    use crate::text;

    fn departs_in(slot: i32, body: &str) -> Vec<Unspecified> {
        let text = format!(
            "; tracehound 1\n; region a 64 at 0\n; input 1\n;   slot 2 int {slot:+}\n---- TRACE 1\n\
             ....        SNAP   #0   [ ---- ---- ]\n0001    int SLOAD  #2\n{body}---- TRACE 1 stop -> return\n"
        );
        let case = text::parse(&text).unwrap_or_else(|e| panic!("{e}")).case;
        departs(&case, &Program::new(&case).expect("a program").history(&case.inputs[0]))
    }

    #[test]
    fn a_guard_of_a_result_that_nothing_needs_may_go() {
        let big = 0x4000_0000;
        let unused = "0002 >  int MULOV  0001  +4\n0003    int ADD    0002  +1\n";
        assert_eq!(departs_in(big, unused), [Unspecified::WeakGuard]);
        assert_eq!(departs_in(1, unused), [], "it holds");
        assert_eq!(departs_in(big, &format!("{unused}0004    int XSTORE [a+0]  0003\n")), []);
        assert_eq!(departs_in(big, &format!("{unused}0004    int USE    0002\n")), []);
        assert_eq!(departs_in(big, &format!("{unused}....        SNAP   #1   [ ---- ---- 0003 ]\n")), []);
    }

    #[test]
    fn of_two_checks_by_constants_the_larger_one_counts() {
        let checks =
            |first: i32, then: i32| format!("0002 >  int ABC    0001  {first:+}\n0003 >  int ABC    0001  {then:+}\n");
        assert_eq!(departs_in(1, &checks(0, 1)), [Unspecified::MergedCheck]);
        assert_eq!(departs_in(2, &checks(0, 1)), [], "both hold");
        assert_eq!(departs_in(1, &checks(1, 0)), [], "the first one is the larger");
        let sizes = |then: &str| {
            let sum = |n: u16, op: &str| format!("{n:04}    int {op}    0001  +1\n");
            let check = |n: u16, index: i32| format!("{n:04} >  int ABC    {:04}  {index:+}\n", n - 1);
            departs_in(0, &(sum(2, "ADD") + &check(3, 0) + &sum(4, then) + &check(5, 1)))
        };
        let ended = "0002 >  int ABC    0001  +0\n0003 >  int LT     0001  +0\n0004 >  int ABC    0001  +1\n";
        assert_eq!(departs_in(1, ended), [Unspecified::MergedCheck], "the run ends before the larger one");
        assert_eq!((sizes("ADD"), sizes("BOR")), (vec![Unspecified::MergedCheck], vec![]), "the same sum, another one");
    }
}
