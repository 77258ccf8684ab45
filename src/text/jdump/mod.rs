//! Import of LuaJIT's `-jdump`: the IR of a trace becomes a case.
//!
//! A dump says what a trace does, and not what it works on. What it can't tell is made up: memory where pointers lead, objects of the shape that
//! the trace asks for, values of stack slots. Each such assumption is told. Instructions that ask about the VM itself (the running function, its
//! environment, numbers of C types) are left out, with the guards on what they give; loads and stores through them become loads and stores of
//! plain memory. What is left is the dump's own IR.

mod lower;
mod objects;
mod places;
mod read;
mod scene;
mod snapshots;

use super::TraceFile;
use super::error::ParseError;
use lower::Lowered;
use read::Dump;
use thiserror::Error;

/// What a dump can't tell, where the user knows.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The number of the trace; not needed where there is one.
    pub trace: Option<u32>,
    /// Seed of made-up values.
    pub seed: u64,
    /// How many input vectors.
    pub inputs: usize,
    /// Values of slots in all inputs: slot and value as a `.trace` file has it, `int +5`.
    pub slots: Vec<(u8, String)>,
    /// How the case is emitted: `raw`, which is what the dump shows, or `fold`.
    pub emit: &'static str,
}

impl Default for ImportOptions {
    fn default() -> Self {
        ImportOptions { trace: None, seed: 1, inputs: 4, slots: vec![], emit: "raw" }
    }
}

/// A trace of a dump as a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The case, with the assumptions as notes.
    pub file: TraceFile,
    /// What was assumed, a line each.
    pub assumptions: Vec<String>,
}

/// Why a dump can't be imported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImportError {
    /// There is no IR in it.
    #[error("no IR in it: make the dump with -jdump=is (or with `i` among its flags)")]
    NoTrace,
    /// There are several.
    #[error("it has the traces {}: name one with --trace", .0.join(", "))]
    Several(Vec<String>),
    /// There is none with this number.
    #[error("it has no IR of trace {wanted}; there is {}", .there.join(", "))]
    NoSuchTrace {
        /// The number.
        wanted: u32,
        /// Those that are there.
        there: Vec<String>,
    },
    /// A line can't be taken over.
    #[error("line {line}: {why}\n  {text}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The reason.
        why: String,
        /// The line.
        text: String,
    },
}

/// Makes a case of a dump's text.
///
/// # Errors
/// When there is no such trace, or one of its instructions can't be taken over; the message names line and reason.
pub fn import(text: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    let dump = read::read(text, options.trace)?;
    let lowered = lower::lower(&dump)?;
    let entries = snapshots::complete(&dump, lowered.entries);
    let lowered = Lowered { entries: entries.0, told: [lowered.told, entries.1].concat(), ..lowered };
    let page = scene::page(&dump, &lowered, options);
    let mut file = super::parse(&page.text).map_err(|e| page.locate(&dump, e))?;
    file.notes.extend(lowered.told.iter().chain(&page.told).map(|line| format!("import: {line}")));
    Ok(Imported { assumptions: lowered.told.into_iter().chain(page.told).collect(), file })
}

/// An error at a line of the dump.
fn at_line(dump: &Dump, line: usize, why: impl Into<String>) -> ImportError {
    ImportError::Line { line, why: why.into(), text: dump.line(line) }
}

impl scene::Page {
    /// An error in the text that was made, as one of the dump's line behind it.
    fn locate(&self, dump: &Dump, e: ParseError) -> ImportError {
        match self.lines.get(e.line - 1).copied().flatten() {
            Some(line) => at_line(dump, line, e.problem.to_string()),
            None => ImportError::Line { line: dump.first, why: e.problem.to_string(), text: e.text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{parse, print};

    fn imported(text: &str) -> Imported {
        import(text, &ImportOptions::default()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn refused(text: &str) -> String {
        import(text, &ImportOptions::default()).expect_err("can't be imported").to_string()
    }

    fn ir(imported: &Imported) -> String {
        let text = print(&imported.file);
        text.lines().filter(|l| !l.starts_with(';') && !l.starts_with("----")).map(|l| squeezed(l) + "\n").collect()
    }

    fn squeezed(line: &str) -> String {
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Two loads below a base that the dump does not explain.
    const PAIR: &str = "\
---- TRACE 2 start 1/4 x.lua:7
---- TRACE 2 IR
....        SNAP   #0   [ ---- ---- ]
0001 >  \x1b[33mcdt\x1b[m SLOAD  #3    T
0002    u16 FLOAD  0001  cdata.ctypeid
0003 >  int EQ     0002  +102
0004 >  int SLOAD  #2    T
0005    i64 CONV   0004  i64.int
0006    i64 BSHL   0005  +3
0007    p64 ADD    0006  0001
0008    p64 ADD    0007  -8
0009    int XLOAD  0008
0010    p64 ADD    0007  -4
0011    int XLOAD  0010
....        SNAP   #1   [ ---- ---- 0009 0001 0011 ]
---- TRACE 2 stop -> return
";

    #[test]
    fn a_base_that_is_a_cdata_is_loaded_from_memory() {
        let done = imported(PAIR);
        let wanted = "\
.... SNAP #0 [ ---- ---- ]
0001 p64 XLOAD [ptrs+0]
0002 > int SLOAD #2 T
0003 i64 CONV 0002 i64.int
0004 i64 BSHL 0003 +3
0005 p64 ADD 0003 0001
";
        let shown = ir(&done);
        assert!(shown.starts_with(&wanted.replace("ADD 0003", "ADD 0004")), "{shown}");
        assert!(shown.ends_with("0009 int XLOAD 0008\n.... SNAP #1 [ ---- ---- 0007 ---- 0009 ]\n"), "{shown}");
        assert!(done.assumptions.iter().any(|a| a.contains("0001 cdt")), "{:?}", done.assumptions);
        assert_eq!(parse(&print(&done.file)), Ok(done.file));
    }

    #[test]
    fn the_same_dump_gives_the_same_case_and_another_seed_other_values() {
        let of = |seed| import(PAIR, &ImportOptions { seed, ..ImportOptions::default() }).expect("imported").file;
        assert_eq!(of(1), of(1));
        assert_ne!(of(1).case.inputs, of(2).case.inputs);
        assert_eq!(of(1).case.trace, of(2).case.trace);
    }

    #[test]
    fn what_is_asked_of_the_vm_is_left_out_with_its_guards() {
        let text = "\
---- TRACE 1 IR
0001    int SLOAD  #4    CI
0002    fun SLOAD  #0    R
0003    tab FLOAD  0002  func.env
0004    int FLOAD  0003  tab.hmask
0005 >  int EQ     0004  +63
0006    p64 FLOAD  0003  tab.node
0007 >  p64 HREFK  0006  \"sqrt\" @5
0008 >  fun HLOAD  0007
0009 >  fun EQ     0008  math.sqrt
0010    num CONV   0001  num.int
0011    num FPMATH 0010  sqrt
0012 }+ cdt CNEWI  +11   0001
---- TRACE 1 stop -> interpreter
";
        let done = imported(&text.replace("0012 }+ cdt CNEWI  +11   0001\n", ""));
        let shown = ir(&done);
        assert!(shown.contains("0002 num CONV 0001 num.int\n0003 num FPMATH 0002 sqrt\n"), "{shown}");
        assert!(shown.ends_with("0003 ]\n"), "what nothing uses is shown: {shown}");
    }

    #[test]
    fn an_upvalue_of_the_running_function_is_a_cell() {
        let text = "\
---- TRACE 1 IR
0001    fun SLOAD  #0    R
0002    p64 UREFO  0001  #0
0003 >  num ULOAD  0002
0004    num ADD    0003  +1
0005    num USTORE 0002  0004
---- TRACE 1 stop -> return
";
        let shown = ir(&imported(text));
        assert!(
            shown.contains("0001 num XLOAD [cells+0]\n0002 num ADD 0001 +1.0\n0003 num XSTORE [cells+0] 0002"),
            "{shown}"
        );
    }

    #[test]
    fn tables_have_what_the_trace_asks_for() {
        let text = "\
---- TRACE 1 IR
....        SNAP   #0   [ ---- ---- ]
0001 >  tab SLOAD  #2    T
0002    int FLOAD  0001  tab.hmask
0003 >  int EQ     0002  +1
0004    p64 FLOAD  0001  tab.node
0005 >  p64 HREFK  0004  \"x\"  @0
0006 >  num HLOAD  0005
0007    int FLOAD  0001  tab.asize
0008 >  int ABC    0007  +7
0009    p64 FLOAD  0001  tab.array
0010    p64 AREF   0009  +7
0011 >  tab ALOAD  0010
0012 >  tab EQ     0011  {0x40001234}
....        SNAP   #1   [ ---- ---- 0006 ]
---- TRACE 1 stop -> return
";
        let done = imported(text);
        let printed = print(&done.file);
        assert!(printed.contains("0005 >  p64 HREFK  0004  t2[\"x\"]"), "{printed}");
        assert!(printed.contains("hbits 1 keys \"x\""), "{printed}");
        assert_eq!(done.file.case.check(), Ok(()));
    }

    #[test]
    fn calls_have_their_arguments_in_lines_of_their_own() {
        let text = "\
---- TRACE 1 IR
0001 >  num SLOAD  #2    T
0002    num CALLN  atan2  (0001 +1.5)
0003    int CALLXS [0x7f01](+3)
---- TRACE 1 stop -> return
";
        let shown = ir(&imported(text));
        assert!(shown.contains("0002 nil CARG 0001 +1.5\n0003 num CALLN 0002 atan2\n"), "{shown}");
        assert!(shown.contains("int CALLXS +3 [helper:i_i]"), "{shown}");
        assert!(refused(&text.replace("atan2", "lj_odd")).contains("line 3: "));
    }

    #[test]
    fn a_dump_without_the_trace_is_refused() {
        assert!(refused("").contains("-jdump=is"));
        assert!(refused("---- TRACE 1 start x.lua:1\n---- TRACE 1 abort x.lua:2 -- NYI\n").contains("-jdump=is"));
        let two = format!("{PAIR}\n{}", PAIR.replace("TRACE 2", "TRACE 3"));
        assert!(refused(&two).contains("traces 2, 3: name one with --trace"));
        let third = ImportOptions { trace: Some(3), ..ImportOptions::default() };
        assert_eq!(import(&two, &third).expect("imported").file.case, imported(PAIR).file.case);
        let none = ImportOptions { trace: Some(9), ..ImportOptions::default() };
        assert!(import(&two, &none).expect_err("none").to_string().contains("no IR of trace 9"));
    }

    #[test]
    fn what_is_not_supported_is_named_with_its_line() {
        let told = refused(&PAIR.replace("i64 CONV   0004  i64.int", "i64 RETF   0004  0004"));
        assert!(told.starts_with("line 8: ") && told.contains("RETF") && told.contains("0005    i64 RETF"), "{told}");
        let nonsense = refused(&PAIR.replace("0005    i64", "0005    zzz"));
        assert!(nonsense.starts_with("line 8: "), "{nonsense}");
    }
}
