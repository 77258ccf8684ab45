//! `tracehound ledger`: historical bugs, and how long a hunt takes to find each.

use super::backends::ensure;
use super::options::{CaseArgs, WorkerArgs, duration};
use super::replay::read_trace;
use super::{Context, End, interrupt};
use crate::campaign::{Plan, Workers, write_whole};
use crate::ledger::{Benchmark, Bug, Court, Ledger, Run, Score, bugs_text, scores_text};
use anyhow::Context as _;
use rayon::prelude::*;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Where the cases of the built-in table are, from a checkout's root.
const CORPUS: &str = "corpus";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this bug; may be repeated
    #[arg(long = "bug", value_name = "ID")]
    bugs: Vec<String>,
    /// Hunt each bug by so many seeds, each from nothing to its first hit [default: 5, with --time]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,
    /// How long a seed may take to find a bug [default: 120s, with --seeds]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// The first seed; the others follow it
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Hunt as `hunt --guided` does, on the variant `guided` of the backend with the bug
    #[arg(long)]
    guided: bool,
    /// Instead of hunting, see that each bug's cases are hits of it and of no other bug
    #[arg(long, conflicts_with_all = ["seeds", "time", "guided"])]
    check: bool,
    /// Folder for the first hit of each run, BUG-SEED.trace
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Another table, in TOML, with its cases beside it [default: the one that is built in, of corpus/ledger.toml]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    workers: WorkerArgs,
}

pub(super) fn ledger(context: &Context, args: &Args) -> anyhow::Result<End> {
    let bugs = table(args.file.as_deref())?.only(&args.bugs)?.bugs;
    if args.check {
        return check(context, args, &bugs);
    }
    if args.seeds.is_none() && args.time.is_none() {
        context.out.result(&bugs, || bugs_text(&bugs))?;
        return Ok(End::Clean);
    }
    hunt(context, args, &bugs)
}

fn table(file: Option<&Path>) -> anyhow::Result<Ledger> {
    let Some(path) = file else { return Ok(Ledger::built_in()?) };
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ledger::parse(&text).with_context(|| format!("reading {}", path.display()))
}

/// How cases are made and judged, but for backend and seed.
fn plan(context: &Context, args: &Args) -> anyhow::Result<Plan> {
    let plan = args.workers.plan(context, (String::new(), String::new()))?;
    let (ops, knobs) = (args.case.ops()?.unwrap_or_default(), args.case.knobs().unwrap_or_default());
    Ok(Plan { ops, knobs, emit: args.case.emit().unwrap_or_default(), guided: args.guided, ..plan })
}

/// Builds what is not there.
fn build(context: &Context, bugs: &[Bug], guided: bool) -> anyhow::Result<()> {
    for bug in bugs {
        for spec in [bug.hunted(guided)?, bug.good()?, bug.recording()?] {
            ensure(context, &spec)?;
        }
    }
    Ok(())
}

fn hunt(context: &Context, args: &Args, bugs: &[Bug]) -> anyhow::Result<End> {
    let (plan, workers) = (plan(context, args)?, args.workers.workers());
    build(context, bugs, args.guided)?;
    let stop = interrupt::stop_flag()?;
    let limit = args.time.unwrap_or(Duration::from_secs(120));
    let seeds = args.seed..args.seed.saturating_add(args.seeds.unwrap_or(5));
    let bench = Benchmark { plan: &plan, workers: &workers, limit, stop };
    let one = |bug: &Bug| -> anyhow::Result<Score> {
        let runs = bench.run(bug, seeds.clone(), |run| told(context, bug, run))?;
        runs.iter().try_for_each(|run| keep(args.out.as_deref(), bug, run))?;
        Ok(Score::new(bug, runs))
    };
    let threads = threads(&workers)?;
    let scores: Vec<Score> = threads.install(|| bugs.par_iter().with_max_len(1).map(one).collect::<Result<_, _>>())?;
    if stop.load(Ordering::Relaxed) {
        return Ok(End::Interrupted);
    }
    context.out.result(&scores, || scores_text(&scores))?;
    Ok(if scores.iter().any(|score| score.missed > 0) { End::Found } else { End::Clean })
}

fn threads(workers: &Workers) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(workers.jobs).build().context("cannot start threads")
}

fn told(context: &Context, bug: &Bug, run: &Run) {
    if context.quiet {
        return;
    }
    match &run.hit {
        Some(hit) => {
            eprintln!("{} seed {}: {} in case {} after {:.1} s", bug.id, run.seed, hit.class, hit.index, hit.seconds);
        }
        None => eprintln!("{} seed {}: nothing in {} cases, {:.1} s", bug.id, run.seed, run.cases, run.seconds),
    }
}

fn keep(out: Option<&Path>, bug: &Bug, run: &Run) -> anyhow::Result<()> {
    let (Some(out), Some(hit)) = (out, &run.hit) else { return Ok(()) };
    let path = out.join(format!("{}-{}.trace", bug.id, run.seed));
    write_whole(&path, hit.text.as_bytes()).with_context(|| format!("writing {}", path.display()))
}

/// A case of the ledger, and which bugs it is a hit of.
#[derive(Serialize)]
struct Checked {
    case: PathBuf,
    bug: String,
    hits: Vec<String>,
}

impl Checked {
    fn is_right(&self) -> bool {
        self.hits.iter().eq([&self.bug])
    }

    fn text(&self) -> String {
        let hits = if self.hits.is_empty() { "no bug".into() } else { self.hits.join(", ") };
        let verdict = if self.is_right() { "ok   " } else { "wrong" };
        format!("{verdict} {}: a hit of {hits}, is to be one of {}\n", self.case.display(), self.bug)
    }
}

fn check(context: &Context, args: &Args, bugs: &[Bug]) -> anyhow::Result<End> {
    let (plan, workers) = (plan(context, args)?, args.workers.workers());
    // A case must not be a hit of any other bug of the table, chosen or not.
    let all = table(args.file.as_deref())?.bugs;
    build(context, &all, false)?;
    let folder = args.file.as_deref().map_or(Path::new(CORPUS), |file| file.parent().unwrap_or(Path::new("")));
    let cases: Vec<(&Bug, PathBuf)> =
        bugs.iter().flat_map(|bug| bug.cases.iter().map(move |case| (bug, folder.join(case)))).collect();
    let texts = cases.iter().map(|(_, path)| Ok(read_trace(path)?.0)).collect::<anyhow::Result<Vec<String>>>()?;
    let hits_of = |bug: &Bug| -> anyhow::Result<Vec<bool>> {
        let mut court = Court::open(bug, &plan, &workers)?;
        texts.iter().map(|text| Ok(court.is_hit(text)?)).collect()
    };
    let hits = threads(&workers)?
        .install(|| all.par_iter().with_max_len(1).map(hits_of).collect::<anyhow::Result<Vec<_>>>())?;
    let rows: Vec<Checked> = cases
        .into_iter()
        .enumerate()
        .map(|(n, (bug, case))| {
            let hits = all.iter().zip(&hits).filter(|(_, row)| row[n]).map(|(bug, _)| bug.id.clone()).collect();
            Checked { case, bug: bug.id.clone(), hits }
        })
        .collect();
    context.out.result(&rows, || rows.iter().map(Checked::text).collect())?;
    Ok(if rows.iter().all(Checked::is_right) { End::Clean } else { End::Found })
}
