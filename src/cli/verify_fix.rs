//! `tracehound verify-fix`: cases that fail on one backend must pass on another, and so must what is around them.

use super::backends::lock;
use super::hunt::{greeting, seed_from_clock};
use super::options::{CaseArgs, WorkerArgs, duration};
use super::progress::with_progress;
use super::{Context, End, interrupt};
use crate::backend::store;
use crate::campaign::{self, Around, Folder, Hunt, Judgement, Limits, Plan, Process, Workers, judge_on};
use crate::report::{Neighbour, Verdict, VerifyFixReport, VerifyFixRow, verify_fix_text};
use crate::tally::{HuntId, Tally};
use crate::text;
use anyhow::{Context as _, bail};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The backend with the bug: luajit@210.4.6 or luajit@PATH; built if it is not there
    #[arg(long, value_name = "SPEC")]
    before: String,
    /// The backend with the fix
    #[arg(long, value_name = "SPEC")]
    after: String,
    /// Cases that show the bug: .trace files, or folders with them; without any, the backend with the bug is hunted for some first
    #[arg(value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Build of both: plain, assert, random-ra [default: plain, unless the name has it: luajit@PATH/assert]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// How long to hunt the fixed backend around the cases (and the other one for cases, without files); 0 for not at all
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s", hide_default_value = false)]
    hunt: Duration,
    /// End the hunts after so many cases: the same cases on every machine
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// Seed of mutations and cases [default: from the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Folder for what is found [default: verify-fix-out/SEED]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    workers: WorkerArgs,
}

pub(super) fn verify_fix(context: &Context, args: &Args) -> anyhow::Result<End> {
    let job = Job::new(context, args)?;
    let files = job.files()?;
    let rows = job.rows(&files)?;
    if !rows.iter().any(VerifyFixRow::is_test) {
        bail!("none of {} cases fails on {}: they show nothing of a fix", rows.len(), job.before.backend);
    }
    let report = job.around(&files, rows)?;
    let json = serde_json::to_vec_pretty(&report)?;
    campaign::write_whole(&job.out.join("report.json"), &json)?;
    campaign::write_whole(&job.out.join("report.txt"), verify_fix_text(&report).as_bytes())?;
    context.out.result(&report, || verify_fix_text(&report))?;
    Ok(match (&report.errors[..], report.is_fixed()) {
        ([], true) => End::Clean,
        ([], false) => End::Found,
        _ => End::Failed,
    })
}

/// All that stays the same.
struct Job<'a> {
    context: &'a Context,
    args: &'a Args,
    workers: Workers,
    before: Plan,
    after: Plan,
    out: PathBuf,
    stop: &'static AtomicBool,
}

/// A case and where it is.
struct CaseFile {
    path: PathBuf,
    text: String,
}

impl<'a> Job<'a> {
    fn new(context: &'a Context, args: &'a Args) -> anyhow::Result<Job<'a>> {
        let seed = args.seed.unwrap_or_else(seed_from_clock);
        let plan = |name: &str| -> anyhow::Result<Plan> {
            let spec = campaign::spec(name, args.variant.as_deref().unwrap_or("plain"))?;
            let names = (spec.to_string(), spec.variant.name().to_string());
            let (ops, knobs) = (args.case.ops()?.unwrap_or_default(), args.case.knobs().unwrap_or_default());
            let emit = args.case.emit().unwrap_or_default();
            Ok(Plan { seed, ops, knobs, emit, ..args.workers.plan(context, names)? })
        };
        let (before, after) = (plan(&args.before)?, plan(&args.after)?);
        let out = args.out.clone().unwrap_or_else(|| Path::new("verify-fix-out").join(seed.to_string()));
        let job =
            Job { context, args, workers: args.workers.workers(), before, after, out, stop: interrupt::stop_flag()? };
        job.build(&job.before)?;
        job.build(&job.after)?;
        Ok(job)
    }

    /// Builds a backend that is not there.
    fn build(&self, plan: &Plan) -> anyhow::Result<()> {
        let spec = campaign::spec(&plan.backend, &plan.variant)?;
        if store::is_built(&spec, &plan.cache) {
            return Ok(());
        }
        self.say(&format!("building {spec} {}", plan.variant));
        let _lock = lock(&plan.cache, self.context.quiet)?;
        store::add(&spec, &plan.cache, false)?;
        Ok(())
    }

    fn say(&self, text: &str) {
        if !self.context.quiet {
            eprintln!("{text}");
        }
    }

    /// The cases: those that were named, or what a hunt on the backend with the bug finds.
    fn files(&self) -> anyhow::Result<Vec<CaseFile>> {
        if self.args.files.is_empty() {
            return self.hunted();
        }
        let paths = campaign::collect_files(&self.args.files)?;
        let all = paths.into_iter().map(|path| {
            let text = super::replay::read_trace(&path)?.0;
            Ok(CaseFile { path, text })
        });
        let all = all.collect::<anyhow::Result<Vec<_>>>()?;
        if all.is_empty() {
            let names: Vec<_> = self.args.files.iter().map(|p| p.display().to_string()).collect();
            bail!("no .trace file in {}", names.join(", "));
        }
        Ok(all)
    }

    fn hunted(&self) -> anyhow::Result<Vec<CaseFile>> {
        let folder = self.out.join("before");
        let tally = self.run_hunt(&self.before, &folder)?;
        let found: Vec<CaseFile> = tally
            .kept()
            .map(|s| CaseFile { path: folder.join("findings").join(s.path()), text: s.text.clone() })
            .collect();
        if found.is_empty() {
            bail!("{} cases on {}, and none fails: hunt longer, or name a case", tally.cases, self.before.backend);
        }
        Ok(found)
    }

    fn run_hunt(&self, plan: &Plan, folder: &Path) -> anyhow::Result<Tally> {
        let worker = Process::start(plan)?;
        let id = HuntId {
            tracehound: env!("CARGO_PKG_VERSION").into(),
            backend: worker.id().clone(),
            seed: plan.seed,
            emit: plan.emit,
            ops: plan.ops.clone(),
            knobs: plan.knobs.clone(),
            guided: false,
        };
        let opened = Folder::open(folder, &id, false)?;
        self.say(&greeting(&id, &opened.1, self.workers.jobs, folder));
        let limits = Limits { cases: self.args.cases, time: Some(self.args.hunt) };
        let hunt = Hunt::new(plan, &self.workers, limits, self.stop, worker, opened, &[])?;
        let ended = with_progress(&hunt, self.context.quiet, || hunt.run());
        ended.with_context(|| format!("the hunt in {} ended early", folder.display()))?;
        Ok(hunt.progress().tally)
    }

    /// Each case on both backends.
    fn rows(&self, files: &[CaseFile]) -> anyhow::Result<Vec<VerifyFixRow>> {
        self.in_parallel(files, |file| {
            let (before, after) = (self.verdict(&self.before, &file.text)?, self.verdict(&self.after, &file.text)?);
            Ok(VerifyFixRow::new(file.path.clone(), before, after))
        })
    }

    fn in_parallel<T: Sync, R: Send>(
        &self,
        all: &[T],
        each: impl Fn(&T) -> anyhow::Result<R> + Sync + Send,
    ) -> anyhow::Result<Vec<R>> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(self.workers.jobs).build().context("cannot start threads")?;
        pool.install(|| all.par_iter().with_max_len(1).map(each).collect())
    }

    fn verdict(&self, plan: &Plan, text: &str) -> anyhow::Result<Verdict> {
        Ok(match judge_on(plan, &self.workers, text)? {
            Judgement::Agree(_) => Verdict::Agrees,
            Judgement::Finding { class, key, .. } => Verdict::Fails { class, key },
            Judgement::Skip(why) | Judgement::Error(why) => Verdict::Unjudged(why),
        })
    }

    /// Hunts the fixed backend around the cases that failed, and asks the other one about what it finds.
    fn around(&self, files: &[CaseFile], rows: Vec<VerifyFixRow>) -> anyhow::Result<VerifyFixReport> {
        let failing = files.iter().zip(&rows).filter(|(_, row)| row.is_test()).map(|(file, _)| file);
        let around: Vec<Around> = failing
            .map(|file| Around {
                name: file.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
                text: file.text.clone(),
            })
            .collect();
        let emit =
            around.first().and_then(|a| text::parse(&a.text).ok()).map_or(self.after.emit, |file| file.case.emit);
        let plan = Plan { around, emit, ..self.after.clone() };
        let folder = self.out.join("after");
        let is_off = self.args.hunt.is_zero() || self.stop.load(Ordering::Relaxed);
        let tally = if is_off { Tally::default() } else { self.run_hunt(&plan, &folder)? };
        let kept: Vec<_> =
            tally.buckets.iter().filter_map(|(key, bucket)| Some((key, bucket, bucket.kept.first()?))).collect();
        let found = self.in_parallel(&kept, |(key, bucket, smallest)| {
            Ok(Neighbour {
                key: (*key).clone(),
                class: smallest.class.clone(),
                count: bucket.count,
                file: folder.join("findings").join(smallest.path()),
                before: self.verdict(&self.before, &smallest.text)?,
            })
        })?;
        Ok(VerifyFixReport {
            before: self.before.backend.clone(),
            after: self.after.backend.clone(),
            variant: self.after.variant.clone(),
            seed: self.after.seed,
            cases: rows,
            mutations: tally.cases,
            skipped: tally.skips(),
            around: found,
            errors: tally.errors.keys().cloned().collect(),
        })
    }
}
