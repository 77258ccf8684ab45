//! Strings: new ones, and comparison.
//!
//! There is one string of each content: a new one that exists already is the old one.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::{format, hold, memory, scan, slot};
use crate::ir::{TostrMode, Type};
use std::cmp::Ordering;

type Effect = Result<Flow, Unjudged>;

/// `SNEW`: FOLD takes the bytes for constant, so a region that is stored to can't be their source.
pub(in super::super) fn snew(frame: &mut Frame<'_>, step: &Step) -> Effect {
    memory::note_source(frame, frame.values[step.a]).map_err(|why| step.undefined(why))?;
    xsnew(frame, step)
}

/// `XSNEW`: a string of the bytes at an address.
pub(in super::super) fn xsnew(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let (address, len) = (frame.values[step.a], frame.values[step.b]);
    if super::int(len) < 0 {
        return Err(step.undefined(Undefined::StringIndex));
    }
    let bytes = memory::bytes(frame, step, address, len)?;
    intern(frame, step, &bytes)
}

fn intern(frame: &mut Frame<'_>, step: &Step, bytes: &[u8]) -> Effect {
    frame.heap.intern(bytes).map(Flow::Next).map_err(|why| step.undefined(why))
}

/// `TOSTR`: the text of an integer or a number, or one character.
pub(in super::super) fn tostr(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let Literal::Tostr(mode) = step.literal else { unreachable!("decoded with a mode") };
    let value = frame.values[step.a];
    let bytes = match mode {
        TostrMode::Int => super::int(value).to_string().into_bytes(),
        TostrMode::Char => vec![value.to_le_bytes()[0]],
        TostrMode::Num => {
            // It crosses in the VM's temporary, as a Lua value.
            frame.heap.temporary = None;
            slot::check_number(step, Type::Num, value)?;
            format::number(f64::from_bits(value)).map_err(|why| step.undefined(why))?.into_bytes()
        }
    };
    intern(frame, step, &bytes)
}

/// `STRTO`: the number that a string says, or leaves.
pub(in super::super) fn strto(frame: &mut Frame<'_>, step: &Step) -> Effect {
    let number = frame.heap.string(frame.values[step.a]).and_then(scan::number);
    let number = number.map_err(|why| step.undefined(why))?;
    Ok(number.map_or(Flow::Leave, |x| Flow::Next(x.to_bits())))
}

/// `lj_str_cmp`: 1 or -1 at the first byte that differs, else the difference of the lengths.
pub(in super::super) fn cmp(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Result<u64, Unjudged> {
    let string = |n: usize| frame.heap.string(args[n]).map_err(|why| step.undefined(why));
    let (a, b) = (string(0)?, string(1)?);
    let shared = a.len().min(b.len());
    let lengths = || i32::try_from(a.len()).unwrap_or(i32::MAX) - i32::try_from(b.len()).unwrap_or(i32::MAX);
    Ok(hold(match a[..shared].cmp(&b[..shared]) {
        Ordering::Less => -1,
        Ordering::Greater => 1,
        Ordering::Equal => lengths(),
    }))
}
