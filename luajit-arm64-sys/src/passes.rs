//! What comes between recording and assembling: tagged snapshots, LuaJIT's optimization passes, side traces, the allocator's seed.

use crate::abi::RawSlot;
use crate::error::Error;
use crate::ir::{Opts, SnapEntry, TRef};
use crate::jit::Jit;

impl Jit {
    /// Tags are below this: they are positions in the bytecode of the function that every trace pretends to start in.
    pub const TAGS: u32 = 500;

    /// [`Jit::snap`] with a tag, which is the snapshot's bytecode pc and survives all passes: [`Jit::snapshot`] tells it. Snapshots
    /// without one have tag 0.
    ///
    /// # Errors
    /// As [`Jit::snap`], or if the tag is not below [`Jit::TAGS`].
    pub fn snap_at(&mut self, entries: &[SnapEntry], nslots: u8, tag: u32) -> Result<u32, Error> {
        let (ptr, len) = (entries.as_ptr().cast(), entries.len().try_into().unwrap_or(u32::MAX));
        let mut out = 0;
        // SAFETY: SnapEntry has th_snapentry's layout; the C side reads `len` of them if that is at most 255.
        self.check(unsafe { (self.api.passes.snap_at)(ptr, len, u32::from(nslots), tag, &raw mut out) })?;
        Ok(out)
    }

    /// Runs the passes between recording and assembling (`LJ_TRACE_END` of `lj_trace.c`), as far as the flags given to
    /// [`Jit::begin`] allow: for a trace that is to link to itself `lj_opt_dce` and `lj_opt_loop`, then `lj_opt_sink`.
    /// [`Jit::assemble`] with [`Link::Loop`](crate::Link::Loop) comes next.
    ///
    /// With `repeat` the trace is one iteration. Its last snapshot comes after its last instruction and holds what the next one finds
    /// in the slots; it gets the tag of the first snapshot, since it is the same place one iteration later. Slots ascend in every
    /// snapshot. `lj_opt_loop` drops the slots of the last snapshot that are not below a snapshot's `nslots`: all should have the
    /// same. Without the loop optimization the trace stays as it is and stores the last snapshot's slots before it starts again.
    ///
    /// # Errors
    /// A trace error drops the trace: `TYPEINS` and `GFAIL` where the recorder would go on with another iteration, `PHIOV`, `SNAPOV`.
    /// `BadArgument` where the snapshots are not as described, and for a side trace that is to repeat without the loop optimization.
    pub fn optimize(&mut self, repeat: Repeat) -> Result<(), Error> {
        self.steps += 1;
        // SAFETY: this Jit holds the library; the C side checks that a trace is being built.
        self.check(unsafe { (self.api.passes.optimize)(u32::from(repeat == Repeat::Iteration)) })
    }

    /// Starts a side trace at an exit of a committed trace, as `trace_start` and `lj_record_setup` do: `lj_snap_replay` emits
    /// `SLOAD`s with `PARENT` for the exit's slots, replays sunk allocations, and takes snapshot 0, which has the tag of the exit's.
    /// [`Jit::slot`] tells what the slots hold. [`Jit::commit`] makes the parent's exit branch here.
    ///
    /// Snapshots of a side trace must hold every slot that the replay filled: they are not on the Lua stack.
    ///
    /// # Errors
    /// `BadArgument` if there is no such exit, it has a side trace already, or its snapshot has frames.
    pub fn begin_side(&mut self, parent: u32, exitno: u32, opts: Opts) -> Result<(), Error> {
        // SAFETY: this Jit holds the library; the C side checks the numbers.
        self.check(unsafe { (self.api.passes.begin_side)(parent, exitno, opts.bits()) })
    }

    /// What a stack slot holds in the trace being built: after [`Jit::begin_side`] what the exit left there, else the first `SLOAD`.
    ///
    /// # Errors
    /// If no trace is being built.
    pub fn slot(&self, slot: u8) -> Result<Option<SlotValue>, Error> {
        let mut raw = RawSlot::default();
        // SAFETY: writes one struct.
        self.check(unsafe { (self.api.passes.slot_ref)(u32::from(slot), &raw mut raw) })?;
        Ok((raw.r#ref != 0).then_some(SlotValue { value: TRef(raw.r#ref), ty: raw.r#type }))
    }

    /// Seeds the register allocator's random numbers, which the next trace uses; a [`Jit::reset`] brings back the default seed.
    /// False, and nothing else, in builds other than [`Variant::RandomRa`](crate::Variant::RandomRa).
    pub fn set_ra_seed(&mut self, seed: u64) -> bool {
        // SAFETY: this Jit holds the library.
        unsafe { (self.api.passes.ra_seed)(seed) != 0 }
    }
}

/// Whether a trace runs once or is one iteration of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// It ends in a link.
    Once,
    /// It starts again at its end.
    Iteration,
}

/// A value in a stack slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotValue {
    /// The instruction or constant.
    pub value: TRef,
    /// Its IR type.
    pub ty: u8,
}
