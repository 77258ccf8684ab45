//! What a run works on: decoded instructions, and the state they change.

use super::marks::Marks;
use crate::ir::{ConvMode, ExitNo, Fpm, Op, Ref, SloadMode, Type};
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
    /// FOLD may rewrite this operation to one that treats NaNs otherwise.
    pub rewritable: bool,
}

/// A literal operand, resolved.
#[derive(Clone, Copy, Debug)]
pub(super) enum Literal {
    None,
    /// Index of [`Frame::stack`], and the mode.
    Slot(usize, SloadMode),
    Conv(ConvMode),
    Fpm(Fpm),
}

/// A product: the places of its factors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product(pub usize, pub usize);

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
}

/// What happens after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It has this value (0 if it has none), and the next one runs.
    Next(u64),
    /// Its guard failed.
    Leave,
}
