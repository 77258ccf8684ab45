//! What the cases of a batch are made of, and how: a case is decided by its number and its source.

use super::mix::Share;
use crate::campaign::pieces;
use crate::campaign::plan::Plan;
use crate::case::Case;
use crate::generate::{crossover, graft, mutate};
use crate::interpret::Program;
use crate::text;
use serde::{Deserialize, Serialize};

/// Where the cases of a batch come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The plan.
    #[default]
    Plan,
    /// Mutations of these `.trace` files, a share of the cases; the others are the plan's, and those for which no mutation can be judged.
    Parents {
        /// The files.
        texts: Vec<String>,
        /// How many cases are mutations.
        share: Share,
    },
    /// These `.trace` files, numbered from `first` on.
    Given {
        /// The first one's number.
        first: u64,
        /// The files.
        texts: Vec<String>,
    },
}

/// Children that are tried until one can be judged.
const TRIES: u64 = 4;
/// Of so many children,
const WAYS: u64 = 16;
/// so many are made of two cases,
const CROSSED: u64 = 2;
/// and so many have a fresh piece.
const GRAFTED: u64 = 1;

/// A source whose files are read.
#[derive(Clone, Debug, Default)]
pub(in crate::campaign) struct Brood {
    cases: Vec<Case>,
    /// The number of the first case, where they are to be taken as they are.
    first: Option<u64>,
    /// How many cases are mutations of them, where they are not.
    share: Option<Share>,
}

impl Brood {
    /// Files that don't parse count for nothing: they were printed by this program, or parsed before.
    pub fn new(source: &Source) -> Brood {
        let (texts, first, share) = match source {
            Source::Plan => (&[][..], None, None),
            Source::Parents { texts, share } => (&texts[..], None, Some(*share)),
            Source::Given { first, texts } => (&texts[..], Some(*first), None),
        };
        Brood { cases: texts.iter().filter_map(|text| Some(text::parse(text).ok()?.case)).collect(), first, share }
    }

    /// The case of a number.
    pub fn case(&self, plan: &Plan, index: u64) -> Case {
        let given = self.first.and_then(|first| self.cases.get(usize::try_from(index.checked_sub(first)?).ok()?));
        match (given, self.parent(plan, index)) {
            (Some(case), _) => case.clone(),
            (None, parent) => {
                let mutant = parent.and_then(|parent| self.judged_child(parent, plan.seed, index));
                mutant.map_or_else(|| pieces::case(plan, index), |case| Case { arena: pieces::arena(index), ..case })
            }
        }
    }

    /// Whether the case of a number is made of another one.
    pub fn mutates(&self, plan: &Plan, index: u64) -> bool {
        self.parent(plan, index).is_some()
    }

    /// The case to make one of; none where the plan makes the case.
    fn parent(&self, plan: &Plan, index: u64) -> Option<&Case> {
        self.share.filter(|share| share.mutates(plan.seed, index))?;
        self.drawn(plan.seed, index, "parent")
    }

    fn drawn(&self, seed: u64, index: u64, purpose: &str) -> Option<&Case> {
        let count = u64::try_from(self.cases.len()).ok().filter(|count| *count > 0)?;
        self.cases.get(usize::try_from(draw(seed, index, purpose) % count).ok()?)
    }

    /// A child with an input that can be judged: offsets and pointers that were changed may leave the world, and then a run shows nothing.
    fn judged_child(&self, parent: &Case, seed: u64, index: u64) -> Option<Case> {
        let mut children = (0..TRIES).map(|n| self.child(parent, seed.wrapping_add(n), index));
        children.find(is_judged)
    }

    /// A case with small changes, sometimes of two cases or with a fresh piece.
    fn child(&self, parent: &Case, seed: u64, index: u64) -> Case {
        match (draw(seed, index, "way") % WAYS, self.drawn(seed, index, "mate")) {
            (way, Some(mate)) if way < CROSSED => crossover(parent, mate, seed, index),
            (way, _) if way < CROSSED + GRAFTED => graft(parent, seed, index),
            _ => mutate(parent, seed, index),
        }
    }
}

fn is_judged(case: &Case) -> bool {
    Program::new(case).is_ok_and(|program| case.inputs.iter().any(|input| program.run(input).is_ok()))
}

/// A number that looks random, the same for the same seed, case and purpose.
pub(super) fn draw(seed: u64, index: u64, purpose: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(&[&index.to_le_bytes(), purpose.as_bytes()].concat(), seed)
}

#[cfg(test)]
mod tests {
    use super::super::mix::Mix;
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
        let brood = Brood::new(&Source::Parents { texts: texts(), share: Mix::default().share() });
        let (mutations, fresh): (Vec<u64>, Vec<u64>) = (0..80).partition(|n| brood.mutates(&plan, *n));
        assert!(fresh.len() > 20 && mutations.len() > 20);
        fresh.iter().for_each(|n| assert_eq!(brood.case(&plan, *n), pieces::case(&plan, *n)));
        let made = |n: u64| {
            let case = brood.case(&plan, n);
            let mutant = |parent: &Case| brood.judged_child(parent, plan.seed, n).is_some_and(|mutant| mutant == case);
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
