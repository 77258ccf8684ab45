//! Cases around given ones: mutations, numbered as generated cases are.

use super::plan::Plan;
use crate::case::Case;
use crate::generate::mutate;
use crate::text;
use serde::{Deserialize, Serialize};

/// A case to mutate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// Its file's name, for notes.
    pub name: String,
    /// The file's text.
    pub text: String,
}

/// The case of a plan with a number, where the plan is about mutations: the files take turns. A file that does not parse counts for nothing; it
/// was parsed before.
pub(super) fn mutation(plan: &Plan, index: u64) -> Option<Case> {
    let (around, number) = turn(plan, index)?;
    let file = text::parse(&around.text).ok()?;
    Some(mutate(&file.case, plan.seed, number))
}

/// What to say of where a case comes from.
pub(super) fn origin(plan: &Plan, index: u64) -> Option<String> {
    let (around, number) = turn(plan, index)?;
    Some(format!("mutation {number} of {} by seed {}", around.name, plan.seed))
}

/// The file and the number of the mutation.
fn turn(plan: &Plan, index: u64) -> Option<(&Around, u64)> {
    let files = u64::try_from(plan.around.len()).ok().filter(|n| *n > 0)?;
    Some((&plan.around[usize::try_from(index % files).ok()?], index / files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_take_turns() {
        let mut plan = crate::campaign::tests::plan();
        assert_eq!(mutation(&plan, 0), None);
        let text = |n| crate::campaign::case_text(&plan, n);
        plan.around = (0..3).map(|n| Around { name: format!("{n}.trace"), text: text(n) }).collect();
        assert_eq!(origin(&plan, 7).as_deref(), Some("mutation 2 of 1.trace by seed 1"));
        let base = text::parse(&plan.around[1].text).expect("its own text").case;
        assert_eq!(mutation(&plan, 7), Some(mutate(&base, 1, 2)));
    }
}
