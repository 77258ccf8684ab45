//! Bad input and bad surroundings: a clear error that names the thing, exit 2, nothing lost.

mod program;

use program::{contents, run, run_in_shell};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn an_unknown_opcode_is_named_with_those_that_are_valid() {
    let dir = folder();
    run(dir.path(), "hunt --ops ADD,FROB").assert_fails(&["FROB", "XLOAD", "memory"]);
    run(dir.path(), "gen --seed 1 --index 0 --ops RETF").assert_fails(&["RETF"]);
}

#[test]
fn bad_options_are_refused_before_anything_starts() {
    let dir = folder();
    run(dir.path(), "hunt --raw --fold").assert_fails(&["--raw", "--fold"]);
    run(dir.path(), "hunt --time soon").assert_fails(&["soon"]);
    run(dir.path(), "hunt --jobs 0").assert_fails(&["--jobs"]);
    run(dir.path(), "hunt --backend v8").assert_fails(&["v8", "luajit@"]);
    run(dir.path(), "hunt --variant fast").assert_fails(&["fast", "random-ra"]);
    run(dir.path(), "frob").assert_fails(&["frob"]);
    assert_eq!(contents(dir.path()), []);
}

#[test]
fn a_backend_that_is_not_built_names_the_command() {
    let dir = folder();
    let ended = run(dir.path(), "hunt --backend luajit@210.4.6 --out {}/out");
    ended.assert_fails(&["luajit@210.4.6 is not built yet", "tracehound backends add luajit@210.4.6"]);
    assert_eq!(contents(dir.path()), []);
}

#[test]
fn a_folder_that_is_no_luajit_leaves_nothing_half_built() {
    let dir = folder();
    std::fs::create_dir(dir.path().join("tree")).expect("writable");
    run(dir.path(), "backends add luajit@{}/tree").assert_fails(&["not a LuaJIT tree", "tree"]);
    let left: Vec<_> = contents(dir.path()).into_iter().map(|(name, _)| name.display().to_string()).collect();
    assert_eq!(left, ["cache/.lock"]);
    let rows = run(dir.path(), "backends list --json").assert_code(0).json();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "only the built-in one");
}

#[test]
fn an_out_folder_that_cannot_be_written_is_named() {
    let dir = folder();
    run(dir.path(), "hunt -q --cases 5 --out /proc/hunt").assert_fails(&["cannot create /proc/hunt"]);
    std::fs::write(dir.path().join("file"), "").expect("writable");
    run(dir.path(), "hunt -q --cases 5 --out {}/file/out").assert_fails(&["file/out"]);
    run(dir.path(), "hunt -q --cases 5 --out {}/file").assert_fails(&["file"]);
}

#[test]
fn a_full_disk_ends_the_hunt_and_keeps_what_was_written() {
    let dir = folder();
    // No file may grow beyond 512 KiB divided into blocks of 512 bytes: the state fits, a large one does not.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" hunt -q --seed 3 --sabotage find%9 --out out";
    let ended = run_in_shell(dir.path(), script);
    ended.assert_fails(&["the hunt in out ended early", "cannot write out/", "too large"]);
    let left = contents(&dir.path().join("out"));
    for (name, bytes) in &left {
        assert!(!name.display().to_string().contains(".new-"), "{} is half-written", name.display());
        assert!(bytes.is_empty() || bytes.ends_with(b"\n") || bytes.ends_with(b"}"), "{} is cut", name.display());
    }
    assert!(left.iter().any(|(name, _)| name.ends_with("state.json")));
    run(dir.path(), "hunt -q --cases 20 --resume --sabotage find%9 --out {}/out").assert_code(1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = folder();
    let ended = run_in_shell(dir.path(), "\"$0\" ops --json | head -n 1 >/dev/null; \"$0\" ops | true");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_worker_answers_nonsense_with_an_error() {
    let dir = folder();
    let ended = run_in_shell(dir.path(), "echo nonsense | \"$0\" worker");
    ended.assert_fails(&["workers are started by tracehound itself"]);
}

#[test]
fn the_version_names_the_backend() {
    let dir = folder();
    let text = run(dir.path(), "--version").assert_code(0).stdout.clone();
    assert!(text.starts_with("tracehound ") && text.contains("luajit@21"), "{text}");
}

#[test]
fn any_case_of_a_hunt_can_be_had_again() {
    let dir = folder();
    run(dir.path(), "hunt -q --seed 6 --raw --ops XLOAD,ADD --cases 40 --sabotage find%40 --out {}/out").assert_code(1);
    let found: Vec<_> = contents(&dir.path().join("out/findings"))
        .into_iter()
        .filter(|(n, _)| n.to_string_lossy().ends_with("-39.trace"))
        .collect();
    let [(_, bytes)] = &found[..] else { panic!("one finding: {found:?}") };
    let again = run(dir.path(), "gen --seed 6 --raw --ops XLOAD,ADD --index 39").assert_code(0).stdout.clone();
    let body = |text: &str| text.split_once("; region").expect("regions").1.to_string();
    assert_eq!(body(std::str::from_utf8(bytes).expect("text")), body(&again));
}

#[test]
fn bench_reports_stages_and_the_ratio() {
    let dir = folder();
    let result = run(dir.path(), "bench --cases 50 --json").assert_code(0).json();
    assert!(result["ratio_to_bare_unicorn"].as_f64() > Some(0.0));
    for stage in ["generate", "compile", "verify", "emulate", "interpret", "compare"] {
        assert!(result["stages_s"][stage].as_f64() > Some(0.0), "{stage}");
    }
}
