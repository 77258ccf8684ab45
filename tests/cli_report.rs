//! Reports of findings, by the built program.

mod program;

use program::{contents, run};
use std::fs;
use std::path::Path;

/// Written by hand: small enough to be right.
const AGREES: &str = "\
; tracehound 1
; expect * agree
; note <b>bold</b>
; region data 16 at 0
; input 1
;   slot 2 int +5
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    int ADD    0001  +1
0003    int XSTORE [data+0]  0001
....        SNAP   #1   [ ---- ---- 0002 ]
---- TRACE 1 stop -> interpreter
";

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    write(dir.path(), "cases/case.trace", AGREES);
    dir
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("below folder")).expect("writable");
    fs::write(path, text).expect("writable");
}

#[test]
fn cases_that_agree_are_no_findings() {
    let dir = folder();
    let ended = run(dir.path(), "report cases");
    let text = &ended.assert_code(0).stdout;
    assert!(text.contains("agrees      cases/case.trace: on luajit@"), "{text}");
    assert!(text.ends_with("0 findings in 0 buckets, 1 agrees\n"), "{text}");
}

#[test]
fn a_case_that_kills_the_backend_is_a_finding_in_every_format() {
    let dir = folder();
    let crashed = |rest: &str| run(dir.path(), &format!("report -q --sabotage abort@0 cases {rest}"));
    let text = crashed("").assert_code(1).stdout.clone();
    assert!(
        text.contains("FINDING 1 of 1: The backend crashes: the worker was killed by signal 6 (SIGABRT)"),
        "{text}"
    );
    let json = crashed("--json").assert_code(1).json();
    assert_eq!((&json["schema"], &json["version"]), (&"tracehound-report".into(), &1.into()));
    assert_eq!(json["findings"][0]["class"], "backend-crash");
    assert_eq!(json["findings"][0]["case"]["text"], AGREES);
    let sarif = crashed("--format sarif").assert_code(1).json();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "backend-crash");
    let markdown = crashed("--format markdown").assert_code(1).stdout.clone();
    assert!(markdown.starts_with("## tracehound: 1 finding in 1 bucket\n"), "{markdown}");
    crashed("--format html --out pages").assert_code(1);
    let names: Vec<_> = contents(&dir.path().join("pages")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"index.html".into()), "{names:?}");
    crashed("--format sarif --out log.sarif").assert_code(1);
    assert!(dir.path().join("log.sarif").is_file());
}

#[test]
fn the_same_cases_give_the_same_bytes_with_any_number_of_jobs() {
    let dir = folder();
    for n in 0..6 {
        write(dir.path(), &format!("cases/{n}.trace"), &AGREES.replace("int +5", &format!("int +{n}")));
    }
    let one = run(dir.path(), "report --json --jobs 1 cases");
    let four = run(dir.path(), "report --json --jobs 4 cases");
    assert!(one.stdout == four.stdout && one.code == Some(0));
}

#[test]
fn broken_files_are_told_and_the_rest_is_reported() {
    let dir = folder();
    write(dir.path(), "cases/broken.trace", "; tracehound 1\nnonsense\n");
    fs::write(dir.path().join("cases/binary.trace"), [0xff, 0xfe, 0x00]).expect("writable");
    let ended = run(dir.path(), "report cases");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("broken      cases/broken.trace: line 2"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("1 agrees, 2 broken\n"), "{}", ended.stdout);
    run(dir.path(), "report --sabotage panic@0 cases/case.trace").assert_code(2);
}

#[test]
fn a_hunts_folder_comes_with_its_report() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    run(dir.path(), "hunt -q --seed 8 --raw --cases 100 --sabotage find%20 --out out").assert_code(1);
    let json = run(dir.path(), "report --json out").json();
    assert_eq!(json["hunts"][0]["report"]["cases"], 100);
    let others = json["others"].as_array().expect("a list");
    assert!(!others.is_empty(), "the pretended findings agree when judged in earnest: {json}");
}

#[test]
fn what_can_not_be_done_is_said() {
    let dir = folder();
    fs::create_dir(dir.path().join("empty")).expect("writable");
    run(dir.path(), "report empty").assert_fails(&["no .trace file in empty"]);
    run(dir.path(), "report none").assert_fails(&["none", "No such file"]);
    run(dir.path(), "report cases --format html").assert_fails(&["--out"]);
    run(dir.path(), "report cases --format html --out cases/case.trace").assert_fails(&["cases/case.trace is a file"]);
    run(dir.path(), "report cases --json --format sarif").assert_fails(&["leave one out"]);
    let unbuilt = run(dir.path(), "report cases --backend luajit@nonsense");
    assert_eq!(unbuilt.code, Some(2));
    assert!(unbuilt.stdout.contains("luajit@nonsense is not built yet"), "{}", unbuilt.stdout);
}
