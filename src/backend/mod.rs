//! Backends: what turns a trace into ARM64 machine code, behind one small trait.

pub mod history;
pub mod luajit;
pub mod store;

use crate::case::{Arena, Case, Input};
use crate::code::{Code, Frame, Mapping, Record, Registers, Runtime};
use crate::ir::{ExitNo, Ref};
use crate::outcome::{Call, FaultClass, Heap};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a backend is, exactly: part of every report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendId {
    /// What the user says to get it: `luajit@210.7.4`.
    pub name: String,
    /// The exact version: `luajit-src 210.7.4+c6ffc14`, or a commit.
    pub version: String,
    /// Build variant: `plain`, `assert`, `random-ra`, `blame`, `guided`.
    pub variant: String,
}

impl BackendId {
    /// What the command line calls this build.
    pub fn selector(&self) -> String {
        match self.variant.as_str() {
            "plain" => self.name.clone(),
            variant => format!("{}/{variant}", self.name),
        }
    }
}

/// Why a backend gave no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The case can't be judged on it; the reason is a short key for statistics.
    Skip(String),
    /// We failed: the request made no sense to it. An error, never a verdict.
    Broken(String),
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

/// What a run left behind, beside registers and plain memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The world's objects, and all others that can be reached from them and from the roots.
    pub heap: Heap,
    /// Calls of helpers, in order.
    pub calls: Vec<Call>,
    /// How often the collector was called.
    pub gc_steps: u32,
    /// What was stored to the runtime's own data that no trace has any business with.
    pub stray: Option<Stray>,
}

/// A store to what no trace has any business with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Where to.
    pub address: u64,
    /// It in words.
    pub text: String,
}

/// A code generator under test.
pub trait Backend {
    /// Its identity.
    fn id(&self) -> &BackendId;

    /// Where its memory lies.
    fn arena(&self) -> Arena {
        Arena::Usual
    }

    /// Moves its memory. What was compiled is gone; no machine may have the memory mapped.
    ///
    /// # Errors
    /// When it can't: it stays where it was, or anew there.
    fn move_to(&mut self, arena: Arena) -> Result<(), Refusal> {
        Err(Refusal::Skip(format!("no memory at arena {}", arena.name())))
    }

    /// Compiles a checked case, whose arena is where the memory lies. The code stays runnable until the next call.
    fn compile(&mut self, case: &Case) -> Result<Code, Refusal>;

    /// The memory that its code needs, but for the code itself.
    fn mappings(&self) -> Vec<Mapping>;

    /// The addresses (first, bytes) between which its code always lies.
    fn code_window(&self) -> (u64, u64);

    /// Brings objects and the VM's state to what an input wants: before each run, before regions and Lua stack are written.
    ///
    /// # Errors
    /// The backend's own words when it can't.
    fn enter(&mut self, case: &Case, code: &Code, input: &Input) -> Result<(), String> {
        let _ = (case, code, input);
        Ok(())
    }

    /// What a run left behind. `roots` are words as in a slot; those that are no objects count for nothing.
    ///
    /// # Errors
    /// The backend's own words when it can't tell.
    fn left(&mut self, case: &Case, roots: &[u64]) -> Result<Left, String> {
        let _ = (case, roots);
        Ok(Left::default())
    }

    /// Writes line counters to a folder.
    ///
    /// # Errors
    /// When the build has none.
    fn dump_lines(&self, folder: &Path) -> Result<(), String> {
        Err(format!("this backend has no line counters to write to {}", folder.display()))
    }

    /// A counter for each edge of the backend's own control flow: how often it was taken, modulo 256, since the caller last cleared it. `None`
    /// where the build counts none.
    fn edges(&mut self) -> Option<&mut [u8]> {
        None
    }

    /// What was recorded while the last case was compiled.
    ///
    /// # Errors
    /// When the build records nothing.
    fn record(&mut self, case: &Case) -> Result<Record, String> {
        let _ = case;
        Err("this backend does not record who writes its code".into())
    }

    /// The places in the backend's source that addresses of a record stand for, calls that were compiled in line included.
    ///
    /// # Errors
    /// When the build has no line numbers.
    fn frames(&mut self, addresses: &[u64]) -> Result<Vec<Frame>, String> {
        let _ = addresses;
        Err("this backend has no line numbers".into())
    }

    /// Forgets what runs left in memory: for after one that may have stored anywhere. The next case runs as if it were the first.
    fn scrub(&mut self) {}

    /// The Lua stack (words from slot [`crate::ir::validate::MIN_SLOT`] on) as the backend's own exit handler restores it from the
    /// registers at an exit: a second opinion on the value locations. `None` where there is no such handler.
    ///
    /// # Errors
    /// The backend's own words when its handler fails.
    fn restore(&mut self, code: &Code, exit: ExitNo, regs: &Registers) -> Result<Option<Vec<u64>>, String> {
        let _ = (code, exit, regs);
        Ok(None)
    }

    /// What stands behind its code.
    fn runtime(&mut self) -> &mut dyn Runtime;
}
