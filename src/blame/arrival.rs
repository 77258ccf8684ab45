//! Runs on whose way no value departed: it is the exit that was taken, the places it restores from, or something that was left out.

use super::departure::Trail;
use super::watch::Watch;
use super::{Blame, Cause, Scene, text, word};
use crate::case::{Case, Emit};
use crate::code::{Became, Place, Registers};
use crate::ir::{Op, Ref, Slot, Snap};
use crate::machine::HowEnded;
use crate::oracle::{Finding, name_address};
use crate::outcome::{FindingClass, MismatchClass};

/// How a run ended.
pub(super) struct End<'a> {
    pub case: &'a Case,
    pub scene: &'a Scene,
    pub watch: &'a Watch<'a>,
    pub regs: &'a Registers,
    pub how: &'a HowEnded,
}

/// What is to blame by what the finding says.
pub(super) fn arrived(blame: Blame, end: &End, finding: &Finding) -> Trail {
    match finding.class {
        FindingClass::Mismatch(MismatchClass::WrongExit) => left(blame, end),
        FindingClass::Mismatch(MismatchClass::WrongSnapshot) => restored(blame, end),
        FindingClass::Mismatch(MismatchClass::WrongMemory) => missing(blame, end, finding.place),
        FindingClass::Mismatch(MismatchClass::WrongCall) => {
            unseen(blame, "the calls are not what they should be".into())
        }
        FindingClass::Fault(_) => {
            let blame = word::of_fault(blame, end.scene, finding);
            unseen(blame, "all values were right up to here".into())
        }
    }
}

fn unseen(blame: Blame, why: String) -> Trail {
    let at = blame.at;
    Trail { blame: Blame { why, ..blame }, handler: at, folded: at, unseen: true }
}

/// The guard that left is to blame.
fn left(blame: Blame, end: &End) -> Trail {
    let branch = end.watch.last_of_body(end.scene);
    let blame = branch.map_or(blame.clone(), |address| word::with_word(blame, end.scene, address));
    let what = match end.how {
        HowEnded::Exit(n) => format!("left by exit {}", n.0),
        HowEnded::Tail => "went on to the end".into(),
        HowEnded::Fault(fault) => format!("faulted: {}", fault.class.name()),
    };
    let guard = blame.at.map_or("the code".to_string(), |at| text::value(end.case, at));
    let op = op_of(end.case, &blame);
    let (at, why) = (blame.at, format!("{guard} {what}, and all values were right up to there"));
    Trail { blame: Blame { why, op, cause: Cause::Guard, ..blame }, handler: at, folded: at, unseen: false }
}

/// A snapshot's place is to blame: the value itself was right.
fn restored(blame: Blame, end: &End) -> Trail {
    let HowEnded::Exit(exit) = end.how else {
        return unseen(blame, "all values were right up to the trace's end, which stores something else".into());
    };
    let place = blame.at.and_then(|at| {
        let exits = end.scene.code.exits.get(usize::from(exit.0))?;
        let snaps = &end.case.trace.snaps;
        // The passes' loop begins with the snapshot of an iteration's end, which counts as that of its start, one iteration later.
        let again = end.case.emit == Emit::Passes && exits.number.0 == 0 && exit.0 != 0;
        let snap = if again { snaps.last() } else { snaps.get(usize::from(exits.number.0)) };
        let slot = snap_slot(snap?, at)?;
        exits.values.iter().find(|loc| loc.slot == slot)
    });
    let Some(loc) = place else {
        return unseen(blame, format!("all values were right up to exit {}, which restores something else", exit.0));
    };
    let (at, op) = (blame.at, op_of(end.case, &blame));
    let why = format!(
        "{} was right, but exit {} restores slot #{} from {}, which does not keep it",
        at.map_or(String::new(), |at| text::value(end.case, at)),
        exit.0,
        loc.slot.0,
        text::place(loc.place)
    );
    let writer = end.watch.writer(loc.place, end.regs).filter(|_| !matches!(loc.place, Place::Lost | Place::Known(_)));
    let blame = writer.map_or(blame.clone(), |address| word::with_word(blame, end.scene, address));
    Trail { blame: Blame { why, at, op, cause: Cause::Place, ..blame }, handler: at, folded: at, unseen: false }
}

/// A store is missing: one that was dropped, if there is one; else it went elsewhere, or another one over it.
fn missing(blame: Blame, end: &End, place: Option<u64>) -> Trail {
    let stores = [Op::XSTORE, Op::ASTORE, Op::HSTORE, Op::USTORE, Op::FSTORE];
    let emitted = end.scene.record.emitted.iter();
    let dropped = emitted.filter(|e| e.became == Became::Dropped && stores.contains(&end.case.trace.get(e.at).op));
    let dropped = dropped.map(|e| e.at).next_back();
    let blame = Blame { at: dropped.or(blame.at), ..blame };
    let blame = Blame { op: op_of(end.case, &blame), ..blame };
    let last = place.filter(|_| dropped.is_none()).and_then(|place| Some((place, end.watch.last_store(place)?)));
    if let Some((place, address)) = last {
        let blame = Blame { at: None, op: None, ..blame };
        let blame = Blame { cause: Cause::Store, ..word::with_word(blame, end.scene, address) };
        let (at, op) = (blame.at, op_of(end.case, &blame));
        let who = at.map_or("the code".to_string(), |at| text::value(end.case, at));
        let why =
            format!("{who} was the last that stored to {}, which is wrong in the end", name_address(end.case, place));
        return Trail { blame: Blame { op, why, ..blame }, handler: at, folded: None, unseen: false };
    }
    let made = blame.at.filter(|_| dropped.is_none()).and_then(|at| end.scene.store_of(at));
    match made {
        None => unseen(blame, "no value departs from the interpreter's on the way".into()),
        Some(address) => {
            let at = blame.at;
            let why = format!(
                "{} is not what memory holds in the end",
                at.map_or(String::new(), |at| text::value(end.case, at))
            );
            let blame = Blame { why, cause: Cause::Store, ..word::with_word(blame, end.scene, address) };
            Trail { blame, handler: at, folded: None, unseen: false }
        }
    }
}

fn snap_slot(snap: &Snap, at: Ref) -> Option<Slot> {
    snap.entries.iter().find(|e| e.value.as_ref() == Some(at)).map(|e| e.slot)
}

fn op_of(case: &Case, blame: &Blame) -> Option<String> {
    blame.at.map(|at| case.trace.get(at).op.name().to_string()).or(blame.op.clone())
}
