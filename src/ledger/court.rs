//! Whether a case is a hit of a bug: judged on the backend without it, blamed on the one that has it.

use super::{Bug, LedgerError};
use crate::campaign::{Blamed, Blamer, Judgement, Plan, Trials, Workers};
use crate::text;

/// The backends that decide about one bug, open.
pub struct Court<'a> {
    bug: &'a Bug,
    good: Trials<'a>,
    blamer: Blamer,
}

impl<'a> Court<'a> {
    /// Opens the backend without the bug, and the recording build of the one with it once it is needed. Both must be there.
    ///
    /// # Errors
    /// When a backend's name is none, or a worker can't be started.
    pub fn open(bug: &'a Bug, plan: &Plan, workers: &'a Workers) -> Result<Self, LedgerError> {
        let on = |spec: crate::backend::store::Spec| Plan {
            backend: spec.to_string(),
            variant: spec.variant.name().into(),
            ..plan.clone()
        };
        let good = Trials::open(on(bug.good()?), workers)?;
        Ok(Court { bug, good, blamer: Blamer::new(on(bug.recording()?), workers.clone()) })
    }

    /// Whether the case of a `.trace` file agrees on the backend without the bug, and fails on the one with it by the bug's fault.
    ///
    /// # Errors
    /// When the case can't be read, or no worker can be started.
    pub fn is_hit(&mut self, text: &str) -> Result<bool, LedgerError> {
        let file = text::parse(text).map_err(|source| LedgerError::Case { bug: self.bug.id.clone(), source })?;
        if !matches!(self.good.judge(&file.case)?, Judgement::Agree(_)) {
            return Ok(false);
        }
        Ok(match self.blamer.blame(text)? {
            Blamed::Blame(blame) => self.bug.is_blamed(&blame),
            Blamed::Agree | Blamed::Skip(_) | Blamed::Error(_) => false,
        })
    }
}
