//! `tracehound triage`: findings by cause, each with its smallest case and whom it is blamed on.

mod report;

use super::backends::ensure;
use super::options::{BackendArgs, WorkerArgs, duration};
use super::{Context, End, interrupt};
use crate::campaign::{self, KnownBugs, Plan, Suspect, Triage, Workers};
use crate::case::Case;
use crate::minimize::Watch;
use anyhow::Context as _;
pub(super) use report::Report;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of hunts, other folders with .trace files, or files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    /// TOML file of bugs that are known: told in a line each, and no finding any more
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Folder for the smallest case of each cause, BUCKET.trace
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Longest time for making one finding small
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s", hide_default_value = false)]
    time: Duration,
}

pub(super) fn triage(context: &Context, args: &Args) -> anyhow::Result<End> {
    let known = read_known(args.known.as_deref())?;
    let suspects = suspects(&args.paths)?;
    let plan = args.workers.plan(context, args.backend.names()?)?;
    let workers = args.workers.workers();
    let sorting = Sorting {
        only: args.backend.is_given(),
        known: &known,
        out: args.out.as_deref(),
        time: args.time,
        stop: interrupt::stop_flag()?,
    };
    let report = sorting.sort(context, &plan, &workers, &suspects)?;
    context.out.result(&report, || report.text())?;
    Ok(report.end(sorting.stop.load(Ordering::Relaxed)))
}

/// How findings are sorted.
pub(super) struct Sorting<'a> {
    /// All on the plan's backend, not each on the one that it names.
    pub only: bool,
    /// Bugs to be set apart.
    pub known: &'a KnownBugs,
    /// Where the smallest case of each cause goes.
    pub out: Option<&'a Path>,
    /// Longest time for making one finding small.
    pub time: Duration,
    /// Ends it early.
    pub stop: &'a AtomicBool,
}

impl Sorting<'_> {
    /// Sorts findings by cause; builds the backends that it takes.
    pub fn sort(
        &self,
        context: &Context,
        plan: &Plan,
        workers: &Workers,
        suspects: &[Suspect],
    ) -> anyhow::Result<Report> {
        let triage = Triage::new(plan, self.only, workers, self.stop)?;
        for spec in triage.builds(suspects)? {
            ensure(context, &spec)?;
        }
        let progress = Progress::new(suspects.len(), context.quiet);
        let watch = || Clock { start: Instant::now(), limit: self.time, stop: self.stop };
        let sorted = triage.run(suspects, watch, || progress.done())?;
        report::report(suspects.len(), sorted, self.known, self.out)
    }
}

/// How far it is, on stderr.
struct Progress {
    files: usize,
    quiet: bool,
    /// How many are done, and when that was said last.
    said: Mutex<(usize, Instant)>,
}

/// Between two lines of progress.
const SAY_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    fn new(files: usize, quiet: bool) -> Progress {
        if !quiet {
            eprintln!("judging {files} files, making them small and blaming them");
        }
        Progress { files, quiet, said: Mutex::new((0, Instant::now())) }
    }

    fn done(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.0 += 1;
        if !self.quiet && said.1.elapsed() >= SAY_EVERY {
            said.1 = Instant::now();
            eprintln!("{} of {} files", said.0, self.files);
        }
    }
}

/// Ends a search when its time is up.
struct Clock<'a> {
    start: Instant,
    limit: Duration,
    stop: &'a AtomicBool,
}

impl Watch for Clock<'_> {
    fn goes_on(&self) -> bool {
        self.start.elapsed() < self.limit && !self.stop.load(Ordering::Relaxed)
    }

    fn sees(&self, _: u64, _: &Case) {}
}

/// The known bugs of a file; none without one.
pub(super) fn read_known(path: Option<&Path>) -> anyhow::Result<KnownBugs> {
    let Some(path) = path else { return Ok(KnownBugs::default()) };
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    KnownBugs::parse(&text).with_context(|| format!("reading {}", path.display()))
}

fn suspects(paths: &[PathBuf]) -> anyhow::Result<Vec<Suspect>> {
    let files = campaign::collect_files(paths)?;
    if files.is_empty() {
        anyhow::bail!(
            "no .trace file in {}",
            paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    let read = |path: PathBuf| {
        let text = campaign::read_text(&path).with_context(|| path.display().to_string())?;
        Ok(Suspect { path: path.display().to_string(), text })
    };
    files.into_iter().map(read).collect()
}
