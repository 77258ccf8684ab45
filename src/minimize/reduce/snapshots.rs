//! Fewer snapshots, fewer slots in them, plainer values.

use super::{Edit, edit, pieces, set};
use crate::case::Case;
use crate::ir::{Arg, Const, SnapEntry, Trace};
use crate::minimize::cut::Which;

/// Snapshots that go, the last first: their guards leave through the one before.
pub(super) fn fewer(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        for n in (0..which.trace(case).snaps.len()).rev() {
            edits.push(edit(move |c| remove(c, which, n)));
        }
    }
    edits
}

fn remove(case: &mut Case, which: Which, n: usize) -> Option<()> {
    let trace = which.trace_mut(case)?;
    let gone = (n < trace.snaps.len()).then(|| trace.snaps.remove(n))?;
    if n == 0 {
        // There is always one before the first instruction.
        trace.snaps.first_mut()?.at = gone.at;
    }
    if which == Which::Root
        && let Some(side) = &mut case.side
        && usize::from(side.exit.0) > n
    {
        side.exit.0 -= 1;
    }
    Some(())
}

/// Entries that go, many at once first.
pub(super) fn entries(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        edits.push(edit(move |c| forget(c, which, None)));
        for slot in slots(trace).into_iter().rev() {
            edits.push(edit(move |c| forget(c, which, Some(slot))));
        }
        for (n, snap) in trace.snaps.iter().enumerate().rev() {
            for size in pieces().filter(|size| *size <= snap.entries.len()) {
                for start in (0..snap.entries.len()).step_by(size).rev() {
                    edits.push(edit(move |c| {
                        let entries = &mut which.trace_mut(c)?.snaps.get_mut(n)?.entries;
                        let end = (start + size).min(entries.len());
                        (start < end).then(|| drop(entries.drain(start..end)))
                    }));
                }
            }
        }
    }
    edits
}

fn slots(trace: &Trace) -> Vec<u8> {
    let all = trace.snaps.iter().flat_map(|s| &s.entries).map(|e| e.slot.0);
    all.collect::<std::collections::BTreeSet<u8>>().into_iter().collect()
}

/// No snapshot has the slot, or any.
fn forget(case: &mut Case, which: Which, slot: Option<u8>) -> Option<()> {
    let gone = |e: &SnapEntry| slot.is_none_or(|s| e.slot.0 == s);
    which.trace_mut(case)?.snaps.iter_mut().for_each(|s| s.entries.retain(|e| !gone(e)));
    Some(())
}

/// Constants for what entries hold.
pub(super) fn values(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        for (n, snap) in trace.snaps.iter().enumerate() {
            for (at, entry) in snap.entries.iter().enumerate() {
                let new = match entry.value {
                    Arg::Ref(r) => super::standins::blanks(trace.get(r).ty),
                    Arg::K(Const::Gc(_)) => vec![],
                    value => super::constants::plainer(value),
                };
                edits.extend(new.into_iter().map(|value| {
                    edit(move |c| {
                        let entry = which.trace_mut(c)?.snaps.get_mut(n)?.entries.get_mut(at);
                        set(entry.map(|e| &mut e.value), value)
                    })
                }));
            }
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    const HEAD: &str = "; region data 16 at 0\n; input 1\n;   slot 2 int +5";

    #[test]
    fn snapshots_and_their_slots_go() {
        let ir = |snap| format!("0001 int SLOAD #2{snap}\n0002 > int LT 0001 +0");
        let full = "\n....        SNAP   #1   [ ---- ---- +7 0001 ]";
        proposes(fewer, &text(HEAD, &ir(full)), &text(HEAD, &ir("")));
        let half = "\n....        SNAP   #1   [ ---- ---- ---- 0001 ]";
        proposes(entries, &text(HEAD, &ir(full)), &text(HEAD, &ir(half)));
        let plain = "\n....        SNAP   #1   [ ---- ---- +0 0001 ]";
        proposes(values, &text(HEAD, &ir(full)), &text(HEAD, &ir(plain)));
    }
}
