//! Values in registers of the wrong kind: an instruction that takes an integer from an FP register, or a number from a general one, has made
//! the allocator put it there. What the value's own instruction writes then is anything.

use super::Scene;
use crate::case::Case;
use crate::code::{Boundary, Held, HeldValue, Place};
use crate::ir::Ref;

/// A value in a register of the wrong kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// The value; `None` for a constant.
    pub value: Option<Ref>,
    /// Its register.
    pub place: Place,
    /// The instruction that takes it from there.
    pub user: Ref,
}

/// The first such value of the root trace, of the user that is assembled first: the last in the code.
pub(super) fn misplaced(case: &Case, scene: &Scene) -> Option<Misplaced> {
    let root: Vec<&Boundary> = scene.record.boundaries.iter().filter(|b| !b.side).collect();
    root.windows(2).rev().find_map(|pair| {
        let [behind, next] = pair else { return None };
        let (value, place) = behind.held.iter().find_map(|held| wrong_kind(case, held))?;
        Some(Misplaced { value, place, user: next.at? })
    })
}

fn wrong_kind(case: &Case, held: &Held) -> Option<(Option<Ref>, Place)> {
    let (of, ty) = match held.value {
        HeldValue::Bits { ty, .. } => (None, ty),
        HeldValue::First(at) | HeldValue::Now(at) if !case.trace.get(at).op.info().has_value() => return None,
        HeldValue::First(at) | HeldValue::Now(at) => (Some(at), case.trace.get(at).ty),
        HeldValue::Carried(..) => return None,
    };
    let wrong = matches!(held.place, Place::Fpr(_)) && !ty.is_fp() || matches!(held.place, Place::Gpr(_)) && ty.is_fp();
    wrong.then_some((of, held.place))
}
