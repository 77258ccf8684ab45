//! Which of the backend's optimisations a finding needs.

use super::BlameError;
use crate::case::{Case, Emit};
use crate::oracle::{Oracle, Verdict};

/// The name under which FOLD as a whole, with CSE and forwarding, is listed.
pub(super) const RAW: &str = "fold+cse";

/// The switch of fusion, which is the assembler's alone.
pub(super) const FUSE: &str = "fuse";

/// FOLD can be to blame: the case agrees past it, or that can't be asked since the passes can't do without it.
pub(super) fn may_be_folds(case: &Case, needed: &[String]) -> bool {
    case.emit == Emit::Passes || needed.iter().any(|name| name == RAW)
}

/// Optimisations without which the case agrees, one at a time, in the order of the flags.
pub(super) fn needed(case: &Case, oracle: &mut Oracle) -> Result<Vec<String>, BlameError> {
    let mut needed = Vec::new();
    for (name, _) in case.flags.list().into_iter().filter(|(_, on)| *on) {
        let mut without = case.clone();
        without.flags.set(name, false);
        if agrees(&without, oracle)? {
            needed.push(name.to_string());
        }
    }
    // Past FOLD, the IR is assembled as it was written; the passes can't do without it.
    if case.emit == Emit::Fold && agrees(&Case { emit: Emit::Raw, ..case.clone() }, oracle)? {
        needed.push(RAW.to_string());
    }
    Ok(needed)
}

fn agrees(case: &Case, oracle: &mut Oracle) -> Result<bool, BlameError> {
    Ok(case.check().is_ok() && oracle.judge(case)?.verdict == Verdict::Agree)
}
