//! One page about a case on a backend, for a maintainer who was not there: what was compiled, what ran, what went wrong.
//!
//! The look is that of LuaJIT's `-jdump=im`. The page is plain text and the same on every run.

mod defects;
mod end;
mod fault;
mod head;
mod mcode;
mod outcome;
mod reach;
mod registers;
mod scene;
mod trace;
mod word;

use crate::backend::BackendId;
use crate::case::Case;
use crate::code::Code;
use crate::ir::Ref;
use crate::oracle::{Finding, Inspection, Oracle, OracleError, Verdict, name_address};
use crate::text::TraceFile;

/// Explains what a backend makes of a file's case. `file` must hold a checked case.
///
/// # Errors
/// When the pipeline itself fails.
pub fn explain(file: &TraceFile, oracle: &mut Oracle) -> Result<String, OracleError> {
    let seen = oracle.inspect(&file.case, None)?;
    let reach = reach::reach(&file.case, &seen.verdict, oracle)?;
    let page = Page { file, id: oracle.id().clone(), seen, reach };
    let sections = [
        head::section(&page),
        scene::world(&page),
        trace::section(&page),
        mcode::section(&page),
        defects::section(&page),
        scene::input(&page),
        outcome::section(&page),
        end::section(&page),
        fault::section(&page),
        head::verdict(&page),
    ];
    let sections = sections.iter().filter(|lines| !lines.is_empty());
    Ok(sections.map(|lines| lines.join("\n") + "\n").collect::<Vec<_>>().join("\n"))
}

/// What the sections are about.
struct Page<'a> {
    file: &'a TraceFile,
    id: BackendId,
    seen: Inspection,
    /// Whether the recorder could get here, in words.
    reach: String,
}

impl Page<'_> {
    fn case(&self) -> &Case {
        &self.file.case
    }

    fn code(&self) -> Option<&Code> {
        self.seen.code.as_ref().ok()
    }

    fn finding(&self) -> Option<&Finding> {
        match &self.seen.verdict {
            Verdict::Finding(finding) => Some(finding),
            Verdict::Agree | Verdict::Skip(_) => None,
        }
    }

    /// All bits of an address, and the place they point to if a region is near.
    fn pointer(&self, bits: u64) -> String {
        match name_address(self.case(), bits).split_once(' ') {
            Some((_, place)) => format!("{bits:#018x} {place}"),
            None => format!("{bits:#018x}"),
        }
    }

    /// An instruction on as few columns as it takes.
    fn ins(&self, at: Ref) -> String {
        let line = crate::text::print_ins(&self.case().trace, &self.case().world, at);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
