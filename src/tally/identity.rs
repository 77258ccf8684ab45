//! What makes two hunts the same: with these values equal, case number i is the same case, judged on the same backend.

use crate::backend::BackendId;
use crate::case::Emit;
use serde::{Deserialize, Serialize};

/// The identity of a hunt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntId {
    /// Version of tracehound: its generator makes the cases.
    pub tracehound: String,
    /// The backend under test.
    pub backend: BackendId,
    /// Seed of all cases.
    pub seed: u64,
    /// How IR reaches the backend.
    pub emit: Emit,
    /// The opcodes that are drawn, sorted; empty for all.
    pub ops: Vec<String>,
    /// Knobs of the generator that are set, as they were given; empty for the defaults.
    #[serde(default)]
    pub knobs: Vec<String>,
    /// Cases are made of earlier ones that reached something new in the backend.
    #[serde(default)]
    pub guided: bool,
}

impl HuntId {
    /// What differs from another hunt, in words; empty if nothing does.
    pub fn differences(&self, other: &HuntId) -> Vec<String> {
        let rows = [
            ("tracehound", self.tracehound.clone(), other.tracehound.clone()),
            ("backend", self.backend.name.clone(), other.backend.name.clone()),
            ("backend version", self.backend.version.clone(), other.backend.version.clone()),
            ("variant", self.backend.variant.clone(), other.backend.variant.clone()),
            ("seed", self.seed.to_string(), other.seed.to_string()),
            ("mode", self.emit.name().into(), other.emit.name().into()),
            ("ops", list(&self.ops, "all"), list(&other.ops, "all")),
            ("knobs", list(&self.knobs, "defaults"), list(&other.knobs, "defaults")),
            ("guided", self.guided.to_string(), other.guided.to_string()),
        ];
        let differ = rows.into_iter().filter(|(_, a, b)| a != b);
        differ.map(|(what, a, b)| format!("{what} {a} instead of {b}")).collect()
    }
}

fn list(words: &[String], none: &str) -> String {
    if words.is_empty() { none.into() } else { words.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunts_differ_by_what_changes_their_cases() {
        let backend = BackendId { name: "model".into(), version: "1".into(), variant: "plain".into() };
        let a = HuntId {
            tracehound: "0".into(),
            backend,
            seed: 1,
            emit: Emit::Fold,
            ops: vec![],
            knobs: vec![],
            guided: false,
        };
        let ops = vec!["ADD".into(), "SUB".into()];
        let b = HuntId { seed: 2, ops, knobs: vec!["big=9".into()], ..a.clone() };
        assert_eq!(a.differences(&a), Vec::<String>::new());
        assert_eq!(
            b.differences(&a),
            ["seed 2 instead of 1", "ops ADD,SUB instead of all", "knobs big=9 instead of defaults"]
        );
    }
}
