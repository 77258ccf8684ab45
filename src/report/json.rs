//! A report as JSON: the schema is described in `docs/report-schema.md`.

use super::findings::Report;

/// The report's JSON, with a newline at its end.
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("plain data with text keys");
    text.push('\n');
    text
}
