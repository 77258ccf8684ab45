//! Who wrote which word of machine code, and where values were: what a `blame` build recorded while it assembled.

mod abi;
mod lines;

use std::mem::MaybeUninit;

pub(crate) use abi::BlameApi;
pub use lines::{Lines, LinesError, SourceFrame};

use crate::abi::NO_REG;
use crate::code::Place;
use crate::error::Error;
use crate::ir::{Ins, TRef};
use crate::jit::Jit;
use abi::{RawBehind, RawBlame, RawEntered, RawHeld, RawWrite};

/// A store into the machine code area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where to.
    pub addr: u64,
    /// Bytes.
    pub size: u32,
    /// The word that was there, for a store of one word.
    pub old: u32,
    /// The instruction being assembled.
    pub at: Option<TRef>,
    /// Offsets of calls in the library, for [`Lines::at`]: the store's own first, then its callers' up to this crate's interface.
    pub chain: Vec<u64>,
}

/// A value that is alive, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The value.
    pub value: TRef,
    /// Its register.
    pub reg: Option<Place>,
    /// Its spill slot, at `sp + 4 * slot`; it holds the value as well.
    pub spill: Option<u8>,
    /// Only snapshots want it (`as->weakset`): where code before needs the register, the value is left in its spill slot and not loaded
    /// again.
    pub weak: bool,
}

/// All values that are alive behind the code of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The trace's number.
    pub traceno: u32,
    /// The instruction.
    pub at: TRef,
    /// The address behind its code.
    pub end: u64,
    /// The values, constants first.
    pub held: Vec<Held>,
    /// Offset in the library, for [`Lines::at`], of the function that `asm_ir` calls for the instruction.
    pub handler: Option<u64>,
}

/// A function that was entered while an instruction went through `FOLD`, or a trace through the other passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// Offset in the library, for [`Lines::at`].
    pub offset: u64,
    /// Functions between it and this crate's interface.
    pub depth: u32,
    /// The number of the call of the interface: of all calls of [`Jit::fold`] and [`Jit::optimize`] since the reset.
    pub step: u32,
    /// The instruction that `FOLD` had at hand then; locations in it mean nothing.
    pub ins: Ins,
}

/// What a `blame` build recorded since the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Stores into the machine code area, in their order. Where the assembler went over a trace several times, those of the last time.
    pub writes: Vec<Write>,
    /// Where values were, by instruction, in the order of assembly, which is backwards.
    pub behind: Vec<Behind>,
    /// Functions of the passes, in their order.
    pub entered: Vec<Entered>,
    /// Records that there was no room for.
    pub lost: u32,
}

impl Jit {
    /// Calls of [`Jit::fold`] and [`Jit::optimize`] since the last reset: what [`Entered::step`] counts.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// What was recorded since the last reset.
    ///
    /// # Errors
    /// `BadArgument` if this is no [`Variant::Blame`](crate::Variant::Blame).
    pub fn record(&self) -> Result<Record, Error> {
        let no_blame =
            || Error::BadArgument { text: "this build records no stores: make one of the variant `blame`".into() };
        let api = self.library().blame().ok_or_else(no_blame)?;
        let mut raw = MaybeUninit::<RawBlame>::uninit();
        // SAFETY: the function fills the struct; this Jit holds the library, so nothing is recorded meanwhile.
        let raw = unsafe {
            (api.seen)(raw.as_mut_ptr());
            raw.assume_init()
        };
        // SAFETY: the pointers are to static arrays of the library that have so many elements.
        let (writes, behind, held, entered) = unsafe {
            (
                slice(raw.writes, raw.nwrites),
                slice(raw.behind, raw.nbehind),
                slice(raw.held, raw.nheld),
                slice(raw.entered, raw.nentered),
            )
        };
        Ok(Record {
            writes: writes.iter().map(|w| write(w, raw.base)).collect(),
            behind: behind.iter().map(|b| all_held(b, held, raw.base)).collect(),
            entered: entered.iter().map(|e| entry(e, raw.base)).collect(),
            lost: raw.lost,
        })
    }
}

/// # Safety
/// The array must have so many elements, which nobody changes.
unsafe fn slice<'a, T>(first: *const T, count: u32) -> &'a [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(first, count as usize) }
}

/// Whether the table of a loaded library is that of this crate.
pub(crate) fn is_ours(api: &BlameApi) -> bool {
    api.version == abi::VERSION && api.size as usize == size_of::<BlameApi>()
}

fn write(raw: &RawWrite, base: u64) -> Write {
    let at = u16::try_from(raw.r#ref).ok().filter(|at| *at != 0).map(TRef);
    // A return address is behind its call.
    let chain = raw.chain.iter().take(raw.nchain as usize).map(|pc| pc.wrapping_sub(base).wrapping_sub(1)).collect();
    Write { addr: raw.addr, size: raw.size, old: raw.old, at, chain }
}

fn all_held(raw: &RawBehind, held: &[RawHeld], base: u64) -> Behind {
    let held = held.iter().skip(raw.first as usize).take(raw.count as usize);
    Behind {
        traceno: raw.traceno,
        at: TRef(u16::try_from(raw.r#ref).expect("a ref has 16 bits")),
        end: raw.end,
        held: held.map(place).collect(),
        handler: (raw.handler != 0).then(|| raw.handler.wrapping_sub(base)),
    }
}

fn place(raw: &RawHeld) -> Held {
    let reg = match raw.reg {
        reg if reg & NO_REG != 0 => None,
        reg if reg < 32 => Some(Place::Gpr(reg)),
        reg => Some(Place::Fpr(reg - 32)),
    };
    Held { value: TRef(raw.r#ref), reg, spill: (raw.spill != 0).then_some(raw.spill), weak: raw.weak != 0 }
}

fn entry(raw: &RawEntered, base: u64) -> Entered {
    let [a, b, c, d, ty, op, ..] = raw.ins.to_le_bytes();
    let (op1, op2) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    let ins = Ins { op, ty, op1, op2, prev: 0, value: 0 };
    Entered { offset: raw.pc.wrapping_sub(base), depth: raw.depth, step: raw.step, ins }
}
