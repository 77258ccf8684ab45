//! LuaJIT's aliasing rules: what FOLD takes for granted of two accesses.
//!
//! By `aa_xref` of `lj_opt_mem.c`, accesses by one base are told apart by their offsets. By different bases they are different memory if their
//! types differ by more than the sign. That is a promise of the program's.

use super::{Arg, Const, Op, SymPtr, Trace, Type};

/// Whether FOLD expects that accesses of two types by different bases are the same memory.
pub fn may_alias(a: Type, b: Type) -> bool {
    a == b || a.size() == b.size() && !a.is_fp() && !b.is_fp() && a != Type::P64 && b != Type::P64
}

/// An address without the constants that are added to it. FOLD makes one sum of them (`lj_opt_fold.c`: `simplify_intsub_k64`,
/// `reassoc_intarith_k64`).
pub fn base(trace: &Trace, address: Arg) -> Arg {
    match address {
        Arg::K(Const::Ptr(p) | Const::KPtr(p)) => Arg::K(Const::Ptr(SymPtr { offset: 0, ..p })),
        Arg::Ref(r) => {
            let ins = trace.get(r);
            match (ins.op, ins.op1, ins.op2) {
                (Op::ADD | Op::SUB, inner, Arg::K(Const::Int64(_))) | (Op::ADD, Arg::K(Const::Int64(_)), inner) => {
                    base(trace, inner)
                }
                _ => address,
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Ins, Link, Ref};

    #[test]
    fn a_base_has_no_constants() {
        let ins = |op, op1, op2| Ins { op, ty: Type::P64, guard: false, op1, op2 };
        let (k, r) = (Arg::K(Const::Int64(8)), |n| Arg::Ref(Ref(n)));
        let ins = vec![
            ins(Op::XLOAD, r(1), Arg::None),
            ins(Op::SUB, r(1), k),
            ins(Op::ADD, k, r(2)),
            ins(Op::ADD, r(1), r(2)),
        ];
        let trace = Trace { ins, snaps: vec![], link: Link::Return };
        assert_eq!((1..=4).map(|n| base(&trace, r(n))).collect::<Vec<_>>(), [r(1), r(1), r(1), r(4)]);
    }

    #[test]
    fn types_may_meet_if_they_differ_by_the_sign() {
        assert!(may_alias(Type::Int, Type::U32) && may_alias(Type::Num, Type::Num));
        assert!(
            !may_alias(Type::Int, Type::I64) && !may_alias(Type::Num, Type::I64) && !may_alias(Type::P64, Type::U64)
        );
    }
}
