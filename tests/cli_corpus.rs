//! `tracehound corpus`, and libFuzzer's files wherever a case is read, by the built program.

mod program;

use program::{contents, run};
use std::fs;
use std::path::{Path, PathBuf};

/// Some cases of a hunt as `.trace` files.
fn with_cases(count: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(dir.path().join("text")).expect("writable");
    for n in 0..count {
        let text = run(dir.path(), &format!("gen --seed 5 --index {n}")).assert_code(0).stdout.clone();
        fs::write(dir.path().join(format!("text/{n}.trace")), text).expect("writable");
    }
    dir
}

fn names(folder: &Path) -> Vec<PathBuf> {
    contents(folder).into_iter().map(|(name, _)| name).collect()
}

/// The directives and the trace, without what is said of the file.
fn body(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.starts_with("; note") && !line.contains("run ") && !line.starts_with(";     "))
        .collect()
}

#[test]
fn cases_go_to_bytes_and_come_back_as_text() {
    let dir = with_cases(6);
    let packed = run(dir.path(), "corpus pack {}/text --out {}/packed").assert_code(0).stdout.clone();
    assert!(packed.starts_with("6 cases read, 6 written to "), "{packed}");
    run(dir.path(), "corpus unpack {}/packed --out {}/back").assert_code(0);
    let mut before: Vec<String> =
        contents(&dir.path().join("text")).into_iter().map(|(_, b)| String::from_utf8(b).expect("text")).collect();
    let mut after: Vec<String> =
        contents(&dir.path().join("back")).into_iter().map(|(_, b)| String::from_utf8(b).expect("text")).collect();
    before.iter_mut().chain(&mut after).for_each(|text| *text = body(text).join("\n"));
    before.sort();
    after.sort();
    assert_eq!(before, after);
    run(dir.path(), "corpus pack {}/back --out {}/again").assert_code(0);
    program::assert_same(&dir.path().join("packed"), &dir.path().join("again"));
}

#[test]
fn a_case_is_merged_once_whatever_it_is_kept_as() {
    let dir = with_cases(4);
    run(dir.path(), "corpus pack {}/text/0.trace {}/text/1.trace --out {}/old").assert_code(0);
    run(dir.path(), "corpus pack {}/text/1.trace {}/text/2.trace --out {}/new").assert_code(0);
    let merged = run(dir.path(), "corpus merge {}/new {}/text --out {}/old --json").assert_code(0).json();
    assert_eq!((&merged["read"], &merged["again"], &merged["written"]), (&6.into(), &4.into(), &2.into()));
    assert_eq!(names(&dir.path().join("old")).len(), 4);
}

/// A case of these instructions on the slot's value, each of the one before.
fn chain(ops: &[&str]) -> String {
    let head = "; tracehound 1\n; input 1\n;   slot 2 int +5\n---- TRACE 1\n....        SNAP   #0   [ ---- ---- ]\n";
    let mut text = format!("{head}0001 >  int SLOAD  #2    T\n");
    for (n, op) in ops.iter().enumerate() {
        text += &format!("{:04}    int {op}    {:04}  +1\n", n + 2, n + 1);
    }
    let last = ops.len() + 1;
    text + &format!("....        SNAP   #1   [ ---- ---- {last:04} ]\n---- TRACE 1 stop -> interpreter\n")
}

#[test]
fn a_minimal_corpus_has_the_smallest_cases_that_show_all() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(dir.path().join("all")).expect("writable");
    let cases =
        [("long", chain(&["ADD", "ADD", "ADD"])), ("short", chain(&["ADD"])), ("other", chain(&["ADD", "SUB"]))];
    for (name, text) in cases {
        fs::write(dir.path().join(format!("all/{name}.trace")), text).expect("writable");
    }
    let kept = run(dir.path(), "corpus min {}/all --out {}/small --text --json").assert_code(0).json();
    assert_eq!((&kept["written"], &kept["nothing_new"]), (&2.into(), &1.into()), "{kept}");
    assert_eq!(names(&dir.path().join("small")), [Path::new("other.trace"), Path::new("short.trace")]);
    let again = run(dir.path(), "corpus min {}/all --out {}/small --text --json").assert_code(0).json();
    assert_eq!(again["written"], 0, "the folder shows it all already: {again}");
}

#[test]
fn a_file_of_libfuzzers_is_judged_as_it_is() {
    let dir = with_cases(1);
    run(dir.path(), "corpus pack {}/text --out {}/packed").assert_code(0);
    let crash = names(&dir.path().join("packed")).remove(0);
    fs::rename(dir.path().join("packed").join(crash), dir.path().join("crash-1")).expect("there");
    assert_eq!(run(dir.path(), "replay {}/crash-1").assert_code(0).stdout, "1 passed, 0 failed\n");
    let shown = run(dir.path(), "run {}/crash-1").assert_code(0).stdout.clone();
    assert!(shown.contains("; note unpacked from the "), "{shown}");
    run(dir.path(), "explain {}/crash-1").assert_code(0);
    let half = fs::read(dir.path().join("crash-1")).expect("there");
    fs::write(dir.path().join("crash-2"), &half[..half.len() / 2]).expect("writable");
    run(dir.path(), "run {}/crash-2").assert_fails(&["crash-2", "the packed case ends in the middle"]);
}

#[test]
fn a_malformed_file_is_named_and_the_others_are_written() {
    let dir = with_cases(2);
    fs::write(dir.path().join("text/bad.trace"), "; tracehound 1\nnonsense\n").expect("writable");
    let ended = run(dir.path(), "corpus pack {}/text --out {}/packed");
    let text = &ended.assert_code(2).stdout;
    assert!(text.contains("BROKEN") && text.contains("bad.trace") && text.contains("2 written"), "{text}");
}
