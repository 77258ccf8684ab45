//! Findings by bucket: the count, and the few smallest cases as runnable text.

use serde::{Deserialize, Serialize};

/// Cases that a bucket keeps: enough to see what varies, few enough to read.
pub const KEEP: usize = 3;

/// One finding of a hunt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The case's number.
    pub index: u64,
    /// Instructions of the trace as written.
    pub ins: u64,
    /// Words of machine code; 0 if there are none.
    pub words: u64,
    /// Its bucket.
    pub key: String,
    /// Its class.
    pub class: String,
    /// The case as a `.trace` file.
    pub text: String,
}

impl Sighting {
    /// Smaller cases come first; the case's number breaks ties, so that no two are equal.
    fn size(&self) -> (u64, u64, u64) {
        (self.ins, self.words, self.index)
    }

    /// Its file's path below the folder of findings.
    pub fn path(&self) -> String {
        let key = file_name(&self.key);
        format!("{key}/{key}-{}.trace", self.index)
    }
}

/// All findings of one bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// How many.
    pub count: u64,
    /// The smallest, by instructions, words of code, number of the case.
    pub kept: Vec<Sighting>,
}

impl Bucket {
    /// True if a finding would be among those that are kept.
    pub fn wants(&self, sighting: &Sighting) -> bool {
        self.kept.len() < KEEP || self.kept.last().is_some_and(|largest| sighting.size() < largest.size())
    }

    /// Adds another bucket of the same key.
    pub fn merge(&mut self, other: Bucket) {
        self.count += other.count;
        self.kept.extend(other.kept);
        self.kept.sort_by_key(Sighting::size);
        self.kept.dedup_by_key(|s| s.index);
        self.kept.truncate(KEEP);
    }

    /// The class of its findings.
    pub fn class(&self) -> &str {
        self.kept.first().map_or("", |s| &s.class)
    }
}

/// A key as a file name: whatever could mean something to a shell or a file system becomes `_`.
pub fn file_name(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    key.chars().map(plain).collect::<String>().trim_start_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_cases_are_kept_whatever_order_they_come_in() {
        let sizes = [(9, 1), (2, 5), (2, 4), (7, 7), (2, 4)];
        let sighting =
            |i: usize| Sighting { index: i as u64, ins: sizes[i].0, words: sizes[i].1, ..Sighting::default() };
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
            let mut bucket = Bucket::default();
            order.into_iter().for_each(|i| bucket.merge(Bucket { count: 1, kept: vec![sighting(i)] }));
            assert_eq!(bucket.kept.iter().map(|s| s.index).collect::<Vec<_>>(), [2, 4, 1]);
            assert_eq!(bucket.count, 5);
        }
    }

    #[test]
    fn no_key_leaves_the_folder_of_findings() {
        let s = Sighting { key: "../a b/$c".into(), index: 3, ..Sighting::default() };
        assert_eq!(s.path(), "_a_b__c/_a_b__c-3.trace");
    }
}
