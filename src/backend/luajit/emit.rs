//! Emits a case's IR into LuaJIT's trace buffer, through FOLD or as written.

use super::narrowed::{Folding, converts};
use super::numbers::Numbers;
use super::objects::{Objects, key_word};
use super::phis::Phis;
use super::preconditions;
use super::refuse;
use crate::backend::Refusal;
use crate::case::{Case, Emit};
use crate::ir::{
    Arg, Class, Const, ConvCheck, ConvMode, Helper, Ins, Key, Link, Lit, ObjId, Op, Ref, Rule, Slot, Snap, Trace, Type,
};
use luajit_arm64_sys::{Error, Folded, Jit, SnapEntry, SnapFlags, TRef};

/// What became of the written instructions.
pub struct Emitted {
    /// LuaJIT's ref of each written instruction: possibly a constant or an earlier instruction; `None` for what FOLD dropped.
    pub refs: Vec<Option<TRef>>,
    /// How many were dropped or merged.
    pub folded: u32,
    /// How many steps of FOLD had been made behind each written instruction.
    pub steps: Vec<u32>,
    /// Slots of the parent's exit whose conversion from int was sunk: replayed as the int.
    pub ints: Vec<Slot>,
    /// Instructions of the sums that FOLD narrowed.
    pub narrowed: Vec<Ref>,
}

/// LuaJIT's word for a link.
pub fn link(link: Link) -> luajit_arm64_sys::Link {
    match link {
        Link::Interpreter => luajit_arm64_sys::Link::Interp,
        Link::Return => luajit_arm64_sys::Link::Return,
        Link::Loop => luajit_arm64_sys::Link::Loop,
        Link::Root => luajit_arm64_sys::Link::Root,
    }
}

/// The address of a helper: behind those of LuaJIT's own functions.
pub fn helper_address(jit: &Jit, helper: Helper) -> u64 {
    let calls = u32::try_from(jit.tables().calls.len()).expect("a few hundred");
    jit.layout().call_address(calls + helper as u32)
}

struct Emitter<'a> {
    jit: &'a mut Jit,
    numbers: &'a Numbers,
    objects: &'a Objects,
    case: &'a Case,
    trace: &'a Trace,
    /// Slots that all snapshots say they have: the same number in each, for the loop pass.
    nslots: u8,
    emitted: Emitted,
    last: Option<TRef>,
    /// What was emitted last when the last snapshot was taken.
    snapped: Option<Option<TRef>>,
    /// Behind LOOP: LuaJIT makes loop bodies by a pass of its own (`lj_opt_loop`), which knows what varies. FOLD alone would merge a
    /// body's values with those from before LOOP, so a hand-built body is emitted as written.
    in_loop: bool,
    phis: Phis,
}

/// Emits a root trace: everything but its end.
pub fn emit(jit: &mut Jit, numbers: &Numbers, objects: &Objects, case: &Case) -> Result<Emitted, Refusal> {
    jit.begin(numbers.opts(&case.flags)).map_err(|e| refuse(&e, &case.trace, &[]))?;
    Emitter::new(jit, numbers, objects, case, &case.trace).run(0)
}

/// Emits a side trace that has been begun: its first snapshot is the replayed one.
pub fn emit_side(
    jit: &mut Jit,
    numbers: &Numbers,
    objects: &Objects,
    case: &Case,
    trace: &Trace,
) -> Result<Emitted, Refusal> {
    Emitter::new(jit, numbers, objects, case, trace).run(1)
}

impl<'a> Emitter<'a> {
    fn new(jit: &'a mut Jit, numbers: &'a Numbers, objects: &'a Objects, case: &'a Case, trace: &'a Trace) -> Self {
        let refs = Vec::with_capacity(trace.ins.len());
        let top = trace.snaps.iter().filter_map(|s| s.entries.last()).map(|e| e.slot.0 + 1).max();
        let emitted = Emitted { refs, folded: 0, steps: vec![], ints: vec![], narrowed: vec![] };
        let nslots = top.unwrap_or(2);
        let (last, snapped, in_loop, phis) = (None, None, false, Phis::default());
        Emitter { jit, numbers, objects, case, trace, nslots, emitted, last, snapped, in_loop, phis }
    }

    /// Emits all instructions, and the snapshots from number `first` on.
    fn run(mut self, first: usize) -> Result<Emitted, Refusal> {
        let mut snaps = self.trace.snaps.iter().enumerate().skip(first).peekable();
        for (at, ins) in self.trace.iter() {
            while let Some((n, snap)) = snaps.next_if(|(_, s)| s.at <= at) {
                self.snap(n, snap)?;
            }
            let r = self.ins(ins)?;
            self.emitted.refs.push(r);
            self.emitted.steps.push(self.jit.steps());
        }
        snaps.try_for_each(|(n, snap)| self.snap(n, snap))?;
        if self.trace.link == Link::Loop && self.ends_with_gc_step()? {
            return Err(Refusal::Skip("a GCSTEP is the last thing that the loop does".into()));
        }
        Ok(self.emitted)
    }

    /// Whether nothing that must be done follows a `GCSTEP`. At a loop's end, where the guard's branch is the loop's own, inverted,
    /// the jump around the collector's step leaves the trace (`lj_asm_arm64.h: asm_gc_check`). LuaJIT has the check only at the start of
    /// side traces (`lj_snap.c: lj_snap_replay`).
    fn ends_with_gc_step(&self) -> Result<bool, Refusal> {
        let (step, phi) = (self.numbers.op(Op::GCSTEP).map_err(Refusal::Skip)?, self.numbers.op(Op::PHI).ok());
        let Some(last) = self.emitted.refs.iter().flatten().filter(|r| !r.is_const()).max() else { return Ok(false) };
        for at in (TRef::BIAS + 1..=last.0).rev() {
            let ins = self.jit.ir(TRef(at)).map_err(|e| self.error(&e))?;
            if Some(ins.op) != phi && (self.numbers.is_guard(ins.ty) || self.numbers.is_effect(ins.op)) {
                return Ok(ins.op == step);
            }
        }
        Ok(false)
    }

    fn error(&self, e: &Error) -> Refusal {
        refuse(e, self.trace, &self.emitted.refs)
    }

    fn ins(&mut self, ins: &Ins) -> Result<Option<TRef>, Refusal> {
        self.in_loop |= ins.op == Op::LOOP;
        if let Some(slot) = inherited(ins) {
            return self.inherit(ins, slot).map(Some);
        }
        let op = self.numbers.op(ins.op).map_err(Refusal::Skip)?;
        // LOOP counts as a guard: that is how its snapshot gets registers (`lj_asm.c: asm_loop`).
        let ty = self.numbers.ty(ins.ty, ins.guard || ins.op == Op::LOOP);
        let op1 = self.arg(ins, ins.op1)?;
        let op2 = match (ins.op, ins.op2) {
            // The recorder's sign mask or second copy; ARM64 does not look at it (`asm_neg`, `asm_abs`).
            (Op::NEG | Op::ABS, Arg::None) => op1,
            (op, arg) if op.info().rule == Rule::Shift && !self.numbers.wide_counts() => self.count(ins, arg)?,
            (_, arg) => self.arg(ins, arg)?,
        };
        let operands = [TRef(op1), TRef(op2)];
        if ins.op == Op::PHI
            && let Some(why) = self.phis.add(self.trace, &self.emitted.refs, ins, operands)
        {
            return Err(Refusal::Skip(why.into()));
        }
        let as_written = self.case.emit == Emit::Raw || self.in_loop;
        let broken = preconditions::check(self.jit, self.case, ins, operands, as_written);
        if let Some(why) = broken.map_err(|e| self.error(&e))? {
            return Err(Refusal::Skip(why.into()));
        }
        if as_written {
            return self.jit.emit(op, ty, op1, op2).map(Some).map_err(|e| self.error(&e));
        }
        let folded = self.jit.fold(op, ty, op1, op2).map_err(|e| self.error(&e))?;
        if let Some(why) =
            preconditions::check_forwarded(self.jit, self.numbers, ins, folded).map_err(|e| self.error(&e))?
        {
            return Err(Refusal::Skip(why.into()));
        }
        self.count_folded(folded);
        if converts(self.case, ins) {
            let (jit, numbers, trace, refs) = (&*self.jit, self.numbers, self.trace, &self.emitted.refs);
            let folding = Folding { jit, numbers, trace, refs, operand: TRef(op1), result: folded.value() };
            let narrowed = folding.narrowed()?;
            self.emitted.narrowed.extend(narrowed);
        }
        Ok(folded.value())
    }

    fn count_folded(&mut self, folded: Folded) {
        let new = match folded {
            Folded::Ref(r) => !r.is_const() && self.last.is_none_or(|last| r > last),
            Folded::Dropped => false,
        };
        if new {
            self.last = folded.value();
        } else {
            self.emitted.folded += 1;
        }
    }

    /// What the parent's exit has for a slot. A conversion from int that was sunk into the exit comes as the int.
    fn inherit(&mut self, ins: &Ins, slot: Slot) -> Result<TRef, Refusal> {
        let found = self.jit.slot(slot.0).map_err(|e| self.error(&e))?;
        let found = found.ok_or_else(|| Refusal::Broken(format!("the parent's exit has no slot #{}", slot.0)))?;
        if ins.ty != Type::Num || found.ty == self.numbers.ty(Type::Num, false) {
            return Ok(found.value);
        }
        self.emitted.ints.push(slot);
        let op = self.numbers.op(Op::CONV).map_err(Refusal::Skip)?;
        let mode = ConvMode { src: Type::Int, sext: false, check: ConvCheck::Plain };
        let (ty, mode) = (self.numbers.ty(Type::Num, false), self.numbers.conv(Type::Num, mode));
        self.jit.emit(op, ty, found.value.0, mode).map_err(|e| self.error(&e))
    }

    /// Two snapshots without an instruction in between would be one to the passes. (The recorder makes one of them; here each has its
    /// number.)
    fn part_snapshots(&mut self) -> Result<(), Refusal> {
        let same = self.snapped.replace(self.last) == Some(self.last);
        if !same || self.case.emit != Emit::Passes {
            return Ok(());
        }
        let op = self.numbers.op(Op::NOP).map_err(Refusal::Skip)?;
        self.last = Some(self.jit.emit(op, self.numbers.ty(Type::Nil, false), 0, 0).map_err(|e| self.error(&e))?);
        self.snapped = Some(self.last);
        Ok(())
    }

    fn arg(&mut self, ins: &Ins, arg: Arg) -> Result<u16, Refusal> {
        match arg {
            Arg::None => Ok(0),
            Arg::Ref(r) => self.value(r).map(|t| t.0),
            Arg::K(Const::Null) if self.is_null_pointer(ins) => {
                self.jit.kptr(0).map(|t| t.0).map_err(|e| self.error(&e))
            }
            Arg::K(k) => self.constant(k, ins.ty).map(|t| t.0),
            Arg::Lit(Lit::Upvalue(index)) => self.upvalue(ins.op1, index),
            Arg::Lit(lit) => self.literal(ins, lit),
        }
    }

    /// Whether an instruction compares a pointer with null, other than a field's. FOLD takes `KNULL` for equal to nothing but itself
    /// (`lj_opt_fold.c: kfold_kref`), since the recorder writes it only for fields; for other pointers it writes a `KPTR` of zero
    /// (`lj_crecord.c: recff_cdata_arith`, `lj_ffrecord.c: recff_table_concat`).
    fn is_null_pointer(&self, ins: &Ins) -> bool {
        let of_field = |arg: Arg| arg.as_ref().is_some_and(|r| self.trace.get(r).op == Op::FLOAD);
        self.case.emit != Emit::Raw
            && ins.op.info().rule == Rule::Equal
            && ins.ty.is_w64()
            && !ins.args().into_iter().any(of_field)
    }

    /// A shift count as recorders made it that knew counts of 32 bits only.
    fn count(&mut self, ins: &Ins, arg: Arg) -> Result<u16, Refusal> {
        match arg {
            #[expect(clippy::cast_possible_truncation, reason = "what CONV int.i64 gives")]
            Arg::K(Const::Int64(k)) => self.arg(ins, Arg::K(Const::Int(k as i32))),
            Arg::Ref(r) if self.trace.get(r).ty.class() == Class::W64 => {
                Err(Refusal::Skip("this release's recorder makes no shift counts of 64 bits".into()))
            }
            arg => self.arg(ins, arg),
        }
    }

    fn value(&self, r: Ref) -> Result<TRef, Refusal> {
        let known = self.emitted.refs.get(usize::from(r.0) - 1).copied().flatten();
        known.ok_or_else(|| Refusal::Broken(format!("{:04} is used but has no value", r.0)))
    }

    fn constant(&mut self, k: Const, ty: Type) -> Result<TRef, Refusal> {
        let made = match k {
            Const::Int(i) => self.jit.kint(i),
            Const::Int64(i) => self.jit.kint64(i.cast_unsigned()),
            Const::Num(bits) => self.jit.knum(bits),
            Const::Ptr(p) => self.jit.kptr(self.case.world.address(p)),
            Const::KPtr(p) => self.jit.kkptr(self.case.world.address(p)),
            Const::Null => {
                let pointer = ty.is_w64() || ty.class() == Class::Gc;
                self.jit.knull(self.numbers.ty(if pointer { ty } else { Type::P64 }, false))
            }
            Const::Pri(Type::False) => Ok(TRef::FALSE),
            Const::Pri(Type::True) => Ok(TRef::TRUE),
            Const::Pri(_) => Ok(TRef::NIL),
            Const::Gc(id) => self.object(id),
            Const::KSlot(table, key) => return self.kslot(table, key),
            Const::Helper(helper) => self.jit.kptr(helper_address(self.jit, helper)),
            Const::TmpBuf => self.jit.kptr(self.jit.places().tmpbuf),
            Const::NilTv => self.jit.kkptr(self.jit.places().niltv),
            Const::Ctype(ty) => {
                let id = self.objects.ctype(ty)?;
                self.jit.kint(i32::try_from(id).map_err(|e| Refusal::Broken(e.to_string()))?)
            }
        };
        made.map_err(|e| self.error(&e))
    }

    fn literal(&self, ins: &Ins, lit: Lit) -> Result<u16, Refusal> {
        Ok(match lit {
            Lit::Num(n) => n,
            Lit::Slot(slot) => u16::from(slot),
            Lit::Sload(mode) => self.numbers.sload(mode),
            Lit::Xload(mode) => self.numbers.xload(mode),
            Lit::Conv(mode) => self.numbers.conv(ins.ty, mode),
            Lit::Fpm(fpm) => self.numbers.fpm(fpm).map_err(Refusal::Skip)?,
            Lit::Field(field) => self.numbers.field(field).map_err(Refusal::Skip)?,
            Lit::Callee(callee) => self.numbers.callee(callee).map_err(Refusal::Skip)?,
            Lit::Upvalue(index) => self.upvalue(ins.op1, index)?,
            Lit::Tmpref(mode) => self.numbers.tmpref(mode).map_err(Refusal::Skip)?,
            Lit::Buf(mode) => self.numbers.buf(mode),
            Lit::Tostr(mode) => self.numbers.tostr(mode),
        })
    }

    fn object(&mut self, id: ObjId) -> Result<TRef, Error> {
        let world = &self.case.world;
        self.jit.kgc(world.object_address(id), self.numbers.ty(world.object(id).kind.ty(), false))
    }

    /// Where a table has a key, or would look for it first.
    fn kslot(&mut self, table: ObjId, key: Key) -> Result<TRef, Refusal> {
        let world = &self.case.world;
        let (tab, word) = (world.object_address(table), key_word(world, key));
        let slot = match self.jit.node_slot(tab, word).map_err(|e| self.error(&e))? {
            Some(slot) => slot,
            None => self.jit.main_slot(tab, word).map_err(|e| self.error(&e))?.unwrap_or(0),
        };
        let key = match key {
            Key::Obj(id) => self.object(id),
            Key::Int(k) => self.jit.kint(k),
            Key::Num(bits) => self.jit.knum(bits),
            Key::Bool(false) => Ok(TRef::FALSE),
            Key::Bool(true) => Ok(TRef::TRUE),
        };
        let key = key.map_err(|e| self.error(&e))?;
        let slot = u16::try_from(slot).map_err(|_| Refusal::Skip("a hash part too large for HREFK".into()))?;
        self.jit.kslot(key, slot).map_err(|e| self.error(&e))
    }

    /// An upvalue's index and its hash, by which FOLD tells upvalues apart: of the function itself, or where that is not known, of the
    /// world's first function that has it, as a recorder takes it from the function that it sees.
    fn upvalue(&self, func: Arg, index: u8) -> Result<u16, Refusal> {
        let world = &self.case.world;
        let ids = (0..world.objects.len()).filter_map(|i| u8::try_from(i).ok()).map(ObjId);
        let known = match func {
            Arg::K(Const::Gc(id)) => Some(id),
            _ => None,
        };
        let state = known.into_iter().chain(ids).find_map(|id| self.jit.upvalue(world.object_address(id), index).ok());
        let state = state.ok_or_else(|| Refusal::Broken(format!("no function has upvalue {index}")))?;
        Ok(u16::from(index) << 8 | u16::from(state.hash))
    }

    /// True for a value that no exit can restore. The recorder converts a u32 before it computes with it; a written `int` that FOLD
    /// finds equal to a loaded `u32` has no such conversion.
    fn is_u32(&self, value: TRef) -> Result<bool, Refusal> {
        if self.case.emit == Emit::Raw || value.is_const() {
            return Ok(false);
        }
        let ins = self.jit.ir(value).map_err(|e| self.error(&e))?;
        Ok(self.numbers.is(ins.ty, Type::U32))
    }

    fn snap(&mut self, number: usize, snap: &Snap) -> Result<(), Refusal> {
        self.part_snapshots()?;
        let mut entries = Vec::with_capacity(snap.entries.len());
        for e in &snap.entries {
            let (value, ty) = match e.value {
                Arg::Ref(r) => (self.value(r)?, self.trace.get(r).ty),
                Arg::K(k) => (self.constant(k, Type::Nil)?, Type::Nil),
                _ => return Err(Refusal::Broken(format!("slot #{} holds no value", e.slot.0))),
            };
            // What is no Lua value is live at the exit all the same, as the parts of sunk allocations are; only its restore
            // is left out.
            if ty.is_lua_value() && self.is_u32(value)? {
                return Err(Refusal::Skip("FOLD left a u32 in a snapshot".into()));
            }
            let flags = if ty.is_lua_value() { SnapFlags::NONE } else { SnapFlags::NORESTORE };
            entries.push(SnapEntry { slot: e.slot.0, flags, value });
        }
        // The passes copy and drop snapshots: tags tell which is which.
        let tag = if self.case.emit == Emit::Passes { u32::try_from(number).expect("few snapshots") } else { 0 };
        self.jit.snap_at(&entries, self.nslots, tag).map(drop).map_err(|e| self.error(&e))
    }
}

/// The slot of an instruction that stands for what the parent's exit has.
fn inherited(ins: &Ins) -> Option<Slot> {
    match (ins.op, ins.op1, ins.op2) {
        (Op::SLOAD, Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(mode))) if mode.parent => Some(Slot(slot)),
        _ => None,
    }
}
