//! Reading any committed trace back: its code, the locations of its values, its instructions and its snapshots.
//!
//! Everywhere the trace number 0 means the assembled trace, or the one committed last.

use std::mem::MaybeUninit;

use crate::abi::{NO_REG, RawIns, RawLoc, RawResult, RawSnapEntry, RawSnapshot};
use crate::code::{Code, Loc, Notes, Place};
use crate::error::Error;
use crate::ir::{Ins, SnapEntry, SnapFlags, Snapshot, TRef};
use crate::jit::{Jit, tref};

impl Jit {
    /// The code of a trace. A committed side trace has changed its parent's: exits branch to it.
    ///
    /// # Errors
    /// If there is no such trace.
    pub fn code_of(&self, traceno: u32) -> Result<Code, Error> {
        self.raw_result(traceno).map(|raw| Code::new(&raw))
    }

    /// Which ref became which code. Of very many traces since the last reset only the later ones are known, the others have no
    /// ranges.
    ///
    /// # Errors
    /// If there is no such trace.
    pub fn notes_of(&self, traceno: u32) -> Result<Notes<'_>, Error> {
        let raw = self.raw_result(traceno)?;
        if raw.nnotes == 0 {
            return Ok(Notes::new(&raw, &[]));
        }
        // SAFETY: the notes are in a static array of the library that only calls taking &mut self change.
        let notes = unsafe { std::slice::from_raw_parts(raw.notes, raw.nnotes as usize) };
        Ok(Notes::new(&raw, notes))
    }

    fn raw_result(&self, traceno: u32) -> Result<RawResult, Error> {
        let mut raw = MaybeUninit::<RawResult>::zeroed();
        // SAFETY: writes one struct.
        self.check(unsafe { (self.api.passes.result_of)(traceno, raw.as_mut_ptr()) })?;
        // SAFETY: zeroes are valid for it, and the call has filled it.
        Ok(unsafe { raw.assume_init() })
    }

    /// Where a value is when an exit is taken.
    ///
    /// # Errors
    /// If there is no such snapshot or instruction.
    pub fn loc_of(&self, traceno: u32, snapno: u32, value: TRef) -> Result<Loc, Error> {
        let mut raw = RawLoc::default();
        // SAFETY: writes one struct.
        self.check(unsafe { (self.api.passes.loc_of)(traceno, snapno, u32::from(value.0), &raw mut raw) })?;
        let place = if raw.reg & NO_REG != 0 {
            None
        } else {
            Some(if raw.reg < 32 { Place::Gpr(raw.reg) } else { Place::Fpr(raw.reg - 32) })
        };
        Ok(Loc { reg: place, spill: (raw.spill != 0).then_some(raw.spill), raw_reg: raw.raw_reg, ty: raw.r#type })
    }

    /// An instruction or constant. While a trace is built, number 0 is that one: what [`Jit::optimize`] made can be read.
    ///
    /// # Errors
    /// If the trace has no such ref.
    pub fn ir_of(&self, traceno: u32, at: TRef) -> Result<Ins, Error> {
        let mut raw = RawIns::default();
        // SAFETY: writes one struct.
        self.check(unsafe { (self.api.passes.ir_of)(traceno, u32::from(at.0), &raw mut raw) })?;
        Ok(Ins { op: raw.op, ty: raw.r#type, op1: raw.op1, op2: raw.op2, prev: raw.prev, value: raw.value })
    }

    /// A snapshot, whose number is the exit's. While a trace is built, number 0 is that one.
    ///
    /// # Errors
    /// If the trace has no such snapshot.
    pub fn snapshot(&self, traceno: u32, snapno: u32) -> Result<Snapshot, Error> {
        let mut raw = RawSnapshot::default();
        // SAFETY: writes one struct.
        self.check(unsafe { (self.api.passes.snapshot)(traceno, snapno, &raw mut raw) })?;
        Ok(Snapshot {
            at: tref(raw.r#ref),
            nslots: u8::try_from(raw.nslots).expect("LuaJIT stores it in a byte"),
            tag: raw.tag,
            entries: self.snap_entries(traceno, snapno, raw.nent)?,
        })
    }

    /// All tags of a trace's snapshots, in order: [`Jit::snapshot`] without the entries.
    ///
    /// # Errors
    /// If there is no such trace.
    pub fn snap_tags(&self, traceno: u32) -> Result<Vec<u32>, Error> {
        let tag = |snapno| {
            let mut raw = RawSnapshot::default();
            // SAFETY: writes one struct.
            self.check(unsafe { (self.api.passes.snapshot)(traceno, snapno, &raw mut raw) })?;
            Ok(raw.tag)
        };
        (0..self.raw_result(traceno)?.nsnap).map(tag).collect()
    }

    fn snap_entries(&self, traceno: u32, snapno: u32, nent: u32) -> Result<Vec<SnapEntry>, Error> {
        let mut raw = vec![RawSnapEntry { slot: 0, flags: 0, r#ref: 0 }; nent as usize];
        // SAFETY: writes at most `nent` structs.
        self.check(unsafe { (self.api.passes.snap_entries)(traceno, snapno, raw.as_mut_ptr(), nent) })?;
        let entry = |raw: &RawSnapEntry| SnapEntry {
            slot: raw.slot,
            flags: SnapFlags::from_bits(raw.flags),
            value: TRef(raw.r#ref),
        };
        Ok(raw.iter().map(entry).collect())
    }
}
