//! Slots from the lowest on, and plain names: what is left of a case looks like any other that is as small.

use super::{Edit, edit, mentions};
use crate::case::Case;
use crate::ir::Slot;
use crate::ir::validate::MIN_SLOT;
use crate::world::ObjectKind;
use std::collections::BTreeSet;

/// The slots that a case mentions, ascending.
pub(in crate::minimize) fn slots_used(case: &Case) -> Vec<Slot> {
    let mut used = BTreeSet::new();
    mentions::slots(&mut case.clone(), &mut |s| {
        used.insert(*s);
    });
    used.into_iter().collect()
}

/// All slots moved down together, then each to the lowest that is free.
pub(super) fn slots(case: &Case) -> Vec<Edit> {
    let used = slots_used(case);
    let dense = (MIN_SLOT..).map(Slot).zip(&used).map(|(new, old)| (*old, new)).collect::<Vec<_>>();
    let mut edits = vec![renaming(dense)];
    let free = (MIN_SLOT..).map(Slot).find(|s| !used.contains(s)).unwrap_or(Slot(MIN_SLOT));
    edits.extend(used.into_iter().rev().filter(|s| *s > free).map(|s| renaming(vec![(s, free)])));
    edits
}

fn renaming(map: Vec<(Slot, Slot)>) -> Edit {
    edit(move |c| {
        mentions::slots(c, &mut |s| {
            if let Some((_, new)) = map.iter().find(|(old, _)| old == s) {
                *s = *new;
            }
        });
        c.inputs.iter_mut().for_each(|i| i.slots.sort_by_key(|(s, _)| *s));
        let traces = std::iter::once(&mut c.trace).chain(c.side.as_mut().map(|s| &mut s.trace));
        traces.flat_map(|t| &mut t.snaps).for_each(|s| s.entries.sort_by_key(|e| e.slot));
        Some(())
    })
}

/// The plain names of a case's regions, then of its objects: by what they are, numbered from the second on.
pub(in crate::minimize) fn plain_names(case: &Case) -> Vec<String> {
    let regions = case.world.regions.iter().map(|r| if r.readonly { "const" } else { "data" });
    let objects = case.world.objects.iter().map(|o| match o.kind {
        ObjectKind::Str(_) => "s",
        ObjectKind::Table { .. } => "t",
        ObjectKind::Func { .. } => "f",
        ObjectKind::Udata { .. } => "u",
        ObjectKind::Cdata(_) => "c",
    });
    let stems: Vec<&str> = regions.chain(objects).collect();
    let number = |n: usize| stems[..n].iter().filter(|s| **s == stems[n]).count();
    let name = |n: usize| if number(n) == 0 { stems[n].to_string() } else { format!("{}{}", stems[n], number(n) + 1) };
    (0..stems.len()).map(name).collect()
}

/// Plain names for all.
pub(super) fn names(_: &Case) -> Vec<Edit> {
    vec![edit(|c| {
        let mut plain = plain_names(c).into_iter();
        let names =
            c.world.regions.iter_mut().map(|r| &mut r.name).chain(c.world.objects.iter_mut().map(|o| &mut o.name));
        for name in names {
            *name = plain.next()?;
        }
        Some(())
    })]
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn what_is_left_has_the_lowest_slots_and_plain_names() {
        let head = |name, slot| format!("; region {name} 8 at 0\n; input 1\n;   slot {slot} int +1");
        let ir = |name, slot| format!("0001 int SLOAD #{slot}\n0002 int XSTORE [{name}+0] 0001");
        let before = text(&head("b", 7), &ir("b", 7));
        proposes(slots, &before, &text(&head("b", 2), &ir("b", 2)));
        proposes(names, &before, &text(&head("data", 7), &ir("data", 7)));
    }
}
