//! `tracehound coverage`: where the generator goes on a backend, and which lines of it that reaches.

use super::options::{BackendArgs, CaseArgs, cases_of, duration};
use super::replay::read_trace;
use super::{Context, End};
use crate::backend::{Backend, store};
use crate::campaign::{self, Plan};
use crate::case::{ALL_EMITS, Case};
use crate::coverage::{Coverage, page, read_lines, table};
use anyhow::Context as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    case: CaseArgs,
    /// The cases' seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many cases
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// How long: 60s, 10m [default: 30s without --cases]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Cases of these files and folders instead of generated ones
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., conflicts_with_all = ["seed", "cases", "time"])]
    files: Vec<PathBuf>,
    /// Use the plain build: no lines, but ten times the cases
    #[arg(long)]
    no_lines: bool,
    /// Also write an HTML page with the lines that were never reached
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn coverage(context: &Context, args: &Args) -> anyhow::Result<End> {
    let cache = context.cache()?;
    let name = args.backend.backend.as_deref().unwrap_or("luajit");
    let variant = match &args.backend.variant {
        Some(variant) => variant.as_str(),
        None if args.no_lines => "plain",
        None => "coverage",
    };
    let spec = campaign::spec(name, variant)?;
    // A build that counts is made for this command alone: nobody should have to ask for it first.
    if variant == "coverage" {
        store::add(&spec, &cache, false).with_context(|| format!("building {spec} with line counters"))?;
    }
    let mut backend = store::open(&spec, &cache)?;
    let mut coverage = Coverage::new(spec.to_string());
    if args.files.is_empty() {
        count(context, args, generated(plans(args)?), backend.as_mut(), &mut coverage)?;
    } else {
        count(context, args, recorded(&args.files)?, backend.as_mut(), &mut coverage)?;
    }
    let mut tree = None;
    if variant == "coverage" {
        let data = tempfile::tempdir().context("creating a folder for line counters")?;
        backend.dump_lines(data.path()).map_err(anyhow::Error::msg)?;
        let library = store::library_path(&spec, &cache);
        coverage.lines = Some(read_lines(&library, data.path())?);
        tree = store::source_folder(&spec, &cache);
    }
    if let Some(file) = &args.html {
        std::fs::write(file, page(&coverage, tree.as_deref()))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    context.out.result(&coverage, || table(&coverage))?;
    Ok(End::Clean)
}

/// Cases of one mode in a row.
const TURN: u64 = 4096;

/// The mode that was asked for, or all in turn.
fn plans(args: &Args) -> anyhow::Result<Vec<Plan>> {
    let plan = cases_of(args.seed, &args.case)?;
    let all = ALL_EMITS.iter().map(|emit| Plan { emit: *emit, ..plan.clone() });
    Ok(if args.case.emit().is_some() { vec![plan] } else { all.collect() })
}

/// Cases of the modes in turn, without end, with what they are called.
fn generated(plans: Vec<Plan>) -> impl Iterator<Item = anyhow::Result<(String, Case)>> {
    (0..).map(move |index| {
        // Long runs of one mode: a change of the arena costs more than a case.
        let turn = usize::try_from(index / TURN).unwrap_or(0);
        let plan = &plans[turn % plans.len()];
        Ok((format!("case {index} of seed {}", plan.seed), campaign::case(plan, index)))
    })
}

/// The cases of files.
fn recorded(paths: &[PathBuf]) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(String, Case)>>> {
    let files = campaign::collect_files(paths)?;
    Ok(files.into_iter().map(|path| Ok((path.display().to_string(), read_trace(&path)?.1.case))))
}

fn count(
    context: &Context,
    args: &Args,
    cases: impl Iterator<Item = anyhow::Result<(String, Case)>>,
    backend: &mut dyn Backend,
    coverage: &mut Coverage,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let endless = args.cases.is_none() && args.files.is_empty();
    let time = args.time.or_else(|| endless.then_some(Duration::from_secs(30)));
    let most = args.cases.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let mut shown = Instant::now();
    for (done, case) in cases.take(most).enumerate() {
        if time.is_some_and(|time| start.elapsed() >= time) {
            break;
        }
        if !context.quiet && shown.elapsed() >= Duration::from_secs(2) {
            eprintln!("{done} cases in {:.0} s", start.elapsed().as_secs_f64());
            shown = Instant::now();
        }
        let (name, case) = case?;
        coverage.add(backend, &case).context(name)?;
    }
    Ok(())
}
