//! Compiled code as plain data, and the contract between a backend's runtime and the machine.

mod record;

pub use record::{Base, Became, Boundary, Emission, Entered, Frame, Held, HeldValue, Record, Store};

use crate::ir::{ExitNo, Ref, Slot, Type};

/// Where a value is at an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// General-purpose register 0 to 30.
    Gpr(u8),
    /// FP register 0 to 31.
    Fpr(u8),
    /// Stack slot: bytes above the stack pointer at the exit.
    Spill(u32),
    /// The backend knows the value (its bits).
    Known(u64),
    /// Nowhere: the backend lost it.
    Lost,
}

/// A snapshot value's location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueLoc {
    /// The Lua slot.
    pub slot: Slot,
    /// The value's type, as the trace was written.
    pub ty: Type,
    /// Where its bits are.
    pub place: Place,
    /// The place holds an int that is to be converted to the num (a conversion sunk into the exit).
    pub int_to_num: bool,
}

/// One exit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exit {
    /// Its values, in the snapshot's order; none where the backend's own handler is asked for them.
    pub values: Vec<ValueLoc>,
    /// The exit of the written case that it is.
    pub number: ExitNo,
    /// The stack pointer there.
    pub sp: u64,
    /// Slots that the backend's own handler restores as an int where the written value is the same number as a num.
    pub ints: Vec<Slot>,
}

/// Which code belongs to which instruction. Fused operands belong to the instruction that consumes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The instruction of the written trace; `None` for code of the trace's head, tail and exits.
    pub at: Option<Ref>,
    /// First byte, from the code's start.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

/// Register conventions that `verify` checks and the machine prepares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Conventions {
    /// General-purpose registers that code must never write, with what they are for.
    pub reserved: Vec<(u8, &'static str)>,
    /// Bytes of the frame at entry, above the stack pointer, that belong to the code.
    pub frame: u32,
    /// The stack pointer at this trace's exits.
    pub exit_sp: u64,
    /// The stack pointer at the trace's end.
    pub tail_sp: u64,
    /// Address ranges that branches may leave to (first, behind last): exit handler, VM entries, calls.
    pub targets: Vec<(u64, u64)>,
    /// Address ranges that literal loads may read.
    pub literals: Vec<(u64, u64)>,
    /// The stub of an exit that is taken with the stack pointer as it was at entry: that of a side trace's stack check.
    pub early_exit: Option<u64>,
    /// Entries of other traces that branches may go to: address, and the stack pointer that it wants.
    pub links: Vec<(u64, u64)>,
}

/// A compiled trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Code {
    /// Address of the first byte.
    pub base: u64,
    /// The words' bytes: the trace and its exit stubs.
    pub bytes: Vec<u8>,
    /// Bytes of the trace proper; exit stubs follow.
    pub body: u32,
    /// Entry, from the start.
    pub entry: u32,
    /// Start of the loop body, from the start.
    pub loop_start: Option<u32>,
    /// Exits by the numbers that the machine meets; a side trace's come behind the root's.
    pub exits: Vec<Exit>,
    /// Code by instruction, ascending, without gaps in the body.
    pub marks: Vec<Mark>,
    /// Conventions of its registers and frame.
    pub conventions: Conventions,
    /// Registers at entry.
    pub start: Registers,
    /// Instructions that FOLD dropped or merged, for statistics.
    pub folded: u32,
    /// Instructions of sums that FOLD narrowed: exact where all their values are whole and fit an int.
    pub narrowed: Vec<Ref>,
    /// The backend may round multiply and add once.
    pub may_fuse_fma: bool,
    /// Address of the first Lua stack slot that a case may use ([`crate::ir::validate::MIN_SLOT`]).
    pub stack: u64,
    /// The side trace's code. It has no exits of its own here: they are among the root's.
    pub side: Option<Box<Code>>,
}

impl Code {
    /// The instruction that the code at `offset` was assembled for.
    pub fn ref_at(&self, offset: u32) -> Option<Ref> {
        self.marks.iter().find(|m| (m.start..m.end).contains(&offset)).and_then(|m| m.at)
    }
}

/// The registers of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Registers {
    /// x0 to x30.
    pub x: [u64; 31],
    /// The low halves of v0 to v31.
    pub d: [u64; 32],
    /// Stack pointer.
    pub sp: u64,
    /// Program counter.
    pub pc: u64,
}

impl Default for Registers {
    /// Recognisable garbage: each register's number in a pattern that is no valid address.
    fn default() -> Self {
        let x = std::array::from_fn(|i| 0xdead_0000_beef_0000 | (i as u64) << 32 | i as u64);
        let d = std::array::from_fn(|i| 0x7ff4_0000_dead_0000 | (i as u64) << 32 | i as u64);
        Registers { x, d, sp: 0, pc: 0 }
    }
}

/// Why the machine left the mapped code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Through an exit.
    Exit(ExitNo),
    /// To the interpreter, at the trace's end.
    Tail,
    /// A call was carried out; go on at the registers' `pc`.
    Resume,
    /// To an address that means nothing: a wild branch.
    Wild,
    /// For a call that wants more memory than the backend has: the run can't be judged.
    OutOfMemory,
}

/// The backend's runtime: what stands behind the addresses that compiled code branches to, and its memory.
pub trait Runtime {
    /// Called when the code fetched from an address without code (`regs.pc`). May change registers.
    fn stop(&mut self, code: &Code, regs: &mut Registers) -> Stop;
    /// Reads guest memory.
    fn read(&self, addr: u64, into: &mut [u8]);
    /// Writes guest memory.
    fn write(&mut self, addr: u64, bytes: &[u8]);
}

/// How the guest may use a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Loads only.
    Read,
    /// Loads and stores.
    ReadWrite,
}

/// Host memory that the guest sees at an address.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// Guest address, page-aligned.
    pub addr: u64,
    /// Bytes, whole pages.
    pub len: u64,
    /// The host memory. It must stay valid for as long as any machine maps it: a backend keeps its memory
    /// until it is dropped, and a machine is dropped before its backend.
    pub host: *mut u8,
    /// What the guest may do there.
    pub access: Access,
}
