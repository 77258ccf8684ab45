//! `tracehound replay`: `.trace` files judged again, each against what it expects.

use super::options::{BackendArgs, WorkerArgs};
use super::output::write_out;
use super::{Context, End, interrupt};
use crate::campaign::{self, Outcome, Replayer};
use crate::text::{self, TraceFile};
use anyhow::Context as _;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files, or folders with .trace files
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    /// Write the interpreter's outcome of each input into the files (`run` lines) instead of judging them
    #[arg(long)]
    bless: bool,
}

pub(super) fn replay(context: &Context, args: &Args) -> anyhow::Result<End> {
    let files = campaign::collect_files(&args.paths)?;
    if files.is_empty() {
        let names: Vec<_> = args.paths.iter().map(|p| p.display().to_string()).collect();
        anyhow::bail!("no .trace file in {}", names.join(", "));
    }
    if args.bless {
        return bless_all(&files);
    }
    let plan = args.workers.plan(context, args.backend.names()?)?;
    let workers = args.workers.workers();
    let only = args.backend.backend.is_some() || args.backend.variant.is_some();
    let outcomes = Replayer::new(&plan, only, &workers, interrupt::stop_flag()?).run(&files)?;
    let summary = Summary::new(&files, &outcomes);
    context.out.result(&summary, || summary.text())?;
    Ok(summary.end())
}

#[derive(Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
    broken: usize,
    /// All but those that passed.
    files: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    file: PathBuf,
    result: &'static str,
    reasons: Vec<String>,
}

impl Summary {
    fn new(files: &[PathBuf], outcomes: &[Outcome]) -> Summary {
        let count = |f: fn(&Outcome) -> bool| outcomes.iter().filter(|o| f(o)).count();
        let row = |(file, outcome): (&PathBuf, &Outcome)| {
            let (result, reasons) = match outcome {
                Outcome::Passed(_) => return None,
                Outcome::Failed(reasons) => ("failed", reasons.clone()),
                Outcome::Broken(why) => ("broken", vec![why.clone()]),
            };
            Some(Row { file: file.clone(), result, reasons })
        };
        Summary {
            passed: count(|o| matches!(o, Outcome::Passed(_))),
            failed: count(|o| matches!(o, Outcome::Failed(_))),
            broken: count(|o| matches!(o, Outcome::Broken(_))),
            files: files.iter().zip(outcomes).filter_map(row).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.files {
            text += &format!("{} {}: {}\n", row.result.to_uppercase(), row.file.display(), row.reasons.join("\n    "));
        }
        let broken = if self.broken == 0 { String::new() } else { format!(", {} could not be judged", self.broken) };
        text + &format!("{} passed, {} failed{broken}\n", self.passed, self.failed)
    }

    fn end(&self) -> End {
        match (self.broken, self.failed) {
            (0, 0) => End::Clean,
            (0, _) => End::Found,
            _ => End::Failed,
        }
    }
}

/// Writes `run` lines into all files, or into none: a malformed one is found before any is changed.
fn bless_all(files: &[PathBuf]) -> anyhow::Result<End> {
    let all = files.iter().map(|path| read_trace(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut changed = 0;
    for (path, (old, file)) in files.iter().zip(all) {
        let new = blessed(file);
        if old != new {
            campaign::write_whole(path, new.as_bytes())?;
            changed += 1;
        }
    }
    write_out(&format!("{changed} of {} files changed\n", files.len()))?;
    Ok(End::Clean)
}

fn blessed(file: TraceFile) -> String {
    let runs = campaign::runs(&file.case);
    text::print(&TraceFile { runs, ..file })
}

/// A file's text and what it says.
pub(super) fn read_trace(path: &Path) -> anyhow::Result<(String, TraceFile)> {
    campaign::read_case(path).with_context(|| path.display().to_string())
}
