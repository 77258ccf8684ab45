//! What iterations for the passes and side traces ask of their snapshots.
//!
//! Sources: `lj_snap.c` (`snapshot_stack`: a snapshot holds every slot that the trace has changed; `lj_snap_replay`: a side trace starts
//! with its parent's), `lj_opt_loop.c` (`loop_subst_snap`, type instability of slots).

use super::{Check, Illegal, Scene};
use crate::ir::{Arg, Const, Link, Lit, Op, Ref, SloadMode, Slot, Snap, Trace, Type};

/// Checks what a scene asks of a trace's snapshots.
pub(super) fn check(trace: &Trace, scene: &Scene<'_>) -> Result<(), Illegal> {
    if let Some(parent) = scene.parent {
        check_inherited(trace, parent)?;
    }
    if scene.passes { check_iteration(trace) } else { Ok(()) }
}

fn illegal(snap: usize, why: String) -> Illegal {
    Illegal::Snap { snap, why }
}

/// What the parent left is nowhere but in the side trace's snapshots.
fn check_inherited(trace: &Trace, parent: &[(Slot, Type)]) -> Result<(), Illegal> {
    if trace.snaps.first().is_some_and(|s| !s.entries.is_empty()) {
        return Err(illegal(0, "a side trace's first snapshot is its parent's exit: leave it empty".into()));
    }
    for (n, snap) in trace.snaps.iter().enumerate().skip(1) {
        if let Some((slot, _)) = parent.iter().find(|(slot, ty)| ty.is_lua_value() && value(snap, *slot).is_none()) {
            return Err(illegal(n, format!("slot #{} is missing, which the parent's exit has", slot.0)));
        }
    }
    Ok(())
}

fn value(snap: &Snap, slot: Slot) -> Option<Arg> {
    snap.entries.iter().find(|e| e.slot == slot).map(|e| e.value)
}

fn check_iteration(trace: &Trace) -> Result<(), Illegal> {
    for (n, snap) in trace.snaps.iter().enumerate() {
        let before = n.checked_sub(1).map(|b| &trace.snaps[b]);
        if before.is_some_and(|b| b.at == snap.at && b.at != trace.end()) {
            return Err(illegal(n, "stands where another one does".into()));
        }
        let lost = before.and_then(|b| b.entries.iter().find(|e| value(snap, e.slot).is_none()));
        if let Some(e) = lost {
            return Err(illegal(n, format!("slot #{} is missing, which an earlier one has", e.slot.0)));
        }
        if let Some(e) = snap.entries.iter().find(|e| e.value.as_ref().is_some_and(|r| !trace.get(r).ty.is_lua_value()))
        {
            return Err(illegal(n, format!("slot #{} holds no Lua value", e.slot.0)));
        }
    }
    if trace.link == Link::Loop { check_end(trace) } else { Ok(()) }
}

/// The last snapshot is what the next iteration starts with.
fn check_end(trace: &Trace) -> Result<(), Illegal> {
    let last = trace.snaps.len() - 1;
    if last == 0 || trace.snaps[last].at != trace.end() {
        return Err(illegal(
            last,
            "the last snapshot must stand behind the last instruction, and the first before it".into(),
        ));
    }
    for (at, ins) in trace.iter() {
        if let (Op::SLOAD, Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(mode))) = (ins.op, ins.op1, ins.op2) {
            check_carried(trace, at, Slot(slot), mode).map_err(|why| Illegal::Ins { at, op: ins.op, why })?;
        }
    }
    Ok(())
}

fn check_carried(trace: &Trace, at: Ref, slot: Slot, mode: SloadMode) -> Check {
    if trace.snaps.iter().any(|s| s.at <= at && value(s, slot).is_some()) {
        return Err(format!("slot #{} was written before: use the value", slot.0));
    }
    let ty = match trace.snaps.last().and_then(|s| value(s, slot)) {
        None => return Ok(()),
        Some(Arg::Ref(r)) => trace.get(r).ty,
        Some(Arg::K(Const::Int(_))) => Type::Int,
        Some(Arg::K(Const::Num(_))) => Type::Num,
        Some(Arg::K(Const::Pri(ty))) => ty,
        Some(_) => trace.get(at).ty,
    };
    if ty != trace.get(at).ty || mode.convert || mode.readonly {
        return Err(format!(
            "slot #{} is {} at the iteration's end: load it as such, neither converted nor read-only",
            slot.0,
            ty.text()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::validate;
    use super::*;
    use crate::ir::{Ins, SnapEntry};

    fn trace(snaps: &[(u16, &[(u8, Arg)])]) -> Trace {
        let mode = SloadMode { typecheck: true, ..SloadMode::default() };
        let (slot, mode) = (Arg::Lit(Lit::Slot(2)), Arg::Lit(Lit::Sload(mode)));
        let load = Ins { op: Op::SLOAD, ty: Type::Int, guard: true, op1: slot, op2: mode };
        let one = Arg::K(Const::Int(1));
        let add = Ins { op: Op::ADDOV, ty: Type::Int, guard: true, op1: Arg::Ref(Ref(1)), op2: one };
        let entry = |(slot, value): &(u8, Arg)| SnapEntry { slot: Slot(*slot), value: *value };
        let snap = |(at, list): &(u16, &[(u8, Arg)])| Snap { at: Ref(*at), entries: list.iter().map(entry).collect() };
        Trace { ins: vec![load, add], snaps: snaps.iter().map(snap).collect(), link: Link::Loop }
    }

    fn why(snaps: &[(u16, &[(u8, Arg)])]) -> Option<String> {
        let scene = Scene { passes: true, ..Scene::default() };
        validate(&trace(snaps), &scene).err().map(|e| e.to_string())
    }

    const ONE: Arg = Arg::Ref(Ref(1));
    const TWO: Arg = Arg::Ref(Ref(2));
    const TEXT: Arg = Arg::K(Const::Pri(Type::True));

    #[test]
    fn an_iteration_ends_with_a_snapshot_and_loses_no_slot() {
        assert_eq!(why(&[(1, &[]), (2, &[(3, ONE)]), (3, &[(2, TWO), (3, ONE)])]), None);
        assert!(why(&[(1, &[]), (2, &[(3, ONE)])]).unwrap().contains("behind the last instruction"));
        assert!(why(&[(1, &[]), (2, &[(3, ONE)]), (3, &[(2, TWO)])]).unwrap().contains("slot #3 is missing"));
        assert!(why(&[(1, &[]), (2, &[]), (2, &[]), (3, &[])]).unwrap().contains("stands where"));
    }

    #[test]
    fn a_slot_keeps_the_type_that_it_is_loaded_with() {
        assert!(why(&[(1, &[]), (3, &[(2, TEXT)])]).unwrap().contains("slot #2 is tru"));
        assert!(why(&[(1, &[(2, TEXT)]), (3, &[(2, ONE)])]).unwrap().contains("written before"));
    }
}
