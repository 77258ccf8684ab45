//! The one pipeline: a case through a backend, the machine and the interpreter, to a verdict.

mod observe;
mod prepare;
mod verdict;

pub use prepare::{Image, images};
pub use verdict::{Finding, Judged, STAGES, Stage, Stats, Verdict};

use crate::backend::{Backend, BackendId, Refusal};
use crate::case::Case;
use crate::code::{Code, Registers};
use crate::compare::{self, Difference, Place, tolerance::tolerated};
use crate::interpret::Program;
use crate::ir::{Op, Ref, Slot, Type};
use crate::machine::{HowEnded, Machine};
use crate::outcome::{End, Fault, FaultClass, FindingClass, MismatchClass, Outcome};
use crate::verify::verify;
use std::time::Instant;
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
}

/// A backend with its machine.
pub struct Oracle {
    // Dropped before the backend, whose memory it maps.
    machine: Machine,
    backend: Box<dyn Backend>,
    gaps: prepare::Gaps,
}

impl Oracle {
    /// Sets up the machine for a backend.
    ///
    /// # Errors
    /// When the emulator can't be set up.
    pub fn new(backend: Box<dyn Backend>) -> Result<Oracle, OracleError> {
        let machine = Machine::new(&backend.mappings(), backend.code_window())
            .map_err(|e| OracleError::Machine(e.to_string()))?;
        Ok(Oracle { machine, backend, gaps: prepare::Gaps::default() })
    }

    /// The backend's identity.
    pub fn id(&self) -> &BackendId {
        self.backend.id()
    }

    /// The parts, for tools that look inside: benchmark and explanation.
    pub fn parts(&mut self) -> (&mut Machine, &mut dyn Backend) {
        (&mut self.machine, self.backend.as_mut())
    }

    /// Judges a checked case.
    ///
    /// # Errors
    /// When the pipeline itself fails.
    pub fn judge(&mut self, case: &Case) -> Result<Judged, OracleError> {
        let mut stats = Stats { ins: case.trace.ins.len() as u64, ..Stats::default() };
        let verdict = self.pipeline(case, &mut stats)?;
        Ok(Judged { verdict, stats })
    }

    fn pipeline(&mut self, case: &Case, stats: &mut Stats) -> Result<Verdict, OracleError> {
        let program = timed(stats, Stage::Interpret, || Program::new(case))
            .map_err(|e| OracleError::Interpreter(e.to_string()))?;
        let code = match timed(stats, Stage::Compile, || self.backend.compile(case)) {
            Ok(code) => code,
            Err(Refusal::Broken(why)) => return Err(OracleError::Backend(why)),
            Err(Refusal::Skip(reason)) => return Ok(Verdict::Skip(reason)),
            Err(Refusal::Fault { class, text, at }) => return Ok(finding(case, class.into(), at, None, vec![text])),
        };
        stats.words += u64::from(code.body / 4);
        if let Some(found) = timed(stats, Stage::Verify, || static_finding(case, &code)) {
            return Ok(found);
        }
        self.run_inputs(case, &program, &code, stats)
    }

    fn run_inputs(
        &mut self,
        case: &Case,
        program: &Program,
        code: &Code,
        stats: &mut Stats,
    ) -> Result<Verdict, OracleError> {
        let mut seen_exits = 0u64;
        let images = timed(stats, Stage::Emulate, || {
            self.gaps.enter(case, self.backend.runtime());
            self.machine.load(code).map(|()| images(case))
        })
        .map_err(|e| OracleError::Machine(e.to_string()))?;
        for (n, image) in images.iter().enumerate() {
            let expected = match timed(stats, Stage::Interpret, || program.run(&case.inputs[n])) {
                Ok(outcome) => outcome,
                Err(unjudged) => {
                    *stats.skipped_inputs.entry(unjudged.key().to_string()).or_default() += 1;
                    continue;
                }
            };
            let run = timed(stats, Stage::Emulate, || self.run(case, code, image))?;
            count_end(&expected, stats);
            stats.inputs += 1;
            if let Some(found) = self.compare_run(case, code, n, &expected, &run, &mut seen_exits, stats) {
                return Ok(found);
            }
        }
        let written = timed(stats, Stage::Compare, || self.gaps.first_written(self.backend.runtime()));
        if let Some(addr) = written {
            let detail = vec![format!("a byte outside all regions was written: {}", name_address(case, addr))];
            return Ok(finding(case, MismatchClass::WrongMemory.into(), None, None, detail));
        }
        match (stats.inputs, stats.skipped_inputs.keys().next()) {
            (0, Some(reason)) => Ok(Verdict::Skip(format!("no input judged: {reason}"))),
            _ => Ok(Verdict::Agree),
        }
    }

    fn run(&mut self, case: &Case, code: &Code, image: &Image) -> Result<Run, OracleError> {
        image.write(code, self.backend.runtime());
        let ended = self
            .machine
            .run(code, self.backend.runtime(), &code.start)
            .map_err(|e| OracleError::Machine(e.to_string()))?;
        let end = match ended.how {
            HowEnded::Exit(n) => End::Exit(n),
            HowEnded::Tail => End::Tail,
            HowEnded::Fault(fault) => End::Fault(fault),
        };
        let outcome = observe::observe(case, code, end, &ended.regs, self.backend.runtime());
        Ok(Run { outcome, regs: ended.regs })
    }

    #[expect(clippy::too_many_arguments, reason = "one judged run, with all that its verdict names")]
    fn compare_run(
        &mut self,
        case: &Case,
        code: &Code,
        n: usize,
        expected: &Outcome,
        run: &Run,
        seen_exits: &mut u64,
        stats: &mut Stats,
    ) -> Option<Verdict> {
        if let End::Fault(fault) = &run.outcome.end {
            return Some(fault_finding(case, code, n, fault, expected));
        }
        let differences = timed(stats, Stage::Compare, || compare::compare(expected, &run.outcome));
        if !differences.is_empty() {
            if let Some(reason) = tolerated(case, expected, code.may_fuse_fma) {
                *stats.skipped_inputs.entry(format!("tolerated: {}", reason.name())).or_default() += 1;
                return None;
            }
            return Some(mismatch_finding(case, n, &differences));
        }
        if let Some(text) = clobbered(code, &run.outcome.end, &run.regs) {
            return Some(finding(case, FaultClass::AbiClobber.into(), None, Some(n), vec![text]));
        }
        timed(stats, Stage::Compare, || self.second_opinion(case, code, n, run, seen_exits)).inspect(|_| {
            stats.restores += 1;
        })?
    }

    /// Asks the backend's own exit handler for the values at an exit, once an exit and case. Outer `None`: not asked.
    #[expect(clippy::option_option, reason = "asked or not, and what came of it")]
    fn second_opinion(
        &mut self,
        case: &Case,
        code: &Code,
        n: usize,
        run: &Run,
        seen: &mut u64,
    ) -> Option<Option<Verdict>> {
        let End::Exit(exit) = run.outcome.end else { return None };
        let bit = 1u64.checked_shl(u32::from(exit.0)).unwrap_or(0);
        if *seen & bit != 0 || bit == 0 {
            return None;
        }
        *seen |= bit;
        let restored = match self.backend.restore(code, exit, &run.regs) {
            Ok(Some(words)) => words,
            Ok(None) => return None,
            Err(text) => {
                let detail = vec![format!("the backend's own restore of exit {} failed: {text}", exit.0)];
                return Some(Some(finding(case, FaultClass::BackendAssert.into(), None, Some(n), detail)));
            }
        };
        let mut expected = run.outcome.stack.clone();
        for v in &run.outcome.values {
            if let Some(word) = observe::stack_word(v) {
                expected[usize::from(v.slot.0 - crate::ir::validate::MIN_SLOT)] = word;
            }
        }
        let wrong = expected.iter().zip(&restored).position(|(e, r)| e != r)?;
        let detail = vec![format!(
            "the backend's own restore of exit {} gives slot #{} {:#018x}, its value locations give {:#018x}",
            exit.0,
            wrong + usize::from(crate::ir::validate::MIN_SLOT),
            restored[wrong],
            expected[wrong]
        )];
        Some(Some(finding(case, MismatchClass::WrongSnapshot.into(), None, Some(n), detail)))
    }
}

/// One run's outcome with its last registers.
struct Run {
    outcome: Outcome,
    regs: Registers,
}

fn timed<T>(stats: &mut Stats, stage: Stage, f: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = f();
    stats.times[stage as usize] += start.elapsed();
    result
}

fn count_end(expected: &Outcome, stats: &mut Stats) {
    match expected.end {
        End::Exit(_) => stats.exits += 1,
        End::Tail | End::Fault(_) => stats.tails += 1,
    }
}

fn finding(case: &Case, class: FindingClass, at: Option<Ref>, input: Option<usize>, detail: Vec<String>) -> Verdict {
    let op = at.map(|r| case.trace.get(r)).map(|ins| (ins.op, ins.ty));
    Verdict::Finding(Box::new(Finding { class, at, op, input, detail, fault: None }))
}

/// The first static defect as a finding.
fn static_finding(case: &Case, code: &Code) -> Option<Verdict> {
    let defects = verify(code);
    let first = defects.first()?;
    let at = code.ref_at(first.offset);
    let detail = defects.iter().take(8).map(|d| format!("+{:#06x}: {:08x} {}", d.offset, d.word, d.text)).collect();
    Some(finding(case, first.kind.class().into(), at, None, detail))
}

fn fault_finding(case: &Case, code: &Code, n: usize, fault: &Fault, expected: &Outcome) -> Verdict {
    let offset = u32::try_from(fault.pc.wrapping_sub(code.base)).ok();
    let at = offset.and_then(|o| code.ref_at(o));
    let op = at.map(|r| case.trace.get(r)).map(|ins| (ins.op, ins.ty));
    let wanted = match expected.end {
        End::Exit(e) => format!("expected exit {}", e.0),
        End::Tail | End::Fault(_) => "expected the trace's end".to_string(),
    };
    let mut text = format!("{} at {:#x}", fault.class.name(), fault.pc);
    if let Some(addr) = fault.address {
        text += &format!(", data address {}", name_address(case, addr));
    }
    let detail = vec![wanted, text, fault.detail.clone()];
    let (class, fault) = (fault.class.into(), Some(fault.clone()));
    Verdict::Finding(Box::new(Finding { class, at, op, input: Some(n), detail, fault }))
}

fn mismatch_finding(case: &Case, n: usize, differences: &[Difference]) -> Verdict {
    let first = &differences[0];
    let at = blamed_ref(case, first);
    let detail = differences
        .iter()
        .take(8)
        .map(|d| format!("{}: expected {}, observed {}", name_place(case, d.place), d.expected, d.observed))
        .collect();
    finding(case, first.class.into(), at, Some(n), detail)
}

/// The instruction that a wrong snapshot value comes from, where the trace says so without running it.
fn blamed_ref(case: &Case, d: &Difference) -> Option<Ref> {
    let slot = match d.place {
        Place::Value(slot) | Place::Stack(slot) => slot,
        Place::Memory(region, offset) => return last_store(case, region, offset),
        Place::End | Place::Call(_) => return None,
    };
    value_of(case, slot)
}

fn value_of(case: &Case, slot: Slot) -> Option<Ref> {
    case.trace.snaps.last()?.entries.iter().find(|e| e.slot == slot)?.value.as_ref()
}

/// The last store, as a first guess: blame proper steps through both sides.
fn last_store(case: &Case, _region: usize, _offset: usize) -> Option<Ref> {
    case.trace.iter().rev().find(|(_, i)| i.op == Op::XSTORE && i.ty != Type::Nil).map(|(r, _)| r)
}

fn name_place(case: &Case, place: Place) -> String {
    match place {
        Place::End => "end".into(),
        Place::Value(slot) => format!("slot #{}", slot.0),
        Place::Stack(slot) => format!("stack slot #{}", slot.0),
        Place::Memory(region, offset) => format!("{}+{offset}", case.world.regions[region].name),
        Place::Call(n) => format!("call {n}"),
    }
}

/// An address as region and offset, where one is near.
fn name_address(case: &Case, addr: u64) -> String {
    let near = case.world.regions.iter().min_by_key(|r| r.address().abs_diff(addr));
    match near {
        Some(r) if r.address().abs_diff(addr) < 1 << 20 => {
            format!("{addr:#x} ({}{:+})", r.name, addr.wrapping_sub(r.address()).cast_signed())
        }
        _ => format!("{addr:#x}"),
    }
}

/// A reserved register or the stack pointer that does not have its value any more.
fn clobbered(code: &Code, end: &End, regs: &Registers) -> Option<String> {
    let conventions = &code.conventions;
    for &(n, what) in &conventions.reserved {
        let (now, before) = (regs.x[usize::from(n)], code.start.x[usize::from(n)]);
        if now != before {
            return Some(format!("x{n} ({what}) was {before:#x}, is {now:#x}"));
        }
    }
    let sp = if matches!(end, End::Tail) { conventions.tail_sp } else { conventions.exit_sp };
    (regs.sp != sp).then(|| format!("sp should be {sp:#x}, is {:#x}", regs.sp))
}
