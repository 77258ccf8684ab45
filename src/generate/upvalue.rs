//! Upvalues of functions, closed and open.

use super::build::{Builder, lit};
use super::entropy::Source;
use super::heap::Plan;
use super::object::Held;
use super::place::Sort;
use crate::ir::{Arg, Class, Lit, Op, Ref, Type};
use crate::world::object::Upvalue;

impl Builder<'_, '_, '_> {
    /// Reads or writes upvalues of one function.
    pub(super) fn upvalue_access(&mut self) {
        let Some(f) = self.object(Type::Func, |p| matches!(p, Plan::Func(_))) else { return };
        let Some(n) = f.only() else { return };
        let Plan::Func(upvalues) = self.objects.plans[n].clone() else { return };
        let (loads, stores) = (self.may(Op::ULOAD), self.may(Op::USTORE) && self.may_change(&f));
        for _ in 0..1 + self.u.below(3) {
            let i = self.u.index(upvalues.len());
            let (upvalue, sort) = upvalues[i];
            let store = stores && (!loads || self.u.percent(45));
            if !store && !loads {
                return;
            }
            self.objects.note(&f, |s| s.used = true);
            let place = self.upvalue(&f, i, upvalue);
            if store {
                self.upvalue_store(place, upvalue, sort);
            } else {
                self.tv_load(Op::ULOAD, place, sort);
            }
        }
    }

    /// The address of an upvalue. The recorder guards what kind a variable function's is; older ones do so for constants too.
    fn upvalue(&mut self, f: &Held, i: usize, upvalue: Upvalue) -> Ref {
        let op = if upvalue == Upvalue::Closed { Op::UREFC } else { Op::UREFO };
        let guard = op == Op::UREFO || f.arg.as_ref().is_some() || self.u.percent(30);
        self.hidden(op, Type::P64, guard, f.arg, lit(Lit::Upvalue(u8::try_from(i).expect("few upvalues"))))
    }

    fn upvalue_store(&mut self, place: Ref, upvalue: Upvalue, sort: Sort) {
        let Some(value) = self.tv_operand(sort) else { return };
        self.hidden(Op::USTORE, sort.ty(), false, Arg::Ref(place), value);
        if upvalue == Upvalue::Closed && sort.ty().class() == Class::Gc {
            self.hidden(Op::OBAR, Type::Nil, false, Arg::Ref(place), value);
        }
        self.done();
    }
}
