//! Stores to allocations that the sinking pass leaves to the exits (`lj_opt_sink.c`).

use super::numbers::Numbers;
use luajit_arm64_sys::{Jit, TRef};

/// `RID_SINK` of `lj_target.h`: what the pass writes in place of a register.
const SINK: u16 = 0xfe;

/// Whether a guard follows a sunk store without a snapshot in between, and leaves by one that makes a sunk object: without what was stored
/// (`lj_snap.c: snap_unsink` replays the stores before the snapshot). The recorder takes a snapshot behind each store before the next
/// guard (`J->needsnap` of `lj_record.c` and `lj_crecord.c`).
pub fn is_left_behind(jit: &Jit, numbers: &Numbers) -> bool {
    let mut snaps = (0..).map_while(|n| jit.snapshot(0, n).ok()).peekable();
    let is_sunk = |at: TRef| !at.is_const() && jit.ir(at).is_ok_and(|ins| ins.prev & 0xff == SINK);
    let (mut makes, mut stored) = (false, false);
    for at in (TRef::BIAS + 1..).map(TRef) {
        let Ok(ins) = jit.ir(at) else { return false };
        while let Some(snap) = snaps.next_if(|snap| snap.at <= at) {
            (makes, stored) = (snap.entries.iter().any(|e| is_sunk(e.value)), false);
        }
        if makes && stored && numbers.is_guard(ins.ty) {
            return true;
        }
        stored |= numbers.is_effect(ins.op) && ins.prev & 0xff == SINK;
    }
    false
}
