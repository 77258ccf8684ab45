//! The meaning of each opcode: the functions that the opcode table names in its last column.
//!
//! One signature a kind (the macro in `execute.rs` calls them):
//! - `pure1`: `fn(Type, u64) -> u64`
//! - `pure2`: `fn(Type, u64, u64) -> u64`
//! - `marked`: `fn(&mut Marks, Type, u64, u64) -> u64`, where a result may be [`crate::outcome::Unspecified`]
//! - `sum`: as `marked`, and checked for products that could be fused
//! - `fpm`: `fn(&mut Marks, Fpm, u64) -> u64`
//! - `partial`: `fn(Type, u64, u64) -> Result<u64, Undefined>`
//! - `guard`: `fn(Type, u64, u64) -> bool`, leaving the trace when false
//! - `checked`: `fn(u64, u64) -> Option<u64>`, leaving the trace when there is no result
//! - `conv`: `fn(&mut Marks, Type, ConvMode, u64) -> Result<Option<u64>, Undefined>`, leaving likewise
//! - `state`: `fn(&mut Frame, &Step) -> Result<Flow, Unjudged>`
//!
//! C functions of the library, named in `ir::callee`: `fn(&mut Frame, &Step, &[u64]) -> Result<u64, Unjudged>`.
//!
//! Arithmetic is written down here a second time, independent of every backend and of the host's NaNs.

pub mod arith;
pub mod bits;
pub(super) mod buffer;
pub(super) mod call;
pub(super) mod cdata;
pub mod compare;
pub(super) mod control;
pub mod conv;
pub mod format;
pub mod fp;
mod ldexp;
pub(super) mod math;
pub(super) mod memory;
pub(super) mod object;
pub mod scan;
pub(super) mod slot;
pub(super) mod string;
pub(super) mod table;
pub(super) mod upvalue;

use crate::ir::Type;

/// `x` cut to the width of an integer of type `ty`.
fn cut(ty: Type, x: u64) -> u64 {
    if ty.is_w64() { x } else { x & 0xffff_ffff }
}

/// The low half of `x` as a signed integer.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what a 32-bit value is")]
pub(super) const fn int(x: u64) -> i32 {
    x as i32
}

/// A 32-bit value as the interpreter holds it.
fn hold(x: i32) -> u64 {
    u64::from(x.cast_unsigned())
}

/// `x` read as a signed integer of its type's width.
fn signed(ty: Type, x: u64) -> i64 {
    if ty.is_w64() { x.cast_signed() } else { i64::from(int(x)) }
}
