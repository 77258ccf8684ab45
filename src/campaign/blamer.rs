//! Blames findings in a worker process: a backend that crashes takes only that along.

use super::CampaignError;
use super::plan::{Plan, Workers};
use super::process::{Process, Worker};
use super::protocol::{Answer, Blamed, Request};

/// A worker with a backend that records who writes its code.
#[derive(Debug)]
pub struct Blamer {
    plan: Plan,
    workers: Workers,
    process: Option<Process>,
}

impl Blamer {
    /// Prepares for a plan's backend, whose variant is `blame`, or `assert` for failed assertions.
    pub fn new(plan: Plan, workers: Workers) -> Blamer {
        Blamer { plan, workers, process: None }
    }

    /// Judges the case in a `.trace` file's text and blames its finding.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn blame(&mut self, text: &str) -> Result<Blamed, CampaignError> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.plan)?,
        };
        match process.ask(&Request::Blame { text: text.into() }).and_then(|()| process.answer(self.workers.deadline)) {
            Ok(Answer::Blamed(blamed)) => {
                self.process = Some(process);
                Ok(blamed)
            }
            Ok(other) => Err(CampaignError::Stillborn(format!("unexpected answer {other:?}"))),
            Err(death) => Ok(Blamed::Error(death.lines().join("; "))),
        }
    }
}

/// The variant of a backend that is asked whom to blame. Assertions name their own place, and only their variant has them.
pub fn recording(variant: &str) -> &str {
    if variant == "assert" { variant } else { "blame" }
}
