//! Values that are only kept alive: a snapshot's slots or one store do that with fewer instructions.

use super::{Edit, edit, slots_used};
use crate::case::Case;
use crate::ir::validate::{MAX_SLOT, MIN_SLOT};
use crate::ir::{Arg, Class, Const, Ins, Link, Op, Ref, RegionId, Rule, Slot, Snap, SnapEntry, SymPtr, Trace, Type};
use crate::minimize::cut::{Cut, Which};

/// Each instruction goes with all that uses it; its operands are kept by slots of a snapshot, or one by a store to where the other points.
pub(super) fn operands(case: &Case) -> Vec<Edit> {
    let free = free_slots(case, 2);
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

fn free_slots(case: &Case, most: usize) -> Vec<Slot> {
    let used = slots_used(case);
    (MIN_SLOT..=MAX_SLOT).map(Slot).filter(|s| !used.contains(s)).take(most).collect()
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
    if is_last && refs.iter().any(|r| snap.at <= *r) {
        snap.at = end;
    }
    hold(snap, refs, free);
    Cut::default().drop(r).apply(case, which)
}

/// Gives those of the values a slot that have none.
fn hold(snap: &mut Snap, refs: &[Ref], free: &[Slot]) {
    let held = |snap: &Snap, r: Ref| snap.entries.iter().any(|e| e.value == Arg::Ref(r));
    for (r, slot) in refs.iter().zip(free) {
        if !held(snap, *r) {
            snap.entries.push(SnapEntry { slot: *slot, value: Arg::Ref(*r) });
        }
    }
    snap.entries.sort_by_key(|e| e.slot);
}

fn store(case: &mut Case, which: Which, r: Ref, at: Ref, value: Ref) -> Option<()> {
    let trace: &Trace = which.trace(case);
    let ty = trace.get(value).ty;
    let fits = storable(ty) && trace.get(at).ty.is_w64();
    fits.then_some(())?;
    Cut::default().put_alone(r, stored(ty, Arg::Ref(at), value)).apply(case, which)
}

/// Memory can hold values of the type.
pub(super) fn storable(ty: Type) -> bool {
    Rule::XStore.types().contains(&ty)
}

/// A store.
pub(super) fn stored(ty: Type, at: Arg, value: Ref) -> Ins {
    Ins { op: Op::XSTORE, ty, guard: false, op1: at, op2: Arg::Ref(value) }
}

/// From one new place in memory to the next: too far for two stores to be joined.
const APART: u32 = 32;

/// New room for one value, behind the last region that can be written.
pub(super) fn memory_for(case: &mut Case) -> Option<SymPtr> {
    let n = case.world.regions.iter().rposition(|region| !region.readonly)?;
    let size = case.world.regions[n].size.next_multiple_of(APART) + APART;
    case.world.regions[n].size = size;
    case.inputs.iter_mut().for_each(|i| i.memory[n].resize(size as usize, 0));
    Some(SymPtr { region: RegionId(u8::try_from(n).ok()?), offset: i64::from(size - APART) })
}

/// Traces of at most so many instructions are short enough to try all ways of [`guards`].
const SHORT: usize = 24;
/// Values that one guard shows at most.
const MOST: usize = 4;

/// From each instruction on, all goes: one guard stands there, whose snapshot shows the values that were used. With the loop, if it began
/// before, or without it; with a sum before it in the place of one of its operands, which is shown too.
pub(super) fn guards(case: &Case) -> Vec<Edit> {
    let free = free_slots(case, MOST);
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        if trace.ins.len() > SHORT {
            continue;
        }
        for (at, _) in trace.iter().rev() {
            let used = used_from(trace, at);
            for guard in deciders(trace, at) {
                for (cut, more) in simplified(trace, at) {
                    let shown: Vec<Ref> = used.iter().copied().filter(|r| Some(*r) != more.map(|m| m.0)).collect();
                    let shown = shown.into_iter().chain(more.map(|m| m.1)).collect::<Vec<Ref>>();
                    let free = free.clone();
                    edits.push(edit(move |c| end_in_guard(c, which, at, guard, cut.clone(), &shown, &free)));
                }
            }
        }
    }
    edits
}

/// The values from before an instruction that it, or what comes behind it, uses.
fn used_from(trace: &Trace, at: Ref) -> Vec<Ref> {
    let operands = trace.iter().filter(|(r, _)| *r >= at).flat_map(|(_, i)| i.args());
    let slots = trace.snaps.iter().filter(|s| s.at >= at).flat_map(|s| &s.entries).map(|e| e.value);
    let mut used: Vec<Ref> = operands.chain(slots).filter_map(|a| a.as_ref()).filter(|r| *r < at).collect();
    used.sort_unstable();
    used.dedup();
    used.retain(|r| !matches!(trace.get(*r).ty.class(), Class::Flt));
    used
}

/// Guards on the first and the last value before an instruction.
fn deciders(trace: &Trace, at: Ref) -> Vec<Ins> {
    let zero = |ty: Type| match ty.class() {
        Class::W32 => Some(Const::Int(0)),
        Class::W64 if ty != Type::P64 => Some(Const::Int64(0)),
        Class::Num => Some(Const::Num(0)),
        _ => None,
    };
    let values: Vec<(Ref, Type, Const)> = trace
        .iter()
        .filter(|(r, ins)| *r < at && ins.op.info().has_value())
        .filter_map(|(r, ins)| Some((r, ins.ty, zero(ins.ty)?)))
        .collect();
    let ends = values.first().into_iter().chain(values.last().filter(|_| values.len() > 1));
    let guard = |op, (r, ty, zero): &(Ref, Type, Const)| Ins {
        op,
        ty: *ty,
        guard: true,
        op1: Arg::Ref(*r),
        op2: Arg::K(*zero),
    };
    ends.flat_map(|value| [guard(Op::LT, value), guard(Op::GE, value)]).collect()
}

/// What else can go at the same time: nothing; the loop; with it or not, a sum, for one of its operands: the sum and the other operand.
fn simplified(trace: &Trace, at: Ref) -> Vec<(Cut, Option<(Ref, Ref)>)> {
    let unlooped = trace.loop_ref().filter(|l| *l < at).map(|l| Cut::default().drop(l));
    let mut ways = Vec::new();
    for cut in std::iter::once(Cut::default()).chain(unlooped) {
        ways.push((cut.clone(), None));
        for (r, ins) in trace.iter().filter(|(r, ins)| *r < at && ins.op == Op::ADD) {
            if let (Arg::Ref(a), Arg::Ref(b)) = (ins.op1, ins.op2) {
                ways.extend(
                    [(a, b), (b, a)].map(|(by, other)| (cut.clone().replace(r, Arg::Ref(by)), Some((r, other)))),
                );
            }
        }
    }
    ways
}

fn end_in_guard(
    case: &mut Case,
    which: Which,
    at: Ref,
    guard: Ins,
    cut: Cut,
    shown: &[Ref],
    free: &[Slot],
) -> Option<()> {
    let trace = which.trace_mut(case)?;
    let behind: Vec<Ref> = trace.iter().map(|(r, _)| r).filter(|r| *r > at).collect();
    trace.snaps.retain(|s| s.at <= at);
    if trace.snaps.last().is_none_or(|s| s.at < at) {
        trace.snaps.push(Snap { at, entries: vec![] });
    }
    let snap = trace.snaps.last_mut()?;
    snap.entries.clear();
    hold(snap, shown, free);
    trace.snaps.push(Snap { at: trace.end(), entries: vec![] });
    let cut = behind.into_iter().fold(cut.put_alone(at, guard), |cut, r| cut.drop(r));
    cut.apply(case, which)
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    const HEAD: &str = "; region data 16 at 0\n; input 1\n;   slot 2 int +5";

    #[test]
    fn what_an_instruction_kept_alive_is_shown_by_a_snapshot() {
        let before = "0001 int SLOAD #2\n0002 int XSTORE [data+0] 0001\n....        SNAP   #1   [ ---- ---- ]";
        let after = "0001 int SLOAD #2\n....        SNAP   #1   [ ---- ---- ---- 0001 ]";
        proposes(operands, &text(HEAD, before), &text(HEAD, after));
    }

    #[test]
    fn several_stores_give_way_to_one_guard() {
        let loads = "0001 i64 XLOAD [data+0]\n0002 i64 XLOAD [data+8]";
        let before = format!("{loads}\n0003 i64 XSTORE [data+8] 0001\n0004 i64 XSTORE [data+0] 0002");
        let snap = "....        SNAP   #1   [ ---- ---- ---- 0001 0002 ]";
        let end = "....        SNAP   #2   [ ---- ---- ]";
        let after = format!("{loads}\n{snap}\n0003 > i64 LT 0001 +0\n{end}");
        proposes(guards, &text(HEAD, &before), &text(HEAD, &after));
    }
}
