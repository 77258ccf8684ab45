//! One trace, made ready to run: its instructions, its snapshots, and where it goes at its end.

use super::error::Unjudged;
use super::execute::execute;
use super::frame::{Flow, Frame, Step};
use super::heap::word;
use super::program::MAX_STEPS;
use crate::ir::validate::MIN_SLOT;
use crate::ir::{ExitNo, Ref, Slot, Type};
use crate::outcome::Value;
use crate::world::TAG_INT;

/// A decoded trace.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub steps: Vec<Step>,
    pub looping: Option<Loop>,
    pub snaps: Vec<Vec<Entry>>,
    /// Values at entry: constants in their places, 0 elsewhere.
    pub initial: Vec<u64>,
    pub after: After,
}

/// What comes after a trace's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The interpreter.
    Tail,
    /// The root trace, or the next iteration of this one, with the Lua stack as the last snapshot leaves it.
    Start,
}

/// A trace's loop.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub at: Ref,
    /// The exit of its own: that of the collector's check.
    pub exit: ExitNo,
    /// The body's first step.
    pub start: usize,
    /// Places of left and right operands.
    pub phis: Vec<(usize, usize)>,
}

/// One slot of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub slot: Slot,
    pub ty: Type,
    /// The place of its value.
    pub from: usize,
}

/// How a trace was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// A guard failed.
    Exit(ExitNo),
    /// At its end.
    End,
}

/// What is left of a run's instructions, and what is told of those that run.
pub(super) struct Course<'v> {
    pub fuel: usize,
    /// Told the index of each step before it runs, and the values then.
    pub visit: &'v mut dyn FnMut(usize, &[u64]),
    /// Leave before this step is run, or at the end for one that there is not, through this exit.
    pub stop: Option<(usize, ExitNo)>,
}

impl Body {
    /// Runs until the trace is left. The frame has this trace's values.
    pub fn run(&self, frame: &mut Frame<'_>, course: &mut Course<'_>) -> Result<Left, Unjudged> {
        let mut start = 0;
        loop {
            for (n, step) in self.steps.iter().enumerate().skip(start) {
                if let Some((_, exit)) = course.stop.filter(|(at, _)| *at == n) {
                    return Ok(Left::Exit(exit));
                }
                (course.visit)(n, &frame.values);
                match execute(frame, step)? {
                    Flow::Next(value) => frame.values[step.to] = value,
                    Flow::Leave => return Ok(Left::Exit(step.exit)),
                }
            }
            if let Some((_, exit)) = course.stop.filter(|(at, _)| *at == self.steps.len()) {
                return Ok(Left::Exit(exit));
            }
            let at = self.looping.as_ref().map_or(Ref(1), |l| l.at);
            // An empty body uses fuel too.
            let used = (self.steps.len() - start).max(1);
            course.fuel = course.fuel.checked_sub(used).ok_or(Unjudged::Fuel { at, limit: MAX_STEPS })?;
            let Some(looping) = &self.looping else { return Ok(Left::End) };
            looping.assign(frame);
            start = looping.start;
        }
    }

    /// The step before which a collector that was called by the snapshot's checks would have left: it is called where a part of the
    /// trace begins, at its start or at `LOOP` (`lj_asm.c`: `asm_gc_check` comes last in each part).
    pub fn first_step_of(&self, exit: ExitNo) -> usize {
        let first = self.steps.iter().position(|s| s.exit >= exit).unwrap_or(self.steps.len());
        match &self.looping {
            Some(looping) if exit.0 > 0 && looping.exit == exit => first.max(looping.start),
            _ => first,
        }
    }

    /// The values of an exit's snapshot.
    pub fn values(&self, exit: ExitNo, frame: &Frame<'_>) -> Vec<Value> {
        self.snaps[usize::from(exit.0)].iter().map(|e| e.value(&frame.values)).collect()
    }

    /// Brings a snapshot's Lua values to the Lua stack.
    pub fn restore(&self, exit: ExitNo, frame: &mut Frame<'_>) {
        for e in self.snaps[usize::from(exit.0)].iter().filter(|e| e.ty.is_lua_value()) {
            frame.stack[index(e.slot)] = word(e.ty, frame.values[e.from]);
            frame.restored |= 1 << index(e.slot);
        }
    }

    /// Makes sure that the last snapshot's numbers are such that a slot shows what they are.
    pub fn check_numbers(&self, frame: &Frame<'_>) -> Result<(), Unjudged> {
        let numbers = self.snaps.last().into_iter().flatten().filter(|e| e.ty == Type::Num);
        let tagged = |e: &&Entry| frame.values[e.from] >> 32 >= TAG_INT;
        numbers.into_iter().find(tagged).map_or(Ok(()), |e| Err(Unjudged::TaggedNan { slot: e.slot }))
    }

    /// The last snapshot's.
    pub fn restore_last(&self, frame: &mut Frame<'_>) {
        if let Some(last) = self.snaps.len().checked_sub(1).and_then(|n| u16::try_from(n).ok()) {
            self.restore(ExitNo(last), frame);
        }
    }
}

impl Loop {
    /// All left operands take the values of the right ones, read before any is written.
    fn assign(&self, frame: &mut Frame<'_>) {
        let rights: Vec<u64> = self.phis.iter().map(|(_, right)| frame.values[*right]).collect();
        for ((left, _), value) in self.phis.iter().zip(rights) {
            frame.values[*left] = value;
        }
    }
}

impl Entry {
    fn value(&self, values: &[u64]) -> Value {
        Value { slot: self.slot, ty: self.ty, bits: values[self.from] }
    }
}

/// A slot's place in [`Frame::stack`].
pub(super) fn index(slot: Slot) -> usize {
    usize::from(slot.0 - MIN_SLOT)
}
