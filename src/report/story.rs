//! What is expected and why, and what happens instead: in words, from what was seen.

use super::class::class_text;
use crate::explain::{Conclusion, IrRow, OutcomeRow, PartKind, Sheet, TraceSheet};
use serde::Serialize;

/// The two outcomes in words, a line each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// What should have come of it.
    pub expected: Vec<String>,
    /// Why.
    pub why: Vec<String>,
    /// What came of it.
    pub actual: Vec<String>,
}

/// The story of a finding.
pub fn story(class: &str, sheet: &Sheet) -> Story {
    Story { expected: expected(sheet), why: why(class, sheet), actual: actual(sheet) }
}

fn expected(sheet: &Sheet) -> Vec<String> {
    let on = format!("On input {} of {}", sheet.input.number, sheet.input.of);
    let end = sheet.outcome.rows.iter().find(|row| row.kind == PartKind::End && row.expected != "-");
    let first = end.map(|row| format!("{on} the trace {}.", ending(&row.expected)));
    first.into_iter().chain(differing(sheet).map(|row| cell(row, &row.expected))).collect()
}

fn actual(sheet: &Sheet) -> Vec<String> {
    let mut lines: Vec<String> = sheet.defects.iter().map(defect).collect();
    if let Conclusion::Finding { detail, .. } = &sheet.verdict
        && sheet.outcome.rows.iter().all(|row| row.observed == "-")
    {
        lines.extend(detail.iter().cloned());
    }
    let end = sheet.outcome.rows.iter().find(|row| row.kind == PartKind::End && row.observed != "-");
    lines.extend(end.map(|row| format!("The code {}.", ending(&row.observed))));
    if let Some(fault) = &sheet.fault {
        let address = fault.address.as_ref().map_or(String::new(), |a| format!(", address {a}"));
        lines.push(format!("pc {}{address}: {}", fault.pc, fault.reason));
    }
    lines.extend(differing(sheet).map(|row| cell(row, &row.observed)));
    lines
}

/// An end as what something does.
pub fn ending(end: &str) -> String {
    match end.strip_prefix("fault: ") {
        Some(class) => format!("stops with a fault ({class})"),
        None if end.starts_with("exit") => format!("leaves at {end}"),
        None => "reaches the trace's end".into(),
    }
}

fn defect(d: &crate::explain::DefectRow) -> String {
    format!("{} at +{:#x}: {}", d.word.word, d.word.offset, d.text)
}

fn differing(sheet: &Sheet) -> impl Iterator<Item = &OutcomeRow> {
    sheet.outcome.rows.iter().filter(|row| row.differs && row.kind != PartKind::End)
}

fn cell(row: &OutcomeRow, text: &str) -> String {
    format!("{}: {}", row.place, if text == "-" { "nothing" } else { text })
}

/// What the class means, then what the interpreter makes of the instruction that the finding is pinned to.
fn why(class: &str, sheet: &Sheet) -> Vec<String> {
    let mut lines: Vec<String> = class_text(class).map(|c| c.why.to_string()).into_iter().collect();
    lines.extend(sheet.traces.iter().find_map(by_the_interpreter));
    lines
}

fn by_the_interpreter(trace: &TraceSheet) -> Option<String> {
    let row = trace.ir.iter().find(|row| row.marked)?;
    let value = row.value.as_ref().filter(|value| !value.is_empty())?;
    let line = row.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let operands: Vec<String> = operands(trace, row).collect();
    let with = if operands.is_empty() { String::new() } else { format!(" with {}", operands.join(", ")) };
    Some(format!("By the interpreter, `{line}`{with}: {value}."))
}

/// The instructions that a row uses, with their values.
fn operands<'a>(trace: &'a TraceSheet, row: &'a IrRow) -> impl Iterator<Item = String> + 'a {
    let refs = row.text.split_whitespace().skip(1).filter(|word| is_ref(word));
    refs.filter_map(|word| {
        let at = word.parse().ok()?;
        let source = trace.ir.iter().find(|row| row.at == Some(at))?;
        Some(format!("{word} = {}", source.value.as_deref()?))
    })
}

/// Whether a word of a line of IR is an instruction's number.
pub fn is_ref(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit())
}
