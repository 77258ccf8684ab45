//! The hunt for one bug: for each seed from nothing, until its first hit or until the time is up.

use super::{Bug, Court, LedgerError};
use crate::campaign::{Plan, Sweep, Workers};
use crate::tally::{Sighting, Tally};
use serde::Serialize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How bugs are hunted.
pub struct Benchmark<'a> {
    /// How cases are made and judged; backend and seed are each run's own.
    pub plan: &'a Plan,
    /// How workers are run: one judges at a time.
    pub workers: &'a Workers,
    /// When a run without a hit ends.
    pub limit: Duration,
    /// Set when the user ends it.
    pub stop: &'a AtomicBool,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The seed of its cases.
    pub seed: u64,
    /// Cases that were judged, and a few behind the hit.
    pub cases: u64,
    /// How long it took.
    pub seconds: f64,
    /// The first hit.
    pub hit: Option<Hit>,
}

/// The first case that is a hit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// The case's number.
    pub index: u64,
    /// When it was known, seconds from the start.
    pub seconds: f64,
    /// The class of the finding.
    pub class: String,
    /// The case as a `.trace` file.
    #[serde(skip)]
    pub text: String,
}

impl Benchmark<'_> {
    /// Hunts one bug by each of these seeds, one after the other. `done` is called behind each.
    ///
    /// # Errors
    /// When a worker can't be started, or tracehound itself fails on a case.
    pub fn run(&self, bug: &Bug, seeds: Range<u64>, done: impl Fn(&Run)) -> Result<Vec<Run>, LedgerError> {
        // The court knows nothing of seeds, and takes seconds to read the recording build's debug information.
        let mut court = Court::open(bug, self.plan, self.workers)?;
        let one = |seed| {
            let run = self.seed(bug, seed, &mut court)?;
            done(&run);
            Ok(run)
        };
        seeds.take_while(|_| !self.stop.load(Ordering::Relaxed)).map(one).collect()
    }

    fn seed(&self, bug: &Bug, seed: u64, court: &mut Court) -> Result<Run, LedgerError> {
        let spec = bug.hunted(self.plan.guided)?;
        let (backend, variant) = (spec.to_string(), spec.variant.name().to_string());
        let plan = Plan { backend, variant, seed, ..self.plan.clone() };
        let start = Instant::now();
        let mut sweep = Sweep::start(&plan, self.workers)?;
        let mut run = Run { seed, cases: 0, seconds: 0.0, hit: None };
        while run.hit.is_none() && start.elapsed() < self.limit && !self.stop.load(Ordering::Relaxed) {
            let tally = sweep.judge_some()?;
            run.cases += tally.cases;
            no_failures(bug, seed, &tally)?;
            let hit = first_hit(bug, court, &tally)?;
            run.seconds = start.elapsed().as_secs_f64();
            run.hit =
                hit.map(|s| Hit { index: s.index, seconds: run.seconds, class: s.class.clone(), text: s.text.clone() });
        }
        Ok(run)
    }
}

fn no_failures(bug: &Bug, seed: u64, tally: &Tally) -> Result<(), LedgerError> {
    match tally.errors.iter().next() {
        Some((why, count)) => {
            Err(LedgerError::Failed { bug: bug.id.clone(), seed, index: count.first, why: why.clone() })
        }
        None => Ok(()),
    }
}

/// The hit with the smallest number among findings that show as the bug does.
fn first_hit<'t>(bug: &Bug, court: &mut Court, tally: &'t Tally) -> Result<Option<&'t Sighting>, LedgerError> {
    let mut suspects: Vec<&Sighting> = tally.kept().filter(|s| bug.shows_as(&s.class)).collect();
    suspects.sort_by_key(|s| s.index);
    for suspect in suspects {
        if court.is_hit(&suspect.text)? {
            return Ok(Some(suspect));
        }
    }
    Ok(None)
}
