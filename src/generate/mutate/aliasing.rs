//! A mutation must not break LuaJIT's aliasing rules ([`crate::ir::aliasing`]): a case that breaks them shows nothing.

use super::operand::is_access;
use crate::case::{Case, Emit};
use crate::ir::aliasing::{base, may_alias};
use crate::ir::{Arg, Const, Ins, Lit, Op, Ref, RegionId, Trace, Type};

/// Whether a mutation promises as much as the case it is made of.
pub(super) fn is_kept(mutant: &Case, case: &Case) -> bool {
    // As written, nothing is forwarded or dropped.
    if mutant.emit == Emit::Raw {
        return true;
    }
    let doubts = |case: &Case| {
        let linear = case.emit != Emit::Passes;
        let side = case.side.as_ref().map_or(0, |side| doubts(&side.trace, linear));
        doubts(&case.trace, linear && case.trace.loop_ref().is_none()) + side
    };
    doubts(mutant) == 0
        || doubts(case) > 0 && doubts(mutant) <= doubts(case) && mutant.world == case.world && same_places(mutant, case)
}

/// Whether all addresses are what they were: then accesses that did not meet do not.
fn same_places(mutant: &Case, case: &Case) -> bool {
    let addresses = |case: &Case| {
        let of = |trace: &Trace| trace.ins.iter().filter(|ins| ins.ty == Type::P64).copied().collect::<Vec<Ins>>();
        let pointers: Vec<_> = case.inputs.iter().map(|input| input.pointers.clone()).collect();
        (of(&case.trace), case.side.as_ref().map(|side| of(&side.trace)), pointers)
    };
    addresses(mutant) == addresses(case)
}

/// Pairs of a store and an access behind it (or before it, in a loop) that must be different memory by their types, and that nothing else tells apart.
fn doubts(trace: &Trace, linear: bool) -> usize {
    let accesses: Vec<(Ref, &Ins)> = trace.iter().filter(|(_, ins)| is_access(ins)).collect();
    let stores = accesses.iter().filter(|(_, ins)| ins.op == Op::XSTORE);
    let doubtful = |store: &(Ref, &Ins), other: &&(Ref, &Ins)| {
        (!linear || other.0 > store.0) && !may_alias(store.1.ty, other.1.ty) && may_meet(trace, store.1, other.1)
    };
    stores.map(|store| accesses.iter().filter(|other| doubtful(store, other)).count()).sum::<usize>() + marked(trace)
}

/// Whether two accesses by different bases may be the same memory. Those by one base are told apart by offset, and no types count.
fn may_meet(trace: &Trace, a: &Ins, b: &Ins) -> bool {
    if base(trace, a.op1) == base(trace, b.op1) {
        return false;
    }
    match (region(trace, a.op1), region(trace, b.op1)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The region that an address starts from, where it is a constant.
fn region(trace: &Trace, address: Arg) -> Option<RegionId> {
    match address {
        Arg::K(Const::Ptr(p) | Const::KPtr(p)) => Some(p.region),
        Arg::Ref(r) if trace.get(r).op == Op::ADD => {
            region(trace, trace.get(r).op1).or_else(|| region(trace, trace.get(r).op2))
        }
        _ => None,
    }
}

/// Loads that are marked read-only, of what may not be constant memory or a string, in a trace that stores.
fn marked(trace: &Trace) -> usize {
    let marked = |ins: &&Ins| matches!(ins.op2, Arg::Lit(Lit::Xload(mode)) if mode.readonly);
    let loads = trace.ins.iter().filter(marked).filter(|ins| !is_constant(trace, ins.op1));
    if trace.ins.iter().any(|ins| ins.op == Op::XSTORE) { loads.count() } else { 0 }
}

fn is_constant(trace: &Trace, address: Arg) -> bool {
    match address {
        Arg::K(Const::KPtr(_)) => true,
        Arg::Ref(r) => match trace.get(r).op {
            Op::STRREF => true,
            Op::ADD => is_constant(trace, trace.get(r).op1) || is_constant(trace, trace.get(r).op2),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    fn case(body: &str) -> Case {
        let text = format!(
            "; tracehound 1\n; region a 64 at 0\n; region b 64 at 64\n; input 1\n---- TRACE 1\n\
             ....        SNAP   #0   [ ---- ---- ]\n{body}---- TRACE 1 stop -> return\n"
        );
        text::parse(&text).unwrap_or_else(|e| panic!("{e}")).case
    }

    fn count(body: &str) -> usize {
        doubts(&case(body).trace, true)
    }

    #[test]
    fn stores_of_another_type_by_another_base_are_in_doubt() {
        let pointer = "0001    p64 XLOAD  [b+0]\n";
        let behind = |first: &str, second: &str| count(&format!("{pointer}0002    {first}\n0003    {second}\n"));
        assert_eq!(behind("int XSTORE 0001  +1", "num XLOAD  [a+8]"), 1);
        assert_eq!(behind("int XSTORE 0001  +1", "u32 XLOAD  [a+8]"), 0);
        assert_eq!(behind("num XLOAD  [a+8]", "int XSTORE 0001  +1"), 0);
        assert_eq!(behind("int XSTORE [a+0]  +1", "num XLOAD  [a+0]"), 0);
        assert_eq!(behind("int XSTORE [a+0]  +1", "num XLOAD  [b+0]"), 0);
    }

    #[test]
    fn a_mutation_may_not_add_doubt() {
        let kept = case("0001    p64 XLOAD  [b+0]\n0002    int XSTORE 0001  +1\n0003    int XLOAD  [a+8]\n");
        let broken = case("0001    p64 XLOAD  [b+0]\n0002    int XSTORE 0001  +1\n0003    num XLOAD  [a+8]\n");
        assert!(is_kept(&kept, &kept) && is_kept(&kept, &broken));
        assert!(!is_kept(&broken, &kept));
        let raw = Case { emit: Emit::Raw, ..broken.clone() };
        assert!(is_kept(&raw, &kept));
        let other_constant = case("0001    p64 XLOAD  [b+0]\n0002    int XSTORE 0001  +2\n0003    num XLOAD  [a+8]\n");
        let moved = case("0001    p64 XLOAD  [b+8]\n0002    int XSTORE 0001  +1\n0003    num XLOAD  [a+0]\n");
        assert!(is_kept(&other_constant, &broken) && !is_kept(&Case { world: kept.world.clone(), ..moved }, &kept));
    }
}
