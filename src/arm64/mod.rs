//! A64, as far as judging a JIT backend's code needs it: which words are instructions, what they do, how they read, how to write them.

mod classify;
mod disassemble;
mod effects;
pub mod encode;
pub mod immediate;
mod layout;
mod registers;
mod row;
mod rule;
mod table;

pub use classify::{Encoding, OPEN, Reason, classify, fields, layout_of, row_of, suspect_bits};
pub use disassemble::{capstone_text, disasm};
pub use effects::{Access, Address, Direction, Flow, StackMove};
pub use layout::Field;
pub use registers::{Fpr, Gpr, LR, RegSet, SP, Width, ZR};
pub use row::{Addressing, Row, Shape};
pub use table::rows;
