//! The word that is wrong, drawn as 32 bits with its fields.

use super::super::blame::{Blame, FieldNote};
use super::frame::prose;
use crate::explain::{Anatomy, FieldRow, Sheet, Status};
use maud::{Markup, html};

/// The word's drawing and what is to be said of it; nothing if no word is wrong.
pub fn section(sheet: &Sheet, blame: Option<&Blame>) -> Markup {
    let Some((_, row, anatomy)) = sheet.bad_word() else { return html! {} };
    let notes = blame.map_or(&[][..], |b| &b.fields);
    let fields = fields(anatomy, notes);
    html! {
        section {
            h2 { "The word " code { (row.word) } }
            p {
                code { (row.mnemonic) " " (row.operands) } " at " code { (row.address) }
                ", assembled for " code { (row.origin) } "."
            }
            p { strong { (status(anatomy.status)) } ": " (anatomy.text) "." }
            div.word role="img" aria-label=(spoken(anatomy, &fields)) {
                (half(anatomy.word.0, &fields, 16))
                (half(anatomy.word.0, &fields, 0))
            }
            @for note in notes { p { (prose(&note.text)) } }
            (table(&fields))
        }
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Valid => "An instruction",
        Status::Undefined => "Undefined",
        Status::Unpredictable => "CONSTRAINED UNPREDICTABLE",
        Status::Unknown => "Nothing that a trace has a use for",
    }
}

/// The encoding's fields; where the bits belong to none, those that whoever wrote the word meant.
fn fields(anatomy: &Anatomy, notes: &[FieldNote]) -> Vec<FieldRow> {
    let mut meant: Vec<&FieldNote> = notes.iter().filter(|n| n.lo <= n.hi && n.hi < 32).collect();
    if meant.is_empty() || anatomy.fields.iter().any(|f| f.name.is_some()) {
        return anatomy.fields.clone();
    }
    meant.sort_by_key(|n| std::cmp::Reverse(n.hi));
    let (word, mut end, mut rows) = (anatomy.word.0, 32, vec![]);
    for note in meant.into_iter().filter(|n| !n.name.is_empty()) {
        if note.hi >= end {
            continue;
        }
        rows.extend(run(word, None, end, note.hi + 1));
        rows.extend(run(word, Some(&note.name), note.hi + 1, note.lo));
        end = note.lo;
    }
    rows.extend(run(word, None, end, 0));
    rows
}

/// The bits from `lo` to below `end`.
fn run(word: u32, name: Option<&str>, end: u8, lo: u8) -> Option<FieldRow> {
    let mask = u32::MAX.checked_shr(32 - u32::from(end.checked_sub(lo)?))?;
    Some(FieldRow { name: name.map(str::to_string), hi: end - 1, lo, value: word >> lo & mask, wrong: name.is_some() })
}

/// Sixteen bits from `low` up, with the parts of fields that lie in them.
fn half(word: u32, fields: &[FieldRow], low: u8) -> Markup {
    let high = low + 15;
    let here = fields.iter().filter(|f| f.lo <= high && f.hi >= low);
    html! {
        div.half {
            @for bit in (low..=high).rev() { span.number { (bit) } }
            @for bit in (low..=high).rev() {
                @let field = fields.iter().find(|f| f.lo <= bit && bit <= f.hi);
                span.bit .wrong[field.is_some_and(|f| f.wrong)] .edge[field.is_some_and(|f| f.hi == bit)] { (word >> bit & 1) }
            }
            @for f in here {
                @let (from, to) = (f.hi.min(high), f.lo.max(low));
                span.field .wrong[f.wrong] .unnamed[f.name.is_none()] style={ "grid-column: span " (from - to + 1) } title=(label(f)) {
                    (caption(f, from, to))
                }
            }
        }
    }
}

/// What stands below a field's bits from `from` down to `to`.
fn caption(f: &FieldRow, from: u8, to: u8) -> String {
    // Characters for which there is room.
    let wide = usize::from(from - to + 1) * 2;
    let name = match &f.name {
        Some(name) => name,
        None if f.wrong && wide > UNALLOCATED.len() + 2 => UNALLOCATED,
        None => "",
    };
    let mark = if f.wrong { "✗ " } else { "" };
    let more = if !name.is_empty() && (from != f.hi || to != f.lo) { "…" } else { "" };
    format!("{mark}{name}{more}")
}

const UNALLOCATED: &str = "unallocated";

fn label(f: &FieldRow) -> String {
    let name = f.name.as_deref().unwrap_or("fixed or open bits");
    let wrong = if f.wrong { ", wrong" } else { "" };
    if f.hi == f.lo {
        format!("{name}, bit {}: {}{wrong}", f.hi, f.value)
    } else {
        format!("{name}, bits {} to {}: {:#b}{wrong}", f.hi, f.lo, f.value)
    }
}

fn name(f: &FieldRow) -> &str {
    match &f.name {
        Some(name) => name,
        None if f.wrong => UNALLOCATED,
        None => "–",
    }
}

/// The drawing for those who can't see it.
fn spoken(anatomy: &Anatomy, fields: &[FieldRow]) -> String {
    let labels: Vec<String> = fields.iter().map(label).collect();
    format!("The word {}: {}", anatomy.word, labels.join("; "))
}

fn table(fields: &[FieldRow]) -> Markup {
    html! {
        div.wide tabindex="0" { table.fields {
            thead { tr { th scope="col" { "bits" } th scope="col" { "field" } th scope="col" { "binary" } th scope="col" { "value" } } }
            tbody {
                @for f in fields {
                    @let width = usize::from(f.hi - f.lo) + 1;
                    tr.marked[f.wrong] {
                        td { (f.hi) @if f.hi != f.lo { ":" (f.lo) } }
                        td { @if f.wrong { strong.flag { "✗ " } } (name(f)) }
                        td { code { (format!("{:0width$b}", f.value)) } }
                        td { (f.value) }
                    }
                }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Bits;

    fn note(name: &str, hi: u8, lo: u8) -> FieldNote {
        FieldNote { name: name.into(), hi, lo, value: -1, text: String::new() }
    }

    fn open_word() -> Anatomy {
        let all = FieldRow { name: None, hi: 31, lo: 0, value: 0xffff_6f7a, wrong: true };
        Anatomy { word: Bits(0xffff_6f7a), status: Status::Undefined, text: String::new(), fields: vec![all] }
    }

    #[test]
    fn a_word_of_no_encoding_is_drawn_with_the_fields_that_were_meant() {
        let spans = |notes: &[FieldNote]| -> Vec<(u8, u8, bool)> {
            fields(&open_word(), notes).iter().map(|f| (f.hi, f.lo, f.wrong)).collect()
        };
        assert_eq!(spans(&[note("imm7", 21, 15)]), [(31, 22, false), (21, 15, true), (14, 0, false)]);
        assert_eq!(spans(&[note("Rt", 4, 0), note("opc", 31, 30)]), [(31, 30, true), (29, 5, false), (4, 0, true)]);
        assert_eq!(
            spans(&[note("a", 9, 5), note("b", 7, 3), note("c", 40, 33)]),
            [(31, 10, false), (9, 5, true), (4, 0, false)]
        );
        assert_eq!(spans(&[]), [(31, 0, true)]);
    }

    #[test]
    fn a_field_on_both_halves_is_drawn_in_both() {
        let fields = [FieldRow { name: Some("imm19".into()), hi: 23, lo: 5, value: 0, wrong: true }];
        for low in [16, 0] {
            let drawn = half(0, &fields, low).into_string();
            assert!(drawn.contains("✗ imm19…"), "{drawn}");
            assert_eq!(drawn.matches("class=\"bit").count(), 16);
        }
    }
}
