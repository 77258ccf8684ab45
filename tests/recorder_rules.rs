//! What LuaJIT's recorder and passes never write is skipped with its reason, and what they write instead is emitted.

use luajit_arm64_sys::Library;
use std::sync::{Mutex, PoisonError};
use tracehound::backend::BackendId;
use tracehound::backend::luajit::LuaJit;
use tracehound::case::Case;
use tracehound::ir::{ObjId, Slot};
use tracehound::oracle::{Oracle, Verdict};
use tracehound::world::SlotValue;

/// The verdict of the built-in LuaJIT's plain build. A process can have one Lua state: tests take turns.
fn judge(case: &Case) -> Verdict {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let id = BackendId { name: "luajit".into(), version: "builtin".into(), variant: "plain".into() };
    let luajit = LuaJit::new(&Library::builtin(), id).expect("the built-in library starts");
    let mut oracle = Oracle::new(Box::new(luajit)).expect("an oracle");
    oracle.judge(case).expect("a verdict").verdict
}

/// A case of a mode: what comes before its traces, and they.
fn case(emit: &str, scene: &str, traces: &str) -> Case {
    let text = format!("; tracehound 1\n; emit {emit}\n; region data 8 at 0\n{scene}; input 1\n{traces}");
    tracehound::text::parse(&text).unwrap_or_else(|e| panic!("{e} in {text}")).case
}

/// A trace from its first snapshot on.
fn straight(body: &str) -> String {
    format!("---- TRACE 1\n....        SNAP   #0   [ ---- ---- ]\n{body}---- TRACE 1 stop -> interpreter\n")
}

fn skip(reason: &str) -> Verdict {
    Verdict::Skip(reason.into())
}

/// A hand-built loop behind three loads, the first two of one place; `snap` is what the snapshot before LOOP has for slot 2.
fn looping(second: &str, snap: &str, guard: &str, phis: &str) -> Verdict {
    let body = format!(
        "0001    int XLOAD  [data+0]
0002    int XLOAD  {second}
0003    int XLOAD  [data+4]
....        SNAP   #1   [ ---- ---- {snap} ]
0004 ------ LOOP ------------
0005    int SLOAD  #3
0006 >  int {guard}
{phis}"
    );
    judge(&case("fold", "", &straight(&body).replace("interpreter", "loop")))
}

#[test]
fn two_phis_of_what_fold_finds_to_be_one_value_are_no_case() {
    let phis = "0007    int PHI    0001  0005\n0008    int PHI    0002  0001\n";
    assert_eq!(looping("[data+4]", "0001", "LT     0001  +0", phis), Verdict::Agree);
    let reason = "FOLD made the left operands of two PHIs one";
    assert_eq!(looping("[data+0]", "0001", "LT     0001  +0", phis), skip(reason));
}

#[test]
fn what_a_loop_carries_and_what_it_finds_unchanged_stay_two_values() {
    let reason = "FOLD made the left operand of a PHI and an invariant one";
    let phi = "0007    int PHI    0001  0005\n";
    assert_eq!(looping("[data+0]", "0003", "GE     0001  0002", phi), skip(reason));
    assert_eq!(looping("[data+4]", "0003", "LT     0001  0002", phi), Verdict::Agree);
    // The first guard behind LOOP leaves by the snapshot before it.
    assert_eq!(looping("[data+0]", "0002", "LT     0001  +0", phi), skip(reason));
    assert_eq!(looping("[data+0]", "0001", "LT     0001  +0", phi), Verdict::Agree);
    assert_eq!(looping("[data+4]", "0002", "LT     0001  +0", phi), Verdict::Agree);
}

/// A new struct that snapshot 1 restores, stored to behind it; `snap` is before the guard.
fn sunk_store(snap: &str) -> Case {
    let last = if snap.is_empty() { 2 } else { 3 };
    let body = format!(
        "0001    cdt CNEW   ctype:struct8   nil
0002    p64 ADD    0001  +16
0003    i64 XSTORE 0002  +0
....        SNAP   #1   [ ---- ---- 0001 ]
0004    p64 ADD    0001  +16
0005    i64 XSTORE 0004  +7
{snap}0006    int XLOAD  [data+0]
0007 >  int EQ     0006  +1
....        SNAP   #{last}   [ ---- ---- 0001 ]
"
    );
    case("passes", "", &straight(&body).replace("interpreter", "loop"))
}

#[test]
fn a_guard_behind_a_sunk_store_has_a_snapshot_of_its_own() {
    assert_eq!(judge(&sunk_store("....        SNAP   #2   [ ---- ---- 0001 ]\n")), Verdict::Agree);
    assert_eq!(judge(&sunk_store("")), skip("a guard behind a sunk store has no snapshot of its own"));
    let mut unsunk = sunk_store("");
    unsunk.flags.sink = false;
    assert_eq!(judge(&unsunk), Verdict::Agree);
}

#[test]
fn pointers_are_compared_with_null_as_the_recorder_does() {
    // FOLD drops a check against the KNULL that it has for fields, and calls one for equality failed.
    for check in ["0002 >  p64 NE     0001  NULL", "0002 >  i64 NE     +0    NULL"] {
        let body = format!("0001    p64 XLOAD  [data+0]\n{check}\n0003    int XSTORE [data+4]  +1\n");
        assert_eq!(judge(&case("fold", "", &straight(&body))), Verdict::Agree, "leaves, as it must: {check}");
    }
    let equal = "0001    p64 XLOAD  [data+0]\n0002 >  p64 EQ     0001  NULL\n";
    assert_eq!(judge(&case("fold", "", &straight(equal))), Verdict::Agree);
}

#[test]
fn a_load_is_of_the_type_that_fold_forwards() {
    let table = |first: &str, load: &str| {
        let place = "0002    p64 FLOAD  0001  tab.array\n0003    p64 AREF   0002  +0\n";
        judge(&case("fold", "", &straight(&format!("0001    tab TNEW   #4    #0\n{place}{first}{load}\n"))))
    };
    let reason = "FOLD forwards a value of another type to a load";
    assert_eq!(table("", "0004 >  int ALOAD  0003"), skip(reason), "a new table is empty");
    assert_eq!(table("0004    num ASTORE 0003  +1.5\n", "0005 >  int ALOAD  0003"), skip(reason));
    assert_eq!(table("0004    num ASTORE 0003  +1.5\n", "0005 >  num ALOAD  0003"), Verdict::Agree);
    assert_eq!(table("", "0004 >  nil ALOAD  0003"), Verdict::Agree);
    let byte = "0004    u8  XLOAD  [data+0]\n0005    int ASTORE 0003  0004\n";
    assert_eq!(table(byte, "0006 >  int ALOAD  0003"), Verdict::Agree, "a byte is an int");
}

#[test]
fn strings_are_read_as_integers() {
    let access = |ty: &str, use_ty: &str, index: &str| {
        let body = format!(
            "0001    int XLOAD  [data+0]\n0002 >  str SLOAD  #2    T\n0003    p64 STRREF 0002  {index}\n\
             0004    {ty} XLOAD  0003\n0005    {use_ty} USE    0004\n"
        );
        judge(&case("fold", "", &straight(&body)))
    };
    let reason = "a number is loaded from a string";
    assert_eq!((access("num", "num", "0001"), access("num", "num", "+257")), (skip(reason), skip(reason)));
    assert_eq!((access("i64", "i64", "0001"), access("u8 ", "int", "+7")), (Verdict::Agree, Verdict::Agree));
}

#[test]
fn a_string_is_not_stored_to_where_fold_drops_a_sum() {
    let store = |offset: &str| {
        let body = format!(
            "0001 >  str SLOAD  #2    T\n0002    p64 STRREF 0001  +0\n0003    p64 ADD    0002  {offset}\n\
             0004    u8  XSTORE 0003  +1\n"
        );
        judge(&case("fold", "", &straight(&body)))
    };
    assert_eq!((store("+0"), store("+1")), (skip("a string is stored to"), Verdict::Agree));
}

/// The conversion of what is out of range is left open; a run that departs by it may store where the interpreter's does not.
fn out_of_range(place: &str) -> Verdict {
    let body = format!(
        "0001    int CONV   +2147483648.0  int.num\n0002 >  int LT     0001  +0\n0003    int XSTORE {place}  +0\n"
    );
    judge(&case("fold", "", &straight(&body)))
}

#[test]
fn what_a_tolerated_run_writes_is_no_finding() {
    assert_eq!((out_of_range("[data+0]"), out_of_range("[data+8]")), (Verdict::Agree, Verdict::Agree));
}

#[test]
fn a_merged_check_of_a_table_that_a_side_trace_inherits_fails_first() {
    // The table of the second check is the first one's: a constant, or in two slots of the exit.
    for (slots, table) in [("{t} ", "{t} "), ("0002", "0002"), ("{t} ", "0002")] {
        let traces = format!(
            "---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001    int XLOAD  [data+0]
0002 >  tab SLOAD  #2    T
....        SNAP   #1   [ ---- ---- ---- {slots} {slots} ]
0003 >  int GE     0001  +1
....        SNAP   #2   [ ---- ---- ]
---- TRACE 1 stop -> interpreter
---- TRACE 2 start 1/1
....        SNAP   #0   [ ---- ---- ]
0001    tab SLOAD  #3    P
0002    tab SLOAD  #4    P
0003    int FLOAD  0001  tab.asize
0004 >  int ABC    0003  +0
....        SNAP   #1   [ ---- ---- ---- 0001 0002 ]
0005    int FLOAD  {table}  tab.asize
0006 >  int ABC    0005  +1
---- TRACE 2 stop -> interpreter
"
        );
        let scene = "; object t table asize 1\n";
        let mut inherits = case("fold", scene, &traces);
        inherits.inputs[0].slots = vec![(Slot(2), SlotValue::Obj(ObjId(0)))];
        assert_eq!(judge(&inherits), Verdict::Agree, "{slots} and {table}");
    }
}

#[test]
fn an_open_upvalue_sees_the_num_that_an_int_stands_for() {
    let traces = "---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001    int XLOAD  [data+0]
0002    num CONV   0001  num.int
....        SNAP   #1   [ ---- ---- 0002 ]
0003 >  int GE     0001  +1
....        SNAP   #2   [ ---- ---- ]
---- TRACE 1 stop -> interpreter
---- TRACE 2 start 1/1
....        SNAP   #0   [ ---- ---- ]
0001    num SLOAD  #2    P
0002 >  int SLOAD  #3    T
---- TRACE 2 stop -> interpreter
";
    assert_eq!(judge(&case("fold", "; object f func open:2\n", traces)), Verdict::Agree);
}
