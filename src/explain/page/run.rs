//! What was there before the run, and what came of it; `!` where it should not have.

use crate::explain::sheet::{OutcomeRow, PartKind, RegionRow, Sheet};

/// Rows of memory and of stack slots shown at most, each.
const MOST: usize = 24;

/// Where things are.
pub fn world(sheet: &Sheet) -> Vec<String> {
    let mut lines = vec!["---- WORLD".to_string()];
    lines.extend(sheet.world.regions.iter().flat_map(region));
    lines.extend(sheet.world.objects.iter().cloned());
    lines.extend(sheet.world.stack.map(|stack| format!("{:<10} {stack}", "slot #2")));
    lines.extend(sheet.world.sp.map(|sp| format!("{:<10} {sp} at entry", "sp")));
    lines
}

fn region(r: &RegionRow) -> Vec<String> {
    let access = if r.readonly { ", read-only" } else { "" };
    let first = format!("{:<10} {}, {} bytes{access}", r.name, r.address, r.size);
    std::iter::once(first).chain(r.contents.iter().map(|line| format!("  {line}"))).collect()
}

/// The input that the page is about. What it does not say is nil or zero.
pub fn input(sheet: &Sheet) -> Vec<String> {
    let first = format!("---- INPUT {} of {}", sheet.input.number, sheet.input.of);
    std::iter::once(first).chain(sheet.input.lines.iter().cloned()).collect()
}

/// The interpreter's outcome and the machine's.
pub fn outcome(sheet: &Sheet) -> Vec<String> {
    let head = format!("  {:<12} {:<44} {}", "", "expected (interpreter)", "observed (machine)");
    let mut lines = vec!["---- OUTCOME".to_string(), head.trim_end().into()];
    use PartKind::{Call, End, Memory, Object, Stack, Value};
    for kind in [End, Value, Stack, Memory, Call, Object] {
        let rows: Vec<&OutcomeRow> = sheet.outcome.rows.iter().filter(|row| row.kind == kind).collect();
        lines.extend(most(rows, if matches!(kind, Stack | Memory) { MOST } else { usize::MAX }));
    }
    lines.extend(sheet.outcome.notes.iter().cloned());
    lines
}

/// Rows that differ first come first, should there be too many.
fn most(mut rows: Vec<&OutcomeRow>, limit: usize) -> Vec<String> {
    let left = rows.len().saturating_sub(limit);
    if left > 0 {
        rows.sort_by_key(|row| !row.differs);
        rows.truncate(limit);
    }
    let mut lines: Vec<String> = rows.into_iter().map(line).collect();
    lines.extend((left > 0).then(|| format!("  and {left} more that changed")));
    lines
}

fn line(row: &OutcomeRow) -> String {
    let mark = if row.differs { '!' } else { ' ' };
    format!("{mark} {:<12} {:<44} {}", row.place, row.expected, row.observed).trim_end().into()
}
