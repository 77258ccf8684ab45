//! Instructions taken out of a trace, with all that hangs on them.

use crate::case::Case;
use crate::ir::{Arg, Const, Ins, Link, Op, Ref, Snap, SnapEntry, Trace, Type};

/// Which trace of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The one that runs first.
    Root,
    /// The one that starts at an exit.
    Side,
}

impl Which {
    /// The traces that a case has.
    pub(super) fn of(case: &Case) -> Vec<Which> {
        if case.side.is_some() { vec![Which::Root, Which::Side] } else { vec![Which::Root] }
    }

    /// The trace. Panics where there is no side trace.
    pub(super) fn trace(self, case: &Case) -> &Trace {
        match self {
            Which::Root => &case.trace,
            Which::Side => &case.side.as_ref().expect("a case with a side trace").trace,
        }
    }

    /// The trace, to be changed; `None` where there is no side trace.
    pub(super) fn trace_mut(self, case: &mut Case) -> Option<&mut Trace> {
        match self {
            Which::Root => Some(&mut case.trace),
            Which::Side => case.side.as_mut().map(|s| &mut s.trace),
        }
    }
}

/// What is taken out of a trace, and what stands there instead.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    changes: Vec<(Ref, Change)>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    /// Taken out with all that uses it.
    Drop,
    /// Taken out; its users use this.
    Use(Arg),
    /// Another instruction in its place.
    Put(Ins),
    /// The same, with all that used it taken out.
    PutAlone(Ins),
}

impl Cut {
    /// Takes an instruction out; those that use it go too.
    pub(super) fn drop(mut self, r: Ref) -> Self {
        self.changes.push((r, Change::Drop));
        self
    }

    /// Takes an instruction out; those that use it use something else.
    pub(super) fn replace(mut self, r: Ref, by: Arg) -> Self {
        self.changes.push((r, Change::Use(by)));
        self
    }

    /// Puts another instruction in its place.
    pub(super) fn put(mut self, r: Ref, ins: Ins) -> Self {
        self.changes.push((r, Change::Put(ins)));
        self
    }

    /// Puts another instruction in its place; those that used it go.
    pub(super) fn put_alone(mut self, r: Ref, ins: Ins) -> Self {
        self.changes.push((r, Change::PutAlone(ins)));
        self
    }

    /// Cuts a trace of a case. Snapshots that now stand where the next one does go too. What only the cut instructions used goes with them.
    pub(super) fn apply(&self, case: &mut Case, which: Which) -> Option<()> {
        // Where each snapshot has what the one before has, a value that is gone leaves a constant.
        let keep_entries = case.restores();
        let exit = case.side.as_ref().filter(|_| which == Which::Root).map(|s| usize::from(s.exit.0));
        let trace = which.trace_mut(case)?;
        let mut work = Work::new(trace, &self.changes);
        work.spread();
        work.sweep();
        let (new, places) = work.finish(keep_entries, exit);
        *trace = new;
        if let (Some(exit), Some(side)) = (exit, &mut case.side) {
            side.exit.0 = u16::try_from(places[exit]?).ok()?;
        }
        Some(())
    }
}

struct Work<'a> {
    trace: &'a Trace,
    ins: Vec<Ins>,
    gone: Vec<bool>,
    instead: Vec<Option<Arg>>,
    /// Stays, but nothing may use it.
    alone: Vec<bool>,
}

fn index(r: Ref) -> usize {
    usize::from(r.0) - 1
}

impl<'a> Work<'a> {
    fn new(trace: &'a Trace, changes: &[(Ref, Change)]) -> Self {
        let n = trace.ins.len();
        let mut work =
            Work { trace, ins: trace.ins.clone(), gone: vec![false; n], instead: vec![None; n], alone: vec![false; n] };
        for (r, change) in changes.iter().filter(|(r, _)| index(*r) < n) {
            match change {
                Change::Drop => work.gone[index(*r)] = true,
                Change::Use(arg) => {
                    work.gone[index(*r)] = true;
                    work.instead[index(*r)] = Some(*arg).filter(|a| a.as_ref().is_none_or(|by| by < *r));
                }
                Change::Put(ins) => work.ins[index(*r)] = *ins,
                Change::PutAlone(ins) => {
                    work.ins[index(*r)] = *ins;
                    work.alone[index(*r)] = true;
                }
            }
        }
        work
    }

    /// What an operand is in the new trace, in refs of the old one; `None` for what is gone.
    fn resolve(&self, arg: Arg) -> Option<Arg> {
        let mut arg = arg;
        while let Arg::Ref(r) = arg
            && self.gone[index(r)]
        {
            arg = self.instead[index(r)]?;
        }
        let used = arg.as_ref().is_some_and(|r| self.alone[index(r)]);
        (!used).then_some(arg)
    }

    /// Takes out what uses something that is gone.
    fn spread(&mut self) {
        let unlooped = self.ins.iter().zip(&self.gone).any(|(i, gone)| i.op == Op::LOOP && *gone);
        for i in 0..self.ins.len() {
            let ins = self.ins[i];
            let args = ins.args().map(|a| self.resolve(a));
            let joins = |a: &Option<Arg>| matches!(a, Some(Arg::Ref(_)));
            let lost = match ins.op {
                Op::PHI => unlooped || !args.iter().all(joins) || args[0] == args[1],
                _ => args.contains(&None),
            };
            self.gone[i] |= lost;
        }
    }

    /// Takes out what nothing uses any more.
    fn sweep(&mut self) {
        let before = uses(self.trace.ins.iter().copied(), &self.trace.snaps, self.ins.len(), Some);
        let kept = self.ins.iter().zip(&self.gone).filter(|(_, gone)| !**gone).map(|(ins, _)| *ins);
        let mut now = uses(kept, &self.trace.snaps, self.ins.len(), |a| self.resolve(a));
        for i in (0..self.ins.len()).rev() {
            let ins = self.ins[i];
            if self.gone[i] || before[i] == 0 || now[i] > 0 || !is_idle(&ins) {
                continue;
            }
            self.gone[i] = true;
            for r in ins.args().into_iter().filter_map(|a| self.resolve(a)?.as_ref()) {
                now[index(r)] -= 1;
            }
        }
    }

    /// The new trace, and where each snapshot is now.
    fn finish(&self, keep_entries: bool, exit: Option<usize>) -> (Trace, Vec<Option<usize>>) {
        let mut at = vec![0u16; self.ins.len() + 1];
        for i in 0..self.ins.len() {
            at[i + 1] = at[i] + u16::from(!self.gone[i]);
        }
        let renumber = |arg: Arg| match self.resolve(arg)? {
            Arg::Ref(r) => Some(Arg::Ref(Ref(at[index(r)] + 1))),
            other => Some(other),
        };
        let kept = self.ins.iter().zip(&self.gone).filter(|(_, gone)| !**gone).map(|(ins, _)| *ins);
        let new = |ins: Ins| Some(Ins { op1: renumber(ins.op1)?, op2: renumber(ins.op2)?, ..ins });
        let ins: Vec<Ins> = kept.filter_map(new).collect();
        let value = |e: &SnapEntry| match renumber(e.value) {
            Some(v @ (Arg::Ref(_) | Arg::K(Const::Int(_) | Const::Num(_) | Const::Pri(_) | Const::Gc(_)))) => Some(v),
            _ => e.value.as_ref().filter(|_| keep_entries).and_then(|r| blank(self.trace.get(r).ty)),
        };
        let entries =
            |s: &Snap| s.entries.iter().filter_map(|e| Some(SnapEntry { slot: e.slot, value: value(e)? })).collect();
        let place = |s: &Snap| Ref(at[index(s.at)] + 1);
        let (mut snaps, mut places) = (Vec::new(), Vec::new());
        for (n, snap) in self.trace.snaps.iter().enumerate() {
            let hidden =
                self.trace.snaps.get(n + 1).is_some_and(|next| place(next) == place(snap) && next.at != snap.at);
            if hidden && exit != Some(n) {
                places.push(None);
                continue;
            }
            places.push(Some(snaps.len()));
            snaps.push(Snap { at: place(snap), entries: entries(snap) });
        }
        let looped = ins.iter().any(|i| i.op == Op::LOOP) == self.trace.ins.iter().any(|i| i.op == Op::LOOP);
        let link = if looped { self.trace.link } else { Link::Interpreter };
        (Trace { ins, snaps, link }, places)
    }
}

/// How often each instruction is used.
fn uses(ins: impl Iterator<Item = Ins>, snaps: &[Snap], n: usize, resolve: impl Fn(Arg) -> Option<Arg>) -> Vec<u32> {
    let mut counts = vec![0; n];
    let operands = ins.flat_map(|i| i.args()).chain(snaps.iter().flat_map(|s| &s.entries).map(|e| e.value));
    for r in operands.filter_map(|a| resolve(a)?.as_ref()) {
        counts[index(r)] += 1;
    }
    counts
}

/// True for what does nothing but give a value.
fn is_idle(ins: &Ins) -> bool {
    !ins.guard && !ins.op.info().is_store() && ins.op.info().has_value()
}

/// The plainest Lua value of a type.
fn blank(ty: Type) -> Option<Arg> {
    use crate::ir::Class;
    match ty.class() {
        Class::W32 => Some(Arg::K(Const::Int(0))),
        Class::Num => Some(Arg::K(Const::Num(0))),
        Class::Pri => Some(Arg::K(Const::Pri(ty))),
        Class::W64 | Class::Gc | Class::Flt => None,
    }
}
