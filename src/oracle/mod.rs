//! The one pipeline: a case through a backend, the machine and the interpreter, to a verdict.

mod aliased;
mod dropped;
mod findings;
mod inspect;
mod judge;
mod narrowed;
mod observe;
mod prepare;
mod restore;
mod step;
mod verdict;

pub use findings::name_address;
pub use inspect::Inspection;
pub use judge::Run;
pub use prepare::{Image, images};
pub use step::history;
pub use verdict::{Finding, Judged, STAGES, Stage, Stats, Verdict};

use crate::backend::{Backend, BackendId, Refusal};
use crate::case::Case;
use crate::code::{Code, Mapping};
use crate::machine::{self, Machine};
use thiserror::Error;

/// Why the pipeline itself failed: never a verdict.
#[derive(Debug, Error)]
pub enum OracleError {
    /// The emulator could not be set up or broke.
    #[error("machine: {0}")]
    Machine(String),
    /// The backend was asked for what makes no sense.
    #[error("backend: {0}")]
    Backend(String),
    /// The interpreter met what a checked case can't have.
    #[error("interpreter: {0}")]
    Interpreter(String),
    /// The run wanted more memory than the backend has.
    #[error("the backend's heap is full")]
    OutOfMemory,
    /// An input that the case does not have.
    #[error("input {input}: the case has {inputs}; name one of them")]
    Input {
        /// Its number, from 1.
        input: usize,
        /// How many there are.
        inputs: usize,
    },
}

/// A backend with its machine.
pub struct Oracle {
    // Dropped before the backend, whose memory it maps.
    machine: Machine,
    backend: Box<dyn Backend>,
    gaps: prepare::Gaps,
    /// How many instructions a run may take, if not as many as usual.
    budget: Option<usize>,
    /// The code of the case judged last.
    code: Option<Code>,
}

impl Oracle {
    /// Sets up the machine for a backend.
    ///
    /// # Errors
    /// When the emulator can't be set up.
    pub fn new(backend: Box<dyn Backend>) -> Result<Oracle, OracleError> {
        let machine = Machine::new(&backend.mappings(), backend.code_window())
            .map_err(|e| OracleError::Machine(e.to_string()))?;
        Ok(Oracle { machine, backend, gaps: prepare::Gaps::default(), budget: None, code: None })
    }

    /// Moves the backend's memory to where a case wants it, and the machine with it. `None` if that was done or was not needed.
    ///
    /// # Errors
    /// When the emulator can't be set up again.
    pub fn settle(&mut self, case: &Case) -> Result<Option<Refusal>, OracleError> {
        if self.backend.arena() == case.arena {
            return Ok(None);
        }
        let set_up = |mappings: &[Mapping], window| {
            Machine::new(mappings, window).map_err(|e| OracleError::Machine(e.to_string()))
        };
        // Nothing may be mapped while it moves.
        self.machine = set_up(&[], self.backend.code_window())?;
        let refusal = self.backend.move_to(case.arena).err();
        self.machine = set_up(&self.backend.mappings(), self.backend.code_window())?;
        self.set_budget(self.budget);
        Ok(refusal)
    }

    /// How many instructions a run may take before it hangs; `None` for as many as usual.
    pub fn set_budget(&mut self, budget: Option<usize>) {
        self.budget = budget;
        self.machine.set_budget(budget.unwrap_or(machine::BUDGET));
    }

    /// The backend's identity.
    pub fn id(&self) -> &BackendId {
        self.backend.id()
    }

    /// The code of the case that was judged last; `None` if it got none.
    pub fn code(&self) -> Option<&Code> {
        self.code.as_ref()
    }

    /// The parts, for tools that look inside: benchmark and explanation.
    pub fn parts(&mut self) -> (&mut Machine, &mut dyn Backend) {
        (&mut self.machine, self.backend.as_mut())
    }
}
