//! The first and the last lines: which backend, which case, what came of it and how to see it again.

use super::Page;
use crate::case::OptFlags;
use crate::oracle::{Finding, Verdict};
use crate::text::Expect;

/// What the page is about.
pub fn section(page: &Page) -> Vec<String> {
    let file = page.file;
    let mut lines = vec![
        format!("tracehound explain: {}", summary(page)),
        String::new(),
        format!("backend    {} {}", page.id.name, page.id.variant),
        format!("version    {}", page.id.version),
        format!("emit       {}, {}", file.case.emit.name(), flags(&file.case.flags)),
        format!("reachable  {}", page.reach),
    ];
    lines.extend(file.backend.iter().map(|b| format!("found on   {b}")));
    lines.extend(file.expects.iter().map(|e| format!("expect     {}", expect(e))));
    lines.extend(file.notes.iter().map(|note| format!("note       {note}")));
    lines
}

/// The verdict with its details, and the commands that repeat it.
pub fn verdict(page: &Page) -> Vec<String> {
    let mut lines = vec![format!("---- VERDICT {}", summary(page))];
    lines.extend(page.finding().into_iter().flat_map(|f| f.detail.iter().cloned()));
    let backend = selector(page);
    lines.push(format!("reproduce: tracehound replay FILE --backend {backend}"));
    lines.push(format!("           tracehound explain FILE --backend {backend}"));
    lines
}

fn summary(page: &Page) -> String {
    match &page.seen.verdict {
        Verdict::Agree => format!("agree on {}", page.id.name),
        Verdict::Skip(reason) => format!("skipped on {}: {reason}", page.id.name),
        Verdict::Finding(finding) => format!("{} on {}", finding_line(page, finding), page.id.name),
    }
}

fn finding_line(page: &Page, finding: &Finding) -> String {
    let at = finding.at.map_or(String::new(), |at| format!(" at {}", page.ins(at)));
    let input = finding.input.map_or(String::new(), |n| format!(", input {}", n + 1));
    format!("{}{at}{input}", finding.class.name())
}

fn flags(flags: &OptFlags) -> String {
    let default = if *flags == OptFlags::default() { "default flags" } else { "flags" };
    let switches = flags.list().into_iter().map(|(name, on)| format!(" {}{name}", if on { '+' } else { '-' }));
    format!("{default}{}", switches.collect::<String>())
}

fn expect(e: &Expect) -> String {
    let backend = e.backend.as_deref().unwrap_or("*");
    format!("{backend} {} {}", e.verdict.name(), e.words).trim_end().into()
}

/// What the command line calls this build.
fn selector(page: &Page) -> String {
    match page.id.variant.as_str() {
        "plain" => page.id.name.clone(),
        variant => format!("{}/{variant}", page.id.name),
    }
}
