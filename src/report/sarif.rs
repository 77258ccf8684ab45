//! A report as a SARIF 2.1.0 log: what code scanning shows of findings, at the backend's line that is to be blamed and at the case.
//!
//! Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0; properties are named by their section there (§).

use super::blame::{Blame, Frame};
use super::class::{CLASSES, ClassText, pascal};
use super::dossier::Dossier;
use super::findings::Report;
use serde_json::{Map, Value, json};

/// The log's schema.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What locations in the backend's sources are relative to: the root of their tree. Where that is, only the reader knows (§3.14.14).
const SOURCES: &str = "LUAJIT_SRC";

/// The log, with a newline at its end.
pub fn sarif(report: &Report) -> String {
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run(report)] });
    let mut text = serde_json::to_string_pretty(&log).expect("plain data with text keys");
    text.push('\n');
    text
}

/// §3.14
fn run(report: &Report) -> Value {
    json!({
        "tool": { "driver": {
            "name": "tracehound",
            "version": report.tracehound,
            "semanticVersion": report.tracehound,
            "shortDescription": { "text": "Differential fuzzer for JIT code generation" },
            "rules": CLASSES.iter().map(rule).collect::<Vec<_>>(),
        } },
        "invocations": [{ "executionSuccessful": report.broken() == 0, "toolExecutionNotifications": notifications(report) }],
        "originalUriBaseIds": {
            SOURCES: { "description": { "text": "The root of the LuaJIT source tree that the backend was built from." } },
        },
        "columnKind": "unicodeCodePoints",
        "results": report.findings.iter().map(result).collect::<Vec<_>>(),
    })
}

/// §3.49
fn rule(class: &ClassText) -> Value {
    let mut rule = json!({
        "id": class.name,
        "shortDescription": { "text": format!("{}.", class.title) },
        "fullDescription": { "text": class.why },
        "help": { "text": format!("{}. {}", class.title, class.why) },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": ["correctness", "jit", "arm64"] },
    });
    // A name says more than the id, or is left out.
    let name = pascal(class.name);
    if !name.eq_ignore_ascii_case(class.name) {
        rule["name"] = json!(name);
    }
    rule
}

/// §3.27
fn result(d: &Dossier) -> Value {
    let mut result = Map::new();
    let mut set = |key: &str, value: Value| result.insert(key.into(), value);
    set("ruleId", json!(d.class));
    if let Some(index) = CLASSES.iter().position(|c| c.name == d.class) {
        set("ruleIndex", json!(index));
    }
    set("kind", json!("fail"));
    set("level", json!("error"));
    set("message", json!({ "text": message(d) }));
    set("locations", json!(locations(d)));
    set("partialFingerprints", json!({ "tracehoundBucket/v1": format!("{}/{}", d.backend.selector(), d.bucket) }));
    set("occurrenceCount", json!(d.count.clamp(1, i64::MAX as u64)));
    if let Some(blame) = d.blame.as_ref().filter(|b| !b.chain.is_empty()) {
        set("stacks", json!([stack(blame)]));
        set("codeFlows", json!([code_flow(blame)]));
    }
    if let Some(known) = &d.known {
        let justification = [Some(known.reason.as_str()), known.link.as_deref()];
        let justification = justification.into_iter().flatten().collect::<Vec<_>>().join(" ");
        set("suppressions", json!([{ "kind": "external", "status": "accepted", "justification": justification }]));
    }
    set(
        "properties",
        json!({
            "bucket": d.bucket,
            "backend": d.backend,
            "reachable": d.reachable,
            "instructions": d.case.instructions,
            "reproduce": d.steps.iter().map(|s| s.command.as_str()).collect::<Vec<_>>(),
        }),
    );
    Value::Object(result)
}

/// Sentences: what is wrong, what was expected, what happens, how to see it.
fn message(d: &Dossier) -> String {
    let part = |title: &str, lines: &[String]| {
        if lines.is_empty() { String::new() } else { format!("\n{title}: {}", lines.join("; ")) }
    };
    let steps: Vec<String> = d.steps.iter().map(|s| s.command.clone()).collect();
    format!(
        "{}.{}{}{}\nBackend: {} {}",
        d.title,
        part("Expected", &d.story.expected),
        part("What happens", &d.story.actual),
        part("To see it again", &steps),
        d.backend.selector(),
        d.backend.version
    )
}

/// The backend's line comes first if it is known; the case always follows.
fn locations(d: &Dossier) -> Vec<Value> {
    let blamed = d.blame.as_ref().and_then(|b| b.chain.first()).map(source_location);
    let case = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&d.case.path) },
            "region": region(d),
        },
        "message": { "text": "The case that shows it." },
    });
    blamed.into_iter().chain([case]).collect()
}

/// The marked line of the case, or its first.
fn region(d: &Dossier) -> Value {
    let line = d.case.line.unwrap_or(1);
    let text = d.case.text.lines().nth(line - 1).unwrap_or_default();
    json!({ "startLine": line, "snippet": { "text": text } })
}

fn source_location(frame: &Frame) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": relative(&frame.file), "uriBaseId": SOURCES },
            "region": { "startLine": frame.line.max(1) },
        },
        "logicalLocations": [{ "name": frame.function, "kind": "function" }],
        "message": { "text": frame.function },
    })
}

/// §3.44: the innermost call comes first.
fn stack(blame: &Blame) -> Value {
    let frames: Vec<Value> = blame.chain.iter().map(|f| json!({ "location": source_location(f) })).collect();
    json!({ "message": { "text": "Who wrote it." }, "frames": frames })
}

/// §3.36: the same in order of time, the outermost call first.
fn code_flow(blame: &Blame) -> Value {
    let steps: Vec<Value> = blame.chain.iter().rev().map(|f| json!({ "location": source_location(f) })).collect();
    json!({ "threadFlows": [{ "locations": steps }] })
}

/// §3.58: cases that could not be judged.
fn notifications(report: &Report) -> Vec<Value> {
    let broken = report.others.iter().filter(|o| o.result == super::OtherResult::Broken);
    let notification = |o: &super::Other| {
        json!({
            "level": "error",
            "message": { "text": o.reason },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&o.path) } } }],
        })
    };
    broken.map(notification).collect()
}

/// A path as the user named it, as a reference (RFC 3986).
fn uri(path: &str) -> String {
    match path.strip_prefix('/') {
        Some(_) => format!("file://{}", encoded(path)),
        None => relative(path),
    }
}

fn relative(path: &str) -> String {
    let path = encoded(path.trim_start_matches("./").trim_start_matches('/'));
    // A colon in the first part would be read as the end of a scheme's name.
    match path.split_once('/').map_or(path.as_str(), |(first, _)| first).contains(':') {
        true => format!("./{path}"),
        false => path,
    }
}

fn encoded(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/@:+,=".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("./hunt-out/a b#c.trace"), "hunt-out/a%20b%23c.trace");
        assert_eq!(uri("/x/ä.trace"), "file:///x/%C3%A4.trace");
        assert_eq!(uri("hunt:1/x"), "./hunt:1/x");
        assert_eq!(uri("x/hunt:1"), "x/hunt:1");
    }
}
