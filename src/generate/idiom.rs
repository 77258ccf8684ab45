//! Pairs and triples of instructions that ARM64 may fuse: on the condition of the fusion, and one off.
//!
//! Source: LuaJIT `lj_asm_arm64.h` (`asm_fuseopm`, `asm_fuseandshift`, `asm_bitshift`, `asm_fuseorshift`,
//! `asm_borbxor`, `asm_fusemadd`).

use super::build::{Builder, integer_const, width};
use super::entropy::Source;
use super::pools;
use crate::ir::{Arg, Class, Const, Op, Ref, Type};

const SHIFTS: [Op; 3] = [Op::BSHL, Op::BSHR, Op::BSAR];

impl Builder<'_, '_, '_> {
    /// One idiom; nothing if its opcodes are switched off.
    pub(super) fn idiom(&mut self) {
        let class = if self.u.percent(50) { Class::W32 } else { Class::W64 };
        match self.u.weighted(&[4, 4, 3, 3, 5, 3, 4, 2, 2, 2]) {
            0 => self.shift_and_mask(class),
            1 => self.rotate_by_or(class),
            2 => self.shift_twice(class),
            3 => self.not_and_logic(class),
            4 => self.shifted_operand(class),
            5 => self.extended_operand(),
            6 => self.multiply_add(class),
            7 => self.doubled_operand(class),
            8 => self.rotate_by_negated(class),
            _ => self.bounds(class),
        }
    }

    fn int_type(&mut self, class: Class) -> Type {
        let types = if class == Class::W32 { [Type::Int, Type::U32] } else { [Type::I64, Type::U64] };
        let unsigned = self.u.percent(25) && (class == Class::W64 || self.is_raw());
        types[usize::from(unsigned)]
    }

    fn all_on(&self, ops: &[Op]) -> bool {
        ops.iter().all(|op| self.may(*op))
    }

    pub(super) fn one_of(&mut self, ops: &[Op]) -> Option<Op> {
        let on: Vec<Op> = ops.iter().copied().filter(|op| self.may(*op)).collect();
        (!on.is_empty()).then(|| self.u.pick(&on))
    }

    fn constant_shift(&mut self, op: Op, ty: Type, x: Ref, count: i32) -> Ref {
        let count = self.constant_count(ty, count);
        self.push(op, ty, Arg::Ref(x), count)
    }

    /// `(x >> s) & m` with a mask of low bits, of the shifted bits, or one that is no run.
    fn shift_and_mask(&mut self, class: Class) {
        let Some(shift) = self.one_of(&SHIFTS).filter(|_| self.may(Op::BAND)) else { return };
        let (ty, x, count) = (self.int_type(class), self.value(class), self.shift_count(class));
        let shifted = self.constant_shift(shift, ty, x, count);
        let bits = self.u.below(width(class));
        let mut mask = (1i64 << bits).wrapping_sub(1);
        if shift == Op::BSHL && self.u.percent(60) {
            mask = mask.wrapping_shl(count.cast_unsigned());
        }
        match self.u.weighted(&[7, 1, 1, 1]) {
            0 => {}
            1 => mask ^= 1 << self.u.below(width(class)),
            2 => mask = mask.wrapping_add(self.u.range(-1, 1)),
            _ => mask = !mask,
        }
        let mask = Arg::K(integer_const(class, mask));
        self.push(Op::BAND, ty, Arg::Ref(shifted), mask);
    }

    /// `(a << s) | (b >> t)` with `s + t` the width, or one off; XOR and ADD never fuse.
    fn rotate_by_or(&mut self, class: Class) {
        if !self.all_on(&[Op::BSHL, Op::BSHR, Op::BOR]) {
            return;
        }
        let (ty, a) = (self.int_type(class), self.value(class));
        let b = if self.u.percent(50) { a } else { self.value(class) };
        let off = if self.u.percent(25) { self.u.pick(&[1, -1]) } else { 0 };
        let left = i32::try_from(self.u.range(1, i64::from(width(class)) - 1)).expect("a small range");
        let right = (width(class).cast_signed() - left + off).clamp(1, width(class).cast_signed() - 1);
        let mut l = self.constant_shift(Op::BSHL, ty, a, left);
        let shift = if self.u.percent(10) && self.may(Op::BSAR) { Op::BSAR } else { Op::BSHR };
        let mut r = self.constant_shift(shift, ty, b, right);
        if self.u.percent(50) {
            (l, r) = (r, l);
        }
        let other = self.u.pick(&[Op::BXOR, Op::ADD]);
        let op = if self.u.percent(15) && self.may(other) { other } else { Op::BOR };
        self.push(op, ty, Arg::Ref(l), Arg::Ref(r));
    }

    /// A shift of a shift: bit field extraction and insertion, by all pairs of counts.
    fn shift_twice(&mut self, class: Class) {
        let (Some(first), Some(second)) = (self.one_of(&SHIFTS), self.one_of(&SHIFTS)) else { return };
        let (ty, x, count) = (self.int_type(class), self.value(class), self.shift_count(class));
        let inner = self.constant_shift(first, ty, x, count);
        let count = if self.u.percent(40) { count } else { self.shift_count(class) };
        self.constant_shift(second, ty, inner, count);
    }

    /// A logical operation with an inverted operand.
    fn not_and_logic(&mut self, class: Class) {
        let Some(op) = self.one_of(&[Op::BOR, Op::BXOR, Op::BAND]).filter(|_| self.may(Op::BNOT)) else { return };
        let (ty, x) = (self.int_type(class), self.value(class));
        let not = self.push(Op::BNOT, ty, Arg::Ref(x), Arg::None);
        self.combine(op, ty, not);
    }

    /// `op` of a result and something else, in either order.
    fn combine(&mut self, op: Op, ty: Type, result: Ref) -> Ref {
        let other = if self.u.percent(12) { Arg::Ref(result) } else { self.operand(ty.class()) };
        let first = other.as_ref().is_some() && self.u.percent(50) || !self.is_raw() && other.as_ref().is_none();
        if first { self.push(op, ty, Arg::Ref(result), other) } else { self.push(op, ty, other, Arg::Ref(result)) }
    }

    /// Arithmetic, logic or a comparison with a shifted or rotated operand.
    fn shifted_operand(&mut self, class: Class) {
        let Some(shift) = self.one_of(&[Op::BSHL, Op::BSHR, Op::BSAR, Op::BROR]) else { return };
        let Some(op) = self.one_of(&[Op::ADD, Op::SUB, Op::BAND, Op::BOR, Op::BXOR]) else { return };
        let (ty, x, count) = (self.int_type(class), self.value(class), self.shift_count(class));
        let shifted = self.constant_shift(shift, ty, x, count);
        self.combine(op, ty, shifted);
    }

    /// 64-bit arithmetic with a sign-extended int, shifted by 0 to 5: extended registers take up to 4.
    fn extended_operand(&mut self) {
        let Some(op) = self.one_of(&[Op::ADD, Op::SUB, Op::BAND]).filter(|_| self.may(Op::CONV)) else { return };
        let x = self.value(Class::W32);
        let ty = self.int_type(Class::W64);
        let mut wide = self.conv(Type::I64, Type::Int, x);
        let count = self.u.below(6).cast_signed();
        if count > 0 && self.may(Op::BSHL) {
            wide = self.constant_shift(Op::BSHL, ty, wide, count);
        }
        self.combine(op, ty, wide);
    }

    /// A product in a sum or difference, of integers or doubles.
    fn multiply_add(&mut self, class: Class) {
        let Some(op) = self.one_of(&[Op::ADD, Op::SUB]).filter(|_| self.may(Op::MUL)) else { return };
        let class = if self.u.percent(60) { Class::Num } else { class };
        let ty = if class == Class::Num { Type::Num } else { self.int_type(class) };
        let (a, b) = self.operands(Op::MUL, class);
        let product = self.push(Op::MUL, ty, a, b);
        self.combine(op, ty, product);
    }

    /// `x + x` as an operand: a shift by one.
    fn doubled_operand(&mut self, class: Class) {
        let Some(op) = self.one_of(&[Op::ADD, Op::SUB, Op::BXOR]).filter(|_| self.may(Op::ADD)) else { return };
        let (ty, x) = (self.int_type(class), Arg::Ref(self.value(class)));
        let doubled = self.push(Op::ADD, ty, x, x);
        self.combine(op, ty, doubled);
    }

    /// What the recorder makes of a rotation to the left.
    fn rotate_by_negated(&mut self, class: Class) {
        if !self.all_on(&[Op::NEG, Op::BROR]) {
            return;
        }
        let (ty, x, count) = (self.int_type(class), self.value(class), Arg::Ref(self.value(Class::W32)));
        let negated = self.push(Op::NEG, Type::Int, count, count);
        self.push(Op::BROR, ty, Arg::Ref(x), Arg::Ref(negated));
    }

    /// MIN and MAX in a row: a clamp.
    fn bounds(&mut self, class: Class) {
        if !self.all_on(&[Op::MIN, Op::MAX]) {
            return;
        }
        let (class, ty) = if class == Class::W32 { (class, Type::Int) } else { (Class::Num, Type::Num) };
        let x = Arg::Ref(self.value(class));
        let low = self.operand(class);
        let max = self.push(Op::MAX, ty, x, low);
        let high = match low {
            Arg::K(Const::Int(k)) => Arg::K(Const::Int(k.saturating_add(1 + self.u.below(1000).cast_signed()))),
            Arg::K(_) => Arg::K(Const::Num(pools::small_double(&mut self.u))),
            _ => self.operand(class),
        };
        self.push(Op::MIN, ty, Arg::Ref(max), high);
    }
}
