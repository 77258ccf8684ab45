//! Reports: what every rendering says of a finding, held against the schemas.

mod fixed;

use fixed::{FAILS, Fixed, exits, fixed, leaves};
use serde_json::Value;
use std::collections::BTreeMap;
use tracehound::arm64::encode::{b, movz};
use tracehound::arm64::{Gpr, Width};
use tracehound::explain::{Bits, Sheet, crash_sheet, sheet};
use tracehound::oracle::Oracle;
use tracehound::report::{
    Blame, CLASSES, Dossier, Evidence, FieldNote, Frame, Judged, Known, Other, OtherCase, OtherResult, Report, Seen,
    findings_text, gather, json, markdown, pages, sarif,
};
use tracehound::text::parse;

/// What no rendering may take for its own language.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)> | `@all` &amp; ```";

fn seen(backend: Fixed, text: &str) -> Sheet {
    let mut oracle = Oracle::new(Box::new(backend)).expect("a machine");
    sheet(&parse(text).expect("a legal file"), &mut oracle).expect("a sheet")
}

fn dossier(sheet: Sheet, bucket: &str, text: &str) -> Dossier {
    Dossier::new(Evidence {
        bucket: bucket.into(),
        path: "my findings/a#1.trace".into(),
        text: text.into(),
        sheet,
        count: 3,
        others: vec![OtherCase { path: "b.trace".into(), instructions: 9 }],
        generated_by: Some("tracehound gen --seed 1 --index 2 --raw".into()),
        builtin: false,
    })
}

fn undefined() -> Dossier {
    let text = FAILS.replace("; emit raw\n", &format!("; emit raw\n; note {HOSTILE}\n"));
    dossier(
        seen(fixed(&[movz(Width::X, Gpr(5), 5, 0), 0xffff_6f7a, b(8)], exits()), &text),
        "undefined-encoding-eq-int",
        &text,
    )
}

fn blamed() -> Dossier {
    let frame = |function: &str, line| Frame { function: function.into(), file: "lj_emit_arm64.h".into(), line };
    let field = FieldNote { name: "imm7".into(), hi: 21, lo: 15, value: -1, text: "imm7 is -1: it runs over".into() };
    let blame = Blame {
        function: Some("emit_lso".into()),
        at: Some(2),
        word: Some((4, Bits(0xffff_6f7a))),
        fields: vec![field],
        chain: vec![frame("emit_lso", 185), frame("asm_xload", 40)],
        why: "the offset's sign runs over".into(),
        vanishes_without: vec!["fuse".into()],
    };
    let known = Known { reason: "fixed since".into(), link: Some("https://example.org/1028".into()) };
    let releases = [("luajit@1".to_string(), "undefined-encoding".to_string())];
    Dossier { known: Some(known), releases: Some(BTreeMap::from(releases)), ..undefined().blaming(blame) }
}

fn wrong_value() -> Dossier {
    dossier(seen(leaves(4), FAILS), "wrong-snapshot-sload-int", FAILS)
}

fn crashed() -> Dossier {
    let file = parse(FAILS).expect("a legal file");
    let id = wrong_value().backend;
    let detail = vec!["the worker was killed by signal 11 (SIGSEGV)".into()];
    dossier(crash_sheet(&file, &id, detail).expect("a sheet"), "backend-crash-sigsegv", FAILS)
}

fn report() -> Report {
    let other = Other { path: "c.trace".into(), result: OtherResult::Broken, reason: format!("line 1: {HOSTILE}") };
    Report::new(vec![], vec![blamed(), wrong_value(), crashed(), undefined()], vec![other])
}

#[test]
fn titles_say_what_is_wrong() {
    assert_eq!(undefined().title, "`0002 > int EQ 0001 +6` becomes `0xffff6f7a`, which is no A64 instruction");
    assert!(blamed().title.ends_with("which is no A64 instruction, by `emit_lso`"), "{}", blamed().title);
    assert_eq!(wrong_value().title, "slot #2 is int +4 instead of int +5 (`0001 > int SLOAD #2 T`)");
    assert_eq!(crashed().title, "The backend crashes: the worker was killed by signal 11 (SIGSEGV)");
    let goes_on = seen(fixed(&[movz(Width::X, Gpr(5), 5, 0), b(0x10_0000)], exits()), FAILS);
    assert_eq!(dossier(goes_on, "x", FAILS).title, "The code reaches the trace's end instead of leaving at exit 1");
}

#[test]
fn a_dossier_tells_expectation_reason_and_what_happens() {
    let d = wrong_value();
    assert_eq!(d.story.expected, ["On input 1 of 1 the trace leaves at exit 1.", "slot #2: int +5"]);
    assert_eq!(d.story.actual, ["The code leaves at exit 1.", "slot #2: int +4"]);
    assert_eq!(d.story.why.last().map(String::as_str), Some("By the interpreter, `0001 > int SLOAD #2 T`: +5."));
    let commands: Vec<&str> = d.steps.iter().map(|s| s.command.as_str()).collect();
    let replay = "tracehound replay --backend fixed/assert 'my findings/a#1.trace'";
    assert_eq!(commands[..2], ["tracehound backends add fixed --variant assert", replay]);
    assert_eq!(d.case.line.and_then(|n| FAILS.lines().nth(n - 1)), Some("0001 >  int SLOAD  #2    T"));
}

#[test]
fn json_is_as_the_schema_says_and_the_schema_names_every_field() {
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json"));
    let mut schema: Value = serde_json::from_str(&schema.expect("the schema")).expect("JSON");
    allow_nothing_else(&mut schema);
    assert_valid(&schema, &serde_json::from_str(&json(&report())).expect("JSON"));
    let classes = schema["$defs"]["class"]["enum"].as_array().expect("a list");
    assert_eq!(*classes, CLASSES.iter().map(|c| Value::from(c.name)).collect::<Vec<_>>());
}

/// Readers must ignore unknown fields, but we must not write any.
fn allow_nothing_else(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("additionalProperties".into(), false.into());
            }
            object.values_mut().for_each(allow_nothing_else);
        }
        Value::Array(list) => list.iter_mut().for_each(allow_nothing_else),
        _ => {}
    }
}

#[track_caller]
fn assert_valid(schema: &Value, instance: &Value) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn sarif_is_as_the_official_schema_says() {
    let log: Value = serde_json::from_str(&sarif(&report())).expect("JSON");
    assert_valid(&official_sarif_schema(), &log);
    serde_json::from_value::<serde_sarif::sarif::Sarif>(log).expect("what a reader of SARIF takes");
}

/// The schema of OASIS, as the crate that reads SARIF has it.
fn official_sarif_schema() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // Of this platform: the crates of others need not be on the machine.
    let platform = ["--filter-platform", "x86_64-unknown-linux-gnu"];
    let args = ["metadata", "--format-version", "1", "--offline", "--locked", "--manifest-path", manifest];
    let told = std::process::Command::new(cargo).args(args).args(platform).output().expect("cargo runs");
    let told: Value = serde_json::from_slice(&told.stdout).expect("cargo's metadata");
    let mut packages = told["packages"].as_array().expect("a list").iter();
    let package = packages.find(|p| p["name"] == "serde-sarif").expect("a dependency");
    let manifest = std::path::Path::new(package["manifest_path"].as_str().expect("a path"));
    let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).expect("the schema");
    // One pattern has a bracket too many, which strict readers of patterns refuse.
    serde_json::from_str(&text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).expect("JSON")
}

#[test]
fn sarif_points_at_the_blamed_line_first_and_at_the_case() {
    let log: Value = serde_json::from_str(&sarif(&report())).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let blamed = results.iter().find(|r| r["stacks"].is_array()).expect("the blamed one");
    let places: Vec<&Value> =
        blamed["locations"].as_array().expect("a list").iter().map(|l| &l["physicalLocation"]).collect();
    assert_eq!(places[0]["artifactLocation"]["uri"], "lj_emit_arm64.h");
    assert_eq!(places[0]["artifactLocation"]["uriBaseId"], "LUAJIT_SRC");
    assert_eq!(places[0]["region"]["startLine"], 185);
    assert_eq!(places[1]["artifactLocation"]["uri"], "my%20findings/a%231.trace");
    assert_eq!(places[1]["region"]["snippet"]["text"], "0002 >  int EQ     0001  +6");
    let print = &blamed["partialFingerprints"]["tracehoundBucket/v1"];
    assert_eq!(print, "fixed/assert/undefined-encoding-eq-int");
    let flow = &blamed["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(flow[0]["location"]["message"]["text"], "asm_xload", "a flow is in order of time");
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false, "a case was broken");
}

#[test]
fn pages_load_nothing_and_hostile_text_stays_text() {
    let pages = pages(&report());
    assert_eq!(pages.len(), 5);
    for page in &pages {
        assert!(!page.text.contains("<img"), "{}", page.name);
        assert_eq!(page.text.matches("<script>").count(), 1, "{}", page.name);
        assert_eq!(page.text.matches("</script>").count(), 1, "{}", page.name);
        for loaded in ["src=", "<link", "@import", "url("] {
            assert!(!page.text.replace("img src=x", "").contains(loaded), "{} has {loaded}", page.name);
        }
        assert!(page.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{}", page.name);
    }
    assert!(pages[1..].iter().any(|p| p.text.contains("&lt;img src=x onerror=alert(1)&gt;")), "the note is shown");
}

#[test]
fn a_page_links_instructions_with_their_words_and_marks_the_bad_one() {
    let pages = pages(&Report::new(vec![], vec![blamed()], vec![]));
    let text = &pages[1].text;
    for wanted in [
        r##"<tr class="marked" id="i1-0002" data-ref="1-2">"##,
        r##"<a class="ref" href="#m1-0002">0002</a>"##,
        r##"<a class="use" href="#i1-0001" data-ref="1-1">0001</a>"##,
        "✗ imm7",
        "imm7, bits 21 to 15",
        "<code class=\"strong\">emit_lso</code> at <code>lj_emit_arm64.h:185</code>",
        r#"<a href="https://example.org/1028""#,
    ] {
        assert!(text.contains(wanted), "no {wanted} in\n{text}");
    }
    let ids: Vec<&str> = text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    for target in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(unique.contains(target), "nothing has the id {target}");
    }
}

#[test]
fn markdown_and_text_keep_hostile_text_on_its_line() {
    let text = markdown(&report());
    assert!(!text.contains("<img") || text.split("```").any(|part| part.contains("<img")), "{text}");
    assert_eq!(text.matches("<details>").count(), 4);
    assert_eq!(text.matches("</details>").count(), 4);
    assert!(findings_text(&report()).ends_with("12 findings in 4 buckets, 1 broken\n"));
}

#[test]
fn findings_with_the_same_one_to_blame_are_one_bucket() {
    let blame =
        tracehound::blame::Blame { class: "wrong-snapshot".into(), op: Some("ADD".into()), ..Default::default() };
    let seen = |name: &str, key: &str, blame| Judged {
        path: name.into(),
        text: FAILS.into(),
        hunt: None,
        seen: Ok(Seen { key: Some(key.into()), sheet: wrong_value().sheet, blame }),
    };
    let cases = vec![seen("a", "k1", Some(blame.clone())), seen("b", "k2", Some(blame)), seen("c", "k1", None)];
    let report = gather(&[], cases, "luajit@1");
    let buckets: Vec<_> = report.findings.iter().map(|d| (d.bucket.as_str(), d.count, d.blame.is_some())).collect();
    assert_eq!(buckets, [("k1", 1, false), ("wrong-snapshot-add", 2, true)]);
}

#[test]
fn a_bucket_has_one_dossier_by_its_smallest_case() {
    let seen = |name: &str| Judged {
        path: name.into(),
        text: FAILS.into(),
        hunt: None,
        seen: Ok(Seen { key: Some("b".into()), sheet: wrong_value().sheet, blame: None }),
    };
    let mut small = seen("z.trace");
    small.seen.as_mut().expect("seen").sheet.written = 1;
    let agrees =
        Judged { seen: Ok(Seen { key: None, sheet: self::seen(leaves(5), FAILS), blame: None }), ..seen("ok.trace") };
    let broken = Judged { seen: Err("cannot read".into()), ..seen("bad.trace") };
    let report = gather(&[], vec![seen("b.trace"), small, seen("a.trace"), agrees, broken], "luajit@1");
    let [d] = &report.findings[..] else { panic!("{} findings", report.findings.len()) };
    assert_eq!((d.case.path.as_str(), d.count), ("z.trace", 3));
    assert_eq!(d.others.iter().map(|o| o.path.as_str()).collect::<Vec<_>>(), ["a.trace", "b.trace"]);
    assert_eq!(report.summary(), "3 findings in 1 bucket, 1 agrees, 1 broken");
}
