//! What the interpreter expects of registers, stack slots and memory at a point of the code.

use super::wrong::Wrong;
use crate::arm64::{Access, Direction};
use crate::case::{Case, Emit};
use crate::code::{Boundary, Held, HeldValue, Place, Runtime};
use crate::interpret::{History, IMAGINARY_ADDRESSES};
use crate::ir::{Arg, Class, Const, Op, Ref, Trace, Type};
use crate::outcome::End;
use std::ops::Range;

/// A case's run by the interpreter.
pub(super) struct Expectations<'a> {
    pub case: &'a Case,
    pub history: &'a History,
}

impl Expectations<'_> {
    /// The pass of the loop's body that begins when its head has been reached so often. The loop pass leaves an iteration before it.
    pub fn pass(&self, rounds: usize) -> usize {
        if self.case.emit == Emit::Passes { rounds } else { rounds.saturating_sub(1) }
    }

    /// Whether the memory behind an instruction is checked.
    pub fn stores(&self, at: Ref) -> bool {
        self.case.trace.get(at).op == Op::XSTORE
    }

    /// The root trace, or the side trace.
    pub fn trace(&self, side: bool) -> &Trace {
        match &self.case.side {
            Some(fork) if side => &fork.trace,
            _ => &self.case.trace,
        }
    }

    /// The guard that should have been left by, if the code got where the interpreter did not.
    pub fn should_have_left(&self, boundary: &Boundary, pass: usize) -> Option<Ref> {
        let (last, side, last_pass) = self.history.last?;
        let at = boundary.at.filter(|_| boundary.side == side)?;
        let failed = matches!(self.history.end, Ok(End::Exit(_))) && self.trace(side).get(last).guard;
        let beyond = if side { at >= last } else { (pass, at) >= (last_pass, last) };
        (failed && beyond && (side || pass >= last_pass)).then_some(last)
    }

    /// True if the interpreter went on behind a guard.
    pub fn should_have_held(&self, guard: Ref, side: bool, pass: usize) -> bool {
        let trace = self.trace(side);
        let mut behind = trace.iter().map(|(at, _)| at).filter(|at| *at > guard);
        let went_on = match side {
            true => behind.any(|at| self.history.side(at).is_some()),
            // A side trace may lead back to the root's start, which is another pass.
            false if self.case.side.is_none() && pass + 1 < self.history.passes() => true,
            false => behind.any(|at| self.history.value(at, pass).is_some()),
        };
        let last_in_side = self.history.last.is_some_and(|(_, in_side, _)| in_side);
        let stayed = if side { last_in_side } else { !self.history.failed };
        let ended = stayed && matches!(self.history.end, Ok(End::Tail));
        trace.get(guard).guard && (went_on || ended)
    }

    /// The address of a load or store of the size and direction of an access.
    pub fn address(&self, at: Ref, side: bool, pass: usize, access: Access) -> Option<u64> {
        let ins = self.trace(side).get(at);
        let direction = match ins.op {
            Op::XLOAD => Direction::Load,
            Op::XSTORE => Direction::Store,
            _ => return None,
        };
        if direction != access.direction || u64::from(access.bytes) != u64::from(ins.ty.size()) {
            return None;
        }
        let address = match ins.op1 {
            Arg::Ref(r) if side => self.history.side(r)?,
            Arg::Ref(r) if self.case.trace.loop_ref().is_some_and(|at| r < at) => self.history.value(r, 0)?,
            Arg::Ref(r) => self.history.value(r, pass)?,
            arg => self.operand(arg, pass)?,
        };
        (!IMAGINARY_ADDRESSES.contains(&address)).then_some(address)
    }

    /// The bits of an instruction's constant of 64 bits, and those of its other operand.
    pub fn constant_operand(&self, at: Ref, side: bool, pass: usize) -> Option<(u64, u64)> {
        let ins = self.trace(side).get(at);
        let constant = |arg: Arg| matches!(arg, Arg::K(Const::Int64(_) | Const::Num(_)));
        let (k, other) = match (constant(ins.op1), constant(ins.op2)) {
            (true, false) => (ins.op1, ins.op2),
            (false, true) => (ins.op2, ins.op1),
            _ => return None,
        };
        Some((self.operand(k, pass)?, self.given(other, side, pass)?))
    }

    /// The bytes that a store of the root trace touches, by the interpreter.
    pub fn touched(&self, at: Ref, pass: usize) -> Option<Range<u64>> {
        let ins = self.case.trace.get(at);
        let from = self.operand(ins.op1, pass)?;
        Some(from..from + u64::from(ins.ty.size()))
    }

    /// What is wrong with a value that is alive, if anything is.
    pub fn wrong_value(&self, held: &Held, side: bool, pass: usize, observed: u64) -> Option<Wrong> {
        let (of, carried, expected) = match held.value {
            HeldValue::Bits { bits, .. } => (None, false, bits),
            // What a sunk store has there is where its object is.
            HeldValue::First(at) | HeldValue::Now(at) if !self.trace(side).get(at).op.info().has_value() => {
                return None;
            }
            HeldValue::First(at) if side => (Some(at), false, self.history.side(at)?),
            HeldValue::First(at) => (Some(at), false, self.history.latest(at, 0)?),
            HeldValue::Now(at) => (Some(at), false, self.history.value(at, pass)?),
            HeldValue::Carried(first, _) if pass == 0 => (Some(first), true, self.history.value(first, 0)?),
            HeldValue::Carried(first, then) => (Some(first), true, self.history.latest(then, pass - 1)?),
        };
        let (ty, mask) = match (held.value, held.place) {
            // An integer of 64 bits may be in any register.
            (HeldValue::Bits { ty: Type::Num | Type::I64, .. }, _) => (Type::Num, u64::MAX),
            (HeldValue::Bits { .. }, Place::Gpr(_) | Place::Spill(_)) => (Type::Int, 0xffff_ffff),
            (HeldValue::Bits { .. }, _) => return None,
            (_, place) => {
                let ty = self.trace(side).get(of?).ty;
                (ty, mask(ty, place)?)
            }
        };
        let (expected, observed) = (expected & mask, observed & mask);
        let what = Wrong::Value { of, carried, place: held.place, expected, observed };
        differs(ty, expected, observed).then_some(what)
    }

    /// The bytes of a store, as they should be and as they are.
    pub fn wrong_store(&self, at: Ref, pass: usize, memory: &dyn Runtime) -> Option<(u64, u64)> {
        let ins = self.case.trace.get(at);
        let (address, value) = (self.operand(ins.op1, pass)?, self.operand(ins.op2, pass)?);
        let size = usize::try_from(ins.ty.size()).ok()?;
        self.case.world.locate(address, ins.ty.size())?;
        let (mut bytes, expected) = ([0; 8], value.to_le_bytes());
        memory.read(address, bytes.get_mut(..size)?);
        let mut wanted = [0; 8];
        wanted.get_mut(..size)?.copy_from_slice(expected.get(..size)?);
        let (expected, observed) = (u64::from_le_bytes(wanted), u64::from_le_bytes(bytes));
        (expected != observed && !both_nan(ins.ty, expected, observed)).then_some((expected, observed))
    }

    /// An operand of an instruction of either trace.
    pub fn given(&self, arg: Arg, side: bool, pass: usize) -> Option<u64> {
        match arg {
            Arg::Ref(r) if side => self.history.side(r),
            other => self.operand(other, pass),
        }
    }

    /// What is wrong with the value of an instruction, or with a constant, in a place that should have it.
    pub fn other_bits(&self, of: Option<Ref>, ty: Type, place: Place, expected: u64, observed: u64) -> Option<Wrong> {
        let mask = mask(ty, place)?;
        let (expected, observed) = (expected & mask, observed & mask);
        let what = Wrong::Value { of, carried: false, place, expected, observed };
        differs(ty, expected, observed).then_some(what)
    }

    fn operand(&self, arg: Arg, pass: usize) -> Option<u64> {
        match arg {
            Arg::Ref(at) => self.history.latest(at, pass),
            Arg::K(Const::Int(i)) => Some(u64::from(i.cast_unsigned())),
            Arg::K(Const::Int64(i)) => Some(i.cast_unsigned()),
            Arg::K(Const::Num(bits)) => Some(bits),
            Arg::K(Const::Ptr(p) | Const::KPtr(p)) => Some(self.case.world.address(p)),
            _ => None,
        }
    }
}

/// The bits of a place that are the value; `None` where a place of that kind holds it in another form.
fn mask(ty: Type, place: Place) -> Option<u64> {
    let float = matches!(place, Place::Fpr(_));
    match ty.class() {
        Class::Pri | Class::Gc => None,
        Class::W32 if !float => Some(0xffff_ffff),
        Class::Flt if float => Some(0xffff_ffff),
        Class::W64 if !float => Some(u64::MAX),
        Class::Num if !matches!(place, Place::Gpr(_)) => Some(u64::MAX),
        Class::Flt if matches!(place, Place::Spill(_)) => Some(0xffff_ffff),
        _ => None,
    }
}

/// Whether bits of a type's value are other ones. NaNs are alike, and an address that only the interpreter knows is like any.
fn differs(ty: Type, expected: u64, observed: u64) -> bool {
    expected != observed && !IMAGINARY_ADDRESSES.contains(&expected) && !both_nan(ty, expected, observed)
}

fn both_nan(ty: Type, a: u64, b: u64) -> bool {
    let low = |bits: u64| f32::from_bits(u32::try_from(bits & 0xffff_ffff).expect("32 bits"));
    match ty.class() {
        Class::Num => f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan(),
        Class::Flt => low(a).is_nan() && low(b).is_nan(),
        _ => false,
    }
}
