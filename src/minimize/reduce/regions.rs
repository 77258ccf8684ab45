//! Fewer and smaller regions, at plainer places.

use super::{Edit, always, edit, mentions};
use crate::case::Case;
use crate::ir::RegionId;

/// Regions that nothing points to go; then each goes and what points to it points to another.
pub(super) fn unused(case: &Case) -> Vec<Edit> {
    let n = case.world.regions.len();
    let unused = (0..n).rev().map(|r| edit(move |c| remove(c, r, None)));
    let others = move |r: usize| (0..n).filter(move |to| *to != r);
    let merged = (0..n).rev().flat_map(move |r| others(r).map(move |to| edit(move |c| remove(c, r, Some(to)))));
    unused.chain(merged).collect()
}

fn remove(case: &mut Case, r: usize, instead: Option<usize>) -> Option<()> {
    (r < case.world.regions.len()).then_some(())?;
    let id = |n: usize| u8::try_from(n).ok().map(RegionId);
    let (gone, instead) = (id(r)?, instead.map_or(Some(None), |n| id(n).map(Some))?);
    for input in &mut case.inputs {
        input.pointers.retain(|p| p.at.region != gone);
    }
    let mut mentioned = false;
    mentions::places(case, &mut |p| {
        if p.region == gone {
            match instead {
                Some(other) => p.region = other,
                None => mentioned = true,
            }
        }
        if p.region > gone {
            p.region.0 -= 1;
        }
    });
    case.world.regions.remove(r);
    case.inputs.iter_mut().for_each(|i| drop(i.memory.remove(r)));
    (!mentioned).then_some(())
}

/// Regions that end earlier or begin later.
pub(super) fn smaller(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (r, region) in case.world.regions.iter().enumerate() {
        let size = region.size;
        let sizes = [
            1,
            2,
            4,
            8,
            16,
            32,
            64,
            size / 2,
            size - size / 4,
            size.saturating_sub(8),
            size.saturating_sub(4),
            size.saturating_sub(1),
        ];
        let sizes: std::collections::BTreeSet<u32> = sizes.into_iter().filter(|s| *s > 0 && *s < size).collect();
        edits.extend(sizes.iter().copied().map(move |s| edit(move |c| end_at(c, r, s))));
        edits.extend(sizes.into_iter().map(move |s| edit(move |c| start_at(c, r, size - s))));
    }
    edits
}

fn end_at(case: &mut Case, r: usize, size: u32) -> Option<()> {
    case.world.regions.get_mut(r)?.size = size;
    case.inputs.iter_mut().for_each(|i| i.memory[r].truncate(size as usize));
    Some(())
}

/// The first bytes go; all addresses stay the same.
fn start_at(case: &mut Case, r: usize, from: u32) -> Option<()> {
    let region = case.world.regions.get_mut(r)?;
    region.size = region.size.checked_sub(from)?;
    region.offset += from;
    case.inputs.iter_mut().for_each(|i| drop(i.memory[r].drain(..from as usize)));
    let id = RegionId(u8::try_from(r).ok()?);
    mentions::places(case, &mut |p| {
        if p.region == id {
            p.offset -= i64::from(from);
        }
    });
    Some(())
}

/// Regions that lie where the area begins, or directly behind the one before.
pub(super) fn places(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    let together = edit(|c| {
        let mut end = 0u32;
        for region in &mut c.world.regions {
            region.offset = end.next_multiple_of(16);
            end = region.offset + region.size;
        }
        Some(())
    });
    edits.push(together);
    for (r, region) in case.world.regions.iter().enumerate() {
        let end = r.checked_sub(1).map_or(0, |b| case.world.regions[b].offset + case.world.regions[b].size);
        let offsets = [
            end,
            end.next_multiple_of(4),
            end.next_multiple_of(8),
            end.next_multiple_of(16),
            region.offset & !15,
            region.offset & !7,
        ];
        let offsets: std::collections::BTreeSet<u32> =
            offsets.into_iter().filter(|o| *o >= end && *o < region.offset).collect();
        edits.extend(offsets.into_iter().map(|offset| always(move |c| c.world.regions[r].offset = offset)));
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn what_nothing_points_to_goes_and_what_is_used_shrinks() {
        let head = "; region data 64 at 0\n; region more 8 at 64\n; input 1";
        let ir = "0001 int XLOAD [data+0]";
        proposes(unused, &text(head, ir), &text("; region data 64 at 0\n; input 1", ir));
        proposes(smaller, &text(head, ir), &text("; region data 4 at 0\n; region more 8 at 64\n; input 1", ir));
        let close = "; region data 64 at 16\n; region more 8 at 80\n; input 1";
        proposes(places, &text(close, ir), &text(head, ir));
    }
}
