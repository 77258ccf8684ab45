//! Can the recorder produce this? A finding counts for more when it survives LuaJIT's own FOLD.

use crate::case::{Case, Emit};
use crate::oracle::{Oracle, OracleError, Verdict};

const FOLDED: &str = "the IR goes through the backend's own FOLD and CSE, as the recorder's does";

/// Whether the verdict is that of IR which came through FOLD, in words. Raw findings are judged through FOLD to see.
pub fn reach(case: &Case, verdict: &Verdict, oracle: &mut Oracle) -> Result<String, OracleError> {
    match (case.emit, verdict) {
        (Emit::Fold | Emit::Passes, Verdict::Finding(_)) => Ok(format!("yes: {FOLDED}")),
        (Emit::Fold | Emit::Passes, _) => Ok(unasked(case).into()),
        (Emit::Raw, Verdict::Finding(finding)) => {
            let folded = Case { emit: Emit::Fold, ..case.clone() };
            Ok(through_fold(finding.class.name(), &oracle.judge(&folded)?.verdict))
        }
        (Emit::Raw, _) => Ok(unasked(case).into()),
    }
}

/// The same for a case that no backend can be asked about any more.
pub fn unasked(case: &Case) -> &'static str {
    match case.emit {
        Emit::Fold | Emit::Passes => FOLDED,
        Emit::Raw => "not asked: the IR is assembled as written, past FOLD and CSE",
    }
}

fn through_fold(class: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Finding(f) if f.class.name() == class => format!("yes: {class} also when the IR goes through FOLD"),
        Verdict::Finding(f) => format!("raw only: through FOLD the case gives {} instead", f.class.name()),
        Verdict::Agree => "raw only: through FOLD the case agrees".into(),
        Verdict::Skip(reason) => format!("raw only: through FOLD the case is skipped ({reason})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_that_fold_removes_is_raw_only() {
        assert_eq!(through_fold("wrong-exit", &Verdict::Agree), "raw only: through FOLD the case agrees");
        let skipped = through_fold("wrong-exit", &Verdict::Skip("trace error GFAIL".into()));
        assert_eq!(skipped, "raw only: through FOLD the case is skipped (trace error GFAIL)");
    }
}
