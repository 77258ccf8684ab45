//! `tracehound coverage`: where the generator goes on a backend, and which lines of it that reaches.

use super::options::{BackendArgs, CaseArgs, cases_of, duration};
use super::{Context, End};
use crate::backend::{Backend, Refusal, store};
use crate::campaign::{self, Plan};
use crate::case::ALL_EMITS;
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
    /// Use the plain build: no lines, but ten times the cases
    #[arg(long)]
    no_lines: bool,
    /// Also write an HTML page with the lines that were never reached
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn coverage(context: &Context, args: &Args) -> anyhow::Result<End> {
    let plans = plans(args)?;
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
    count(context, args, &plans, backend.as_mut(), &mut coverage)?;
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

fn count(
    context: &Context,
    args: &Args,
    plans: &[Plan],
    backend: &mut dyn Backend,
    coverage: &mut Coverage,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let time = args.time.or_else(|| args.cases.is_none().then_some(Duration::from_secs(30)));
    let mut shown = Instant::now();
    for index in 0..args.cases.unwrap_or(u64::MAX) {
        if time.is_some_and(|time| start.elapsed() >= time) {
            break;
        }
        if !context.quiet && shown.elapsed() >= Duration::from_secs(2) {
            eprintln!("{index} cases in {:.0} s", start.elapsed().as_secs_f64());
            shown = Instant::now();
        }
        // Long runs of one mode: a change of the arena costs more than a case.
        let turn = usize::try_from(index / TURN).unwrap_or(0);
        let plan = &plans[turn % plans.len()];
        let case = campaign::case(plan, index);
        let moved = if backend.arena() == case.arena { Ok(()) } else { backend.move_to(case.arena) };
        match moved.and_then(|()| backend.compile(&case)) {
            Ok(code) => coverage.compiled(&case, &code),
            Err(Refusal::Skip(reason)) => coverage.refused(&reason),
            Err(Refusal::Fault { class, .. }) => coverage.refused(class.name()),
            Err(Refusal::Broken(why)) => anyhow::bail!("case {index} of seed {}: {why}", plan.seed),
        }
    }
    Ok(())
}
