//! Checks of fixes, by the built program, with the built-in backend on both sides: what fails there still fails.

mod program;

use program::run;
use std::fs;
use std::path::Path;

/// Agrees everywhere.
const AGREES: &str = "\
; tracehound 1
; input 1
;   slot 2 int +5
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    int ADD    0001  +1
....        SNAP   #1   [ ---- ---- 0002 ]
---- TRACE 1 stop -> interpreter
";

/// A folder with a case that agrees and one of the built-in backend's open bugs.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(dir.path().join("good")).expect("writable");
    fs::write(dir.path().join("good/case.trace"), AGREES).expect("writable");
    let open = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/open/store_of_int64_as_float.trace");
    fs::copy(open, dir.path().join("bug.trace")).expect("in the corpus");
    dir
}

const BOTH: &str = "verify-fix --before luajit --after luajit";

#[test]
fn a_case_that_fails_on_both_is_not_fixed_and_mutations_of_it_fail_too() {
    let dir = folder();
    let args = format!("{BOTH} --json --seed 3 --cases 1500 {{}}/bug.trace {{}}/good");
    let json = run(dir.path(), &format!("{args} --jobs 1 --out {{}}/one")).assert_code(1).json();
    let fates: Vec<_> = json["cases"].as_array().expect("a list").iter().map(|row| row["fate"].clone()).collect();
    assert_eq!(fates, ["still-fails", "no-test"]);
    assert_eq!(json["mutations"], 1500);
    let around = json["around"].as_array().expect("a list");
    assert!(!around.is_empty(), "{json}");
    let file = around[0]["file"].as_str().expect("a path");
    let text = fs::read_to_string(file).expect("it was written");
    assert!(text.contains("of bug.trace by seed 3"), "mutations are of cases that failed: {text}");
    assert_eq!(around[0]["before"]["fails"]["class"], around[0]["class"], "both are the same backend");
    run(dir.path(), &format!("replay {file}")).assert_code(0);
    // The same with other jobs: but for the folder, the same report.
    let again =
        run(dir.path(), &format!("{args} --jobs 2 --out {{}}/two")).assert_code(1).stdout.replace("/two/", "/one/");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again).expect("json"), json);
    assert!(dir.path().join("one/report.txt").is_file() && dir.path().join("one/report.json").is_file());
}

#[test]
fn without_a_hunt_only_the_cases_are_judged() {
    let dir = folder();
    let ended = run(dir.path(), &format!("{BOTH} --hunt 0 {{}}/bug.trace --seed 1 --out {{}}/out"));
    let text = &ended.assert_code(1).stdout;
    assert!(text.contains("still fails") && text.contains("0 mutations"), "{text}");
}

#[test]
fn cases_that_show_nothing_are_an_error() {
    let dir = folder();
    run(dir.path(), &format!("{BOTH} {{}}/good"))
        .assert_fails(&["none of 1 cases fails on luajit@", "nothing of a fix"]);
    run(dir.path(), &format!("{BOTH} {{}}/none.trace")).assert_fails(&["none.trace"]);
    run(dir.path(), "verify-fix --before luajit --after v8 {}/good").assert_fails(&["v8"]);
    let hunted = run(dir.path(), &format!("{BOTH} --seed 2 --cases 3 --ops SUB --out {{}}/out"));
    hunted.assert_fails(&["3 cases on luajit@", "none fails"]);
}
