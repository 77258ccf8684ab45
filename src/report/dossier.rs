//! All about one finding, for every rendering: what a maintainer asks first, in the order of a good bug report.
//!
//! That is: the smallest case, plain steps, what is expected and why, what happens instead, versions, known duplicates.

use super::blame::Blame;
use super::story::{Story, story};
use super::title::title;
use crate::backend::BackendId;
use crate::explain::{Conclusion, Sheet};
use serde::Serialize;
use std::collections::BTreeMap;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dossier {
    /// Its bucket and backend as one word, fit for a file's name; no two findings of a report have the same.
    pub id: String,
    /// Its bucket: findings of the same one are taken for the same bug.
    pub bucket: String,
    /// Its class.
    pub class: String,
    /// What is wrong, in a sentence without a full stop.
    pub title: String,
    /// What is expected, why, and what happens.
    #[serde(flatten)]
    pub story: Story,
    /// Findings of the bucket that were seen.
    pub count: u64,
    /// Files of other cases of the bucket, the smallest first.
    pub others: Vec<OtherCase>,
    /// The backend.
    pub backend: BackendId,
    /// Version of tracehound.
    pub tracehound: String,
    /// The case.
    pub case: CaseFile,
    /// How to see it again.
    pub steps: Vec<Step>,
    /// Whether the recorder could get here, in words.
    pub reachable: String,
    /// Who is to be blamed, if that was asked.
    pub blame: Option<Blame>,
    /// Verdicts of releases, if they were tried: by name.
    pub releases: Option<BTreeMap<String, String>>,
    /// The known bug that it is, if it is one.
    pub known: Option<Known>,
    /// All that was seen of the case.
    pub sheet: Sheet,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseFile {
    /// Where it is, as the user named it.
    pub path: String,
    /// Its file's text.
    pub text: String,
    /// The line in the file of the instruction that the finding is pinned to, from 1.
    pub line: Option<usize>,
    /// Instructions of its traces.
    pub instructions: usize,
    /// How a hunt came to it, as a command.
    pub generated_by: Option<String>,
}

/// Another case of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherCase {
    /// Where it is, as the user named it.
    pub path: String,
    /// Instructions of its traces.
    pub instructions: usize,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// In words.
    pub text: String,
    /// The command.
    pub command: String,
}

/// A bug that someone knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Why it is accepted.
    pub reason: String,
    /// Where it is talked about.
    pub link: Option<String>,
}

/// What a dossier is made from.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The bucket.
    pub bucket: String,
    /// Where the case is, as the user named it.
    pub path: String,
    /// Its file's text.
    pub text: String,
    /// All that was seen of it.
    pub sheet: Sheet,
    /// Findings of the bucket that were seen.
    pub count: u64,
    /// Other cases of the bucket.
    pub others: Vec<OtherCase>,
    /// How a hunt came to it.
    pub generated_by: Option<String>,
    /// The backend is the built-in one.
    pub builtin: bool,
}

impl Dossier {
    /// The dossier of a finding.
    pub fn new(evidence: Evidence) -> Dossier {
        let Evidence { bucket, path, text, sheet, count, others, generated_by, builtin } = evidence;
        let class = match &sheet.verdict {
            Conclusion::Finding { class, .. } => class.clone(),
            Conclusion::Agree | Conclusion::Skip { .. } => String::new(),
        };
        let line = marked_line(&text, &sheet);
        let case = CaseFile { line, instructions: sheet.written, generated_by, path, text };
        Dossier {
            id: word(&format!("{}-{bucket}", sheet.backend.selector())),
            title: title(&class, &sheet),
            story: story(&class, &sheet),
            count,
            others,
            backend: sheet.backend.clone(),
            tracehound: env!("CARGO_PKG_VERSION").into(),
            steps: steps(&sheet.backend, builtin, &case.path),
            case,
            reachable: sheet.reach.clone(),
            blame: None,
            releases: None,
            known: None,
            bucket,
            class,
            sheet,
        }
    }

    /// The same with someone to blame.
    #[must_use]
    pub fn blaming(self, blame: Blame) -> Dossier {
        let by = blame.function.as_ref().map_or(String::new(), |function| format!(", by `{function}`"));
        Dossier { title: format!("{}{by}", self.title), blame: Some(blame), ..self }
    }
}

/// Whatever could mean something to a shell, a file system or a URL becomes `-`.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    text.chars().map(plain).collect::<String>().trim_start_matches(['.', '-']).into()
}

/// How to see it again, from nothing but tracehound and the case.
fn steps(id: &BackendId, builtin: bool, path: &str) -> Vec<Step> {
    let step = |text: &str, command: String| Step { text: text.into(), command };
    let variant = if id.variant == "plain" { String::new() } else { format!(" --variant {}", id.variant) };
    let (backend, file) = (shell_word(&id.selector()), shell_word(path));
    let add = format!("tracehound backends add {}{variant}", shell_word(&id.name));
    let build = (!builtin).then(|| step("Build the backend, unless it was built before", add));
    let rest = [
        step("Judge the case again", format!("tracehound replay --backend {backend} {file}")),
        step("See what happens, word by word", format!("tracehound explain --backend {backend} {file}")),
    ];
    build.into_iter().chain(rest).collect()
}

/// A word as a shell takes it.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@=+,:".contains(c);
    let is_plain = !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
    if is_plain { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The line of the first marked instruction. Refs are counted, as the parser does: their numbers in the file may have gaps.
fn marked_line(text: &str, sheet: &Sheet) -> Option<usize> {
    let (trace, row) = sheet.traces.iter().find_map(|t| Some((t.number, t.ir.iter().find(|row| row.marked)?)))?;
    let start = format!("---- TRACE {trace}");
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| !line.trim_start().starts_with(&start));
    let is_ins = |line: &str| line.trim_start().starts_with(|c: char| c.is_ascii_digit());
    lines.by_ref().filter(|(_, line)| is_ins(line)).nth(usize::from(row.at?).checked_sub(1)?).map(|(n, _)| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_reaches_the_shell_as_it_is() {
        assert_eq!(shell_word("luajit@210.4.6/assert"), "luajit@210.4.6/assert");
        assert_eq!(shell_word("my hunt/it's.trace"), r"'my hunt/it'\''s.trace'");
        assert_eq!(shell_word("-rf"), "'-rf'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn an_id_is_one_word() {
        assert_eq!(word("luajit@/home/x y/assert-wrong-exit"), "luajit--home-x-y-assert-wrong-exit");
        assert_eq!(word("../<b>"), "b-");
    }
}
