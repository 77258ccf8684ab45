//! What a report of a hunt says, as plain data: the content of `report.json`.

use crate::ir::{ALL_OPS, Status};
use crate::tally::{ErrorCount, HuntId, Tally};
use serde::Serialize;
use std::collections::BTreeMap;

/// Percent of cases or inputs that may be left out before a report warns: a silent fuzzer is the commonest failure of fuzzers.
const MAX_SKIPPED: u64 = 10;
/// Cases from which on a hunt that reaches nothing is odd.
const ENOUGH: u64 = 1000;

/// The report of a hunt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HuntReport {
    /// Which hunt.
    pub hunt: HuntId,
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
    /// Instructions of the traces as written.
    pub ins: u64,
    /// Words of machine code.
    pub words: u64,
    /// Exits whose values the backend's own restore was asked for, too.
    pub restores: u64,
    /// Cases by the opcodes in them.
    pub ops: BTreeMap<String, u64>,
    /// Opcodes that should have been drawn and were not.
    pub ops_missed: Vec<&'static str>,
    /// Findings.
    pub findings: u64,
    /// Findings by bucket.
    pub buckets: Vec<BucketRow>,
    /// Failures of tracehound itself, by message.
    pub errors: BTreeMap<String, ErrorRow>,
    /// What is odd about the hunt.
    pub warnings: Vec<String>,
}

/// How often tracehound itself failed in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorRow {
    /// Cases.
    pub count: u64,
    /// The first case by number.
    pub first: u64,
    /// Its file, relative to the hunt's folder; none where making the case is what failed.
    pub file: Option<String>,
}

impl From<&ErrorCount> for ErrorRow {
    fn from(e: &ErrorCount) -> Self {
        ErrorRow { count: e.count, first: e.first, file: e.path() }
    }
}

/// A bucket in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BucketRow {
    /// Its key.
    pub key: String,
    /// The class of its findings.
    pub class: String,
    /// How many.
    pub count: u64,
    /// Files of the smallest, relative to the hunt's folder.
    pub files: Vec<String>,
}

impl HuntReport {
    /// The report of a hunt that has seen this.
    pub fn new(hunt: &HuntId, tally: &Tally) -> HuntReport {
        let ops_missed = missed(hunt, tally);
        HuntReport {
            hunt: hunt.clone(),
            cases: tally.cases,
            skipped: tally.skipped.clone(),
            inputs: tally.inputs,
            skipped_inputs: tally.skipped_inputs.clone(),
            exits: tally.exits,
            tails: tally.tails,
            ins: tally.ins,
            words: tally.words,
            restores: tally.restores,
            ops: tally.ops.clone(),
            findings: tally.findings(),
            buckets: buckets(tally),
            errors: tally.errors.iter().map(|(message, e)| (message.clone(), ErrorRow::from(e))).collect(),
            warnings: warnings(tally, &ops_missed),
            ops_missed,
        }
    }

    /// The bytes of `report.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data with text keys");
        text.push('\n');
        text
    }
}

fn buckets(tally: &Tally) -> Vec<BucketRow> {
    let row = |(key, bucket): (&String, &crate::tally::Bucket)| BucketRow {
        key: key.clone(),
        class: bucket.class().into(),
        count: bucket.count,
        files: bucket.kept.iter().map(|s| format!("findings/{}", s.path())).collect(),
    };
    tally.buckets.iter().map(row).collect()
}

fn missed(hunt: &HuntId, tally: &Tally) -> Vec<&'static str> {
    let wanted = |name: &str| hunt.ops.is_empty() || hunt.ops.iter().any(|op| op == name);
    let plain = ALL_OPS.iter().filter(|op| op.info().status == Status::Plain).map(|op| op.name());
    plain.filter(|name| wanted(name) && !tally.ops.contains_key(*name)).collect()
}

fn warnings(tally: &Tally, ops_missed: &[&str]) -> Vec<String> {
    let mut warnings = Vec::new();
    let left_out: u64 = tally.skipped_inputs.values().sum();
    for (what, skipped, all) in [("cases", tally.skips(), tally.cases), ("inputs", left_out, tally.inputs + left_out)] {
        if skipped * 100 > all * MAX_SKIPPED {
            warnings.push(format!(
                "{} % of {what} could not be judged: the hunt sees less than it seems",
                skipped * 100 / all
            ));
        }
    }
    if tally.cases >= ENOUGH {
        let nothing = [("left through an exit", tally.exits), ("reached the trace's end", tally.tails)];
        let never = nothing.iter().filter(|(_, n)| *n == 0);
        warnings.extend(never.map(|(what, _)| format!("no run {what}")));
        if !ops_missed.is_empty() {
            warnings.push(format!("opcodes never reached: {}", ops_missed.join(" ")));
        }
    }
    let failures = tally.failures();
    if failures > 0 {
        warnings.push(format!("tracehound itself failed on {failures} cases: please report them"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::BackendId;
    use crate::case::Emit;

    pub(in crate::report) fn hunt(ops: &[&str]) -> HuntId {
        let backend = BackendId { name: "model".into(), version: "1".into(), variant: "plain".into() };
        let ops = ops.iter().map(ToString::to_string).collect();
        HuntId { tracehound: "0".into(), backend, seed: 1, emit: Emit::Fold, ops, knobs: vec![], guided: false }
    }

    #[test]
    fn a_hunt_that_skips_much_says_so() {
        let mut tally = Tally { cases: 100, ..Tally::default() };
        (0..10).for_each(|_| tally.add_skip("nyi"));
        assert_eq!(HuntReport::new(&hunt(&[]), &tally).warnings, Vec::<String>::new());
        tally.add_skip("nyi");
        let warnings = HuntReport::new(&hunt(&[]), &tally).warnings;
        assert_eq!(warnings, ["11 % of cases could not be judged: the hunt sees less than it seems"]);
    }

    #[test]
    fn an_opcode_that_was_asked_for_and_not_drawn_is_missed() {
        let mut tally = Tally { cases: ENOUGH, exits: 1, tails: 1, ..Tally::default() };
        tally.ops.insert("ADD".into(), 5);
        let report = HuntReport::new(&hunt(&["ADD", "SUB"]), &tally);
        assert_eq!(report.ops_missed, ["SUB"]);
        assert_eq!(report.warnings, ["opcodes never reached: SUB"]);
    }
}
