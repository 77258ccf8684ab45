//! Lines of the backend's source that ran, from a coverage build's counters.

use luajit_arm64_sys::{CoverageError, FileLines, line_coverage};
use serde::Serialize;
use std::path::Path;

/// The files whose lines count: the ARM64 assembler, and the part that all targets share.
const FILES: [&str; 3] = ["lj_asm_arm64.h", "lj_emit_arm64.h", "lj_asm.c"];

/// Functions that no trace reaches without LuaJIT's own interpreter or on this target, with the reason. Their lines are not counted
/// as reachable; one that is reached after all says so.
const OUT_OF_REACH: &[(&str, &str)] = &[
    ("asm_retf", "returns to a Lua frame below that of the trace, which only the interpreter makes"),
    ("asm_hiop", "the second result of lj_vm_next, which is part of the interpreter"),
    ("asm_bufhdr_write", "writes to a string.buffer object, which only its library makes, run by the interpreter"),
    ("ra_destpair", "only asm_hiop has two results"),
    ("asm_mclimit", "the machine code area is full: an error of the recorder's, raised before any code is made"),
];

/// Lines of the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// By file, in the order that they matter.
    pub files: Vec<SourceFile>,
}

/// One source file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// Its name in LuaJIT's `src`.
    pub name: String,
    /// Lines with code in functions that a trace can reach.
    pub reachable: usize,
    /// Of those, the lines that ran.
    pub reached: usize,
    /// Its functions, by their first lines.
    pub functions: Vec<Function>,
}

/// A function of the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its first line.
    pub start: u32,
    /// Its last line.
    pub end: u32,
    /// Lines with code.
    pub lines: usize,
    /// Lines that ran.
    pub reached: usize,
    /// Lines that did not.
    pub missed: Vec<u32>,
    /// Why no trace reaches it, if it is one of those.
    pub reason: Option<&'static str>,
}

impl SourceFile {
    /// Lines reached, of a hundred.
    pub fn percent(&self) -> f64 {
        if self.reachable == 0 { 100.0 } else { self.reached as f64 * 100.0 / self.reachable as f64 }
    }
}

/// Reads the counters that a coverage build has written to `data`.
///
/// # Errors
/// What is missing, or `gcov`'s own words.
pub fn read_lines(library: &Path, data: &Path) -> Result<Lines, CoverageError> {
    let found = line_coverage(library, data)?;
    let files = FILES.iter().filter_map(|name| found.iter().find(|f| f.file == *name)).map(source_file).collect();
    Ok(Lines { files })
}

fn source_file(file: &FileLines) -> SourceFile {
    let functions: Vec<Function> = file.functions.iter().map(|f| function(file, f)).collect();
    let reachable = functions.iter().filter(|f| f.reason.is_none());
    let (lines, reached) = reachable.fold((0, 0), |(a, b), f| (a + f.lines, b + f.reached));
    SourceFile { name: file.file.clone(), reachable: lines, reached, functions }
}

fn function(file: &FileLines, f: &luajit_arm64_sys::FunctionLines) -> Function {
    let lines: Vec<_> = file.lines.iter().filter(|(line, _)| (f.start..=f.end).contains(line)).collect();
    let missed: Vec<u32> = lines.iter().filter(|(_, count)| *count == 0).map(|(line, _)| *line).collect();
    let reached = lines.len() - missed.len();
    let reason = OUT_OF_REACH.iter().find(|(name, _)| *name == f.name).map(|(_, why)| *why);
    let reason = reason.filter(|_| reached == 0);
    Function { name: f.name.clone(), start: f.start, end: f.end, lines: lines.len(), reached, missed, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luajit_arm64_sys::FunctionLines;

    #[test]
    fn a_functions_missed_lines_are_listed_and_counted() {
        let f = |name: &str, start, end| FunctionLines { name: name.into(), start, end, count: 1 };
        let file = FileLines {
            file: "lj_asm.c".into(),
            lines: vec![(10, 3), (11, 0), (12, 1), (20, 0)],
            functions: vec![f("first", 9, 13), f("second", 19, 21)],
        };
        let read = source_file(&file);
        assert_eq!((read.reachable, read.reached), (4, 2));
        assert_eq!(read.functions[0].missed, [11]);
        assert_eq!(read.functions[1].reached, 0);
    }
}
