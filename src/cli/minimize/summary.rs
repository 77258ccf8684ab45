//! What came of all files, as text and JSON.

use super::files::Job;
use super::shown;
use crate::backend::BackendId;
use crate::case::Case;
use crate::cli::End;
use crate::minimize::instructions;
use serde::Serialize;
use std::time::Duration;

/// How much there is of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Size {
    instructions: usize,
    snapshots: usize,
    inputs: usize,
    regions: usize,
    bytes: u64,
    objects: usize,
    side_trace: bool,
}

impl Size {
    pub(super) fn of(case: &Case) -> Size {
        let side = case.side.as_ref();
        Size {
            instructions: instructions(case),
            snapshots: case.trace.snaps.len() + side.map_or(0, |s| s.trace.snaps.len()),
            inputs: case.inputs.len(),
            regions: case.world.regions.len(),
            bytes: case.world.regions.iter().map(|r| u64::from(r.size)).sum(),
            objects: case.world.objects.len(),
            side_trace: side.is_some(),
        }
    }

    fn words(&self) -> String {
        let side = if self.side_trace { " in two traces" } else { "" };
        let objects = if self.objects == 0 { String::new() } else { format!(", {}", count(self.objects, "object")) };
        format!(
            "{}{side}, {}, {}, {} bytes in {}{objects}",
            count(self.instructions, "instruction"),
            count(self.snapshots, "snapshot"),
            count(self.inputs, "input"),
            self.bytes,
            count(self.regions, "region"),
        )
    }
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// What came of one file.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It is as small as it gets, or was when the search ended.
    Smaller {
        backend: BackendId,
        bucket: String,
        before: Size,
        after: Size,
        tried: u64,
        /// Why the search ended before it was done.
        early: Option<String>,
        code_lines_dropped: bool,
        /// The small file.
        text: String,
    },
    /// The case can't be minimised.
    Refused { why: String, backend: BackendId },
    /// The file can't be read, the backend can't be opened, nothing can be written.
    Broken(String),
}

/// One file in the result.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    file: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<u64>,
    elapsed_s: f64,
    /// Why it was not minimised, or not to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Row {
    pub(super) fn new(job: &Job, outcome: Outcome, elapsed: Duration) -> Row {
        let row = Row {
            file: shown(&job.input),
            result: "broken",
            output: None,
            backend: None,
            variant: None,
            bucket: None,
            before: None,
            after: None,
            candidates: None,
            elapsed_s: elapsed.as_secs_f64(),
            why: None,
            text: None,
        };
        match outcome {
            Outcome::Broken(why) => Row { why: Some(why), ..row },
            Outcome::Refused { why, backend } => {
                let (backend, variant) = (Some(backend.name), Some(backend.variant));
                Row { result: "refused", why: Some(why), backend, variant, ..row }
            }
            Outcome::Smaller { backend, bucket, before, after, tried, early, code_lines_dropped, text } => Row {
                result: if early.is_some() { "unfinished" } else { "minimized" },
                output: Some(shown(&job.output)),
                backend: Some(backend.name),
                variant: Some(backend.variant),
                bucket: Some(bucket),
                before: Some(before),
                after: Some(after),
                candidates: Some(tried),
                why: early
                    .or(code_lines_dropped
                        .then(|| "its `code` lines, which name old instructions, were left out".into())),
                text: Some(text),
                ..row
            },
        }
    }

    /// It in one line.
    pub(super) fn line(&self) -> String {
        let why = self.why.as_deref().unwrap_or_default();
        let (Some(before), Some(after)) = (self.before, self.after) else {
            let on = self.backend.as_ref().map_or(String::new(), |b| format!(" on {b}"));
            let place = if why.contains(&self.file) { String::new() } else { format!("{}: ", self.file) };
            return format!("{place}{why}{on}");
        };
        let (from, to) = (before.instructions, count(after.instructions, "instruction"));
        let early = if why.is_empty() { String::new() } else { format!(" ({why})") };
        format!("{}: {from} to {to}, {:.1} s{early}", self.file, self.elapsed_s)
    }

    /// It with its sizes and the small IR.
    fn page(&self) -> String {
        let (Some(before), Some(after), Some(text)) = (self.before, self.after, &self.text) else {
            return format!("{}\n", self.line());
        };
        let get = |s: &Option<String>| s.clone().unwrap_or_default();
        let why = self.why.as_ref().map_or(String::new(), |why| format!("note     {why}\n"));
        format!(
            "{text}\nbucket   {} on {} {}\nbefore   {}\nafter    {}\nsearch   {} candidates in {:.1} s\n{why}written  {}\n",
            get(&self.bucket),
            get(&self.backend),
            get(&self.variant),
            before.words(),
            after.words(),
            self.candidates.unwrap_or(0),
            self.elapsed_s,
            get(&self.output),
        )
    }
}

/// All files.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    minimized: usize,
    refused: usize,
    broken: usize,
    unfinished: usize,
    /// Files that were not begun.
    left: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_instructions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst_instructions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst_s: Option<f64>,
    files: Vec<Row>,
}

impl Summary {
    pub(super) fn new(files: Vec<Row>, jobs: usize) -> Summary {
        let count = |result: &str| files.iter().filter(|r| r.result == result).count();
        let small = || files.iter().filter(|r| r.after.is_some());
        let mut sizes: Vec<usize> = small().filter_map(|r| Some(r.after?.instructions)).collect();
        let mut times: Vec<f64> = small().map(|r| r.elapsed_s).collect();
        sizes.sort_unstable();
        times.sort_by(f64::total_cmp);
        Summary {
            minimized: count("minimized"),
            refused: count("refused"),
            broken: count("broken"),
            unfinished: count("unfinished"),
            left: jobs - files.len(),
            median_instructions: sizes.get(sizes.len() / 2).copied(),
            worst_instructions: sizes.last().copied(),
            median_s: times.get(times.len() / 2).copied(),
            worst_s: times.last().copied(),
            files,
        }
    }

    pub(super) fn text(&self) -> String {
        match &self.files[..] {
            [only] if self.left == 0 => only.page(),
            _ => self.table(),
        }
    }

    /// The lines of the files are out by now.
    fn table(&self) -> String {
        let mut text = format!("{} minimised", self.minimized);
        let rest = [
            (self.unfinished, "unfinished"),
            (self.refused, "do not fail so"),
            (self.broken, "broken"),
            (self.left, "not begun"),
        ];
        for (n, what) in rest.into_iter().filter(|(n, _)| *n > 0) {
            text += &format!(", {n} {what}");
        }
        if let (Some(median), Some(worst), Some(time), Some(longest)) =
            (self.median_instructions, self.worst_instructions, self.median_s, self.worst_s)
        {
            text += &format!(
                "; instructions: median {median}, worst {worst}; time: median {time:.1} s, worst {longest:.1} s"
            );
        }
        text + "\n"
    }

    pub(super) fn end(&self) -> End {
        match (self.broken, self.refused) {
            (0, 0) => End::Clean,
            (0, _) => End::Found,
            _ => End::Failed,
        }
    }
}
