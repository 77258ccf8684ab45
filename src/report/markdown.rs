//! A report as Markdown: a table of all findings, then each to be opened. Fit for an issue and for GitHub's step summary.

use super::dossier::{Dossier, shell_word};
use super::findings::{HuntPart, Report};
use crate::explain::page;

/// Bytes of a step summary that GitHub takes, with room for what others write to it.
const MOST: usize = 960 << 10;
/// Bytes of one finding's page: longer ones are cut.
const PAGE: usize = 48 << 10;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut text = format!("## tracehound: {}\n\n", report.summary());
    for hunt in &report.hunts {
        text += &hunt_line(hunt);
    }
    if !report.findings.is_empty() {
        text += "| | finding | class | backend | seen | instructions |\n|---:|---|---|---|---:|---:|\n";
        for (i, d) in report.findings.iter().enumerate() {
            text += &row(i + 1, d);
        }
        text += "\n";
    }
    let end = others(report) + &format!("\ntracehound {}\n", report.tracehound);
    for (i, d) in report.findings.iter().enumerate() {
        let part = details(i + 1, d);
        if text.len() + part.len() + end.len() > MOST {
            text += &format!("\nThere is no room for {} more findings.\n", report.findings.len() - i);
            break;
        }
        text += &part;
    }
    text + &end
}

fn hunt_line(hunt: &HuntPart) -> String {
    let r = &hunt.report;
    let warnings: String = r.warnings.iter().map(|w| format!("> **Warning:** {}\n\n", plain(w))).collect();
    let (name, seed, emit) = (plain(&r.hunt.backend.name), r.hunt.seed, r.hunt.emit.name());
    format!("Hunt of {name}: {} cases of seed {seed}, {emit}, {} inputs judged.\n\n{warnings}", r.cases, r.inputs)
}

fn row(n: usize, d: &Dossier) -> String {
    let known = if d.known.is_some() { " (known)" } else { "" };
    format!(
        "| {n} | {}{known} | {} | {} | {} | {} |\n",
        plain(&d.title),
        plain(&d.class),
        plain(&d.backend.selector()),
        d.count,
        d.case.instructions
    )
}

fn details(n: usize, d: &Dossier) -> String {
    let list = |title: &str, lines: &[String]| {
        let items: String = lines.iter().map(|line| format!("- {}\n", plain(line))).collect();
        if items.is_empty() { String::new() } else { format!("**{title}**\n\n{items}\n") }
    };
    let steps: Vec<&str> = d.steps.iter().map(|s| s.command.as_str()).collect();
    let mut text = format!("<details>\n<summary>{n}. {}</summary>\n\n", html(&d.title));
    text += &format!("`{}`, {}\n\n", code_span(&d.bucket), plain(&d.backend.version));
    text += &list("Expected", &d.story.expected);
    text += &list("What happens", &d.story.actual);
    text += &list("Why that is wrong", &d.story.why);
    text += &blame(d);
    text += &releases(d);
    text += &known(d);
    text += &format!("**How to see it again**\n\n{}", fenced("sh", &steps.join("\n")));
    text += &format!("**The case** (`{}`)\n\n{}", code_span(&d.case.path), fenced("", cut(&d.case.text)));
    text += &format!(
        "**IR, machine code, outcome**\n\n{}",
        fenced("", cut(&page(&d.sheet, &shell_word(&d.case.path), &[])))
    );
    text + "</details>\n\n"
}

fn blame(d: &Dossier) -> String {
    let Some(blame) = &d.blame else { return String::new() };
    let mut text = "**Who wrote it**\n\n".to_string();
    for (i, f) in blame.chain.iter().enumerate() {
        let by = if i == 0 { "" } else { "called by " };
        text += &format!("{}. {by}`{}` at `{}`\n", i + 1, code_span(&f.function), code_span(&f.place()));
    }
    let notes: String = blame.fields.iter().map(|f| format!("- {}\n", plain(&f.text))).collect();
    text + "\n" + &notes + if notes.is_empty() { "" } else { "\n" }
}

fn releases(d: &Dossier) -> String {
    let Some(releases) = &d.releases else { return String::new() };
    let rows: String =
        releases.iter().map(|(name, verdict)| format!("| {} | {} |\n", plain(name), plain(verdict))).collect();
    format!("| release | verdict |\n|---|---|\n{rows}\n")
}

fn known(d: &Dossier) -> String {
    d.known.as_ref().map_or(String::new(), |known| {
        let link = known.link.as_deref().map_or(String::new(), |link| format!(" ({})", plain(link)));
        format!("**Known:** {}{link}\n\n", plain(&known.reason))
    })
}

fn others(report: &Report) -> String {
    if report.others.is_empty() {
        return String::new();
    }
    let row = |o: &super::Other| format!("| `{}` | {} | {} |\n", code_span(&o.path), o.result.name(), plain(&o.reason));
    let rows: String = report.others.iter().take(100).map(row).collect();
    let left = report.others.len().saturating_sub(100);
    let more = if left > 0 { format!("\nAnd {left} more.\n") } else { String::new() };
    format!("No findings now:\n\n| case | result | reason |\n|---|---|---|\n{rows}{more}")
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(PAGE)]
}

/// A fence that the text does not end.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n\n", visible(text).trim_end_matches('\n'))
}

/// Text on one line in which nothing means anything to Markdown, HTML or GitHub, but for code in back quotes, which stays.
fn plain(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let pairs = parts.len() % 2 == 1;
    let part = |(i, part): (usize, &&str)| match (pairs, i % 2) {
        (true, 1) if !part.is_empty() => format!("`{}`", code_span(part)),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(if pairs { "" } else { "'" })
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            // A mention or a reference notifies people.
            '@' => out += "&#64;",
            '#' => out += "&#35;",
            '\\' | '|' | '*' | '_' | '[' | ']' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// What may stand between single back quotes, in a table, too.
fn code_span(text: &str) -> String {
    one_line(text).replace('`', "'").replace('|', "¦")
}

/// Text within HTML.
fn html(text: &str) -> String {
    let text = one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "&#64;");
    let parts: Vec<&str> = text.split('`').collect();
    let code = |(i, part): (usize, &&str)| if i % 2 == 1 { format!("<code>{part}</code>") } else { part.to_string() };
    if parts.len() % 2 == 1 { parts.iter().enumerate().map(code).collect() } else { text }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(plain("a|b <img> @me #1 [x](y) `c|d` e"), "a\\|b &lt;img&gt; &#64;me &#35;1 \\[x\\](y) `c¦d` e");
        assert_eq!(plain("one ` quote"), "one ' quote");
        assert_eq!(html("</summary> `x<y`"), "&lt;/summary&gt; <code>x&lt;y</code>");
        assert_eq!(fenced("", "a\n````\nb"), "`````\na\n````\nb\n`````\n\n");
    }
}
