//! The linked-in build: what it says of itself, and that traces come out whole, the same every time, and after every error.

mod traces;

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use luajit_arm64_sys::{Error, Folded, Jit, Layout, Library, Link, OpKind, Operand, Opts, Place, SnapEntry, TRef};

use traces::{Traces, is_add_word, is_load_word};

/// The build carries one Lua state at a time, and tests run in threads.
static ONE: Mutex<()> = Mutex::new(());

/// The one state, and the right to it.
struct Fixture {
    traces: Traces,
    _one: MutexGuard<'static, ()>,
}

impl Fixture {
    fn new() -> Self {
        Self::with(Layout::default())
    }

    fn with(layout: Layout) -> Self {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self { traces: Traces::new(&Library::builtin(), layout), _one: one }
    }
}

impl Deref for Fixture {
    type Target = Traces;

    fn deref(&self) -> &Traces {
        &self.traces
    }
}

impl DerefMut for Fixture {
    fn deref_mut(&mut self) -> &mut Traces {
        &mut self.traces
    }
}

#[test]
fn tables_name_opcodes_types_and_functions() {
    let library = Library::builtin();
    let tables = library.tables();
    let xload = &tables.ops[usize::from(tables.op("XLOAD").expect("there is XLOAD"))];
    assert_eq!((xload.op1, xload.op2, xload.kind), (Operand::Ref, Operand::Literal, OpKind::Load));
    let add = &tables.ops[usize::from(tables.op("ADD").expect("there is ADD"))];
    assert!(add.commutative && add.kind == OpKind::Normal);
    assert_eq!(tables.value("IR__MAX"), i64::try_from(tables.ops.len()).ok());
    assert_eq!(tables.types[usize::from(tables.ir_type("U16").expect("there is U16"))].value, 2);
    let modi = &tables.calls[tables.call("lj_vm_modi").expect("there is lj_vm_modi") as usize];
    assert_eq!((modi.nargs, modi.available), (2, true));
    assert_eq!(tables.call("softfp_add"), None, "soft-float functions keep their numbers but do not exist");
    assert_eq!(tables.value("REF_BIAS"), Some(0x8000));
    assert!(tables.trace_errors.iter().any(|row| row.name == "SPILLOV" && row.text == "too many spill slots"));
    assert_eq!(tables.exit_state.size, 1536);
}

#[test]
fn builtin_names_its_release() {
    let library = Library::builtin();
    let info = library.info();
    assert_eq!(info.id(), "luajit@210.7.4");
    assert!(info.full_version().starts_with("210.7.4+"));
    assert_eq!(library.tables().version, format!("LuaJIT 2.1.{}", info.relver));
}

#[test]
fn small_trace_assembles_to_two_loads_and_an_add() {
    let mut f = Fixture::new();
    let sum = f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let words = f.words();
    assert_eq!(words.iter().filter(|&&word| is_load_word(word)).count(), 2, "{words:x?}");
    assert_eq!(words.iter().filter(|&&word| is_add_word(word)).count(), 1, "{words:x?}");
    let code = f.jit.code().expect("assembled");
    assert_eq!((code.nexits, code.far_exit), (3, false));
    assert!(matches!(f.jit.loc(1, sum).expect("located").reg, Some(Place::Gpr(_))));
}

#[test]
fn exit_stubs_branch_to_the_common_part() {
    let mut f = Fixture::new();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let code = f.jit.code().expect("assembled");
    for exitno in 0..code.nexits {
        let mut bytes = [0; 4];
        f.jit.read(code.stub(exitno), &mut bytes).expect("mapped");
        let word = u32::from_le_bytes(bytes);
        // bl with a negative 26-bit word offset.
        let offset = (word << 6).cast_signed() >> 6;
        assert_eq!(word >> 26, 0b10_0101);
        assert_eq!(code.stub(exitno).wrapping_add_signed(4 * i64::from(offset)), code.stubs);
    }
}

#[test]
fn every_instruction_of_the_trace_has_its_code() {
    let mut f = Fixture::new();
    let sum = f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let (code, notes) = (f.jit.code().expect("assembled"), f.jit.notes().expect("assembled"));
    let ranges: Vec<_> = notes.ranges().collect();
    assert_eq!(ranges.first().expect("not empty").1.start, code.start);
    assert!(ranges.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1.end == pair[1].1.start), "{ranges:x?}");
    assert!(ranges.last().expect("not empty").1.end <= code.start + code.size);
    let add = f.words().iter().position(|&word| is_add_word(word)).expect("there is an add");
    assert_eq!(notes.at(code.start + 4 * add as u64), Some(sum));
}

#[test]
fn reset_makes_the_next_trace_identical() {
    let mut f = Fixture::new();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let (first, code) = (f.words(), f.jit.code().expect("assembled"));
    f.jit.commit().expect("committed");
    f.jit.begin(Opts::NONE).expect("begun");
    f.jit.reset();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    assert_eq!(f.words(), first);
    assert_eq!(f.jit.code().expect("assembled"), code);
    f.jit.scrub();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    assert_eq!(f.words(), first);
}

#[test]
fn reset_clears_old_code_and_scrub_clears_data() {
    let mut f = Fixture::new();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let (start, data) = (f.jit.code().expect("assembled").start, f.jit.regions()[2].addr);
    f.jit.write_u64(data, 1).expect("in the arena");
    assert_ne!(f.jit.read_u64(start).expect("in the arena"), 0);
    f.jit.reset();
    assert_eq!(f.jit.read_u64(start).expect("in the arena"), 0);
    assert_eq!(f.jit.read_u64(data).expect("in the arena"), 1);
    f.jit.scrub();
    assert_eq!(f.jit.read_u64(data).expect("in the arena"), 0);
}

#[test]
fn a_new_jit_on_the_same_build_gives_the_same_code() {
    let words = || {
        let mut f = Fixture::new();
        f.sum();
        f.jit.assemble(Link::Return, 0).expect("assembled");
        f.words()
    };
    assert_eq!(words(), words());
}

#[test]
fn fold_makes_constants_and_reuses_instructions() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let (one, two, three) = (f.jit.kint(1).expect("k"), f.jit.kint(2).expect("k"), f.jit.kint(3).expect("k"));
    assert_eq!(f.fold("ADD", "INT", one, two).expect("folded"), Folded::Ref(three));
    let x = f.load("INT", 0);
    let sum = f.fold("ADD", "INT", x, one).expect("folded");
    assert_eq!(f.fold("ADD", "INT", x, one).expect("folded"), sum);
    let zero = f.jit.kint(0).expect("k");
    assert_eq!(f.fold("ADD", "INT", x, zero).expect("folded"), Folded::Ref(x));
}

#[test]
fn fold_drops_true_guards_and_reports_false_ones() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let (one, two) = (f.jit.kint(1).expect("k"), f.jit.kint(2).expect("k"));
    assert_eq!(f.fold("LT", ">INT", one, two).expect("folded"), Folded::Dropped);
    let error = f.fold("GT", ">INT", one, two).expect_err("1 > 2");
    assert!(matches!(&error, Error::Trace(e) if e.name == "GFAIL"), "{error}");
    let x = f.load("INT", 0);
    let Folded::Ref(guard) = f.fold("LT", ">INT", x, one).expect("kept") else { panic!("an unknown guard stays") };
    assert_eq!(f.jit.ir(guard).expect("there").ty & 0x80, 0x80);
}

#[test]
fn constant_conversions_saturate_as_on_arm64() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let (op, ty, num) = (f.op("CONV"), f.ty("I64"), f.ty("NUM"));
    let dsh = f.jit.tables().value("IRCONV_DSH").expect("known");
    let mode = u16::from(ty) << dsh | u16::from(num);
    let mut convert = |x: f64| {
        let k = f.jit.knum(x.to_bits()).expect("k");
        let folded = f.jit.fold(op, ty, k.0, mode).expect("folded");
        f.jit.ir(folded.value().expect("a constant")).expect("there").value.cast_signed()
    };
    for x in [1e30, -1e30, f64::NAN, -7.9, 4.6e18] {
        assert_eq!(convert(x), x as i64, "{x}");
    }
}

#[test]
fn emit_folds_nothing() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let one = f.jit.kint(1).expect("k");
    assert_eq!(f.emit("ADD", "INT", one, one), TRef::ins(1));
    assert_eq!(f.emit("ADD", "INT", one, one), TRef::ins(2));
    assert_eq!(f.emit("GT", ">INT", one, one), TRef::ins(3));
}

#[test]
fn constants_read_back() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    let k = f.jit.kint(-5).expect("k");
    assert_eq!(f.jit.ir(k).expect("there").value.cast_signed(), -5);
    let k = f.jit.knum(1.5f64.to_bits()).expect("k");
    assert_eq!(f64::from_bits(f.jit.ir(k).expect("there").value), 1.5);
    let k = f.jit.kint64(u64::MAX - 1).expect("k");
    assert_eq!(f.jit.ir(k).expect("there").value, u64::MAX - 1);
    let k = f.jit.kkptr(0x1234_5678_9abc).expect("k");
    assert_eq!(f.jit.ir(k).expect("there").value, 0x1234_5678_9abc);
    assert!(k.is_const());
}

#[test]
fn more_constants_than_the_first_buffer_holds() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    let ks: Vec<TRef> = (0..240).map(|n| f.jit.kint64(n).expect("k")).collect();
    assert!(ks.iter().enumerate().all(|(n, &k)| f.jit.ir(k).expect("there").value == n as u64));
    let error = (0..).find_map(|n| f.jit.kint64(1000 + n).err()).expect("a limit");
    assert!(matches!(&error, Error::Trace(e) if e.name == "TRACEOV"), "{error}");
}

#[test]
fn a_trace_error_names_the_instruction_and_the_next_trace_is_fine() {
    let mut f = Fixture::new();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let good = f.words();
    f.jit.reset();
    f.sum();
    let (op, ty) = (f.op("PVAL"), f.ty("INT"));
    let bad = f.jit.emit(op, ty, 1, 0).expect("emitted");
    f.jit.snap(&[SnapEntry::new(2, bad)], 3).expect("snapshot");
    let error = f.jit.assemble(Link::Return, 0).expect_err("a root trace has no parent");
    let Error::Trace(error) = error else { panic!("{error}") };
    assert_eq!((error.name, error.info, error.at_ref), ("NYIIR", Some(i32::from(op)), Some(bad)));
    assert_eq!(error.text, format!("NYI: cannot assemble IR instruction {op}"));
    f.jit.reset();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    assert_eq!(f.words(), good);
}

#[test]
fn operands_that_are_no_refs_are_refused() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    let (add, int) = (f.op("ADD"), f.ty("INT"));
    let one = f.jit.kint(1).expect("k");
    for bad in [0, 1, TRef::ins(1).0, u16::MAX] {
        let error = f.jit.emit(add, int, one.0, bad).expect_err("no ref");
        assert!(matches!(error, Error::BadArgument { .. }), "{error}");
    }
    let kint = f.op("KINT");
    let error = f.jit.emit(kint, int, 0, 0).expect_err("a constant");
    assert!(matches!(error, Error::BadArgument { .. }), "{error}");
}

#[test]
fn calls_out_of_order_are_refused() {
    let mut f = Fixture::new();
    assert!(matches!(f.jit.kint(1), Err(Error::BadArgument { .. })));
    assert!(matches!(f.jit.assemble(Link::Return, 0), Err(Error::BadArgument { .. })));
    assert!(matches!(f.jit.code(), Err(Error::BadArgument { .. })));
    assert!(matches!(f.jit.commit(), Err(Error::BadArgument { .. })));
    f.jit.begin(Opts::DEFAULT).expect("begun");
    let error = f.jit.assemble(Link::Return, 0).expect_err("no snapshot");
    assert!(error.to_string().contains("first snapshot"), "{error}");
}

#[test]
fn one_state_at_a_time() {
    let _f = Fixture::new();
    assert!(matches!(Jit::new(&Library::builtin(), Layout::default()), Err(Error::Busy)));
}

#[test]
fn overlapping_layouts_are_refused_and_the_build_stays_usable() {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let layout = Layout { data_ofs: Layout::default().mcode_ofs, ..Layout::default() };
    assert!(matches!(Jit::new(&Library::builtin(), layout), Err(Error::BadArgument { .. })));
    drop(one);
    Fixture::new().sum();
}

#[test]
fn a_loop_with_a_phi_branches_back_into_itself() {
    let mut f = Fixture::new();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let start = f.load("INT", 0);
    let (k1, k9) = (f.jit.kint(1).expect("k"), f.jit.kint(9).expect("k"));
    let first = f.emit("ADD", "INT", start, k1);
    f.jit.snap(&[SnapEntry::new(2, first)], 3).expect("snapshot");
    f.emit("LE", ">INT", first, k9);
    f.jit.snap(&[SnapEntry::new(2, first)], 3).expect("snapshot");
    f.emit("LOOP", ">NIL", TRef(0), TRef(0));
    let next = f.emit("ADD", "INT", first, k1);
    f.jit.snap(&[SnapEntry::new(2, next)], 3).expect("snapshot");
    f.emit("LE", ">INT", next, k9);
    f.emit("PHI", "INT", first, next);
    assert_eq!(f.jit.ir(first).expect("there").ty & 0x40, 0x40, "IRT_ISPHI");
    f.jit.assemble(Link::Loop, 0).expect("assembled");
    let code = f.jit.code().expect("assembled");
    assert!(code.loop_ofs > 0 && code.loop_ofs < code.size);
    assert_eq!(f.jit.loc(3, next).expect("located").reg, f.jit.loc(2, first).expect("located").reg);
}

#[test]
fn restore_puts_registers_into_stack_slots() {
    Fixture::new().check_restore();
}

#[test]
fn c_functions_run_on_the_host() {
    let mut f = Fixture::new();
    let call = |f: &mut Fixture, name: &str, x: [u64; 2], d: f64| {
        let id = f.jit.tables().call(name).expect(name);
        let (mut xs, mut ds) = ([0; 8], [0; 8]);
        xs[..2].copy_from_slice(&x);
        ds[0] = d.to_bits();
        // SAFETY: these functions take numbers only.
        unsafe { f.jit.call(id, &xs, &ds) }.expect("called")
    };
    let minus_seven = u64::from((-7i32).cast_unsigned());
    assert_eq!(call(&mut f, "lj_vm_modi", [minus_seven, 3], 0.0).0 & 0xffff_ffff, 2);
    assert_eq!(f64::from_bits(call(&mut f, "exp", [0, 0], 0.0).1), 1.0);
}

#[test]
fn code_calls_made_up_addresses() {
    let mut f = Fixture::new();
    let id = f.jit.tables().call("lj_vm_modi").expect("there is lj_vm_modi");
    let layout = *f.jit.layout();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let (a, b) = (f.load("INT", 0), f.load("INT", 4));
    let args = f.emit("CARG", "NIL", a, b);
    let (op, ty) = (f.op("CALLN"), f.ty("INT"));
    let result = f.jit.emit(op, ty, args.0, u16::try_from(id).expect("small")).expect("emitted");
    f.jit.snap(&[SnapEntry::new(2, result)], 3).expect("snapshot");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let start = f.jit.code().expect("assembled").start;
    let targets = f.words().into_iter().zip((start..).step_by(4)).filter_map(|(word, at)| {
        let offset = (word << 6).cast_signed() >> 6;
        (word >> 26 == 0b10_0101).then(|| at.wrapping_add_signed(4 * i64::from(offset)))
    });
    let called: Vec<u32> = targets.filter_map(|to| layout.call_at(to, f.jit.tables().calls.len())).collect();
    assert_eq!(called, [id]);
}

#[test]
fn memory_outside_of_the_regions_is_refused() {
    let mut f = Fixture::new();
    let layout = *f.jit.layout();
    for addr in [0, layout.exit_handler(), layout.base + layout.total, layout.base + layout.heap_size - 4] {
        assert!(matches!(f.jit.read_u64(addr), Err(Error::OutOfBounds { .. })), "{addr:#x}");
        assert!(matches!(f.jit.write_u64(addr, 0), Err(Error::OutOfBounds { .. })), "{addr:#x}");
    }
}

#[test]
fn a_far_exit_handler_makes_far_stubs() {
    let mut f = Fixture::with(Layout { vm_ofs: 400 << 20, total: 401 << 20, ..Layout::default() });
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    assert!(f.jit.code().expect("assembled").far_exit);
}

#[test]
fn only_random_builds_take_a_seed() {
    let mut f = Fixture::new();
    assert!(!f.jit.set_ra_seed(1));
}
