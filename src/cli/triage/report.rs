//! Causes as they are told.

use crate::blame;
use crate::campaign::{Cause, KnownBug, KnownBugs, Odd, Sorted, write_whole};
use crate::cli::End;
use anyhow::Context as _;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// A cause as it is told.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    cause: Cause,
    /// The file of its smallest case.
    case: Option<String>,
    known: Option<KnownBug>,
}

/// All that is told of a triage.
#[derive(Serialize)]
pub(in crate::cli) struct Report {
    files: usize,
    causes: Vec<Row>,
    flaky: Vec<Odd>,
    gone: Vec<Odd>,
    broken: Vec<Odd>,
}

/// Sets known bugs apart, and writes the smallest case of each cause into a folder.
pub(super) fn report(files: usize, sorted: Sorted, known: &KnownBugs, out: Option<&Path>) -> anyhow::Result<Report> {
    let Sorted { causes, flaky, gone, broken } = sorted;
    let mut rows = vec![];
    for cause in causes {
        let known = known.find(&cause.bucket, &cause.backend).cloned();
        let case = out.map(|out| write(out, &cause)).transpose()?;
        rows.push(Row { cause, case, known });
    }
    // The commonest first.
    rows.sort_by_key(|row| (row.known.is_some(), std::cmp::Reverse(row.cause.files.len())));
    Ok(Report { files, causes: rows, flaky, gone, broken })
}

fn write(out: &Path, cause: &Cause) -> anyhow::Result<String> {
    let backend: String =
        cause.backend.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let folder = out.join(backend);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(format!("{}.trace", cause.bucket));
    write_whole(&path, cause.text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path.display().to_string())
}

impl Report {
    /// The exit status: known bugs are no findings.
    pub(in crate::cli) fn end(&self, stopped: bool) -> End {
        if stopped {
            return End::Interrupted;
        }
        match (self.broken.is_empty(), self.causes.iter().any(|row| row.known.is_none()) || !self.flaky.is_empty()) {
            (false, _) => End::Failed,
            (true, true) => End::Found,
            (true, false) => End::Clean,
        }
    }

    /// Cause by cause.
    pub(in crate::cli) fn text(&self) -> String {
        let mut text = format!("{} files, {} causes\n", self.files, self.causes.len());
        for row in &self.causes {
            text += &row.text();
        }
        for (what, odd) in [("flaky", &self.flaky), ("no finding", &self.gone), ("broken", &self.broken)] {
            for odd in odd {
                text += &format!("{what:<11} {}: {}\n", odd.path, odd.why);
            }
        }
        text
    }
}

impl Row {
    fn text(&self) -> String {
        let cause = &self.cause;
        let head = format!("\n{} on {}\n", cause.bucket, cause.backend);
        if let Some(known) = &self.known {
            let link = known.link.as_ref().map_or(String::new(), |link| format!(" ({link})"));
            return head + &format!("known       {} files: {}{link}\n", cause.files.len(), known.reason);
        }
        let classes: Vec<String> = cause.classes.iter().map(|(class, n)| format!("{n} {class}")).collect();
        let mut text = head + &format!("files       {}\n", classes.join(", "));
        let case = self.case.as_deref().unwrap_or(&cause.files[0]);
        text += &format!("smallest    {case}: {} instructions\n", cause.instructions);
        if let Some(why) = &cause.not_minimised {
            text += &format!("not small   {why}\n");
        }
        for line in cause.blame.iter().flat_map(blame::lines) {
            text += &format!("{line}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn cause(bucket: &str) -> Cause {
        Cause {
            bucket: bucket.into(),
            backend: "luajit@210.4.6".into(),
            classes: BTreeMap::from([("hang".into(), 1)]),
            files: vec![format!("{bucket}.trace")],
            instructions: 4,
            text: String::new(),
            blame: None,
            not_minimised: None,
        }
    }

    #[test]
    fn known_bugs_take_a_line_and_are_no_findings() {
        let known = "[[known]]\nbucket = 'old'\nreason = 'reported'\nlink = 'https://example.org/1'\n";
        let known = KnownBugs::parse(known).expect("a good file");
        let told = |buckets: &[&str]| {
            let causes = buckets.iter().map(|b| cause(b)).collect();
            report(buckets.len(), Sorted { causes, ..Sorted::default() }, &known, None).expect("nothing is written")
        };
        let both = told(&["new", "old"]);
        assert_eq!((both.end(false), told(&["old"]).end(false)), (End::Found, End::Clean));
        assert!(
            both.text().ends_with("old on luajit@210.4.6\nknown       1 files: reported (https://example.org/1)\n")
        );
        assert!(
            both.text().contains("new on luajit@210.4.6\nfiles       1 hang\nsmallest    new.trace: 4 instructions\n")
        );
    }

    #[test]
    fn flaky_findings_are_told_apart_and_count() {
        let odd = Odd { path: "x.trace".into(), why: "hang, then agree".into() };
        let sorted = Sorted { flaky: vec![odd], ..Sorted::default() };
        let report = report(1, sorted, &KnownBugs::default(), None).expect("nothing is written");
        assert_eq!((report.end(false), report.end(true)), (End::Found, End::Interrupted));
        assert!(report.text().ends_with("flaky       x.trace: hang, then agree\n"), "{}", report.text());
    }
}
