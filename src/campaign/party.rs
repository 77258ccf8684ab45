//! The crew of a job that judges a plan's cases: worker processes, and what is told of a case that one of them died of.

use super::batch::Crew;
use super::death::Death;
use super::guided::{Brood, Source};
use super::plan::Plan;
use super::process::Process;
use super::protocol::Batch;
use super::{CampaignError, pieces};
use crate::backend::BackendId;
use std::time::Duration;

/// Workers of one plan.
pub(super) struct Party<'a> {
    /// What they judge.
    pub plan: &'a Plan,
    /// The backend that they have open.
    pub id: BackendId,
    /// How long one case may take.
    pub deadline: Duration,
}

impl Crew for Party<'_> {
    type Worker = Process;

    fn start(&self) -> Result<Process, CampaignError> {
        Process::start(self.plan)
    }

    fn record(&self, batch: &mut Batch, source: &Source, index: u64, death: &Death, generated: bool) {
        batch.tally.cases += 1;
        if !generated {
            return batch.tally.add_error(index, &death.lines().join("; "), String::new());
        }
        let case = Brood::new(source).case(self.plan, index);
        if death.is_ours() {
            return batch.tally.add_error(index, &death.lines().join("; "), pieces::plain_text(&case));
        }
        let sighting = pieces::crash_sighting(&case, index, death);
        let text = || pieces::crash_text(self.plan, &self.id, index, &case, death);
        batch.tally.add_sighting(sighting, text);
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}
