//! Calls of helpers with fewer arguments.

use super::{Edit, edit};
use crate::case::Case;
use crate::ir::helper::ALL_HELPERS;
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
