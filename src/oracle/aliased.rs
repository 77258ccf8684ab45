//! Whether a run breaks what the trace promises by LuaJIT's aliasing rules ([`crate::ir::aliasing`]).

use crate::case::{Case, Emit};
use crate::interpret::History;
use crate::ir::aliasing::{base, may_alias};
use crate::ir::{Arg, Const, Ins, Lit, Op, Ref, Trace};
use std::ops::Range;

/// True where an access met bytes that a store by another base and of another type had written before in the same trace, or a load from
/// constant memory met any store's: FOLD forwards and drops as if that could not be. Raw IR promises nothing.
pub fn departs(case: &Case, history: &History) -> bool {
    if case.emit == Emit::Raw {
        return false;
    }
    let root = broken(&case.trace, &accesses_of_root(case, history));
    let side = case.side.as_ref().map(|side| (&side.trace, accesses_of_side(case, &side.trace, history)));
    root || side.is_some_and(|(trace, list)| broken(trace, &list))
}

/// An access of a run, in order.
struct Access<'a> {
    ins: &'a Ins,
    bytes: Range<u64>,
}

fn broken(trace: &Trace, list: &[Access]) -> bool {
    let meets = |store: &Access, then: &Access| {
        let (store_ins, then_ins) = (store.ins, then.ins);
        let may = base(trace, store_ins.op1) == base(trace, then_ins.op1) || may_alias(store_ins.ty, then_ins.ty);
        let overlap = store.bytes.start < then.bytes.end && then.bytes.start < store.bytes.end;
        overlap && (!may || is_readonly(then_ins))
    };
    let stores = list.iter().enumerate().filter(|(_, a)| a.ins.op == Op::XSTORE);
    stores.into_iter().any(|(n, store)| list[n + 1..].iter().any(|then| meets(store, then)))
}

fn is_readonly(ins: &Ins) -> bool {
    matches!(ins.op2, Arg::Lit(Lit::Xload(mode)) if mode.readonly)
}

fn accesses_of_root<'a>(case: &'a Case, history: &History) -> Vec<Access<'a>> {
    let looping = case.trace.loop_ref();
    let mut list = vec![];
    for pass in 0..history.passes() {
        let ran = |at: Ref| {
            let goes_on = pass + 1 < history.passes() || history.last.is_none_or(|(last, side, _)| side || at <= last);
            goes_on && (pass == 0 || looping.is_none_or(|head| at > head))
        };
        let address = |r: Ref| history.latest(r, pass);
        list.extend(case.trace.iter().filter(|(at, _)| ran(*at)).filter_map(|(_, ins)| access(case, ins, address)));
    }
    list
}

fn accesses_of_side<'a>(case: &Case, trace: &'a Trace, history: &History) -> Vec<Access<'a>> {
    let ran = |at: Ref| history.last.is_none_or(|(last, side, _)| !side || at <= last);
    let ran = trace.iter().filter(|(at, _)| ran(*at));
    ran.filter_map(|(_, ins)| access(case, ins, |r| history.side(r))).collect()
}

fn access<'a>(case: &Case, ins: &'a Ins, address: impl Fn(Ref) -> Option<u64>) -> Option<Access<'a>> {
    if !matches!(ins.op, Op::XLOAD | Op::XSTORE) {
        return None;
    }
    let from = match ins.op1 {
        Arg::Ref(r) => address(r)?,
        Arg::K(Const::Ptr(p) | Const::KPtr(p)) => case.world.address(p),
        _ => return None,
    };
    Some(Access { ins, bytes: from..from.saturating_add(u64::from(ins.ty.size())) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::Program;
    use crate::text;

    fn departs_in(emit: &str, pointer: u64, body: &str) -> bool {
        let text = format!(
            "; tracehound 1\n; emit {emit}\n; region a 64 at 0\n; region b 64 at 64\n; input 1\n;   b+0: -> a+{pointer}\n\
             ---- TRACE 1\n....        SNAP   #0   [ ---- ---- ]\n0001    p64 XLOAD  [b+0]\n{body}---- TRACE 1 stop -> return\n"
        );
        let case = text::parse(&text).unwrap_or_else(|e| panic!("{e}")).case;
        let history = Program::new(&case).expect("a program").history(&case.inputs[0]);
        departs(&case, &history)
    }

    #[test]
    fn bytes_of_another_type_by_another_base_break_the_promise() {
        let store_and = |load: &str| format!("0002    num XSTORE 0001  +0.0\n0003    {load}\n");
        assert!(departs_in("fold", 8, &store_and("i64 XLOAD  [a+8]")));
        assert!(departs_in("fold", 8, &store_and("int XLOAD  [a+12]")));
        assert!(!departs_in("fold", 8, &store_and("num XLOAD  [a+8]")), "the same type");
        assert!(!departs_in("fold", 8, &store_and("i64 XLOAD  0001")), "the same base");
        assert!(!departs_in("fold", 8, &store_and("i64 XLOAD  [a+16]")), "other bytes");
        assert!(!departs_in("raw", 8, &store_and("i64 XLOAD  [a+8]")), "nothing forwards raw IR");
        let before = "0002    i64 XLOAD  [a+8]\n0003    num XSTORE 0001  +0.0\n";
        assert!(!departs_in("fold", 8, before), "a load before the store");
    }

    #[test]
    fn a_store_to_constant_memory_breaks_the_promise() {
        let store = "0002    int XSTORE 0001  +1\n";
        assert!(departs_in("fold", 8, &format!("{store}0003    int XLOAD  [a+8]  R\n")));
        assert!(!departs_in("fold", 8, &format!("{store}0003    int XLOAD  [a+12]  R\n")));
    }
}
