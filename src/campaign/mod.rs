//! Many cases through the pipeline: numbered, in worker processes, in parallel, with state that survives all of them.
//!
//! Case number i of a seed is the same case on every machine. A coordinator thread owns one worker process (this program,
//! executed anew) and hands it batches of case numbers over pipes. A backend that crashes, hangs or eats memory takes
//! its worker along and costs one case: the coordinator runs the batch again with every case announced, records
//! the one that is fatal as a finding and goes on behind it. So nothing a backend does ends a hunt, and which cases
//! were judged with which result depends on no clock and no number of jobs.

mod around;
mod batch;
mod blamer;
mod death;
mod examine;
mod files;
mod folder;
mod fuzz;
mod guided;
mod hunt;
mod judge;
mod known;
mod party;
mod pieces;
mod plan;
mod pool;
mod process;
mod protocol;
mod ranges;
mod replay;
mod sabotage;
mod serve;
mod shapes;
mod single;
mod state;
mod sweep;
mod triage;
mod trials;
mod versions;

pub use around::Around;
pub use blamer::{Blamer, recording};
pub use examine::{Exam, Examined, Examiner};
pub use files::{CaseFileError, collect_files, read_case, read_text};
pub use folder::{Folder, read_state, write_whole};
pub use fuzz::{
    Findings, FuzzCase, case_of_bytes, crossover_bytes, fuzz_asserts, fuzz_encoding, fuzz_luajit, fuzz_text,
    mutate_bytes,
};
pub use guided::{CorpusState, Reach};
pub use hunt::{Hunt, Limits, Progress};
pub use known::{BadKnown, KnownBug, KnownBugs};
pub use pieces::{OpenError, case, case_text, check_knob, op_names, open_oracle, runs, spec};
pub use plan::{DEFAULT_DEADLINE, DEFAULT_MEMORY, NoCache, Plan, Workers, cache_folder};
pub use process::Process;
pub use protocol::Blamed;
pub use protocol::{Judgement, Reached};
pub use replay::{Outcome, Replayer, Target};
pub use sabotage::Sabotage;
pub use serve::serve;
pub use single::judge_on;
pub use state::State;
pub use sweep::Sweep;
pub use triage::{Cause, Odd, Sorted, Suspect, Triage};
pub use trials::{Trials, small_file};
pub use versions::{Found, Step, Versions, VersionsError};

use std::path::PathBuf;
use thiserror::Error;

/// Why a campaign can't start or go on.
#[derive(Debug, Error)]
pub enum CampaignError {
    /// A worker could not be started.
    #[error("cannot start a worker process: {0}")]
    Spawn(#[source] std::io::Error),
    /// A worker came up and said why it can't work.
    #[error("{0}")]
    Refused(String),
    /// Workers die before they get a case.
    #[error("workers die before their first case: {0}")]
    Stillborn(String),
    /// Reading or writing in the folder of the hunt failed.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another process works in the folder.
    #[error("{} is in use by another hunt: wait for its end or name another --out", .0.display())]
    InUse(PathBuf),
    /// The folder holds something, and the hunt is not a resumed one.
    #[error("{} {holds}: add --resume to go on with it, or name another --out", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        holds: String,
    },
    /// There is no hunt to resume.
    #[error("{} holds no hunt to resume: leave --resume out, or name its folder by --out", .0.display())]
    NothingToResume(PathBuf),
    /// The hunt in the folder is another one.
    #[error("{} holds a hunt with {}: name another --out", path.display(), differences.join(", "))]
    OtherHunt {
        /// The folder.
        path: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// The state file can't be read.
    #[error("{} is no state of a hunt ({why}): name another --out", path.display())]
    BadState {
        /// The file.
        path: PathBuf,
        /// The parser's words.
        why: String,
    },
    /// A case to begin with is none.
    #[error("{}: {why}: --corpus takes .trace files", path.display())]
    BadSeed {
        /// The file.
        path: PathBuf,
        /// The parser's words.
        why: String,
    },
    /// The coordinator's thread pool can't be made.
    #[error("cannot start {jobs} threads: {why}")]
    Threads {
        /// How many were asked for.
        jobs: usize,
        /// The system's reason.
        why: String,
    },
}

fn io_error(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> CampaignError {
    move |source| CampaignError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan for tests: a few opcodes, no workers of its own.
    pub(super) fn plan() -> Plan {
        Plan {
            backend: "luajit".into(),
            variant: "plain".into(),
            cache: PathBuf::new(),
            seed: 1,
            emit: crate::case::Emit::Raw,
            ops: vec![],
            knobs: vec![],
            around: vec![],
            guided: false,
            memory: DEFAULT_MEMORY,
            budget: None,
            sabotage: Sabotage::default(),
        }
    }
}
