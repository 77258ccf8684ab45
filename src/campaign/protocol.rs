//! What coordinator and worker say to each other: one JSON value a line, requests down, answers up.

use super::guided::{Newcomer, Source};
use crate::backend::BackendId;
use crate::blame::Blame;
use crate::explain::Sheet;
use crate::oracle::{STAGES, Stats};
use crate::tally::Tally;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// To the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// The first line: open the backend.
    Open(super::Plan),
    /// Judge cases by number.
    Judge {
        /// The first.
        first: u64,
        /// How many.
        count: u64,
        /// Say which case comes next before each, and answer each on its own.
        announce: bool,
        /// What they are made of.
        #[serde(default)]
        source: Source,
    },
    /// Judge the case in a `.trace` file.
    Replay {
        /// The file's text.
        text: String,
    },
    /// Judge the case in a `.trace` file and tell all that was seen.
    Explain {
        /// The file's text.
        text: String,
    },
    /// Judge the case in a `.trace` file and blame its finding.
    Blame {
        /// The file's text.
        text: String,
    },
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The backend is open.
    Ready(BackendId),
    /// The worker can't work; it ends.
    Failed(String),
    /// This case is generated next (announced batches only).
    Generating(u64),
    /// The case exists and is judged next (announced batches only).
    Judging(u64),
    /// The sum of a batch, or of one announced case.
    Batch(Box<Batch>),
    /// The judgement of a file.
    Replayed(Replay),
    /// The judgement of a file, with all that was seen.
    Explained(Explained),
    /// Whom a file's finding is to be blamed on.
    Blamed(Blamed),
}

/// What comes of a `.trace` file, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The pipeline's word.
    pub judgement: Judgement,
    /// All that was seen; or why it could not be.
    pub sheet: Result<Box<Sheet>, String>,
}

/// What comes of blaming a `.trace` file's finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blamed {
    /// Here it is.
    Blame(Box<Blame>),
    /// The build that records does what the trace says.
    Agree,
    /// It can't be judged there.
    Skip(String),
    /// Something failed.
    Error(String),
}

/// What comes of a `.trace` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The pipeline's word.
    pub judgement: Judgement,
    /// Where the interpreter differs from the file's `run` lines.
    pub runs: Vec<String>,
    /// Where the code differs from the file's `code` lines.
    pub shapes: Vec<String>,
}

/// Results of some cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// What was seen.
    pub tally: Tally,
    /// Time by stage, in the order of [`STAGES`].
    pub times: [Duration; STAGES.len()],
    /// Edges that the backend counts; 0 if it counts none.
    #[serde(default)]
    pub edges: usize,
    /// Cases that were made of earlier ones.
    #[serde(default)]
    pub mutants: u64,
    /// Cases that reached something in it that no earlier case of the worker did.
    #[serde(default)]
    pub newcomers: Vec<Newcomer>,
}

impl Batch {
    /// Adds another batch.
    pub fn add(&mut self, other: Batch) {
        self.tally.add(other.tally);
        self.add_times(&other.times);
        self.edges = self.edges.max(other.edges);
        self.mutants += other.mutants;
        self.newcomers.extend(other.newcomers);
    }

    /// Adds a case's times.
    pub fn add_times(&mut self, times: &[Duration; STAGES.len()]) {
        for (sum, more) in self.times.iter_mut().zip(times) {
            *sum += *more;
        }
    }
}

/// What the pipeline says of a `.trace` file's case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Judgement {
    /// The code did what the trace says.
    Agree(Reached),
    /// It could not be judged.
    Skip(String),
    /// It did not.
    Finding {
        /// The class.
        class: String,
        /// The bucket.
        key: String,
        /// What tells it from others in its bucket, as far as known.
        nuance: String,
        /// Expected and observed.
        detail: Vec<String>,
        /// Where it is: the words of an `expect` line.
        words: String,
        /// It in words: the `note` lines of a file.
        notes: Vec<String>,
    },
    /// The pipeline itself failed.
    Error(String),
}

/// What judged runs reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Inputs that were judged.
    pub inputs: u64,
    /// Runs that left through an exit.
    pub exits: u64,
    /// Runs that reached the end.
    pub tails: u64,
}

impl From<&Stats> for Reached {
    fn from(s: &Stats) -> Self {
        Reached { inputs: s.inputs, exits: s.exits, tails: s.tails }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_and_survives_the_pipe() {
        let judgement = Judgement::Finding {
            class: "wrong-exit".into(),
            key: "wrong-exit-add-int".into(),
            nuance: String::new(),
            detail: vec!["two\nlines".into(), "\u{0}".into()],
            words: "at 0001".into(),
            notes: vec![],
        };
        let answer = Answer::Replayed(Replay { judgement, runs: vec![], shapes: vec![] });
        let line = serde_json::to_string(&answer).expect("plain data");
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Answer>(&line).expect("its own output"), answer);
    }
}
