//! From a case to its verdict.

use super::findings::{
    clobbered, fault_finding, finding, mismatch_finding, name_address, placed, static_finding, static_finding_of_side,
};
use super::prepare::{Image, images};
use super::verdict::{Judged, Stage, Stats, Verdict};
use super::{Oracle, OracleError, aliased, dropped, narrowed, observe};
use crate::backend::{Refusal, Stray};
use crate::case::{Case, Emit, Gc};
use crate::code::{Code, Registers};
use crate::compare::{self, tolerance::tolerated};
use crate::interpret::{History, Leaving, Program};
use crate::ir::ExitNo;
use crate::machine::{HowEnded, MachineError};
use crate::outcome::{End, FaultClass, MismatchClass, Outcome, Unspecified};
use crate::verify::verify;
use std::time::Instant;

/// Calls after which no more inputs of a case are run: the emulator takes some 50 microseconds for each, and a loop makes thousands.
const MOST_CALLS: usize = 15_000;

impl Oracle {
    /// Judges a checked case.
    ///
    /// # Errors
    /// When the pipeline itself fails.
    pub fn judge(&mut self, case: &Case) -> Result<Judged, OracleError> {
        let mut stats = Stats { ins: written(case), ..Stats::default() };
        let verdict = match self.pipeline(case, &mut stats) {
            // What a run allocates the interpreter knows roughly only.
            Err(e @ OracleError::OutOfMemory) => {
                self.backend.scrub();
                Verdict::Skip(e.to_string())
            }
            verdict => verdict?,
        };
        if matches!(verdict, Verdict::Finding(_)) {
            // Wrong code may have stored anywhere; no later case may see it, or verdicts would depend on their order.
            self.backend.scrub();
        }
        Ok(Judged { verdict, stats })
    }

    /// Compiles a checked case and looks at the code, without running it.
    ///
    /// # Errors
    /// When the backend itself fails.
    pub fn judge_code(&mut self, case: &Case) -> Result<Verdict, OracleError> {
        Ok(self.checked_code(case, &mut Stats::default())?.err().unwrap_or(Verdict::Agree))
    }

    fn pipeline(&mut self, case: &Case, stats: &mut Stats) -> Result<Verdict, OracleError> {
        self.code = None;
        let program = timed(stats, Stage::Interpret, || decode(case))?;
        let code = match self.checked_code(case, stats)? {
            Ok(code) => code,
            Err(verdict) => return Ok(verdict),
        };
        let verdict = self.run_inputs(case, &program, &code, stats);
        self.code = Some(code);
        verdict
    }

    /// The code of a case, or the verdict if there is none or it need not run to be wrong.
    fn checked_code(&mut self, case: &Case, stats: &mut Stats) -> Result<Result<Code, Verdict>, OracleError> {
        if let Some(refusal) = timed(stats, Stage::Compile, || self.settle(case))? {
            return refused(case, refusal).map(Err);
        }
        let code = match timed(stats, Stage::Compile, || self.backend.compile(case)) {
            Ok(code) => code,
            Err(refusal) => return refused(case, refusal).map(Err),
        };
        stats.words += u64::from(code.body / 4) + code.side.as_ref().map_or(0, |side| u64::from(side.body / 4));
        if let Some(found) = timed(stats, Stage::Verify, || static_finding(case, &code, &verify(&code))) {
            return Ok(Err(found));
        }
        let side = |fork| static_finding_of_side(case, fork, &verify(fork));
        if let Some(found) = timed(stats, Stage::Verify, || code.side.as_deref().and_then(side)) {
            return Ok(Err(found));
        }
        Ok(Ok(code))
    }

    /// Runs the code with each input up to the first finding; leaves it loaded.
    pub(super) fn run_inputs(
        &mut self,
        case: &Case,
        program: &Program,
        code: &Code,
        stats: &mut Stats,
    ) -> Result<Verdict, OracleError> {
        let mut seen_exits = 0u64;
        let (mut agreed, mut calls) = (vec![], 0);
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
            if calls > MOST_CALLS {
                *stats.skipped_inputs.entry("the inputs before made too many calls".into()).or_default() += 1;
                continue;
            }
            let run = timed(stats, Stage::Emulate, || self.run(case, code, n, image))?;
            calls += run.calls;
            let collected = |leaving| program.run_leaving_at(&case.inputs[n], leaving);
            let expected = timed(stats, Stage::Interpret, || leaving(case, n, &run).map_or(Ok(expected), collected));
            let Ok(expected) = expected else {
                *stats.skipped_inputs.entry("no outcome when the collector wants to leave".into()).or_default() += 1;
                continue;
            };
            count_end(&expected, stats);
            stats.inputs += 1;
            match self.compare_run(case, program, code, n, expected, &run, &mut seen_exits, stats) {
                Held::Wrong(found) => return Ok(found),
                Held::Agrees => agreed.push(n),
                Held::Tolerated if self.gaps.first_written(self.backend.runtime()).is_some() => {
                    // What a tolerated run wrote it may write. Whether the ones before it did, they tell once more.
                    self.gaps.fill(self.backend.runtime());
                    for &before in &agreed {
                        self.run(case, code, before, &images[before])?;
                    }
                }
                Held::Tolerated => {}
            }
        }
        let written = timed(stats, Stage::Compare, || self.gaps.first_written(self.backend.runtime()));
        if let Some(addr) = written {
            let detail = vec![format!("a byte outside all regions was written: {}", name_address(case, addr))];
            return Ok(placed(finding(case, MismatchClass::WrongMemory.into(), None, None, detail), Some(addr)));
        }
        match (stats.inputs, stats.skipped_inputs.keys().next()) {
            (0, Some(reason)) => Ok(Verdict::Skip(format!("no input judged: {reason}"))),
            _ => Ok(Verdict::Agree),
        }
    }

    /// Everything as the input wants it.
    pub(super) fn prepare(&mut self, case: &Case, code: &Code, n: usize, image: &Image) -> Result<(), OracleError> {
        // What the backend brings back includes the Lua stack.
        self.backend.enter(case, code, &case.inputs[n]).map_err(OracleError::Backend)?;
        image.write(code, self.backend.runtime());
        Ok(())
    }

    /// Runs the loaded code with input `n`, whose image is given.
    pub(super) fn run(&mut self, case: &Case, code: &Code, n: usize, image: &Image) -> Result<Run, OracleError> {
        self.prepare(case, code, n, image)?;
        let machine = |e: MachineError| match e {
            MachineError::OutOfMemory => OracleError::OutOfMemory,
            e => OracleError::Machine(e.to_string()),
        };
        let mut ended = self.machine.run(code, self.backend.runtime(), &code.start).map_err(machine)?;
        if ended.slow {
            self.prepare(case, code, n, image)?;
            ended = self.machine.run_counted(code, self.backend.runtime(), &code.start).map_err(machine)?;
        }
        let (exit, end) = match ended.how {
            HowEnded::Exit(n) => (Some(n), End::Exit(code.exits.get(usize::from(n.0)).map_or(n, |e| e.number))),
            HowEnded::Tail => (None, End::Tail),
            HowEnded::Fault(fault) => (None, End::Fault(fault)),
        };
        let outcome = observe::observe(case, code, end, exit, &ended.regs, self.backend.runtime());
        let mut run =
            Run { outcome, regs: ended.regs, exit, unrestored: None, collections: 0, stray: None, calls: ended.calls };
        if case.restores() {
            self.restore_stack(code, &mut run);
        }
        let values = run.outcome.values.iter().filter_map(observe::stack_word);
        let roots: Vec<u64> = values.chain(run.outcome.stack.iter().copied()).collect();
        let left = self.backend.left(case, &roots).map_err(OracleError::Backend)?;
        (run.outcome.heap, run.outcome.calls, run.collections) = (left.heap, left.calls, left.gc_steps);
        run.stray = left.stray;
        Ok(run)
    }

    #[expect(clippy::too_many_arguments, reason = "one judged run, with all that its verdict names")]
    fn compare_run(
        &mut self,
        case: &Case,
        program: &Program,
        code: &Code,
        n: usize,
        mut expected: Outcome,
        run: &Run,
        seen_exits: &mut u64,
        stats: &mut Stats,
    ) -> Held {
        if let End::Fault(fault) = &run.outcome.end {
            let history = program.history(&case.inputs[n]);
            let promised =
                Outcome { unspecified: broken_promises(case, &history, &run.outcome.end), ..expected.clone() };
            return match tolerated(case, &promised, code.may_fuse_fma) {
                Some(reason) => tolerate(stats, reason),
                None => Held::Wrong(fault_finding(case, code, n, fault, &expected)),
            };
        }
        if let Some(text) = &run.unrestored {
            return Held::Wrong(finding(case, FaultClass::BackendAssert.into(), None, Some(n), vec![text.clone()]));
        }
        let differences = timed(stats, Stage::Compare, || compare::compare(&expected, &run.outcome));
        if !differences.is_empty() {
            let history = program.history(&case.inputs[n]);
            if narrowed::departs(code, &history) {
                expected.unspecified.push(Unspecified::NarrowedSum);
            }
            expected.unspecified.extend(broken_promises(case, &history, &run.outcome.end));
            return match tolerated(case, &expected, code.may_fuse_fma) {
                Some(reason) => tolerate(stats, reason),
                None => Held::Wrong(mismatch_finding(case, n, &expected.end, &differences)),
            };
        }
        if let Some(Stray { address, text }) = &run.stray {
            let found = finding(case, MismatchClass::WrongMemory.into(), None, Some(n), vec![text.clone()]);
            return Held::Wrong(placed(found, Some(*address)));
        }
        if let Some(text) = clobbered(code, run.exit, &run.regs) {
            return Held::Wrong(finding(case, FaultClass::AbiClobber.into(), None, Some(n), vec![text]));
        }
        let start = Instant::now();
        let found = self.second_opinion(case, code, n, run, seen_exits, stats);
        stats.times[Stage::Compare as usize] += start.elapsed();
        found.map_or(Held::Agrees, Held::Wrong)
    }
}

/// A run held against what the interpreter expects.
enum Held {
    /// No difference.
    Agrees,
    /// A difference that is allowed.
    Tolerated,
    /// A finding.
    Wrong(Verdict),
}

/// What a run does that no trace of the recorder's would: the code is right, whatever it did.
fn broken_promises(case: &Case, history: &History, end: &End) -> Vec<Unspecified> {
    let aliased = aliased::departs(case, history).then_some(Unspecified::StrictAliasing);
    aliased.into_iter().chain(dropped::departs(case, history, end)).collect()
}

fn tolerate(stats: &mut Stats, reason: Unspecified) -> Held {
    *stats.skipped_inputs.entry(format!("tolerated: {}", reason.name())).or_default() += 1;
    Held::Tolerated
}

/// What one run of the code did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it did.
    pub outcome: Outcome,
    /// The registers at its end.
    pub regs: Registers,
    /// The exit that the machine met, an index of [`Code::exits`].
    pub exit: Option<ExitNo>,
    /// The backend's own words where its handler could not restore that exit.
    pub unrestored: Option<String>,
    /// How often the collector was called.
    pub collections: u32,
    /// How often any function of the backend's was.
    pub calls: usize,
    /// A stray store to the runtime's own data.
    pub stray: Option<Stray>,
}

/// Where a run left because the collector wanted it to. That it did so somewhere is what the input asked for; which checks there are is up
/// to the backend.
pub(super) fn leaving(case: &Case, n: usize, run: &Run) -> Option<Leaving> {
    let (End::Exit(exit), Some(at)) = (&run.outcome.end, run.exit) else { return None };
    if case.inputs[n].gc != Gc::Leave || run.collections == 0 {
        return None;
    }
    // The passes' loop begins with the snapshot of an iteration's end, which is that of its start, one iteration later.
    let again = case.emit == Emit::Passes && exit.0 == 0 && at.0 != 0;
    Some(Leaving { exit: *exit, pass: again.into() })
}

/// The trace, ready to be interpreted.
pub(super) fn decode(case: &Case) -> Result<Program, OracleError> {
    Program::new(case).map_err(|e| OracleError::Interpreter(e.to_string()))
}

/// Instructions of a case as written.
fn written(case: &Case) -> u64 {
    (case.trace.ins.len() + case.side.as_ref().map_or(0, |side| side.trace.ins.len())) as u64
}

/// What a backend's refusal means.
pub(super) fn refused(case: &Case, refusal: Refusal) -> Result<Verdict, OracleError> {
    match refusal {
        Refusal::Broken(why) => Err(OracleError::Backend(why)),
        Refusal::Skip(reason) => Ok(Verdict::Skip(reason)),
        Refusal::Fault { class, text, at } => Ok(finding(case, class.into(), at, None, vec![text])),
    }
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
