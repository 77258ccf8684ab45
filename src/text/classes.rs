//! Which class of values an operand takes, so that `+3` needs no type beside it.

use crate::ir::{Arg, Class, Const, Lit, Op, Rule, Type};

/// The classes of both operands; `None` where nothing but a constant's form says what it is. Operands that are not known yet are absent: the
/// second one says what a conversion takes, the first what a cdata is made of.
pub(super) fn of_operands(op: Op, ty: Type, op1: Arg, op2: Arg) -> (Option<Class>, Option<Class>) {
    let rule = op.info().rule;
    let (class1, class2) = rule.operand_classes(ty);
    match (rule, op1, op2) {
        (Rule::Conv, _, Arg::Lit(Lit::Conv(mode))) => (Some(mode.src.class()), None),
        // The second operand, if there is one, repeats the first.
        (Rule::Neg | Rule::NumMask, ..) => (class1, class1),
        (Rule::CNewI, Arg::K(Const::Ctype(ty)), _) if ty.size() == Some(8) => (class1, Some(Class::W64)),
        _ => (class1, class2),
    }
}
