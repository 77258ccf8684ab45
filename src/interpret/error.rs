//! Why a run can't be judged, and what the interpreter can't decode.

use crate::ir::{Op, Ref, Slot};
use thiserror::Error;

/// Expands the reasons: name, key in skip statistics, documentation, message.
macro_rules! undefined {
    ($( $name:ident, $key:literal, $doc:literal, $message:literal; )*) => {
        /// An operation without a meaning for its operands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
        pub enum Undefined { $( #[doc = $doc] #[error($message)] $name, )* }

        impl Undefined {
            /// The reason's key in skip statistics.
            pub const fn key(self) -> &'static str { match self { $( Undefined::$name => $key, )* } }
        }
    };
}

#[rustfmt::skip]
undefined! {
    ZeroDivisor, "zero-divisor",
        "`MOD int`: the recorder guards the divisor, `lj_vm_modi` does not check it.",
        "divides by zero; guard the divisor";
    StringIndex, "string-index",
        "`STRREF`, `SNEW`: the backend extends index and length by sign or by zero, as they are fused.",
        "index or length is not one of a string; keep it non-negative and below 2 GiB";
    DoesNotFit, "conv-none-does-not-fit",
        "`CONV` marked as no conversion (`none`), of a value that needs one.",
        "value does not fit a type that it is not converted to; use a CONV that truncates";
    NoObject, "no-object",
        "An operand that should be an object of some kind is null, memory, or another object.",
        "operand is no object of the kind that it wants; guard it";
    Opaque, "opaque",
        "What the library decides: globals, the cache of metamethods.",
        "depends on what the library has made; load something else";
    StalePlace, "stale-place",
        "An address in a table that has, or may have, moved since.",
        "the table may have moved since its address was taken; take it again";
    OutsideTable, "outside-table",
        "An array slot that the table does not have.",
        "index is outside of the array part; guard it";
    Resized, "table-size-unknown",
        "The size of a table that may have been rehashed: that depends on dead keys.",
        "the table may have grown; do not ask for its size";
    SeveralBorders, "several-borders",
        "The length of a table with holes may be any border.",
        "the table has more than one border; fill its holes";
    NoKey, "no-hash-key",
        "A number that is an integer or no number: tables keep the former as integers and refuse the latter.",
        "key is an integer or NaN; guard it";
    KeyExists, "key-exists",
        "`NEWREF` of a key that the table has.",
        "the key exists; look for it before";
    KeyUnknown, "key-unknown",
        "A key without a value, whose node another key may have taken.",
        "the key had no value when another was inserted, so it may be gone; give it one";
    NodeUnknown, "node-unknown",
        "`HREFK` in nodes that do not lie as those of its KSLOT's table did.",
        "nodes do not lie as the constant says; use HREF";
    NilPlace, "store-to-nil-place",
        "A store to the nil that an unsuccessful search gives.",
        "stores to a key that is not there; guard the search";
    NilMarker, "nil-marker",
        "`TDUP` of a template that has a table as a value: some releases take it for a nil.",
        "the template has a table as a value; leave it out";
    Openness, "upvalue-openness",
        "An upvalue that is not as open as the opcode says, where releases differ in whether they check.",
        "the upvalue is open where the opcode says closed, or the other way; use the other opcode";
    NoUpvalue, "no-upvalue",
        "An upvalue that the function does not have.",
        "the function has no such upvalue; guard the function";
    SlotIsUpvalue, "slot-is-upvalue",
        "A slot of the Lua stack that is also used as an upvalue: FOLD takes the two for different places, and loops keep slots in registers.",
        "the slot is used as an open upvalue too; use one of them";
    UncheckedObject, "unchecked-object",
        "`SLOAD` of a slot without a check, where another type than it says is: the address of a new object.",
        "the slot holds a new object, not what it is loaded as; check its type";
    Temporary, "temporary-overwritten",
        "`VLOAD` of a temporary that something else may have overwritten.",
        "the temporary was overwritten, or never set; load it at once";
    Uninitialised, "uninitialised",
        "Bytes of a new cdata that nothing was stored to.",
        "reads or shows bytes of a cdata that were never stored; store them all";
    BoxedScalar, "store-to-scalar",
        "A store to a cdata made with its value: two of the same value may be one object.",
        "stores to a boxed scalar, which is shared; use CNEW";
    TooLarge, "too-large",
        "More memory than a run may use.",
        "makes too much; make less, or leave the loop sooner";
    TaggedNumber, "tagged-number",
        "A NaN whose bits are those of a tagged value, stored to a slot or given to a function as a Lua value: store forwarding keeps it a number, a load does not.",
        "makes a Lua value of a number that is read as another value; keep such NaNs out of slots";
    Overlap, "overlapping-copy",
        "`memcpy` of overlapping bytes.",
        "copies overlapping bytes; keep them apart";
    MutableSource, "string-of-stored-memory",
        "`SNEW` of memory that the trace stores to: FOLD takes it for constant.",
        "makes a string from memory that is stored to; use XSNEW";
    DecimalTie, "decimal-tie",
        "A number halfway between two of 14 digits: releases round it differently.",
        "number is halfway between two that can be printed; use another";
    NumberText, "number-text",
        "A text whose conversion to a number is not modelled.",
        "text is a number of too many digits; use a shorter one";
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
    /// What is left behind can't be told.
    #[error("at the end: {why}")]
    Left {
        /// Why not.
        why: Undefined,
    },
    /// A slot that the next iteration loads would get the bits of another Lua value. The VM keeps such numbers out of its slots, and
    /// traces rely on it: what is a number at an iteration's end is not checked again.
    #[error("slot #{slot} gets a NaN whose bits are those of a tagged value; keep it out of slots", slot = .slot.0)]
    TaggedNan {
        /// The slot.
        slot: Slot,
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
            Unjudged::Undefined { why, .. } | Unjudged::Left { why } => why.key(),
            Unjudged::TaggedNan { .. } => "tagged-nan",
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
