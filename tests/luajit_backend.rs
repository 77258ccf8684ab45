//! The LuaJIT backend on small traces: what it assembles, folds and refuses.

use luajit_arm64_sys::Library;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracehound::backend::luajit::LuaJit;
use tracehound::backend::{Backend, BackendId, Refusal};
use tracehound::case::{Case, Emit, Input, OptFlags};
use tracehound::code::{Code, Place};
use tracehound::ir::{
    ALL_OPS, ALL_TYPES, Arg, Const, Ins, Link, Lit, Op, Ref, RegionId, Slot, Snap, SnapEntry, SymPtr, Trace, Type,
    XloadMode,
};
use tracehound::oracle::{Oracle, Verdict};
use tracehound::world::{Region, TAG_INT, World};

/// A process can have one Lua state: tests take turns, which end when it is gone.
struct Turn(LuaJit, MutexGuard<'static, ()>);

impl std::ops::Deref for Turn {
    type Target = LuaJit;
    fn deref(&self) -> &LuaJit {
        &self.0
    }
}

impl std::ops::DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut LuaJit {
        &mut self.0
    }
}

fn backend() -> Turn {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let library = Library::builtin();
    let id = BackendId { name: "luajit".into(), version: "builtin".into(), variant: "plain".into() };
    Turn(LuaJit::new(&library, id).expect("the builtin library starts"), turn)
}

fn ins(op: Op, ty: Type, op1: Arg, op2: Arg) -> Ins {
    Ins { op, ty, guard: false, op1, op2 }
}

fn r(n: u16) -> Arg {
    Arg::Ref(Ref(n))
}

fn xload(ty: Type, at: Arg) -> Ins {
    ins(Op::XLOAD, ty, at, Arg::Lit(Lit::Xload(XloadMode::default())))
}

fn add(at: Arg, k: i64) -> Ins {
    ins(Op::ADD, Type::P64, at, Arg::K(Const::Int64(k)))
}

fn case(ins: Vec<Ins>, last: Vec<SnapEntry>, emit: Emit) -> Case {
    let end = Ref(u16::try_from(ins.len()).unwrap() + 1);
    let snaps = vec![Snap { at: Ref(1), entries: vec![] }, Snap { at: end, entries: last }];
    let regions = vec![Region { name: "data".into(), offset: 64, size: 64, readonly: false }];
    let input = Input { memory: vec![vec![0; 64]], ..Input::default() };
    let trace = Trace { ins, snaps, link: Link::Return };
    let case = Case::new(trace, World { regions, objects: vec![] }, vec![input], emit, OptFlags::default());
    case.check().expect("a legal case");
    case
}

fn pointer() -> Arg {
    Arg::K(Const::Ptr(SymPtr { region: RegionId(0), offset: 0 }))
}

fn words(code: &Code) -> Vec<u32> {
    code.bytes[..code.body as usize].as_chunks().0.iter().map(|w| u32::from_le_bytes(*w)).collect()
}

/// Two loads below a common base, as in the trace that crashed Kong.
fn negative_pair(emit: Emit) -> Case {
    let body = vec![
        xload(Type::P64, pointer()),
        add(r(1), -8),
        xload(Type::Int, r(2)),
        add(r(1), -4),
        xload(Type::Int, r(4)),
        ins(Op::ADD, Type::Int, r(3), r(5)),
    ];
    case(body, vec![SnapEntry { slot: Slot(2), value: r(6) }], emit)
}

#[test]
fn neighbouring_loads_become_a_pair() {
    for emit in [Emit::Raw, Emit::Fold] {
        let code = backend().compile(&negative_pair(emit)).expect("it assembles");
        // LDP Wt1, Wt2, [Xn, #-8]: opc 00, 101 0 010 1, imm7 -2.
        assert!(words(&code).iter().any(|w| w & 0xffff_8000 == 0x297f_0000), "{:08x?}", words(&code));
    }
}

#[test]
fn code_is_the_same_every_time() {
    let mut backend = backend();
    let first = backend.compile(&negative_pair(Emit::Fold)).unwrap();
    backend.compile(&case(vec![xload(Type::Num, pointer())], vec![], Emit::Raw)).unwrap();
    assert_eq!(backend.compile(&negative_pair(Emit::Fold)).unwrap(), first);
}

#[test]
fn marks_cover_the_body_and_name_the_instructions() {
    let code = backend().compile(&negative_pair(Emit::Raw)).unwrap();
    let pair = words(&code).iter().position(|w| w & 0xffff_8000 == 0x297f_0000).unwrap();
    // The second load was assembled first (backwards) and the first one merged into its word.
    assert!(matches!(code.ref_at(4 * u32::try_from(pair).unwrap()), Some(Ref(3..=5))));
    assert!(code.marks.windows(2).all(|m| m[0].end == m[1].start), "{:?}", code.marks);
}

#[test]
fn fold_computes_constants_and_raw_does_not() {
    let body = vec![
        xload(Type::Int, pointer()),
        ins(Op::BAND, Type::Int, r(1), Arg::K(Const::Int(0))),
        ins(Op::ADD, Type::Int, r(2), Arg::K(Const::Int(5))),
    ];
    let last = vec![SnapEntry { slot: Slot(2), value: r(3) }];
    let mut backend = backend();
    let folded = backend.compile(&case(body.clone(), last.clone(), Emit::Fold)).unwrap();
    assert_eq!(folded.exits[1].values[0].place, Place::Known(5));
    let raw = backend.compile(&case(body, last, Emit::Raw)).unwrap();
    assert_ne!(raw.exits[1].values[0].place, Place::Known(5));
}

#[test]
fn a_guard_that_fold_sees_fail_is_a_skip_with_its_reason() {
    let body = vec![
        xload(Type::Int, pointer()),
        ins(Op::BAND, Type::Int, r(1), Arg::K(Const::Int(0))),
        Ins { guard: true, ..ins(Op::NE, Type::Int, r(2), Arg::K(Const::Int(0))) },
    ];
    let refused = backend().compile(&case(body, vec![], Emit::Fold));
    assert_eq!(refused, Err(Refusal::Skip("trace error GFAIL".into())));
}

#[test]
fn opcode_table_is_the_librarys_own() {
    let library = Library::builtin();
    let theirs: Vec<(&str, u8)> = library.tables().ops.iter().map(|op| (op.name, op.mode)).collect();
    let ours: Vec<(&str, u8)> = ALL_OPS.iter().map(|op| (op.name(), op.info().lj_mode())).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn types_and_tags_are_the_librarys_own() {
    let library = Library::builtin();
    let tables = library.tables();
    let theirs: Vec<(&str, i64)> = tables.types.iter().map(|t| (t.name, t.value)).collect();
    let ours: Vec<(&str, i64)> = ALL_TYPES
        .iter()
        .filter(|t| !matches!(t, Type::Nil | Type::False | Type::True))
        .map(|t| (t.lj_name(), i64::from(t.size())))
        .collect();
    assert_eq!(ours, theirs[3..]);
    let tag = tables.value("LJ_TISNUM").expect("every LuaJIT has LJ_TISNUM");
    assert_eq!(TAG_INT, u64::from(u32::try_from(tag & 0xffff_ffff).unwrap() << 15));
}

#[test]
fn an_int_that_fold_finds_equal_to_a_u32_is_no_case() {
    let body = vec![xload(Type::U32, pointer()), ins(Op::ADD, Type::Int, r(1), Arg::K(Const::Int(0)))];
    let last = vec![SnapEntry { slot: Slot(2), value: r(2) }];
    let refused = backend().compile(&case(body.clone(), last.clone(), Emit::Fold));
    assert_eq!(refused, Err(Refusal::Skip("FOLD left a u32 in a snapshot".into())));
    assert!(backend().compile(&case(body, last, Emit::Raw)).is_ok());
}

/// `(x + 1.0)` as an int, that FOLD makes `int(x) + 1`.
fn converted_sum(x: f64) -> Case {
    let text = format!(
        "; tracehound 1
; emit fold
; region data 8 at 0
; input 1
;   slot 2 num {x:?}
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  num SLOAD  #2    T
0002    num ADD    0001  +1.0
0003    int CONV   0002  int.num
0004    int XSTORE [data+0]  0003
---- TRACE 1 stop -> interpreter
"
    );
    tracehound::text::parse(&text).unwrap().case
}

#[test]
fn what_fold_narrows_is_named_and_tolerated_for_fractions_only() {
    let code = backend().compile(&converted_sum(1.0)).unwrap();
    assert_eq!(code.narrowed, [Ref(2), Ref(1)]);
    assert_eq!(backend().compile(&Case { emit: Emit::Raw, ..converted_sum(1.0) }).unwrap().narrowed, []);
    let mut off = converted_sum(1.0);
    off.flags.narrow = false;
    assert_eq!(backend().compile(&off).unwrap().narrowed, []);
    let Turn(luajit, _turn) = backend();
    let mut oracle = Oracle::new(Box::new(luajit)).unwrap();
    let mut left_out = |case: &Case| {
        let judged = oracle.judge(case).unwrap();
        assert_eq!(judged.verdict, Verdict::Agree);
        judged.stats.skipped_inputs.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(left_out(&converted_sum(1.0)), []);
    assert_eq!(left_out(&converted_sum(-0.5)), [("tolerated: narrowed-sum".to_string(), 1)]);
    assert_eq!(left_out(&Case { emit: Emit::Raw, ..converted_sum(-0.5) }), []);
}

#[test]
fn a_loop_that_ends_with_a_check_of_the_collector_is_no_case() {
    let file = |last: &str| {
        let text = format!(
            "; tracehound 1
; emit raw
; input 1
;   slot 2 int +1
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001    int SLOAD  #2
....        SNAP   #1   [ ---- ---- ]
0002 ------ LOOP ------------
0003    int SLOAD  #3
0004 >  int GE     0001  +1
....        SNAP   #2   [ ---- ---- ]
0005 >  nil GCSTEP
{last}
---- TRACE 1 stop -> loop
"
        );
        tracehound::text::parse(&text).unwrap().case
    };
    let refused = backend().compile(&file("0006    int PHI    0001  0003"));
    assert_eq!(refused, Err(Refusal::Skip("a GCSTEP is the last thing that the loop does".into())));
    assert!(backend().compile(&file("0006 >  int LT     0003  +9\n0007    int PHI    0001  0003")).is_ok());
}

#[test]
fn where_no_guard_leaves_no_side_trace_starts() {
    let file = |first: &str| {
        let text = format!(
            "; tracehound 1
; emit fold
; input 1
;   slot 2 int +1
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
{first}
....        SNAP   #1   [ ---- ---- ]
0002 >  int SLOAD  #2    T
....        SNAP   #2   [ ---- ---- ]
---- TRACE 1 stop -> interpreter
---- TRACE 2 start 1/0
....        SNAP   #0   [ ---- ---- ]
---- TRACE 2 stop -> interpreter
"
        );
        tracehound::text::parse(&text).unwrap().case
    };
    assert!(backend().compile(&file("0001 >  nil PROF")).is_ok());
    let refused = backend().compile(&file("0001    nil XBAR"));
    assert_eq!(refused, Err(Refusal::Skip("no guard leaves by the exit where the side trace starts".into())));
}

#[test]
fn strings_are_linked_anew_when_their_table_grows() {
    let text = include_str!("data/growing_string_table.trace");
    let case = tracehound::text::parse(text).unwrap_or_else(|e| panic!("{e}")).case;
    let Turn(luajit, _turn) = backend();
    let mut oracle = Oracle::new(Box::new(luajit)).unwrap();
    assert_eq!(oracle.judge(&case).unwrap().verdict, Verdict::Agree);
    // Thousands of calls an input: a case of many such would take as long as one that hangs.
    let many = Case { inputs: vec![case.inputs[0].clone(); 6], ..case };
    let judged = oracle.judge(&many).unwrap();
    let left_out = judged.stats.skipped_inputs.get("the inputs before made too many calls");
    assert_eq!(judged.stats.inputs + left_out.copied().unwrap_or(0), 6);
    assert!((1..6).contains(&judged.stats.inputs), "{} judged", judged.stats.inputs);
}

#[test]
fn nothing_is_shifted_by_an_address() {
    let count = ins(Op::BSHR, Type::U64, Arg::K(Const::Int64(1)), pointer());
    let refused = backend().compile(&case(vec![count], vec![], Emit::Raw));
    assert_eq!(refused, Err(Refusal::Skip("a shift count is an address".into())));
}
