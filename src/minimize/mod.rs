//! A failing case made small: the same failure with as little around it as can be.
//!
//! Reduction is a search. `reduce` proposes smaller cases, in a fixed order; a [`Judge`] says which of them still fail in the same bucket; the
//! first that does takes the place of the case, until no proposal is left that does. Each proposal is legal ([`Case::check`]) and
//! lighter by a total order ([`Weight`]), so the search ends, and what it ends with is not changed by another search.
//!
//! The search distrusts itself. The case must fail in the same bucket whenever it is judged, and an empty trace in its world must not fail:
//! otherwise it is the judge that fails, and what is small means nothing.
//!
//! Proposals are judged in batches, in parallel; the first of a batch wins, whichever is done first. So the result does not depend on the number of
//! threads. There is no clock, process or random source here: they are the judge's.

mod cut;
mod reduce;
mod repair;
mod search;
#[cfg(test)]
mod tests;
mod weight;

pub use weight::Weight;

use crate::case::Case;
use crate::ir::{Link, Ref, Snap, Trace};
use search::Search;
use thiserror::Error;

/// What says whether a case fails, and how.
pub trait Judge: Sync {
    /// The bucket that the case fails in; `None` where it does not, or can't be judged.
    ///
    /// # Errors
    /// When nothing can be judged any more: the search ends with the best that it has.
    fn bucket(&self, case: &Case) -> Result<Option<String>, String>;
}

/// What looks on, and can end the search.
pub trait Watch: Sync {
    /// False ends the search with the best that it has.
    fn goes_on(&self) -> bool;
    /// So many proposals were judged, and this is the best.
    fn sees(&self, tried: u64, best: &Case);
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimized {
    /// The smallest case that was found.
    pub case: Case,
    /// The bucket that it fails in, as the case that it was made of.
    pub bucket: String,
    /// Proposals that were judged, up to the one that won of each batch.
    pub tried: u64,
    /// Why the search ended before it was done.
    pub ended_early: Option<EndedEarly>,
}

/// Why a search ended before it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndedEarly {
    /// The watch did not let it go on.
    Stopped,
    /// The judge failed.
    Judge(String),
}

/// Why a case can't be minimised.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MinimizeError {
    /// It does not fail.
    #[error("does not fail: there is nothing to keep while it gets smaller")]
    Passes,
    /// It fails now so, now otherwise.
    #[error("flaky: judged {} times, it was {}", seen.len(), words(seen))]
    Flaky {
        /// Each bucket, `None` for not failing.
        seen: Vec<Option<String>>,
    },
    /// Even no trace at all fails in the case's world.
    #[error("an empty trace in its world fails too ({bucket}): its instructions are not to blame")]
    FailsEmpty {
        /// In this bucket.
        bucket: String,
    },
    /// The judge failed before anything was known.
    #[error("{0}")]
    Judge(String),
}

fn words(seen: &[Option<String>]) -> String {
    seen.iter().map(|b| b.as_deref().unwrap_or("no finding")).collect::<Vec<_>>().join(", then ")
}

/// How often a case must fail to be believed.
pub const TRIALS: usize = 3;

/// Makes a checked case as small as it gets while it fails in its bucket.
///
/// # Errors
/// When the case does not fail, fails now so and now otherwise, or fails without its instructions; or the judge fails at the start.
pub fn minimize(case: &Case, judge: &dyn Judge, watch: &dyn Watch) -> Result<Minimized, MinimizeError> {
    let bucket = settled(case, judge)?;
    if let Some(bucket) = judge.bucket(&emptied(case)).map_err(MinimizeError::Judge)? {
        return Err(MinimizeError::FailsEmpty { bucket });
    }
    let found = Search::new(case, &bucket, judge, watch).run();
    if found.ended_early.is_none() && settled(&found.case, judge)? != bucket {
        return Err(MinimizeError::Flaky { seen: vec![Some(bucket), None] });
    }
    Ok(found)
}

/// The bucket that a case fails in each time.
fn settled(case: &Case, judge: &dyn Judge) -> Result<String, MinimizeError> {
    let trials = (0..TRIALS).map(|_| judge.bucket(case));
    let seen = trials.collect::<Result<Vec<_>, _>>().map_err(MinimizeError::Judge)?;
    match &seen[0] {
        first if seen.iter().any(|other| other != first) => Err(MinimizeError::Flaky { seen }),
        Some(bucket) => Ok(bucket.clone()),
        None => Err(MinimizeError::Passes),
    }
}

/// The case's world and inputs, and no trace.
fn emptied(case: &Case) -> Case {
    let trace = Trace { ins: vec![], snaps: vec![Snap { at: Ref(1), entries: vec![] }], link: Link::Interpreter };
    Case { trace, side: None, ..case.clone() }
}

/// Instructions of a case: the lines of IR in its text, snapshots not counted.
pub fn instructions(case: &Case) -> usize {
    case.trace.ins.len() + case.side.as_ref().map_or(0, |side| side.trace.ins.len())
}
