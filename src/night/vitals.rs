//! The signs of life of one hunt, read from what `hunt --json` and `coverage --json` print.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// What tells whether a hunt was well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vitals {
    /// Cases that were tried.
    pub cases: f64,
    /// Cases a second, all jobs together.
    pub cases_per_second: f64,
    /// Share of the cases that could not be judged.
    pub skipped: f64,
    /// Share of the judged cases' inputs that were left out.
    pub left_out: f64,
    /// Share of the opcodes that should be drawn and were.
    pub opcodes: f64,
    /// Cases that tracehound itself failed on.
    pub failures: f64,
    /// Places that a fixed number of cases reaches: see [`points`].
    pub points: f64,
}

/// What a summary lacks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0} is missing: is it what `hunt --json` prints?")]
pub struct NoVitals(&'static str);

impl Vitals {
    /// Reads the summary of a hunt and the coverage of its generator.
    ///
    /// # Errors
    /// When the summary lacks something.
    pub fn read(summary: &Value, coverage: &Value) -> Result<Vitals, NoVitals> {
        let number = |at: &'static str| summary.pointer(at).and_then(Value::as_f64).ok_or(NoVitals(at));
        let object = |at: &'static str| summary.pointer(at).and_then(Value::as_object).ok_or(NoVitals(at));
        let sum = |at| Ok(object(at)?.values().filter_map(Value::as_f64).sum::<f64>());
        let (cases, inputs, left_out) = (number("/cases")?, number("/inputs")?, sum("/skipped_inputs")?);
        let drawn = object("/ops")?.len();
        let missed = summary.pointer("/ops_missed").and_then(Value::as_array).ok_or(NoVitals("/ops_missed"))?.len();
        Ok(Vitals {
            cases,
            cases_per_second: number("/timing/cases_per_s")?,
            skipped: share(sum("/skipped")?, cases),
            left_out: share(left_out, inputs + left_out),
            opcodes: share(drawn as f64, (drawn + missed) as f64),
            failures: failures(summary),
            points: points(coverage) as f64,
        })
    }
}

fn failures(summary: &Value) -> f64 {
    let errors = summary.pointer("/errors").and_then(Value::as_object);
    errors.into_iter().flat_map(|all| all.values()).filter_map(|e| e.get("count")?.as_f64()).sum()
}

/// Nothing of nothing is nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Counts above zero in what `coverage --json` prints: opcodes by type, literals, fusions taken and refused, instructions, exits.
pub fn points(coverage: &Value) -> usize {
    match coverage {
        Value::Number(n) => usize::from(n.as_f64().is_some_and(|n| n > 0.0)),
        Value::Array(all) => all.iter().map(points).sum(),
        Value::Object(all) => all.iter().filter(|(key, _)| *key != "schema").map(|(_, value)| points(value)).sum(),
        Value::Null | Value::Bool(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn signs_are_shares_and_counts() {
        let summary = json!({
            "cases": 200, "skipped": {"nyi": 4, "big": 6}, "inputs": 900, "skipped_inputs": {"nan": 100},
            "ops": {"ADD": 150, "SUB": 3, "MUL": 1}, "ops_missed": ["POW"],
            "errors": {"no memory": {"count": 2, "first": 7}}, "timing": {"cases_per_s": 40.5},
        });
        let fusion = json!({"rule": "k12", "taken": 3, "refused": 1});
        let coverage = json!({"schema": 1, "ops": {"ADD": {"int": 7, "num": 0}}, "fusions": [fusion]});
        let vitals = Vitals::read(&summary, &coverage).expect("all is there");
        let wanted = Vitals {
            cases: 200.0,
            cases_per_second: 40.5,
            skipped: 0.05,
            left_out: 0.1,
            opcodes: 0.75,
            failures: 2.0,
            points: 3.0,
        };
        assert_eq!(vitals, wanted);
        assert_eq!(Vitals::read(&json!({"cases": 1}), &coverage), Err(NoVitals("/inputs")));
    }
}
