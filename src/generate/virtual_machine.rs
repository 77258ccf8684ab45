//! What a trace asks of the virtual machine: the thread, functions' fields, temporaries, profiler and collector.

use super::build::{Builder, lit};
use super::entropy::Source;
use super::place::Sort;
use crate::ir::{Arg, Class, Const, Field, Lit, Op, TmprefMode, Type};

impl Builder<'_, '_, '_> {
    /// The thread's globals, or a function's: there, and none of the case's tables.
    pub(super) fn environment(&mut self) {
        if !self.may(Op::LREF) || !self.may(Op::FLOAD) {
            return;
        }
        let (owner, field) = match self.pick_held(|h| h.ty == Type::Func) {
            Some(f) if self.u.percent(50) => (f.arg, Field::FuncEnv),
            _ => (Arg::Ref(self.hidden(Op::LREF, Type::Thread, false, Arg::None, Arg::None)), Field::ThreadEnv),
        };
        let globals = Arg::Ref(self.object_field(owner, field));
        let other = self.pick_held(|h| h.ty == Type::Tab).map_or(Arg::K(Const::Null), |h| h.arg);
        self.check(Op::NE, Type::Tab, globals, other);
    }

    /// Checks which function it is, as before a call.
    pub(super) fn function_fields(&mut self) {
        let Some(f) = self.pick_held(|h| h.ty == Type::Func).filter(|_| self.may(Op::FLOAD)) else { return };
        if self.u.percent(50) {
            let kind = self.hidden(Op::FLOAD, Type::U8, false, f.arg, lit(Lit::Field(Field::FuncFfid)));
            self.check(Op::EQ, Type::Int, Arg::Ref(kind), Arg::K(Const::Int(0)));
        } else {
            let pc = self.hidden(Op::FLOAD, Type::P64, false, f.arg, lit(Lit::Field(Field::FuncPc)));
            self.check(Op::NE, Type::P64, Arg::Ref(pc), Arg::K(Const::Null));
        }
    }

    /// A value through the temporary for Lua values. Nothing else uses it in between.
    pub(super) fn temporary(&mut self) {
        if !self.may(Op::TMPREF) || !self.may(Op::VLOAD) {
            return;
        }
        let sort = self.objects.sort(&mut self.u, true);
        let sort = if let Sort::Known(ty, ..) = sort { Sort::Any(ty) } else { sort };
        let Some(value) = self.tv_operand(sort) else { return };
        let mode = TmprefMode { in1: true, out1: true };
        let place = self.hidden(Op::TMPREF, Type::P64, false, value, lit(Lit::Tmpref(mode)));
        if self.u.percent(30) {
            self.alu(Class::W32);
        }
        self.tv_load(Op::VLOAD, place, sort);
    }

    /// A place where the profiler or the collector may be called.
    pub(super) fn check_point(&mut self) {
        let op = self.u.pick(&[Op::PROF, Op::GCSTEP]);
        if !self.may(op) {
            return;
        }
        self.done();
        self.hidden(op, Type::Nil, true, Arg::None, Arg::None);
        if op == Op::PROF {
            let n = self.u.index(self.cells.count());
            self.cells.inputs[n].profile |= self.u.percent(40);
        }
    }
}
