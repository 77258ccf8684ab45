//! Bisections, by the built program: what needs no build. Builds are tried by `a_fix_is_found_between_commits`, which fetches releases.

mod program;

use program::run;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Agrees everywhere.
const AGREES: &str = "\
; tracehound 1
; expect * agree
; input 1
;   slot 2 int +5
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    int ADD    0001  +1
....        SNAP   #1   [ ---- ---- 0002 ]
---- TRACE 1 stop -> interpreter
";

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::write(dir.path().join("case.trace"), AGREES).expect("writable");
    dir
}

fn shell(folder: &Path, script: &str) {
    let status = Command::new("sh").args(["-ec", script]).current_dir(folder).status().expect("sh runs");
    assert!(status.success(), "{script}");
}

const INIT: &str =
    "git init -q -b main lj; cd lj; git config user.name t; git config user.email t@example.org; mkdir src; ";

#[test]
fn a_search_needs_to_know_what_and_between_what() {
    let dir = folder();
    run(dir.path(), "bisect {}/case.trace").assert_fails(&["--releases"]);
    run(dir.path(), "bisect {}/case.trace --git {}").assert_fails(&["--good", "--bad"]);
    run(dir.path(), "bisect {}/none.trace --git {} --good a --bad b").assert_fails(&["none.trace", "No such file"]);
    run(dir.path(), "bisect {}/case.trace --git {} --good a --bad b").assert_fails(&["not a git repository"]);
}

#[test]
fn commits_that_do_not_build_are_left_out_and_said() {
    let dir = folder();
    shell(dir.path(), &(INIT.to_string() + "for i in 1 2 3; do echo $i > src/a; git add .; git commit -qm $i; done"));
    let ended = run(dir.path(), "bisect {}/case.trace --git {}/lj --good HEAD --bad HEAD~2");
    ended.assert_fails(&["unknown", "not a LuaJIT tree", "no two versions from"]);
    assert_eq!(ended.stdout, "");
    let quiet = run(dir.path(), "bisect -q {}/case.trace --git {}/lj --good HEAD --bad HEAD~2");
    assert_eq!(quiet.assert_code(2).stderr.lines().count(), 1, "{}", quiet.stderr);
}

/// Three releases of LuaJIT and one that does not compile as commits of a repository.
#[test]
#[ignore = "fetches three releases and builds them"]
fn a_fix_is_found_between_commits() {
    let dir = folder();
    let script = INIT.to_string()
        + "for v in 210.4.5 210.4.6 210.4.7; do
             mkdir ../p; (cd ../p; printf '[package]\\nname = \"p\"\\nversion = \"0.0.0\"\\n[lib]\\npath = \"l\"\\n[workspace]\\n[dependencies]\\nluajit-src = \"=%s\"\\n' $v > Cargo.toml
             touch l; cargo vendor -q v > /dev/null)
             rm -rf src dynasm; cp -r ../p/v/luajit-src/luajit2/src ../p/v/luajit-src/luajit2/dynasm .; rm -rf ../p
             git add -f .; git commit -qm \"release $v\"
             echo '#error' >> src/lj_asm.c; git add .; git commit -qm \"broken $v\"
           done; git reset -q --hard HEAD~1";
    shell(dir.path(), &script);
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/regress/kong-trace2.trace");
    let args = format!("bisect --json {} --git {{}}/lj --good HEAD --bad HEAD~4", case.display());
    let json = run(dir.path(), &args).assert_code(0).json();
    let about = |row: &str| json["border"][row]["about"].as_str().expect("a subject").to_string();
    assert!(about("last").ends_with("release 210.4.6") && about("first").ends_with("release 210.4.7"), "{json}");
    assert_eq!((&json["border"]["kind"], &json["class"]), (&"fixed".into(), &"undefined-encoding".into()));
    assert_eq!(json["border"]["unknown"].as_array().map(Vec::len), Some(1), "{json}");
    let again = run(dir.path(), &args).assert_code(0).json();
    assert_eq!(again["border"], json["border"]);
    assert_eq!(
        again["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .filter(|s| s["built"] == true && s["state"] != "unknown")
            .count(),
        0
    );
}
