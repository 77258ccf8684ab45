//! Calls: of the library's functions by their meaning, of helpers by the rule that all of them follow.

use super::super::error::Unjudged;
use super::super::frame::{Flow, Frame, Literal, Step};
use super::{buffer, math, memory, string, table};
use crate::ir::{Callee, callee};
use crate::outcome::Call;

macro_rules! expand_callees {
    ($( ($name:ident, $op:ident, [$($arg:ident),*], $ret:ident, $sem:path), )*) => {
        fn run(frame: &mut Frame<'_>, step: &Step, callee: Callee, args: &[u64]) -> Result<u64, Unjudged> {
            match callee { $( Callee::$name => $sem(frame, step, args), )* }
        }
    };
}
callee::for_each_callee!(expand_callees);

/// `CALLN`, `CALLL`, `CALLS`: a function of the library.
pub(in super::super) fn call(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let Literal::Callee(callee, args) = step.literal else { unreachable!("decoded with a function") };
    let args = frame.arguments(args);
    run(frame, step, callee, &args).map(Flow::Next)
}

/// `CALLXS`: a helper, which records its arguments and returns a mix of them.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn callxs(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let Literal::Helper(helper, args) = step.literal else { unreachable!("decoded with a helper") };
    let args = frame.arguments(args);
    let result = helper.result(&args, frame.calls.len());
    frame.calls.push(Call { helper: helper.name().into(), args });
    Ok(Flow::Next(result))
}
