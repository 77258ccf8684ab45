//! Under `AddressSanitizer`, LuaJIT can't touch memory of the arena's heap that belongs to none of its blocks.

use std::path::Path;
use std::process::{Command, Output};

/// As `build.rs` compiles it for `cargo fuzz`, but without optimization: it is quicker.
fn build(program: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hidden.c");
    let mut clang = Command::new("clang");
    clang.args(["-fsanitize=address", "-g1", "-w", "-fno-strict-aliasing", "-DLUAJIT_DISABLE_GDBJIT"]);
    clang.args(["-DLUAJIT_UNWIND_INTERNAL", "-DLUAJIT_TARGET=LUAJIT_ARCH_ARM64", "-DLUAJIT_OS=LUAJIT_OS_LINUX", "-I."]);
    clang.arg(source).args(["-lm", "-ldl", "-o"]).arg(program);
    let status = clang.current_dir(concat!(env!("OUT_DIR"), "/luajit/src")).status();
    assert!(status.expect("there is clang").success());
}

fn run(program: &Path, mistake: &[&str]) -> (Output, String) {
    let output = Command::new(program).args(mistake).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// One test for a build, which takes a while.
#[test]
fn a_write_outside_of_all_blocks_is_reported_and_others_are_not() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hidden");
    build(&program);
    let (output, said) = run(&program, &[]);
    assert!(output.status.success(), "{said}");
    for mistake in ["ir", "snapshots", "heap", "freed"] {
        let (output, said) = run(&program, &[mistake]);
        assert!(!output.status.success() && said.contains("use-after-poison"), "{mistake}: {said}");
    }
}
