//! Loops: what is carried around, a counter that surely ends them, and the PHIs.
//!
//! LuaJIT makes loops by copying the recorded trace; these are built by hand, so FOLD must not see what its loop pass
//! would not have made. Left sides of PHIs are loads of cells of their own, which CSE merges with nothing, and nothing
//! before LOOP is computed from them; a barrier behind LOOP keeps accesses of the body apart from those before it.

use super::address::{Base, Target};
use super::build::{Builder, integer_const, lit, width};
use super::cells::{Alias, Use};
use super::chase::List;
use super::entropy::Source;
use super::phi::Phi;
use super::pools;
use crate::ir::{Arg, Class, Const, Link, Lit, Op, Ref, SloadMode, Slot, Type};
use crate::world::SlotValue;

/// Instructions that one run may execute, about.
const BUDGET: i64 = 4000;

/// The state of a loop between LOOP and the PHIs.
pub(super) struct Loop {
    counter: Counter,
    phis: Vec<Phi>,
    pointer: Option<(Ref, i64)>,
    list: Option<List>,
    /// LOOP itself.
    pub at: Ref,
}

/// How a loop counts: each input starts so that `bound` is reached after at most `trips` steps.
pub(super) struct Counter {
    left: Ref,
    ty: Type,
    step: i64,
    bound: i64,
    trips: i64,
    /// What the guard compares with: the bound, as a constant or from memory.
    limit: Arg,
}

impl Counter {
    /// What a loop can get through: one more than it has trips.
    fn trips_and_one(&self) -> u32 {
        u32::try_from(self.trips + 1).unwrap_or(1)
    }
}

impl Builder<'_, '_, '_> {
    /// Ends the part before LOOP: the counter, carried values, LOOP itself.
    pub(super) fn enter_loop(&mut self, body: i64) -> Loop {
        let counter = self.counter(self.trips(body));
        let moving = if self.u.percent(40) { self.moving_pointer(counter.trips) } else { None };
        let list = if self.u.percent(12) { Some(self.list(counter.trips_and_one())) } else { None };
        let phis = self.carried(&counter);
        self.leave_snapshots(2);
        let at = self.hidden(Op::LOOP, Type::Nil, false, Arg::None, Arg::None);
        self.in_body = true;
        self.dense.forget();
        self.drop_stale(&counter, &phis);
        self.loop_snapshot(at);
        if !self.is_raw() {
            self.hidden(Op::XBAR, Type::Nil, false, Arg::None, Arg::None);
        }
        let pointer = moving.map(|(base, step)| {
            self.bases.push(base);
            (base.arg.as_ref().expect("loaded"), step)
        });
        if self.u.percent(40) {
            self.snapshot();
        }
        Loop { counter, phis, pointer, list, at }
    }

    /// How often a body of so many instructions may run.
    fn trips(&self, body: i64) -> i64 {
        (BUDGET / (body + 40)).clamp(1, i64::from(self.knobs.trips.max(1)))
    }

    /// A counter in a slot of an iteration of about `count` instructions, and the slot.
    pub(super) fn slot_counter(&mut self, count: i64) -> (Counter, Slot) {
        let trips = self.trips(count);
        let (step, bound, starts) = self.course(trips);
        let word = |n: usize| SlotValue::Int(i32::try_from(starts[n]).expect("the counter of an int fits"));
        let slot = self.cells.slot(word).expect("the first slot of a case");
        let left = self.load_carried(slot, Type::Int);
        let limit = self.limit(Type::Int, bound);
        let way = step * trips;
        let ends = (bound - way, bound - step);
        self.set_interval(left, Some((ends.0.min(ends.1), ends.0.max(ends.1))));
        self.offer(left);
        (Counter { left, ty: Type::Int, step, bound, trips, limit }, slot)
    }

    fn counter(&mut self, trips: i64) -> Counter {
        let ty = if self.u.percent(75) { Type::Int } else { Type::I64 };
        let (step, bound, starts) = self.course(trips);
        let left = self.counter_load(ty, &starts);
        let limit = self.limit(ty, bound);
        Counter { left, ty, step, bound, trips, limit }
    }

    /// Step, bound, and where each input starts.
    fn course(&mut self, trips: i64) -> (i64, i64, Vec<i64>) {
        let step = self.u.pick(&[1, -1, 2, 8, -3, 4096]);
        let bound = match self.u.weighted(&[3, 1, 3]) {
            0 => self.u.range(0, 40) - 8,
            1 => 0,
            _ => pools::integer(&mut self.u, 32) / 4,
        };
        let bulk = &mut self.bulk;
        let starts: Vec<i64> = (0..self.cells.count()).map(|_| bound - step * bulk.range(1, trips)).collect();
        (step, bound, starts)
    }

    fn limit(&mut self, ty: Type, bound: i64) -> Arg {
        if self.u.percent(70) {
            Arg::K(integer_const(ty.class(), bound))
        } else {
            let count = self.cells.count();
            Arg::Ref(self.own_cell(ty, &vec![bound.cast_unsigned(); count]))
        }
    }

    fn counter_load(&mut self, ty: Type, starts: &[i64]) -> Ref {
        let word = |n: usize| SlotValue::Int(i32::try_from(starts[n]).expect("the counter of an int fits"));
        let in_slot = ty == Type::Int && self.u.percent(50);
        match in_slot.then(|| self.cells.slot(word)).flatten() {
            Some(slot) => self.load_slot(ty, slot),
            None => {
                let bits: Vec<u64> = starts.iter().map(|s| s.cast_unsigned()).collect();
                self.own_cell(ty, &bits)
            }
        }
    }

    /// A load of a cell that nothing else reads; not offered as an operand.
    fn own_cell(&mut self, ty: Type, values: &[u64]) -> Ref {
        let r = self.controlled(ty, values);
        self.retain(|other| other != r);
        r
    }

    fn load_slot(&mut self, ty: Type, slot: Slot) -> Ref {
        let typecheck = self.u.percent(70);
        let mode = SloadMode { typecheck, ..SloadMode::default() };
        self.hidden(Op::SLOAD, ty, typecheck, lit(Lit::Slot(slot.0)), lit(Lit::Sload(mode)))
    }

    /// A pointer that moves on in each iteration: the base that it is, and its step. `None` if no region is free.
    fn moving_pointer(&mut self, trips: i64) -> Option<(Base, i64)> {
        let step: i64 = (1 << self.u.below(4)) * self.u.pick(&[1, -1, 2]);
        let way = step.abs() * trips;
        let free = |p: &super::cells::Plan| {
            p.purpose == Use::Data && p.alias != Alias::OneBase { taken: true } && p.size >= way + 32
        };
        let region = self.cells.plans.iter().position(free)?;
        self.claim(region);
        let (lowest, center) = self.target(region, way);
        let start = if step < 0 { lowest.offset + way } else { lowest.offset };
        let arg = self.loaded_pointer(Target { region, offset: start, slack: 0 });
        let span = self.cells.plans[region].size - way;
        Some((Base { arg, region, first: -lowest.offset, span, center, live: true }, step))
    }

    /// What a loop carries besides its counter; much under pressure.
    fn carried(&mut self, counter: &Counter) -> Vec<Phi> {
        let count = self.carried_count();
        let classes = if self.swarm.lean { self.swarm.held } else { &[Class::W32, Class::Num, Class::W64] };
        let mut phis: Vec<Phi> = vec![];
        for _ in 0..count {
            if !self.has_room() {
                break;
            }
            let class = self.u.pick(classes);
            let any = self.is_raw() && self.u.percent(50);
            let left = if any { self.any_carried(class) } else { Some(self.new_carried(class)) };
            let is_free = |r: &Ref| phis.iter().all(|p| p.left != *r) && counter.limit != Arg::Ref(*r);
            phis.extend(left.filter(is_free).map(|left| Phi { left, right: None }));
        }
        phis
    }

    fn carried_count(&mut self) -> u32 {
        match self.swarm.live {
            _ if self.swarm.lean => 16 + self.u.below(24),
            0 => self.u.below(5),
            live => self.u.below(u32::from(live) + 1),
        }
    }

    /// Any value but a pointer.
    fn any_carried(&mut self, class: Class) -> Option<Ref> {
        let n = self.available(class).len();
        let r = (n > 0).then(|| self.u.index(n)).map(|n| self.available(class)[n])?;
        (self.ty(r) != Type::P64).then_some(r)
    }

    /// A load of a stack slot or cell that nothing else reads.
    fn new_carried(&mut self, class: Class) -> Ref {
        let ty = match class {
            Class::W32 => Type::Int,
            Class::W64 => Type::I64,
            _ => Type::Num,
        };
        let bulk = &mut self.bulk;
        let mut bits = || match class {
            Class::Num => pools::small_double(bulk),
            class => pools::integer(bulk, width(class)).cast_unsigned(),
        };
        let values: Vec<u64> = (0..self.cells.count()).map(|_| bits()).collect();
        let value = |n: usize| match ty {
            Type::Num => SlotValue::Num(values[n]),
            _ => SlotValue::Int(i32::try_from(values[n].cast_signed()).expect("a sign-extended int")),
        };
        let in_slot = ty != Type::I64 && self.u.percent(50);
        match in_slot.then(|| self.cells.slot(value)).flatten() {
            Some(slot) => self.load_slot(ty, slot),
            None => self.own_cell(ty, &values),
        }
    }

    /// Behind LOOP only what is invariant or carried may be used; what is carried has no known interval any more, but
    /// for the counter.
    fn drop_stale(&mut self, counter: &Counter, phis: &[Phi]) {
        let mut variant = vec![false; usize::from(self.next_ref().0)];
        for (r, ins) in self.trace.iter() {
            let from = |a: &Arg| a.as_ref().is_some_and(|a| variant[usize::from(a.0)]);
            let is_left = counter.left == r || phis.iter().any(|p| p.left == r);
            variant[usize::from(r.0)] = is_left || ins.args().iter().any(from);
        }
        let stale = |r: Ref| variant[usize::from(r.0)];
        self.retain(|r| !stale(r));
        self.addresses.retain(|(_, _, r)| !stale(*r));
        self.objects_enter_loop(stale);
        for base in &mut self.bases {
            base.live &= !base.arg.as_ref().is_some_and(stale);
        }
        for phi in phis {
            self.set_interval(phi.left, None);
            self.offer(phi.left);
        }
        let way = counter.step * counter.trips;
        let ends = (counter.bound - way, counter.bound - counter.step);
        self.set_interval(counter.left, Some((ends.0.min(ends.1), ends.0.max(ends.1))));
        self.offer(counter.left);
    }

    /// Moves the counter, and leaves the loop when it is through.
    pub(super) fn count(&mut self, looping: &mut Loop) {
        let next = self.next_count(&looping.counter);
        looping.phis.insert(0, Phi { left: looping.counter.left, right: Some(next) });
        if self.u.percent(60) {
            self.snapshot();
        }
        self.count_guard(&looping.counter, next);
    }

    /// The counter's next value.
    pub(super) fn next_count(&mut self, counter: &Counter) -> Ref {
        let Counter { left, ty, step, bound, trips, .. } = *counter;
        let op = match self.u.weighted(&[5, 2, u16::from(ty == Type::Int) * 2, u16::from(ty == Type::Int)]) {
            0 => Op::ADD,
            1 => Op::SUB,
            2 => Op::ADDOV,
            _ => Op::SUBOV,
        };
        let k = if matches!(op, Op::SUB | Op::SUBOV) { -step } else { step };
        let next = self.push(op, ty, Arg::Ref(left), Arg::K(integer_const(ty.class(), k)));
        let first = bound - step * (trips - 1);
        self.set_interval(next, Some((first.min(bound), first.max(bound))));
        next
    }

    /// Leaves the loop unless there is more to count.
    pub(super) fn count_guard(&mut self, counter: &Counter, next: Ref) {
        let Counter { ty, step, bound, trips, limit, .. } = *counter;
        let first = bound - step * (trips - 1);
        let positive = first.min(bound) >= 0;
        let guard = match (self.u.weighted(&[4, 2, u16::from(positive) * 2]), step > 0) {
            (0, true) => Op::LT,
            (0, false) => Op::GT,
            (1, _) => Op::NE,
            (_, true) => Op::ULT,
            (_, false) => Op::UGT,
        };
        self.compare(guard, ty, Arg::Ref(next), limit);
    }

    /// Gives most of what is carried its next value here.
    pub(super) fn advance(&mut self, looping: &mut Loop) {
        let share = self.u.pick(&[95, 80, 50]);
        for phi in &mut looping.phis {
            if self.u.percent(share) {
                phi.right = Some(self.moved_on(phi.left, self.ty(phi.left).class()));
            }
        }
    }

    /// Closes the loop: the next value of everything that is carried, and the PHIs.
    pub(super) fn close_loop(&mut self, mut looping: Loop) {
        if let Some((left, step)) = looping.pointer {
            let next = self.hidden(Op::ADD, Type::P64, false, Arg::Ref(left), Arg::K(Const::Int64(step)));
            looping.phis.push(Phi { left, right: Some(next) });
        }
        if let Some(list) = looping.list {
            let next = self.follow(&list);
            looping.phis.push(Phi { left: list.first, right: Some(next) });
        }
        self.give_rights(&mut looping.phis, looping.at);
        let end = self.next_ref();
        self.trace.snaps.retain(|s| s.at < end);
        for Phi { left, right } in looping.phis {
            let right = right.expect("each was given one");
            let ty = self.ty(left);
            let ty = if ty.size() < 4 { Type::Int } else { ty };
            self.hidden(Op::PHI, ty, false, Arg::Ref(left), Arg::Ref(right));
        }
        self.trace.link = Link::Loop;
    }
}
