//! All that the pipeline sees of one case and one of its inputs, kept for those who want to look.

use super::findings::{static_finding, static_finding_of_side};
use super::judge::{Run, decode, leaving, refused};
use super::prepare::images;
use super::verdict::{Stats, Verdict};
use super::{Oracle, OracleError};
use crate::backend::Refusal;
use crate::case::Case;
use crate::code::Code;
use crate::interpret::{Listing, Unjudged};
use crate::outcome::Outcome;
use crate::verify::{Defect, verify};

/// What the pipeline saw.
pub struct Inspection {
    /// The code, or why there is none.
    pub code: Result<Code, Refusal>,
    /// What is wrong with the code without running it.
    pub defects: Vec<Defect>,
    /// The same of the side trace's code.
    pub side_defects: Vec<Defect>,
    /// The input that the rest is about, from 0.
    pub input: usize,
    /// The values that the interpreter gave the instructions.
    pub listing: Listing,
    /// What the interpreter says of the input.
    pub expected: Result<Outcome, Unjudged>,
    /// What the code did with it, defects or not. `None` without code.
    pub observed: Option<Run>,
    /// The verdict of [`Oracle::judge`].
    pub verdict: Verdict,
}

impl Oracle {
    /// Judges a checked case and keeps what was seen of one of its inputs; `None` stands for the first that shows a
    /// finding when run, else the first that can be judged, else the first.
    ///
    /// # Errors
    /// When the pipeline itself fails, or the case has no such input.
    pub fn inspect(&mut self, case: &Case, input: Option<usize>) -> Result<Inspection, OracleError> {
        let program = decode(case)?;
        let code = match self.settle(case)? {
            None => self.backend.compile(case),
            Some(refusal) => Err(refusal),
        };
        let defects = code.as_ref().map(verify).unwrap_or_default();
        let fork = code.as_ref().ok().and_then(|code| code.side.as_deref());
        let side_defects = fork.map(verify).unwrap_or_default();
        let (verdict, failing) = match &code {
            Ok(code) => {
                let ran = self.run_inputs(case, &program, code, &mut Stats::default())?;
                let failing = failing_input(&ran);
                let in_side = || static_finding_of_side(case, fork?, &side_defects);
                (static_finding(case, code, &defects).or_else(in_side).unwrap_or(ran), failing)
            }
            Err(refusal) => (refused(case, refusal.clone())?, None),
        };
        let judged = || case.inputs.iter().position(|input| program.run(input).is_ok());
        let n = input.or(failing).or_else(judged).unwrap_or(0);
        let Some(values) = case.inputs.get(n) else {
            return Err(OracleError::Input { input: n + 1, inputs: case.inputs.len() });
        };
        let observed = match &code {
            Ok(code) => Some(self.run(case, code, n, &images(case)[n])?),
            Err(_) => None,
        };
        let collected = observed.as_ref().and_then(|run| leaving(case, n, run));
        let expected = match collected {
            Some(leaving) => program.run_leaving_at(values, leaving),
            None => program.run(values),
        };
        let listing = program.trace_values(values);
        Ok(Inspection { code, defects, side_defects, input: n, listing, expected, observed, verdict })
    }
}

fn failing_input(verdict: &Verdict) -> Option<usize> {
    match verdict {
        Verdict::Finding(finding) => finding.input,
        Verdict::Agree | Verdict::Skip(_) => None,
    }
}
