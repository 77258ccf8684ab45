//! Blame, by the built program: on the newest release, whose recording build is made here once.

mod program;

use program::run;
use std::fs;
use std::path::Path;

/// Two loads of one word, of which one is dead, become a pair with equal targets.
const PAIR: &str = include_str!("../corpus/open/ldp_with_equal_targets.trace");
/// A store that FOLD's elimination of dead stores drops.
const STORE: &str = include_str!("../corpus/open/store_dropped_despite_partial_overlap.trace");
/// A check for a number that an int fails, of a slot that nothing uses.
const GUARD: &str = include_str!("../corpus/open/dead_num_sload_checks_for_num.trace");
/// An operand of BOR that a loop carries.
const VALUE: &str = include_str!("../corpus/open/bnot_phi_fused_as_before_the_loop.trace");
/// An integer that is stored as a float, since FOLD drops the conversion: the store takes it from an FP register.
const KIND: &str = "; tracehound 1
; region data 16 at 0
; input 1
;   data+0: 07 00 00 00 00 00 00 00
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001    i64 XLOAD  [data+0]
0002    flt CONV   0001  flt.i64
0003    flt XSTORE [data+8]  0002
---- TRACE 1 stop -> interpreter
";

#[test]
fn each_kind_of_finding_is_blamed_on_a_statement() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("pair", PAIR), ("store", STORE), ("value", VALUE), ("guard", GUARD), ("kind", KIND)] {
        fs::write(dir.path().join(format!("{name}.trace")), text).expect("writable");
    }
    let unknown = run(dir.path(), "explain {}/pair.trace");
    assert!(unknown.assert_code(0).stdout.contains("run `tracehound blame"), "{}", unknown.stdout);

    let pair = run(dir.path(), "blame --json {}/pair.trace");
    assert!(pair.stderr.contains("blame, which takes some seconds, once"), "{}", pair.stderr);
    let pair = pair.assert_code(1).json();
    assert_eq!(pair["bucket"], "unpredictable-encoding-emit-lso");
    let chain: Vec<_> = pair["blame"]["chain"].as_array().expect("a chain").iter().map(|f| &f["function"]).collect();
    assert_eq!(chain, ["emit_lso", "asm_fusexref", "asm_xload", "asm_ir"]);
    assert_eq!(pair["blame"]["chain"][0]["file"], "src/lj_emit_arm64.h");
    assert!(pair["blame"]["rule"].as_str().expect("a rule").contains("both register"));

    let store = run(dir.path(), "blame --json {}/store.trace").assert_code(1).json();
    assert_eq!(store["bucket"], "wrong-ir-lj-opt-dse-xstore");
    let value = run(dir.path(), "blame {}/value.trace");
    let text = &value.assert_code(1).stdout;
    assert!(text.contains("0006 i64 BOR in x") && text.contains("asm_borbxor src/lj_asm_arm64.h:"), "{text}");
    let guard = run(dir.path(), "blame --json {}/guard.trace").assert_code(1).json();
    assert_eq!(guard["bucket"], "wrong-guard-asm-sload");
    assert!(guard["blame"]["why"].as_str().expect("a reason").ends_with("should not have left"), "{guard}");
    let kind = run(dir.path(), "blame --json {}/kind.trace").assert_code(1).json();
    assert_eq!(kind["bucket"], "wrong-ir-fold-xstore-conv");
    let why = kind["blame"]["why"].as_str().expect("a reason");
    assert!(why.starts_with("0003 flt XSTORE takes 0001 i64 XLOAD from d"), "{why}");
    let page = run(dir.path(), "explain {}/pair.trace");
    assert!(page.assert_code(0).stdout.contains("---- BLAME\nblamed "), "{}", page.stdout);
    sorted_by_cause(dir.path());
}

/// The same findings, each a cause of its own; those that are known are none any more.
fn sorted_by_cause(dir: &Path) {
    let all = run(dir, "triage -q --json --out {}/small {}/pair.trace {}/store.trace").assert_code(1).json();
    let buckets: Vec<_> = all["causes"].as_array().expect("causes").iter().map(|c| &c["bucket"]).collect();
    assert_eq!(buckets, ["unpredictable-encoding-emit-lso", "wrong-ir-lj-opt-dse-xstore"]);
    let small = all["causes"][0]["case"].as_str().expect("a file").to_string();
    let again = run(dir, &format!("triage -q --json {small}")).assert_code(1).json();
    assert_eq!(again["causes"][0]["bucket"], "unpredictable-encoding-emit-lso", "made small, it is the same bug");
    assert_eq!(again["causes"][0]["instructions"], all["causes"][0]["instructions"]);
    let known = "[[known]]\nbucket = 'unpredictable-encoding-emit-lso'\nreason = 'reported'\n";
    fs::write(dir.join("known.toml"), known).expect("writable");
    let known = run(dir, "triage -q --known {}/known.toml {}/pair.trace");
    assert!(known.assert_code(0).stdout.contains("known       1 files: reported"), "{}", known.stdout);
}
