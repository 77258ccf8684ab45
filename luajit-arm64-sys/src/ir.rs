//! The words of the IR that cross the interface: refs, optimizations, links, snapshot entries.

use std::fmt;
use std::ops::BitOr;

/// A reference to an instruction or constant of the trace being built: LuaJIT's own number, as it stands in operands.
///
/// The n-th instruction emitted into an empty trace is [`TRef::ins`]`(n)`, counted from 1; constants are below [`TRef::BIAS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct TRef(pub u16);

impl TRef {
    /// `REF_BIAS`, and the ref of `BASE`.
    pub const BIAS: u16 = 0x8000;
    /// The constant `nil`, also the `L` operand of some ops.
    pub const NIL: Self = Self(Self::BIAS - 1);
    /// The constant `false`.
    pub const FALSE: Self = Self(Self::BIAS - 2);
    /// The constant `true`.
    pub const TRUE: Self = Self(Self::BIAS - 3);
    /// The instruction `BASE`, always there.
    pub const BASE: Self = Self(Self::BIAS);

    /// The n-th instruction, counted from 1 as `-jdump` does.
    pub const fn ins(number: u16) -> Self {
        Self(Self::BIAS + number)
    }

    /// Whether it is a constant.
    pub const fn is_const(self) -> bool {
        self.0 < Self::BIAS
    }

    /// The number of an instruction, counted from 1; 0 is `BASE`.
    pub const fn number(self) -> Option<u16> {
        self.0.checked_sub(Self::BIAS)
    }
}

impl fmt::Display for TRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "{number:04}"),
            None => write!(f, "K{:03}", Self::BIAS - self.0),
        }
    }
}

impl fmt::Debug for TRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A set of LuaJIT's optimizations, in our own numbering (`enum th_opt`): LuaJIT's differs between releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opts(u32);

/// Names as `-O` takes them, in the order of their bits.
const OPT_NAMES: [&str; 11] = ["fold", "cse", "dce", "fwd", "dse", "narrow", "loop", "abc", "sink", "fuse", "fma"];

impl Opts {
    /// None: `-O0`.
    pub const NONE: Self = Self(0);
    /// Algebraic simplification.
    pub const FOLD: Self = Self(1 << 0);
    /// Common subexpressions.
    pub const CSE: Self = Self(1 << 1);
    /// Dead code.
    pub const DCE: Self = Self(1 << 2);
    /// Load forwarding.
    pub const FWD: Self = Self(1 << 3);
    /// Dead stores.
    pub const DSE: Self = Self(1 << 4);
    /// Narrowing of numbers to integers.
    pub const NARROW: Self = Self(1 << 5);
    /// Loops.
    pub const LOOP: Self = Self(1 << 6);
    /// Array bounds checks.
    pub const ABC: Self = Self(1 << 7);
    /// Sinking of allocations and stores.
    pub const SINK: Self = Self(1 << 8);
    /// Operand fusion in the assembler.
    pub const FUSE: Self = Self(1 << 9);
    /// Fused multiply-add; not on by default, and absent before 2022.
    pub const FMA: Self = Self(1 << 10);
    /// LuaJIT's default, `-O3`: all but FMA.
    pub const DEFAULT: Self = Self((1 << 10) - 1);

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The optimization of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        OPT_NAMES.iter().position(|&known| known == name).map(|bit| Self(1 << bit))
    }

    /// The names of the optimizations in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        OPT_NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 != 0).map(|(_, name)| name)
    }

    /// Whether all of `other` are in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Default for Opts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl BitOr for Opts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How a trace ends (`LJ_TRLINK_*`, in the order of `enum th_link`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// No link.
    None,
    /// Continue in another root trace.
    Root,
    /// Back to the start, or to the `LOOP` instruction, of this trace.
    Loop,
    /// Tail recursion.
    TailRec,
    /// Up-recursion.
    UpRec,
    /// Down-recursion.
    DownRec,
    /// Leave to the interpreter.
    Interp,
    /// Return to the interpreter.
    Return,
    /// Continue in a stitched trace.
    Stitch,
}

/// How a snapshot entry is restored (`SNAP_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct SnapFlags(u8);

impl SnapFlags {
    /// An ordinary value.
    pub const NONE: Self = Self(0);
    /// The slot holds the value already.
    pub const NORESTORE: Self = Self(1 << 0);
    /// A frame link.
    pub const FRAME: Self = Self(1 << 1);
    /// A continuation.
    pub const CONT: Self = Self(1 << 2);
    /// A key index of a table traversal; ignored by releases without `ITERN` traces.
    pub const KEYINDEX: Self = Self(1 << 3);

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}

impl BitOr for SnapFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One slot of a snapshot. Slot 2 is the function's first: `BASE[0]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct SnapEntry {
    /// Stack slot.
    pub slot: u8,
    /// How to restore it.
    pub flags: SnapFlags,
    /// Its value.
    pub value: TRef,
}
const _: () = assert!(size_of::<SnapEntry>() == size_of::<crate::abi::RawSnapEntry>());

impl SnapEntry {
    /// An ordinary value.
    pub const fn new(slot: u8, value: TRef) -> Self {
        Self { slot, flags: SnapFlags::NONE, value }
    }
}

/// A snapshot as a trace has it, after all passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The instruction it stands before.
    pub at: TRef,
    /// Slots in use; `nslots` of [`crate::Jit::snap`].
    pub nslots: u8,
    /// What [`crate::Jit::snap_at`] was given.
    pub tag: u32,
    /// The slots an exit restores, ascending.
    pub entries: Vec<SnapEntry>,
}

/// What `FOLD` made of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// The value is this ref: a constant, an earlier instruction or a new one.
    Ref(TRef),
    /// Nothing is left of it: a guard that always holds, a store without effect.
    Dropped,
}

impl Folded {
    /// The ref, if there is one.
    pub const fn value(self) -> Option<TRef> {
        match self {
            Self::Ref(value) => Some(value),
            Self::Dropped => None,
        }
    }
}

/// An instruction as it is in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ins {
    /// Opcode.
    pub op: u8,
    /// IR type and `IRT_GUARD`, `IRT_ISPHI`, `IRT_MARK`.
    pub ty: u8,
    /// First operand.
    pub op1: u16,
    /// Second operand.
    pub op2: u16,
    /// The chain before assembly; register (low byte) and spill slot after it.
    pub prev: u16,
    /// A constant's value: `KINT` sign-extended, 64-bit ones as they are.
    pub value: u64,
}
