//! What a `blame` build recorded, in the terms of the written trace.

use super::looping::{Looping, TYPE};
use super::side::Part;
use super::written_ref;
use crate::case::{Case, Emit};
use crate::code::{Became, Boundary, Emission, Entered, Held, HeldValue, Place, Record, Store};
use crate::ir::{Ref, Type};
use luajit_arm64_sys::{
    Behind, Code as LjCode, Entered as LjEntered, Error, Held as LjHeld, Ins, Jit, Place as LjPlace,
    Record as LjRecord, TRef, Write,
};

/// What was recorded while the traces of a case were compiled, the root trace first.
pub fn read(jit: &Jit, case: &Case, parts: &[Part]) -> Result<Record, Error> {
    let seen = jit.record()?;
    let mut record = Record { lost: seen.lost, ..Record::default() };
    for (n, part) in parts.iter().enumerate() {
        let looping = Looping::read(jit, part, case.emit == Emit::Passes && n == 0)?;
        let view = View { jit, part, looping, side: n > 0 };
        let own = seen.behind.iter().filter(|b| b.traceno == part.traceno);
        for behind in own {
            record.boundaries.push(view.boundary(behind, &seen.writes)?);
        }
        if n == 0 {
            record.emitted = view.emissions(&seen)?;
            // The passes come behind the last instruction, in the next step.
            let step = part.steps.last().map_or(1, |last| last + 1);
            let passes = seen.entered.iter().filter(|e| case.emit == Emit::Passes && e.step == step);
            record.passes = passes.map(entry).collect();
        }
    }
    // In the order in which they are reached: the assembler works backwards.
    record.boundaries.reverse();
    record.boundaries.sort_by_key(|b| b.address);
    let fork = match parts.get(1) {
        Some(part) => Some((part, jit.code_of(part.traceno)?)),
        None => None,
    };
    record.stores = seen.writes.iter().map(|w| store(w, &parts[0], fork.as_ref())).collect();
    Ok(record)
}

/// Which trace a store was made for is told by its place; what is stored to the root trace's code while there is a side trace, only the
/// order of assembly would tell.
fn store(w: &Write, root: &Part, fork: Option<&(&Part, LjCode)>) -> Store {
    let own = fork.filter(|(_, code)| (code.start..code.end).contains(&w.addr)).map(|(part, _)| *part);
    let part = own.or(Some(root).filter(|_| fork.is_none()));
    let at = part.and_then(|part| written_ref(&part.refs, w.at?));
    Store { address: w.addr, bytes: w.size, old: w.old, at, side: own.is_some(), chain: w.chain.clone() }
}

/// A committed trace.
struct View<'a> {
    jit: &'a Jit,
    part: &'a Part,
    looping: Looping,
    side: bool,
}

impl View<'_> {
    fn boundary(&self, behind: &Behind, writes: &[Write]) -> Result<Boundary, Error> {
        let looping = self.looping.at.is_some_and(|at| behind.at >= at);
        let mut held = Vec::new();
        for value in &behind.held {
            held.extend(self.held(value, looping)?);
        }
        Ok(Boundary {
            address: behind.end,
            at: self.written(behind.at),
            side: self.side,
            looping,
            torn: is_torn(behind, writes),
            held,
            handler: behind.handler,
        })
    }

    fn held(&self, held: &LjHeld, looping: bool) -> Result<Option<Held>, Error> {
        let place = match (held.reg, held.spill) {
            (Some(_), _) if held.weak && self.spill(held.value)? != 0 => {
                Place::Spill(4 * u32::from(self.spill(held.value)?))
            }
            (Some(LjPlace::Gpr(n)), _) => Place::Gpr(n),
            (Some(LjPlace::Fpr(n)), _) => Place::Fpr(n),
            (None, Some(slot)) => Place::Spill(4 * u32::from(slot)),
            (None, None) => return Ok(None),
        };
        let value = if held.value.is_const() { self.constant(held.value)? } else { self.value(held.value, looping) };
        Ok(value.map(|value| Held { value, place }))
    }

    /// The slot that a value was given in the end, 0 for none.
    fn spill(&self, value: TRef) -> Result<u8, Error> {
        let [_, slot] = self.jit.ir_of(self.part.traceno, value)?.prev.to_le_bytes();
        Ok(if value.is_const() { 0 } else { slot })
    }

    /// The written instruction that became this one, or that the loop pass copied to make it.
    fn written(&self, at: TRef) -> Option<Ref> {
        let original = self.looping.copies.get(&at).copied().unwrap_or(at);
        written_ref(&self.part.refs, original)
    }

    fn value(&self, value: TRef, looping: bool) -> Option<HeldValue> {
        let own = self.written(value)?;
        if self.looping.at.is_none_or(|at| value < at) {
            let right = self.looping.phis.get(&value).filter(|_| looping);
            return match right {
                Some(right) => Some(HeldValue::Carried(own, self.written(*right)?)),
                None => Some(HeldValue::First(own)),
            };
        }
        Some(HeldValue::Now(own))
    }

    /// `None` for constants that registers hold in more than one form.
    fn constant(&self, value: TRef) -> Result<Option<HeldValue>, Error> {
        let ins = self.jit.ir_of(self.part.traceno, value)?;
        let name = self.jit.tables().ops.get(usize::from(ins.op)).map_or("", |op| op.name);
        Ok(match name {
            "KINT" => Some(HeldValue::Bits { bits: ins.value & 0xffff_ffff, ty: Type::Int }),
            "KINT64" | "KPTR" | "KKPTR" => Some(HeldValue::Bits { bits: ins.value, ty: Type::I64 }),
            "KNUM" => Some(HeldValue::Bits { bits: ins.value, ty: Type::Num }),
            _ => None,
        })
    }

    fn emissions(&self, seen: &LjRecord) -> Result<Vec<Emission>, Error> {
        let mut from = 0;
        let mut list = Vec::new();
        for (n, (to, became)) in self.part.steps.iter().zip(&self.part.refs).enumerate() {
            let at = Ref(u16::try_from(n + 1).expect("a ref has 16 bits"));
            let entered: Vec<&LjEntered> = seen.entered.iter().filter(|e| e.step > from && e.step <= *to).collect();
            let became = self.became(at, *became, entered.first().map(|e| &e.ins))?;
            list.push(Emission { at, became, entered: entered.into_iter().map(entry).collect() });
            from = *to;
        }
        Ok(list)
    }

    /// `given` is what FOLD was given, if it was asked.
    fn became(&self, at: Ref, became: Option<TRef>, given: Option<&Ins>) -> Result<Became, Error> {
        let Some(r) = became else { return Ok(Became::Dropped) };
        let made = self.jit.ir_of(self.part.traceno, r)?;
        if r.is_const() {
            return Ok(Became::Constant(made.value));
        }
        Ok(match written_ref(&self.part.refs, r) {
            Some(first) if first != at => Became::Same(first),
            _ if given.is_none_or(|given| is_same(given, &made)) => Became::Written,
            _ => Became::Other,
        })
    }
}

fn entry(e: &LjEntered) -> Entered {
    let Ins { op, ty, op1, op2, .. } = e.ins;
    let ins = u64::from(op) << 40 | u64::from(ty) << 32 | u64::from(op2) << 16 | u64::from(op1);
    Entered { depth: e.depth, address: e.offset, ins }
}

/// FOLD may swap operands.
fn is_same(a: &Ins, b: &Ins) -> bool {
    let operands = (a.op1, a.op2) == (b.op1, b.op2) || (a.op1, a.op2) == (b.op2, b.op1);
    a.op == b.op && (a.ty ^ b.ty) & TYPE == 0 && operands
}

/// The word behind an instruction's code was changed while it, or one before it, was assembled: loads and stores are joined so.
fn is_torn(behind: &Behind, writes: &[Write]) -> bool {
    let over = |w: &&Write| w.addr <= behind.end && behind.end < w.addr + u64::from(w.size);
    writes.iter().rev().find(over).is_some_and(|w| w.at.is_some_and(|at| at <= behind.at))
}
