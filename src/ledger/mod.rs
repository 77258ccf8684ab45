//! Bugs that old releases of a backend had, and how long a hunt takes to find each: the benchmark of the whole tool.
//!
//! A case counts as a hit of a bug only if three things were seen, none of which is a name: it fails on the release with the bug, it agrees on
//! the one without, and the blame for the failure names the function that was mended. Where one function had several bugs, the words that it wrote
//! tell them apart ([`Shape`]).

mod chase;
mod court;
mod score;
mod shape;
mod table;
mod text;

pub use chase::{Benchmark, Hit, Run};
pub use court::Court;
pub use score::{Score, quantile};
pub use shape::Shape;
pub use table::{BadLedger, Bug, Ledger};
pub use text::{bugs_text, scores_text};

use crate::campaign::{CampaignError, OpenError};
use crate::text::ParseError;
use thiserror::Error;

/// Why a bug can't be hunted.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// A backend's name is none.
    #[error("bug {bug}: {source}")]
    Backend {
        /// The bug.
        bug: String,
        /// The reason.
        source: OpenError,
    },
    /// Workers can't be started.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// A case can't be read.
    #[error("a case of {bug} can't be read: {source}")]
    Case {
        /// The bug.
        bug: String,
        /// The parser's reason.
        source: ParseError,
    },
    /// tracehound itself failed on a case, so that it may have missed the bug.
    #[error("bug {bug}, seed {seed}, case {index}: {why}")]
    Failed {
        /// The bug that was hunted.
        bug: String,
        /// The seed.
        seed: u64,
        /// The case.
        index: u64,
        /// What went wrong.
        why: String,
    },
}
