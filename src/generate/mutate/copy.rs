//! Additions: accesses beside accesses, operations again, guards, barriers and snapshots between.

use super::super::entropy::{Bulk, Source};
use super::super::pools;
use super::edit::{ins_mut, insert, pick};
use super::operand::{is_access, neighbour};
use crate::ir::validate::{MAX_SLOT, MAX_SNAPS, MIN_SLOT};
use crate::ir::{Arg, Class, Const, Ins, Lit, Op, Ref, Slot, Snap, SnapEntry, SymPtr, Trace, Type, XloadMode};

/// Repeats an access beside itself: same base, neighbouring offset, same type. A loaded value is seen at the end.
pub(super) fn copy_access(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = pick(trace, s, |_, ins| is_access(ins)) else { return false };
    let ins = *trace.get(at);
    let by = neighbour(s, ins.ty.size().ilog2());
    // Before or behind; a copy before a store keeps the order of refs all the same.
    let place = Ref(at.0 + u16::from(s.percent(70)));
    let op2 = if ins.op == Op::XSTORE { stored(trace, place, ins, s) } else { ins.op2 };
    let Some(new) = insert_access(trace, place, ins, by, op2) else { return false };
    ins.op == Op::XSTORE || show(trace, new, s)
}

/// Puts a store beside a load or a load beside a store, at a neighbouring offset.
pub(super) fn turn_access(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = pick(trace, s, |_, ins| is_access(ins) && ins.ty != Type::Float) else { return false };
    let ins = *trace.get(at);
    let place = Ref(at.0 + u16::from(s.percent(60)));
    let by = if s.percent(30) { 0 } else { neighbour(s, ins.ty.size().ilog2()) };
    if ins.op == Op::XSTORE {
        let turned = Ins { op: Op::XLOAD, ..ins };
        let mode = Arg::Lit(Lit::Xload(XloadMode::default()));
        return insert_access(trace, place, turned, by, mode).is_some_and(|new| show(trace, new, s));
    }
    let value = stored(trace, place, ins, s);
    insert_access(trace, place, Ins { op: Op::XSTORE, ..ins }, by, value).is_some()
}

/// A value to store: any of the class that is there, a constant otherwise.
fn stored(trace: &Trace, before: Ref, like: Ins, s: &mut Bulk) -> Arg {
    let fits = |at: Ref, ins: &Ins| {
        at < before && ins.op.info().has_value() && ins.ty.class() == like.ty.class() && ins.ty != Type::P64
    };
    match pick(trace, s, fits) {
        Some(value) if s.percent(70) => Arg::Ref(value),
        _ => Arg::K(match like.ty.class() {
            Class::W64 => Const::Int64(pools::integer(s, 64)),
            Class::Num => Const::Num(pools::double(s)),
            _ => Const::Int(i32::try_from(pools::integer(s, 32)).expect("32 bits")),
        }),
    }
}

/// Inserts an access like another one, displaced. Returns its ref.
fn insert_access(trace: &mut Trace, place: Ref, like: Ins, by: i64, op2: Arg) -> Option<Ref> {
    let (base, offset) = match like.op1 {
        Arg::K(Const::Ptr(p)) => {
            let op1 = Arg::K(Const::Ptr(SymPtr { offset: p.offset.wrapping_add(by), ..p }));
            return insert(trace, place, &[Ins { op1, op2, ..like }]);
        }
        Arg::Ref(address) => sum(trace, address),
        _ => return None,
    };
    if offset.wrapping_add(by) == 0 {
        return insert(trace, place, &[Ins { op1: base, op2, ..like }]);
    }
    let op2_of_sum = Arg::K(Const::Int64(offset.wrapping_add(by)));
    let address = Ins { op: Op::ADD, ty: Type::P64, guard: false, op1: base, op2: op2_of_sum };
    insert(trace, place, &[address, Ins { op1: Arg::Ref(place), op2, ..like }]).map(|first| Ref(first.0 + 1))
}

/// An address as base and displacement.
fn sum(trace: &Trace, address: Ref) -> (Arg, i64) {
    let ins = trace.get(address);
    match (ins.op, ins.ty, ins.op2) {
        (Op::ADD, Type::P64, Arg::K(Const::Int64(k))) => (ins.op1, k),
        _ => (Arg::Ref(address), 0),
    }
}

/// Makes a new value seen: in a slot of the last snapshot, where it can be restored to one, or as an operand of what is there.
fn show(trace: &mut Trace, new: Ref, s: &mut Bulk) -> bool {
    let ty = trace.get(new).ty;
    let Some(snap) = trace.snaps.iter_mut().rev().find(|snap| snap.at > new) else { return false };
    let free: Vec<Slot> =
        (MIN_SLOT..=MAX_SLOT).map(Slot).filter(|slot| snap.entries.iter().all(|entry| entry.slot != *slot)).collect();
    if ty.is_lua_value() && !free.is_empty() {
        let entry = SnapEntry { slot: free[0], value: Arg::Ref(new) };
        let place = snap.entries.partition_point(|entry| entry.slot < free[0]);
        snap.entries.insert(place, entry);
        return true;
    }
    let behind = |at: Ref, ins: &Ins| {
        at > new
            && ins.ty == ty
            && matches!(ins.op, Op::ADD | Op::SUB | Op::BXOR | Op::BAND | Op::BOR | Op::XSTORE)
            && ty != Type::P64
    };
    let Some(user) = pick(trace, s, behind) else { return false };
    ins_mut(trace, user).op2 = Arg::Ref(new);
    true
}

/// Repeats an operation with the same operands, sometimes with another constant, and shows what it gives.
pub(super) fn copy_pure(trace: &mut Trace, s: &mut Bulk) -> bool {
    let plain = |_: Ref, ins: &Ins| {
        ins.op.info().mode == "N" && ins.op.info().has_value() && !ins.guard && ins.ty != Type::P64
            || matches!(ins.op, Op::ADD | Op::BAND if ins.ty != Type::P64)
    };
    let Some(at) = pick(trace, s, |at, ins| plain(at, ins) && ins.op != Op::CARG) else { return false };
    let ins = *trace.get(at);
    let new = match ins.op2 {
        Arg::K(Const::Int(k)) => Ins { op2: Arg::K(Const::Int(k.wrapping_add(s.pick(&[1, -1, 8])))), ..ins },
        _ => ins,
    };
    insert(trace, Ref(at.0 + 1), &[new]).is_some_and(|new| show(trace, new, s))
}

/// Puts a guard somewhere: a comparison of a value with a constant.
pub(super) fn guard_between(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(place) = place(trace, s) else { return false };
    let Some(value) = pick(trace, s, |at, ins| at < place && ins.ty == Type::Int && ins.op.info().has_value()) else {
        return false;
    };
    let k = i32::try_from(pools::integer(s, 32)).expect("32 bits");
    let op = s.pick(&[Op::NE, Op::NE, Op::NE, Op::LT, Op::GE, Op::ULT, Op::UGE, Op::EQ]);
    let guard = Ins { op, ty: Type::Int, guard: true, op1: Arg::Ref(value), op2: Arg::K(Const::Int(k)) };
    insert(trace, place, &[guard]).is_some()
}

/// Puts a barrier somewhere that no load or store is moved across.
pub(super) fn barrier_between(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(place) = place(trace, s) else { return false };
    let barrier = Ins { op: Op::XBAR, ty: Type::Nil, guard: false, op1: Arg::None, op2: Arg::None };
    insert(trace, place, &[barrier]).is_some()
}

/// Puts a snapshot somewhere: that of the exit there, again.
pub(super) fn snapshot_between(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = place(trace, s).filter(|_| trace.snaps.len() < MAX_SNAPS) else { return false };
    let Some(n) = trace.snaps.iter().rposition(|snap| snap.at <= at) else { return false };
    let snap = Snap { at, entries: trace.snaps[n].entries.clone() };
    trace.snaps.insert(n + 1, snap);
    true
}

/// Where something can be put: before an instruction, but not within a call's arguments or among PHIs.
fn place(trace: &Trace, s: &mut Bulk) -> Option<Ref> {
    pick(trace, s, |_, ins| !matches!(ins.op, Op::PHI | Op::CARG | Op::LOOP) && !ins.op.name().starts_with("CALL"))
}
