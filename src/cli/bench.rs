//! `tracehound bench`: cases per second of the whole pipeline, by stage, beside bare Unicorn on the same prepared code and inputs.

use super::options::{BackendArgs, CaseArgs, cases_of};
use super::{Context, End};
use crate::campaign::{self, Plan};
use crate::case::Case;
use crate::machine::{Prepared, PreparedInput};
use crate::oracle::{Image, Oracle, STAGES, Stage, Stats, Verdict, images};
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
    let plan = cases_of(args.seed, &args.case)?;
    let (backend, variant) = args.backend.names()?;
    let mut oracle = campaign::open_oracle(&backend, &variant, &context.cache()?)?;
    // Not counted: the first cases touch memory and fill caches.
    measure(&mut oracle, &plan, 0, ROUND.min(args.cases), &mut Sums::default())?;
    let mut sums = Sums::default();
    for first in (0..args.cases).step_by(usize::try_from(ROUND)?) {
        measure(&mut oracle, &plan, first, args.cases.min(first + ROUND), &mut sums)?;
    }
    let result = Measured::new(oracle.id().name.clone(), &sums);
    context.out.result(&result, || result.text())?;
    Ok(End::Clean)
}

#[derive(Default)]
struct Sums {
    /// Cases that count: those that were judged to the end.
    cases: u64,
    pipeline: Duration,
    bare: Duration,
    stats: Stats,
}

fn measure(oracle: &mut Oracle, plan: &Plan, first: u64, end: u64, sums: &mut Sums) -> anyhow::Result<()> {
    let mut agreed = Vec::new();
    for index in first..end {
        let start = Instant::now();
        let case = campaign::case(plan, index);
        let generated = start.elapsed();
        let judged = oracle.judge(&case).with_context(|| format!("judging case {index} of seed {}", plan.seed))?;
        let took = start.elapsed();
        // A finding or a skip ends its case early: it would make the pipeline look faster than it is.
        if judged.verdict == Verdict::Agree {
            sums.cases += 1;
            sums.pipeline += took;
            sums.stats.add(&judged.stats);
            sums.stats.times[Stage::Generate as usize] += generated;
            agreed.push(case);
        }
    }
    for case in &agreed {
        sums.bare += bare(oracle, case).context("running bare Unicorn")?;
    }
    Ok(())
}

/// The emulator alone: code and inputs are ready, nothing is read back. Compiled code is only good until the next, so each
/// case is prepared right before it runs.
fn bare(oracle: &mut Oracle, case: &Case) -> anyhow::Result<Duration> {
    let (machine, backend) = oracle.parts();
    let Ok(code) = backend.compile(case) else { anyhow::bail!("code that compiled before does not compile again") };
    let input = |image: Image| PreparedInput {
        regs: code.start.clone(),
        writes: image.writes(&code).map(|(addr, bytes)| (addr, bytes.to_vec())).collect(),
    };
    let prepared = Prepared { inputs: images(case).into_iter().map(input).collect(), code: &code };
    Ok(machine.bare(&[prepared], Some(backend.runtime()))?)
}

#[derive(Serialize)]
struct Measured {
    backend: String,
    /// Cases that agreed; others end early and do not count.
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
    fn new(backend: String, sums: &Sums) -> Measured {
        let cases = sums.cases;
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
            "{}: {} agreeing cases, {} inputs, {} words in {:.2} s\n",
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
