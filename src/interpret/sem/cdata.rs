//! New foreign data objects.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{Body, Cdata, MAX_MADE};
use crate::ir::CdataType;

/// `CNEW`: an object whose bytes have no value yet. Operand 2 is its size if the type has none.
pub(in super::super) fn cnew(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let ty = ctype(step);
    let size = ty.size().map_or(frame.values[step.b], u64::from);
    let size = usize::try_from(size).ok().filter(|s| *s <= MAX_MADE);
    let size = size.ok_or_else(|| step.undefined(Undefined::TooLarge))?;
    add(frame, step, Cdata { ty, payload: vec![0; size], blank: vec![true; size], boxed: false })
}

/// `CNEWI`: an object of 4 or 8 bytes with its value.
pub(in super::super) fn cnewi(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let ty = ctype(step);
    let bytes = frame.values[step.b].to_le_bytes();
    let payload = bytes[..ty.size().map_or(8, |s| s as usize)].to_vec();
    add(frame, step, Cdata { ty, payload, blank: vec![], boxed: true })
}

fn ctype(step: &Step) -> CdataType {
    let Literal::Ctype(ty) = step.literal else { unreachable!("decoded with a C type") };
    ty
}

fn add(frame: &mut Frame<'_>, step: &Step, cdata: Cdata) -> Result<Flow, Unjudged> {
    frame.heap.add(Body::Cdata(cdata)).map(Flow::Next).map_err(|why| step.undefined(why))
}
