//! Plainer instructions: no guard, a simpler opcode of the same family, a simpler type, constants and earlier refs for operands.

use super::standins::{Values, blanks, earlier};
use super::{Edit, edit, set};
use crate::case::Case;
use crate::ir::{ALL_OPS, ALL_TYPES, Arg, Const, ConvCheck, Ins, Lit, Op, Status, Type};
use crate::minimize::cut::Which;
use crate::minimize::weight::{op_rank, type_rank};

fn change(which: Which, at: usize, new: Ins) -> Edit {
    edit(move |c| set(which.trace_mut(c)?.ins.get_mut(at), new))
}

/// Every instruction with what it might be instead.
fn each(case: &Case, new: impl Fn(Which, usize, &Ins) -> Vec<Ins>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        for (at, ins) in which.trace(case).ins.iter().enumerate() {
            edits.extend(new(which, at, ins).into_iter().map(|new| change(which, at, new)));
        }
    }
    edits
}

/// Guards that are none.
pub(super) fn guards(case: &Case) -> Vec<Edit> {
    each(case, |_, _, ins| {
        let off = Ins { guard: false, ..*ins };
        match ins.op2 {
            _ if !ins.guard => vec![],
            Arg::Lit(Lit::Sload(m)) => {
                let modes = [
                    crate::ir::SloadMode { typecheck: false, ..m },
                    crate::ir::SloadMode { typecheck: false, convert: false, ..m },
                ];
                modes.map(|m| Ins { op2: Arg::Lit(Lit::Sload(m)), ..off }).to_vec()
            }
            Arg::Lit(Lit::Conv(m)) => {
                let plain = crate::ir::ConvMode { check: ConvCheck::Plain, ..m };
                let any = crate::ir::ConvMode { check: ConvCheck::Any, ..m };
                [plain, any].map(|m| Ins { op2: Arg::Lit(Lit::Conv(m)), ..off }).to_vec()
            }
            _ => vec![off],
        }
    })
}

/// Simpler opcodes with the same operands.
pub(super) fn opcodes(case: &Case) -> Vec<Edit> {
    each(case, |_, _, ins| {
        let simpler = |op: &&Op| op_rank(**op) < op_rank(ins.op) && op.info().status == Status::Plain;
        let fits = |op: &&Op| op.info().operands == ins.op.info().operands && op.info().lits == ins.op.info().lits;
        let mut ops: Vec<Op> = ALL_OPS.iter().filter(simpler).filter(fits).copied().collect();
        ops.sort_by_key(|op| op_rank(*op));
        // What checks for an overflow is a guard, what it becomes is none.
        let with = |op: Op| [Ins { op, ..*ins }, Ins { op, guard: false, ..*ins }];
        ops.into_iter().flat_map(with).collect()
    })
}

/// Simpler types: everywhere at once, then one by one.
pub(super) fn types(case: &Case) -> Vec<Edit> {
    let simpler = |ty: Type| {
        let mut types: Vec<Type> = ALL_TYPES.iter().copied().filter(|t| type_rank(*t) < type_rank(ty)).collect();
        types.sort_by_key(|t| type_rank(*t));
        types
    };
    let used = ALL_TYPES.iter().copied().filter(|ty| case.trace.ins.iter().any(|i| i.ty == *ty));
    let all = used.flat_map(|from| simpler(from).into_iter().map(move |to| edit(move |c| retype(c, from, to))));
    all.chain(each(case, |_, _, ins| {
        let types = simpler(ins.ty).into_iter().filter(|t| ins.op.info().rule.types().contains(t));
        types.map(|ty| Ins { ty, ..*ins }).collect()
    }))
    .collect()
}

/// One type in the place of another, with the constants.
fn retype(case: &mut Case, from: Type, to: Type) -> Option<()> {
    for which in Which::of(case) {
        for ins in which.trace_mut(case)?.ins.iter_mut().filter(|i| i.ty == from) {
            ins.ty = to;
            ins.op2 = converted(ins.op2, from, to);
            if !matches!(ins.op, Op::XLOAD | Op::XSTORE) {
                ins.op1 = converted(ins.op1, from, to);
            }
        }
    }
    Some(())
}

fn converted(arg: Arg, from: Type, to: Type) -> Arg {
    let Arg::K(k) = arg else { return arg };
    let value = match k {
        Const::Int(i) if from.is_w32() => i64::from(i),
        Const::Int64(i) if from.is_w64() => i,
        Const::Num(bits) if from == Type::Num => f64::from_bits(bits) as i64, // any integer will do
        _ => return arg,
    };
    match to {
        Type::Num => Arg::K(Const::Num((value as f64).to_bits())), // any number will do
        ty if ty.is_w64() && ty != Type::P64 => Arg::K(Const::Int64(value)),
        ty if ty.is_w32() => Arg::K(Const::Int(value as i32)), // the low half will do
        _ => arg,
    }
}

/// Constants in the place of refs, one operand at a time.
pub(super) fn constants_for_refs(case: &Case) -> Vec<Edit> {
    let values: Vec<_> = Which::of(case).into_iter().map(|which| (which, Values::of(case, which))).collect();
    each(case, |which, _, ins| {
        let trace = which.trace(case);
        let values = values.iter().find(|(w, _)| *w == which).map(|(_, v)| v);
        let stands = |arg: Arg| {
            let r = arg.as_ref().filter(|_| ins.op != Op::PHI);
            let known = r.and_then(|r| values?.constant(r));
            known.into_iter().chain(r.into_iter().flat_map(|r| blanks(trace.get(r).ty))).collect::<Vec<_>>()
        };
        let first = stands(ins.op1).into_iter().map(|op1| Ins { op1, ..*ins });
        first.chain(stands(ins.op2).into_iter().map(|op2| Ins { op2, ..*ins })).collect()
    })
}

/// Earlier refs in the place of refs.
pub(super) fn earlier_refs(case: &Case) -> Vec<Edit> {
    each(case, |which, _, ins| {
        let trace = which.trace(case);
        let stands = |arg: Arg| arg.as_ref().map(|r| earlier(trace, r, trace.get(r).ty)).unwrap_or_default();
        let first = stands(ins.op1).into_iter().map(|op1| Ins { op1, ..*ins });
        first.chain(stands(ins.op2).into_iter().map(|op2| Ins { op2, ..*ins })).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    const HEAD: &str = "; region data 16 at 0\n; input 1\n;   slot 2 int +5";

    #[test]
    fn a_guard_becomes_none_and_an_opcode_a_plainer_one() {
        let before = text(HEAD, "0001 > int SLOAD #2 T\n0002 int BXOR 0001 +3\n0003 int XSTORE [data+0] 0002");
        let unguarded = "0001 int SLOAD #2\n0002 int BXOR 0001 +3\n0003 int XSTORE [data+0] 0002";
        proposes(guards, &before, &text(HEAD, unguarded));
        let sum = "0001 > int SLOAD #2 T\n0002 int ADD 0001 +3\n0003 int XSTORE [data+0] 0002";
        proposes(opcodes, &before, &text(HEAD, sum));
    }

    #[test]
    fn a_type_becomes_simpler_everywhere() {
        let before = text(HEAD, "0001 u32 XLOAD [data+0]\n0002 u32 XSTORE [data+8] 0001");
        proposes(types, &before, &text(HEAD, "0001 int XLOAD [data+0]\n0002 int XSTORE [data+8] 0001"));
    }

    #[test]
    fn an_operand_becomes_a_constant_or_an_earlier_value() {
        let ir = |value| format!("0001 int SLOAD #2\n0002 int ADD 0001 +1\n0003 int XSTORE [data+0] {value}");
        proposes(constants_for_refs, &text(HEAD, &ir("0002")), &text(HEAD, &ir("+6")));
        proposes(earlier_refs, &text(HEAD, &ir("0002")), &text(HEAD, &ir("0001")));
    }
}
