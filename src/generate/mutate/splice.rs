//! Two cases in one: the trace of the first, then that of the second, in a world that has both of theirs.
//!
//! Regions, objects and slots of the second are moved behind those of the first. So each goes on touching what it touched, and keeps to
//! LuaJIT's aliasing rules as far as it did. Of the first, everything from its LOOP on is cut off: a trace has one loop, at its end.

use super::super::entropy::{Bulk, Source};
use super::moved::Moved;
use crate::case::{Case, Gc, Input, PointerCell, SideTrace};
use crate::ir::{ExitNo, Link, Ref, Snap, SnapEntry, Trace};
use crate::world::{Object, Region, World};

/// The two in one, legal or not.
pub(super) fn splice(first: &Case, second: &Case, s: &mut Bulk) -> Case {
    let (head, left) = head(&first.trace, s);
    let moved = Moved::behind(first, second, head.ins.len());
    let carried = if s.percent(60) { left.as_slice() } else { &[] };
    let trace = joined(&head, &moved.trace(&second.trace), carried);
    let side = match (&first.side, &second.side) {
        (Some(side), None) => Some(side.clone()),
        (Some(side), Some(_)) if s.percent(50) => Some(side.clone()),
        (_, Some(side)) => Some(moved_side(side, &head, &moved)),
        (None, None) => None,
    };
    let world = world(first, second, &moved);
    let inputs = (0..first.inputs.len().max(second.inputs.len())).map(|n| {
        let (a, b) = (&first.inputs[n % first.inputs.len()], &second.inputs[n % second.inputs.len()]);
        input(a, b, first.world.objects.len(), &moved)
    });
    Case { trace, world, inputs: inputs.collect(), side, ..first.clone() }
}

/// The start of a trace, without its end; and what the last snapshot there has. Sometimes it is cut off earlier.
fn head(trace: &Trace, s: &mut Bulk) -> (Trace, Vec<SnapEntry>) {
    let whole = trace.loop_ref().unwrap_or(trace.end());
    let end = if s.percent(30) { Ref(1 + u16::try_from(s.index(trace.ins.len() + 1)).unwrap_or(0)) } else { whole };
    let end = end.min(whole);
    let ins = trace.ins[..usize::from(end.0) - 1].to_vec();
    let covered: Vec<&Snap> = trace.snaps.iter().filter(|snap| snap.at <= end).collect();
    let left = covered.last().map_or(vec![], |snap| snap.entries.clone());
    // A guard of the second's leaves through a snapshot of the second's.
    let snaps = covered.into_iter().filter(|snap| snap.at < end).cloned().collect();
    let is_shown = |entry: &SnapEntry| entry.value.as_ref().is_none_or(|r| trace.get(r).ty.is_lua_value());
    (Trace { ins, snaps, link: Link::Interpreter }, left.into_iter().filter(is_shown).collect())
}

/// One trace behind the other. The second's snapshots also have what the first left.
fn joined(head: &Trace, tail: &Trace, carried: &[SnapEntry]) -> Trace {
    let mut trace = head.clone();
    trace.ins.extend(&tail.ins);
    for snap in &tail.snaps {
        let free = |entry: &&SnapEntry| snap.entries.iter().all(|own| own.slot != entry.slot);
        let mut entries = snap.entries.clone();
        entries.extend(carried.iter().filter(free));
        entries.sort_by_key(|entry| entry.slot);
        trace.snaps.push(Snap { at: snap.at, entries });
    }
    trace.link = tail.link;
    trace
}

fn moved_side(side: &SideTrace, head: &Trace, moved: &Moved) -> SideTrace {
    let exit = ExitNo(side.exit.0.saturating_add(u16::try_from(head.snaps.len()).unwrap_or(u16::MAX)));
    SideTrace { exit, trace: moved.in_place(&side.trace) }
}

/// Both worlds in one; strings that both have are there once.
fn world(first: &Case, second: &Case, moved: &Moved) -> World {
    let mut world = first.world.clone();
    for region in &second.world.regions {
        let (name, offset) = (free_name(&world, &region.name), region.offset.saturating_add(moved.offset));
        world.regions.push(Region { name, offset, ..region.clone() });
    }
    for (object, id) in second.world.objects.iter().zip(&moved.objects) {
        if usize::from(id.0) >= first.world.objects.len() {
            world.objects.push(Object { name: free_name(&world, &object.name), kind: moved.kind(&object.kind) });
        }
    }
    world
}

/// The name, or one like it that is not taken.
fn free_name(world: &World, name: &str) -> String {
    let taken = |name: &str| {
        world.regions.iter().any(|region| region.name == name) || world.objects.iter().any(|object| object.name == name)
    };
    let mut free = name.to_string();
    while taken(&free) {
        free.push('x');
    }
    free
}

/// What both inputs have; where they differ about a slot, what the first has.
fn input(first: &Input, second: &Input, known: usize, moved: &Moved) -> Input {
    let mut input = first.clone();
    for (slot, value) in &second.slots {
        let slot = moved.slot(*slot);
        if input.slots.iter().all(|(other, _)| *other != slot) {
            input.slots.push((slot, moved.value(*value)));
        }
    }
    input.slots.sort_by_key(|(slot, _)| *slot);
    input.memory.extend(second.memory.iter().cloned());
    input.pointers.extend(second.pointers.iter().map(|p| PointerCell { at: moved.ptr(p.at), to: moved.ptr(p.to) }));
    let new = second.objects.iter().zip(&moved.objects).filter(|(_, id)| usize::from(id.0) >= known);
    input.objects.extend(new.map(|(values, _)| moved.values(values)));
    input.gc = if first.gc == Gc::Idle { second.gc } else { first.gc };
    input.profile |= second.profile;
    input
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Op;
    use crate::text;

    fn case(name: &str, body: &str, end: &str) -> Case {
        let text = format!(
            "; tracehound 1\n; region {name} 64 at 0\n; input 1\n;   slot 2 int +5\n---- TRACE 1\n\
             ....        SNAP   #0   [ ---- ---- ]\n{body}---- TRACE 1 stop -> {end}\n"
        );
        text::parse(&text).unwrap_or_else(|e| panic!("{e}")).case
    }

    fn printed(case: &Case) -> String {
        let runs = vec![None; case.inputs.len()];
        let (case, expects, shapes, notes) = (case.clone(), vec![], vec![], vec![]);
        text::print(&text::TraceFile { backend: None, expects, shapes, notes, case, runs })
    }

    #[test]
    fn the_second_comes_behind_the_first_in_slots_and_memory_of_its_own() {
        let first = case("a", "0001 >  int SLOAD  #2    T\n0002    int XSTORE [a+0]  0001\n", "return");
        let second = case("a", "0001 >  int SLOAD  #2    T\n0002    int XLOAD  [a+4]\n", "interpreter");
        let both = (1..).map(|seed| splice(&first, &second, &mut Bulk::new(seed))).find(|c| c.trace.ins.len() == 4);
        let both = both.expect("not all are cut off");
        assert_eq!(both.check(), Ok(()));
        let text = printed(&both);
        for line in
            ["; region ax 64 at 128", ";   slot 3 int +5", "0003 >  int SLOAD  #3    T", "0004    int XLOAD  [ax+4]"]
        {
            assert!(text.contains(line), "no {line:?} in\n{text}");
        }
        assert!(text.ends_with("stop -> interpreter\n"), "{text}");
    }

    #[test]
    fn a_loop_stays_the_end_and_only_one_is_left() {
        let body = "0001 >  int SLOAD  #2    T\n....        SNAP   #1   [ ---- ---- 0001 ]\n0002 ------ LOOP ------------\n\
                    0003    int ADD    0001  +1\n0004 >  int LT     0003  +9\n0005    int PHI    0001  0003\n";
        let looping = case("a", body, "loop");
        for seed in 1..40 {
            let both = splice(&looping, &looping, &mut Bulk::new(seed));
            assert_eq!(both.check(), Ok(()), "{}", printed(&both));
            assert_eq!(both.trace.ins.iter().filter(|ins| ins.op == Op::LOOP).count(), 1);
        }
    }
}
