//! One run, instruction by instruction: for whoever wants to know where it went astray.

use super::judge::decode;
use super::prepare::images;
use super::{Oracle, OracleError};
use crate::case::Case;
use crate::code::{Code, Registers, Runtime};
use crate::interpret::History;
use crate::machine::{HowEnded, MachineError};
use std::ops::ControlFlow;

/// Instructions of a stepped run: far more than a case needs to show what is wrong with it.
const MOST: u32 = 50_000;

impl Oracle {
    /// Runs code with input `n`. `visit` sees registers and memory before each instruction; `None` if it ended the run.
    ///
    /// # Errors
    /// When the pipeline itself fails.
    pub fn step(
        &mut self,
        case: &Case,
        code: &Code,
        n: usize,
        visit: &mut dyn FnMut(&Registers, &dyn Runtime) -> ControlFlow<()>,
    ) -> Result<Option<HowEnded>, OracleError> {
        let machine = |e: MachineError| OracleError::Machine(e.to_string());
        self.machine.load(code).map_err(machine)?;
        let images = images(case);
        let image = images.get(n).ok_or(OracleError::Input { input: n + 1, inputs: case.inputs.len() })?;
        // What lies between regions is as a judged run finds it.
        self.gaps.enter(case, self.backend.runtime());
        self.prepare(case, code, n, image)?;
        let ended =
            self.machine.run_stepped(code, self.backend.runtime(), &code.start, MOST, visit).map_err(machine)?;
        // What the run left in the backend is the next one's to forget.
        self.backend.scrub();
        Ok(ended.map(|ended| ended.how))
    }
}

/// What the interpreter makes of input `n`, value by value.
///
/// # Errors
/// When the case can't be interpreted, or has no such input.
pub fn history(case: &Case, n: usize) -> Result<History, OracleError> {
    let input = case.inputs.get(n).ok_or(OracleError::Input { input: n + 1, inputs: case.inputs.len() })?;
    Ok(decode(case)?.history(input))
}
