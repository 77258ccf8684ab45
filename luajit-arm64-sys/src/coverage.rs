//! Which lines of LuaJIT ran: gcc's counters of a `coverage` build, read by `gcov`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;

use crate::shared::notes_path;

/// The lines of one of LuaJIT's source files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLines {
    /// Its name in LuaJIT's `src`.
    pub file: String,
    /// Lines with code and how often each ran, in order.
    pub lines: Vec<(u32, u64)>,
    /// Its functions, in the order of their first lines.
    pub functions: Vec<FunctionLines>,
}

/// A function and how often it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionLines {
    /// Its name in LuaJIT's source.
    pub name: String,
    /// Its first line.
    pub start: u32,
    /// Its last line.
    pub end: u32,
    /// Calls.
    pub count: u64,
}

/// Why no lines can be told.
#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// The library is no `coverage` build.
    #[error("{} is missing: build the library with the variant `coverage`", path.display())]
    NoNotes {
        /// The file that should be there.
        path: PathBuf,
    },
    /// Nothing was counted yet.
    #[error("{} is missing: dump the library's counters there first", path.display())]
    NoCounters {
        /// The file that should be there.
        path: PathBuf,
    },
    /// A file could not be copied.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no `gcov`.
    #[error(
        "cannot start `{program}`: it comes with gcc, install that or set GCOV to the gcov of the compiler that built the library"
    )]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// `gcov` could not read the counters.
    #[error(
        "`{program}` can't read the counters: set GCOV to the gcov of the compiler that built the library\n{message}"
    )]
    Gcov {
        /// The program.
        program: String,
        /// What it said.
        message: String,
    },
}

/// Lines of LuaJIT's own files that ran, from the counters that [`crate::Library::dump_coverage`] wrote to the folder `data`. Sorted by
/// file name. The program is `$GCOV`, else `gcov`.
///
/// # Errors
/// See [`CoverageError`].
pub fn line_coverage(library: &Path, data: &Path) -> Result<Vec<FileLines>, CoverageError> {
    let (notes, counters) = (notes_path(library), counters_path(data));
    if !notes.is_file() {
        return Err(CoverageError::NoNotes { path: notes });
    }
    if !counters.is_file() {
        return Err(CoverageError::NoCounters { path: counters });
    }
    let dir = tempfile::tempdir().map_err(io_error("create a folder in", &env::temp_dir()))?;
    // gcov finds the one by the name of the other.
    for (from, name) in [(&notes, "shim.gcno"), (&counters, "shim.gcda")] {
        fs::copy(from, dir.path().join(name)).map_err(io_error("copy", from))?;
    }
    let files = run_gcov(dir.path())?;
    Ok(files.into_iter().filter(|file| is_luajits(&file.file)).map(file_lines).collect())
}

/// The file that gcc's library makes in the folder it is told.
pub(crate) fn counters_path(data: &Path) -> PathBuf {
    data.join("shim.gcda")
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CoverageError {
    let path = path.to_owned();
    move |source| CoverageError::Io { doing, path, source }
}

fn run_gcov(dir: &Path) -> Result<Vec<GcovFile>, CoverageError> {
    let program = env::var("GCOV").ok().filter(|program| !program.is_empty()).unwrap_or_else(|| "gcov".to_owned());
    let mut command = Command::new(&program);
    command.current_dir(dir).env("LC_ALL", "C").args(["--json-format", "--stdout", "shim.gcda"]);
    let output = match command.output() {
        Ok(output) => output,
        Err(source) => return Err(CoverageError::Start { program, source }),
    };
    read_json(&output).map_err(|message| CoverageError::Gcov { program, message })
}

/// `gcov` succeeds even where it read nothing.
fn read_json(output: &Output) -> Result<Vec<GcovFile>, String> {
    let errors = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() || output.stdout.is_empty() {
        return Err(errors());
    }
    let report: GcovReport =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{}\n{error}", errors()))?;
    let mut files = report.files;
    files.sort_by(|a, b| a.file.cmp(&b.file));
    if files.is_empty() { Err(errors()) } else { Ok(files) }
}

/// The compiler works in LuaJIT's `src`: what has a path is the system's, and the shim's files are ours.
fn is_luajits(file: &str) -> bool {
    !file.contains('/') && !crate::compile::is_shim(file)
}

fn file_lines(file: GcovFile) -> FileLines {
    // A line of a macro that makes functions belongs to each of them.
    let mut lines: BTreeMap<u32, u64> = BTreeMap::new();
    for line in file.lines {
        *lines.entry(line.line_number).or_default() += line.count;
    }
    let mut functions: Vec<FunctionLines> = file.functions.into_iter().map(function_lines).collect();
    functions.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    FileLines { file: file.file, lines: lines.into_iter().collect(), functions }
}

/// `csrc/host.h` renames one function, to see its calls.
fn function_lines(function: GcovFunction) -> FunctionLines {
    let name = if function.name == "asm_ir_real" { "asm_ir".to_owned() } else { function.name };
    FunctionLines { name, start: function.start_line, end: function.end_line, count: function.execution_count }
}

/// `gcov`'s JSON, as far as it is read.
#[derive(Deserialize)]
struct GcovReport {
    files: Vec<GcovFile>,
}

#[derive(Deserialize)]
struct GcovFile {
    file: String,
    functions: Vec<GcovFunction>,
    lines: Vec<GcovLine>,
}

#[derive(Deserialize)]
struct GcovFunction {
    name: String,
    start_line: u32,
    end_line: u32,
    execution_count: u64,
}

#[derive(Deserialize)]
struct GcovLine {
    line_number: u32,
    count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_functions_add_up_and_come_in_order() {
        let json = r#"{"file": "lj_x.c", "functions": [
            {"name": "b", "start_line": 9, "end_line": 12, "execution_count": 0},
            {"name": "asm_ir_real", "start_line": 3, "end_line": 5, "execution_count": 7}],
            "lines": [{"line_number": 4, "count": 7}, {"line_number": 3, "count": 1}, {"line_number": 4, "count": 2}]}"#;
        let file = file_lines(serde_json::from_str(json).expect("parses"));
        assert_eq!(file.lines, [(3, 1), (4, 9)]);
        let names: Vec<_> = file.functions.iter().map(|function| (function.name.as_str(), function.count)).collect();
        assert_eq!(names, [("asm_ir", 7), ("b", 0)]);
    }

    #[test]
    fn only_luajits_own_files_count() {
        assert!(is_luajits("lj_asm_arm64.h"));
        assert!(!is_luajits("side.c") && !is_luajits("/usr/include/stdlib.h"));
    }

    #[test]
    fn missing_counters_are_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let library = dir.path().join("x.so");
        assert!(
            matches!(line_coverage(&library, dir.path()), Err(CoverageError::NoNotes { path }) if path == notes_path(&library))
        );
        fs::write(notes_path(&library), "").expect("written");
        assert!(matches!(line_coverage(&library, dir.path()), Err(CoverageError::NoCounters { .. })));
    }
}
