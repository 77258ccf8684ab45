//! What a call into a LuaJIT build can come back with.

use std::io;
use std::path::PathBuf;

use crate::TRef;

/// A trace error: `lj_trace_err` gave the trace up, as it would in production.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("trace error {name}: {text}")]
pub struct TraceError {
    /// `LJ_TRERR_*`; the number differs between releases.
    pub code: i32,
    /// The name without its prefix: `NYIIR`, `GFAIL`, `SPILLOV`.
    pub name: &'static str,
    /// LuaJIT's text for it.
    pub text: String,
    /// The opcode `NYIIR` is about.
    pub info: Option<i32>,
    /// The instruction being assembled.
    pub at_ref: Option<TRef>,
}

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace was given up.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// One of LuaJIT's own assertions failed; reset before going on.
    #[error("LuaJIT's assertion failed{}: {text}", at(*at_ref))]
    Assert {
        /// `file:line: function: message`
        text: String,
        /// The instruction being assembled.
        at_ref: Option<TRef>,
    },
    /// A Lua error with a message.
    #[error("Lua error: {text}")]
    Lua {
        /// The message.
        text: String,
    },
    /// C code called a part of LuaJIT's interpreter that only exists as machine code; reset before going on.
    #[error("{text}: this needs LuaJIT's interpreter, which is not part of the library")]
    UnexpectedVmCall {
        /// What was called.
        text: String,
    },
    /// The arena is full or its addresses are taken.
    #[error("{text}")]
    OutOfArena {
        /// Which.
        text: String,
    },
    /// The library's Lua state is in use.
    #[error("this LuaJIT build is in use: a build carries one Lua state at a time in a process")]
    Busy,
    /// The request made no sense; LuaJIT did not see it.
    #[error("{text}")]
    BadArgument {
        /// What is wrong with it.
        text: String,
    },
    /// A range of addresses outside of the arena.
    #[error("{len} bytes at {addr:#x} are not inside one region of the arena")]
    OutOfBounds {
        /// First address.
        addr: u64,
        /// Number of bytes.
        len: usize,
    },
    /// A shared library could not be loaded.
    #[error("cannot load {}: {source}: build it anew", path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// The loader's reason.
        source: libloading::Error,
    },
    /// The library was built by another version of this crate.
    #[error("{} has interface version {found}, this program needs {wanted}: build it anew", path.display())]
    WrongInterface {
        /// The library.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        wanted: u32,
    },
    /// A file name could not be made absolute.
    #[error("cannot find {}", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn at(at_ref: Option<TRef>) -> String {
    at_ref.map_or_else(String::new, |at_ref| format!(" while assembling {at_ref}"))
}
