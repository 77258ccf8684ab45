//! Steps through a run beside the interpreter and notes the first value that is not what it should be.

use super::expect::Expectations;
use super::wrong::{Departure, Wrong};
use super::{Scene, argument};
use crate::arm64::{Access, Address, Direction, Encoding, Flow, Gpr, LR, SP, classify};
use crate::code::{Boundary, Held, Place, Registers, Runtime};
use crate::ir::Ref;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Instructions to remember: more than an exit's stub has.
const RECENT: usize = 16;

/// A write to a register or a word of the frame.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// The instruction's address.
    by: u64,
    /// Of a store: the instruction that made the register.
    of: Option<u64>,
    /// How often the loop's head had been reached.
    round: usize,
}

/// A register that an instruction has read.
#[derive(Clone, Copy, Debug)]
struct Operand {
    place: Place,
    bits: u64,
    /// Which instruction had written it.
    by: Option<u64>,
}

/// What was seen so far.
pub(super) struct Watch<'a> {
    scene: &'a Scene,
    expect: &'a Expectations<'a>,
    boundaries: BTreeMap<u64, Vec<&'a Boundary>>,
    /// The instruction that ran last.
    last: Option<u64>,
    /// The last few, in their order.
    recent: Vec<u64>,
    /// Which instruction wrote each general register, then each FP register, last.
    writers: [Option<Written>; 64],
    /// Which wrote each word of the frame, by address.
    frame: BTreeMap<u64, Written>,
    /// Which instruction wrote each other byte of memory last.
    memory: BTreeMap<u64, u64>,
    /// What each instruction read from registers when it ran last, by its address.
    reads: BTreeMap<u64, Vec<Operand>>,
    /// How often the loop's head was reached.
    rounds: usize,
    started: bool,
    /// The root trace was started again: passes can't be told any more.
    lost: bool,
    /// The side trace has given the frame's register a value of its own.
    rebased: bool,
    /// Stores whose effect was not seen yet.
    stores: Vec<(Ref, usize)>,
    /// The first departure.
    pub found: Option<Departure>,
}

impl<'a> Watch<'a> {
    pub fn new(scene: &'a Scene, expect: &'a Expectations<'a>) -> Watch<'a> {
        let mut boundaries: BTreeMap<u64, Vec<&Boundary>> = BTreeMap::new();
        for boundary in &scene.record.boundaries {
            boundaries.entry(boundary.address).or_default().push(boundary);
        }
        Watch {
            scene,
            expect,
            boundaries,
            last: None,
            recent: vec![],
            writers: [None; 64],
            frame: BTreeMap::new(),
            memory: BTreeMap::new(),
            reads: BTreeMap::new(),
            rounds: 0,
            started: false,
            lost: false,
            rebased: false,
            stores: vec![],
            found: None,
        }
    }

    /// Before each instruction; what comes behind the first departure is of no interest.
    pub fn visit(&mut self, regs: &Registers, memory: &dyn Runtime) -> ControlFlow<()> {
        self.note_writes();
        self.lost |= self.started && regs.pc == self.scene.code.start.pc && !self.is_loop_head(regs.pc);
        self.lost |= !self.expect.history.knows(self.expect.pass(self.rounds + 1));
        self.started = true;
        if self.found.is_none() {
            self.found = self.wrong_base(regs);
        }
        if !self.lost && self.found.is_none() {
            self.check(regs, memory, false);
            self.rounds += usize::from(self.is_loop_head(regs.pc));
            self.check(regs, memory, true);
            let found = self.found.take().or_else(|| self.wrong_exit(regs)).or_else(|| self.wrong_address(regs));
            self.found = found.or_else(|| self.wrong_argument(regs, memory));
        }
        self.last = Some(regs.pc);
        if self.recent.len() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push(regs.pc);
        self.note_reads(regs);
        self.note_stores(regs);
        if self.found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn is_loop_head(&self, pc: u64) -> bool {
        self.scene.code.loop_start.is_some_and(|start| pc == self.scene.code.base + u64::from(start))
    }

    /// The instruction of a trace's body that ran last: the branch to a stub, if it left by an exit.
    pub fn last_of_body(&self, scene: &Scene) -> Option<u64> {
        let body = |at: &&u64| scene.part(**at).is_some_and(|(part, offset)| offset < part.body);
        self.recent.iter().rev().find(body).copied()
    }

    /// Who wrote a place last.
    pub fn writer(&self, place: Place, regs: &Registers) -> Option<u64> {
        let written = self.written(place, regs)?;
        let by = written.of.unwrap_or(written.by);
        let slot = self.scene.word(by).and_then(loaded_slot);
        Some(slot.map_or(by, |offset| self.slot_writer(regs.sp, offset).unwrap_or(by)))
    }

    /// Who wrote a stack slot last; whose business it would have been, if nobody did.
    fn slot_writer(&self, sp: u64, offset: i32) -> Option<u64> {
        let written = self.frame.get(&sp.wrapping_add_signed(offset.into())).map(|w| w.by);
        written.or_else(|| self.scene.words().find(|(_, word)| stores_slot(*word, offset)).map(|(at, _)| at))
    }

    /// The instruction that wrote a byte of memory last.
    pub fn last_store(&self, at: u64) -> Option<u64> {
        self.memory.get(&at).copied()
    }

    fn written(&self, place: Place, regs: &Registers) -> Option<Written> {
        match place {
            Place::Gpr(n) => *self.writers.get(usize::from(n))?,
            Place::Fpr(n) => *self.writers.get(32 + usize::from(n))?,
            Place::Spill(offset) => self.frame.get(&regs.sp.wrapping_add(u64::from(offset))).copied(),
            Place::Known(_) | Place::Lost => None,
        }
    }

    fn note_writes(&mut self) {
        let Some(last) = self.last else { return };
        let Some(Encoding::Valid(row)) = self.scene.word(last).map(classify) else { return };
        let written = self.scene.word(last).map(|word| row.writes(word));
        for n in (0..64).filter(|n| written.is_some_and(|set| set.0 >> n & 1 == 1)) {
            self.writers[n] = Some(Written { by: last, of: None, round: self.rounds });
        }
    }

    fn note_reads(&mut self, regs: &Registers) {
        let Some(word) = self.scene.word(regs.pc) else { return };
        let Encoding::Valid(row) = classify(word) else { return };
        let read = row.reads(word).0;
        let operand = |n: u8| {
            let place = if n < 32 { Place::Gpr(n) } else { Place::Fpr(n - 32) };
            let bits = match place {
                Place::Fpr(n) => regs.d[usize::from(n)],
                _ => *regs.x.get(usize::from(n))?,
            };
            Some(Operand { place, bits, by: self.writers[usize::from(n)].map(|w| w.by) })
        };
        let operands = (0..64).filter(|n| read >> n & 1 == 1).filter_map(operand).collect();
        self.reads.insert(regs.pc, operands);
    }

    /// A constant operand that the word of an instruction did not find in its register: the word itself did no wrong. Of two registers it is
    /// the one that does not hold the other operand.
    fn wrong_constant(&self, at: Ref, side: bool, pass: usize, word: u64) -> Option<(Wrong, u64)> {
        let read = self.reads.get(&word).filter(|read| read.len() == 2)?;
        let (constant, other) = self.expect.constant_operand(at, side, pass)?;
        let n = read.iter().position(|o| o.bits == other)?;
        let Operand { place, bits, by } = read[1 - n];
        let what = Wrong::Value { of: None, carried: false, place, expected: constant, observed: bits };
        Some((what, by?)).filter(|_| bits != constant)
    }

    /// What the instruction at hand is about to store to the frame.
    fn note_stores(&mut self, regs: &Registers) {
        let Some(word) = self.scene.word(regs.pc) else { return };
        if let Some(access) = access(word, Direction::Store)
            && let Some(from) = address(word, access, regs)
        {
            let bytes = u64::from(access.bytes * access.registers);
            self.memory.extend((from..from.saturating_add(bytes)).map(|at| (at, regs.pc)));
        }
        let Some((offset, access)) = on_frame(word, Direction::Store) else { return };
        let from = regs.sp.wrapping_add_signed(offset.into());
        for at in (0..access.bytes * access.registers).step_by(4) {
            let register = stored_register(word, at >= access.bytes);
            let of = self.writers[register].map(|w| w.by);
            self.frame.insert(from + u64::from(at), Written { by: regs.pc, of, round: self.rounds });
        }
    }

    /// What a side trace uses as the frame's address before it has written that register.
    fn wrong_base(&mut self, regs: &Registers) -> Option<Departure> {
        self.scene.part(regs.pc).filter(|(part, _)| part.base != self.scene.code.base)?;
        let base = self.scene.record.base.filter(|_| !self.rebased)?;
        let word = self.scene.word(regs.pc)?;
        let Encoding::Valid(row) = classify(word) else { return None };
        let (register, bit) = (usize::from(base.register), 1 << base.register);
        let (expected, observed) = (self.scene.code.start.x[register], regs.x[register]);
        self.rebased = row.writes(word).0 & bit != 0;
        let is_wrong = row.reads(word).0 & bit != 0 && expected != observed;
        let what = Wrong::Base { register: base.register, expected, observed };
        let word = self.writers[register].map(|w| w.by);
        is_wrong.then_some(Departure { behind: None, what, word, side: true, pass: 0, stale: false })
    }

    /// What a place in the code belongs to: the instruction, whether it is the side trace's, and the pass.
    fn owner(&self, address: u64) -> Option<(Ref, bool, usize)> {
        let (part, offset) = self.scene.part(address).filter(|(part, offset)| *offset < part.body)?;
        let side = part.base != self.scene.code.base;
        let looping = !side && part.loop_start.is_some_and(|start| offset >= start);
        Some((part.ref_at(offset)?, side, if looping { self.expect.pass(self.rounds) } else { 0 }))
    }

    /// A guard's branch that has just left the trace, though the interpreter went on behind it.
    fn wrong_exit(&self, regs: &Registers) -> Option<Departure> {
        let last = self.last?;
        let Encoding::Valid(row) = classify(self.scene.word(last)?) else { return None };
        let Flow::Conditional(distance) = row.flow(self.scene.word(last)?) else { return None };
        let taken = regs.pc == last.wrapping_add_signed(distance.into()) && distance != 4;
        let inside = self.scene.part(regs.pc).zip(self.scene.part(last));
        let inside = inside.is_some_and(|((now, offset), (then, _))| now.base == then.base && offset < now.body);
        let (at, side, pass) = self.owner(last).filter(|_| taken && !inside)?;
        let what = Wrong::Left { at };
        let departs = self.expect.should_have_held(at, side, pass);
        departs.then_some(Departure { behind: Some(at), what, word: Some(last), side, pass, stale: false })
    }

    /// A load or store at hand whose address is not that of its instruction. A pair serves two instructions.
    fn wrong_address(&self, regs: &Registers) -> Option<Departure> {
        let word = self.scene.word(regs.pc)?;
        let Encoding::Valid(row) = classify(word) else { return None };
        let access = row.access(word)?;
        let (Address::Offset(base, _) | Address::Indexed(base, _)) = access.address else { return None };
        let reserved = self.scene.code.conventions.reserved.iter().any(|(n, _)| *n == base.0);
        let frame = self.scene.record.base.is_some_and(|frame| frame.register == base.0);
        // What is loaded to the link register is for the code itself, as in a check of the stack: no instruction's value is there.
        let scratch = access.direction == Direction::Load && stored_register(word, false) == usize::from(LR.0);
        if base == SP || reserved || frame || scratch {
            return None;
        }
        let from = address(word, access, regs)?;
        let (own, side, pass) = self.owner(regs.pc)?;
        let others = self.scene.record.stores.iter().filter(|s| s.address == regs.pc && s.side == side);
        let mut all = std::iter::once(own).chain(others.filter_map(|s| s.at));
        all.find_map(|at| {
            let expected = self.expect.address(at, side, pass, access)?;
            let ok = (0..access.registers).any(|n| expected == from.wrapping_add(u64::from(n * access.bytes)));
            let what = Wrong::Address { at, expected, observed: from };
            let word = Some(regs.pc);
            (!ok).then_some(Departure { behind: Some(at), what, word, side, pass, stale: false })
        })
    }

    /// An argument of the call at hand that is not what the trace gives.
    fn wrong_argument(&self, regs: &Registers, memory: &dyn Runtime) -> Option<Departure> {
        let word = self.scene.word(regs.pc)?;
        let Encoding::Valid(row) = classify(word) else { return None };
        let (Flow::Call(_) | Flow::CallRegister(_)) = row.flow(word) else { return None };
        let (at, side, pass) = self.owner(regs.pc)?;
        let (what, place) = argument::wrong(self.expect, at, side, pass, &|place| read(place, regs, memory))?;
        Some(Departure { behind: Some(at), what, word: self.writer(place, regs), side, pass, stale: false })
    }

    /// Checks the boundaries here that are, or are not, in the loop.
    fn check(&mut self, regs: &Registers, memory: &dyn Runtime, looping: bool) {
        let here = self.boundaries.get(&regs.pc).cloned().unwrap_or_default();
        let due = |b: &&&Boundary| b.looping == looping && (looping || b.side || self.rounds == 0);
        // The last of several at one address is the first in the trace.
        let here: Vec<&Boundary> = here.iter().filter(due).copied().collect();
        for boundary in here {
            let pass = if looping { self.expect.pass(self.rounds) } else { 0 };
            self.note_store(boundary, pass);
            if boundary.torn {
                continue;
            }
            if self.found.is_none() {
                self.found = self.departure(boundary, pass, regs, memory);
            }
        }
    }

    fn note_store(&mut self, boundary: &Boundary, pass: usize) {
        if let Some(at) = boundary.at.filter(|_| !boundary.side)
            && self.expect.stores(at)
        {
            self.stores.push((at, pass));
        }
    }

    fn departure(
        &mut self,
        boundary: &Boundary,
        pass: usize,
        regs: &Registers,
        memory: &dyn Runtime,
    ) -> Option<Departure> {
        let (behind, side) = (boundary.at, boundary.side);
        let departure = |what, word| Departure { behind, what, word, side, pass, stale: false };
        if let Some(at) = self.expect.should_have_left(boundary, pass) {
            return Some(departure(Wrong::Held { at }, self.last));
        }
        for (at, pass) in std::mem::take(&mut self.stores) {
            if let Some((expected, observed)) = self.expect.wrong_store(at, pass, memory) {
                let word = self.scene.store_of(at);
                let constant = word.and_then(|word| self.wrong_constant(at, false, pass, word));
                let what = Wrong::Store { at, expected, observed };
                return Some(constant.map_or(departure(what, word), |(what, by)| departure(what, Some(by))));
            }
        }
        let wrong = |held: &Held| {
            let observed = read(held.place, regs, memory)?;
            self.expect.wrong_value(held, side, pass, observed)
        };
        // Of several, the one that the instruction itself made.
        let all: Vec<(Wrong, Place)> = boundary.held.iter().filter_map(|h| Some((wrong(h)?, h.place))).collect();
        let own = all.iter().find(|(what, _)| matches!(what, Wrong::Value { of, .. } if *of == behind));
        let (what, place) = own.or(all.first())?;
        let own = behind.filter(|_| own.is_some()).zip(self.writer(*place, regs));
        if let Some((what, by)) = own.and_then(|(at, word)| self.wrong_constant(at, side, pass, word)) {
            return Some(departure(what, Some(by)));
        }
        let carried = matches!(what, Wrong::Value { carried: true, .. });
        let stale = carried && pass > 0 && self.written(*place, regs).is_none_or(|w| w.round + 1 < self.rounds);
        Some(Departure { stale, ..departure(*what, self.writer(*place, regs)) })
    }
}

/// The address of an access of the word at hand; `None` for a literal's.
fn address(word: u32, access: Access, regs: &Registers) -> Option<u64> {
    let register = |n: Gpr, zero: u64| regs.x.get(usize::from(n.0)).copied().unwrap_or(zero);
    match access.address {
        Address::Offset(base, offset) => Some(register(base, regs.sp).wrapping_add_signed(offset.into())),
        Address::Indexed(base, index) => {
            let index = register(index, 0);
            let low = index & 0xffff_ffff;
            let extended = match word >> 13 & 7 {
                2 => low,
                6 => low | if low >> 31 == 1 { 0xffff_ffff_0000_0000 } else { 0 },
                _ => index,
            };
            let shift = if word >> 12 & 1 == 1 { access.bytes.trailing_zeros() } else { 0 };
            Some(register(base, regs.sp).wrapping_add(extended << shift))
        }
        Address::Literal(_) => None,
    }
}

/// What a word loads from or stores to the frame, and its offset from the stack pointer.
fn on_frame(word: u32, direction: Direction) -> Option<(i32, Access)> {
    let access = access(word, direction)?;
    let Address::Offset(SP, offset) = access.address else { return None };
    Some((offset, access))
}

/// What a word loads or stores, if it does.
pub(super) fn access(word: u32, direction: Direction) -> Option<Access> {
    let Encoding::Valid(row) = classify(word) else { return None };
    row.access(word).filter(|access| access.direction == direction)
}

/// The register that a store takes, or the second one that a pair takes; FP registers come behind the general ones.
fn stored_register(word: u32, second: bool) -> usize {
    let number = word >> if second { 10 } else { 0 } & 31;
    (number + 32 * (word >> 26 & 1)) as usize
}

/// The stack slot that a word loads one register from.
fn loaded_slot(word: u32) -> Option<i32> {
    on_frame(word, Direction::Load).map(|(offset, _)| offset)
}

fn stores_slot(word: u32, slot: i32) -> bool {
    let end = |offset: i32, access: Access| offset.saturating_add_unsigned(access.bytes * access.registers);
    on_frame(word, Direction::Store).is_some_and(|(offset, access)| (offset..end(offset, access)).contains(&slot))
}

fn read(place: Place, regs: &Registers, memory: &dyn Runtime) -> Option<u64> {
    match place {
        Place::Gpr(n) => regs.x.get(usize::from(n)).copied(),
        Place::Fpr(n) => regs.d.get(usize::from(n)).copied(),
        Place::Spill(offset) => {
            let mut word = [0; 8];
            memory.read(regs.sp.wrapping_add(u64::from(offset)), &mut word);
            Some(u64::from_le_bytes(word))
        }
        Place::Known(_) | Place::Lost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(word: u32, regs: &Registers) -> Option<u64> {
        address(word, access(word, Direction::Load)?, regs)
    }

    #[test]
    fn addresses_are_those_of_the_encoding() {
        let mut regs = Registers { sp: 0x1000, ..Registers::default() };
        (regs.x[1], regs.x[2]) = (0x2000, 0xf_ffff_fffe);
        // ldp w3, w4, [x1, #-8]; ldr x3, [sp, #16]; ldr x3, [x1, w2, sxtw #3]; ldr x3, [x1, w2, uxtw]; ldr x3, [x1, x2, lsl #3]
        assert_eq!(at(0x297f_1023, &regs), Some(0x1ff8));
        assert_eq!(at(0xf940_0be3, &regs), Some(0x1010));
        assert_eq!(at(0xf862_d823, &regs), Some(0x1ff0));
        assert_eq!(at(0xf862_4823, &regs), Some(0x1_0000_1ffe));
        assert_eq!(at(0xf862_7823, &regs), Some(0x80_0000_1ff0));
        // ldr x3, a literal
        assert_eq!(at(0x5800_0023, &regs), None);
    }
}
