//! Line counters of a `coverage` build: what ran is told by LuaJIT's own functions and lines.

mod traces;

use std::fs;
use std::path::{Path, PathBuf};

use luajit_arm64_sys::{
    CoverageError, Error, FileLines, Layout, Library, Link, Opts, SnapEntry, Variant, build_shared, fetch,
    line_coverage,
};
use traces::Traces;

/// One operation on two loaded numbers, assembled.
fn assemble(f: &mut Traces, op: &str) {
    f.jit.begin(Opts::NONE).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let (a, b) = (f.load("NUM", 0), f.load("NUM", 8));
    let value = f.emit(op, "NUM", a, b);
    f.jit.snap(&[SnapEntry::new(2, value)], 3).expect("snapshot");
    f.jit.assemble(Link::Return, 0).expect("assembled");
}

fn calls(files: &[FileLines], function: &str) -> u64 {
    let functions = files.iter().flat_map(|file| &file.functions);
    functions.filter(|row| row.name == function).map(|row| row.count).sum()
}

/// Whether a line of the source file that holds `text` ran.
fn ran(files: &[FileLines], name: &str, text: &str) -> bool {
    let source = fs::read_to_string(tree().join("luajit2/src").join(name)).expect("a source file");
    let number = source.lines().position(|line| line.contains(text)).expect("the text is there") + 1;
    let file = files.iter().find(|file| file.file == name).expect("the file has code");
    file.lines.iter().any(|&(line, count)| line as usize == number && count > 0)
}

fn tree() -> &'static Path {
    Path::new(env!("LUAJIT_SOURCE"))
}

fn cache() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn build(tree: &Path, name: &str) -> PathBuf {
    let path = cache().join(format!("{name}-coverage.so"));
    build_shared(tree, Variant::Coverage, &path).expect("it builds");
    path
}

/// One test for a build, which takes a while: its counters are one.
#[test]
fn counters_tell_which_functions_and_lines_assembled_a_trace() {
    let (path, data) = (build(tree(), "newest"), tempfile::tempdir().expect("a folder"));
    assert!(matches!(line_coverage(&path, data.path()), Err(CoverageError::NoCounters { .. })));
    let library = Library::load(&path).expect("loads");
    let mut f = Traces::new(&library, Layout { base: 0x1200_0000_0000, ..Layout::DEFAULT });
    assemble(&mut f, "ADD");
    library.dump_coverage(data.path()).expect("counted");
    let first = line_coverage(&path, data.path()).expect("read");
    assert_eq!((calls(&first, "asm_fparith"), calls(&first, "asm_min_max"), calls(&first, "asm_ir")), (1, 0, 3));
    assert!(ran(&first, "lj_asm.c", "case IR_ADD: asm_add(as, ir); break;"));
    assert!(!ran(&first, "lj_asm.c", "case IR_MAX: asm_max(as, ir); break;"));
    let names: Vec<_> = first.iter().map(|file| file.file.as_str()).collect();
    assert!(names.contains(&"lj_asm_arm64.h") && names.contains(&"lj_emit_arm64.h") && names.is_sorted(), "{names:?}");

    assemble(&mut f, "MAX");
    library.dump_coverage(data.path()).expect("counted");
    let second = line_coverage(&path, data.path()).expect("read");
    assert_eq!((calls(&second, "asm_fparith"), calls(&second, "asm_ir")), (1, 6), "counts add up");
    assert!(calls(&second, "asm_fpmin_max") + calls(&second, "asm_min_max") > 0);
    assert!(ran(&second, "lj_asm.c", "case IR_MAX: asm_max(as, ir); break;"));

    let nowhere = library.dump_coverage(Path::new("/dev/null/x")).expect_err("not a folder");
    assert!(nowhere.to_string().contains("/dev/null/x"), "{nowhere}");
    let other = Library::builtin().dump_coverage(data.path()).expect_err("it counts nothing");
    assert!(matches!(&other, Error::BadArgument { text } if text.contains("coverage")), "{other}");
}

#[test]
#[ignore = "fetches and builds two releases"]
fn old_releases_count_lines_too() {
    for version in ["210.1.3", "210.4.6"] {
        let data = tempfile::tempdir().expect("a folder");
        let path = build(&fetch(version, cache()).expect("fetched"), version);
        let library = Library::load(&path).expect("loads");
        assemble(&mut Traces::new(&library, Layout::default()), "ADD");
        library.dump_coverage(data.path()).expect("counted");
        let files = line_coverage(&path, data.path()).expect("read");
        assert_eq!((calls(&files, "asm_fparith"), calls(&files, "asm_ir")), (1, 3), "{version}");
    }
}
