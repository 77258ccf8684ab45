//! Why a run can't be judged, and what the interpreter can't decode.

use crate::ir::{Op, Ref, Slot};
use thiserror::Error;

/// An operation without a meaning for its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Undefined {
    /// `MOD int`: the recorder guards the divisor, `lj_vm_modi` does not check it.
    #[error("divides by zero; guard the divisor")]
    ZeroDivisor,
    /// `STRREF`: the backend extends the index by sign or by zero, as it is fused.
    #[error("index is not one of a string; keep it non-negative and below 2 GiB")]
    StringIndex,
    /// `CONV` marked as no conversion (`none`), of a value that needs one.
    #[error("value does not fit a type that it is not converted to; use a CONV that truncates")]
    DoesNotFit,
}

/// Why a run has no defined outcome: a skip with its reason, nobody's fault but the generator's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum Unjudged {
    /// An access that is not wholly inside one region.
    #[error("{at:04}: accesses {len} bytes at {address:#x}, outside all regions; keep addresses inside", at = .at.0)]
    OutOfWorld {
        /// The load or store.
        at: Ref,
        /// Its address.
        address: u64,
        /// Its size in bytes.
        len: u32,
    },
    /// A store to a read-only region.
    #[error("{at:04}: stores at {address:#x} in a read-only region; store elsewhere", at = .at.0)]
    ReadOnly {
        /// The store.
        at: Ref,
        /// Its address.
        address: u64,
    },
    /// An operation without a meaning.
    #[error("{at:04}: {why}", at = .at.0)]
    Undefined {
        /// The instruction.
        at: Ref,
        /// What has no meaning.
        why: Undefined,
    },
    /// The loop did not end.
    #[error("{at:04}: the loop did not end within {limit} instructions; make a guard fail sooner", at = .at.0)]
    Fuel {
        /// The first instruction of the body.
        at: Ref,
        /// The limit.
        limit: u32,
    },
}

impl Unjudged {
    /// The reason's key in skip statistics.
    pub const fn key(&self) -> &'static str {
        match self {
            Unjudged::OutOfWorld { .. } => "out-of-world",
            Unjudged::ReadOnly { .. } => "store-to-read-only",
            Unjudged::Undefined { why: Undefined::ZeroDivisor, .. } => "zero-divisor",
            Unjudged::Undefined { why: Undefined::StringIndex, .. } => "string-index",
            Unjudged::Undefined { why: Undefined::DoesNotFit, .. } => "conv-none-does-not-fit",
            Unjudged::Fuel { .. } => "endless-loop",
        }
    }
}

/// Why interpretation gave no outcome.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InterpretError {
    /// The opcode has no semantics.
    #[error("{at:04} {op}: has no semantics; name its function in the opcode table", at = .at.0, op = .op.name())]
    NoMeaning {
        /// The instruction.
        at: Ref,
        /// Its opcode.
        op: Op,
    },
    /// An operand is not what its opcode takes.
    #[error("{at:04} {op}: operands don't fit the opcode; check the case before it is run", at = .at.0, op = .op.name())]
    Operands {
        /// The instruction.
        at: Ref,
        /// Its opcode.
        op: Op,
    },
    /// A snapshot entry that can't be stored to the Lua stack, or holds no value.
    #[error("snapshot #{snap}: slot #{slot} holds no Lua value; check the case before it is run", slot = .slot.0)]
    Entry {
        /// The snapshot's number.
        snap: usize,
        /// The slot.
        slot: Slot,
    },
    /// The run can't be judged.
    #[error(transparent)]
    Unjudged(#[from] Unjudged),
}
