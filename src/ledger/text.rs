//! The ledger and its scores as text.

use super::{Bug, Score};

/// The table of bugs, a paragraph each.
pub fn bugs_text(bugs: &[Bug]) -> String {
    bugs.iter().map(bug_text).collect::<Vec<_>>().join("\n")
}

fn bug_text(bug: &Bug) -> String {
    let classes = if bug.classes.is_empty() { "any class".into() } else { bug.classes.join(", ") };
    let shape = bug.shape.map_or(String::new(), |shape| {
        let name = serde_json::to_value(shape).ok().and_then(|v| v.as_str().map(str::to_string));
        format!(", with the shape {}", name.unwrap_or_default())
    });
    let reference = bug.reference.as_ref().map_or(String::new(), |url| format!("  reference {url}\n"));
    format!(
        "{}: {}\n  releases  {}\n  hit       fails on {} ({classes}), agrees on {}, blamed on {}{shape}\n{reference}  cases     {}\n",
        bug.id,
        bug.title,
        bug.releases,
        bug.bad,
        bug.good,
        bug.functions.join(" or "),
        bug.cases.join(", "),
    )
}

/// The scores, a line each.
pub fn scores_text(scores: &[Score]) -> String {
    let width = scores.iter().map(|s| s.id.len()).max().unwrap_or(0).max("bug".len());
    let mut text = format!(
        "{:width$}  {:15}  {:>8}  {:>9}  {:>9}  {:>13}  {:>11}\n",
        "bug", "backend", "found", "median", "worst", "cases, median", "worst"
    );
    for s in scores {
        let found = format!("{} of {}", s.found, s.found + s.missed);
        let seconds = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.1} s"));
        let cases = |value: Option<u64>| value.map_or("-".into(), |v: u64| v.to_string());
        text += &format!(
            "{:width$}  {:15}  {found:>8}  {:>9}  {:>9}  {:>13}  {:>11}\n",
            s.id,
            s.bad,
            seconds(s.median_seconds),
            seconds(s.worst_seconds),
            cases(s.median_cases),
            cases(s.worst_cases),
        );
    }
    text
}
