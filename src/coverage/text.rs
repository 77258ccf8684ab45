//! Coverage as a table for a terminal.

use super::{Counts, Coverage, Lines};
use crate::ir::{ALL_OPS, Status};
use std::fmt::Write as _;

/// The whole table. `details` lists missed lines by function too.
pub fn table(coverage: &Coverage) -> String {
    let mut out = format!("Coverage of {}\n", coverage.backend);
    section(&mut out, "cases", &coverage.cases);
    ops(&mut out, coverage);
    for (kind, words) in &coverage.literals {
        let _ = writeln!(out, "\n{kind}: {}", row(words));
    }
    fusions(&mut out, coverage);
    section(&mut out, "machine instructions", &coverage.instructions);
    section(&mut out, "runs left at", &coverage.exits);
    if let Some(found) = &coverage.lines {
        lines(&mut out, found);
    }
    out
}

fn section(out: &mut String, title: &str, counts: &Counts) {
    let _ = writeln!(out, "\n{title}:");
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), name.as_str()));
    for (name, n) in rows {
        let _ = writeln!(out, "{n:>10}  {name}");
    }
}

fn row(counts: &Counts) -> String {
    counts.iter().map(|(word, n)| format!("{word} {n}")).collect::<Vec<_>>().join(", ")
}

fn ops(out: &mut String, coverage: &Coverage) {
    let _ = writeln!(out, "\nopcodes by type:");
    for op in ALL_OPS.iter().filter(|op| !matches!(op.info().status, Status::Out(_))) {
        match (coverage.ops.get(op.name()), op.info().status) {
            (Some(types), _) => {
                let _ = writeln!(out, "  {:7} {}", op.name(), row(types));
            }
            (None, Status::Plain) => {
                let _ = writeln!(out, "  {:7} never", op.name());
            }
            (None, _) => {}
        }
    }
}

fn fusions(out: &mut String, coverage: &Coverage) {
    let _ = writeln!(out, "\nfusions:\n     taken    refused");
    for f in &coverage.fusions {
        let never = match (f.taken, f.refused) {
            (0, _) => "  <- never taken",
            (_, 0) => "  <- never refused",
            _ => "",
        };
        let _ = writeln!(out, "{:>10} {:>10}  {} ({}){never}", f.taken, f.refused, f.rule, f.function);
    }
}

fn lines(out: &mut String, lines: &Lines) {
    let _ = writeln!(out, "\nlines of the backend that can be reached:");
    for file in &lines.files {
        let _ = writeln!(out, "{:>6.2} %  {}: {} of {}", file.percent(), file.name, file.reached, file.reachable);
    }
    for file in &lines.files {
        let _ = writeln!(out, "\n{}: functions with lines that were not reached", file.name);
        for f in file.functions.iter().filter(|f| !f.missed.is_empty()) {
            let why = match f.reason {
                Some(reason) => format!("out of reach: {reason}"),
                None if f.reached == 0 => "never called".into(),
                None => format!("lines {}", spans(&f.missed)),
            };
            let _ = writeln!(out, "{:>5} of {:<4} {} (line {}): {why}", f.reached, f.lines, f.name, f.start);
        }
    }
}

/// Line numbers, neighbours as a span.
pub(super) fn spans(lines: &[u32]) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match spans.last_mut() {
            Some((_, end)) if *line == *end + 1 => *end = *line,
            _ => spans.push((*line, *line)),
        }
    }
    let word = |(a, b): &(u32, u32)| if a == b { a.to_string() } else { format!("{a}-{b}") };
    spans.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_are_one_span() {
        assert_eq!(spans(&[3, 4, 5, 9, 11, 12]), "3-5 9 11-12");
        assert_eq!(spans(&[]), "");
    }

    #[test]
    fn an_opcode_that_was_never_written_is_named() {
        let text = table(&Coverage::new("nothing".into()));
        assert!(text.contains("XLOAD   never"), "{text}");
    }
}
