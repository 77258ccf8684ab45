//! LuaJIT's trace IR: opcodes, types, literals, traces and the rules that make them legal.

pub mod lit;
pub mod op;
pub(crate) mod ops;
pub mod sig;
pub mod trace;
pub mod types;
pub mod validate;

pub use lit::{ConvCheck, ConvMode, Fpm, Lit, LitKind, SloadMode, XloadMode};
pub use op::{ALL_OPS, Op, OpInfo, OperandKind, Status};
pub use sig::Rule;
pub use trace::{Arg, Const, ExitNo, Ins, Link, Ref, RegionId, Slot, Snap, SnapEntry, SymPtr, Trace};
pub use types::{ALL_TYPES, Class, Type};
