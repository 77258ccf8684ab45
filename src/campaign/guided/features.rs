//! Features: an edge of the backend together with about how often a case takes it.

/// Counts are told apart as AFL and libFuzzer do: the first of a bucket, ascending.
const BUCKETS: [u8; 8] = [1, 2, 3, 4, 8, 16, 32, 128];

/// A set of features.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(Vec<u64>);

impl Features {
    /// Adds a feature; false if it was there.
    pub fn add(&mut self, feature: u32) -> bool {
        let (word, bit) = (feature as usize / 64, 1u64 << (feature % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = |(word, bits): (usize, &u64)| {
            let bits = *bits;
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word as u32 * 64 + bit)
        };
        self.0.iter().enumerate().flat_map(bits)
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many of the first `among` counters any of them is of.
    pub fn counters(&self, among: usize) -> u64 {
        let bytes = self.0.iter().flat_map(|word| word.to_le_bytes());
        bytes.take(among).filter(|byte| *byte != 0).count() as u64
    }
}

impl FromIterator<u32> for Features {
    fn from_iter<I: IntoIterator<Item = u32>>(features: I) -> Self {
        let mut all = Features::default();
        for feature in features {
            all.add(feature);
        }
        all
    }
}

/// The features of counters: eight numbers belong to each.
pub fn of_counters(counters: &[u8]) -> impl Iterator<Item = u32> {
    let used = counters.iter().enumerate().filter(|(_, count)| **count > 0);
    used.map(|(counter, count)| (counter * BUCKETS.len() + bucket(*count)) as u32)
}

fn bucket(count: u8) -> usize {
    BUCKETS.iter().rposition(|first| *first <= count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_bucket_are_one_feature() {
        let features = |counters: &[u8]| of_counters(counters).collect::<Vec<_>>();
        assert_eq!(features(&[0, 1, 0, 2]), [8, 25]);
        assert_eq!(features(&[4]), features(&[7]));
        assert_ne!(features(&[7]), features(&[8]));
        assert_eq!(features(&[255]), features(&[128]));
    }

    #[test]
    fn a_set_counts_features_and_the_counters_behind_them() {
        let mut set: Features = [3, 700, 701].into_iter().collect();
        assert!(!set.add(700) && set.add(64));
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 64, 700, 701]);
        assert_eq!((set.count(), set.counters(100), set.counters(80)), (4, 3, 2));
    }
}
