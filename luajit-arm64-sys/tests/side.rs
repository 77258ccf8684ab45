//! Side traces, with the linked-in build.

mod traces;

use std::sync::{Mutex, MutexGuard, PoisonError};

use luajit_arm64_sys::{Error, Layout, Library, Link, Opts, Place, Repeat, SnapEntry, TRef};
use traces::Traces;

/// The build carries one Lua state at a time, and tests run in threads.
static ONE: Mutex<()> = Mutex::new(());

fn fixture() -> (MutexGuard<'static, ()>, Traces) {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    (one, Traces::new(&Library::builtin(), Layout::default()))
}

#[test]
fn a_side_trace_takes_over_an_exit() {
    let (_one, mut f) = fixture();
    f.check_side();
}

/// More values than registers, all live at exit 1.
fn crowded_parent(f: &mut Traces) -> Vec<TRef> {
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap_at(&[], 42, 0).expect("snapshot");
    let values: Vec<_> = (0..30).map(|n| f.load("INT", 8 * n)).collect();
    let entries: Vec<_> = (2..).zip(&values).map(|(slot, &value)| SnapEntry::new(slot, value)).collect();
    f.jit.snap_at(&entries, 42, 1).expect("snapshot");
    let limit = f.jit.kint(5).expect("constant");
    f.fold("LT", ">INT", values[0], limit).expect("folded");
    f.jit.snap_at(&entries, 42, 2).expect("snapshot");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.jit.commit().expect("committed");
    values
}

#[test]
fn a_side_trace_inherits_registers_and_spills() {
    let (_one, mut f) = fixture();
    let values = crowded_parent(&mut f);
    let parent = f.jit.code().expect("committed");
    let inherits = values.iter().step_by(2).map(|&value| f.jit.loc(1, value).expect("known"));
    let spilled = inherits.filter(|loc| loc.spill.is_some()).count();
    assert!(spilled > 0 && spilled < values.len() / 2, "{spilled}");
    f.jit.begin_side(parent.traceno, 1, Opts::DEFAULT).expect("begun");
    // All of them at once are "too complex" to LuaJIT.
    let inherited: Vec<_> =
        (2..32).step_by(2).map(|slot| f.jit.slot(slot).expect("building").expect("replayed").value).collect();
    let sum = inherited.into_iter().reduce(|sum, value| f.folded("ADD", "INT", sum, value)).expect("some");
    f.jit.snap_at(&[SnapEntry::new(2, sum)], 42, 3).expect("snapshot");
    f.jit.assemble(Link::Interp, 0).expect("assembled");
    f.jit.commit().expect("committed");
    let side = f.jit.code().expect("committed");
    assert!(side.spadjust >= parent.spadjust, "the stack frame never shrinks");
    assert_ne!(f.jit.code_of(parent.traceno).expect("still there").start, side.start);
    let notes = |traceno| f.jit.notes_of(traceno).expect("kept").ranges().map(|(value, _)| value).collect::<Vec<_>>();
    assert_eq!(notes(parent.traceno).first(), Some(&TRef::ins(1)));
    assert!(notes(side.traceno).contains(&sum));
}

#[test]
fn both_traces_restore_their_own_exits() {
    let (_one, mut f) = fixture();
    f.parent();
    let parent = f.jit.code().expect("committed");
    f.jit.begin_side(parent.traceno, 1, Opts::DEFAULT).expect("begun");
    let inherited = f.jit.slot(2).expect("building").expect("replayed").value;
    let double = f.folded("ADD", "INT", inherited, inherited);
    f.jit.snap_at(&[SnapEntry::new(2, double)], 8, 20).expect("snapshot");
    let limit = f.jit.kint(0).expect("constant");
    f.fold("GT", ">INT", double, limit).expect("folded");
    f.jit.snap_at(&[SnapEntry::new(2, double)], 8, 21).expect("snapshot");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.jit.commit().expect("committed");
    let side = f.jit.code().expect("committed");
    let (layout, tag) =
        (f.jit.tables().exit_state, f.jit.tables().value("LJ_TISNUM").expect("known").cast_unsigned() << 47);
    for (traceno, value, number) in [(side.traceno, double, 77), (parent.traceno, TRef::ins(1), 88)] {
        let Some(Place::Gpr(reg)) = f.jit.loc_of(traceno, 1, value).expect("known").reg else { panic!("an integer") };
        let mut state = vec![0; layout.size];
        state[layout.gpr + 8 * usize::from(reg)] = number;
        f.jit.restore(traceno, 1, &state).expect("restored");
        assert_eq!(f.jit.read_u64(side.base).expect("slot 2"), tag | u64::from(number));
    }
    assert!(f.jit.restore(side.traceno, 3, &vec![0; layout.size]).is_ok(), "the stack check's exit is the parent's");
    assert!(f.jit.restore(side.traceno, 4, &vec![0; layout.size]).is_err());
}

#[test]
fn the_exit_stub_tells_which_trace_was_left() {
    let (_one, mut f) = fixture();
    f.parent();
    let parent = f.jit.code().expect("committed");
    f.jit.begin_side(parent.traceno, 1, Opts::DEFAULT).expect("begun");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.jit.commit().expect("committed");
    for code in [parent, f.jit.code().expect("committed")] {
        // movz w0, #traceno: the word behind the call, which the link register points to.
        let words = f.words_of(&code);
        let movz = words[usize::try_from((code.stub0 - code.start) / 4).expect("small") - 1];
        assert_eq!((movz >> 21, movz >> 5 & 0xffff), (0b010_1001_0100, code.traceno));
    }
}

#[test]
fn a_side_trace_that_loops_has_its_own_loop() {
    let (_one, mut f) = fixture();
    f.counting_iteration(Opts::DEFAULT);
    f.jit.optimize(Repeat::Iteration).expect("optimized");
    f.jit.assemble(Link::Loop, 0).expect("assembled");
    f.jit.commit().expect("committed");
    let root = f.jit.code().expect("committed");
    f.jit.begin_side(root.traceno, 1, Opts::DEFAULT).expect("begun");
    let i = f.jit.slot(2).expect("building").expect("replayed").value;
    let one = f.jit.kint(1).expect("constant");
    let next = f.folded("SUB", "INT", i, one);
    f.jit.snap_at(&[SnapEntry::new(2, next)], 4, 30).expect("snapshot");
    let limit = f.jit.kint(0).expect("constant");
    f.fold("GT", ">INT", next, limit).expect("folded");
    f.jit.snap_at(&[SnapEntry::new(2, next)], 4, 31).expect("snapshot");
    f.jit.optimize(Repeat::Iteration).expect("optimized");
    f.jit.assemble(Link::Loop, 0).expect("assembled");
    f.jit.commit().expect("committed");
    let side = f.jit.code().expect("committed");
    assert!(side.loop_ofs > 0);
    assert_eq!(f.jit.snap_tags(side.traceno).expect("committed"), [7, 30, 7, 30]);
}

#[test]
fn exits_that_cannot_have_a_side_trace_are_refused() {
    let (_one, mut f) = fixture();
    f.parent();
    let parent = f.jit.code().expect("committed").traceno;
    for (traceno, exitno) in [(0, 0), (parent, 3), (parent + 1, 0), (60_000, 0), (parent, 2)] {
        let error = f.jit.begin_side(traceno, exitno, Opts::DEFAULT).expect_err("refused");
        assert!(matches!(error, Error::BadArgument { .. }), "{error}");
    }
    f.jit.begin_side(parent, 1, Opts::DEFAULT).expect("begun");
    f.jit.drop_trace();
    f.jit.begin_side(parent, 1, Opts::DEFAULT).expect("a dropped one leaves no trace");
    let error = f.jit.assemble(Link::Loop, 0).expect_err("it has no LOOP");
    assert!(matches!(error, Error::BadArgument { .. }), "{error}");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.jit.commit().expect("committed");
    assert!(matches!(f.jit.begin_side(parent, 1, Opts::DEFAULT), Err(Error::BadArgument { .. })), "it is patched once");
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("a root trace after a side trace");
}

#[test]
fn notes_of_the_last_traces_stay_when_there_are_many() {
    let (_one, mut f) = fixture();
    for traceno in 1..=60 {
        f.jit.begin(Opts::NONE).expect("begun");
        f.jit.snap(&[], 2).expect("snapshot");
        let a = f.load("INT", 0);
        let sum = (0..600).fold(a, |sum, _| f.emit("ADD", "INT", sum, a));
        f.jit.snap(&[SnapEntry::new(2, sum)], 3).expect("snapshot");
        f.jit.assemble(Link::Return, 0).expect("assembled");
        f.jit.commit().expect("committed");
        for known in [traceno, (traceno - 1).max(1)] {
            let (code, notes) = (f.jit.code_of(known).expect("committed"), f.jit.notes_of(known).expect("committed"));
            let first = notes.ranges().next();
            assert!(first.is_none_or(|(value, range)| value == TRef::ins(1) && range.start == code.start), "{known}");
            assert!(known != traceno || notes.ranges().count() == 601, "{known}");
        }
    }
}
