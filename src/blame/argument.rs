//! Arguments of helpers' calls, where the procedure call standard puts them.

use super::expect::Expectations;
use super::wrong::Wrong;
use crate::code::Place;
use crate::ir::validate::arguments;
use crate::ir::{Arg, Const, Helper, Ref, Type};

/// Registers that take arguments, of either kind.
const REGISTERS: u8 = 8;

/// The first argument of a helper's call that is not what the trace gives, and its place.
pub(super) fn wrong(
    expect: &Expectations,
    at: Ref,
    side: bool,
    pass: usize,
    read: &dyn Fn(Place) -> Option<u64>,
) -> Option<(Wrong, Place)> {
    let trace = expect.trace(side);
    let ins = trace.get(at);
    let Arg::K(Const::Helper(helper)) = ins.op2 else { return None };
    let given = arguments(trace, ins.op1, helper.args().len());
    let departs = |(arg, (ty, place)): (&Arg, (&Type, Place))| {
        let (expected, observed) = (expect.given(*arg, side, pass)?, read(place)?);
        Some((expect.other_bits(arg.as_ref(), *ty, place, expected, observed)?, place))
    };
    given.iter().zip(helper.args().iter().zip(places(helper))).find_map(departs)
}

/// Where a helper finds its arguments (Arm IHI 0055, "Parameter passing"): eight registers of each kind, then doublewords of the stack.
fn places(helper: Helper) -> Vec<Place> {
    let (mut general, mut float, mut stack) = (0, 0, 0);
    let mut next = |ty: &Type| {
        let (used, place) = match ty.is_fp() {
            true => (&mut float, Place::Fpr as fn(u8) -> Place),
            false => (&mut general, Place::Gpr as fn(u8) -> Place),
        };
        if *used < REGISTERS {
            *used += 1;
            return place(*used - 1);
        }
        stack += 8;
        Place::Spill(stack - 8)
    };
    helper.args().iter().map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_register_goes_to_the_stack() {
        let of = |name: &str| places(Helper::from_name(name).expect("a helper"));
        assert_eq!(of("n_ilnf"), [Place::Gpr(0), Place::Gpr(1), Place::Fpr(0), Place::Fpr(1)]);
        assert_eq!(of("f_10f")[7..], [Place::Fpr(7), Place::Spill(0), Place::Spill(8)]);
        assert_eq!(of("l_mixed18")[15..], [Place::Fpr(7), Place::Spill(0), Place::Spill(8)]);
    }
}
