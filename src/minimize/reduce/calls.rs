//! Calls of helpers: with fewer arguments, away, or in the place of what keeps registers busy.

use super::shown::{memory_for, storable, stored};
use super::{Edit, edit, pieces};
use crate::case::Case;
use crate::ir::helper::{ALL_HELPERS, Helper};
use crate::ir::validate::arguments;
use crate::ir::{Arg, Const, Ins, Op, Ref, Trace, Type};
use crate::minimize::cut::{Cut, Which};

/// Each call of a helper becomes one of a helper with at most two arguments, taken from those that it has.
pub(super) fn helpers(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        for (r, ins) in trace.iter() {
            let (Op::CALLXS, Arg::K(Const::Helper(helper))) = (ins.op, ins.op2) else { continue };
            let given = arguments(trace, ins.op1, helper.args().len());
            for other in ALL_HELPERS.iter().filter(|h| h.args().len() < helper.args().len() && h.args().len() <= 2) {
                let call = |op1| Ins { ty: other.ret(), op1, op2: Arg::K(Const::Helper(*other)), ..*ins };
                for list in choices(trace, &given, other.args()) {
                    let pair = ins.op1.as_ref();
                    edits.extend(calling(&list, pair, r, call).map(|cut| edit(move |c| cut.apply(c, which))));
                }
            }
        }
    }
    edits
}

/// Calls go, or keep one argument: all others are stored to memory instead.
pub(super) fn arguments_stored(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        for (r, ins) in trace.iter() {
            let (Op::CALLXS, Arg::K(Const::Helper(helper))) = (ins.op, ins.op2) else { continue };
            let mut refs: Vec<Ref> =
                arguments(trace, ins.op1, helper.args().len()).iter().filter_map(|a| a.as_ref()).collect();
            refs.sort_unstable();
            refs.dedup();
            let places: Vec<Ref> = chained(trace, ins.op1).into_iter().chain([r]).collect();
            let stores = |refs: Vec<Ref>, call: Option<Ins>| {
                let places = places.clone();
                edit(move |c| store_all(c, which, &places, &refs, call))
            };
            edits.push(stores(refs.clone(), None));
            for kept in &refs {
                let others: Vec<Ref> = refs.iter().filter(|r| *r != kept).copied().collect();
                let call = takes_one(trace, *kept).map(|h| calling_one(*ins, h, Arg::Ref(*kept)));
                edits.extend(call.map(|call| stores(others, Some(call))));
            }
        }
    }
    edits
}

/// The pairs that a call's arguments are made of, in the trace's order.
fn chained(trace: &Trace, args: Arg) -> Vec<Ref> {
    let pair = |r: &Ref| trace.get(*r).op == Op::CARG;
    let mut pairs: Vec<Ref> =
        std::iter::successors(args.as_ref().filter(pair), |r| trace.get(*r).op1.as_ref().filter(pair)).collect();
    pairs.reverse();
    pairs
}

fn takes_one(trace: &Trace, arg: Ref) -> Option<Helper> {
    let fits = |h: &&Helper| matches!(h.args(), [ty] if ty.class() == trace.get(arg).ty.class());
    ALL_HELPERS.iter().find(fits).copied()
}

fn calling_one(ins: Ins, helper: Helper, arg: Arg) -> Ins {
    Ins { ty: helper.ret(), op1: arg, op2: Arg::K(Const::Helper(helper)), ..ins }
}

/// Stores in the last of the places, the call behind them if there is one; the other places are empty.
fn store_all(case: &mut Case, which: Which, places: &[Ref], refs: &[Ref], call: Option<Ins>) -> Option<()> {
    let stores = places.len().checked_sub(usize::from(call.is_some()))?;
    let empty = stores.checked_sub(refs.len())?;
    let mut cut = places[..empty].iter().fold(Cut::default(), |cut, r| cut.drop(*r));
    for (place, value) in places[empty..stores].iter().zip(refs) {
        let ty = which.trace(case).get(*value).ty;
        let at = storable(ty).then(|| memory_for(case)).flatten()?;
        cut = cut.put_alone(*place, stored(ty, Arg::K(Const::Ptr(at)), *value));
    }
    if let (Some(call), Some(r)) = (call, places.last()) {
        cut = cut.put_alone(*r, call);
    }
    cut.apply(case, which)
}

/// Pieces give way to one call: it takes all scratch registers at once, which many values do one by one. It stands where the piece begins, or
/// where it ends.
pub(super) fn pressure(case: &Case) -> Vec<Edit> {
    let nothing = Arg::K(Const::Helper(Helper::nothing));
    let none = Arg::K(Const::Pri(Type::Nil));
    let call = Ins { op: Op::CALLXS, ty: Type::Nil, guard: false, op1: none, op2: nothing };
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let refs: Vec<Ref> = which.trace(case).iter().map(|(r, _)| r).collect();
        for size in pieces().filter(|size| *size > 1 && *size <= refs.len()) {
            for piece in refs.rchunks(size).filter(|piece| piece.len() > 1) {
                let (first, last) = (piece[0], piece[piece.len() - 1]);
                for at in [last, first] {
                    let others = piece.iter().filter(|r| **r != at);
                    let cut = others.fold(Cut::default().put_alone(at, call), |cut, r| cut.drop(*r));
                    edits.push(edit(move |c| cut.apply(c, which)));
                }
            }
        }
    }
    edits
}

/// The call with these arguments; a pair takes the place of the last pair that there is.
fn calling(list: &[Arg], pair: Option<Ref>, r: Ref, call: impl Fn(Arg) -> Ins) -> Option<Cut> {
    match *list {
        [] => Some(Cut::default().put_alone(r, call(Arg::K(Const::Pri(Type::Nil))))),
        [a] => Some(Cut::default().put_alone(r, call(a))),
        [op1, op2] => {
            let pair = pair?;
            let both = Ins { op: Op::CARG, ty: Type::Nil, guard: false, op1, op2 };
            Some(Cut::default().put(pair, both).put_alone(r, call(Arg::Ref(pair))))
        }
        _ => None,
    }
}

/// The ways to choose arguments of these types, in the order that they are given in.
fn choices(trace: &Trace, given: &[Arg], wanted: &[Type]) -> Vec<Vec<Arg>> {
    let fits = |arg: &Arg, ty: Type| match arg {
        Arg::Ref(r) => trace.get(*r).ty.class() == ty.class(),
        Arg::K(k) => k.class() == ty.class(),
        _ => false,
    };
    match *wanted {
        [] => vec![vec![]],
        [one] => given.iter().filter(|a| fits(a, one)).map(|a| vec![*a]).collect(),
        [one, two] => {
            let pairs = given.iter().flat_map(|a| given.iter().map(move |b| (a, b)));
            pairs.filter(|(a, b)| fits(a, one) && fits(b, two)).map(|(a, b)| vec![*a, *b]).collect()
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    const HEAD: &str = "; region data 32 at 0\n; input 1\n;   slot 2 int +1";

    #[test]
    fn a_call_takes_fewer_arguments() {
        let pairs = "0002 nil CARG +1.0 0001\n0003 nil CARG 0002 +1.0\n0004 nil CARG 0003 0001";
        let before = format!("0001 int SLOAD #2\n{pairs}\n0005 i64 CALLXS 0004 [helper:l_nini]");
        let after = "0001 int SLOAD #2\n0002 int CALLXS 0001 [helper:i_i]";
        proposes(helpers, &text(HEAD, &before), &text(HEAD, after));
    }

    #[test]
    fn the_arguments_of_a_call_are_stored_instead() {
        let loads = "0001 flt XLOAD [data+0]\n0002 num XLOAD [data+8]";
        let before = format!("{loads}\n0003 nil CARG 0002 0001\n0004 num CALLXS 0003 [helper:n_nf]");
        let after = format!("{loads}\n0003 flt XSTORE [data+32] 0001\n0004 num XSTORE [data+64] 0002");
        let head = HEAD.replace("data 32", "data 96");
        proposes(arguments_stored, &text(HEAD, &before), &text(&head, &after));
        let one = format!("{loads}\n0003 num XSTORE [data+32] 0002\n0004 flt CALLXS 0001 [helper:f_f]");
        proposes(arguments_stored, &text(HEAD, &before), &text(&HEAD.replace("data 32", "data 64"), &one));
    }

    #[test]
    fn many_values_give_way_to_one_call() {
        let load = "0001 > int SLOAD #2 T";
        let before = format!("{load}\n0002 int ADD 0001 +1\n0003 int ADD 0002 +1\n0004 int XSTORE [data+0] 0003");
        let after = format!("{load}\n0002 nil CALLXS nil [helper:nothing]");
        proposes(pressure, &text(HEAD, &before), &text(HEAD, &after));
    }
}
