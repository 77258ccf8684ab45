//! Sums that go into the inputs: a pointer in memory moves by what an instruction added to it.

use super::standins::Values;
use super::{Edit, edit};
use crate::case::Case;
use crate::ir::{Arg, Const, Ins, Op, Ref};
use crate::minimize::cut::{Cut, Which};
use crate::world::SlotValue;

/// Each instruction gives way to an operand, and one pointer or integer of the inputs makes up for the difference.
pub(super) fn sums(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        let values = Values::of(case, which);
        for (r, ins) in trace.iter().rev().filter(|(_, ins)| ins.op.info().has_value()) {
            let wide = ins.ty.is_w64();
            for a in ins.args().iter().filter_map(|a| a.as_ref()).filter(|a| trace.get(*a).ty.class() == ins.ty.class())
            {
                let deltas: Option<Vec<i64>> = (0..case.inputs.len()).map(|n| values.difference(n, r, a)).collect();
                let Some(deltas) = deltas.filter(|d| d.iter().any(|d| *d != 0)) else { continue };
                let places = if wide { pointers(case) } else { integers(case) };
                edits.extend((0..places).map(|place| moved(which, r, a, wide, place, deltas.clone())));
            }
        }
    }
    edits
}

/// Sums of sums with constants become sums of one: all that use the first add both constants.
pub(super) fn joined(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        for (r, ins) in trace.iter() {
            let (Op::ADD, Arg::K(first)) = (ins.op, ins.op2) else { continue };
            let users = trace
                .iter()
                .filter(|(_, user)| user.op == Op::ADD && user.op1 == Arg::Ref(r) && user.ty.class() == ins.ty.class());
            let mut cut = Cut::default();
            for (u, user) in users {
                let Arg::K(second) = user.op2 else { continue };
                let Some(both) = total(first, second) else { continue };
                cut = cut.put(u, Ins { op1: ins.op1, op2: Arg::K(both), ..*user });
            }
            edits.push(edit(move |c| cut.apply(c, which)));
        }
    }
    edits
}

fn total(a: Const, b: Const) -> Option<Const> {
    match (a, b) {
        (Const::Int(a), Const::Int(b)) => Some(Const::Int(a.wrapping_add(b))),
        (Const::Int64(a), Const::Int64(b)) => Some(Const::Int64(a.wrapping_add(b))),
        _ => None,
    }
}

fn pointers(case: &Case) -> usize {
    case.inputs.iter().map(|i| i.pointers.len()).min().unwrap_or(0)
}

fn integers(case: &Case) -> usize {
    case.inputs.iter().map(|i| i.slots.len()).min().unwrap_or(0)
}

fn moved(which: Which, r: Ref, by: Ref, wide: bool, place: usize, deltas: Vec<i64>) -> Edit {
    edit(move |c| {
        for (input, delta) in c.inputs.iter_mut().zip(&deltas) {
            if wide {
                let to = &mut input.pointers.get_mut(place)?.to;
                to.offset = to.offset.checked_add(*delta)?;
            } else if let (_, SlotValue::Int(i)) = input.slots.get_mut(place)? {
                *i = i.wrapping_add(*delta as i32); // the low half is the value
            }
        }
        Cut::default().replace(r, Arg::Ref(by)).apply(c, which)
    })
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn what_a_sum_adds_goes_into_the_pointer() {
        let head = |to| format!("; region data 64 at 0\n; input 1\n;   data+0: -> data+{to}");
        let before = text(&head(16), "0001 p64 XLOAD [data+0]\n0002 p64 ADD 0001 +8\n0003 int XLOAD 0002");
        proposes(sums, &before, &text(&head(24), "0001 p64 XLOAD [data+0]\n0002 int XLOAD 0001"));
    }

    #[test]
    fn a_sum_of_a_sum_becomes_one() {
        let before = "0001 int SLOAD #2\n0002 int ADD 0001 +3\n0003 int ADD 0002 +4\n0004 int XSTORE [data+0] 0003";
        let after = "0001 int SLOAD #2\n0002 int ADD 0001 +7\n0003 int XSTORE [data+0] 0002";
        let head = "; region data 64 at 0\n; input 1\n;   slot 2 int +1";
        proposes(joined, &text(head, before), &text(head, after));
    }
}
