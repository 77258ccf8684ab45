//! Side traces: away, alone, or with fewer slots from their parent.

use super::{Edit, always, edit};
use crate::case::Case;
use crate::interpret::Program;
use crate::ir::{Arg, Ins, Link, Lit, Op, SloadMode, Slot, Type};
use crate::outcome::Outcome;
use crate::world::{SlotValue, World};

/// The root trace alone, or the side trace alone with what the root trace leaves as its inputs.
pub(super) fn detach(case: &Case) -> Vec<Edit> {
    if case.side.is_none() {
        return vec![];
    }
    vec![always(|c| c.side = None), edit(alone)]
}

fn alone(case: &mut Case) -> Option<()> {
    let side = case.side.take()?;
    let program = Program::new(case).ok()?;
    let left: Vec<Option<Outcome>> = case.inputs.iter().map(|input| program.run(input).ok()).collect();
    for (input, left) in case.inputs.iter_mut().zip(left) {
        let Some(left) = left else { continue };
        for value in &left.values {
            let Some(new) = slot_value(&case.world, value.ty, value.bits) else { continue };
            input.slots.retain(|(s, _)| *s != value.slot);
            input.slots.push((value.slot, new));
        }
        input.slots.sort_by_key(|(s, _)| *s);
        let unchanged = input.materialize(&case.world) == left.memory;
        if !unchanged {
            input.memory = left.memory;
            input.pointers.clear();
        }
    }
    case.trace = side.trace;
    if case.trace.link == Link::Root {
        case.trace.link = Link::Interpreter;
    }
    case.trace.ins.iter_mut().for_each(unparented);
    Some(())
}

fn slot_value(world: &World, ty: Type, bits: u64) -> Option<SlotValue> {
    match ty {
        Type::Nil => Some(SlotValue::Nil),
        Type::False => Some(SlotValue::False),
        Type::True => Some(SlotValue::True),
        Type::Int => Some(SlotValue::Int(bits as u32 as i32)), // the low half is the value
        Type::Num => Some(SlotValue::Num(bits)),
        _ => world.object_at(bits).map(SlotValue::Obj),
    }
}

/// A load of what the parent has becomes a load of the slot, checked.
fn unparented(ins: &mut Ins) {
    if let (Op::SLOAD, Arg::Lit(Lit::Sload(mode))) = (ins.op, ins.op2)
        && mode.parent
    {
        ins.op2 = Arg::Lit(Lit::Sload(SloadMode { parent: false, typecheck: true, ..mode }));
        ins.guard = true;
    }
}

/// Slots that the parent's exit does not have any more: the side trace loads them from the stack.
pub(super) fn fold_in(case: &Case) -> Vec<Edit> {
    let Some(side) = &case.side else { return vec![] };
    let slots = case.exit_slots(side.exit).unwrap_or_default();
    slots
        .into_iter()
        .flat_map(|(slot, _)| [edit(move |c| forget(c, slot, true)), edit(move |c| forget(c, slot, false))])
        .collect()
}

fn forget(case: &mut Case, slot: Slot, everywhere: bool) -> Option<()> {
    let side = case.side.as_mut()?;
    for (n, snap) in case.trace.snaps.iter_mut().enumerate() {
        if everywhere || n == usize::from(side.exit.0) {
            snap.entries.retain(|e| e.slot != slot);
        }
    }
    let loads = |ins: &&mut Ins| ins.op1 == Arg::Lit(Lit::Slot(slot.0));
    side.trace.ins.iter_mut().filter(loads).for_each(unparented);
    if everywhere {
        side.trace.snaps.iter_mut().for_each(|s| s.entries.retain(|e| e.slot != slot));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn a_side_trace_runs_alone_or_not_at_all() {
        let root = "0001 > int SLOAD #2 T\n0002 > int LT 0001 +0\n....        SNAP   #1   [ ---- ---- ]";
        let side = "---- TRACE 2 start 1/0\n....        SNAP   #0   [ ---- ---- ]\n0001 int XSTORE [data+0] +1\n---- TRACE 2 stop -> interpreter\n";
        let head = "; region data 16 at 0\n; input 1\n;   slot 2 int +5";
        let before = text(head, root) + side;
        proposes(detach, &before, &text(head, root));
        proposes(detach, &before, &text(head, "0001 int XSTORE [data+0] +1"));
    }
}
