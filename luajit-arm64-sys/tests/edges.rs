//! A `guided` build counts the edges of the assembler that run, and nothing else.

mod traces;

use std::collections::BTreeSet;
use std::path::Path;

use luajit_arm64_sys::{Error, Layout, Library, Lines, Link, Opts, SnapEntry, Variant, build_shared};
use traces::Traces;

/// Assembles one operation on two loaded numbers.
fn assemble(f: &mut Traces, op: &str) -> Vec<u32> {
    f.jit.reset();
    f.jit.begin(Opts::NONE).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let (a, b) = (f.load("NUM", 0), f.load("NUM", 8));
    let value = f.emit(op, "NUM", a, b);
    f.jit.snap(&[SnapEntry::new(2, value)], 3).expect("snapshot");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.words()
}

/// The edges that run for it.
fn edges(f: &mut Traces, op: &str) -> BTreeSet<usize> {
    f.jit.edges().expect("counters").fill(0);
    assemble(f, op);
    let counters = f.jit.edges().expect("counters").iter().enumerate();
    counters.filter(|(_, count)| **count > 0).map(|(edge, _)| edge).collect()
}

/// One test for a build, which takes a while.
#[test]
fn counters_tell_one_trace_from_another_and_change_no_code() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("newest-guided.so");
    build_shared(Path::new(env!("LUAJIT_SOURCE")), Variant::Guided, &path).expect("it builds, where there is clang");
    let mut f = Traces::new(&Library::load(&path).expect("loads"), Layout::default());
    let (add, max) = (edges(&mut f, "ADD"), edges(&mut f, "MAX"));
    assert_eq!(edges(&mut f, "ADD"), add);

    let (lines, offsets) = (Lines::open(&path).expect("lines"), f.jit.edge_offsets().expect("offsets"));
    assert_eq!(offsets.len(), f.jit.edges().expect("counters").len());
    let functions = |edges: &BTreeSet<usize>| -> BTreeSet<String> {
        edges.iter().flat_map(|edge| lines.at(offsets[*edge])).map(|frame| frame.function).collect()
    };
    let (add, max) = (functions(&add), functions(&max));
    assert!(add.contains("asm_fparith") && !max.contains("asm_fparith"), "{add:?} {max:?}");
    assert!(max.contains("asm_min_max") || max.contains("asm_fpmin_max"), "{max:?}");
    // The outermost ones: what is compiled in line counts there.
    let outermost: BTreeSet<String> = offsets.iter().filter_map(|at| Some(lines.at(*at).pop()?.function)).collect();
    assert!(outermost.contains("lj_asm_trace") && outermost.contains("lj_opt_fold"), "{outermost:?}");
    assert!(
        !outermost.iter().any(|name| ["api_", "th_", "lj_ir_", "lj_gc_"].iter().any(|noise| name.starts_with(noise)))
    );

    let code = assemble(&mut f, "MAX");
    drop(f);
    let mut plain = Traces::new(&Library::builtin(), Layout::default());
    assert_eq!(assemble(&mut plain, "MAX"), code);
    let other = plain.jit.edges().expect_err("it counts nothing");
    assert!(matches!(&other, Error::BadArgument { text } if text.contains("guided")), "{other}");
}
