//! What the loop pass never writes of a `PHI`, seen only when the operands are known as FOLD left them: skipped, since `asm_phi` relies on it.

use crate::ir::{Arg, Ins, Op, Ref, Trace};
use luajit_arm64_sys::TRef;

/// The `PHI`s of a hand-built loop so far.
#[derive(Debug, Default)]
pub(super) struct Phis {
    /// Left operands: what is carried into the loop.
    carried: Vec<TRef>,
}

impl Phis {
    /// Why one more is to be skipped, if it is. `refs`: what became of the instructions before it.
    pub(super) fn add(
        &mut self,
        trace: &Trace,
        refs: &[Option<TRef>],
        phi: &Ins,
        operands: [TRef; 2],
    ) -> Option<&'static str> {
        let [left, right] = operands;
        if left.is_const() || right.is_const() {
            return Some("FOLD made a PHI operand constant");
        }
        // The loop pass makes one PHI of a value (`lj_opt_loop.c: loop_emit_phi`).
        if self.carried.contains(&left) {
            return Some("FOLD made the left operands of two PHIs one");
        }
        self.carried.push(left);
        is_invariant_too(trace, refs, phi.op1, left)
            .then_some("FOLD made the left operand of a PHI and an invariant one")
    }
}

/// Whether a hand-built loop's body, or an exit from it, uses as something that does not vary a value that FOLD merged with one that the loop
/// carries. The loop pass, which makes the bodies of LuaJIT's own loops, would give them the carried one's new value only where it is meant.
fn is_invariant_too(trace: &Trace, refs: &[Option<TRef>], left: Arg, carried: TRef) -> bool {
    let Some(start) = trace.loop_ref() else { return false };
    let merged = |arg: Arg| {
        let own = |r: &Ref| *r < start && Arg::Ref(*r) != left;
        arg.as_ref().filter(own).is_some_and(|r| refs[usize::from(r.0) - 1] == Some(carried))
    };
    let body = trace.iter().skip_while(|(at, _)| *at <= start);
    let mut used = body.filter(|(_, ins)| ins.op != Op::PHI).flat_map(|(_, ins)| ins.args());
    // Guards at the start of the body leave by the last snapshot before it.
    let first = trace.snaps.iter().rposition(|snap| snap.at.0 <= start.0 + 1).unwrap_or(0);
    used.any(merged) || trace.snaps[first..].iter().flat_map(|snap| &snap.entries).any(|e| merged(e.value))
}
