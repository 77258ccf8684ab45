//! A case's traces one by one: the root, and the side trace if there is one.

use super::View;
use super::stubs::{Stubs, stubs};
use crate::code::Code;
use crate::ir::{ExitNo, Ref, Trace};
use crate::outcome::End;
use crate::text::print_ins;
use crate::verify::Defect;
use crate::world::World;

/// One trace with all that was seen of it.
pub struct Half<'a> {
    /// 1, or 2 for the side trace.
    pub number: u8,
    /// The exit of the root trace that leads here.
    pub from: Option<ExitNo>,
    pub trace: &'a Trace,
    world: &'a World,
    pub code: Option<&'a Code>,
    pub stubs: Stubs,
    pub defects: &'a [Defect],
    /// The instructions' last values by the interpreter.
    pub values: &'a [(Ref, u64)],
    /// The instruction at which the interpreter's run ended.
    pub last: Option<Ref>,
    /// The instruction that the finding is pinned to.
    pub blamed: Option<Ref>,
}

impl Half<'_> {
    /// An instruction on as few columns as it takes.
    pub fn ins(&self, at: Ref) -> String {
        let line = print_ins(self.trace, self.world, at);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The root trace, then the side trace.
pub fn halves<'a>(view: &'a View) -> Vec<Half<'a>> {
    let (case, seen) = (view.case(), &view.seen);
    let code = view.code();
    let fork = code.and_then(|code| code.side.as_deref());
    let side_stubs = fork.map(|fork| stubs(fork, usize::MAX)).unwrap_or_default();
    let own_exits = code.map_or(0, |code| code.exits.len()).saturating_sub(side_stubs.len());
    let root = Half {
        number: 1,
        from: None,
        trace: &case.trace,
        world: &case.world,
        code,
        stubs: Stubs::new(0, code.map(|code| stubs(code, own_exits)).unwrap_or_default()),
        defects: &seen.defects,
        values: &seen.listing.values,
        last: seen.listing.last,
        blamed: view.finding().and_then(|f| f.at),
    };
    let side = case.side.as_ref().map(|side| Half {
        number: 2,
        from: Some(side.exit),
        trace: &side.trace,
        world: &case.world,
        code: fork,
        stubs: Stubs::new(own_exits, side_stubs),
        defects: &seen.side_defects,
        values: &seen.listing.side,
        last: seen.listing.side_last,
        blamed: fork.filter(|_| view.finding().is_some()).and_then(|fork| wrong_ref(view, fork)),
    });
    std::iter::once(root).chain(side).collect()
}

/// The instruction of the side trace whose word is wrong or faulted: the finding itself names none of them.
fn wrong_ref(view: &View, fork: &Code) -> Option<Ref> {
    let defect = view.seen.side_defects.first().map(|d| d.offset);
    let faulted = || match view.seen.observed.as_ref().map(|run| &run.outcome.end) {
        Some(End::Fault(fault)) => u32::try_from(fault.pc.checked_sub(fork.base)?).ok(),
        _ => None,
    };
    fork.ref_at(defect.or_else(faulted)?)
}
