//! Instructions without a value: what most of them forbid the optimiser is not seen in a run.

use super::super::error::Unjudged;
use super::super::frame::{Flow, Frame, Step};

/// `USE`: keeps its operand alive.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn keep(_: &mut Frame<'_>, _: &Step) -> Result<Flow, Unjudged> {
    Ok(Flow::Next(0))
}

/// `XBAR`: no access is moved across it.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn barrier(_: &mut Frame<'_>, _: &Step) -> Result<Flow, Unjudged> {
    Ok(Flow::Next(0))
}

/// `PROF`: leaves when a profiler wants to be called.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn profiled(frame: &mut Frame<'_>, _: &Step) -> Result<Flow, Unjudged> {
    Ok(if frame.profile { Flow::Leave } else { Flow::Next(0) })
}
