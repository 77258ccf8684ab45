//! Replays, by the built program.

mod program;

use program::{contents, run};
use std::fs;
use std::path::Path;

/// A folder with a file of one agreeing case, and its text.
fn with_case(name: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let text = AGREES.to_string();
    write(dir.path(), name, &text);
    (dir, text)
}

/// Written by hand: small enough to be right.
const AGREES: &str = "\
; tracehound 1
; expect * agree
; region data 16 at 0
; input 1
;   slot 2 int +5
;   run tail
;     stack 2 int +6
;     memory data+0: 05
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    int ADD    0001  +1
0003    int XSTORE [data+0]  0001
....        SNAP   #1   [ ---- ---- 0002 ]
---- TRACE 1 stop -> interpreter
";

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("below folder")).expect("writable");
    fs::write(path, text).expect("writable");
}

#[test]
fn files_that_agree_pass() {
    let (dir, text) = with_case("a/one.trace");
    write(dir.path(), "a/b/two.trace", &text);
    write(dir.path(), "a/notes.txt", "not a trace");
    let ended = run(dir.path(), "replay {}/a");
    assert_eq!(ended.assert_code(0).stdout, "2 passed, 0 failed\n");
}

#[test]
fn a_file_that_expects_something_else_fails_with_its_name() {
    let (dir, text) = with_case("good.trace");
    write(dir.path(), "bad.trace", &text.replace("* agree", "* undefined-encoding"));
    let ended = run(dir.path(), "replay {}");
    let text = &ended.assert_code(1).stdout;
    assert!(text.contains("FAILED") && text.contains("bad.trace: luajit@"), "{text}");
    assert!(text.contains("expected undefined-encoding, observed agree"), "{text}");
    assert!(text.ends_with("1 passed, 1 failed\n"), "{text}");
    let json = run(dir.path(), "replay --json {}").assert_code(1).json();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &1.into()));
}

#[test]
fn a_wrong_run_line_fails_and_bless_corrects_it() {
    let (dir, text) = with_case("case.trace");
    write(dir.path(), "case.trace", &text.replace("stack 2 int +6", "stack 2 int +7"));
    let ended = run(dir.path(), "replay {}/case.trace");
    let shown = &ended.assert_code(1).stdout;
    assert!(shown.contains("input 1: the file says `stack 2 int +7`, the interpreter `stack 2 int +6`"), "{shown}");
    let blessed = run(dir.path(), "replay --bless {}/case.trace");
    assert_eq!(blessed.assert_code(0).stdout, "1 of 1 files changed\n");
    run(dir.path(), "replay {}/case.trace").assert_code(0);
    let again = run(dir.path(), "replay --bless {}/case.trace");
    assert_eq!(again.assert_code(0).stdout, "0 of 1 files changed\n");
}

#[test]
fn a_code_line_that_does_not_hold_fails_with_the_code_that_is_there() {
    let (dir, text) = with_case("case.trace");
    let with = |lines: &str| write(dir.path(), "case.trace", &text.replace("* agree\n", &format!("* agree\n{lines}")));
    with("; code * 0002 add w_, w_, #1\n; code luajit@<2.0.0 0002 no add\n");
    run(dir.path(), "replay {}/case.trace").assert_code(0);
    with("; code luajit@* 0002 sub w_, w_, #1\n; code luajit@>=2.0.0 0002 no add\n; code * 0002 none\n");
    let ended = run(dir.path(), "replay {}/case.trace");
    let shown = &ended.assert_code(1).stdout;
    for wanted in ["`sub w_, w_, #1`", "no `add`", "no code"] {
        assert!(shown.contains(&format!(": 0002 int ADD 0001 +1: expected {wanted}, found\n")), "{shown}");
    }
    let code: Vec<&str> = shown.lines().filter(|line| line.contains("  add w")).collect();
    assert!(code.len() == 1 && code[0].ends_with(", #1"), "the code is shown once: {shown}");
}

#[test]
fn the_shapes_of_the_corpus_are_those_of_the_built_in_backend() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let shapes = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/shapes");
    std::os::unix::fs::symlink(shapes, dir.path().join("shapes")).expect("writable");
    let ended = run(dir.path(), "replay --json --backend luajit {}/shapes");
    let json = ended.assert_code(0).json();
    assert!(json["passed"].as_u64() > Some(0), "{json}");
}

#[test]
fn a_malformed_file_is_an_error_with_its_place_and_the_rest_is_judged() {
    let (dir, text) = with_case("good.trace");
    write(dir.path(), "cut.trace", &text[..text.len() / 2]);
    write(dir.path(), "hostile.trace", "\u{0}\u{1}; tracehound 99999999999999999999\n");
    write(dir.path(), "typo.trace", &text.replace("int ADD ", "int ADE "));
    fs::write(dir.path().join("binary.trace"), [0xff, 0xfe, 0x00]).expect("writable");
    let ended = run(dir.path(), "replay {}");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.ends_with("1 passed, 0 failed, 4 could not be judged\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("typo.trace: line 12, column"), "{}", ended.stdout);
}

#[test]
fn bless_changes_nothing_if_one_file_is_malformed() {
    let (dir, text) = with_case("a.trace");
    write(dir.path(), "a.trace", &text.replace("stack 2 int +6", "stack 2 int +7"));
    write(dir.path(), "b.trace", "; tracehound 1\nnonsense\n");
    let before = contents(dir.path());
    run(dir.path(), "replay --bless {}").assert_fails(&["b.trace", "line 2"]);
    assert!(contents(dir.path()) == before, "files changed");
}

#[test]
fn a_backend_that_is_not_there_names_the_command_that_adds_it() {
    let (dir, text) = with_case("case.trace");
    write(dir.path(), "case.trace", &text.replace("* agree", "luajit@210.4.6 undefined-encoding"));
    let ended = run(dir.path(), "replay {}/case.trace");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("tracehound backends add luajit@210.4.6"), "{}", ended.stdout);
    // On another backend the line does not count: agreeing is what is expected.
    run(dir.path(), "replay --backend luajit {}/case.trace").assert_code(0);
}

#[test]
fn a_worker_that_dies_of_a_file_fails_that_file() {
    let (dir, _) = with_case("case.trace");
    let ended = run(dir.path(), "replay --sabotage abort@0 {}/case.trace");
    let text = &ended.assert_code(1).stdout;
    assert!(text.contains("expected agree, observed backend-crash") && text.contains("signal 6"), "{text}");
    run(dir.path(), "replay --sabotage hang@0 --deadline 1s {}/case.trace").assert_code(1);
    let ours = run(dir.path(), "replay --sabotage panic@0 {}/case.trace");
    assert_eq!(ours.code, Some(2), "{}", ours.stdout);
}

#[test]
fn files_that_are_not_there_are_named() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    run(dir.path(), "replay {}/none.trace").assert_fails(&["none.trace", "No such file"]);
    run(dir.path(), "replay {}").assert_fails(&["no .trace file in"]);
    run(dir.path(), "run {}/none.trace").assert_fails(&["none.trace", "No such file"]);
}

#[test]
fn findings_of_a_hunt_are_files_that_replay_reads() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    run(dir.path(), "hunt -q --seed 8 --raw --cases 200 --sabotage find%20 --out {}/out").assert_code(1);
    let json = run(dir.path(), "replay --json {}/out").json();
    let files = json["files"].as_array().expect("a list");
    assert!(json["failed"].as_u64() > Some(0), "the pretended findings agree when judged in earnest");
    assert_eq!(json["broken"], 0, "{files:?}");
}

#[test]
fn run_dumps_ir_code_and_ends_without_judging() {
    let (dir, text) = with_case("case.trace");
    write(dir.path(), "case.trace", &text.replace("* agree", "* hang"));
    let ended = run(dir.path(), "run {}/case.trace");
    let dump = &ended.assert_code(0).stdout;
    for word in ["SLOAD", "---- CODE", "ldr", "str", "run tail", "stack 2 int +6", "memory data+0: 05"] {
        assert!(dump.contains(word), "no {word} in {dump}");
    }
}

#[test]
fn explain_is_about_the_backend_that_the_file_names() {
    let (dir, text) = with_case("case.trace");
    let page = run(dir.path(), "explain {}/case.trace").assert_code(0).stdout.clone();
    assert!(page.contains("luajit@21") && page.contains("SLOAD"), "{page}");
    write(dir.path(), "old.trace", &text.replace("* agree", "luajit@210.4.6 undefined-encoding"));
    run(dir.path(), "explain {}/old.trace").assert_fails(&["tracehound backends add luajit@210.4.6"]);
    run(dir.path(), "explain --backend luajit {}/old.trace").assert_code(0);
}
