//! A `blame` build tells who wrote each word, and where values were.

mod traces;

use std::path::Path;

use luajit_arm64_sys::{Error, Layout, Library, Lines, Link, Variant, build_shared};
use traces::Traces;

/// One test for a build, which takes a while.
#[test]
fn each_word_of_a_trace_has_a_writer_below_asm_ir() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("newest-blame.so");
    build_shared(Path::new(env!("LUAJIT_SOURCE")), Variant::Blame, &path).expect("it builds");
    let library = Library::load(&path).expect("loads");
    let mut f = Traces::new(&library, Layout { base: 0x1300_0000_0000, ..Layout::DEFAULT });
    let sum = f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let (code, record) = (f.jit.code().expect("code"), f.jit.record().expect("recorded"));
    assert_eq!(record.lost, 0);

    let lines = Lines::open(&path).expect("lines");
    let notes = f.jit.notes().expect("notes");
    let words: Vec<u64> = code.range().step_by(4).filter(|at| notes.at(*at) == Some(sum)).collect();
    assert!(!words.is_empty());
    for address in words {
        let write = record.writes.iter().rev().find(|w| w.addr == address).expect("a writer");
        let frames: Vec<_> = write.chain.iter().flat_map(|at| lines.at(*at)).collect();
        let at = |name: &str| frames.iter().position(|frame| frame.function == name).expect(name);
        assert!(at("asm_add") < at("asm_ir") && at("asm_ir") < at("lj_asm_trace"), "{frames:?}");
        assert!(frames.iter().all(|frame| frame.file.starts_with("src/")), "{frames:?}");
    }

    let behind = record.behind.iter().find(|b| b.at == sum).expect("the sum has code");
    assert!(behind.held.iter().any(|held| held.value == sum && held.reg.is_some()), "{behind:?}");
    let handler = lines.at(behind.handler.expect("a handler"));
    assert_eq!(handler[0].function, "asm_add");

    let other = Traces::new(&Library::builtin(), Layout::default()).jit.record().expect_err("it records nothing");
    assert!(matches!(&other, Error::BadArgument { text } if text.contains("blame")), "{other}");
}
