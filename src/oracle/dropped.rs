//! Guards that need not be where they were written.

use crate::case::{Case, SideTrace};
use crate::interpret::History;
use crate::ir::{Arg, Const, Ins, Lit, Op, Ref, Rule, Trace};
use crate::outcome::{End, Unspecified};

/// What LuaJIT may have done to the guards of a run that ended so: dropped the one that ends the interpreter's, or moved a check to an earlier
/// place, whose exit was taken.
pub fn departs(case: &Case, history: &History, end: &End) -> Vec<Unspecified> {
    let weak = ends_by_weak_guard(case, history).then_some(Unspecified::WeakGuard);
    let merged = fails_earlier(case, history, end).then_some(Unspecified::MergedCheck);
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

/// Whether a run left by the exit of a check of a size by a constant that holds, where a larger one behind it, of the same size, does not.
fn fails_earlier(case: &Case, history: &History, end: &End) -> bool {
    let End::Exit(exit) = end else { return false };
    let root = |at: Ref| (0..history.passes()).filter_map(|pass| history.latest(at, pass)).collect::<Vec<_>>();
    let side = |at: Ref| history.side(at).into_iter().collect();
    match usize::from(exit.0).checked_sub(case.trace.snaps.len()).zip(case.side.as_ref()) {
        None => fails_earlier_in(&case.trace, exit.0.into(), root, |_| None),
        Some((own, fork)) => {
            let root = firsts(&case.trace, |_| None);
            fails_earlier_in(&fork.trace, own, side, |ins| value_at_fork(case, fork, &root, ins))
        }
    }
}

fn fails_earlier_in(
    trace: &Trace,
    exit: usize,
    sizes: impl Fn(Ref) -> Vec<u64>,
    inherited: impl Fn(&Ins) -> Option<Arg>,
) -> bool {
    let firsts = firsts(trace, inherited);
    let checks: Vec<(Ref, Ref, u32)> = trace.iter().filter_map(constant_check).collect();
    let leaves = |at: Ref| trace.exit_at(at).is_some_and(|n| usize::from(n.0) == exit);
    let fails = |of: Ref, index: u32| sizes(of).iter().any(|size| *size & 0xffff_ffff <= u64::from(index));
    let alike = |a: Ref, b: Ref| first_of(&firsts, Arg::Ref(a)) == first_of(&firsts, Arg::Ref(b));
    // The run may have ended before the larger check: it fails where the first one stands.
    checks.iter().filter(|(at, ..)| leaves(*at)).any(|(at, of, smaller)| {
        let behind = checks.iter().filter(|(other, size, index)| other > at && index > smaller && alike(*of, *size));
        behind.into_iter().any(|(_, _, index)| fails(*of, *index))
    })
}

/// For each instruction the first that is written alike, as CSE would find it, or a constant. `inherited`: the parent's value that it stands for.
fn firsts(trace: &Trace, inherited: impl Fn(&Ins) -> Option<Arg>) -> Vec<Arg> {
    let mut firsts: Vec<Arg> = vec![];
    let mut kinds = vec![];
    for (at, ins) in trace.iter() {
        let parent = inherited(ins);
        let args = parent.map_or_else(|| ins.args().map(|arg| first_of(&firsts, arg)), |value| [value, Arg::None]);
        let kind = (ins.op, ins.ty, args);
        let alike = kinds.iter().position(|other| *other == kind).filter(|_| ins.op.info().has_value());
        let constant = parent.filter(|value| matches!(value, Arg::K(_)));
        firsts.push(constant.unwrap_or_else(|| alike.map_or(Arg::Ref(at), |n| firsts[n])));
        kinds.push(kind);
    }
    firsts
}

fn first_of(firsts: &[Arg], arg: Arg) -> Arg {
    let known = arg.as_ref().and_then(|r| firsts.get(usize::from(r.0) - 1));
    known.copied().unwrap_or(arg)
}

/// The value that the exit where a side trace starts has for a slot (`lj_snap.c: snap_dedup` makes one of equal ones).
fn value_at_fork(case: &Case, fork: &SideTrace, root: &[Arg], ins: &Ins) -> Option<Arg> {
    let (Op::SLOAD, Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(mode))) = (ins.op, ins.op1, ins.op2) else {
        return None;
    };
    let snap = case.trace.snaps.get(usize::from(fork.exit.0)).filter(|_| mode.parent)?;
    snap.entries.iter().find(|e| e.slot.0 == slot).map(|e| first_of(root, e.value))
}

/// A check by a constant: where it is, of which size, and the constant.
fn constant_check((at, ins): (Ref, &Ins)) -> Option<(Ref, Ref, u32)> {
    match (ins.op, ins.op1, ins.op2) {
        (Op::ABC, Arg::Ref(size), Arg::K(Const::Int(index))) => Some((at, size, index.cast_unsigned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::Program;
    use crate::ir::ExitNo;
    use crate::text;

    fn departs_in(slot: i32, body: &str) -> Vec<Unspecified> {
        departs_by(0, slot, body)
    }

    fn departs_by(exit: u16, slot: i32, body: &str) -> Vec<Unspecified> {
        let text = format!(
            "; tracehound 1\n; region a 64 at 0\n; input 1\n;   slot 2 int {slot:+}\n---- TRACE 1\n\
             ....        SNAP   #0   [ ---- ---- ]\n0001    int SLOAD  #2\n{body}---- TRACE 1 stop -> return\n"
        );
        let case = text::parse(&text).unwrap_or_else(|e| panic!("{e}")).case;
        let history = Program::new(&case).expect("a program").history(&case.inputs[0]);
        departs(&case, &history, &End::Exit(ExitNo(exit)))
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
        let apart = "0002 >  int ABC    0001  +0\n....        SNAP   #1   [ ---- ---- ]\n0003 >  int ABC    0001  +1\n";
        assert_eq!(departs_by(0, 1, apart), [Unspecified::MergedCheck]);
        assert_eq!(departs_by(1, 1, apart), [], "the exit of the larger one");
        let ended = "0002 >  int ABC    0001  +0\n0003 >  int LT     0001  +0\n0004 >  int ABC    0001  +1\n";
        assert_eq!(departs_in(1, ended), [Unspecified::MergedCheck], "the run ends before the larger one");
        assert_eq!((sizes("ADD"), sizes("BOR")), (vec![Unspecified::MergedCheck], vec![]), "the same sum, another one");
    }
}
