//! How runs leave.

use super::{Counts, bump};
use crate::case::Case;
use crate::interpret::Program;
use crate::ir::{Ref, Trace};
use crate::outcome::End;

/// Counts the end of each input's run: the kind of guard that fails, or the end of the trace.
pub(super) fn count(case: &Case, program: &Program, exits: &mut Counts) {
    for input in &case.inputs {
        let listing = program.trace_values(input);
        let name = match (&listing.end, listing.last) {
            (Err(why), _) => format!("not judged: {}", why.key()),
            (Ok(End::Tail), _) => "the end".into(),
            (Ok(_), Some(at)) => guard(&case.trace, at),
            (Ok(_), None) => "at once".into(),
        };
        bump(exits, &name);
    }
}

fn guard(trace: &Trace, at: Ref) -> String {
    // A ref behind the root trace is one of the side trace.
    match trace.ins.get(usize::from(at.0).saturating_sub(1)) {
        Some(ins) => format!("{} {}", ins.op.name(), ins.ty.text()),
        None => "side trace".into(),
    }
}
