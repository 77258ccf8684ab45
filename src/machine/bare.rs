//! Times Unicorn alone on prepared work: the mark that the whole pipeline's throughput is measured against.

use super::{Machine, MachineError, go};
use crate::code::{Code, Registers, Runtime, Stop};
use std::time::{Duration, Instant};

/// Code with its inputs.
pub struct Prepared<'a> {
    /// The code.
    pub code: &'a Code,
    /// Its inputs.
    pub inputs: Vec<PreparedInput>,
}

/// One input, ready to run.
pub struct PreparedInput {
    /// Registers at the start.
    pub regs: Registers,
    /// Memory to write before it: address and bytes.
    pub writes: Vec<(u64, Vec<u8>)>,
}

impl Machine {
    /// The time to load all of this code and to run each of its inputs, translation included. Nothing is judged.
    ///
    /// A run ends at the first address outside of the code; with a runtime, at the first where it does not resume.
    ///
    /// # Errors
    /// Those of [`Machine::load`] and [`Machine::run`], and writes outside of all memory.
    pub fn bare(&mut self, work: &[Prepared], mut runtime: Option<&mut dyn Runtime>) -> Result<Duration, MachineError> {
        let begin = Instant::now();
        for prepared in work {
            self.load(prepared.code)?;
            for input in &prepared.inputs {
                // Spelled out: `as_deref_mut` would borrow the runtime for as long as it lives.
                let runtime = runtime.as_mut().map(|r| &mut **r as &mut dyn Runtime);
                self.bare_run(prepared.code, input, runtime)?;
            }
        }
        Ok(begin.elapsed())
    }

    fn bare_run(
        &mut self,
        code: &Code,
        input: &PreparedInput,
        mut runtime: Option<&mut dyn Runtime>,
    ) -> Result<(), MachineError> {
        self.check_start(input.regs.pc)?;
        input.writes.iter().try_for_each(|(addr, bytes)| self.engine.poke(*addr, bytes))?;
        self.engine.reset()?;
        let mut regs = input.regs.clone();
        let armed = self.watchdog.arm();
        loop {
            go(&mut self.engine, code, &mut regs, None)?;
            let Some(runtime) = &mut runtime else { return Ok(()) };
            let inside = self.engine.window().contains(&regs.pc);
            if inside || armed.fired() || runtime.stop(code, &mut regs) != Stop::Resume {
                return Ok(());
            }
        }
    }
}
