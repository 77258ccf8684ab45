//! All about a case on a backend, for a maintainer who was not there: what was compiled, what ran, what went wrong.
//!
//! [`sheet()`] says it as plain data, [`explain()`] as a page of text that looks like LuaJIT's `-jdump=im`. Both are the same on every run.

mod crash;
mod defects;
mod end;
mod fault;
mod half;
mod head;
mod hex;
mod mcode;
mod outcome;
mod page;
mod reach;
mod registers;
mod scene;
mod sheet;
mod stubs;
mod trace;
mod word;

pub use crash::crash_sheet;
pub use hex::{Bits, Hex};
pub use page::page;
pub use sheet::*;

use crate::backend::BackendId;
use crate::case::Case;
use crate::code::Code;
use crate::oracle::{Finding, Inspection, Oracle, OracleError, Verdict, name_address};
use crate::text::TraceFile;
use half::halves;

/// Explains what a backend makes of a file's case, as a page of text that calls the file `FILE`. `file` must hold a checked case. `blame`: lines
/// on who is to blame, as they are to be shown.
///
/// # Errors
/// When the pipeline itself fails.
pub fn explain(file: &TraceFile, oracle: &mut Oracle, blame: &[String]) -> Result<String, OracleError> {
    Ok(page(&sheet(file, oracle)?, "FILE", blame))
}

/// The same as plain data.
///
/// # Errors
/// When the pipeline itself fails.
pub fn sheet(file: &TraceFile, oracle: &mut Oracle) -> Result<Sheet, OracleError> {
    let seen = oracle.inspect(&file.case, None)?;
    let reach = reach::reach(&file.case, &seen.verdict, oracle)?;
    Ok(fill(&View { file, id: oracle.id().clone(), seen, reach }))
}

/// All parts of the sheet.
fn fill(view: &View) -> Sheet {
    let halves = halves(view);
    Sheet {
        backend: view.id.clone(),
        summary: head::summary(view),
        verdict: head::conclusion(view),
        emit: view.case().emit.name().into(),
        flags: head::flags(view.case()),
        default_flags: head::has_default_flags(view.case()),
        reach: view.reach.clone(),
        found_on: view.file.backend.clone(),
        expects: head::expects(view.file),
        notes: view.file.notes.clone(),
        world: scene::world(view),
        traces: halves.iter().map(|half| trace::sheet(view, half)).collect(),
        folded: view.code().map_or(0, |code| code.folded),
        written: halves.iter().map(|half| half.trace.ins.len()).sum(),
        defects: defects::rows(view, &halves),
        input: scene::input(view),
        outcome: outcome::sheet(view),
        exit: end::sheet(view),
        fault: fault::sheet(view, &halves),
        registers: registers::rows(view),
    }
}

/// What the parts are made from.
struct View<'a> {
    file: &'a TraceFile,
    id: BackendId,
    seen: Inspection,
    /// Whether the recorder could get here, in words.
    reach: String,
}

impl View<'_> {
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
}
