//! What a night needs of what `triage --json` prints.

use crate::campaign::KnownBug;
use serde::{Deserialize, Serialize};

/// Findings by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Triage {
    /// The causes.
    pub causes: Vec<Cause>,
    /// Findings that come and go.
    pub flaky: Vec<Odd>,
    /// Files that could not be judged.
    pub broken: Vec<Odd>,
}

/// One bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The bucket.
    pub bucket: String,
    /// The backend.
    pub backend: String,
    /// Files with it.
    pub files: Vec<String>,
    /// Instructions of the smallest case.
    pub instructions: u64,
    /// The file of the smallest case.
    pub case: Option<String>,
    /// The accepted bug that it is.
    pub known: Option<KnownBug>,
}

/// A file that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Odd {
    /// Where it is.
    pub path: String,
    /// What is odd about it.
    pub why: String,
}
