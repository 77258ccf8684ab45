//! What an imaginary address stands for.

use crate::ir::Field;

/// A place in an object, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A table's array part, as it lies since it moved for the `moves`th time.
    Array { table: usize, moves: u32 },
    /// A slot of a table's array part.
    Slot { table: usize, index: u64, moves: u32 },
    /// A table's hash part.
    Nodes { table: usize },
    /// The value of a key, as nodes lie since they may have moved for the `moves`th time.
    Node { table: usize, key: u64, moves: u32 },
    /// An upvalue of a function.
    Upvalue { func: usize, index: usize },
    /// A field of an object.
    Field { object: usize, field: Field },
    /// The VM's temporary.
    Temporary,
}
