//! The knobs of the generator: ranges with their reasons, settable on the command line.

use super::opset::OpSet;
use crate::case::Emit;
use std::ops::RangeInclusive;
use std::str::FromStr;
use thiserror::Error;

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
    /// Percent of loops that carry about as many values as there are registers, and do little else: whatever else a body
    /// does takes registers, and hides what goes wrong with those that only PHIs have.
    pub lean: u8,
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
    /// Percent of cases with a side trace at one of the root trace's exits. Not through the passes.
    pub sides: u8,
}

impl Default for Knobs {
    fn default() -> Self {
        Knobs {
            emit: Emit::Fold,
            ins: 4..=32,
            inputs: 6,
            ops: OpSet::all(),
            loops: 18,
            lean: 15,
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
            sides: 15,
        }
    }
}

impl Knobs {
    /// The defaults for one way of emitting.
    pub fn new(emit: Emit) -> Knobs {
        Knobs { emit, ..Knobs::default() }
    }
}

/// Why a knob can't be set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadKnob {
    /// No knob of that name.
    #[error("no knob {name:?}: {names} can be set", names = NAMES.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// No value for it.
    #[error("knob {name}: {value:?} is no value, write {wanted}")]
    Value {
        /// The knob.
        name: String,
        /// What was given.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
}

macro_rules! settable {
    ($( $knob:ident: $kind:ident, )*) => {
        /// Knobs that can be set by name.
        const NAMES: &[&str] = &[$( stringify!($knob) ),*];

        impl Knobs {
            /// Sets a knob from text: `NAME=N`, or `NAME=N..N` for a range, both ends included.
            ///
            /// # Errors
            /// When there is no such knob, or it takes no such value.
            pub fn set(&mut self, text: &str) -> Result<(), BadKnob> {
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                match name {
                    $( stringify!($knob) => $kind(value).map(|v| self.$knob = v), )*
                    _ => return Err(BadKnob::Unknown { name: name.into() }),
                }
                .map_err(|wanted| BadKnob::Value { name: name.into(), value: value.into(), wanted })
            }
        }
    };
}

settable! {
    ins: range,
    inputs: number,
    loops: number,
    lean: number,
    trips: number,
    pressure: number,
    live: range,
    frames: number,
    palette: number,
    big: number,
    big_ins: range,
    filler: number,
    dead: number,
    flags: number,
    sides: number,
    objects: number,
    leave: number,
}

fn number<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "a small number")
}

fn range<T: FromStr + PartialOrd + Copy>(text: &str) -> Result<RangeInclusive<T>, &'static str> {
    let wanted = "two small numbers with .. between, the lower one first";
    let (lo, hi) = text.split_once("..").unwrap_or((text, text));
    match (lo.parse::<T>(), hi.parse::<T>()) {
        (Ok(lo), Ok(hi)) if lo <= hi => Ok(lo..=hi),
        _ => Err(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_are_set_by_name() {
        let mut knobs = Knobs::default();
        assert_eq!(knobs.set("live=20..60"), Ok(()));
        assert_eq!(knobs.set("big=1000"), Ok(()));
        assert_eq!(knobs.set("ins=9"), Ok(()));
        assert_eq!((knobs.live, knobs.big, knobs.ins), (20..=60, 1000, 9..=9));
    }

    #[test]
    fn a_wrong_knob_is_named() {
        let mut knobs = Knobs::default();
        let said = |e: Result<(), BadKnob>| e.unwrap_err().to_string();
        assert!(said(knobs.set("bug=1")).starts_with("no knob \"bug\": ins, inputs, "));
        assert_eq!(said(knobs.set("loops=many")), "knob loops: \"many\" is no value, write a small number");
        assert!(said(knobs.set("live=9..3")).contains("the lower one first"));
        assert_eq!(knobs, Knobs::default());
    }
}
