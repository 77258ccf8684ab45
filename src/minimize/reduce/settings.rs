//! Switches and settings as usual: the way of emitting, `-O` switches, the arena, collector and profiler.

use super::{Edit, always, edit, set};
use crate::case::{Arena, Case, Emit, Gc, OptFlags};
use crate::ir::Link;

/// Settings that differ from the usual ones, set back: all together, then one by one.
pub(super) fn usual(case: &Case) -> Vec<Edit> {
    let mut edits = vec![
        always(|c| {
            c.emit = Emit::Fold;
            calm(c);
        }),
        always(|c| {
            c.emit = Emit::Fold;
            // One iteration, and no more: a loop without LOOP is none.
            c.trace.link = Link::Interpreter;
            calm(c);
        }),
        always(|c| c.emit = Emit::Fold),
        always(|c| {
            c.emit = Emit::Fold;
            c.trace.link = Link::Interpreter;
        }),
        always(calm),
        always(|c| c.flags = OptFlags::default()),
        always(|c| c.arena = Arena::Usual),
        always(|c| c.ra = None),
        always(|c| c.inputs.iter_mut().for_each(|i| i.gc = Gc::Idle)),
        always(|c| c.inputs.iter_mut().for_each(|i| i.gc = if i.gc == Gc::Leave { Gc::Step } else { i.gc })),
        always(|c| c.inputs.iter_mut().for_each(|i| i.profile = false)),
        always(|c| c.trace.link = Link::Interpreter),
        edit(|c| set(c.side.as_mut().map(|s| &mut s.trace.link), Link::Interpreter)),
    ];
    for (name, on) in OptFlags::default().list() {
        edits.push(edit(move |c| c.flags.set(name, on).then_some(())));
    }
    // A seed that any other is as good as.
    edits.extend(case.ra.filter(|seed| *seed > 0).map(|_| always(|c| c.ra = Some(0))));
    edits
}

/// All but the way of emitting.
fn calm(case: &mut Case) {
    case.flags = OptFlags::default();
    case.arena = Arena::Usual;
    case.ra = None;
    for input in &mut case.inputs {
        input.gc = Gc::Idle;
        input.profile = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn settings_become_the_usual_ones() {
        let before = text(
            "; flags -fuse\n; arena near\n; region data 8 at 0\n; input 1\n;   gc step",
            "0001 int XLOAD [data+0]",
        );
        proposes(usual, &before, &text("; region data 8 at 0\n; input 1", "0001 int XLOAD [data+0]"));
    }
}
