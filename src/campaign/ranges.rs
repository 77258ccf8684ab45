//! Which cases are done: ranges of numbers that grow together.

use serde::{Deserialize, Serialize};

/// Ranges (first, behind last), ascending, apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds a range that overlaps none of them.
    pub fn add(&mut self, first: u64, end: u64) {
        self.0.push((first, end));
        self.0.sort_unstable();
        self.0.dedup_by(|next, before| {
            let joins = next.0 <= before.1;
            if joins {
                before.1 = before.1.max(next.1);
            }
            joins
        });
    }

    /// The first piece at or behind `from`, of at most `most` numbers and below `end`, of which nothing is done.
    pub fn gap(&self, from: u64, most: u64, end: u64) -> Option<(u64, u64)> {
        let mut first = from;
        for &(done_first, done_end) in &self.0 {
            if first < done_first {
                return piece(first, most, done_first.min(end));
            }
            first = first.max(done_end);
        }
        piece(first, most, end)
    }

    /// How many numbers are done.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, end)| end - first).sum()
    }
}

fn piece(first: u64, most: u64, end: u64) -> Option<(u64, u64)> {
    (first < end).then(|| (first, end.min(first.saturating_add(most))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut r = Ranges::default();
        [(20, 30), (0, 10), (10, 20)].into_iter().for_each(|(a, b)| r.add(a, b));
        assert_eq!(r, Ranges(vec![(0, 30)]));
        assert_eq!(r.count(), 30);
    }

    #[test]
    fn gaps_are_found_before_new_ground() {
        let mut r = Ranges::default();
        [(0, 10), (14, 20)].into_iter().for_each(|(a, b)| r.add(a, b));
        assert_eq!(r.gap(0, 8, 100), Some((10, 14)));
        assert_eq!(r.gap(14, 8, 100), Some((20, 28)));
        assert_eq!(r.gap(20, 8, 22), Some((20, 22)));
        assert_eq!(r.gap(0, 8, 12), Some((10, 12)));
        assert_eq!(r.gap(28, 8, 28), None);
        assert_eq!(r.gap(0, 8, 5), None);
    }
}
