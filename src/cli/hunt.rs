//! `tracehound hunt`: cases by number, judged in parallel, findings written as they come.

use super::backends::ensure;
use super::options::{BackendArgs, CaseArgs, WorkerArgs, duration};
use super::progress::{rate, with_progress};
use super::triage::{self, Report, Sorting};
use super::{Context, End, interrupt};
use crate::campaign::{self, Folder, Hunt, Limits, Plan, Process, Progress, Reach, State, Suspect, read_state};
use crate::oracle::STAGES;
use crate::report::{HuntReport, hunt_text};
use crate::tally::{HuntId, Sighting};
use anyhow::Context as _;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Folder of hunts that were given none.
const DEFAULT_OUT: &str = "hunt-out";
/// The build variant that tells what a case reaches.
const GUIDED: &str = "guided";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    /// Seed of all cases: case number i of a seed is always the same [default: from the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Judge the cases 0 to N-1, then end
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// End after this time: 60s, 10m, 1h [default: with --cases, or by Ctrl-C]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Folder for state, reports and findings [default: hunt-out/BACKEND-MODE-SEED]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Make some cases, as many as pays, of earlier ones that reached something new in the backend, by its variant `guided`, which is built where it is missing
    #[arg(long)]
    guided: bool,
    /// Cases that a new guided hunt begins with: `.trace` files, or folders of them
    #[arg(long, value_name = "DIR", requires = "guided")]
    corpus: Vec<PathBuf>,
    /// Go on with the hunt in the folder; its options are taken over
    #[arg(long)]
    resume: bool,
    /// TOML file of bugs that are known: in the end the findings are sorted by cause, as `tracehound triage` does, and these count no more
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
}

pub(super) fn hunt(context: &Context, args: &Args) -> anyhow::Result<End> {
    let known = args.known.as_deref().map(|file| triage::read_known(Some(file))).transpose()?;
    let plan = plan(context, args)?;
    if plan.guided {
        ensure(context, &campaign::spec(&plan.backend, &plan.variant)?)?;
    }
    let out = args.out.clone().unwrap_or_else(|| default_out(&plan));
    let workers = args.workers.workers();
    let worker = Process::start(&plan)?;
    let id = HuntId {
        tracehound: env!("CARGO_PKG_VERSION").into(),
        backend: worker.id().clone(),
        seed: plan.seed,
        emit: plan.emit,
        ops: plan.ops.clone(),
        knobs: plan.knobs.clone(),
        guided: plan.guided,
    };
    let opened = Folder::open(&out, &id, args.resume)?;
    let stop = interrupt::stop_flag()?;
    if !context.quiet {
        eprintln!("{}", greeting(&id, &opened.1, workers.jobs, &out));
    }
    let limits = Limits { cases: args.cases, time: args.time };
    let hunt = Hunt::new(&plan, &workers, limits, stop, worker, opened, &args.corpus)?;
    let ended = with_progress(&hunt, context.quiet, || hunt.run());
    let progress = hunt.progress();
    let report = HuntReport::new(&id, &progress.tally);
    // Whatever ended the hunt, what it has seen so far is told.
    let written = write_reports(&hunt, &report);
    let causes = match &known {
        Some(known) if ended.is_ok() && report.findings > 0 && !stop.load(Ordering::Relaxed) => {
            let suspects = suspects(&out, &progress);
            let sorting = Sorting { only: true, known, out: None, time: SMALL, stop };
            Some(sorting.sort(context, &plan, &workers, &suspects)?)
        }
        _ => None,
    };
    let timing = Timing::new(&progress);
    let summary = Summary { report: &report, reach: progress.reach, folder: &out, timing, causes: causes.as_ref() };
    context.out.result(&summary, || summary_text(&summary))?;
    ended.with_context(|| format!("the hunt in {} ended early", out.display()))?;
    written?;
    Ok(match (end(context, &report), causes) {
        (End::Found, Some(causes)) => causes.end(stop.load(Ordering::Relaxed)),
        (end, _) => end,
    })
}

/// Longest time for making one finding small, to see its cause.
const SMALL: Duration = Duration::from_secs(10);

/// The cases that are kept, as files.
fn suspects(out: &Path, progress: &Progress) -> Vec<Suspect> {
    let path = |s: &Sighting| out.join("findings").join(s.path()).display().to_string();
    progress.tally.kept().map(|s| Suspect { path: path(s), text: s.text.clone() }).collect()
}

fn end(context: &Context, report: &HuntReport) -> End {
    match (report.errors.is_empty(), report.findings) {
        (true, 0) => End::Clean,
        (true, _) => End::Found,
        (false, _) => {
            if context.out.json {
                eprintln!("error: {}", report.warnings.join("; "));
            }
            End::Failed
        }
    }
}

fn plan(context: &Context, args: &Args) -> anyhow::Result<Plan> {
    let before = match (&args.out, args.resume) {
        (Some(out), true) => read_state(out)?.map(|state: State| state.id),
        _ => None,
    };
    let guided = args.guided || before.as_ref().is_some_and(|id| id.guided);
    let (backend, variant) = match &before {
        Some(id) if args.backend.backend.is_none() && args.backend.variant.is_none() => {
            (id.backend.name.clone(), id.backend.variant.clone())
        }
        _ if guided => args.backend.names_or(GUIDED)?,
        _ => args.backend.names()?,
    };
    anyhow::ensure!(!guided || variant == GUIDED, "--guided needs the variant {GUIDED}: leave --variant {variant} out");
    let (emit, ops, knobs) = (args.case.emit(), args.case.ops()?, args.case.knobs());
    Ok(Plan {
        seed: args.seed.or(before.as_ref().map(|id| id.seed)).unwrap_or_else(seed_from_clock),
        emit: emit.or(before.as_ref().map(|id| id.emit)).unwrap_or_default(),
        ops: ops.or(before.as_ref().map(|id| id.ops.clone())).unwrap_or_default(),
        knobs: knobs.or(before.map(|id| id.knobs)).unwrap_or_default(),
        guided,
        ..args.workers.plan(context, (backend, variant))?
    })
}

/// Nine digits: enough to be new, few enough to type.
pub(super) fn seed_from_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs() ^ u64::from(now.subsec_nanos())) % 1_000_000_000
}

fn default_out(plan: &Plan) -> PathBuf {
    let backend: String = plan.backend.chars().map(|c| if c == '/' { '_' } else { c }).collect();
    let variant = match plan.variant.as_str() {
        "plain" => String::new(),
        GUIDED if !plan.guided => "-counted".into(),
        variant => format!("-{variant}"),
    };
    Path::new(DEFAULT_OUT).join(format!("{backend}{variant}-{}-{}", plan.emit.name(), plan.seed))
}

pub(super) fn greeting(id: &HuntId, state: &State, jobs: usize, out: &Path) -> String {
    let done = match state.tally.cases {
        0 => String::new(),
        n => format!(", {n} cases done before"),
    };
    let (backend, emit) = (&id.backend, id.emit.name());
    let name = format!("{} {} ({})", backend.name, backend.variant, backend.version);
    format!("hunting on {name}\nseed {}, {emit}, {jobs} jobs, folder {}{done}", id.seed, out.display())
}

fn write_reports(hunt: &Hunt, report: &HuntReport) -> anyhow::Result<()> {
    hunt.write("report.json", report.to_json().as_bytes())?;
    hunt.write("report.txt", hunt_text(report).as_bytes())?;
    Ok(())
}

/// What stdout has beyond the report: times, which differ from run to run.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    report: &'a HuntReport,
    reach: Option<Reach>,
    folder: &'a Path,
    timing: Timing,
    /// The findings by cause, if known bugs are to be set apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    causes: Option<&'a Report>,
}

#[derive(Serialize)]
struct Timing {
    elapsed_s: f64,
    cases_per_s: f64,
    /// Of all workers together.
    stages_s: BTreeMap<&'static str, f64>,
    first_findings: BTreeMap<String, First>,
    /// Workers that died without a case to blame.
    unexplained_deaths: u64,
}

#[derive(Serialize)]
struct First {
    seconds: f64,
    case: u64,
}

impl Timing {
    fn new(p: &Progress) -> Timing {
        let first = |(class, (time, case)): (&String, &(Duration, u64))| {
            (class.clone(), First { seconds: time.as_secs_f64(), case: *case })
        };
        Timing {
            elapsed_s: p.elapsed.as_secs_f64(),
            cases_per_s: rate(p),
            stages_s: STAGES.into_iter().zip(p.times.map(|t| t.as_secs_f64())).collect(),
            first_findings: p.first.iter().map(first).collect(),
            unexplained_deaths: p.strays,
        }
    }
}

fn summary_text(s: &Summary) -> String {
    let t = &s.timing;
    let mut text = hunt_text(s.report);
    if let Some(reach) = &s.reach {
        text += &format!("reached     {} of {} edges, {} features", reach.edges, reach.of, reach.features);
        text += &if reach.corpus > 0 { format!(", corpus of {} cases\n", reach.corpus) } else { "\n".into() };
    }
    for (class, first) in &t.first_findings {
        text += &format!("first       {class} after {:.1} s, case {}\n", first.seconds, first.case);
    }
    if t.unexplained_deaths > 0 {
        text += &format!(
            "warning     {} workers died, and not again when their cases were repeated: out of memory, or killed?\n",
            t.unexplained_deaths
        );
    }
    text += &format!("time        {:.1} s, {:.0} cases/s\n", t.elapsed_s, t.cases_per_s);
    text += &format!("folder      {}\n", s.folder.display());
    match s.causes {
        Some(causes) => text + "\n" + &causes.text(),
        None if s.report.findings > 0 => text + &format!("next        tracehound triage {}\n", s.folder.display()),
        None => text,
    }
}
