//! Instructions without an effect of their own: what they forbid the optimiser is not seen in a run.

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
