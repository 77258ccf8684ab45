//! The cases of a plan in the order of their numbers, by one worker at a time: what a benchmark wants, since nothing but the plan decides which
//! case comes after which.

use super::CampaignError;
use super::batch::Job;
use super::guided::{Corpus, Made, Source};
use super::party::Party;
use super::plan::{Plan, Workers};
use super::process::Process;
use crate::tally::Tally;

/// Cases in a batch: few, so that little is judged behind the case that was looked for.
const BATCH: u64 = 32;

/// A walk through the cases of a plan.
pub struct Sweep<'a> {
    plan: &'a Plan,
    job: Job<Party<'a>>,
    /// Of a guided plan: what its cases have reached so far.
    corpus: Corpus,
    next: u64,
}

impl<'a> Sweep<'a> {
    /// Opens the plan's backend in a worker.
    ///
    /// # Errors
    /// When the worker does not start or the backend does not open.
    pub fn start(plan: &'a Plan, workers: &Workers) -> Result<Self, CampaignError> {
        let worker = Process::start(plan)?;
        let party = Party { plan, id: worker.id().clone(), deadline: workers.deadline };
        Ok(Sweep { plan, job: Job::new(party, Some(worker)), corpus: Corpus::default(), next: 0 })
    }

    /// Judges the next cases. Of findings of one kind the smallest of the batch are kept.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn judge_some(&mut self) -> Result<Tally, CampaignError> {
        let first = self.next;
        self.next += BATCH;
        let guided = || self.corpus.source(self.plan.seed, first, self.next);
        let source = if self.plan.guided { guided() } else { Source::Plan };
        let batch = self.job.judge(&source, first, self.next)?;
        let made = Made::of(&batch, self.plan.guided);
        self.corpus.add(batch.edges, made, batch.newcomers);
        Ok(batch.tally)
    }
}
