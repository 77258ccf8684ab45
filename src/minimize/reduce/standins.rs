//! What may stand for an instruction's value: the constant that it was, a plain constant, an earlier value of its type, an input.

use super::{Edit, edit};
use crate::case::{Case, PointerCell};
use crate::interpret::{IMAGINARY_ADDRESSES, Program};
use crate::ir::{
    Arg, Class, Const, Ins, Lit, Op, Ref, RegionId, Rule, SloadMode, Slot, SymPtr, Trace, Type, XloadMode,
};
use crate::minimize::cut::{Cut, Which};
use crate::world::{SlotValue, World};

/// The values that the instructions of a trace have, by the interpreter, for each input.
pub(super) struct Values<'a> {
    case: &'a Case,
    trace: &'a Trace,
    /// For each input, of each instruction that ran.
    seen: Vec<Vec<Option<u64>>>,
}

impl<'a> Values<'a> {
    pub(super) fn of(case: &'a Case, which: Which) -> Self {
        let trace = which.trace(case);
        let program = Program::new(case).ok();
        let list = |input| {
            let mut values = vec![None; trace.ins.len() + 1];
            let listing = program.as_ref().map(|p| p.trace_values(input));
            let ran = listing.map(|l| if which == Which::Root { l.values } else { l.side }).unwrap_or_default();
            for (r, value) in ran.into_iter().filter(|(r, _)| *r < trace.end()) {
                values[usize::from(r.0)] = Some(value);
            }
            values
        };
        Values { case, trace, seen: case.inputs.iter().map(list).collect() }
    }

    fn bits(&self, input: usize, r: Ref) -> Option<u64> {
        *self.seen.get(input)?.get(usize::from(r.0))?
    }

    /// The constant that an instruction was with the first input that it ran with.
    pub(super) fn constant(&self, r: Ref) -> Option<Arg> {
        let bits = (0..self.seen.len()).find_map(|n| self.bits(n, r))?;
        let ins = self.trace.get(r);
        if !ins.op.info().has_value() {
            return None;
        }
        let k = match ins.ty.class() {
            Class::W32 => Const::Int(bits as u32 as i32), // the low half is the value
            Class::W64 if ins.ty == Type::P64 || self.case.world.locate(bits, 1).is_some() => {
                Const::Ptr(point(&self.case.world, bits)?)
            }
            Class::W64 if IMAGINARY_ADDRESSES.contains(&bits) => return None,
            Class::W64 => Const::Int64(bits.cast_signed()),
            Class::Num => Const::Num(bits),
            Class::Gc => Const::Gc(self.case.world.object_at(bits)?),
            Class::Flt | Class::Pri => return None,
        };
        Some(Arg::K(k))
    }

    /// By how much one value is above another.
    pub(super) fn difference(&self, input: usize, r: Ref, than: Ref) -> Option<i64> {
        Some(self.bits(input, r)?.wrapping_sub(self.bits(input, than)?).cast_signed())
    }

    /// The Lua value that a slot needs for a load of it to give the same.
    fn slot_value(&self, input: usize, r: Ref) -> Option<SlotValue> {
        let bits = self.bits(input, r).unwrap_or(0);
        match self.trace.get(r).ty {
            Type::Int => Some(SlotValue::Int(bits as u32 as i32)), // the low half is the value
            Type::Num => Some(SlotValue::Num(bits)),
            ty if ty.class() == Class::Gc => self.case.world.object_at(bits).map(SlotValue::Obj),
            _ => None,
        }
    }
}

/// An address as a place in the nearest region.
pub(super) fn point(world: &World, address: u64) -> Option<SymPtr> {
    let near = |(_, r): &(usize, &crate::world::Region)| r.address().abs_diff(address);
    let (n, region) = world.regions.iter().enumerate().min_by_key(near)?;
    let offset = address.wrapping_sub(region.address()).cast_signed();
    (offset.unsigned_abs() < 1 << 40).then_some(SymPtr { region: RegionId(u8::try_from(n).ok()?), offset })
}

/// Plain constants of a type.
pub(super) fn blanks(ty: Type) -> Vec<Arg> {
    let list = match ty.class() {
        Class::W32 => [0, 1].map(Const::Int).to_vec(),
        Class::W64 if ty == Type::P64 => vec![Const::Ptr(SymPtr { region: RegionId(0), offset: 0 })],
        Class::W64 => [0, 1].map(Const::Int64).to_vec(),
        Class::Num => [0.0f64, 1.0].map(|x| Const::Num(x.to_bits())).to_vec(),
        Class::Pri => vec![Const::Pri(ty)],
        Class::Gc | Class::Flt => vec![],
    };
    list.into_iter().map(Arg::K).collect()
}

/// How many earlier values are tried.
const EARLIER: usize = 4;

/// The earlier values of its type, the nearest first.
pub(super) fn earlier(trace: &Trace, r: Ref, ty: Type) -> Vec<Arg> {
    let fits = |(e, ins): &(Ref, &Ins)| *e < r && ins.ty.class() == ty.class() && ins.op.info().has_value();
    trace.iter().filter(fits).rev().take(EARLIER).map(|(e, _)| Arg::Ref(e)).collect()
}

/// Inputs for values: a slot that holds what the instruction gave, or eight bytes of memory that do. What only led to it goes.
pub(super) fn loads(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        let trace = which.trace(case);
        let values = Values::of(case, which);
        let plain = |ins: &Ins| ins.op == Op::SLOAD || ins.op == Op::XLOAD && !matches!(ins.op1, Arg::Ref(_));
        for (r, ins) in trace.iter().rev().filter(|(_, ins)| ins.op.info().has_value() && !plain(ins)) {
            let slots: Option<Vec<_>> = (0..case.inputs.len()).map(|n| values.slot_value(n, r)).collect();
            edits.extend(slots.map(|slots| slot_load(case, which, r, ins.ty, slots)));
            let bits: Vec<u64> = (0..case.inputs.len()).map(|n| values.bits(n, r).unwrap_or(0)).collect();
            if Rule::XLoad.types().contains(&ins.ty) {
                edits.push(edit(move |c| memory_load(c, which, r, &bits)));
            }
        }
    }
    edits
}

fn slot_load(case: &Case, which: Which, r: Ref, ty: Type, values: Vec<SlotValue>) -> Edit {
    let used = super::slots_used(case);
    let free = (crate::ir::validate::MIN_SLOT..=crate::ir::validate::MAX_SLOT).map(Slot).find(|s| !used.contains(s));
    edit(move |c| {
        let slot = free?;
        for (input, value) in c.inputs.iter_mut().zip(&values) {
            input.slots.push((slot, *value));
            input.slots.sort_by_key(|(s, _)| *s);
        }
        let mode = SloadMode { typecheck: true, ..SloadMode::default() };
        let (op1, op2) = (Arg::Lit(Lit::Slot(slot.0)), Arg::Lit(Lit::Sload(mode)));
        Cut::default().put(r, Ins { op: Op::SLOAD, ty, guard: true, op1, op2 }).apply(c, which)
    })
}

/// The new bytes lie behind those of the last region that can be written.
fn memory_load(case: &mut Case, which: Which, r: Ref, bits: &[u64]) -> Option<()> {
    let ty = which.trace(case).ins.get(usize::from(r.0) - 1)?.ty;
    let n = case.world.regions.iter().rposition(|region| !region.readonly)?;
    let at = case.world.regions[n].size.next_multiple_of(8);
    case.world.regions[n].size = at + 8;
    let place = SymPtr { region: RegionId(u8::try_from(n).ok()?), offset: at.into() };
    for (input, bits) in case.inputs.iter_mut().zip(bits) {
        input.memory[n].resize(at as usize, 0);
        input.memory[n].extend(bits.to_le_bytes());
        if let Some(to) = point(&case.world, *bits).filter(|_| ty == Type::P64) {
            input.memory[n][at as usize..].fill(0);
            input.pointers.push(PointerCell { at: place, to });
        }
    }
    let (op1, op2) = (Arg::K(Const::Ptr(place)), Arg::Lit(Lit::Xload(XloadMode::default())));
    Cut::default().put(r, Ins { op: Op::XLOAD, ty, guard: false, op1, op2 }).apply(case, which)
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn a_value_comes_from_a_slot_or_from_memory() {
        let before = "0001 int SLOAD #2\n0002 int MUL 0001 +3\n0003 int XSTORE [data+0] 0002";
        let head = "; region data 16 at 0\n; input 1\n;   slot 2 int +5";
        let slot = "0001 > int SLOAD #3 T\n0002 int XSTORE [data+0] 0001";
        proposes(loads, &text(head, before), &text(&format!("{head}\n;   slot 3 int +15"), slot));
        let memory = "0001 int XLOAD [data+16]\n0002 int XSTORE [data+0] 0001";
        let more = head.replace("data 16", "data 24");
        proposes(loads, &text(head, before), &text(&format!("{more}\n;   data+16: 0f"), memory));
    }
}
