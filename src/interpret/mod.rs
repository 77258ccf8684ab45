//! The judge: an interpreter of the IR, which defines what *correct* means.
//!
//! What follows is the definition that compiled code is held against. It shares the IR's facts with the backends but
//! none of their arithmetic: NaN, shift-count and conversion rules are written here a second time, on purpose.
//!
//! **Values.** Each instruction has one value: 64 bits. Integers of at most 32 bits are held zero-extended (`i8` and
//! `i16` first sign-extended to 32 bits), 64-bit integers and pointers whole, `num` as the bits of a double, `flt` as
//! the bits of a single, strings as their plain address. Integer arithmetic wraps, shift counts are taken modulo
//! the width. Floating point is ARM64's with FPCR = 0: round to nearest even, subnormals kept, and every NaN by
//! the Arm manual's rules, bit for bit (see [`sem::fp`]); the host's NaNs never show.
//!
//! **Memory** is the regions of the world, little endian, byte by byte in program order. Alignment does not matter. An
//! access that is not wholly inside one region, or a store to a read-only one, has no meaning: the run is [`Unjudged`]. The
//! Lua stack is separate: `SLOAD` reads the slots as they were at entry, and nothing but a trace's end and stores to open upvalues write
//! them. A slot that is used both ways has no meaning.
//!
//! **Guards and exits.** A guard whose condition is false leaves the trace through the last snapshot that stands at or
//! before it. The exit restores that snapshot's slots, in its order, each with the value that its instruction has at
//! that moment. Stores that came before stay done. `ADDOV` and its like leave on signed 32-bit overflow, a
//! type-checked `SLOAD` on another type, a checked `CONV` on a number that is no 32-bit integer (minus zero is 0).
//!
//! **Loops.** The part before `LOOP` runs once, then the body, again and again, until a guard fails. At the body's end
//! all PHIs are carried out at once: each left operand takes the value of its right one, all read before any is
//! written. Every other value from before `LOOP` stays as it is, and the body's own values are computed afresh.
//!
//! **Iterations.** A trace for the passes has no `LOOP`: it is one iteration. At its end the last snapshot goes to a Lua stack that
//! belongs to the run, and all starts again, with `SLOAD`s that read what is there. What an exit leaves is that stack with the exit's
//! snapshot on top. Its number is that of the snapshot as written, whatever the passes make of it.
//!
//! **Side traces.** The exit that has one restores its snapshot and goes on there: `SLOAD`s marked as the parent's read what the snapshot
//! left, all others the slots as they were at entry. The side trace's exits are numbered behind the root's, and each leaves the
//! whole Lua stack. At its end it goes on to the interpreter or starts the root trace again with the stack that its last
//! snapshot makes.
//!
//! **The tail.** A trace without `LOOP` that reaches its end stores the last snapshot to the Lua stack: integers tagged,
//! numbers as they are, strings as tagged pointers, primitives as their words, each to its slot; other slots
//! keep their words. Then it goes on to the VM, and the run is over.
//!
//! **Unspecified.** Some results are exact on ARM64 but not promised by LuaJIT, whose optimiser may compute them on the
//! host or rewrite what leads to them. They are computed by ARM64's rules and *marked* in [`Outcome::unspecified`]:
//! - `NanSign`: an invalid operation made a NaN, or a NaN entered arithmetic, which FOLD may rewrite (`x * -1` to `-x`);
//! - `NanPayload`: two different NaNs met in a commutative operation, or a NaN entered such arithmetic, or a signalling one was rounded;
//! - `ConvRange`: an unchecked conversion of a number outside the integer type, or a checked one of minus zero, which FOLD
//!   may keep when the way back follows;
//! - `TobitFraction`: `TOBIT` of a number that is not integral;
//! - `Fma`: a sum of a product that rounds differently when both are fused.
//!
//! **Objects** mean what Lua says of them. A table is a map from keys to values with an array part of known size; which node a key has is
//! the hash function's affair, so a search gives the key's place or the VM's nil, and `HREFK` asks whether the table is laid out as the
//! constant says. Loads of Lua values check the type and leave on another. There is one string of each content. Strings, userdata and
//! cdata have bytes that plain loads reach; those of a new cdata have no value until they are stored. A call of a helper is recorded, and
//! returns what all helpers return; the functions of the library do what their C does. Addresses of parts, places and new objects are
//! imaginary: they lead back to what they stand for. The outcome's heap has the world's objects and all that can be reached.
//!
//! What has no meaning at all (a zero divisor of `MOD int`, a string index no string can have, a place in a table that has moved, a loop
//! that does not end) is [`Unjudged`]: the case is skipped for that reason, never blamed on anyone.

mod body;
mod decode;
mod error;
mod execute;
mod frame;
mod fused;
mod heap;
mod history;
mod marks;
mod program;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod scenes;
pub mod sem;
#[cfg(test)]
mod tests;

pub use error::{InterpretError, Undefined, Unjudged};
pub use heap::{Found, IMAGINARY_ADDRESSES, Table};
pub use history::History;
pub use marks::Marks;
pub use program::{Leaving, Listing, MAX_STEPS, Program};

use crate::case::{Case, Input};
use crate::outcome::Outcome;

/// What `case`'s trace does with `input`. The case must have passed [`Case::check`].
///
/// For more than one input, prepare a [`Program`] once.
pub fn interpret(case: &Case, input: &Input) -> Result<Outcome, InterpretError> {
    Ok(Program::new(case)?.run(input)?)
}
