//! Functions, files and lines of addresses in a library, from its own debug information.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use gimli::{EndianRcSlice, RunTimeEndian};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// A place in LuaJIT's source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceFrame {
    /// The function, by its name in LuaJIT's source.
    pub function: String,
    /// The file, relative to the root of the source tree: `src/lj_asm.c`.
    pub file: String,
    /// The line.
    pub line: u32,
}

/// Why a library's lines can't be told.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// The file can't be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The library.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is no library, or its debug information is damaged.
    #[error("no lines in {}: {why}: build it anew", path.display())]
    Debug {
        /// The library.
        path: PathBuf,
        /// The reader's words.
        why: String,
    },
}

type Slice = EndianRcSlice<RunTimeEndian>;

/// The debug information of one library.
pub struct Lines {
    context: addr2line::Context<Slice>,
    /// Functions by name.
    functions: BTreeMap<String, u64>,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}

impl Lines {
    /// Reads a shared library that [`crate::build_shared`] made.
    ///
    /// # Errors
    /// See [`LinesError`].
    pub fn open(library: &Path) -> Result<Self, LinesError> {
        let bytes = fs::read(library).map_err(|source| LinesError::Read { path: library.to_owned(), source })?;
        read(&bytes).map_err(|why| LinesError::Debug { path: library.to_owned(), why })
    }

    /// The offset of a function.
    pub fn function(&self, name: &str) -> Option<u64> {
        self.functions.get(name).copied()
    }

    /// What is at an offset of the library, the innermost of inlined functions first. Empty for what is not LuaJIT's or the shim's.
    pub fn at(&self, offset: u64) -> Vec<SourceFrame> {
        let Ok(mut frames) = self.context.find_frames(offset).skip_all_loads() else { return vec![] };
        let mut found = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.as_ref().and_then(|name| name.raw_name().ok());
            let location = frame.location.as_ref().and_then(|at| Some((at.file?, at.line?)));
            if let (Some(function), Some((file, line))) = (function, location) {
                found.push(SourceFrame { function: written_name(&function), file: relative(file), line });
            }
        }
        found
    }
}

fn read(bytes: &[u8]) -> Result<Lines, String> {
    let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |id: gimli::SectionId| -> Result<Slice, gimli::Error> {
        let data = file.section_by_name(id.name()).and_then(|section| section.uncompressed_data().ok());
        Ok(EndianRcSlice::new(Rc::from(data.unwrap_or(Cow::Borrowed(&[]))), endian))
    };
    let dwarf = gimli::Dwarf::load(section).map_err(|error| error.to_string())?;
    let context = addr2line::Context::from_dwarf(dwarf).map_err(|error| error.to_string())?;
    let symbols = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text);
    let functions = symbols.filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address()))).collect();
    Ok(Lines { context, functions })
}

/// `csrc/host.h` renames one function, to see its calls.
fn written_name(name: &str) -> String {
    if name == "asm_ir_real" { "asm_ir".to_owned() } else { name.to_owned() }
}

/// The compiler was told to write `src` for the folder it worked in.
fn relative(file: &str) -> String {
    file.replace("/./", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_library_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("x.so");
        assert!(matches!(Lines::open(&path), Err(LinesError::Read { .. })));
        fs::write(&path, "text").expect("written");
        let message = Lines::open(&path).expect_err("no library").to_string();
        assert!(message.contains("x.so") && message.contains("build it anew"), "{message}");
    }
}
