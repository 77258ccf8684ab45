//! What a run works on: decoded instructions, and the state they change.

use super::error::{Undefined, Unjudged};
use super::heap::Heap;
use super::marks::Marks;
use crate::ir::{
    BufMode, Callee, CdataType, ConvMode, ExitNo, Field, Fpm, Helper, ObjId, Op, Ref, SloadMode, TmprefMode, TostrMode,
    Type,
};
use crate::outcome::Call;
use crate::world::World;

/// One instruction, ready to run. Operands are indices of [`Frame::values`]; constants have places there too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub op: Op,
    pub ty: Type,
    pub guard: bool,
    pub at: Ref,
    /// Where the result goes.
    pub to: usize,
    pub a: usize,
    pub b: usize,
    pub literal: Literal,
    /// The exit of a failing guard.
    pub exit: ExitNo,
    /// For a sum: its operands that are products.
    pub products: [Option<Product>; 2],
}

/// A literal operand, resolved.
#[derive(Clone, Copy, Debug)]
pub(super) enum Literal {
    None,
    /// Index of [`Frame::stack`], and the mode.
    Slot(usize, SloadMode),
    Conv(ConvMode),
    Fpm(Fpm),
    Num(u16),
    Sizes(u16, u16),
    Field(Field),
    /// The type of a key.
    Key(Type),
    /// A table of the world, and the word of a key in it.
    KSlot(ObjId, u64),
    Upvalue {
        index: usize,
        /// The function is a constant.
        constant: bool,
    },
    Tmpref {
        mode: TmprefMode,
        /// The value's type.
        ty: Type,
        constant: bool,
    },
    Buf(BufMode),
    Tostr(TostrMode),
    Ctype(CdataType),
    Callee(Callee, Args),
    Helper(Helper, Args),
}

/// Arguments of a call: this many places from `first` on hold the places of the arguments' values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Args {
    pub first: usize,
    pub len: usize,
}

/// A product: the places of its factors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    /// Where its factors are.
    pub factors: [usize; 2],
    /// The operand is the product's negation.
    pub negated: bool,
}

/// The state of a run.
pub(super) struct Frame<'p> {
    /// Values by ref, then constants.
    pub values: Vec<u64>,
    /// The bytes of each region.
    pub memory: Vec<Vec<u8>>,
    /// Words of the Lua stack from the lowest slot on.
    pub stack: Vec<u64>,
    pub marks: Marks,
    pub world: &'p World,
    pub heap: Heap,
    /// Calls of helpers so far.
    pub calls: Vec<Call>,
    /// A profiler wants to be called.
    pub profile: bool,
    /// Slots of the stack that stores to open upvalues have changed, one bit each.
    pub aliased: u64,
    /// Slots that exits and ends of traces have given values, one bit each: the machine does so only at the last of them.
    pub restored: u64,
    /// Regions that have been stored to, and those that strings were made of, one bit each.
    pub stored: u32,
    pub sources: u32,
}

impl Frame<'_> {
    /// The values of a call's arguments.
    pub fn arguments(&self, args: Args) -> Vec<u64> {
        let places = &self.values[args.first..args.first + args.len];
        places.iter().map(|place| self.values[usize::try_from(*place).expect("a place of this frame")]).collect()
    }
}

impl Step {
    /// Why this instruction can't be judged.
    pub fn undefined(&self, why: Undefined) -> Unjudged {
        Unjudged::Undefined { at: self.at, why }
    }
}

/// What happens after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It has this value (0 if it has none), and the next one runs.
    Next(u64),
    /// Its guard failed.
    Leave,
}
