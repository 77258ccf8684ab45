//! Guided hunts, by the built program: on the newest release, whose build with counters is made here once.

mod program;

use program::{assert_same, contents, run, start, wait};
use std::path::Path;

/// A finding at every 50th case: what a hunt does with findings must not depend on a backend having bugs.
const FINDS: &str = "--sabotage find%50";

/// What a hunt says of its reach.
fn reach(folder: &Path, args: &str) -> serde_json::Value {
    run(folder, &format!("hunt -q --json {args}")).json()["reach"].clone()
}

fn cases(folder: &Path) -> Vec<String> {
    let names = contents(folder).into_iter().map(|(name, _)| name.display().to_string());
    names.filter(|name| name.starts_with("corpus/") && name.ends_with(".trace")).collect()
}

/// One test for a build, which takes a while.
#[test]
fn a_guided_hunt_keeps_what_reaches_something_new_and_goes_on_from_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| dir.path().join(name);
    let hunt = |cases: u32, out: &str, more: &str| {
        run(dir.path(), &format!("hunt --guided --seed 5 --cases {cases} --jobs 1 {FINDS} --out {{}}/{out} {more}"))
    };
    let first = hunt(1300, "whole", "");
    assert!(first.stderr.contains("guided, which takes some seconds, once"), "{}", first.stderr);
    first.assert_code(1);
    hunt(1300, "again", "").assert_code(1);
    assert_same(&at("whole"), &at("again"));
    hunt(640, "parts", "").assert_code(1);
    hunt(1300, "parts", "--resume").assert_code(1);
    assert_same(&at("whole"), &at("parts"));
    assert!(first.stdout.contains(" edges, ") && cases(&at("whole")).len() > 50, "{}", first.stdout);

    the_same_build_without_guidance_tells_its_reach(dir.path());
    a_corpus_is_where_the_next_hunt_begins(dir.path());
    a_worker_that_dies_costs_one_case(dir.path());
    a_killed_hunt_has_what_it_found(dir.path());
    hunt(10, "plain", "--variant plain").assert_fails(&["--guided", "--variant plain"]);
    run(dir.path(), "hunt --resume --out {}/parts --seed 5 --variant guided --guided --raw")
        .assert_fails(&["mode fold"]);
}

fn the_same_build_without_guidance_tells_its_reach(dir: &Path) {
    let two = reach(dir, "--variant guided --seed 5 --cases 640 --jobs 2 --out {}/two");
    assert_eq!(two, reach(dir, "--variant guided --seed 5 --cases 640 --jobs 1 --out {}/one"));
    assert!(two["edges"].as_u64() > Some(500) && two["of"].as_u64() > two["edges"].as_u64(), "{two}");
    assert_eq!((two["corpus"].as_u64(), cases(&dir.join("one"))), (Some(0), vec![]));
    assert_eq!(reach(dir, "--seed 5 --cases 10 --out {}/uncounted"), serde_json::Value::Null);
}

fn a_corpus_is_where_the_next_hunt_begins(dir: &Path) {
    let before = reach(dir, "--guided --resume --out {}/whole --cases 1300");
    let count = cases(&dir.join("whole")).len();
    let seeded = reach(dir, &format!("--guided --seed 6 --corpus {{}}/whole/corpus --cases {count} --out {{}}/seeded"));
    // The cases alone, each as it is. Edges of moving the backend's memory depend on what was judged before.
    let features = |reach: &serde_json::Value| reach["features"].as_u64().expect("they are counted");
    assert!(features(&seeded).abs_diff(features(&before)) * 100 < features(&before), "{seeded} {before}");
    assert!(seeded["edges"].as_u64() >= before["edges"].as_u64(), "{seeded} {before}");
    std::fs::write(dir.join("bad.trace"), "no case").expect("writable");
    run(dir, "hunt --guided --corpus {}/bad.trace --out {}/bad").assert_fails(&["bad.trace", "--corpus takes .trace"]);
}

fn a_worker_that_dies_costs_one_case(dir: &Path) {
    let ended = run(dir, "hunt -q --json --guided --seed 3 --cases 500 --sabotage abort@300 --out {}/fragile --jobs 1");
    let report = ended.assert_code(1).json();
    // Bugs of the newest release are among the findings, too.
    assert_eq!(report["cases"].as_u64(), Some(500));
    assert!(report.to_string().contains("backend-crash"), "{report}");
}

fn a_killed_hunt_has_what_it_found(dir: &Path) {
    let findings = dir.join("killed/findings");
    let mut child = start(dir, &format!("hunt -q --guided --seed 8 --jobs 2 {FINDS} --out {{}}/killed"));
    while !findings.exists() {
        assert!(child.try_wait().expect("a child").is_none(), "{}", wait(child).stderr);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    // The state of a finding is written right behind it; only the very last may be without one.
    let buckets = || std::fs::read_dir(&findings).expect("a folder").count();
    let found = buckets();
    run(dir, "hunt -q --resume --cases 2000 --sabotage find%50 --out {}/killed").assert_code(1);
    assert!(buckets() >= found, "{} of {found}", buckets());
}
