//! From a LuaJIT source tree to one object file: host tools, generated headers, compiler. Used by `build.rs` and at run time.

mod generate;
mod identity;
mod object;
mod tool;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

pub use identity::BuildInfo;
pub use object::{compile_object, link_shared, prepare};
pub use tool::Toolchain;
pub use tree::Tree;

/// How a build differs from LuaJIT's usual configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variant {
    /// As released.
    Plain,
    /// LuaJIT's internal assertions and API checks are on, and come back as errors.
    Assert,
    /// The register allocator picks registers at random (releases since 2.1.1692580715).
    RandomRa,
}

impl Variant {
    /// Every variant, in the order of the enum.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Assert, Self::RandomRa];

    /// The name used in file names, build information and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Assert => "assert",
            Self::RandomRa => "random-ra",
        }
    }

    /// The variant of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[],
            Self::Assert => &["-DLUA_USE_ASSERT", "-DLUA_USE_APICHECK"],
            Self::RandomRa => &["-DLUAJIT_RANDOM_RA"],
        }
    }
}

/// Why a LuaJIT tree could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing at this path looks like LuaJIT.
    #[error(
        "not a LuaJIT tree: no src/lj_asm_arm64.h in {}: give a luajit-src crate's folder, a LuaJIT checkout or its src folder",
        path.display()
    )]
    NotATree {
        /// The path that was given.
        path: PathBuf,
    },
    /// The tree is too old for the variant.
    #[error("{} has no LUAJIT_RANDOM_RA: the random-ra variant needs LuaJIT of August 2023 or later", path.display())]
    NoRandomRa {
        /// The tree's `src` folder.
        path: PathBuf,
    },
    /// A compiler or one of LuaJIT's own build tools reported errors.
    #[error("{step} failed: {command}\n{message}")]
    Tool {
        /// What was being done.
        step: &'static str,
        /// The command line.
        command: String,
        /// The tool's first errors.
        message: String,
    },
    /// A tool could not be started.
    #[error("cannot start `{program}` for {step}: install a C compiler or set CC")]
    Start {
        /// What was being done.
        step: &'static str,
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Reading or writing a file failed.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done to the file.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Attaches to an I/O error what was being done to which file.
fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    move |source| BuildError::Io { doing, path: path.to_owned(), source }
}
