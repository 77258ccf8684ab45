//! Fewer inputs, fewer slots in them, plainer values.

use super::constants::{plainer_ints, plainer_nums};
use super::{Edit, always, edit, set, take};
use crate::case::Case;
use crate::world::SlotValue;

/// One input alone, then one input less.
pub(super) fn fewer(case: &Case) -> Vec<Edit> {
    let n = case.inputs.len();
    let alone = (0..n).map(|keep| always(move |c| c.inputs = vec![c.inputs[keep].clone()]));
    let without = (0..n).rev().map(|out| edit(move |c| take(&mut c.inputs, out)));
    alone.chain(without).collect()
}

/// Slots that are nil.
pub(super) fn slots(case: &Case) -> Vec<Edit> {
    places(case).map(|(input, at)| edit(move |c| take(&mut c.inputs[input].slots, at))).collect()
}

/// Plainer values in slots.
pub(super) fn values(case: &Case) -> Vec<Edit> {
    let edits = places(case).flat_map(|(input, at)| {
        let values = plainer(case.inputs[input].slots[at].1);
        values.into_iter().map(move |v| edit(move |c| set(c.inputs[input].slots.get_mut(at).map(|s| &mut s.1), v)))
    });
    edits.collect()
}

/// All slots of all inputs, the last first.
fn places(case: &Case) -> impl Iterator<Item = (usize, usize)> {
    let of = |(n, input): (usize, &crate::case::Input)| (0..input.slots.len()).rev().map(move |at| (n, at));
    case.inputs.iter().enumerate().flat_map(of).collect::<Vec<_>>().into_iter()
}

/// Plainer Lua values of the same type, where there are some.
pub(super) fn plainer(value: SlotValue) -> Vec<SlotValue> {
    match value {
        SlotValue::Int(i) => {
            let ints = plainer_ints(i.into()).into_iter().filter_map(|i| i32::try_from(i).ok());
            ints.map(SlotValue::Int).collect()
        }
        SlotValue::Num(bits) => plainer_nums(bits).into_iter().map(SlotValue::Num).collect(),
        SlotValue::Str(p) => {
            let offsets = plainer_ints(p.offset).into_iter();
            offsets.map(|offset| SlotValue::Str(crate::ir::SymPtr { offset, ..p })).collect()
        }
        SlotValue::True | SlotValue::False => vec![SlotValue::Nil],
        SlotValue::Nil | SlotValue::Obj(_) => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn one_input_is_enough() {
        let head = "; region data 8 at 0\n; input 1\n;   slot 2 int +1\n; input 2\n;   slot 2 int +2";
        let after = "; region data 8 at 0\n; input 1\n;   slot 2 int +2";
        proposes(fewer, &text(head, "0001 int SLOAD #2"), &text(after, "0001 int SLOAD #2"));
    }

    #[test]
    fn slots_become_nil_or_plainer() {
        let head = |slots| format!("; region data 8 at 0\n; input 1{slots}");
        let ir = "0001 > int SLOAD #2 T";
        proposes(slots, &text(&head("\n;   slot 2 int +77"), ir), &text(&head(""), ir));
        proposes(values, &text(&head("\n;   slot 2 int +77"), ir), &text(&head("\n;   slot 2 int +64"), ir));
    }
}
