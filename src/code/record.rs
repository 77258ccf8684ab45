//! What a backend that watches itself says of the code it made: who wrote each word, and where each value was.

use super::Place;
use crate::ir::{Ref, Type};
use serde::{Deserialize, Serialize};

/// A place in a backend's own source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Frame {
    /// The function.
    pub function: String,
    /// The file, relative to the root of the backend's source tree.
    pub file: String,
    /// The line.
    pub line: u32,
}

/// What was recorded while a case was compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Stores to the memory of machine code, in their order.
    pub stores: Vec<Store>,
    /// Where values are behind each instruction's code, by address; in the trace's order where several have the same.
    pub boundaries: Vec<Boundary>,
    /// What became of the written instructions of the root trace, where the backend may rewrite IR.
    pub emitted: Vec<Emission>,
    /// Functions of the passes between recording and assembly, in their order.
    pub passes: Vec<Entered>,
    /// The address of the function that gives the values of exits their places.
    pub restores: Option<u64>,
    /// The register that holds the Lua frame's address when a trace begins.
    pub base: Option<Base>,
    /// Records that there was no room for.
    pub lost: u32,
}

/// The register that holds the Lua frame's address when a trace begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The general register. Its value is among those that the code starts with.
    pub register: u8,
    /// The address of the function that decides where a side trace has it from.
    pub inherits: Option<u64>,
}

/// A store to the memory of machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Where to.
    pub address: u64,
    /// Bytes.
    pub bytes: u32,
    /// The word that was there before, if it was a store of one word.
    pub old: u32,
    /// The written instruction that was being assembled.
    pub at: Option<Ref>,
    /// It is the side trace's, to its own code.
    pub side: bool,
    /// The store's and its callers' addresses, for the backend to name.
    pub chain: Vec<u64>,
}

/// The end of an instruction's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The address behind it.
    pub address: u64,
    /// The instruction as written; `None` for one that the backend made.
    pub at: Option<Ref>,
    /// It is the side trace's.
    pub side: bool,
    /// It is in the loop's body.
    pub looping: bool,
    /// Code further on does a part of the work: nothing is known until there.
    pub torn: bool,
    /// The values that are alive.
    pub held: Vec<Held>,
    /// The address of the backend's function for such instructions.
    pub handler: Option<u64>,
}

/// A value that is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub value: HeldValue,
    /// Its register, or its stack slot if it has no register.
    pub place: Place,
}

/// What a place should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldValue {
    /// A constant.
    Bits {
        /// Its bits.
        bits: u64,
        /// Its type: int, int64 for all integers of 64 bits and addresses, or num.
        ty: Type,
    },
    /// The instruction's value from before the loop.
    First(Ref),
    /// Its value of this pass.
    Now(Ref),
    /// What a loop carries: the first one's in the first pass, then the other one's of the pass before.
    Carried(Ref, Ref),
}

/// What became of a written instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    /// The instruction.
    pub at: Ref,
    /// What it became.
    pub became: Became,
    /// Functions that worked on it, in their order.
    pub entered: Vec<Entered>,
}

/// A function that was entered while the backend rewrote IR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// How deep below the interface.
    pub depth: u32,
    /// The address, for the backend to name.
    pub address: u64,
    /// A digest of the instruction at hand: another one when a function has changed it.
    pub ins: u64,
}

/// What a written instruction became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// An instruction of its own, the same.
    Written,
    /// Another instruction.
    Other,
    /// An earlier instruction.
    Same(Ref),
    /// A constant's bits.
    Constant(u64),
    /// Nothing.
    Dropped,
}
