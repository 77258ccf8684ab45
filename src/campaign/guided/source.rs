//! What the cases of a batch are made of, and how: a case is decided by its number and its source.

use crate::campaign::pieces;
use crate::campaign::plan::Plan;
use crate::case::Case;
use crate::generate::mutate;
use crate::interpret::Program;
use crate::text;
use serde::{Deserialize, Serialize};

/// Where the cases of a batch come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The plan.
    #[default]
    Plan,
    /// Mutations of these `.trace` files; one case in [`FRESH`] is the plan's, and what no mutation can be judged for.
    Parents(Vec<String>),
    /// These `.trace` files, numbered from `first` on.
    Given {
        /// The first one's number.
        first: u64,
        /// The files.
        texts: Vec<String>,
    },
}

/// New shapes come from the generator alone: mutation changes little. Measured: `docs/guidance.md`.
const FRESH: u64 = 2;
/// Mutations that are tried until one can be judged.
const TRIES: u64 = 4;

/// A source whose files are read.
#[derive(Clone, Debug, Default)]
pub(in crate::campaign) struct Brood {
    cases: Vec<Case>,
    /// The number of the first case, where they are to be taken as they are.
    first: Option<u64>,
}

impl Brood {
    /// Files that don't parse count for nothing: they were printed by this program, or parsed before.
    pub fn new(source: &Source) -> Brood {
        let (texts, first) = match source {
            Source::Plan => (&[][..], None),
            Source::Parents(texts) => (&texts[..], None),
            Source::Given { first, texts } => (&texts[..], Some(*first)),
        };
        Brood { cases: texts.iter().filter_map(|text| Some(text::parse(text).ok()?.case)).collect(), first }
    }

    /// The case of a number.
    pub fn case(&self, plan: &Plan, index: u64) -> Case {
        let given = self.first.and_then(|first| self.cases.get(usize::try_from(index.checked_sub(first)?).ok()?));
        match (given, self.parent(plan, index)) {
            (Some(case), _) => case.clone(),
            (None, parent) => {
                let mutant = parent.and_then(|parent| judged_mutant(parent, plan.seed, index));
                mutant.map_or_else(|| pieces::case(plan, index), |case| Case { arena: pieces::arena(index), ..case })
            }
        }
    }

    /// The case to mutate; none where the plan makes the case.
    fn parent(&self, plan: &Plan, index: u64) -> Option<&Case> {
        let count = u64::try_from(self.cases.len()).ok().filter(|count| *count > 0 && self.first.is_none())?;
        if !is_mutation(plan.seed, index) {
            return None;
        }
        self.cases.get(usize::try_from(draw(plan.seed, index, "parent") % count).ok()?)
    }
}

/// A mutation with an input that can be judged: offsets and pointers that were changed may leave the world, and then a run shows nothing.
fn judged_mutant(parent: &Case, seed: u64, index: u64) -> Option<Case> {
    let mutants = (0..TRIES).map(|n| mutate(parent, seed.wrapping_add(n), index));
    mutants.into_iter().find(is_judged)
}

fn is_judged(case: &Case) -> bool {
    Program::new(case).is_ok_and(|program| case.inputs.iter().any(|input| program.run(input).is_ok()))
}

/// Whether a case with parents is made of one of them.
fn is_mutation(seed: u64, index: u64) -> bool {
    !draw(seed, index, "fresh").is_multiple_of(FRESH)
}

/// A number that looks random, the same for the same seed, case and purpose.
pub(super) fn draw(seed: u64, index: u64, purpose: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(&[&index.to_le_bytes(), purpose.as_bytes()].concat(), seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{case_text, tests::plan};

    fn texts() -> Vec<String> {
        (0..3).map(|n| case_text(&plan(), 100 + n)).collect()
    }

    #[test]
    fn without_parents_cases_are_those_of_the_plan() {
        let plan = plan();
        let brood = Brood::new(&Source::Plan);
        assert_eq!(brood.case(&plan, 7), pieces::case(&plan, 7));
    }

    #[test]
    fn with_parents_about_half_of_the_cases_are_mutations_of_them() {
        let plan = plan();
        let brood = Brood::new(&Source::Parents(texts()));
        let (mutations, fresh): (Vec<u64>, Vec<u64>) = (0..80).partition(|n| is_mutation(plan.seed, *n));
        assert!(fresh.len() > 20 && mutations.len() > 20);
        fresh.iter().for_each(|n| assert_eq!(brood.case(&plan, *n), pieces::case(&plan, *n)));
        let made = |n: u64| {
            let case = brood.case(&plan, n);
            let mutant = |parent: &Case| judged_mutant(parent, plan.seed, n).is_some_and(|mutant| mutant == case);
            brood.cases.iter().any(mutant)
        };
        assert!(mutations.iter().filter(|n| made(**n)).count() * 10 > mutations.len() * 9);
        assert!(mutations.iter().all(|n| is_judged(&brood.case(&plan, *n))));
    }

    #[test]
    fn given_cases_are_taken_as_they_are() {
        let plan = plan();
        let brood = Brood::new(&Source::Given { first: 5, texts: texts() });
        assert_eq!(brood.case(&plan, 6), text::parse(&texts()[1]).expect("its own text").case);
    }
}
