//! A sheet without the backend: for a case that it crashed on, in a process that is gone.

use super::sheet::Sheet;
use super::{View, fill, reach};
use crate::backend::{BackendId, Refusal};
use crate::interpret::{Listing, Program, Unjudged};
use crate::oracle::{Finding, Inspection, OracleError, Verdict};
use crate::outcome::{FaultClass, Outcome};
use crate::text::TraceFile;

/// What is known of a case that the backend crashed on: all but the code and what it did. `detail` says how it crashed.
///
/// # Errors
/// When the interpreter can't read the case.
pub fn crash_sheet(file: &TraceFile, id: &BackendId, detail: Vec<String>) -> Result<Sheet, OracleError> {
    let (input, listing, expected) = expectation(file)?;
    let class = FaultClass::BackendCrash;
    let text = detail.first().cloned().unwrap_or_default();
    let finding = Finding {
        class: class.into(),
        at: None,
        op: None,
        input: None,
        detail,
        fault: None,
        place: None,
        defect: None,
    };
    let seen = Inspection {
        code: Err(Refusal::Fault { class, text, at: None }),
        defects: vec![],
        side_defects: vec![],
        input,
        listing,
        expected,
        observed: None,
        verdict: Verdict::Finding(Box::new(finding)),
    };
    Ok(fill(&View { file, id: id.clone(), seen, reach: reach::unasked(&file.case).into() }))
}

/// What the interpreter says of the first input that it can judge, or else of the first.
fn expectation(file: &TraceFile) -> Result<(usize, Listing, Result<Outcome, Unjudged>), OracleError> {
    let program = Program::new(&file.case).map_err(|e| OracleError::Interpreter(e.to_string()))?;
    let inputs = &file.case.inputs;
    let n = inputs.iter().position(|input| program.run(input).is_ok()).unwrap_or(0);
    let input = inputs.get(n).ok_or(OracleError::Input { input: 1, inputs: 0 })?;
    Ok((n, program.trace_values(input), program.run(input)))
}
