//! Memory that holds less: zeros first, then plain bytes, then fewer pointers.

use super::constants::plainer_ints;
use super::{Edit, edit, set, take};
use crate::case::{Case, ObjectValues};
use crate::ir::SymPtr;
use crate::world::SlotValue;

/// Sizes of pieces that are zeroed.
pub(super) const SIZES: [usize; 6] = [1024, 256, 64, 16, 4, 1];

/// Everything zero and nil, then region by region.
pub(super) fn blank(case: &Case) -> Vec<Edit> {
    let all = edit(|c| {
        c.inputs.iter_mut().for_each(|i| i.memory.iter_mut().for_each(|m| m.fill(0)));
        Some(())
    });
    let region = |r: usize| {
        edit(move |c| {
            c.inputs.iter_mut().for_each(|i| i.memory[r].fill(0));
            Some(())
        })
    };
    let pointers = edit(|c| {
        c.inputs.iter_mut().for_each(|i| i.pointers.clear());
        Some(())
    });
    let objects = edit(|c| {
        for input in &mut c.inputs {
            let blank = c.world.objects.iter().map(|o| ObjectValues::blank(&o.kind));
            input.objects = blank.collect();
        }
        Some(())
    });
    [all, pointers, objects].into_iter().chain((0..case.world.regions.len()).map(region)).collect()
}

/// Pieces of memory of one size are zeroed where they are not; with the smallest, pointers and values of objects go one by one.
pub(super) fn zero(case: &Case, size: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (n, input) in case.inputs.iter().enumerate() {
        for (r, bytes) in input.memory.iter().enumerate() {
            for (i, _) in bytes.chunks(size).enumerate().filter(|(_, piece)| piece.iter().any(|b| *b != 0)) {
                edits.push(edit(move |c| zero_piece(c, n, r, i * size..(i + 1) * size)));
            }
        }
        if size == 1 {
            edits.extend((0..input.pointers.len()).rev().map(|p| edit(move |c| take(&mut c.inputs[n].pointers, p))));
            edits.extend((0..input.objects.len()).flat_map(|o| values(&input.objects[o], n, o)));
        }
    }
    edits
}

fn zero_piece(case: &mut Case, input: usize, region: usize, piece: std::ops::Range<usize>) -> Option<()> {
    let readonly = case.world.regions.get(region)?.readonly;
    let zero = |bytes: &mut Vec<u8>| bytes.iter_mut().take(piece.end).skip(piece.start).for_each(|b| *b = 0);
    // Read-only memory is the same in all inputs.
    let inputs = case.inputs.iter_mut().enumerate().filter(|(n, _)| readonly || *n == input);
    inputs.for_each(|(_, i)| zero(&mut i.memory[region]));
    Some(())
}

/// One value of an object less, or plainer.
fn values(values: &ObjectValues, input: usize, object: usize) -> Vec<Edit> {
    let count = match values {
        ObjectValues::Bytes(bytes) => {
            let put = move |at: usize, to: u8| {
                edit(move |c| match c.inputs[input].objects.get_mut(object)? {
                    ObjectValues::Bytes(b) => set(b.get_mut(at), to),
                    _ => None,
                })
            };
            let nonzero = bytes.iter().enumerate().filter(|(_, b)| **b > 0);
            return nonzero.flat_map(|(at, b)| (0..(*b).min(2)).map(move |to| put(at, to))).collect();
        }
        other => other.values().count(),
    };
    let old: Vec<SlotValue> = values.values().collect();
    let put =
        move |at: usize, to: SlotValue| edit(move |c| set(value_mut(c.inputs[input].objects.get_mut(object)?, at), to));
    let at = (0..count).filter(|at| old[*at] != SlotValue::Nil);
    at.flat_map(|at| std::iter::once(SlotValue::Nil).chain(super::inputs::plainer(old[at])).map(move |v| put(at, v)))
        .collect()
}

/// A value of an object, counted as [`ObjectValues::values`] does.
fn value_mut(values: &mut ObjectValues, at: usize) -> Option<&mut SlotValue> {
    match values {
        ObjectValues::Table { array, hash } => array.iter_mut().chain(hash).nth(at),
        ObjectValues::Upvalues(values) => values.get_mut(at),
        ObjectValues::None | ObjectValues::Bytes(_) => None,
    }
}

/// Plainer bytes, and pointers to plainer places.
pub(super) fn plain(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (n, input) in case.inputs.iter().enumerate() {
        for (r, bytes) in input.memory.iter().enumerate().filter(|(r, _)| !case.world.regions[*r].readonly) {
            for (at, byte) in bytes.iter().enumerate().filter(|(_, b)| **b > 1) {
                let lower = [1, 2, byte / 2, byte - 1]
                    .into_iter()
                    .filter(|b| b < byte)
                    .collect::<std::collections::BTreeSet<u8>>();
                edits.extend(lower.into_iter().map(|b| edit(move |c| set(c.inputs[n].memory[r].get_mut(at), b))));
            }
        }
        for (p, pointer) in input.pointers.iter().enumerate() {
            edits.extend(plainer_ints(pointer.to.offset).into_iter().map(|offset| {
                edit(move |c| {
                    let to = &mut c.inputs[n].pointers.get_mut(p)?.to;
                    *to = SymPtr { offset, ..*to };
                    Some(())
                })
            }));
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn bytes_become_zero_or_plainer() {
        let head = |bytes| format!("; region data 8 at 0\n; input 1\n;   data+0: {bytes}");
        let ir = "0001 int XLOAD [data+0]";
        let before = text(&head("07 00 00 00 ff"), ir);
        proposes(|c| zero(c, 1), &before, &text(&head("00 00 00 00 ff"), ir));
        proposes(plain, &before, &text(&head("01 00 00 00 ff"), ir));
        proposes(blank, &before, &text("; region data 8 at 0\n; input 1", ir));
    }
}
