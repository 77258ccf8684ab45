//! Snapshots where a dump has none: one at the start, one at LOOP, one at the end, so that what the trace computes is seen.

use super::read::{Dump, Entry, Row, reference};
use crate::ir::{Class, Op};
use std::collections::BTreeSet;

/// The lowest slot that made-up entries use, if no load uses a higher one.
const FIRST: u8 = 2;
/// Most entries of a made-up snapshot.
const MOST: usize = 16;

/// The entries with snapshots, and what was assumed.
pub(super) fn complete(dump: &Dump, entries: Vec<Entry>) -> (Vec<Entry>, Vec<String>) {
    let line = dump.first;
    if entries.iter().any(|entry| matches!(entry, Entry::Snap(..))) {
        return (from_the_start(line, entries), vec![]);
    }
    let at_loop = entries.iter().position(|entry| matches!(entry, Entry::Loop(_)));
    let mut all = vec![Entry::Snap(line, frame())];
    let told = match at_loop {
        None => {
            let values = unused(&entries);
            all.extend(entries);
            all.push(Entry::Snap(line, shown(&values)));
            "no snapshots in the dump: exits restore nothing, the end what nothing uses"
        }
        Some(at) => {
            let (lefts, rights): (Vec<u16>, Vec<u16>) = phis(&entries).into_iter().unzip();
            let last_guard =
                entries.iter().rposition(|entry| matches!(entry, Entry::Row(row) if row.guard)).unwrap_or(at);
            for (n, entry) in entries.into_iter().enumerate() {
                if n == at {
                    all.push(Entry::Snap(line, shown(&lefts)));
                }
                if n == last_guard && n > at {
                    all.push(Entry::Snap(line, shown(&rights)));
                }
                all.push(entry);
            }
            "no snapshots in the dump: exits of the loop restore what it carries, others nothing"
        }
    };
    (all, vec![told.to_string()])
}

/// A side trace loads what its parent has before its first snapshot; a trace of its own starts with one.
fn from_the_start(line: usize, mut entries: Vec<Entry>) -> Vec<Entry> {
    if !matches!(entries.first(), Some(Entry::Snap(..))) {
        entries.insert(0, Entry::Snap(line, frame()));
    }
    entries
}

fn frame() -> Vec<String> {
    vec!["----".to_string(); usize::from(FIRST)]
}

fn shown(values: &[u16]) -> Vec<String> {
    frame().into_iter().chain(values.iter().take(MOST).map(|number| format!("{number:04}"))).collect()
}

fn rows(entries: &[Entry]) -> impl Iterator<Item = &Row> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Row(row) => Some(row),
        _ => None,
    })
}

/// Values that can be restored and that nothing uses.
fn unused(entries: &[Entry]) -> Vec<u16> {
    let used: BTreeSet<u16> = rows(entries).flat_map(|row| row.args.iter().filter_map(|arg| reference(arg))).collect();
    rows(entries).filter(|row| !used.contains(&row.number) && is_shown(row)).map(|row| row.number).collect()
}

/// Values that a loop carries and that can be restored: before and behind LOOP.
fn phis(entries: &[Entry]) -> Vec<(u16, u16)> {
    let all = rows(entries).filter(|row| row.op == "PHI" && row.ty.is_lua_value());
    all.filter_map(|row| Some((row.reference(0)?, row.reference(1)?))).collect()
}

fn is_shown(row: &Row) -> bool {
    let has_value = |op: Op| op.info().has_value();
    let op = Op::from_name(&row.op);
    row.ty.is_lua_value() && row.ty.class() != Class::Pri && op.is_some_and(has_value)
}
