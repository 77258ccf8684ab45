//! Coverage as one self-contained HTML page, with the lines that were never reached from the user's own source tree.

use super::text::spans;
use super::{Counts, Coverage, SourceFile};
use maud::{DOCTYPE, Markup, html};
use std::path::Path;

const STYLE: &str = "
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
pre { overflow-x: auto; margin: 0; font: 13px/1.4 ui-monospace, monospace; }
.missed { background: color-mix(in srgb, crimson 22%, transparent); display: block; }
.never { color: crimson; }
summary { cursor: pointer; }
";

/// The page. `tree` is the `src` folder that the backend was built from; lines are shown from there, nowhere else are they kept.
pub fn page(coverage: &Coverage, tree: Option<&Path>) -> String {
    let title = format!("Coverage of {}", coverage.backend);
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                (counts("Cases", &coverage.cases))
                @if let Some(lines) = &coverage.lines {
                    h2 { "Lines of the backend" }
                    @for file in &lines.files { (source(file, tree)) }
                }
                h2 { "Fusions" }
                (fusions(coverage))
                h2 { "Opcodes by type" }
                div.wide { table {
                    @for (op, types) in &coverage.ops {
                        tr { th { (op) } td { (row(types)) } }
                    }
                } }
                h2 { "Literals and constants" }
                div.wide { table {
                    @for (kind, words) in &coverage.literals {
                        tr { th { (kind) } td { (row(words)) } }
                    }
                } }
                (counts("Machine instructions", &coverage.instructions))
                (counts("Runs left at", &coverage.exits))
            }
        }
    };
    body.into_string()
}

fn row(counts: &Counts) -> String {
    counts.iter().map(|(word, n)| format!("{word} {n}")).collect::<Vec<_>>().join(", ")
}

fn counts(title: &str, counts: &Counts) -> Markup {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), name.as_str()));
    html! {
        h2 { (title) }
        table { @for (name, n) in rows { tr { td.n { (n) } td { (name) } } } }
    }
}

fn fusions(coverage: &Coverage) -> Markup {
    html! {
        div.wide { table {
            tr { th.n { "taken" } th.n { "refused" } th { "rule" } th { "function" } }
            @for f in &coverage.fusions {
                tr {
                    td.n.never[f.taken == 0] { (f.taken) }
                    td.n.never[f.refused == 0] { (f.refused) }
                    td { (f.rule) }
                    td { code { (f.function) } }
                }
            }
        } }
    }
}

fn source(file: &SourceFile, tree: Option<&Path>) -> Markup {
    let text = tree.and_then(|t| std::fs::read_to_string(t.join(&file.name)).ok());
    let text: Vec<&str> = text.as_deref().map(|t| t.lines().collect()).unwrap_or_default();
    html! {
        h3 { (file.name) ": " (format!("{:.2}", file.percent())) " % (" (file.reached) " of " (file.reachable) " lines)" }
        @for f in file.functions.iter().filter(|f| !f.missed.is_empty()) {
            details {
                summary {
                    code { (f.name) } " line " (f.start) ": " (f.reached) " of " (f.lines)
                    @match f.reason {
                        Some(reason) => { ", out of reach: " (reason) }
                        None => { ", missed " (spans(&f.missed)) }
                    }
                }
                pre {
                    @for line in f.start..=f.end {
                        @let shown = text.get(line as usize - 1).copied().unwrap_or_default();
                        @if f.missed.contains(&line) {
                            span.missed { (format!("{line:>5} {shown}")) }
                        } @else {
                            (format!("{line:>5} {shown}\n"))
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Lines, lines::Function};
    use super::*;

    #[test]
    fn the_page_escapes_source_lines_and_marks_missed_ones() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("a.c"), "one\nif (a<b)\nthree\n").expect("written");
        let function =
            Function { name: "f".into(), start: 1, end: 3, lines: 3, reached: 2, missed: vec![2], reason: None };
        let file = SourceFile { name: "a.c".into(), reachable: 3, reached: 2, functions: vec![function] };
        let coverage = Coverage { lines: Some(Lines { files: vec![file] }), ..Coverage::new("luajit".into()) };
        let page = page(&coverage, Some(dir.path()));
        assert!(page.contains(r#"<span class="missed">    2 if (a&lt;b)</span>"#), "{page}");
        assert!(page.contains("66.67 %"), "{page}");
    }
}
