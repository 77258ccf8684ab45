//! Backends: what turns a trace into ARM64 machine code, behind one small trait.

use crate::case::Case;
use crate::code::{Code, Mapping, Runtime};
use crate::ir::Ref;
use crate::outcome::FaultClass;

/// What a backend is, exactly: part of every report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendId {
    /// What the user says to get it: `luajit@210.7.4`.
    pub name: String,
    /// The exact version: `luajit-src 210.7.4+c6ffc14`, or a commit.
    pub version: String,
    /// Build variant: `plain`, `assert`, `random-ra`.
    pub variant: String,
}

/// Why a backend gave no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The case can't be judged on it; the reason is a short key for statistics.
    Skip(String),
    /// It failed where it should not: a finding.
    Fault {
        /// `BackendAssert` or `BackendCrash`.
        class: FaultClass,
        /// Its own words.
        text: String,
        /// The instruction it was assembling.
        at: Option<Ref>,
    },
}

/// A code generator under test.
pub trait Backend {
    /// Its identity.
    fn id(&self) -> &BackendId;

    /// Compiles a checked case. The code stays runnable until the next call.
    fn compile(&mut self, case: &Case) -> Result<Code, Refusal>;

    /// The memory that its code needs, but for the code itself.
    fn mappings(&self) -> Vec<Mapping>;

    /// The addresses (first, bytes) between which its code always lies.
    fn code_window(&self) -> (u64, u64);

    /// What stands behind its code.
    fn runtime(&mut self) -> &mut dyn Runtime;
}
