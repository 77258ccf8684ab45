//! The report of a hunt for people: `report.txt` and the summary on the terminal.

use super::hunt::{ErrorRow, HuntReport};
use crate::case::Emit;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The text of a hunt's report.
pub fn hunt_text(r: &HuntReport) -> String {
    let mut lines = head(r);
    lines.extend(counts(r));
    lines.extend(findings(r));
    lines.extend(errors(r));
    lines.extend(r.warnings.iter().map(|w| format!("warning     {w}")));
    lines.join("\n") + "\n"
}

fn head(r: &HuntReport) -> Vec<String> {
    let (id, backend) = (&r.hunt, &r.hunt.backend);
    let chosen = |what, list: &[String]| {
        if list.is_empty() { String::new() } else { format!(", {what} {}", list.join(",")) }
    };
    let (ops, knobs) = (chosen("ops", &id.ops), chosen("knobs", &id.knobs));
    vec![
        format!("backend     {} {}, {}", backend.name, backend.variant, backend.version),
        format!(
            "cases       {} of seed {}, {}{ops}{knobs}, tracehound {}",
            r.cases,
            id.seed,
            id.emit.name(),
            id.tracehound
        ),
    ]
}

fn counts(r: &HuntReport) -> Vec<String> {
    let skipped: u64 = r.skipped.values().sum();
    let left_out: u64 = r.skipped_inputs.values().sum();
    let mut lines = vec![format!("skipped     {skipped} cases ({}){}", percent(skipped, r.cases), reasons(&r.skipped))];
    lines.push(format!(
        "inputs      {} judged, {left_out} left out ({}){}",
        r.inputs,
        percent(left_out, r.inputs + left_out),
        reasons(&r.skipped_inputs)
    ));
    lines.push(format!("runs        {} left through an exit, {} reached the end", r.exits, r.tails));
    lines.push(format!("code        {} instructions, {} words, {} exits restored twice", r.ins, r.words, r.restores));
    let missed = if r.ops_missed.is_empty() { String::new() } else { format!(", missed {}", r.ops_missed.join(" ")) };
    lines.push(format!("ops         {} reached{missed}", r.ops.len()));
    lines
}

fn findings(r: &HuntReport) -> Vec<String> {
    let mut lines = vec![format!("findings    {} in {} buckets", r.findings, r.buckets.len())];
    let width = r.buckets.iter().map(|b| b.key.len()).max().unwrap_or(0);
    for b in &r.buckets {
        let first = b.files.first().map_or("", String::as_str);
        lines.push(format!("  {:<width$}  {:>7}  {first}", b.key, b.count));
    }
    lines
}

fn errors(r: &HuntReport) -> Vec<String> {
    let case = |e: &ErrorRow| match &e.file {
        Some(file) => file.clone(),
        None => format!("tracehound gen --seed {} --index {} {}", r.hunt.seed, e.first, emit_option(r.hunt.emit)),
    };
    let line = |(text, e): (&String, &ErrorRow)| format!("error       {text} ({} cases; {})", e.count, case(e));
    r.errors.iter().map(line).collect()
}

/// The option that asks for a way of emitting.
pub fn emit_option(emit: Emit) -> &'static str {
    match emit {
        Emit::Fold => "--fold",
        Emit::Raw => "--raw",
        Emit::Passes => "--via-passes",
    }
}

/// `: 12 nyi, 3 trace-error`, most frequent first.
fn reasons(counts: &BTreeMap<String, u64>) -> String {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), *name));
    let mut text = String::new();
    for (i, (name, n)) in rows.into_iter().enumerate() {
        let _ = write!(text, "{}{n} {name}", if i == 0 { ": " } else { ", " });
    }
    text
}

fn percent(part: u64, all: u64) -> String {
    if all == 0 {
        return "0 %".into();
    }
    // Hundredths, exactly, so that the text is the same on every machine.
    let hundredths = u128::from(part) * 10_000 / u128::from(all);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::BackendId;
    use crate::tally::{HuntId, Sighting, Tally};

    #[test]
    fn a_report_names_buckets_reasons_and_files() {
        let backend = BackendId { name: "model".into(), version: "1.2".into(), variant: "plain".into() };
        let (ops, knobs) = (vec!["ADD".into()], vec![]);
        let id = HuntId { tracehound: "0".into(), backend, seed: 7, emit: Emit::Raw, ops, knobs, guided: false };
        let mut tally = Tally { cases: 300, inputs: 600, exits: 5, tails: 9, ..Tally::default() };
        tally.ops.insert("ADD".into(), 300);
        (0..3).for_each(|i| tally.add_skip(if i == 1 { "b" } else { "a" }));
        let sighting = Sighting { index: 4, key: "hang".into(), class: "hang".into(), ..Sighting::default() };
        tally.add_sighting(sighting, String::new);
        let text = hunt_text(&HuntReport::new(&id, &tally));
        let expected = "\
backend     model plain, 1.2
cases       300 of seed 7, raw, ops ADD, tracehound 0
skipped     3 cases (1.00 %): 2 a, 1 b
inputs      600 judged, 0 left out (0.00 %)
runs        5 left through an exit, 9 reached the end
code        0 instructions, 0 words, 0 exits restored twice
ops         1 reached
findings    1 in 1 buckets
  hang        1  findings/hang/hang-4.trace
";
        assert_eq!(text, expected);
    }
}
