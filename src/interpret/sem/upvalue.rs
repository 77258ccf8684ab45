//! Upvalues: closed ones hold a value of their own, open ones are slots of the Lua stack.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{Body, Cell, Place};

/// `UREFC`: the address of a closed upvalue. One that is open leaves the trace, where the function is no constant.
pub(in super::super) fn urefc(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    match refer(frame, step)? {
        (place, Cell::Closed(_)) => Ok(Flow::Next(place)),
        // Releases before 210.5 take a constant function's upvalue as it is.
        (_, Cell::Open(_)) if step.guard && !is_constant(step) => Ok(Flow::Leave),
        _ => Err(step.undefined(Undefined::Openness)),
    }
}

/// `UREFO`: the address of an open upvalue. Releases before 210.5 do not look whether it is.
pub(in super::super) fn urefo(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    match refer(frame, step)? {
        (place, Cell::Open(_)) => Ok(Flow::Next(place)),
        _ => Err(step.undefined(Undefined::Openness)),
    }
}

fn is_constant(step: &Step) -> bool {
    matches!(step.literal, Literal::Upvalue { constant: true, .. })
}

fn refer(frame: &mut Frame<'_>, step: &Step) -> Result<(u64, Cell), Unjudged> {
    let Literal::Upvalue { index, .. } = step.literal else { unreachable!("decoded with an upvalue") };
    let func = frame.heap.find(frame.values[step.a]).ok_or_else(|| step.undefined(Undefined::NoObject))?;
    let Body::Func(cells) = frame.heap.body(func) else { return Err(step.undefined(Undefined::NoObject)) };
    let cell = *cells.get(index).ok_or_else(|| step.undefined(Undefined::NoUpvalue))?;
    Ok((frame.heap.refer(Place::Upvalue { func, index }), cell))
}

/// `OBAR`: marks what a black upvalue refers to. No upvalue of a case is black.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn obar(_: &mut Frame<'_>, _: &Step) -> Result<Flow, Unjudged> {
    Ok(Flow::Next(0))
}
