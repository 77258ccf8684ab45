//! What a trace did: the plain data that interpreter and machine both produce and `compare` compares.

use crate::ir::{CdataType, ExitNo, Slot, Type};
use std::collections::BTreeMap;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// A guard failed; the trace left through this exit.
    Exit(ExitNo),
    /// It reached its end and went on to the interpreter.
    Tail,
    /// The machine stopped it.
    Fault(Fault),
}

/// What kind of fault: the SIGILL class and its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultClass {
    /// The word is no instruction.
    UndefinedEncoding,
    /// CONSTRAINED UNPREDICTABLE by the Arm manual: runs in the emulator, may trap or differ on a real core.
    UnpredictableEncoding,
    /// A load or store outside the world.
    MemoryFault,
    /// A misaligned access or stack pointer where alignment is required.
    Misaligned,
    /// A branch to where no code is.
    BadBranch,
    /// It did not end.
    Hang,
    /// The backend's own assertion failed.
    BackendAssert,
    /// The backend crashed, hung or ate memory.
    BackendCrash,
    /// A reserved register or the stack pointer was changed.
    AbiClobber,
}

/// All fault classes with their names in text.
pub const FAULT_CLASSES: &[(FaultClass, &str)] = &[
    (FaultClass::UndefinedEncoding, "undefined-encoding"),
    (FaultClass::UnpredictableEncoding, "unpredictable-encoding"),
    (FaultClass::MemoryFault, "memory-fault"),
    (FaultClass::Misaligned, "misaligned"),
    (FaultClass::BadBranch, "bad-branch"),
    (FaultClass::Hang, "hang"),
    (FaultClass::BackendAssert, "backend-assert"),
    (FaultClass::BackendCrash, "backend-crash"),
    (FaultClass::AbiClobber, "abi-clobber"),
];

impl FaultClass {
    /// The name in text.
    pub fn name(self) -> &'static str {
        FAULT_CLASSES[self as usize].1
    }
}

const _: () = {
    let mut i = 0;
    while i < FAULT_CLASSES.len() {
        assert!(FAULT_CLASSES[i].0 as usize == i, "FAULT_CLASSES is in the order of FaultClass");
        i += 1;
    }
};

/// What differed between a trace's outcome and the interpreter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MismatchClass {
    /// It left through another exit, or did not leave where it should.
    WrongExit,
    /// A snapshot's value, or a Lua stack slot, is not what it should be.
    WrongSnapshot,
    /// Memory is not what it should be.
    WrongMemory,
    /// Calls, their order or their arguments.
    WrongCall,
}

/// All mismatch classes with their names in text.
pub const MISMATCH_CLASSES: &[(MismatchClass, &str)] = &[
    (MismatchClass::WrongExit, "wrong-exit"),
    (MismatchClass::WrongSnapshot, "wrong-snapshot"),
    (MismatchClass::WrongMemory, "wrong-memory"),
    (MismatchClass::WrongCall, "wrong-call"),
];

/// What kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingClass {
    /// The backend or its code failed.
    Fault(FaultClass),
    /// The code did something else than the trace says.
    Mismatch(MismatchClass),
}

impl From<FaultClass> for FindingClass {
    fn from(class: FaultClass) -> Self {
        FindingClass::Fault(class)
    }
}

impl From<MismatchClass> for FindingClass {
    fn from(class: MismatchClass) -> Self {
        FindingClass::Mismatch(class)
    }
}

impl FindingClass {
    /// The name in text.
    pub fn name(self) -> &'static str {
        match self {
            FindingClass::Fault(f) => f.name(),
            FindingClass::Mismatch(m) => MISMATCH_CLASSES[m as usize].1,
        }
    }

    /// The class with this name.
    pub fn from_name(name: &str) -> Option<FindingClass> {
        let fault = FAULT_CLASSES.iter().find(|(_, n)| *n == name).map(|(c, _)| FindingClass::Fault(*c));
        let mismatch = || MISMATCH_CLASSES.iter().find(|(_, n)| *n == name).map(|(c, _)| FindingClass::Mismatch(*c));
        fault.or_else(mismatch)
    }
}

const _: () = {
    let mut i = 0;
    while i < MISMATCH_CLASSES.len() {
        assert!(MISMATCH_CLASSES[i].0 as usize == i, "MISMATCH_CLASSES is in the order of MismatchClass");
        i += 1;
    }
};

/// A fault of the running code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Its class.
    pub class: FaultClass,
    /// Address of the instruction (for bad branches: the target).
    pub pc: u64,
    /// The data address, where known.
    pub address: Option<u64>,
    /// More, in words.
    pub detail: String,
}

/// A live value at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// The Lua stack slot it belongs to.
    pub slot: Slot,
    /// Its type.
    pub ty: Type,
    /// Its bits: 32-bit values zero-extended, pointers and doubles whole; primitives are 0.
    pub bits: u64,
}

/// A call of a helper, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The helper's name.
    pub helper: String,
    /// Its arguments' bits.
    pub args: Vec<u64>,
}

/// What LuaJIT leaves open, seen during a run; it matters only where FOLD computed on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unspecified {
    /// An invalid operation made a NaN, whose sign is the host's when FOLD computes it; or a NaN entered
    /// arithmetic, which FOLD may rewrite (`x * -1` to `-x`).
    NanSign,
    /// Two different NaNs met in a commutative operation, whose operands FOLD may swap; or a NaN entered
    /// arithmetic that FOLD may drop, and with it the quieting (`x * 1`). Or the host rounded a signalling one.
    NanPayload,
    /// A number out of an integer type's range was converted to it: in C undefined, on ARM64 saturated. Or minus zero was
    /// checked to be an integer: FOLD keeps the zero's sign where the way back follows.
    ConvRange,
    /// TOBIT met a fraction. How bit operations round numbers that are not integral is left open (Lua BitOp's semantics), and
    /// narrowing converts a sum's terms instead of the sum.
    TobitFraction,
    /// Multiply and add may be fused to one rounding, or not.
    Fma,
    /// A conversion of a sum to an integer became the sum of its converted terms, which were not all whole and small. Only a
    /// backend knows; no interpreter's outcome has it.
    NarrowedSum,
    /// Accesses met that are different memory by LuaJIT's aliasing rules. The oracle finds it where a run differs.
    StrictAliasing,
    /// The guard that fails belongs to a result that nothing needs: it is dropped with it.
    WeakGuard,
    /// A check of an array's bounds by a constant became part of an earlier one, which then fails in its place.
    MergedCheck,
}

impl Unspecified {
    /// The name in skip statistics.
    pub const fn name(self) -> &'static str {
        match self {
            Unspecified::NanSign => "nan-sign",
            Unspecified::NanPayload => "nan-payload",
            Unspecified::ConvRange => "conv-range",
            Unspecified::TobitFraction => "tobit-fraction",
            Unspecified::Fma => "fma-rounding",
            Unspecified::NarrowedSum => "narrowed-sum",
            Unspecified::StrictAliasing => "strict-aliasing",
            Unspecified::WeakGuard => "weak-guard",
            Unspecified::MergedCheck => "merged-check",
        }
    }
}

/// Objects by the address of their header.
pub type Heap = BTreeMap<u64, ObjectState>;

/// What an object holds after a run. Lua values are words as in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectState {
    /// A string's bytes.
    Str(Vec<u8>),
    /// A table.
    Table {
        /// Keys and values, those of the array part too, ascending by key; no nil values.
        entries: Vec<(u64, u64)>,
        /// Address of the metatable, 0 for none.
        meta: u64,
        /// It is black: the collector is done with it.
        black: bool,
    },
    /// Values of a function's upvalues.
    Func(Vec<u64>),
    /// A userdata: address of the metatable and payload.
    Udata(u64, Vec<u8>),
    /// A cdata: its type, if it is one of a case's, and payload.
    Cdata(Option<CdataType>, Vec<u8>),
    /// An object of a kind that no case makes: a thread, a prototype.
    Other,
}

/// Everything observable of one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The values of the exit's snapshot, in its order (empty at the tail: they are in `stack`).
    pub values: Vec<Value>,
    /// The Lua stack slots from slot 2 on, as words.
    pub stack: Vec<u64>,
    /// The bytes of each region of the world.
    pub memory: Vec<Vec<u8>>,
    /// Calls of helpers.
    pub calls: Vec<Call>,
    /// The world's objects, and all others that can be reached from them, the values and the stack.
    pub heap: Heap,
    /// What was left open on the way (interpreter only).
    pub unspecified: Vec<Unspecified>,
}
