//! The search, with judges that need no backend.

use super::*;
use crate::ir::{Arg, Const, Op};
use crate::text;
use std::sync::atomic::{AtomicU64, Ordering};

const CASE: &str = "\
; tracehound 1
; region data 64 at 0
; region more 32 at 64
; input 1
;   slot 2 int +5
;   data+0: 01 02 03 04
; input 2
;   slot 2 int +6
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    int XLOAD  [data+0]
0003    int BXOR   0001  0002
0004    int ADD    0003  +1234
0005    int MUL    0004  0001
0006    int XSTORE [data+4]  0004
0007    int XSTORE [more+8]  0005
....        SNAP   #1   [ ---- ---- 0005 0003 ]
0008 >  int LT     0005  +100
....        SNAP   #2   [ ---- ---- 0005 ]
---- TRACE 1 stop -> interpreter
";

fn case() -> Case {
    text::parse(CASE).expect("a good file").case
}

/// Fails where a sum with a large constant is stored.
struct LargeSum;

impl Judge for LargeSum {
    fn bucket(&self, case: &Case) -> Result<Option<String>, String> {
        let sum = |r: Ref| {
            let ins = case.trace.get(r);
            ins.op == Op::ADD && matches!(ins.op2, Arg::K(Const::Int(k)) if k >= 1000)
        };
        let stored = |ins: &crate::ir::Ins| ins.op == Op::XSTORE && ins.op2.as_ref().is_some_and(sum);
        Ok(case.trace.ins.iter().any(stored).then(|| "large-sum".into()))
    }
}

/// Lets a search go on for so many looks.
struct Looks(AtomicU64);

impl Watch for Looks {
    fn goes_on(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
    }
    fn sees(&self, _: u64, _: &Case) {}
}

fn looks(n: u64) -> Looks {
    Looks(AtomicU64::new(n))
}

fn on_threads(n: usize, case: &Case) -> Minimized {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
    pool.install(|| minimize(case, &LargeSum, &looks(u64::MAX))).expect("it fails")
}

#[test]
fn only_what_fails_is_left() {
    let small = on_threads(2, &case());
    let ops: Vec<Op> = small.case.trace.ins.iter().map(|i| i.op).collect();
    assert_eq!(ops, [Op::ADD, Op::XSTORE]);
    assert_eq!(small.case.trace.ins[0].op2, Arg::K(Const::Int(1024)), "the plainest that is large enough");
    assert_eq!((small.case.inputs.len(), small.case.world.regions.len(), small.case.trace.snaps.len()), (1, 1, 1));
    assert_eq!((small.bucket.as_str(), small.ended_early), ("large-sum", None));
}

#[test]
fn a_second_run_changes_nothing() {
    let small = on_threads(2, &case()).case;
    assert_eq!(on_threads(2, &small).case, small);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    assert_eq!(on_threads(1, &case()), on_threads(4, &case()));
}

#[test]
fn a_search_that_is_stopped_keeps_its_best() {
    let stopped = minimize(&case(), &LargeSum, &looks(4)).expect("it fails");
    assert_eq!(stopped.ended_early, Some(EndedEarly::Stopped));
    assert!(weight::weigh(&stopped.case) < weight::weigh(&case()), "four looks find something");
    assert_eq!(LargeSum.bucket(&stopped.case), Ok(Some("large-sum".into())));
}

/// What a judge says, one after the other; then the last for ever.
struct Says(Vec<Option<&'static str>>, AtomicU64);

impl Judge for Says {
    fn bucket(&self, _: &Case) -> Result<Option<String>, String> {
        let n = usize::try_from(self.1.fetch_add(1, Ordering::Relaxed)).expect("few judgements");
        Ok(self.0[n.min(self.0.len() - 1)].map(String::from))
    }
}

fn refused(says: &[Option<&'static str>]) -> String {
    let judge = Says(says.to_vec(), AtomicU64::new(0));
    minimize(&case(), &judge, &looks(u64::MAX)).expect_err("nothing to minimise").to_string()
}

#[test]
fn what_passes_or_is_flaky_or_fails_without_its_instructions_is_refused() {
    assert!(refused(&[None]).starts_with("does not fail"));
    assert_eq!(refused(&[Some("a"), Some("a"), None]), "flaky: judged 3 times, it was a, then a, then no finding");
    assert!(refused(&[Some("a")]).contains("an empty trace in its world fails too (a)"));
}
