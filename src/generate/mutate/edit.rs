//! Insertion, removal and exchange of instructions, with all references moved along.

use super::super::entropy::{Bulk, Source};
use crate::ir::validate::MAX_INS;
use crate::ir::{Arg, Ins, Op, Ref, Trace};

/// Replaces every reference, those of snapshots too, and the places of snapshots.
fn renumber(trace: &mut Trace, new: impl Fn(Ref) -> Ref, place: impl Fn(Ref) -> Ref) {
    let arg = |a: &mut Arg| {
        if let Arg::Ref(r) = a {
            *r = new(*r);
        }
    };
    for ins in &mut trace.ins {
        arg(&mut ins.op1);
        arg(&mut ins.op2);
    }
    for snap in &mut trace.snaps {
        snap.at = place(snap.at);
        snap.entries.iter_mut().for_each(|entry| arg(&mut entry.value));
    }
}

/// Inserts instructions before the one at `at`, behind a snapshot that stands there; `None` if the trace would be too long. Their own references
/// are those of the new trace. Returns the ref of the first.
pub(super) fn insert(trace: &mut Trace, at: Ref, new: &[Ins]) -> Option<Ref> {
    if trace.ins.len() + new.len() > MAX_INS {
        return None;
    }
    let by = u16::try_from(new.len()).ok()?;
    renumber(trace, |r| if r >= at { Ref(r.0 + by) } else { r }, |r| if r > at { Ref(r.0 + by) } else { r });
    let index = usize::from(at.0) - 1;
    trace.ins.splice(index..index, new.iter().copied());
    Some(at)
}

/// Removes an instruction that nothing refers to.
fn remove(trace: &mut Trace, at: Ref) {
    trace.ins.remove(usize::from(at.0) - 1);
    let down = |r: Ref| if r > at { Ref(r.0 - 1) } else { r };
    renumber(trace, down, down);
}

/// Whether anything refers to an instruction.
pub(super) fn is_used(trace: &Trace, at: Ref) -> bool {
    let in_ins = trace.ins.iter().any(|ins| ins.args().contains(&Arg::Ref(at)));
    in_ins || trace.snaps.iter().any(|snap| snap.entries.iter().any(|entry| entry.value == Arg::Ref(at)))
}

/// A ref of the trace that `wanted` holds for.
pub(super) fn pick(trace: &Trace, s: &mut Bulk, wanted: impl Fn(Ref, &Ins) -> bool) -> Option<Ref> {
    let all: Vec<Ref> = trace.iter().filter(|(at, ins)| wanted(*at, ins)).map(|(at, _)| at).collect();
    (!all.is_empty()).then(|| s.pick(&all))
}

/// The instruction behind a ref.
pub(super) fn ins_mut(trace: &mut Trace, at: Ref) -> &mut Ins {
    &mut trace.ins[usize::from(at.0) - 1]
}

/// Exchanges two neighbours of which neither is the other's operand.
pub(super) fn swap_neighbours(trace: &mut Trace, s: &mut Bulk) -> bool {
    let fixed = |ins: &Ins| matches!(ins.op, Op::LOOP | Op::PHI | Op::CARG);
    let free = |at: Ref, ins: &Ins| {
        let Some(next) = trace.ins.get(usize::from(at.0)) else { return false };
        !fixed(ins) && !fixed(next) && !next.args().contains(&Arg::Ref(at))
    };
    let Some(at) = pick(trace, s, free) else { return false };
    let next = Ref(at.0 + 1);
    trace.ins.swap(usize::from(at.0) - 1, usize::from(at.0));
    let turn = |r: Ref| match r {
        _ if r == at => next,
        _ if r == next => at,
        _ => r,
    };
    renumber(trace, turn, |r| r);
    true
}

/// Drops an instruction that nothing uses.
pub(super) fn drop_unused(trace: &mut Trace, s: &mut Bulk) -> bool {
    let unused = |at: Ref, ins: &Ins| !matches!(ins.op, Op::LOOP | Op::PHI) && !is_used(trace, at);
    match pick(trace, s, unused) {
        Some(at) if trace.ins.len() > 1 => remove(trace, at),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Const, Link, Slot, Snap, SnapEntry, Type};

    fn ins(a: Arg) -> Ins {
        Ins { op: Op::ADD, ty: Type::Int, guard: false, op1: a, op2: Arg::K(Const::Int(1)) }
    }

    /// 1 <- constant, 2 <- 1, snapshot of 1, 3 <- 2.
    fn trace() -> Trace {
        let entry = SnapEntry { slot: Slot(2), value: Arg::Ref(Ref(1)) };
        Trace {
            ins: vec![ins(Arg::K(Const::Int(0))), ins(Arg::Ref(Ref(1))), ins(Arg::Ref(Ref(2)))],
            snaps: vec![Snap { at: Ref(1), entries: vec![] }, Snap { at: Ref(3), entries: vec![entry] }],
            link: Link::Interpreter,
        }
    }

    fn shown(trace: &Trace) -> (Vec<Option<u16>>, Vec<u16>, Option<u16>) {
        let number = |a: Arg| a.as_ref().map(|r| r.0);
        let snaps = trace.snaps.iter().map(|snap| snap.at.0).collect();
        (trace.ins.iter().map(|i| number(i.op1)).collect(), snaps, number(trace.snaps[1].entries[0].value))
    }

    #[test]
    fn references_and_snapshots_move_along() {
        let mut t = trace();
        assert_eq!(insert(&mut t, Ref(2), &[ins(Arg::Ref(Ref(1)))]), Some(Ref(2)));
        assert_eq!(shown(&t), (vec![None, Some(1), Some(1), Some(3)], vec![1, 4], Some(1)));
        remove(&mut t, Ref(2));
        assert_eq!(t, trace());
        insert(&mut t, Ref(1), &[ins(Arg::K(Const::Int(9)))]).expect("room");
        assert_eq!(shown(&t), (vec![None, None, Some(2), Some(3)], vec![1, 4], Some(2)));
    }

    #[test]
    fn only_independent_neighbours_change_places() {
        let mut t = trace();
        assert!(!swap_neighbours(&mut t, &mut Bulk::new(1)), "each uses the one before");
        t.ins[2].op1 = Arg::Ref(Ref(1));
        assert!(swap_neighbours(&mut t, &mut Bulk::new(1)));
        assert_eq!(t.ins[2].op1, Arg::Ref(Ref(1)));
    }
}
