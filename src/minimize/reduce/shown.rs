//! Values that are only kept alive: a snapshot's slots or one store do that with fewer instructions.

use super::{Edit, edit, slots_used};
use crate::case::Case;
use crate::ir::validate::{MAX_SLOT, MIN_SLOT};
use crate::ir::{Arg, Ins, Link, Op, Ref, Rule, Slot, Snap, SnapEntry, Trace};
use crate::minimize::cut::{Cut, Which};

/// Each instruction goes with all that uses it; its operands are kept by slots of a snapshot, or one by a store to where the other points.
pub(super) fn operands(case: &Case) -> Vec<Edit> {
    let used = slots_used(case);
    let free: Vec<Slot> = (MIN_SLOT..=MAX_SLOT).map(Slot).filter(|s| !used.contains(s)).take(2).collect();
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        for (r, ins) in trace.iter().rev().filter(|(_, ins)| ins.op != Op::PHI) {
            let refs: Vec<Ref> = ins.args().iter().filter_map(|a| a.as_ref()).collect();
            let Some(last) = refs.iter().max().copied() else { continue };
            for n in (0..trace.snaps.len()).rev().filter(|n| trace.snaps[*n].at > last || n + 1 == trace.snaps.len()) {
                let (refs, free) = (refs.clone(), free.clone());
                edits.push(edit(move |c| show(c, which, r, &refs, &free, n)));
            }
            if let [a, b] = refs[..] {
                edits.extend([(a, b), (b, a)].map(|(at, value)| edit(move |c| store(c, which, r, at, value))));
            }
        }
    }
    edits
}

fn show(case: &mut Case, which: Which, r: Ref, refs: &[Ref], free: &[Slot], n: usize) -> Option<()> {
    let trace = which.trace_mut(case)?;
    let end = trace.end();
    // The only one there is stands before the first instruction.
    let needs_another = trace.snaps.len() == 1 && trace.link != Link::Loop;
    if needs_another {
        trace.snaps.push(Snap { at: end, entries: vec![] });
    }
    let n = if needs_another { 1 } else { n };
    let is_last = n + 1 == trace.snaps.len();
    let snap = trace.snaps.get_mut(n)?;
    let held = |snap: &Snap, r: Ref| snap.entries.iter().any(|e| e.value == Arg::Ref(r));
    if is_last && refs.iter().any(|r| snap.at <= *r) {
        snap.at = end;
    }
    for (r, slot) in refs.iter().zip(free) {
        if !held(snap, *r) {
            snap.entries.push(SnapEntry { slot: *slot, value: Arg::Ref(*r) });
        }
    }
    snap.entries.sort_by_key(|e| e.slot);
    Cut::default().drop(r).apply(case, which)
}

fn store(case: &mut Case, which: Which, r: Ref, at: Ref, value: Ref) -> Option<()> {
    let trace: &Trace = which.trace(case);
    let ty = trace.get(value).ty;
    let fits = Rule::XStore.types().contains(&ty) && trace.get(at).ty.is_w64();
    let ins = Ins { op: Op::XSTORE, ty, guard: false, op1: Arg::Ref(at), op2: Arg::Ref(value) };
    fits.then_some(())?;
    Cut::default().put_alone(r, ins).apply(case, which)
}
