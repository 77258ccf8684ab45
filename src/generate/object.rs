//! Lua objects of a case: what the world has, what is at hand in the trace, and what FOLD may take for granted of it.
//!
//! FOLD's alias analysis (`lj_opt_mem.c`) trusts what the recorder guarantees. In a loop made by hand that is: an object that was used
//! before LOOP is not changed behind it, since loads behind LOOP may be forwarded from before it.

use super::build::{Builder, lit};
use super::entropy::Source;
use super::heap::{Plan, TablePlan};
use super::place::Sort;
use crate::ir::{Arg, CdataType, Const, Field, Key, Lit, ObjId, Op, Ref, SloadMode, Type};
use crate::world::SlotValue;

/// An object at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub arg: Arg,
    pub ty: Type,
    pub what: What,
}

/// What is known of an object at hand. Numbers count the world's objects, then the new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// One of two, mostly the same one.
    Known(usize, usize),
    /// Any of its type, of the world or new.
    Any,
}

impl Held {
    /// The object, if there is only one that it can be.
    pub(super) fn only(&self) -> Option<usize> {
        match self.what {
            What::Known(a, b) if a == b => Some(a),
            _ => None,
        }
    }
}

/// What has happened to an object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// An instruction has looked at it or changed it.
    pub used: bool,
    /// It was used before the LOOP that we are behind of, through FOLD: it stays as it is.
    pub frozen: bool,
    /// Its array part, or the place of a key, was relied on.
    pub placed: bool,
    /// A key was added: places may have moved.
    pub reshaped: bool,
    /// Its contents are not known any more: it is left alone.
    pub retired: bool,
    /// Slots of its array part were taken by constant indices; by variables.
    pub by_constant: bool,
    pub by_variable: bool,
    /// It may have another metatable.
    pub remetaed: bool,
}

/// The objects of a case.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// Weights of the steps; all 0 in a case without objects.
    pub steps: [u16; super::objects_step::STEPS],
    /// How many objects the world has.
    pub world: usize,
    /// All objects: the world's, then new ones.
    pub plans: Vec<Plan>,
    pub states: Vec<State>,
    /// Keys of tables, with the sort of what they lead to.
    pub keys: Vec<(Key, Sort)>,
    pub held: Vec<Held>,
    /// Percent of the steps that go on with the object of the step before: what one leaves behind meets what the next one starts with.
    pub stay: u8,
    /// The table, function, .. of the step before.
    pub last: Option<Held>,
    /// What was at hand in the root trace of a side trace.
    pub before: Vec<Held>,
    /// Loads of fields that may be used again.
    pub fields: Vec<(Arg, Field, Ref)>,
    /// Addresses of array slots that may be used again: table, index, address.
    pub slots: Vec<(Arg, Arg, Ref)>,
}

impl Objects {
    /// True for a case that has some.
    pub(super) fn any(&self) -> bool {
        self.steps.iter().any(|w| *w > 0)
    }

    /// The world's objects of a type.
    pub(super) fn of_type(&self, ty: Type) -> Vec<ObjId> {
        let all = self.plans[..self.world].iter().enumerate().filter(|(_, p)| p.ty() == ty);
        all.map(|(n, _)| id(n)).collect()
    }

    /// What is known of a table at hand.
    pub(super) fn table(&self, n: usize) -> &TablePlan {
        match &self.plans[n] {
            Plan::Table(plan) => plan,
            other => panic!("{other:?} is no table"),
        }
    }

    pub(super) fn table_mut(&mut self, n: usize) -> &mut TablePlan {
        match &mut self.plans[n] {
            Plan::Table(plan) => plan,
            other => panic!("{other:?} is no table"),
        }
    }

    fn all(&self, held: &Held, f: impl Fn(&State) -> bool) -> bool {
        match held.what {
            What::Known(a, b) => f(&self.states[a]) && f(&self.states[b]),
            What::Any => false,
        }
    }

    /// Notes something of an object.
    pub(super) fn note(&mut self, held: &Held, f: impl Fn(&mut State)) {
        if let What::Known(a, b) = held.what {
            f(&mut self.states[a]);
            f(&mut self.states[b]);
        }
    }

    /// A side trace begins: nothing is at hand.
    pub(super) fn restart(&mut self) {
        self.before = std::mem::take(&mut self.held);
        self.last = None;
        self.forget_addresses();
    }

    /// Addresses are not used any more: parts of tables may have moved.
    pub(super) fn forget_addresses(&mut self) {
        self.fields.clear();
        self.slots.clear();
    }
}

/// The world's object of a number.
pub(super) fn id(n: usize) -> ObjId {
    ObjId(u8::try_from(n).expect("a world has few objects"))
}

impl Builder<'_, '_, '_> {
    /// Keeps an object at hand.
    pub(super) fn hold(&mut self, held: Held) {
        self.objects.held.push(held);
    }

    pub(super) fn hold_known(&mut self, r: Ref, ty: Type, a: ObjId, b: ObjId) {
        self.hold(Held { arg: Arg::Ref(r), ty, what: What::Known(a.0.into(), b.0.into()) });
    }

    /// Keeps a new object at hand, of which something is known.
    pub(super) fn hold_new(&mut self, r: Ref, plan: Plan) -> Held {
        let n = self.objects.plans.len();
        let held = Held { arg: Arg::Ref(r), ty: plan.ty(), what: What::Known(n, n) };
        self.objects.plans.push(plan);
        self.objects.states.push(State { used: true, ..State::default() });
        self.hold(held);
        held
    }

    /// One of the objects at hand.
    pub(super) fn pick_held(&mut self, f: impl Fn(&Held) -> bool) -> Option<Held> {
        let some: Vec<Held> = self.objects.held.iter().copied().filter(|h| f(h)).collect();
        if some.is_empty() {
            return None;
        }
        // Recent ones more often.
        let n = if self.u.percent(50) {
            some.len() - 1 - self.u.index(some.len().min(3))
        } else {
            self.u.index(some.len())
        };
        Some(some[n])
    }

    /// A constant object of the world.
    pub(super) fn constant_object(&mut self, ty: Type) -> Option<Arg> {
        let all = self.objects.of_type(ty);
        (!all.is_empty()).then(|| Arg::K(Const::Gc(self.u.pick(&all))))
    }

    /// An object of which something is known and `f` holds: one at hand, or one more.
    pub(super) fn object(&mut self, ty: Type, f: impl Fn(&Plan) -> bool) -> Option<Held> {
        let found = self.find_object(ty, f);
        self.objects.last = found.or(self.objects.last);
        found
    }

    fn find_object(&mut self, ty: Type, f: impl Fn(&Plan) -> bool) -> Option<Held> {
        let objects = &self.objects;
        let fits = |h: &Held| match h.what {
            What::Known(a, b) => {
                h.ty == ty && f(&objects.plans[a]) && f(&objects.plans[b]) && objects.all(h, |s| !s.retired)
            }
            What::Any => false,
        };
        let known: Vec<Held> = objects.held.iter().copied().filter(|h| fits(h)).collect();
        if let Some(last) = objects.last.filter(|last| known.contains(last))
            && self.u.percent(objects.stay)
        {
            return Some(last);
        }
        if !known.is_empty() && self.u.percent(75) {
            let n = self.u.index(known.len());
            return Some(known[known.len() - 1 - n]);
        }
        let all = self.objects.of_type(ty);
        let all: Vec<ObjId> =
            all.into_iter().filter(|o| self.is_open(*o) && f(&self.objects.plans[usize::from(o.0)])).collect();
        let found = (!all.is_empty()).then(|| self.u.pick(&all)).and_then(|o| self.reach(ty, o));
        found.or_else(|| known.last().copied())
    }

    /// True if another ref to an object may be made. Through FOLD, functions, userdata and foreign data have one: it tells them apart by
    /// their refs.
    fn is_open(&self, o: ObjId) -> bool {
        let n = usize::from(o.0);
        let one_ref = !self.is_raw() && matches!(self.objects.plans[n].ty(), Type::Func | Type::Udata | Type::Cdata);
        let has_ref = |h: &Held| matches!(h.what, What::Known(a, b) if a == n || b == n);
        let second = one_ref && self.objects.held.iter().any(has_ref);
        !self.objects.states[n].retired && !second
    }

    /// Makes an object available: as a constant, or from a stack slot.
    fn reach(&mut self, ty: Type, o: ObjId) -> Option<Held> {
        let n = usize::from(o.0);
        let slots = self.may_load_slots();
        if self.u.percent(40) && self.may_be_constant(n) || !slots && self.may_be_constant(n) {
            let held = Held { arg: Arg::K(Const::Gc(o)), ty, what: What::Known(n, n) };
            if !self.objects.held.contains(&held) {
                self.hold(held);
            }
            return Some(held);
        }
        if !slots {
            return None;
        }
        let one_ref = !self.is_raw() && ty != Type::Tab && ty != Type::Str;
        let other = if one_ref || self.u.percent(60) { o } else { self.twin(o) };
        self.load_object(ty, o, other)
    }

    /// FOLD takes plain foreign data for immutable and computes with constant ones.
    fn may_be_constant(&self, n: usize) -> bool {
        match self.objects.plans[n] {
            Plan::Cdata(CdataType::Struct(_)) => true,
            Plan::Cdata(_) => self.is_raw(),
            _ => true,
        }
    }

    /// An object that can stand for another: a table of the same keys, any other string.
    fn twin(&mut self, o: ObjId) -> ObjId {
        let n = usize::from(o.0);
        let world = self.objects.world;
        let twins: Vec<usize> = (0..world)
            .filter(|m| !self.objects.states[*m].retired && self.objects.plans[n].is_like(&self.objects.plans[*m]))
            .collect();
        if twins.is_empty() { o } else { id(self.u.pick(&twins)) }
    }

    /// Loads a stack slot that holds one of two objects.
    fn load_object(&mut self, ty: Type, a: ObjId, b: ObjId) -> Option<Held> {
        let checked = self.u.percent(80);
        let wrong = if checked && self.u.percent(6) { self.u.index(self.cells.count()) } else { usize::MAX };
        let bulk = &mut self.bulk;
        let slot = self.cells.slot(|n| match n == wrong {
            true => Sort::Any(ty).wrong_value(bulk),
            false => SlotValue::Obj(bulk.pick(&[a, b])),
        })?;
        let readonly = self.u.percent(20) && !self.forks;
        let mode = SloadMode { typecheck: checked, readonly, ..SloadMode::default() };
        let r = self.hidden(Op::SLOAD, ty, checked, lit(Lit::Slot(slot.0)), lit(Lit::Sload(mode)));
        self.hold_known(r, ty, a, b);
        self.objects.held.last().copied()
    }

    /// True if an object may be changed here.
    pub(super) fn may_change(&self, held: &Held) -> bool {
        let constant = |n: usize| matches!(&self.objects.plans[n], Plan::Table(t) if t.template);
        let template = matches!(held.what, What::Known(a, b) if constant(a) || constant(b));
        !template && self.objects.all(held, |s| !s.frozen && !s.retired)
    }

    /// True if the array part and places of keys of a table are where they were.
    pub(super) fn is_in_place(&self, held: &Held) -> bool {
        self.objects.all(held, |s| !s.reshaped && !s.retired)
    }

    /// A field of an object: loaded, or loaded before.
    pub(super) fn object_field(&mut self, object: Arg, field: Field) -> Ref {
        let known = self.objects.fields.iter().rev().find(|(a, f, _)| (*a, *f) == (object, field)).map(|(_, _, r)| *r);
        if let Some(r) = known.filter(|_| self.u.percent(60)) {
            return r;
        }
        let r = self.hidden(Op::FLOAD, field.ty(), false, object, lit(Lit::Field(field)));
        self.objects.fields.push((object, field, r));
        r
    }

    /// Behind LOOP: addresses are computed anew, what varies is not used, what FOLD has seen stays as it is.
    pub(super) fn objects_enter_loop(&mut self, stale: impl Fn(Ref) -> bool) {
        self.objects.forget_addresses();
        self.objects.held.retain(|h| !h.arg.as_ref().is_some_and(&stale));
        let raw = self.is_raw();
        for state in &mut self.objects.states {
            state.frozen |= state.used && !raw;
        }
    }

    /// Objects for the last snapshot: new ones mostly, which nothing else may show.
    pub(super) fn objects_to_show(&mut self) -> Vec<Ref> {
        let all: Vec<Ref> = self.objects.held.iter().filter_map(|h| h.arg.as_ref()).collect();
        all.into_iter().filter(|r| self.u.percent(if self.uses(*r) == 0 { 70 } else { 30 })).collect()
    }
}
