//! What should have come of the input beside what did, with the slots and bytes that differ marked.

use crate::explain::{OutcomeRow, Sheet};
use maud::{Markup, html};

/// Rows that don't differ shown at once; the rest can be opened.
const MOST: usize = 16;

/// Both outcomes.
pub fn section(sheet: &Sheet) -> Markup {
    let (differing, same): (Vec<_>, Vec<_>) = sheet.outcome.rows.iter().partition(|row| row.differs);
    let (shown, rest) = same.split_at(same.len().min(MOST));
    html! {
        section {
            h2 { "Outcome of input " (sheet.input.number) }
            (table(differing.into_iter().chain(shown.iter().copied())))
            @if !rest.is_empty() {
                details {
                    summary { (rest.len()) " more that changed, as they should" }
                    (table(rest.iter().copied()))
                }
            }
            @for note in &sheet.outcome.notes { p.minor { (note) } }
        }
    }
}

fn table<'a>(rows: impl Iterator<Item = &'a OutcomeRow>) -> Markup {
    html! {
        div.wide tabindex="0" { table.outcome {
            thead { tr {
                th scope="col" { "place" }
                th scope="col" { "expected (interpreter)" }
                th scope="col" { "observed (machine)" }
            } }
            tbody {
                @for row in rows {
                    tr.marked[row.differs] {
                        th scope="row" { @if row.differs { strong.flag { "≠ " } } (row.place) }
                        td { (cell(row, &row.expected)) }
                        td { (cell(row, &row.observed)) }
                    }
                }
            }
        } }
    }
}

/// Of bytes, each that differs is marked.
fn cell(row: &OutcomeRow, text: &str) -> Markup {
    html! {
        code {
            @if row.bytes.is_empty() { (text) }
            @else {
                @for (i, byte) in text.split(' ').enumerate() {
                    @if i > 0 { " " }
                    @if row.bytes.contains(&i) { mark { (byte) } } @else { (byte) }
                }
            }
        }
    }
}
