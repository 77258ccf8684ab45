//! All that is known of a case on a backend, as plain data: what every rendering of a finding is made of.
//!
//! Inputs and exits are counted as in the `.trace` file; offsets are bytes from the start of a trace's code.

use super::hex::{Bits, Hex};
use crate::backend::BackendId;
use serde::{Deserialize, Serialize};

/// A case on a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The backend.
    pub backend: BackendId,
    /// The verdict in a line, with the backend's name.
    pub summary: String,
    /// The verdict.
    pub verdict: Conclusion,
    /// How IR reaches the backend: `fold`, `raw`, `passes`.
    pub emit: String,
    /// The backend's optimisations.
    pub flags: Vec<Flag>,
    /// All of them are as they are by default.
    pub default_flags: bool,
    /// Whether the recorder could get here, in words.
    pub reach: String,
    /// What the file says it was found on.
    pub found_on: Option<String>,
    /// What the file expects, a line each.
    pub expects: Vec<String>,
    /// The file's notes.
    pub notes: Vec<String>,
    /// What the trace can touch.
    pub world: WorldRows,
    /// The trace; behind it its side trace, if it has one.
    pub traces: Vec<TraceSheet>,
    /// Instructions that FOLD dropped or merged, of both traces together.
    pub folded: u32,
    /// Instructions as written, of both traces together.
    pub written: usize,
    /// What is wrong with the code without running it.
    pub defects: Vec<DefectRow>,
    /// The input that the rest is about.
    pub input: InputRows,
    /// What should have come of it, and what did.
    pub outcome: OutcomeSheet,
    /// The exit that was taken, or else that should have been.
    pub exit: Option<ExitSheet>,
    /// The fault of the run.
    pub fault: Option<FaultSheet>,
    /// Registers at the end of a run that went wrong: those that the code uses.
    pub registers: Vec<RegisterRow>,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Conclusion {
    /// The code did what the trace says.
    Agree,
    /// It could not be judged.
    Skip {
        /// Why.
        reason: String,
    },
    /// It did not.
    Finding {
        /// The class.
        class: String,
        /// The instruction of the root trace that it is pinned to.
        at: Option<u16>,
        /// That instruction's opcode, or the side trace's.
        op: Option<String>,
        /// The input that shows it, from 1.
        input: Option<usize>,
        /// What was expected and observed, a line each.
        detail: Vec<String>,
    },
}

/// A switch of the backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub on: bool,
}

/// The world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldRows {
    /// Memory.
    pub regions: Vec<RegionRow>,
    /// Lua objects, as in a file.
    pub objects: Vec<String>,
    /// Address of the first Lua stack slot that a trace may use.
    pub stack: Option<Hex>,
    /// The stack pointer at entry.
    pub sp: Option<Hex>,
}

/// A region of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionRow {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Hex,
    /// Bytes.
    pub size: u32,
    /// The same in all inputs, and not to be written.
    pub readonly: bool,
    /// What is not zero in read-only memory, as in a file.
    pub contents: Vec<String>,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSheet {
    /// 1, or 2 for the side trace.
    pub number: u8,
    /// The exit of the root trace that leads here.
    pub from_exit: Option<u16>,
    /// Where it goes at its end: `interpreter`, `return`, `loop`, `root`.
    pub stop: String,
    /// Snapshots and instructions, as in a file.
    pub ir: Vec<IrRow>,
    /// The machine code, if there is any.
    pub code: Option<CodeSheet>,
}

/// A line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IrRow {
    /// The instruction's number; none for a snapshot.
    pub at: Option<u16>,
    /// The snapshot's number; none for an instruction.
    pub snap: Option<usize>,
    /// The line.
    pub text: String,
    /// What the interpreter says of it at last; none for what did not run.
    pub value: Option<String>,
    /// The finding is pinned to it.
    pub marked: bool,
}

/// A trace's machine code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSheet {
    /// Bytes, without exit stubs.
    pub bytes: u32,
    /// The words.
    pub words: Vec<WordRow>,
    /// The exit stubs, if any are known.
    pub stubs: Option<StubRow>,
}

/// A word of machine code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordRow {
    /// Where it is.
    pub address: Hex,
    /// Bytes from the start of its trace's code.
    pub offset: u32,
    /// Its bits.
    pub word: Bits,
    /// What it is, by the disassembler.
    pub mnemonic: String,
    /// On what.
    pub operands: String,
    /// Where a branch goes: `->3` for an exit, `->LOOP`, `->VM`, `->?`.
    pub target: Option<String>,
    /// The instruction that it was assembled for.
    pub at: Option<u16>,
    /// That instruction in full where its code starts, else its number; or `head`, `tail`, `exit stub`.
    pub origin: String,
    /// The loop's body starts here.
    pub loop_head: bool,
    /// It is wrong, or it faulted.
    pub marked: bool,
}

/// Exit stubs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StubRow {
    /// Where they begin.
    pub address: Hex,
    /// The first exit's number.
    pub exit: u16,
    /// Its stub.
    pub first: Hex,
    /// The last exit's number.
    pub last_exit: u16,
    /// Its stub.
    pub last: Hex,
}

/// A defect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefectRow {
    /// Which trace's code.
    pub trace: u8,
    /// The finding's class.
    pub class: String,
    /// The instruction and the rule that it breaks.
    pub text: String,
    /// The word.
    pub word: WordRow,
    /// The word taken apart.
    pub anatomy: Anatomy,
}

/// A word taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anatomy {
    /// Its bits.
    pub word: Bits,
    /// What the encoding table says.
    pub status: Status,
    /// The name of its encoding, or what is wrong.
    pub text: String,
    /// All 32 bits, from the highest down.
    pub fields: Vec<FieldRow>,
}

/// What the encoding table says of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// An instruction.
    Valid,
    /// None.
    Undefined,
    /// CONSTRAINED UNPREDICTABLE.
    Unpredictable,
    /// Nothing that a backend has reason to emit.
    Unknown,
}

impl Status {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Undefined => "undefined",
            Status::Unpredictable => "unpredictable",
            Status::Unknown => "unknown",
        }
    }
}

/// A run of a word's bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRow {
    /// The manual's name; none for bits that are fixed, or have no meaning.
    pub name: Option<String>,
    /// Highest bit.
    pub hi: u8,
    /// Lowest bit.
    pub lo: u8,
    /// What the bits say.
    pub value: u32,
    /// It is why the word is not valid.
    pub wrong: bool,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRows {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// What is not nil or zero, as in a file.
    pub lines: Vec<String>,
}

/// Two outcomes side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeSheet {
    /// The end, then values, stack slots, memory, calls and objects that changed or differ.
    pub rows: Vec<OutcomeRow>,
    /// What the two sides have to say for themselves.
    pub notes: Vec<String>,
}

/// A part of two outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeRow {
    /// Which part.
    pub kind: PartKind,
    /// The place: `end`, `slot #3`, `data+8`.
    pub place: String,
    /// What the interpreter says; `-` for nothing.
    pub expected: String,
    /// What the machine did; `-` for nothing.
    pub observed: String,
    /// They differ, and it counts.
    pub differs: bool,
    /// Of bytes of memory: which of them differ.
    pub bytes: Vec<usize>,
}

/// Parts of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// How it ended.
    End,
    /// A value of the exit's snapshot.
    Value,
    /// A Lua stack slot.
    Stack,
    /// Bytes of memory.
    Memory,
    /// A call of a helper.
    Call,
    /// A Lua object.
    Object,
}

/// Where the values of an exit are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitSheet {
    /// The exit's number.
    pub number: u16,
    /// It was taken.
    pub taken: bool,
    /// Its values.
    pub values: Vec<ExitRow>,
}

/// A value of an exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRow {
    /// The Lua stack slot.
    pub slot: u8,
    /// The value's type.
    pub ty: String,
    /// The instruction that made it, or `const`.
    pub source: String,
    /// Where it is.
    pub place: String,
    /// What is there is an int that becomes a number.
    pub converted: bool,
    /// What was found there.
    pub found: Option<String>,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultSheet {
    /// Its class.
    pub class: String,
    /// The address of the instruction.
    pub pc: Hex,
    /// Where that is in a trace's code.
    pub word: Option<FaultWord>,
    /// Words that branch to an address outside.
    pub branches: Vec<WordRow>,
    /// The data address.
    pub address: Option<String>,
    /// More, in words.
    pub reason: String,
}

/// The word that faulted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultWord {
    /// Which trace's code.
    pub trace: u8,
    /// The word.
    pub row: WordRow,
    /// The word taken apart.
    pub anatomy: Anatomy,
    /// The registers that it reads.
    pub reads: Option<String>,
}

/// A register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterRow {
    /// Its name.
    pub name: String,
    /// Its bits; of a pointer near a region also the place.
    pub value: String,
}

impl Sheet {
    /// The first word that is wrong, taken apart: a defect, or what faulted.
    pub fn bad_word(&self) -> Option<(u8, &WordRow, &Anatomy)> {
        let defect = self.defects.first().map(|d| (d.trace, &d.word, &d.anatomy));
        let fault = || self.fault.as_ref()?.word.as_ref().map(|w| (w.trace, &w.row, &w.anatomy));
        defect.or_else(fault)
    }
}
