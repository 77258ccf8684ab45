//! What cases show, as words: for telling whether one shows anything new.

use super::{Counts, Coverage};
use std::collections::BTreeSet;

impl Coverage {
    /// Everything that was counted at least once.
    pub fn features(&self) -> BTreeSet<String> {
        let words = |kind: &str, counts: &Counts| -> Vec<String> {
            counts.keys().map(|name| format!("{kind}: {name}")).collect()
        };
        let plain = [("case", &self.cases), ("instruction", &self.instructions), ("exit", &self.exits)];
        let nested = self.ops.iter().chain(&self.literals).map(|(kind, counts)| (kind.as_str(), counts));
        let fusions = self.fusions.iter().flat_map(|tally| {
            let ways = [("taken", tally.taken), ("refused", tally.refused)];
            ways.into_iter().filter(|(_, n)| *n > 0).map(|(way, _)| format!("{} {}: {way}", tally.function, tally.rule))
        });
        plain.into_iter().chain(nested).flat_map(|(kind, counts)| words(kind, counts)).chain(fusions).collect()
    }
}
