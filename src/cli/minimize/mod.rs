//! `tracehound minimize`: failing cases made small, each on the backend that it fails on.

mod files;
mod progress;
mod summary;

use super::options::{BackendArgs, WorkerArgs, duration};
use super::replay::read_trace;
use super::run::backend_of;
use super::{Context, End, interrupt};
use crate::campaign::{self, CampaignError, Trials, Workers};
use crate::minimize::{self as library, EndedEarly, Minimized};
use crate::text::{self, TraceFile};
use files::{Job, Outputs};
use progress::Progress;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use summary::{Outcome, Row, Size, Summary};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// .trace files, crash files of libFuzzer, or folders with .trace files
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    /// Where the small case goes, for a single file [default: beside it, NAME.min.trace]
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["out", "in_place"])]
    output: Option<PathBuf>,
    /// Folder for the small cases, under the names of the files
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    out: Option<PathBuf>,
    /// Write each small case over its file
    #[arg(long)]
    in_place: bool,
    /// Longest time for one file; the best so far is written [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
}

pub(super) fn minimize(context: &Context, args: &Args) -> anyhow::Result<End> {
    let outputs = Outputs { file: args.output.clone(), folder: args.out.clone(), in_place: args.in_place };
    let jobs = files::jobs(&args.paths, &outputs)?;
    let workers = args.workers.workers();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers.jobs).build()?;
    let stop = interrupt::stop_flag()?;
    let run = Run { context, args, workers: &workers, pool: &pool, stop };
    let mut trials = BTreeMap::new();
    let mut rows = Vec::new();
    for (n, job) in jobs.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let label = if jobs.len() == 1 { String::new() } else { format!("[{}/{}] ", n + 1, jobs.len()) };
        rows.push(run.one(job, &label, &mut trials));
        if let (Some(row), false, true) = (rows.last(), context.out.json, jobs.len() > 1) {
            super::output::write_out(&format!("{label}{}\n", row.line()))?;
        }
    }
    let summary = Summary::new(rows, jobs.len());
    context.out.result(&summary, || summary.text())?;
    Ok(if stop.load(Ordering::Relaxed) { End::Interrupted } else { summary.end() })
}

/// What all files share.
struct Run<'a> {
    context: &'a Context,
    args: &'a Args,
    workers: &'a Workers,
    pool: &'a rayon::ThreadPool,
    stop: &'a AtomicBool,
}

/// Workers by backend and variant.
type Benches<'a> = BTreeMap<(String, String), Trials<'a>>;

impl<'a> Run<'a> {
    fn one(&self, job: &Job, label: &str, benches: &mut Benches<'a>) -> Row {
        let start = Instant::now();
        let outcome = self.attempt(job, label, benches);
        Row::new(job, outcome, start.elapsed())
    }

    fn attempt(&self, job: &Job, label: &str, benches: &mut Benches<'a>) -> Outcome {
        let broken = |e: anyhow::Error| Outcome::Broken(super::output::chain(&e));
        let opened = read_trace(&job.input).and_then(|(_, file)| {
            let names = backend_of(&self.args.backend, &file)?;
            Ok((file, self.bench(&names, benches)?))
        });
        match opened {
            Ok((file, trials)) => self.reduce(job, label, &file, trials).unwrap_or_else(broken),
            Err(e) => broken(e),
        }
    }

    fn bench<'b>(&self, names: &(String, String), benches: &'b mut Benches<'a>) -> anyhow::Result<&'b Trials<'a>> {
        if !benches.contains_key(names) {
            let plan = self.args.workers.plan(self.context, names.clone())?;
            benches.insert(names.clone(), Trials::open(plan, self.workers)?);
        }
        Ok(&benches[names])
    }

    fn reduce(&self, job: &Job, label: &str, file: &TraceFile, trials: &Trials) -> anyhow::Result<Outcome> {
        let name = format!("{label}{}", job.input.display());
        let progress = Progress::new(name, self.context.quiet, self.args.time, self.stop);
        let found = self.pool.install(|| library::minimize(&file.case, trials, &progress));
        progress.finish();
        match found {
            Ok(found) => Ok(self.write(job, file, trials, found)?),
            Err(library::MinimizeError::Judge(why)) => Ok(Outcome::Broken(why)),
            Err(why) => Ok(Outcome::Refused { why: why.to_string(), backend: trials.id().clone() }),
        }
    }

    /// Writes what was found, done or not: nothing is lost.
    fn write(&self, job: &Job, file: &TraceFile, trials: &Trials, found: Minimized) -> Result<Outcome, CampaignError> {
        let (before, after) = (trials.judge(&file.case)?, trials.judge(&found.case)?);
        let small = campaign::small_file(file, &found.case, trials.id(), &before, &after);
        let text = text::print(&small);
        files::write(&job.output, &text)?;
        Ok(Outcome::Smaller {
            backend: trials.id().clone(),
            bucket: found.bucket,
            before: Size::of(&file.case),
            after: Size::of(&found.case),
            tried: found.tried,
            early: found.ended_early.map(|why| match why {
                EndedEarly::Stopped if self.stop.load(Ordering::Relaxed) => "interrupted".into(),
                EndedEarly::Stopped => "its time was up".into(),
                EndedEarly::Judge(why) => why,
            }),
            code_lines_dropped: !file.shapes.is_empty(),
            text,
        })
    }
}

/// A path in words.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
