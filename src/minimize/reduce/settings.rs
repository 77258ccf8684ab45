//! Switches and settings as usual: the way of emitting, `-O` switches, the arena, collector and profiler.

use super::{Edit, edit};
use crate::case::{Arena, Case, Emit, Gc, OptFlags};
use crate::ir::Link;

/// Settings that differ from the usual ones, set back: all together, then one by one.
pub(super) fn usual(case: &Case) -> Vec<Edit> {
    let mut edits = vec![
        edit(|c| {
            c.emit = Emit::Fold;
            calm(c)
        }),
        edit(|c| {
            c.emit = Emit::Fold;
            // One iteration, and no more: a loop without LOOP is none.
            c.trace.link = Link::Interpreter;
            calm(c)
        }),
        edit(|c| Some(c.emit = Emit::Fold)),
        edit(|c| {
            c.emit = Emit::Fold;
            c.trace.link = Link::Interpreter;
            Some(())
        }),
        edit(calm),
        edit(|c| Some(c.flags = OptFlags::default())),
        edit(|c| Some(c.arena = Arena::Usual)),
        edit(|c| Some(c.ra = None)),
        edit(|c| Some(c.inputs.iter_mut().for_each(|i| i.gc = Gc::Idle))),
        edit(|c| Some(c.inputs.iter_mut().for_each(|i| i.gc = if i.gc == Gc::Leave { Gc::Step } else { i.gc }))),
        edit(|c| Some(c.inputs.iter_mut().for_each(|i| i.profile = false))),
        edit(|c| Some(c.trace.link = Link::Interpreter)),
        edit(|c| Some(c.side.as_mut()?.trace.link = Link::Interpreter)),
    ];
    for (name, on) in OptFlags::default().list() {
        edits.push(edit(move |c| c.flags.set(name, on).then_some(())));
    }
    // A seed that any other is as good as.
    edits.extend(case.ra.filter(|seed| *seed > 0).map(|_| edit(|c| Some(c.ra = Some(0)))));
    edits
}

/// All but the way of emitting.
fn calm(case: &mut Case) -> Option<()> {
    case.flags = OptFlags::default();
    case.arena = Arena::Usual;
    case.ra = None;
    for input in &mut case.inputs {
        input.gc = Gc::Idle;
        input.profile = false;
    }
    Some(())
}
