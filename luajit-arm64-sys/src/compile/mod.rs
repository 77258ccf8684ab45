//! From a LuaJIT source tree to one object file: host tools, generated headers, compiler. Used by `build.rs` and at run time.

mod generate;
mod identity;
mod object;
mod tool;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

pub use identity::BuildInfo;
pub use object::{compile_object, is_shim, line_notes, link_shared, prepare};
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
    /// Executed lines of LuaJIT's own C code are counted, by gcc's `--coverage`.
    Coverage,
    /// Which statement wrote each word of machine code is recorded, by the compiler's calls for `ThreadSanitizer`.
    Blame,
    /// The edges of the assembler's control flow are counted, by clang's counters for libFuzzer.
    Guided,
}

/// Which functions have their edges counted, wherever clang counts any: a file beside the sources.
pub const EDGES_OF: &str = "-fsanitize-coverage-allowlist=edges.list";

impl Variant {
    /// Every variant, in the order of the enum.
    pub const ALL: [Self; 6] = [Self::Plain, Self::Assert, Self::RandomRa, Self::Coverage, Self::Blame, Self::Guided];

    /// The name used in file names, build information and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Assert => "assert",
            Self::RandomRa => "random-ra",
            Self::Coverage => "coverage",
            Self::Blame => "blame",
            Self::Guided => "guided",
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
            // Without optimization each line keeps its own code.
            Self::Coverage => &["-DTH_COVERAGE", "--coverage", "-O0"],
            // As above; callers are found by their frame pointers.
            Self::Blame => &["-DTH_BLAME", "-fsanitize=thread", "-O0", "-g", "-fno-omit-frame-pointer"],
            // With less debug information, clang names only functions that others were compiled into.
            Self::Guided => &["-fsanitize-coverage=inline-8bit-counters,pc-table", EDGES_OF, "-g"],
        }
    }

    /// The unit, a C file of ours, with what the instrumented code calls.
    fn hooks(self) -> Option<&'static str> {
        match self {
            Self::Blame => Some("blame"),
            Self::Guided => Some("edges"),
            Self::Plain | Self::Assert | Self::RandomRa | Self::Coverage => None,
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
    /// The compiler does not count lines as this crate reads them.
    #[error("the coverage variant needs gcc, and this is {compiler}: set CC=gcc")]
    NoGcc {
        /// The first line of its `--version`.
        compiler: String,
    },
    /// Only clang counts edges as this crate reads them.
    #[error(
        "counting edges needs clang, and `{program}` is none: install the package clang, or set CC=clang-16 where it has such a name"
    )]
    NoClang {
        /// What was tried.
        program: String,
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
