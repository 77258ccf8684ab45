//! `tracehound bench`: cases per second of the whole pipeline, by stage, beside bare Unicorn on the same prepared code and inputs.

use super::options::{BackendArgs, CaseArgs, builtin};
use super::run::open;
use super::{Context, End};
use crate::campaign::{self, Plan};
use crate::case::Case;
use crate::machine::{Prepared, PreparedInput};
use crate::oracle::{Oracle, STAGES, Stage, Stats, images};
use anyhow::Context as _;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    case: CaseArgs,
    /// How many cases
    #[arg(long, value_name = "N", default_value_t = 5000)]
    cases: u64,
    /// Their seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Cases that are measured in one go: pipeline and bare emulator take turns, so that a busy moment hits both.
const ROUND: u64 = 100;

pub(super) fn bench(context: &Context, args: &Args) -> anyhow::Result<End> {
    let plan = plan(args)?;
    let mut oracle = open(context, &args.backend)?;
    // Not counted: the first cases touch memory and fill caches.
    measure(&mut oracle, &plan, 0, ROUND.min(args.cases), &mut Sums::default())?;
    let mut sums = Sums::default();
    for first in (0..args.cases).step_by(usize::try_from(ROUND)?) {
        measure(&mut oracle, &plan, first, args.cases.min(first + ROUND), &mut sums)?;
    }
    let result = Measured::new(oracle.id().name.clone(), args.cases, &sums);
    context.out.result(&result, || result.text())?;
    Ok(End::Clean)
}

fn plan(args: &Args) -> anyhow::Result<Plan> {
    Ok(Plan {
        backend: builtin(),
        variant: "plain".into(),
        cache: std::path::PathBuf::new(),
        seed: args.seed,
        emit: args.case.emit().unwrap_or_default(),
        ops: args.case.ops()?.unwrap_or_default(),
        memory: campaign::DEFAULT_MEMORY,
        sabotage: campaign::Sabotage::default(),
    })
}

#[derive(Default)]
struct Sums {
    pipeline: Duration,
    bare: Duration,
    stats: Stats,
}

fn measure(oracle: &mut Oracle, plan: &Plan, first: u64, end: u64, sums: &mut Sums) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut cases = Vec::new();
    for index in first..end {
        let begun = Instant::now();
        let case = campaign::case(plan, index);
        sums.stats.times[Stage::Generate as usize] += begun.elapsed();
        let judged = oracle.judge(&case).with_context(|| format!("judging case {index} of seed {}", plan.seed))?;
        sums.stats.add(&judged.stats);
        cases.push(case);
    }
    sums.pipeline += start.elapsed();
    for case in &cases {
        sums.bare += bare(oracle, case).context("running bare Unicorn")?;
    }
    Ok(())
}

/// The emulator alone: code and inputs are ready, nothing is read back. Compiled code is only good until the next, so each
/// case is prepared right before it runs.
fn bare(oracle: &mut Oracle, case: &Case) -> anyhow::Result<Duration> {
    let (machine, backend) = oracle.parts();
    let Ok(code) = backend.compile(case) else { return Ok(Duration::ZERO) };
    let input = |image: crate::oracle::Image| PreparedInput {
        regs: code.start.clone(),
        writes: image.writes(&code).map(|(addr, bytes)| (addr, bytes.to_vec())).collect(),
    };
    let prepared = Prepared { inputs: images(case).into_iter().map(input).collect(), code: &code };
    Ok(machine.bare(&[prepared], Some(backend.runtime()))?)
}

#[derive(Serialize)]
struct Measured {
    backend: String,
    cases: u64,
    inputs: u64,
    words: u64,
    seconds: f64,
    cases_per_s: f64,
    inputs_per_s: f64,
    /// Seconds by stage.
    stages_s: BTreeMap<&'static str, f64>,
    /// Seconds between the stages.
    rest_s: f64,
    bare_unicorn_s: f64,
    bare_cases_per_s: f64,
    /// End-to-end cases per second as a part of bare Unicorn's.
    ratio_to_bare_unicorn: f64,
}

impl Measured {
    fn new(backend: String, cases: u64, sums: &Sums) -> Measured {
        let (seconds, bare) = (sums.pipeline.as_secs_f64(), sums.bare.as_secs_f64());
        let stages = sums.stats.times.map(|t| t.as_secs_f64());
        Measured {
            backend,
            cases,
            inputs: sums.stats.inputs,
            words: sums.stats.words,
            seconds,
            cases_per_s: cases as f64 / seconds,
            inputs_per_s: sums.stats.inputs as f64 / seconds,
            stages_s: STAGES.into_iter().zip(stages).collect(),
            rest_s: seconds - stages.iter().sum::<f64>(),
            bare_unicorn_s: bare,
            bare_cases_per_s: cases as f64 / bare,
            ratio_to_bare_unicorn: bare / seconds,
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} cases, {} inputs, {} words in {:.2} s\n",
            self.backend, self.cases, self.inputs, self.words, self.seconds
        );
        text += &format!("{:>10.0} cases/s end to end, {:.0} inputs/s\n", self.cases_per_s, self.inputs_per_s);
        let rows = STAGES.iter().map(|name| (*name, self.stages_s[name])).chain([("rest", self.rest_s)]);
        for (name, seconds) in rows {
            let each = seconds * 1e6 / self.cases as f64;
            text += &format!("  {name:<10} {:5.1} %  {each:7.1} us a case\n", seconds * 100.0 / self.seconds);
        }
        text += &format!("{:>10.0} cases/s bare Unicorn, same code and inputs\n", self.bare_cases_per_s);
        text + &format!("{:>10.2} ratio to bare Unicorn\n", self.ratio_to_bare_unicorn)
    }
}
