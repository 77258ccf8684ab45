//! The knobs of the generator: ranges with their reasons, settable on the command line.

use super::opset::OpSet;
use crate::case::Emit;
use std::ops::RangeInclusive;

/// What cases to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// How their IR is emitted; `Fold` keeps to what LuaJIT's recorder can produce.
    pub emit: Emit,
    /// Instructions in a trace, about: shapes are completed and values stored behind the last drawn one.
    /// Short traces are cheap to translate, long ones reach register pressure.
    pub ins: RangeInclusive<u16>,
    /// Input vectors of a case. Translating a trace costs as much as twenty runs, so a handful of inputs is nearly free.
    pub inputs: u8,
    /// The opcodes that are drawn. What carries them is not filtered: loads of values and addresses, address
    /// arithmetic, final stores, the guard of a loop.
    pub ops: OpSet,
    /// Percent of cases with a LOOP. They cost more runtime (several iterations), and fewer shapes fit in one.
    pub loops: u8,
    /// Most iterations of a loop: PHI shuffling shows in the second and third, rotation of several PHIs in a few more.
    pub trips: u8,
    /// Percent of cases that keep many values alive.
    pub pressure: u8,
    /// Values that such a case keeps alive at once. LuaJIT has 28 general and 32 FP registers to allocate, fewer
    /// with a spare for PHIs: the range goes from comfortable to spilling.
    pub live: RangeInclusive<u8>,
    /// Percent of these cases with twice as many: their frames are large.
    pub frames: u8,
    /// Percent of cases whose constants come from few families, near each other.
    pub palette: u8,
    /// Big cases in a thousand. One takes as long as dozens of others.
    pub big: u16,
    /// Instructions in a big case, about. One in twenty of them is very big: thousands, so that branches don't reach.
    pub big_ins: RangeInclusive<u16>,
    /// Percent of neighbouring memory accesses with something between them, which fusion to pairs must respect.
    pub filler: u8,
    /// Percent of unused values that stay unused: food for dead-code elimination. All others are stored or restored.
    pub dead: u8,
    /// Percent of cases with non-default `-O` switches.
    pub flags: u8,
    /// Percent of cases with Lua objects, calls and allocation. Their worlds take time to make, and the other cases still find most of
    /// what is wrong with plain instructions.
    pub objects: u8,
    /// Percent of inputs of such cases in which the collector wants the trace to leave at its first check.
    pub leave: u8,
}

impl Default for Knobs {
    fn default() -> Self {
        Knobs {
            emit: Emit::Fold,
            ins: 4..=32,
            inputs: 6,
            ops: OpSet::all(),
            loops: 18,
            trips: 12,
            pressure: 15,
            live: 12..=48,
            frames: 8,
            palette: 20,
            big: 2,
            big_ins: 60..=600,
            filler: 30,
            dead: 12,
            flags: 15,
            objects: 35,
            leave: 0,
        }
    }
}

impl Knobs {
    /// The defaults for one way of emitting.
    pub fn new(emit: Emit) -> Knobs {
        Knobs { emit, ..Knobs::default() }
    }
}
