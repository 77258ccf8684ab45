//! The VM's temporary string buffer, and the functions that put to it.
//!
//! There is one: whatever puts to it adds to what is there, whoever's it was.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{MAX_MADE, TMP_BUF};
use crate::ir::BufMode;

/// What a C function gives: the buffer.
type Returned = Result<u64, Unjudged>;

/// `BUFHDR`: starts anew, or goes on.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its kind")]
pub(in super::super) fn hdr(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let Literal::Buf(mode) = step.literal else { unreachable!("decoded with a mode") };
    if mode == BufMode::Reset {
        frame.heap.buffer.clear();
    }
    Ok(Flow::Next(TMP_BUF))
}

/// `BUFPUT`: adds a string.
pub(in super::super) fn put(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let bytes = string(frame, step, frame.values[step.b])?;
    // A number whose string is not wanted otherwise crosses in the VM's temporary.
    frame.heap.temporary = None;
    add(frame, step, &bytes).map(Flow::Next)
}

/// `BUFSTR`: the string of all that is in it.
pub(in super::super) fn str(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let bytes = std::mem::take(&mut frame.heap.buffer);
    let string = frame.heap.intern(&bytes);
    frame.heap.buffer = bytes;
    string.map(Flow::Next).map_err(|why| step.undefined(why))
}

/// `lj_buf_putstr_reverse`
pub(in super::super) fn reverse(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    let bytes: Vec<u8> = string(frame, step, args[1])?.into_iter().rev().collect();
    add(frame, step, &bytes)
}

/// `lj_buf_putstr_lower`
pub(in super::super) fn lower(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    let bytes = string(frame, step, args[1])?.to_ascii_lowercase();
    add(frame, step, &bytes)
}

/// `lj_buf_putstr_upper`
pub(in super::super) fn upper(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    let bytes = string(frame, step, args[1])?.to_ascii_uppercase();
    add(frame, step, &bytes)
}

/// `lj_buf_putstr_rep`: nothing for a count below one.
pub(in super::super) fn rep(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    let bytes = string(frame, step, args[1])?;
    let count = usize::try_from(super::int(args[2])).unwrap_or(0);
    if bytes.len().saturating_mul(count) > MAX_MADE {
        return Err(step.undefined(Undefined::TooLarge));
    }
    add(frame, step, &bytes.repeat(count))
}

/// `lj_strfmt_putint`
pub(in super::super) fn int(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Returned {
    add(frame, step, super::int(args[1]).to_string().as_bytes())
}

fn string(frame: &Frame<'_>, step: &Step, address: u64) -> Result<Vec<u8>, Unjudged> {
    frame.heap.string(address).map(<[u8]>::to_vec).map_err(|why| step.undefined(why))
}

fn add(frame: &mut Frame<'_>, step: &Step, bytes: &[u8]) -> Returned {
    frame.heap.buffer.extend(bytes);
    if frame.heap.buffer.len() > MAX_MADE {
        return Err(step.undefined(Undefined::TooLarge));
    }
    Ok(TMP_BUF)
}
