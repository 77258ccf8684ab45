//! The end of a trace: every value becomes observable, but for some that stay dead.

use super::build::Builder;
use super::cells::Alias;
use super::entropy::Source;
use crate::ir::{Arg, Class, Op, Ref, Rule, Type};

impl Builder<'_, '_, '_> {
    /// Keeps the results of weak guards in use: LuaJIT drops `ADDOV` and its like when nothing needs the result, and with it the
    /// guard. Only what FOLD cannot remove again counts as use; `restored` will be. Those before `from` were seen to.
    pub(super) fn keep_weak_guards(&mut self, from: Ref, restored: &[Ref]) {
        for at in (from.0..self.next_ref().0).map(Ref) {
            if self.is_weak(at) && !restored.contains(&at) {
                self.hidden(Op::USE, Type::Int, false, Arg::Ref(at), Arg::None);
            }
        }
    }

    /// Stores unused values; returns those that are left for the last snapshot.
    pub(super) fn store_unused(&mut self, snapshot_follows: bool) -> Vec<Ref> {
        let mut unused: Vec<Ref> = (1..self.next_ref().0).map(Ref).filter(|r| self.is_unused(*r)).collect();
        if self.u.percent(50) {
            unused.reverse();
        }
        let dead = self.knobs.dead;
        let restored = if snapshot_follows { self.u.pick(&[50, 90, 10]) } else { 0 };
        let mut left = vec![];
        let mut last = None;
        for r in unused {
            let lua_value = self.ty(r).is_lua_value() && self.ty(r) != Type::Str;
            if self.is_full() || !self.is_weak(r) && self.u.percent(dead) {
                continue;
            }
            if lua_value && self.u.percent(restored) {
                left.push(r);
            } else {
                self.store_result(r, &mut last);
            }
        }
        left
    }

    fn is_weak(&self, r: Ref) -> bool {
        self.trace.get(r).op.info().rule == Rule::Overflow
    }

    fn is_unused(&self, r: Ref) -> bool {
        let class = self.ty(r).class();
        self.uses(r) == 0 && self.available(class).binary_search(&r).is_ok()
    }

    /// Stores a result, mostly next to the one before: pairs of stores, at least for a part of them.
    pub(super) fn store_result(&mut self, r: Ref, last: &mut Option<(usize, i64)>) {
        let ty = self.stored_type(r);
        for _ in 0..3 {
            let (base, at) = match *last {
                Some((base, at)) if self.u.percent(80) => (base, at),
                _ => {
                    let base = self.base(true);
                    (base, self.bases[base].center)
                }
            };
            if let Some(ty) = self.agreed(base, ty) {
                let at = self.inside(base, at, ty);
                self.store(base, at, ty, Arg::Ref(r));
                *last = Some((base, at + i64::from(ty.size())));
                return;
            }
            *last = None;
        }
    }

    fn stored_type(&mut self, r: Ref) -> Type {
        let ty = self.ty(r);
        match ty.class() {
            Class::W32 if self.u.percent(15) => self.u.pick(&[Type::I8, Type::U8, Type::I16, Type::U16]),
            Class::W32 if ty.size() < 4 => Type::Int,
            _ => ty,
        }
    }

    /// The type that a region's aliasing rule makes of a store's type.
    fn agreed(&mut self, base: usize, ty: Type) -> Option<Type> {
        match &mut self.cells.plans[self.bases[base].region].alias {
            Alias::OneType(Some(only)) => (only.class() == ty.class()).then_some(*only),
            Alias::OneType(none) => Some(*none.insert(ty)),
            _ => Some(ty),
        }
    }
}
