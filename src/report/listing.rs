//! A report of findings for a terminal.

use super::dossier::Dossier;
use super::findings::{Other, Report};
use super::hunt_text;

/// The report as text: each finding in some twenty lines, the page that `explain` shows left out.
pub fn findings_text(report: &Report) -> String {
    let mut parts: Vec<String> =
        report.hunts.iter().map(|h| format!("HUNT {}\n{}", h.folder, hunt_text(&h.report))).collect();
    parts.extend(report.findings.iter().enumerate().map(|(i, d)| finding(i + 1, report.findings.len(), d)));
    if !report.others.is_empty() {
        parts.push(format!("NO FINDINGS NOW\n{}", report.others.iter().map(other).collect::<String>()));
    }
    parts.push(report.summary() + "\n");
    visible(&parts.join("\n"))
}

fn finding(n: usize, of: usize, d: &Dossier) -> String {
    let mut lines = vec![format!("FINDING {n} of {of}: {}", d.title)];
    lines.push(format!("class       {}", d.class));
    let times = if d.count == 1 { String::new() } else { format!(", seen {} times", d.count) };
    lines.push(format!("bucket      {}{times}", d.bucket));
    lines.push(format!("backend     {} {}, {}", d.backend.name, d.backend.variant, d.backend.version));
    lines.push(format!("reachable   {}", d.reachable));
    let line = d.case.line.map_or(String::new(), |line| format!(":{line}"));
    lines.push(format!("case        {}{line}, {} instructions", d.case.path, d.case.instructions));
    lines.extend(d.known.iter().map(|k| format!("known       {} {}", k.reason, k.link.as_deref().unwrap_or(""))));
    lines.extend(labelled("expected", &d.story.expected));
    lines.extend(labelled("actual", &d.story.actual));
    lines.extend(labelled("why", &d.story.why));
    lines.extend(blame(d));
    for (name, verdict) in d.releases.iter().flatten() {
        lines.push(format!("release     {name} {verdict}"));
    }
    let steps: Vec<String> = d.steps.iter().map(|s| s.command.clone()).collect();
    lines.extend(labelled("reproduce", &steps));
    lines.extend(labelled("also in", &d.others.iter().map(|o| o.path.clone()).collect::<Vec<_>>()));
    lines.join("\n") + "\n"
}

fn blame(d: &Dossier) -> Vec<String> {
    let Some(blame) = &d.blame else { return vec![] };
    let frames: Vec<String> = blame.chain.iter().map(|f| format!("{} at {}", f.function, f.place())).collect();
    let mut lines = labelled("blame", &frames);
    lines.extend(blame.fields.iter().map(|f| format!("            {}", f.text)));
    lines
}

fn labelled(label: &str, lines: &[String]) -> Vec<String> {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    lines.iter().zip(labels).map(|(line, label)| format!("{label:<11} {line}")).collect()
}

fn other(o: &Other) -> String {
    format!("{:<11} {}: {}\n", o.result.name(), o.path, o.reason)
}

/// Text from files may hold anything; a terminal takes some of it for commands.
fn visible(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_file_reaches_the_terminal_as_a_command() {
        assert_eq!(visible("a\u{1b}[2Jb\nc\u{7}"), "a\u{fffd}[2Jb\nc\u{fffd}");
    }
}
