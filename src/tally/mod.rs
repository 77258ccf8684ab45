//! What a hunt has seen: counts, skips, and the smallest cases of each bucket. Tallies add up, in any order, to the same sum.

mod identity;
mod sighting;

pub use identity::HuntId;
pub use sighting::{Bucket, KEEP, Sighting, file_name};

use crate::case::Case;
use crate::oracle::Stats;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most different failures of tracehound itself that a tally tells apart.
const MAX_ERRORS: usize = 20;

/// Counts and buckets. Free of clock values, so that equal hunts give equal tallies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Cases that were tried.
    pub cases: u64,
    /// Cases that could not be judged, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Inputs that were judged.
    pub inputs: u64,
    /// Inputs that were not, by reason.
    pub skipped_inputs: BTreeMap<String, u64>,
    /// Runs that left through an exit.
    pub exits: u64,
    /// Runs that reached the trace's end.
    pub tails: u64,
    /// Words of machine code.
    pub words: u64,
    /// Instructions of the traces as written.
    pub ins: u64,
    /// Exits whose values the backend's own restore was asked for, too.
    pub restores: u64,
    /// Judged cases by the opcodes in them.
    pub ops: BTreeMap<String, u64>,
    /// Findings by bucket key.
    pub buckets: BTreeMap<String, Bucket>,
    /// Failures of tracehound itself, by message.
    pub errors: BTreeMap<String, ErrorCount>,
}

/// How often tracehound itself failed in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// Cases.
    pub count: u64,
    /// The first case by number.
    pub first: u64,
    /// That case, as text; none where making it is what failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl ErrorCount {
    /// Where a hunt's folder keeps the first case.
    pub fn path(&self) -> Option<String> {
        (!self.text.is_empty()).then(|| format!("failures/case-{}.trace", self.first))
    }

    fn add(&mut self, more: &ErrorCount) {
        if more.first < self.first {
            (self.first, self.text) = (more.first, more.text.clone());
        }
        self.count += more.count;
    }
}

impl Tally {
    /// Counts one judged case: its statistics and its opcodes.
    pub fn add_judged(&mut self, case: &Case, stats: &Stats) {
        self.inputs += stats.inputs;
        add_counts(&mut self.skipped_inputs, &stats.skipped_inputs);
        self.exits += stats.exits;
        self.tails += stats.tails;
        self.words += stats.words;
        self.ins += stats.ins;
        self.restores += stats.restores;
        let ops: BTreeSet<_> = case.trace.ins.iter().map(|i| i.op).collect();
        for op in ops {
            *self.ops.entry(op.name().into()).or_default() += 1;
        }
    }

    /// Counts a case that could not be judged.
    pub fn add_skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.into()).or_default() += 1;
    }

    /// Counts a finding. Its text is only made if it is among the smallest of its bucket.
    pub fn add_sighting(&mut self, mut sighting: Sighting, text: impl FnOnce() -> String) {
        let bucket = self.buckets.entry(sighting.key.clone()).or_default();
        if bucket.wants(&sighting) {
            sighting.text = text();
        }
        bucket.merge(Bucket { count: 1, kept: vec![sighting] });
    }

    /// Counts a failure of tracehound itself at a case, whose text is kept if it is the first one.
    pub fn add_error(&mut self, index: u64, message: &str, text: String) {
        self.add_error_count(message, &ErrorCount { count: 1, first: index, text });
    }

    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.cases += other.cases;
        add_counts(&mut self.skipped, &other.skipped);
        self.inputs += other.inputs;
        add_counts(&mut self.skipped_inputs, &other.skipped_inputs);
        self.exits += other.exits;
        self.tails += other.tails;
        self.words += other.words;
        self.ins += other.ins;
        self.restores += other.restores;
        add_counts(&mut self.ops, &other.ops);
        for (key, bucket) in other.buckets {
            self.buckets.entry(key).or_default().merge(bucket);
        }
        for (message, count) in &other.errors {
            self.add_error_count(message, count);
        }
    }

    /// Findings in all buckets.
    pub fn findings(&self) -> u64 {
        self.buckets.values().map(|b| b.count).sum()
    }

    /// Cases that were skipped.
    pub fn skips(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Cases that tracehound itself failed on.
    pub fn failures(&self) -> u64 {
        self.errors.values().map(|e| e.count).sum()
    }

    /// The cases that are kept, in order of bucket and size.
    pub fn kept(&self) -> impl Iterator<Item = &Sighting> {
        self.buckets.values().flat_map(|b| &b.kept)
    }

    fn add_error_count(&mut self, message: &str, more: &ErrorCount) {
        let none = || ErrorCount { count: 0, ..more.clone() };
        self.errors.entry(message.into()).or_insert_with(none).add(more);
        self.limit_errors();
    }

    /// Keeps the messages that are first in the alphabet and sums up the rest: a rule that no order of addition changes.
    fn limit_errors(&mut self) {
        while self.errors.len() > MAX_ERRORS {
            let Some((_, last)) = self.errors.pop_last() else { return };
            // The sum itself must stay: no message starts with a space.
            let none = || ErrorCount { count: 0, ..last.clone() };
            self.errors.entry(" other failures".into()).or_insert_with(none).add(&last);
        }
    }
}

fn add_counts(sum: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (name, n) in more {
        *sum.entry(name.clone()).or_default() += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(index: u64, ins: u64, error: &str) -> Tally {
        let mut t = Tally { cases: 1, ..Tally::default() };
        t.add_skip("nyi");
        let sighting = Sighting { index, ins, key: "hang".into(), class: "hang".into(), ..Sighting::default() };
        t.add_sighting(sighting, || "text".into());
        t.add_error(index, error, format!("case {index}"));
        t
    }

    #[test]
    fn tallies_add_up_to_the_same_sum_in_any_order() {
        let parts: Vec<Tally> = (0..60).map(|i| tally(i, i * 7 % 13, &format!("error {}", i % 25))).collect();
        let sum = |order: Vec<usize>| {
            let mut all = Tally::default();
            order.into_iter().for_each(|i| all.add(parts[i].clone()));
            all
        };
        let forward = sum((0..60).collect());
        assert_eq!(forward, sum((0..60).rev().collect()));
        assert_eq!(forward, sum((0..60).map(|i| i * 7 % 60).collect()));
        assert_eq!((forward.cases, forward.findings(), forward.skips(), forward.failures()), (60, 60, 60, 60));
        assert_eq!(forward.kept().filter(|s| s.text == "text").count(), KEEP);
        assert!(forward.errors.len() <= MAX_ERRORS);
        assert!(forward.errors.values().all(|e| e.text == format!("case {}", e.first)));
    }
}
