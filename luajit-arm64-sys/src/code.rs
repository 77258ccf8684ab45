//! An assembled trace as plain data: addresses, locations, and which instruction became which code.

use std::ops::Range;

use crate::abi::{RawNote, RawResult};
use crate::ir::TRef;

/// Addresses and sizes of an assembled trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Entry point.
    pub start: u64,
    /// Bytes of code, exit stubs not included.
    pub size: u64,
    /// Offset of the loop's head, 0 if there is no loop.
    pub loop_ofs: u64,
    /// The exit stubs' common part: `str x30,[sp]`, the call of the handler, `movz w0,#traceno`.
    pub stubs: u64,
    /// The stub of exit 0; the others follow, a word each.
    pub stub0: u64,
    /// End of the last stub.
    pub end: u64,
    /// The stubs load the handler's address instead of branching to it.
    pub far_exit: bool,
    /// Exits: one for each snapshot, one more in side traces.
    pub nexits: u32,
    /// Bytes the stack pointer is lowered by at entry, beyond the fixed frame.
    pub spadjust: u32,
    /// Constants the code may load: part of the final trace object in the heap.
    pub constants: (u64, u64),
    /// `x19` at entry: `BASE`, the first stack slot (slot 2 of snapshots).
    pub base: u64,
    /// `x22` at entry: the global state.
    pub gl: u64,
    /// `x23` at entry: the Lua state.
    pub lua_state: u64,
    /// `x21` at entry: the bytecode the trace starts at, and the pc of snapshots with tag 0.
    pub pc: u64,
    /// The trace's number.
    pub traceno: u32,
    /// Snapshots.
    pub nsnap: u32,
    /// End of the instructions, `RENAME`s included.
    pub nins: u32,
    /// Lowest constant.
    pub nk: u32,
}

impl Code {
    pub(crate) fn new(raw: &RawResult) -> Self {
        Self {
            start: raw.mcode,
            size: raw.size,
            loop_ofs: raw.loop_ofs,
            stubs: raw.stubs,
            stub0: raw.stub0,
            end: raw.end,
            far_exit: raw.far_exit != 0,
            nexits: raw.nexits,
            spadjust: raw.spadjust,
            constants: (raw.k_start, raw.k_end),
            base: raw.base,
            gl: raw.gl,
            lua_state: raw.lua_state,
            pc: raw.pc,
            traceno: raw.traceno,
            nsnap: raw.nsnap,
            nins: raw.nins,
            nk: raw.nk,
        }
    }

    /// Addresses of the code without the stubs.
    pub fn range(&self) -> Range<u64> {
        self.start..self.start + self.size
    }

    /// The address of an exit's stub.
    pub fn stub(&self, exitno: u32) -> u64 {
        self.stub0 + 4 * u64::from(exitno)
    }
}

/// A register that holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// `x0` to `x30`; 31 is `sp`.
    Gpr(u8),
    /// `d0` to `d31`.
    Fpr(u8),
}

/// Where a value is at an exit. A spill slot wins over a register, as in `snap_restoreval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loc {
    /// Its register.
    pub reg: Option<Place>,
    /// Its spill slot: at `sp + 4 * slot`.
    pub spill: Option<u8>,
    /// LuaJIT's register byte with its flags: `RID_SINK` and such mark values without a register.
    pub raw_reg: u8,
    /// The type byte.
    pub ty: u8,
}

/// Which instruction became which code. Code before the first range is the trace's head, code after the last its tail.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a> {
    start: u64,
    area: u64,
    notes: &'a [RawNote],
}

impl<'a> Notes<'a> {
    pub(crate) fn new(raw: &RawResult, notes: &'a [RawNote]) -> Self {
        Self { start: raw.mcode, area: raw.area, notes }
    }

    /// Instructions and their code in ascending order. The lowest range includes the trace's head; a range includes what the
    /// register allocator added on the way to the next lower instruction.
    pub fn ranges(self) -> impl Iterator<Item = (TRef, Range<u64>)> + 'a {
        let end = move |note: &RawNote| self.area + u64::from(note.end);
        (0..self.notes.len()).rev().map(move |index| {
            let from = self.notes.get(index + 1).map_or(self.start, end);
            let note = &self.notes[index];
            (TRef(u16::try_from(note.r#ref).expect("a ref has 16 bits")), from..end(note))
        })
    }

    /// The instruction an address belongs to.
    pub fn at(self, addr: u64) -> Option<TRef> {
        self.ranges().find(|(_, range)| range.contains(&addr)).map(|(value, _)| value)
    }
}
