//! Changes of what a trace finds: pointers, slots, memory.

use super::super::entropy::{Bulk, Source};
use super::super::pools;
use super::operand::neighbour;
use crate::case::Case;
use crate::world::{DATA_SIZE, SlotValue};

/// Moves what a base points to, by a few bytes: the pointer in memory, or the region itself.
pub(super) fn move_pointer(case: &mut Case, s: &mut Bulk) -> bool {
    let log2 = s.below(4);
    let by = neighbour(s, log2);
    let pointers: Vec<(usize, usize)> =
        case.inputs.iter().enumerate().flat_map(|(n, input)| (0..input.pointers.len()).map(move |i| (n, i))).collect();
    if !pointers.is_empty() && s.percent(60) {
        let (n, i) = s.pick(&pointers);
        let to = &mut case.inputs[n].pointers[i].to;
        to.offset = to.offset.wrapping_add(by);
        return true;
    }
    if case.world.regions.is_empty() {
        return false;
    }
    let n = s.index(case.world.regions.len());
    let region = &mut case.world.regions[n];
    let Some(moved) = i64::from(region.offset).checked_add(by).and_then(|to| u32::try_from(to).ok()) else {
        return false;
    };
    region.offset = moved.min(DATA_SIZE);
    true
}

/// Gives a slot another integer or number.
pub(super) fn change_slot(case: &mut Case, s: &mut Bulk) -> bool {
    let n = s.index(case.inputs.len());
    let slots = &mut case.inputs[n].slots;
    let number = |value: &SlotValue| matches!(value, SlotValue::Int(_) | SlotValue::Num(_));
    let all: Vec<usize> = (0..slots.len()).filter(|i| number(&slots[*i].1)).collect();
    if all.is_empty() {
        return false;
    }
    let near = s.percent(50);
    let slot = s.pick(&all);
    let value = &mut slots[slot].1;
    *value = match *value {
        SlotValue::Int(k) if near => SlotValue::Int(k.wrapping_add(s.pick(&[1, -1, 2, -2]))),
        SlotValue::Int(_) => SlotValue::Int(i32::try_from(pools::integer(s, 32)).expect("32 bits")),
        _ => SlotValue::Num(pools::double(s)),
    };
    true
}

/// Fills one input's memory of a region with other bytes; constant memory is the same in all.
pub(super) fn change_memory(case: &mut Case, s: &mut Bulk) -> bool {
    let writable: Vec<usize> = (0..case.world.regions.len()).filter(|r| !case.world.regions[*r].readonly).collect();
    if writable.is_empty() {
        return false;
    }
    let (n, region) = (s.index(case.inputs.len()), s.pick(&writable));
    s.fill(&mut case.inputs[n].memory[region]);
    true
}

/// Turns one optimisation on or off; FOLD itself stays on where the case asks for it.
pub(super) fn change_switch(case: &mut Case, s: &mut Bulk) -> bool {
    let switches: Vec<(&str, bool)> = case.flags.list().into_iter().filter(|(name, _)| *name != "fold").collect();
    let (name, on) = s.pick(&switches);
    case.flags.set(name, !on)
}

/// Leaves an input out: what does not need it runs faster.
pub(super) fn drop_input(case: &mut Case, s: &mut Bulk) -> bool {
    let count = case.inputs.len();
    if count > 1 {
        case.inputs.remove(s.index(count));
    }
    count > 1
}
