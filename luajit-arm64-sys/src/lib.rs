//! LuaJIT's ARM64 trace assembler as a host library: LuaJIT's C code compiled for this machine with ARM64 as its target.
//!
//! A [`Library`] is a build: the newest release, linked in, or a shared library that [`build_shared`] made of any release
//! ([`fetch`]) or working tree. A [`Jit`] is a build with its Lua state in a fixed-address arena ([`Layout`]): traces are built
//! instruction by instruction, through `FOLD` or as they are, and assembled into ARM64 code that an emulator can run in place.
//!
//! Tables, strings, functions, userdata and C data are made by LuaJIT itself, at addresses of the caller's choice, and read back with
//! nothing taken for granted: the code under test may have overwritten them.
//!
//! All foreign code of the project is here, and all the `unsafe` that goes with it. The C side is `csrc/api.h`.

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!(
    "luajit-arm64-sys needs Linux on x86_64: its replacement of LuaJIT's interpreter and its C calls are written for it"
);

mod abi;
mod blame;
mod calls;
mod code;
mod committed;
mod compile;
mod coverage;
mod edges;
mod error;
mod fetch;
mod ir;
mod jit;
mod layout;
mod libfuzzer;
mod library;
mod objects;
mod passes;
mod pure;
mod releases;
mod shared;
mod tables;

pub use abi::VERSION as INTERFACE;
pub use blame::{Behind, Entered, Held, Lines, LinesError, Record, SourceFrame, Write};
pub use code::{Code, Loc, Notes, Place};
pub use compile::{BuildError, BuildInfo, Variant};
pub use coverage::{CoverageError, FileLines, FunctionLines, line_coverage};
pub use error::{Error, TraceError};
pub use fetch::{FetchError, fetch};
pub use ir::{Folded, Ins, Link, Opts, SnapEntry, SnapFlags, Snapshot, TRef};
pub use jit::Jit;
pub use layout::{Layout, Protection, Region};
pub use libfuzzer::libfuzzer_counters;
pub use library::Library;
pub use objects::{Color, Ctype, GcState, Object, ObjectKind, Places, Upvalue, UpvalueState};
pub use passes::{Repeat, SlotValue};
pub use releases::{Release, releases};
pub use shared::{build_shared, info_path};
pub use tables::{CallInfo, ExitStateLayout, Named, OpInfo, OpKind, Operand, Tables, TraceErrorInfo};
