//! The A64 base instruction set of Armv8.0-A with CRC, as far as a JIT backend emits it: one row an encoding class.
//!
//! Source: Arm Architecture Reference Manual for A-profile (DDI 0487), chapter C4 "A64 Instruction Set Encoding" for the layouts and
//! allocations, chapter C6/C7 for the overlaps, K1.2 for CONSTRAINED UNPREDICTABLE behaviours. Encodings that later versions of the
//! architecture allocate (atomics, pointer authentication, half precision) count as unallocated. The first matching row counts.

mod branch;
mod data;
mod float;
mod group;
mod memory;
mod simd;

pub use group::OPEN;
pub(super) use group::{Group, Rest};

use super::row::Row;

/// All rows, in order of precedence.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [data::ROWS, branch::ROWS, memory::ROWS, float::ROWS, simd::ROWS].into_iter().flatten()
}
