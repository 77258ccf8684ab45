//! LuaJIT's optimization passes on traces built by hand, with the linked-in build.

mod traces;

use std::sync::{Mutex, MutexGuard, PoisonError};

use luajit_arm64_sys::{Error, Layout, Library, Link, Opts, Repeat, SnapEntry, TRef};
use traces::Traces;

/// The build carries one Lua state at a time, and tests run in threads.
static ONE: Mutex<()> = Mutex::new(());

fn fixture() -> (MutexGuard<'static, ()>, Traces) {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    (one, Traces::new(&Library::builtin(), Layout::default()))
}

#[test]
fn an_iteration_becomes_a_loop_and_tags_map_its_snapshots_back() {
    let (_one, mut f) = fixture();
    f.check_loop();
}

#[test]
fn without_the_loop_optimization_the_trace_stays_and_links_to_its_start() {
    let (_one, mut f) = fixture();
    f.counting_iteration(Opts::DEFAULT.without(Opts::LOOP));
    f.jit.optimize(Repeat::Iteration).expect("optimized");
    assert_eq!(f.ops(), ["SLOAD", "ADD", "LT"]);
    f.jit.assemble(Link::Loop, 0).expect("assembled");
    let code = f.jit.code().expect("assembled");
    let (words, at) = (f.words(), |n: usize| code.start + 4 * n as u64);
    assert!((0..words.len()).any(|n| traces::branch_target(words[n], at(n)) == Some(code.start)), "{words:x?}");
    assert_eq!((code.loop_ofs, f.jit.snap_tags(0).expect("assembled")), (0, vec![0, 7, 0]));
}

#[test]
fn a_type_that_changes_from_iteration_to_iteration_is_a_trace_error() {
    let (_one, mut f) = fixture();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap_at(&[], 4, 0).expect("snapshot");
    let i = f.sload(">INT", 2);
    let text = f.sload(">STR", 3);
    let next = f.folded("ADD", "INT", i, i);
    f.jit.snap_at(&[SnapEntry::new(2, text), SnapEntry::new(3, next)], 4, 1).expect("snapshot");
    let error = f.jit.optimize(Repeat::Iteration).expect_err("a string where an integer was");
    assert!(matches!(&error, Error::Trace(e) if e.name == "TYPEINS"), "{error}");
    f.check_loop();
}

#[test]
fn dead_code_goes_in_loops_only() {
    let (_one, mut f) = fixture();
    for (opts, ops) in [(Opts::DEFAULT, "NOP"), (Opts::DEFAULT.without(Opts::DCE), "MUL")] {
        f.jit.begin(opts).expect("begun");
        f.jit.snap_at(&[], 4, 0).expect("snapshot");
        let i = f.sload(">INT", 2);
        f.folded("MUL", "INT", i, i);
        let next = f.folded("ADD", "INT", i, i);
        f.jit.snap_at(&[SnapEntry::new(2, next)], 4, 1).expect("snapshot");
        f.jit.optimize(Repeat::Iteration).expect("optimized");
        assert_eq!(f.ops()[1], ops);
    }
}

#[test]
fn a_loop_needs_snapshots_at_both_ends_and_slots_that_ascend() {
    let (_one, mut f) = fixture();
    let refused = |f: &mut Traces| {
        let error = f.jit.optimize(Repeat::Iteration).expect_err("refused");
        assert!(matches!(error, Error::BadArgument { .. }), "{error}");
    };
    f.jit.begin(Opts::DEFAULT).expect("begun");
    refused(&mut f);
    f.jit.snap_at(&[], 4, 0).expect("snapshot");
    let i = f.sload(">INT", 2);
    refused(&mut f);
    f.jit.snap_at(&[SnapEntry::new(3, i), SnapEntry::new(2, i)], 4, 1).expect("snapshot");
    refused(&mut f);
    assert!(matches!(f.jit.snap_at(&[], 4, luajit_arm64_sys::Jit::TAGS), Err(Error::BadArgument { .. })));
}

#[test]
fn every_tag_reads_back() {
    let (_one, mut f) = fixture();
    f.jit.begin(Opts::NONE).expect("begun");
    let tags = luajit_arm64_sys::Jit::TAGS - 400..luajit_arm64_sys::Jit::TAGS;
    for tag in tags.clone() {
        f.jit.snap_at(&[SnapEntry::new(2, TRef::TRUE)], 3, tag).expect("snapshot");
    }
    let read: Vec<_> = (0..400).map(|snapno| f.jit.snapshot(0, snapno).expect("taken").tag).collect();
    assert_eq!(read, tags.collect::<Vec<_>>());
}

#[test]
fn a_sunk_box_has_no_register_and_restoring_makes_it() {
    let (_one, mut f) = fixture();
    f.parent();
    let code = f.jit.code().expect("committed");
    let boxed = f.jit.snapshot(0, 1).expect("committed").entries[3].value;
    assert_eq!(f.jit.loc(1, boxed).expect("known").reg, None);
    let (layout, wide) = (f.jit.tables().exit_state, TRef::ins(3));
    let Some(luajit_arm64_sys::Place::Gpr(reg)) = f.jit.loc(1, wide).expect("known").reg else {
        panic!("it is needed at the exit")
    };
    let mut state = vec![0; layout.size];
    state[layout.gpr + 8 * usize::from(reg)..][..8].copy_from_slice(&0x1234_5678_9abc_u64.to_le_bytes());
    f.jit.restore(code.traceno, 1, &state).expect("restored");
    let word = f.jit.read_u64(code.base + 8 * 3).expect("a slot");
    let tag = f.jit.tables().value("LJ_TCDATA").expect("known").cast_unsigned();
    assert_eq!(word >> 47, tag & 0x1_ffff);
    let payload = (word & ((1 << 47) - 1)) + f.jit.tables().value("sizeof(GCcdata)").expect("known").cast_unsigned();
    assert_eq!(f.jit.read_u64(payload).expect("in the heap"), 0x1234_5678_9abc);
}
