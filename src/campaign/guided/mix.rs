//! How many cases of a guided hunt are made of earlier ones: as many as it pays.

use super::source::draw;
use crate::campaign::protocol::Batch;
use serde::{Deserialize, Serialize};

/// Cases of a batch, by how they were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// All.
    pub cases: u64,
    /// Those made of earlier ones.
    pub mutants: u64,
}

impl Made {
    /// The cases of a batch; none count where nothing is made of earlier ones.
    pub fn of(batch: &Batch, guided: bool) -> Made {
        if guided { Made { cases: batch.tally.cases, mutants: batch.mutants } } else { Made::default() }
    }
}

/// Of sixteen cases so many are made of earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share(u64);

impl Share {
    const OF: u64 = 16;
    /// While nothing is known, and bounds: whatever has brought nothing lately is tried now and then.
    const FIRST: Share = Share(8);
    const LEAST: u64 = 1;
    const MOST: u64 = 12;

    /// Whether the case of a number is made of an earlier one.
    pub fn mutates(self, seed: u64, index: u64) -> bool {
        draw(seed, index, "fresh") % Self::OF < self.0
    }
}

/// What either kind of cases has brought lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mix {
    mutants: Yield,
    fresh: Yield,
}

impl Mix {
    /// A case made of another takes so many times as long as a fresh one, in halves: it is larger, and looked for. Measured: `docs/guidance.md`.
    const COST: u64 = 3;

    /// Counts a batch: its cases, and the new features of either kind.
    pub fn add(&mut self, made: Made, new_in_mutants: u64, new_in_fresh: u64) {
        if made == Made::default() {
            return;
        }
        self.mutants.add(made.mutants, new_in_mutants);
        self.fresh.add(made.cases.saturating_sub(made.mutants), new_in_fresh);
    }

    /// The share that fits: as the features that either kind brings in the same time.
    pub fn share(&self) -> Share {
        if self.mutants.cases == 0 || self.fresh.cases == 0 {
            return Share::FIRST;
        }
        let (mutants, fresh) = (2 * self.mutants.rate() / Self::COST, self.fresh.rate());
        Share((Share::OF * mutants / (mutants + fresh).max(1)).clamp(Share::LEAST, Share::MOST))
    }
}

/// Cases and what they brought, times [`Yield::UNIT`]; older ones count less and less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Yield {
    cases: u64,
    features: u64,
}

impl Yield {
    const UNIT: u64 = 1 << 16;
    /// One part in so many is forgotten with each batch.
    const MEMORY: u64 = 32;

    fn add(&mut self, cases: u64, features: u64) {
        let older = |sum: u64| sum - sum / Self::MEMORY;
        (self.cases, self.features) =
            (older(self.cases) + cases * Self::UNIT, older(self.features) + features * Self::UNIT);
    }

    /// Features of a million cases; never 0.
    fn rate(self) -> u64 {
        let scaled = u128::from(self.features + Self::UNIT) * 1_000_000 / u128::from(self.cases.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX / 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(batches: &[(u64, u64)]) -> u64 {
        let mut mix = Mix::default();
        batches.iter().for_each(|(mutants, fresh)| mix.add(Made { cases: 128, mutants: 64 }, *mutants, *fresh));
        mix.share().0
    }

    #[test]
    fn the_share_goes_to_what_pays() {
        assert_eq!(share(&[]), 8);
        assert_eq!(share(&[(300, 200)]), 7, "the same in the same time, rounded down");
        assert_eq!(share(&[(0, 500); 10]), Share::LEAST);
        assert_eq!(share(&[(500, 0); 10]), Share::MOST);
        let turned: Vec<_> = [(500, 0); 10].into_iter().chain([(0, 20); 200]).collect();
        assert!(share(&turned) < 4, "what was long ago is forgotten");
    }

    #[test]
    fn a_share_is_one_of_cases() {
        let mutants = (0..1600).filter(|n| Share(4).mutates(5, *n)).count();
        assert!((330..470).contains(&mutants), "{mutants} of 1600");
    }
}
