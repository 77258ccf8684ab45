//! The first and the last lines: which backend, which case, what came of it and how to see it again.

use crate::explain::sheet::{Conclusion, Sheet};

/// What the page is about.
pub fn head(sheet: &Sheet) -> Vec<String> {
    let mut lines = vec![
        format!("tracehound explain: {}", sheet.summary),
        String::new(),
        format!("backend    {} {}", sheet.backend.name, sheet.backend.variant),
        format!("version    {}", sheet.backend.version),
        format!("emit       {}, {}", sheet.emit, flags(sheet)),
        format!("reachable  {}", sheet.reach),
    ];
    lines.extend(sheet.found_on.iter().map(|b| format!("found on   {b}")));
    lines.extend(sheet.expects.iter().map(|e| format!("expect     {e}")));
    lines.extend(sheet.notes.iter().map(|note| format!("note       {note}")));
    lines
}

/// The verdict with its details, and the commands that repeat it.
pub fn verdict(sheet: &Sheet, file: &str) -> Vec<String> {
    let mut lines = vec![format!("---- VERDICT {}", sheet.summary)];
    if let Conclusion::Finding { detail, .. } = &sheet.verdict {
        lines.extend(detail.iter().cloned());
    }
    let backend = sheet.backend.selector();
    lines.push(format!("reproduce: tracehound replay {file} --backend {backend}"));
    lines.push(format!("           tracehound explain {file} --backend {backend}"));
    lines
}

fn flags(sheet: &Sheet) -> String {
    let default = if sheet.default_flags { "default flags" } else { "flags" };
    let switches = sheet.flags.iter().map(|f| format!(" {}{}", if f.on { '+' } else { '-' }, f.name));
    format!("{default}{}", switches.collect::<String>())
}
