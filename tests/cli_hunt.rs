//! Hunts, by the built program: the same results whatever the jobs, crashes and interruptions.

mod program;

use program::{assert_same, contents, run, start, wait};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A finding at every 50th case: what a hunt does with findings must not depend on a backend having bugs.
const FINDS: &str = "--sabotage find%50";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn one_and_two_jobs_write_the_same_bytes() {
    let dir = folder();
    for jobs in ["1", "2"] {
        let args = format!("hunt -q --seed 7 --cases 1000 {FINDS} --out {{}}/{jobs} --jobs {jobs}");
        run(dir.path(), &args).assert_code(1);
    }
    let names: Vec<_> = contents(&dir.path().join("1")).iter().map(|(name, _)| name.display().to_string()).collect();
    assert!(names.contains(&"report.json".to_string()) && names.contains(&"report.txt".to_string()), "{names:?}");
    assert!(names.iter().filter(|n| n.starts_with("findings/")).count() >= 3, "{names:?}");
    assert_same(&dir.path().join("1"), &dir.path().join("2"));
}

#[test]
fn a_hunt_in_pieces_is_the_hunt_in_one() {
    let dir = folder();
    let part = |cases: u32, out: &str, more: &str| {
        run(dir.path(), &format!("hunt -q --seed 9 --raw --cases {cases} {FINDS} --out {{}}/{out} {more}"))
            .assert_code(1);
    };
    part(900, "whole", "");
    part(300, "parts", "");
    part(650, "parts", "--resume");
    run(dir.path(), &format!("hunt -q --cases 900 {FINDS} --out {{}}/parts --resume")).assert_code(1);
    assert_same(&dir.path().join("parts"), &dir.path().join("whole"));
}

#[test]
fn workers_that_die_cost_one_case_each() {
    let dir = folder();
    let sabotage = "--sabotage abort@17,exit@40,hang@300,eat@301,skip%7 --deadline 2s --memory 400";
    let ended = run(dir.path(), &format!("hunt -q --json --seed 3 --cases 400 {sabotage} --out {{}}/out"));
    ended.assert_code(1);
    let report = ended.json();
    assert_eq!(report["cases"], 400);
    assert_eq!(report["errors"].as_object().map(serde_json::Map::len), Some(0));
    let buckets = report["buckets"].as_array().expect("a list");
    let crashes: Vec<_> = buckets.iter().filter(|b| b["class"] == "backend-crash").collect();
    let by_key: Vec<_> = crashes.iter().map(|b| (b["key"].as_str().expect("text"), b["count"].as_u64())).collect();
    assert_eq!(
        by_key,
        [("backend-crash-exit-3", Some(1)), ("backend-crash-no-answer", Some(1)), ("backend-crash-sigabrt", Some(2))]
    );
    for (bucket, words) in crashes.iter().zip(["status 3", "no answer within 2 s", "signal 6"]) {
        let file = bucket["files"][0].as_str().expect("a file");
        let text = std::fs::read_to_string(dir.path().join("out").join(file)).expect("it was written");
        assert!(text.contains(words), "{text}");
        assert!(text.contains("\n; expect luajit@") && text.contains(" backend-crash "), "{text}");
    }
    assert_eq!(report["timing"]["unexplained_deaths"], 0);
}

#[test]
fn recovery_gives_the_same_bytes_whatever_the_jobs() {
    let dir = folder();
    for jobs in ["1", "2"] {
        let sabotage = "--sabotage abort@5,abort@6,exit@200,panic@250,find%90";
        let ended =
            run(dir.path(), &format!("hunt -q --seed 4 --cases 500 {sabotage} --jobs {jobs} --out {{}}/{jobs}"));
        ended.assert_fails(&[]);
    }
    assert_same(&dir.path().join("1"), &dir.path().join("2"));
}

#[test]
fn failures_of_tracehound_are_no_findings_and_exit_with_2() {
    let dir = folder();
    let sabotage = "--sabotage panic@3,error@5,skip%1";
    let ended = run(dir.path(), &format!("hunt -q --json --seed 3 --cases 10 {sabotage} --out {{}}/out"));
    ended.assert_fails(&["tracehound itself failed on 2 cases"]);
    let report = ended.json();
    assert_eq!(report["findings"], 0);
    let errors = report["errors"].as_object().expect("an object");
    assert!(errors.keys().any(|k| k.contains("sabotage: panic")), "{errors:?}");
    assert_eq!(errors.values().map(|e| e["first"].as_u64().expect("a number")).max(), Some(5));
    for (case, file) in [(3, "failures/case-3.trace"), (5, "failures/case-5.trace")] {
        assert!(errors.values().any(|e| e["first"] == case && e["file"] == file), "{errors:?}");
        run(dir.path(), &format!("corpus pack {{}}/out/{file} --out {{}}/packed-{case}")).assert_code(0);
    }
}

#[test]
fn a_hunt_that_skips_all_finds_nothing_and_warns() {
    let dir = folder();
    let ended = run(dir.path(), "hunt -q --seed 3 --cases 200 --sabotage skip%1 --out {}/out");
    let text = &ended.assert_code(0).stdout;
    assert!(text.contains("skipped     200 cases (100.00 %): 200 sabotage"), "{text}");
    assert!(text.contains("warning     100 % of cases could not be judged"), "{text}");
    let written = std::fs::read_to_string(dir.path().join("out/report.txt")).expect("it was written");
    assert!(text.starts_with(&written), "the summary starts with the report");
}

#[test]
fn a_time_limit_ends_a_hunt() {
    let dir = folder();
    let begun = Instant::now();
    let ended = run(dir.path(), "hunt -q --json --seed 3 --time 1s --sabotage skip%1 --out {}/out");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let report = ended.assert_code(0).json();
    assert!(report["cases"].as_u64() > Some(0));
    assert!(report["timing"]["elapsed_s"].as_f64() >= Some(1.0));
}

#[test]
fn an_interrupted_hunt_ends_in_order() {
    let dir = folder();
    let child = start(dir.path(), &format!("hunt --seed 3 {FINDS} --out {{}}/out"));
    wait_for(&dir.path().join("out/findings"));
    signal("INT", child.id());
    let ended = wait(child);
    let text = &ended.assert_code(1).stdout;
    assert!(text.contains("findings "), "{text}");
    assert!(dir.path().join("out/report.json").is_file());
    run(dir.path(), "hunt -q --cases 1 --resume --out {}/out").assert_code(1);
}

#[test]
fn a_killed_hunt_leaves_no_workers_and_can_be_resumed() {
    let dir = folder();
    // Two workers: one hangs for ever, the other goes on.
    let mut child = start(dir.path(), "hunt -q --seed 5 --jobs 2 --sabotage find%50,hang@3 --deadline 1h --out {}/out");
    wait_for(&dir.path().join("out/findings"));
    let workers = children(child.id());
    assert_eq!(workers.len(), 2);
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    let late = Instant::now() + Duration::from_secs(20);
    while workers.iter().any(|pid| is_alive(*pid)) {
        assert!(Instant::now() < late, "workers are still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    let resume = format!("hunt -q --cases 700 --resume {FINDS} --out {{}}/out");
    run(dir.path(), &resume).assert_code(1);
    run(dir.path(), &format!("hunt -q --cases 700 --seed 5 {FINDS} --out {{}}/again")).assert_code(1);
    let report = |name: &str| std::fs::read_to_string(dir.path().join(name).join("report.json")).expect("written");
    let cases = |name: &str| serde_json::from_str::<serde_json::Value>(&report(name)).expect("json")["cases"].as_u64();
    // What was done before the kill may go beyond; then more cases must be compared.
    if cases("out") == cases("again") {
        assert_same(&dir.path().join("out"), &dir.path().join("again"));
    } else {
        assert!(cases("out") > Some(700));
    }
}

#[test]
fn a_folder_of_another_hunt_is_not_touched() {
    let dir = folder();
    run(dir.path(), &format!("hunt -q --seed 1 --cases 60 {FINDS} --out {{}}/out")).assert_code(1);
    let before = contents(&dir.path().join("out"));
    run(dir.path(), "hunt -q --seed 1 --cases 60 --out {}/out").assert_fails(&["out", "--resume", "60 cases done"]);
    run(dir.path(), "hunt -q --seed 2 --cases 60 --out {}/out").assert_fails(&["out", "seed 1 instead of 2"]);
    run(dir.path(), "hunt -q --seed 1 --raw --resume --out {}/out").assert_fails(&["mode fold instead of raw"]);
    run(dir.path(), "hunt -q --seed 1 --resume --out {}/none").assert_fails(&["none", "no hunt to resume"]);
    assert!(!dir.path().join("none").exists());
    assert!(contents(&dir.path().join("out")) == before, "files changed");
}

#[test]
fn hunts_without_a_folder_get_one_each() {
    let dir = folder();
    for seed in [1, 2] {
        run(dir.path(), &format!("hunt -q --seed {seed} --cases 10 --sabotage skip%1")).assert_code(0);
    }
    let names: Vec<_> = contents(&dir.path().join("hunt-out")).into_iter().map(|(name, _)| name).collect();
    let reports = names.iter().filter(|n| n.ends_with("report.json")).count();
    assert_eq!(reports, 2, "{names:?}");
}

fn wait_for(path: &Path) {
    let late = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < late, "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().expect("sh runs");
    assert!(status.success());
}

fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs") {
        let list = task.expect("readable").path().join("children");
        let text = std::fs::read_to_string(list).unwrap_or_default();
        found.extend(text.split_whitespace().map(|pid| pid.parse::<u32>().expect("a number")));
    }
    found
}

/// A zombie that nobody has waited for does not count.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}
