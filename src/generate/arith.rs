//! Integer and FP instructions, drawn from the opcode table by their type rules.

use super::build::{Builder, int_const, lit, width};
use super::entropy::Source;
use super::pools;
use super::swarm::MASKS;
use crate::ir::{Arg, Class, Const, Fpm, Lit, Op, Ref, Rule, Type};

impl Builder<'_, '_, '_> {
    /// One instruction of a class (integers of 32 or 64 bits, or doubles) that is no call.
    pub(super) fn alu(&mut self, class: Class) {
        let mask = match class {
            Class::W32 => MASKS.alu32,
            Class::W64 => MASKS.alu64,
            _ => MASKS.fp,
        };
        if let Some(op) = self.swarm.op(&mut self.u, mask) {
            self.instruction(op, class);
        } else {
            self.value(class);
        }
    }

    /// One instruction that is a library call. It clobbers all scratch registers.
    pub(super) fn call(&mut self) {
        match self.swarm.op(&mut self.u, MASKS.calls) {
            Some(Op::FPMATH) => {
                let function = self.u.pick(&[Fpm::Log, Fpm::Log2]);
                let x = Arg::Ref(self.value(Class::Num));
                self.push(Op::FPMATH, Type::Num, x, lit(Lit::Fpm(function)));
            }
            Some(Op::MOD) if self.u.percent(50) => self.modulo(),
            Some(op) => {
                self.instruction(op, self.call_class(op));
            }
            None => {}
        }
    }

    fn call_class(&self, op: Op) -> Class {
        if op == Op::POW && self.available(Class::Num).len() > self.available(Class::W64).len() {
            Class::Num
        } else {
            Class::W64
        }
    }

    /// An instruction with operands that suit its rule.
    pub(super) fn instruction(&mut self, op: Op, class: Class) -> Ref {
        let rule = op.info().rule;
        let ty = self.type_of(rule, class);
        match rule {
            Rule::BitUn | Rule::NumMask => {
                let x = Arg::Ref(self.value(class));
                self.push(op, ty, x, Arg::None)
            }
            Rule::Neg => {
                let x = Arg::Ref(self.value(class));
                self.push(op, ty, x, if class == Class::Num { Arg::None } else { x })
            }
            Rule::Shift => {
                let x = Arg::Ref(self.value(class));
                self.shift(op, ty, x)
            }
            Rule::FpMath => {
                let x = Arg::Ref(self.value(class));
                let function = self.u.pick(&[Fpm::Floor, Fpm::Ceil, Fpm::Trunc, Fpm::Sqrt]);
                self.push(op, ty, x, lit(Lit::Fpm(function)))
            }
            Rule::Overflow => self.overflow(op),
            Rule::MinMax if class == Class::W64 => self.instruction(Op::ADD, class),
            _ => {
                let (a, b) = self.operands(op, class);
                self.push(op, ty, a, b)
            }
        }
    }

    /// One of the result types that a rule has in a class.
    pub(super) fn type_of(&mut self, rule: Rule, class: Class) -> Type {
        // The recorder computes in int, never in u32; FOLD's CSE looks at opcode and operands only, not at the type.
        let no_u32 = !self.is_raw();
        let fits = |t: &&Type| t.class() == class && !(no_u32 && **t == Type::U32);
        let count = rule.types().iter().filter(fits).count();
        // The plain type comes first; the others matter less to code generation.
        let n = if self.u.percent(40) { self.u.index(count.max(1)) } else { 0 };
        *rule.types().iter().filter(fits).nth(n).expect("the masks of a class have a type of it")
    }

    fn shift(&mut self, op: Op, ty: Type, x: Arg) -> Ref {
        let count = if self.u.percent(70) {
            let count = self.shift_count(ty.class());
            self.constant_count(ty, count)
        } else if ty.class() == Class::W64 && self.u.percent(8) {
            Arg::Ref(self.value(Class::W64))
        } else {
            let count = self.value(Class::W32);
            self.masked_count(count, ty)
        };
        if self.u.percent(8) && count.as_ref().is_some() {
            let k = Arg::K(self.constant(ty.class()));
            return self.push(op, ty, k, count);
        }
        self.push(op, ty, x, count)
    }

    /// A shift count for a class; beyond its width only in raw IR (the recorder's are masked).
    pub(super) fn shift_count(&mut self, class: Class) -> i32 {
        let raw = self.is_raw();
        pools::shift_count(&mut self.u, width(class), raw)
    }

    /// A count as the operand of a shift: one of 64 bits may be of either width.
    pub(super) fn constant_count(&mut self, ty: Type, count: i32) -> Arg {
        let wide = ty.class() == Class::W64 && self.u.percent(self.swarm.wide_counts);
        Arg::K(if wide { Const::Int64(count.into()) } else { Const::Int(count) })
    }

    /// The recorder masks variable counts; FOLD and the assembler may leave that out again.
    fn masked_count(&mut self, count: Ref, ty: Type) -> Arg {
        if !self.u.percent(50) || !self.may(Op::BAND) {
            return Arg::Ref(count);
        }
        let mask = Arg::K(int_const(i64::from(width(ty.class()) - 1)));
        Arg::Ref(self.push(Op::BAND, Type::Int, Arg::Ref(count), mask))
    }

    /// Checked arithmetic, mostly on values that do not overflow.
    fn overflow(&mut self, op: Op) -> Ref {
        let small = self.small_value();
        let a = Arg::Ref(if self.u.percent(85) { small } else { self.value(Class::W32) });
        let b = match self.u.weighted(&[5, 3, 1]) {
            0 => {
                let bound = if op == Op::MULOV { 300 } else { 5000 };
                Arg::K(int_const(self.u.range(-bound, bound)))
            }
            1 => Arg::Ref(small),
            _ => self.operand(Class::W32),
        };
        let swap = (self.is_raw() || op == Op::SUBOV) && self.u.percent(20);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        self.push(op, Type::Int, a, b)
    }

    /// A 32-bit value that is known to be small; makes one if there is none.
    pub(super) fn small_value(&mut self) -> Ref {
        let small = |r: &&Ref| self.interval(Arg::Ref(**r)).is_some_and(|(lo, hi)| -0x8000 <= lo && hi <= 0xffff);
        if let Some(r) = self.available(Class::W32).iter().rev().find(small).copied() {
            return r;
        }
        if self.u.percent(50) {
            return self.input_value(Class::W32, (-100, 100));
        }
        let x = Arg::Ref(self.value(Class::W32));
        let bits = self.u.range(1, 15);
        self.push(Op::BAND, Type::Int, x, Arg::K(int_const((1 << bits) - 1)))
    }

    /// MOD of ints: the divisor is never zero.
    fn modulo(&mut self) {
        let x = Arg::Ref(self.value(Class::W32));
        let divisor = if self.u.percent(60) {
            let k = pools::integer(&mut self.u, 32);
            Arg::K(int_const(if k == 0 { 3 } else { k }))
        } else {
            let y = Arg::Ref(self.value(Class::W32));
            Arg::Ref(self.push(Op::BOR, Type::Int, y, Arg::K(Const::Int(1))))
        };
        self.push(Op::MOD, Type::Int, x, divisor);
    }

    /// USE or XBAR.
    pub(super) fn control(&mut self) {
        match self.swarm.op(&mut self.u, MASKS.control) {
            Some(Op::USE) => {
                let class = self.u.pick(&[Class::W32, Class::W64, Class::Num]);
                let x = self.value(class);
                let ty = self.type_of(Rule::Use, class);
                self.hidden(Op::USE, ty, false, Arg::Ref(x), Arg::None);
            }
            Some(_) => self.barrier(),
            None => {}
        }
    }

    /// A barrier that memory accesses do not cross.
    pub(super) fn barrier(&mut self) {
        if self.may(Op::XBAR) {
            self.hidden(Op::XBAR, Type::Nil, false, Arg::None, Arg::None);
        }
    }
}
