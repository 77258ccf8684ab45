//! Side traces: an exit of the root trace that some inputs take, and a trace that goes on there.

use super::build::{Builder, int_const};
use super::cells::Alias;
use super::entropy::Source;
use super::iteration::Written;
use super::object::{Held, What};
use super::snapshot::SLOTS;
use crate::case::SideTrace;
use crate::ir::validate::MAX_SNAPS;
use crate::ir::{Arg, Class, Const, ExitNo, Link, Lit, Op, Ref, SloadMode, Slot, Snap, SnapEntry, Trace, Type};
use crate::world::SlotValue;

/// The exit where a side trace will start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fork {
    exit: ExitNo,
    /// A slot and what it must hold for the root trace to go on: a side trace that writes it may start the root again.
    key: Option<(Slot, i32)>,
}

/// Most slots of a fork without pressure.
const LIVE: u32 = 8;

impl Builder<'_, '_, '_> {
    /// A guard that fails in some inputs, behind a snapshot of its own: here the side trace will start.
    pub(super) fn fork(&mut self) {
        let key = if self.u.percent(60) { self.key() } else { None };
        let tested = match key {
            Some((_, r, k)) => (r, k),
            None => self.tested(),
        };
        let Some(exit) = self.fork_snapshot(key.is_some()) else { return };
        let op = self.u.pick(&[Op::EQ, Op::GE, Op::LE]);
        self.compare(op, Type::Int, Arg::Ref(tested.0), Arg::K(int_const(i64::from(tested.1))));
        // Other guards of this exit may fail again when the root starts again.
        if key.is_some() || self.u.percent(50) {
            self.snapshot();
        }
        self.fork = Some(Fork { exit, key: key.map(|(slot, _, k)| (slot, k)) });
    }

    /// An int in a slot: in some inputs `k`, in others less or more.
    fn key(&mut self) -> Option<(Slot, Ref, i32)> {
        let k = i32::try_from(self.u.range(-3, 5000)).expect("small");
        let bulk = &mut self.bulk;
        let slot = self.cells.slot(|_| SlotValue::Int(k + bulk.pick(&[0, 0, 1, -1, 9])))?;
        let mode = SloadMode { typecheck: true, ..SloadMode::default() };
        let r = self.hidden(Op::SLOAD, Type::Int, true, Arg::Lit(Lit::Slot(slot.0)), Arg::Lit(Lit::Sload(mode)));
        self.offer(r);
        Some((slot, r, k))
    }

    /// The same in a cell.
    fn tested(&mut self) -> (Ref, i32) {
        let k = i32::try_from(self.u.range(-3, 5000)).expect("small");
        let bulk = &mut self.bulk;
        let values: Vec<u64> =
            (0..self.cells.count()).map(|_| i64::from(k + bulk.pick(&[0, 0, 1, -1, 9])).cast_unsigned()).collect();
        (self.controlled(Type::Int, &values), k)
    }

    /// A snapshot of Lua values; its exit. Where the side trace may start the root again, it leaves the slots alone that the root loads: a
    /// loop that started from elsewhere might not end.
    fn fork_snapshot(&mut self, again: bool) -> Option<ExitNo> {
        let at = self.next_ref();
        let most = if self.swarm.live > 0 { u32::from(self.swarm.live).min(36) } else { LIVE };
        let values: Vec<Arg> = (0..self.u.below(most + 1)).filter_map(|_| self.lua_value(None)).collect();
        let entries = if again { self.apart(&values) } else { self.spread(&values) };
        let room = self.trace.snaps.len() + 1 < MAX_SNAPS;
        match self.trace.snaps.last_mut() {
            Some(last) if last.at == at => last.entries = entries,
            _ if room => self.trace.snaps.push(Snap { at, entries }),
            _ => return None,
        }
        u16::try_from(self.trace.snaps.len() - 1).ok().map(ExitNo)
    }

    /// Gives values slots that nothing else uses, as long as there are some.
    fn apart(&mut self, values: &[Arg]) -> Vec<SnapEntry> {
        let mut entries = vec![];
        for value in values {
            let Some(slot) = self.cells.slot(|_| SlotValue::Nil) else { break };
            self.note_use(*value);
            entries.push(SnapEntry { slot, value: *value });
        }
        entries
    }

    /// Ends the root trace, if it has a fork, and makes the side trace of about `count` instructions.
    pub(super) fn side(&mut self, count: i64) -> Option<(Trace, SideTrace)> {
        let fork = self.fork.take()?;
        let root = self.restart();
        self.inherit(&root, &root.snaps[usize::from(fork.exit.0)]);
        super::steps(self, count);
        self.join(fork);
        let trace = std::mem::replace(&mut self.trace, root.clone());
        Some((root, SideTrace { exit: fork.exit, trace }))
    }

    /// An empty trace in the same world; the old one.
    fn restart(&mut self) -> Trace {
        let empty = Trace { ins: vec![], snaps: vec![Snap { at: Ref(1), entries: vec![] }], link: Link::Interpreter };
        self.values.clear();
        self.retain(|_| false);
        self.control_pointer = None;
        self.forget_sums();
        (self.bases, self.strings, self.addresses) = (vec![], vec![], vec![]);
        self.in_body = false;
        self.objects.restart();
        for plan in &mut self.cells.plans {
            if let Alias::OneBase { taken } = &mut plan.alias {
                *taken = false;
            }
        }
        self.written = Some(Written::default());
        std::mem::replace(&mut self.trace, empty)
    }

    /// What the exit has: loads for `lj_snap_replay`'s. No snapshot is without it from here on.
    fn inherit(&mut self, root: &Trace, exit: &Snap) {
        if let Some(last) = exit.entries.last() {
            self.cells.skip_slots(last.slot);
        }
        for SnapEntry { slot, value } in &exit.entries {
            let value = match value {
                Arg::K(Const::Pri(_)) => *value,
                // Nothing folds an operation on constants in raw IR.
                Arg::K(_) if self.is_raw() || self.u.percent(30) => *value,
                Arg::K(Const::Int(_)) => self.load_inherited(*slot, Type::Int),
                Arg::K(Const::Gc(id)) => {
                    let n = usize::from(id.0);
                    self.load_inherited_object(*slot, self.objects.plans[n].ty(), What::Known(n, n))
                }
                Arg::K(_) => self.load_inherited(*slot, Type::Num),
                Arg::Ref(r) if root.get(*r).ty.class() == Class::Gc => {
                    let held = self.objects.before.iter().find(|h| h.arg == Arg::Ref(*r));
                    let what = held.map_or(What::Any, |h| h.what);
                    self.load_inherited_object(*slot, root.get(*r).ty, what)
                }
                Arg::Ref(r) => self.load_inherited(*slot, root.get(*r).ty),
                _ => continue,
            };
            self.open_slot(*slot, None);
            self.set_slot(*slot, value);
        }
    }

    /// Through FOLD, functions, userdata and foreign data are known by one ref each.
    fn load_inherited_object(&mut self, slot: Slot, ty: Type, what: What) -> Arg {
        let r = self.load_parent(slot, ty);
        let what = if self.is_raw() || matches!(ty, Type::Tab | Type::Str) { what } else { What::Any };
        self.hold(Held { arg: Arg::Ref(r), ty, what });
        Arg::Ref(r)
    }

    fn load_inherited(&mut self, slot: Slot, ty: Type) -> Arg {
        let r = self.load_parent(slot, ty);
        self.offer(r);
        Arg::Ref(r)
    }

    fn load_parent(&mut self, slot: Slot, ty: Type) -> Ref {
        let mode = SloadMode { parent: true, inherit: true, ..SloadMode::default() };
        self.hidden(Op::SLOAD, ty, false, Arg::Lit(Lit::Slot(slot.0)), Arg::Lit(Lit::Sload(mode)))
    }

    /// The root trace does not check all slots that it loads: it is not started again on objects.
    fn leaves_objects(&self) -> bool {
        let entries = self.written.as_ref().map_or(vec![], Written::entries);
        entries.iter().any(|e| match e.value {
            Arg::Ref(r) => self.ty(r).class() == Class::Gc,
            Arg::K(k) => k.class() == Class::Gc,
            _ => false,
        })
    }

    /// The end: unused values to memory and to slots; back to the root where that ends.
    fn join(&mut self, fork: Fork) {
        let mut left = self.store_unused(true);
        left.extend(self.objects_to_show());
        left.truncate(SLOTS / 3);
        for r in &left {
            let Some(slot) = self.cells.slot(|_| SlotValue::Nil).filter(|_| self.ty(*r).is_lua_value()) else { break };
            self.set_slot(slot, Arg::Ref(*r));
        }
        self.trace.link = match (fork.key, self.u.weighted(&[2, 1, 3])) {
            (Some((slot, k)), 2) if !self.leaves_objects() => {
                self.set_slot(slot, Arg::K(Const::Int(k)));
                Link::Root
            }
            (_, 1) => Link::Return,
            _ => Link::Interpreter,
        };
        let written = self.written_refs();
        self.keep_weak_guards(Ref(1), &written);
        let at = self.next_ref();
        self.trace.snaps.retain(|s| s.at < at || at == Ref(1));
        let entries = self.written.take().map_or(vec![], |w| w.entries());
        self.trace.snaps.push(Snap { at, entries });
    }
}
