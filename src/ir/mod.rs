//! LuaJIT's trace IR: opcodes, types, literals, traces and the rules that make them legal.

pub mod aliasing;
pub mod callee;
pub mod ctype;
pub mod field;
pub mod helper;
pub mod lit;
pub mod op;
pub(crate) mod ops;
pub mod sig;
pub mod trace;
pub mod types;
pub mod validate;

pub use callee::{ALL_CALLEES, Callee};
pub use ctype::CdataType;
pub use field::{ALL_FIELDS, Field};
pub use helper::{ALL_HELPERS, Helper};
pub use lit::{BufMode, ConvCheck, ConvMode, Fpm, Lit, LitKind, SloadMode, TmprefMode, TostrMode, XloadMode};
pub use op::{ALL_OPS, Op, OpInfo, OperandKind, Status};
pub use sig::Rule;
pub use trace::{Arg, Const, ExitNo, Ins, Key, Link, ObjId, Ref, RegionId, Slot, Snap, SnapEntry, SymPtr, Trace};
pub use types::{ALL_TYPES, Class, Type};
