//! Fewer instructions: pieces of the trace, then one by one, each with several things to stand for what it gave.

use super::standins::{Values, blanks, earlier};
use super::{Edit, edit};
use crate::case::Case;
use crate::ir::{Arg, Op, Ref, Trace};
use crate::minimize::cut::{Cut, Which};

/// Pieces of one size, the last first. What is left uses constants that the instructions had as their values, or their operands, or it goes too.
pub(super) fn pieces(case: &Case, size: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case).into_iter().rev() {
        let trace = which.trace(case);
        let n = trace.ins.len();
        if size > n {
            continue;
        }
        let values = Values::of(case, which);
        for start in (0..n.div_ceil(size)).map(|k| n.saturating_sub((k + 1) * size)) {
            let piece: Vec<Ref> = (start..(start + size).min(n)).map(ref_at).collect();
            let drop = piece.iter().fold(Cut::default(), |cut, r| cut.drop(*r));
            let known = piece.iter().fold(Cut::default(), |cut, r| match values.constant(*r) {
                Some(k) => cut.replace(*r, k),
                None => cut.drop(*r),
            });
            let through = piece.iter().fold(Cut::default(), |cut, r| match trace.get(*r).op1 {
                arg @ (Arg::Ref(_) | Arg::K(_)) if trace.get(*r).op != Op::PHI => cut.replace(*r, arg),
                _ => cut.drop(*r),
            });
            edits.extend([drop, known, through].into_iter().map(|cut| cutting(cut, which)));
        }
    }
    edits
}

fn ref_at(index: usize) -> Ref {
    Ref(u16::try_from(index + 1).expect("a trace has fewer than 32768 instructions"))
}

fn cutting(cut: Cut, which: Which) -> Edit {
    edit(move |c| cut.apply(c, which))
}

/// Each instruction alone, the last first, with all that may stand for its value.
pub(super) fn single(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case).into_iter().rev() {
        let trace = which.trace(case);
        let values = Values::of(case, which);
        for (r, ins) in trace.iter().rev() {
            let operands = ins.args().into_iter().filter(|a| matches!(a, Arg::Ref(_) | Arg::K(_)));
            let stand =
                values.constant(r).into_iter().chain(operands).chain(blanks(ins.ty)).chain(earlier(trace, r, ins.ty));
            edits.push(cutting(Cut::default().drop(r), which));
            edits.extend(stand.map(|by| cutting(Cut::default().replace(r, by), which)));
        }
    }
    edits
}

/// Traces of at most so many instructions are short enough to try all pairs.
const SHORT: usize = 20;

/// Two instructions at once: what one of them alone holds in place.
pub(super) fn pairs(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        if trace.ins.len() > SHORT {
            continue;
        }
        let values = Values::of(case, which);
        let ways = |r: Ref| {
            let ins = trace.get(r);
            let operand = Some(ins.op1).filter(|a| matches!(a, Arg::Ref(_) | Arg::K(_)) && ins.op.info().has_value());
            [None, values.constant(r), operand, blanks(ins.ty).first().copied()]
        };
        for (a, _) in trace.iter().rev() {
            for (b, _) in trace.iter().rev().filter(|(b, _)| *b < a) {
                for (by_a, by_b) in ways(a).into_iter().zip(ways(b)) {
                    let cut = [(a, by_a), (b, by_b)].into_iter().fold(Cut::default(), |cut, (r, by)| match by {
                        Some(by) => cut.replace(r, by),
                        None => cut.drop(r),
                    });
                    edits.push(cutting(cut, which));
                }
            }
        }
    }
    edits
}

/// No loop: its LOOP and PHIs go; or the loop begins at its LOOP; or all behind it goes.
pub(super) fn unloop(case: &Case) -> Vec<Edit> {
    let Some(at) = case.trace.loop_ref() else { return vec![] };
    let trace = &case.trace;
    let through = Cut::default().drop(at);
    let behind = (at.0..trace.end().0).fold(Cut::default(), |cut, r| cut.drop(Ref(r)));
    let guards = trace.iter().filter(|(r, i)| *r > at && i.guard && !i.op.info().has_value());
    let unguarded = guards.fold(through.clone(), |cut, (r, _)| cut.drop(r));
    let mut edits: Vec<Edit> = [behind, unguarded, through].into_iter().map(|cut| cutting(cut, Which::Root)).collect();
    edits.push(cutting(body_alone(trace, at), Which::Root));
    edits
}

/// What the body does, with the values of its second pass: each PHI's left side is its right side where that comes from before LOOP.
fn body_alone(trace: &Trace, at: Ref) -> Cut {
    let left = trace.phis().filter(|(_, right)| *right < at);
    left.fold(Cut::default().drop(at), |cut, (left, right)| cut.replace(left.max(right), Arg::Ref(left.min(right))))
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    const HEAD: &str = "; region data 64 at 0\n; input 1\n;   slot 2 int +5";

    #[test]
    fn a_piece_goes_with_all_that_hangs_on_it() {
        let before =
            "0001 int SLOAD #2\n0002 int ADD 0001 +1\n0003 int XSTORE [data+0] 0001\n0004 int XSTORE [data+4] 0002";
        let after = "0001 int SLOAD #2\n0002 int XSTORE [data+0] 0001";
        proposes(|c| pieces(c, 1), &text(HEAD, before), &text(HEAD, after));
    }

    #[test]
    fn an_instruction_gives_way_to_its_value_or_its_operand() {
        let before = "0001 int SLOAD #2\n0002 int ADD 0001 +1\n0003 int XSTORE [data+0] 0002";
        proposes(single, &text(HEAD, before), &text(HEAD, "0001 int XSTORE [data+0] +6"));
        proposes(single, &text(HEAD, before), &text(HEAD, "0001 int SLOAD #2\n0002 int XSTORE [data+0] 0001"));
    }

    #[test]
    fn two_instructions_that_need_each_other_go_together() {
        let before = "0001 > int SLOAD #2 T\n0002 int XSTORE [data+0] 0001\n0003 int XSTORE [data+0] +0";
        proposes(pairs, &text(HEAD, before), &text(HEAD, "0001 > int SLOAD #2 T"));
    }

    #[test]
    fn a_loop_becomes_what_stands_before_it() {
        let body = "0002 ------ LOOP ------------\n0003 int ADD 0001 +1\n0004 int PHI 0001 0003";
        let start = "0001 > int SLOAD #2 T\n....        SNAP   #1   [ ---- ---- ]";
        let (before, after) = (text(HEAD, &format!("{start}\n{body}")), text(HEAD, start));
        proposes(unloop, &before.replace("stop -> interpreter", "stop -> loop"), &after);
    }
}
