//! What the pipeline says of a case: plain data.

use crate::ir::{Op, Ref, Type};
use crate::outcome::{Fault, FindingClass};
use crate::verify::DefectKind;
use std::collections::BTreeMap;
use std::time::Duration;

/// The three-valued result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// On every judged input, the code did what the trace says.
    Agree,
    /// The case could not be judged; the reason is a short key for statistics.
    Skip(String),
    /// It did not.
    Finding(Box<Finding>),
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub class: FindingClass,
    /// The instruction it is pinned to, as far as known without further analysis.
    pub at: Option<Ref>,
    /// That instruction's opcode and type.
    pub op: Option<(Op, Type)>,
    /// The input vector that shows it, from 0; `None` if the code need not run.
    pub input: Option<usize>,
    /// What was expected and observed, a line each.
    pub detail: Vec<String>,
    /// The fault, for faults of the running code.
    pub fault: Option<Fault>,
    /// The address of the first wrong byte, where memory is wrong and that is known.
    pub place: Option<u64>,
    /// The first defect, for code that need not run to be wrong.
    pub defect: Option<DefectKind>,
}

impl Finding {
    /// A preliminary bucket: class, opcode and type. Two findings with different keys may still be one bug.
    pub fn key(&self) -> String {
        match self.op {
            Some((op, ty)) => format!("{}-{}-{}", self.class.name(), op.name().to_lowercase(), ty.text()),
            None => self.class.name().to_string(),
        }
    }

    /// What tells it from others with its key, as far as known: the kind of defect, what the fault was at. Empty for nothing.
    pub fn nuance(&self) -> String {
        let fault = self.fault.as_ref().and_then(|f| f.detail.split([',', '=']).next());
        match (self.defect, fault) {
            (Some(kind), _) => spaced(&format!("{kind:?}")),
            (None, Some(what)) if !what.contains(|c: char| c.is_ascii_digit()) => what.to_string(),
            _ => String::new(),
        }
    }
}

/// `BadTarget` as `bad target`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// The stages of the pipeline, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Bytes to case (timed by the caller).
    Generate,
    /// The backend's work.
    Compile,
    /// Static checks.
    Verify,
    /// Execution under the emulator, memory set-up included.
    Emulate,
    /// The interpreter.
    Interpret,
    /// Comparison of outcomes.
    Compare,
}

/// Names of the stages, in order.
pub const STAGES: [&str; 6] = ["generate", "compile", "verify", "emulate", "interpret", "compare"];

/// Counts and times of judged cases; adds up over cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Inputs that were judged.
    pub inputs: u64,
    /// Inputs that were not, by reason.
    pub skipped_inputs: BTreeMap<String, u64>,
    /// Runs that left through an exit.
    pub exits: u64,
    /// Runs that reached the trace's end.
    pub tails: u64,
    /// Words of machine code.
    pub words: u64,
    /// Instructions of the traces as written.
    pub ins: u64,
    /// Exits whose values LuaJIT's own restore was asked for, too.
    pub restores: u64,
    /// Time by stage, in the order of [`STAGES`]. Empty of meaning for determinism: never in reports.
    pub times: [Duration; STAGES.len()],
}

impl Stats {
    /// Adds another case's.
    pub fn add(&mut self, other: &Stats) {
        self.inputs += other.inputs;
        for (reason, n) in &other.skipped_inputs {
            *self.skipped_inputs.entry(reason.clone()).or_default() += n;
        }
        self.exits += other.exits;
        self.tails += other.tails;
        self.words += other.words;
        self.ins += other.ins;
        self.restores += other.restores;
        for (a, b) in self.times.iter_mut().zip(other.times) {
            *a += b;
        }
    }
}

/// A verdict with its statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What the pipeline says.
    pub verdict: Verdict,
    /// Counts and times.
    pub stats: Stats,
}
