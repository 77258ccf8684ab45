//! Executes compiled code under Unicorn, an emulator of an ARM64 processor (Cortex-A72, EL0).
//!
//! The guest sees a backend's memory at the backend's own addresses and a window of code that the machine fills.
//! Nothing else is mapped: a branch to an exit handler, to the interpreter or to a C function stops the run, and
//! the backend's [`Runtime`] says what stands at that address. What the code must not do ends as a [`Fault`].
//!
//! Translating code costs much more than running it: load once, run many inputs.

mod bare;
mod engine;
mod error;
mod fault;
#[cfg(test)]
mod tests;
mod watchdog;

pub use bare::{Prepared, PreparedInput};
pub use error::MachineError;

use crate::code::{Code, Mapping, Registers, Runtime, Stop};
use crate::ir::ExitNo;
use crate::outcome::Fault;
use engine::{Engine, Halt};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};
use watchdog::Watchdog;

/// How long a run may take, unless [`Machine::set_deadline`] says otherwise. Honest runs take microseconds.
pub const DEADLINE: Duration = Duration::from_millis(100);
/// A run that took longer is worth a counted one. The emulator needs longer than this for [`BUDGET`] instructions.
const SLOW: Duration = Duration::from_millis(5);
/// A run of more instructions hangs. The interpreter judges no run of more than a hundredth
/// ([`crate::interpret::MAX_STEPS`]), and an instruction of the IR is a handful of the machine's.
pub const BUDGET: usize = 10_000_000;
/// A run of more calls hangs.
const MAX_CALLS: usize = 1_000_000;

/// An emulated processor with a backend's memory. It stays in the thread that made it: it is not `Send`.
pub struct Machine {
    // Dropped before the engine that it stops.
    watchdog: Watchdog,
    engine: Engine,
    /// Where the code loaded last is, in the window: the root trace first.
    loaded: Vec<Range<usize>>,
    /// Instructions of a counted run.
    budget: usize,
}

/// How a run ended, with its last registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: HowEnded,
    /// The registers then.
    pub regs: Registers,
    /// It took so long that a busy host may have made it look endless, or an endless loop may have been cut short:
    /// [`Machine::run_counted`] tells, on fresh memory.
    pub slow: bool,
    /// How often the code called the backend's runtime.
    pub calls: usize,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HowEnded {
    /// Through an exit.
    Exit(ExitNo),
    /// At the trace's end, to the interpreter.
    Tail,
    /// The machine stopped it.
    Fault(Fault),
}

impl Machine {
    /// A machine with a backend's memory and an empty code window (first address, bytes; whole pages).
    ///
    /// # Errors
    /// Memory that can't be mapped, or an emulator or thread that can't be started.
    pub fn new(mappings: &[Mapping], code_window: (u64, u64)) -> Result<Machine, MachineError> {
        let engine = Engine::new(mappings, code_window)?;
        let watchdog = Watchdog::start(engine.stopper(), DEADLINE)?;
        Ok(Machine { watchdog, engine, loaded: vec![], budget: BUDGET })
    }

    /// Sets how long a run may take, calls included.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.watchdog.set_deadline(deadline);
    }

    /// Sets how many instructions a run may take before it hangs, instead of [`BUDGET`], with times and calls in proportion.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
        self.set_deadline(in_proportion(DEADLINE, budget));
    }

    /// Puts code into the window, in place of the code loaded before.
    ///
    /// # Errors
    /// Code outside of the window.
    pub fn load(&mut self, code: &Code) -> Result<(), MachineError> {
        let parts = || std::iter::once(code).chain(code.side.as_deref());
        let new = parts().map(|part| self.place(part)).collect::<Result<Vec<_>, _>>()?;
        let memory = self.engine.window_memory();
        self.loaded.iter().for_each(|old| memory.clear(old.clone()));
        new.iter().zip(parts()).for_each(|(place, part)| memory.write(place.start, &part.bytes));
        let old = std::mem::replace(&mut self.loaded, new);
        self.forget(&old)?;
        self.forget(&self.loaded.clone())
    }

    /// Runs the loaded code with one input: registers from `start`, memory as the caller prepared it.
    ///
    /// # Errors
    /// A start outside of the loaded code, or an emulator that behaves in an unknown way. The machine stays usable.
    pub fn run(&mut self, code: &Code, runtime: &mut dyn Runtime, start: &Registers) -> Result<Ended, MachineError> {
        self.check_start(start.pc)?;
        self.engine.reset()?;
        let mut regs = start.clone();
        let (start, slow) = (Instant::now(), in_proportion(SLOW, self.budget));
        let armed = self.watchdog.arm();
        for calls in 0.. {
            let halt = go(&mut self.engine, code, &mut regs, None)?;
            if let Some(how) = ended(&self.engine, halt, code, runtime, &mut regs, armed.fired())? {
                return Ok(Ended { how, regs, slow: armed.fired() || start.elapsed() > slow, calls });
            }
        }
        unreachable!("the watchdog ends it");
    }

    /// Runs the loaded code with one input as [`Machine::run`] does, but counts instructions instead of watching the clock: what comes
    /// out is the same on every machine, however busy. Slow.
    ///
    /// # Errors
    /// Those of [`Machine::run`].
    pub fn run_counted(
        &mut self,
        code: &Code,
        runtime: &mut dyn Runtime,
        start: &Registers,
    ) -> Result<Ended, MachineError> {
        self.check_start(start.pc)?;
        self.forget(&self.loaded.clone())?;
        self.engine.reset()?;
        let mut regs = start.clone();
        let (mut calls, most) = (0, MAX_CALLS / (BUDGET / self.budget).max(1));
        let how = loop {
            let halt = go(&mut self.engine, code, &mut regs, Some(self.budget))?;
            let over = calls == most || halt == Halt::Quiet;
            if let Some(how) = ended(&self.engine, halt, code, runtime, &mut regs, over)? {
                break how;
            }
            calls += 1;
        };
        self.forget(&self.loaded.clone())?;
        Ok(Ended { how, regs, slow: false, calls })
    }

    /// Runs the loaded code with one input, instruction by instruction: `visit` sees the registers and the memory before each and may end
    /// the run, which then has no end of its own. A run of more than `most` hangs. Very slow.
    ///
    /// # Errors
    /// Those of [`Machine::run`].
    pub fn run_stepped(
        &mut self,
        code: &Code,
        runtime: &mut dyn Runtime,
        start: &Registers,
        most: u32,
        visit: &mut dyn FnMut(&Registers, &dyn Runtime) -> ControlFlow<()>,
    ) -> Result<Option<Ended>, MachineError> {
        self.check_start(start.pc)?;
        self.forget(&self.loaded.clone())?;
        self.engine.reset()?;
        let (mut regs, mut steps, mut calls) = (start.clone(), 0..most, 0);
        let how = loop {
            if visit(&regs, runtime).is_break() {
                break None;
            }
            let halt = go(&mut self.engine, code, &mut regs, Some(1))?;
            let over = steps.next().is_none();
            if halt == Halt::Quiet && self.engine.window().contains(&regs.pc) && !over {
                continue;
            }
            if let Some(how) = ended(&self.engine, halt, code, runtime, &mut regs, over)? {
                break Some(how);
            }
            calls += 1;
        };
        self.forget(&self.loaded.clone())?;
        Ok(how.map(|how| Ended { how, regs, slow: false, calls }))
    }

    /// The code's place in the window.
    fn place(&self, code: &Code) -> Result<Range<usize>, MachineError> {
        let (Range { start, end }, len) = (self.engine.window(), code.bytes.len());
        let offset = code.base.checked_sub(start).and_then(|o| usize::try_from(o).ok());
        offset
            .filter(|o| o % 4 == 0 && *o <= self.engine.window_memory().len())
            .map(|o| o..o + len)
            .filter(|place| place.end <= self.engine.window_memory().len())
            .ok_or(MachineError::OutsideWindow { base: code.base, len, start, end })
    }

    /// Only where code was or is can a translation be stale: everywhere else the window holds zeros, which are
    /// undefined and end their block. (To walk all of a large window's pages costs more than the rest of a load.)
    fn forget(&mut self, places: &[Range<usize>]) -> Result<(), MachineError> {
        let base = self.engine.window().start;
        places.iter().try_for_each(|p| self.engine.forget(base + p.start as u64..base + p.end as u64))
    }

    fn check_start(&self, pc: u64) -> Result<(), MachineError> {
        let offset = pc.wrapping_sub(self.engine.window().start);
        let inside = usize::try_from(offset).is_ok_and(|o| self.loaded.first().is_some_and(|root| root.contains(&o)));
        if inside { Ok(()) } else { Err(MachineError::NotLoaded { pc }) }
    }
}

/// A time for [`BUDGET`] instructions as one for `budget`.
fn in_proportion(time: Duration, budget: usize) -> Duration {
    time.mul_f64(budget as f64 / BUDGET as f64)
}

/// Runs until something stops it. The next stop at the same known target is cheaper.
fn go(engine: &mut Engine, code: &Code, regs: &mut Registers, budget: Option<usize>) -> Result<Halt, MachineError> {
    let halt = engine.go(regs, budget)?;
    let known = || code.conventions.targets.iter().any(|(first, end)| (*first..*end).contains(&regs.pc));
    if halt == Halt::Fetch && known() {
        engine.trap(regs.pc);
    }
    Ok(halt)
}

/// How the run ended, if it has; otherwise the registers are ready to go on.
fn ended(
    engine: &Engine,
    halt: Halt,
    code: &Code,
    runtime: &mut dyn Runtime,
    regs: &mut Registers,
    over: bool,
) -> Result<Option<HowEnded>, MachineError> {
    let outside = matches!(halt, Halt::Fetch | Halt::Quiet) && !engine.window().contains(&regs.pc);
    if !outside || !regs.pc.is_multiple_of(4) {
        let word = |addr| word_at(engine, addr);
        let scene = fault::Scene { halt, regs, window: engine.window(), word: &word, over_deadline: over };
        return fault::classify(&scene).map(|f| Some(HowEnded::Fault(f)));
    }
    if let Some(fault) = fault::misaligned_sp(regs) {
        return Ok(Some(HowEnded::Fault(fault)));
    }
    let left = regs.pc;
    Ok(match runtime.stop(code, regs) {
        Stop::Exit(n) => Some(HowEnded::Exit(n)),
        Stop::Tail => Some(HowEnded::Tail),
        Stop::Wild => Some(HowEnded::Fault(fault::bad_branch(left, regs, "no code at this address"))),
        Stop::OutOfMemory => return Err(MachineError::OutOfMemory),
        Stop::Resume if over => Some(HowEnded::Fault(fault::hang(left))),
        Stop::Resume => None,
    })
}

/// The word of code at an address.
fn word_at(engine: &Engine, addr: u64) -> Option<u32> {
    let memory = engine.window_memory();
    let offset = usize::try_from(addr.checked_sub(engine.window().start)?).ok()?;
    if offset.checked_add(4)? > memory.len() {
        return None;
    }
    let mut word = [0; 4];
    memory.read(offset, &mut word);
    Some(u32::from_le_bytes(word))
}
