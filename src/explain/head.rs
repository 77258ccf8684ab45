//! What a sheet is about: the case's settings, the file's words and the verdict.

use super::View;
use super::sheet::{Conclusion, Flag};
use crate::case::{Case, OptFlags};
use crate::oracle::{Finding, Verdict};
use crate::text::{Expect, TraceFile, print_ins};

/// The verdict in a line.
pub fn summary(view: &View) -> String {
    match &view.seen.verdict {
        Verdict::Agree => format!("agree on {}", view.id.name),
        Verdict::Skip(reason) => format!("skipped on {}: {reason}", view.id.name),
        Verdict::Finding(finding) => format!("{} on {}", finding_line(view, finding), view.id.name),
    }
}

fn finding_line(view: &View, finding: &Finding) -> String {
    let ins = |at| print_ins(&view.case().trace, &view.case().world, at);
    let words = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = finding.at.map_or(String::new(), |at| format!(" at {}", words(ins(at))));
    let input = finding.input.map_or(String::new(), |n| format!(", input {}", n + 1));
    format!("{}{at}{input}", finding.class.name())
}

/// The verdict.
pub fn conclusion(view: &View) -> Conclusion {
    match &view.seen.verdict {
        Verdict::Agree => Conclusion::Agree,
        Verdict::Skip(reason) => Conclusion::Skip { reason: reason.clone() },
        Verdict::Finding(f) => Conclusion::Finding {
            class: f.class.name().into(),
            at: f.at.map(|at| at.0),
            op: f.op.map(|(op, ty)| format!("{} {}", op.name(), ty.text())),
            input: f.input.map(|n| n + 1),
            detail: f.detail.clone(),
        },
    }
}

/// The optimisations.
pub fn flags(case: &Case) -> Vec<Flag> {
    case.flags.list().into_iter().map(|(name, on)| Flag { name: name.into(), on }).collect()
}

/// Nothing was switched.
pub fn has_default_flags(case: &Case) -> bool {
    case.flags == OptFlags::default()
}

/// The file's `expect` lines.
pub fn expects(file: &TraceFile) -> Vec<String> {
    file.expects.iter().map(expect).collect()
}

fn expect(e: &Expect) -> String {
    let backend = e.backend.as_deref().unwrap_or("*");
    format!("{backend} {} {}", e.verdict.name(), e.words).trim_end().into()
}
