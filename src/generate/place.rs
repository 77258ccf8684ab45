//! What places of objects hold: values of one sort each, so that type checks mostly pass.
//!
//! FOLD forwards what was stored to what is loaded without looking at types, since the recorder loads what it has seen: through FOLD, a
//! place keeps its sort for the whole trace.

use super::build::Builder;
use super::entropy::Source;
use super::object::{Held, What};
use super::pools;
use crate::case::Emit;
use crate::ir::{Arg, Class, Const, Lit, ObjId, Op, Ref, Type};
use crate::world::SlotValue;

/// What values a place has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A number or primitive.
    Plain(Type),
    /// One of two objects of a type, mostly the same one.
    Known(Type, ObjId, ObjId),
    /// Any object of a type.
    Any(Type),
}

impl Sort {
    pub(super) fn ty(self) -> Type {
        match self {
            Sort::Plain(ty) | Sort::Known(ty, ..) | Sort::Any(ty) => ty,
        }
    }

    /// A value of the sort; `objects` are those of its type.
    pub(super) fn value(self, s: &mut impl Source, objects: &[ObjId]) -> SlotValue {
        match self {
            Sort::Plain(Type::Int) => SlotValue::Int(i32::try_from(pools::integer(s, 32)).expect("32 bits")),
            Sort::Plain(Type::Num) => SlotValue::Num(pools::double(s)),
            Sort::Plain(Type::False) => SlotValue::False,
            Sort::Plain(Type::True) => SlotValue::True,
            Sort::Plain(_) => SlotValue::Nil,
            Sort::Known(_, a, b) => SlotValue::Obj(s.pick(&[a, b])),
            Sort::Any(_) if objects.is_empty() => SlotValue::Nil,
            Sort::Any(_) => SlotValue::Obj(s.pick(objects)),
        }
    }

    /// A value of another type, never nil: keys with a nil value may vanish.
    pub(super) fn wrong_value(self, s: &mut impl Source) -> SlotValue {
        match self.ty() {
            Type::Int => s.pick(&[SlotValue::Num(1 << 62), SlotValue::True]),
            Type::Num => s.pick(&[SlotValue::Int(7), SlotValue::False]),
            Type::True => s.pick(&[SlotValue::False, SlotValue::Int(0)]),
            _ => s.pick(&[SlotValue::True, SlotValue::Int(-1), SlotValue::Num(0)]),
        }
    }
}

impl Builder<'_, '_, '_> {
    /// Loads a Lua value, checks its type and keeps it at hand.
    pub(super) fn tv_load(&mut self, op: Op, address: Ref, sort: Sort) -> Ref {
        let index = if op == Op::VLOAD { Arg::Lit(Lit::Num(0)) } else { Arg::None };
        let r = self.hidden(op, sort.ty(), true, Arg::Ref(address), index);
        match sort {
            Sort::Plain(Type::Int | Type::Num) => self.offer(r),
            Sort::Plain(_) => {}
            // FOLD knows functions and foreign data by their refs: only one of them is followed.
            Sort::Known(ty, a, b) if self.is_raw() || ty == Type::Tab => self.hold_known(r, ty, a, b),
            Sort::Known(ty, ..) | Sort::Any(ty) => self.hold(Held { arg: Arg::Ref(r), ty, what: What::Any }),
        }
        r
    }

    /// A value to store in a place; `None` if there is none of its sort.
    pub(super) fn tv_operand(&mut self, sort: Sort) -> Option<Arg> {
        match sort {
            Sort::Plain(Type::Int) => Some(self.lua_int()),
            Sort::Plain(Type::Num) => Some(self.lua_num()),
            Sort::Plain(ty) => Some(Arg::K(Const::Pri(ty))),
            Sort::Known(_, a, b) => {
                let fits =
                    |h: &Held| matches!(h.what, What::Known(x, y) if [x, y].iter().all(|o| is(*o, a) || is(*o, b)));
                let found = self.pick_held(fits).filter(|_| self.u.percent(70));
                Some(found.map_or(Arg::K(Const::Gc(a)), |h| h.arg))
            }
            Sort::Any(ty) => {
                let found = self.pick_held(|h| h.ty == ty).filter(|_| self.u.percent(80));
                found.map(|h| h.arg).or_else(|| self.constant_object(ty))
            }
        }
    }

    /// An int that a Lua slot can have.
    pub(super) fn lua_int(&mut self) -> Arg {
        match self.operand(Class::W32) {
            Arg::Ref(r) if !self.ty(r).is_lua_value() => Arg::Ref(self.fresh(Class::W32)),
            arg => arg,
        }
    }

    /// A number whose bits are no tagged value: NaNs of raw memory might be.
    pub(super) fn lua_num(&mut self) -> Arg {
        let constants = self.swarm.constants;
        if self.u.percent(constants) {
            return Arg::K(Const::Num(pools::double(&mut self.u)));
        }
        Arg::Ref(self.lua_num_ref())
    }

    pub(super) fn lua_num_ref(&mut self) -> Ref {
        let r = self.value(Class::Num);
        let checked =
            matches!(self.trace.get(r).op, Op::SLOAD | Op::ALOAD | Op::HLOAD | Op::ULOAD | Op::VLOAD | Op::STRTO);
        if !checked && self.interval(Arg::Ref(r)).is_none() {
            // As the recorder checks keys.
            self.compare(Op::EQ, Type::Num, Arg::Ref(r), Arg::Ref(r));
        }
        r
    }

    /// A guard as the recorder emits it: the operands stay in their order.
    pub(super) fn check(&mut self, op: Op, ty: Type, a: Arg, b: Arg) {
        self.hidden(op, ty, true, a, b);
    }

    /// A snapshot behind something that must not be done twice.
    pub(super) fn done(&mut self) {
        // What is sunk is made anew at an exit as far as it was before the exit's snapshot.
        if self.u.percent(85) || self.knobs.emit == Emit::Passes {
            self.snapshot();
        }
    }
}

fn is(object: usize, id: ObjId) -> bool {
    object == usize::from(id.0)
}
