//! From a run that did something else than the trace says to the first thing that went wrong in it.

use super::expect::Expectations;
use super::watch::{Departure, Watch, Wrong};
use super::{Blame, BlameError, Scene, text, word};
use crate::case::Case;
use crate::code::{Became, Place, Registers};
use crate::interpret::History;
use crate::ir::{Ref, Slot, Snap};
use crate::machine::HowEnded;
use crate::oracle::{Finding, Oracle, history};
use crate::outcome::{FindingClass, MismatchClass};

/// What led to a departure.
pub(super) struct Trail {
    /// What is known so far: class, word, reason.
    pub blame: Blame,
    /// The instruction whose own code went wrong, or has none.
    pub handler: Option<Ref>,
    /// The written instruction that FOLD made something else of.
    pub folded: Option<Ref>,
    /// It did so with another value.
    pub merged: bool,
}

/// Finds what a run's finding is to be blamed on.
pub(super) fn follow(
    mut blame: Blame,
    case: &Case,
    scene: &Scene,
    finding: &Finding,
    oracle: &mut Oracle,
) -> Result<Trail, BlameError> {
    let n = finding.input.unwrap_or(0);
    let history = history(case, n)?;
    if let Some(at) = merged(scene, &history, case) {
        let (value, op) = (text::value(case, at), case.trace.get(at).op.name());
        blame = Blame { at: Some(at), op: Some(op.into()), word: None, ..blame };
        blame.why = format!("{value} was taken for something else before it was assembled");
        return Ok(Trail { blame, handler: None, folded: Some(at), merged: true });
    }
    let expect = Expectations { case, history: &history };
    let mut watch = Watch::new(scene, &expect);
    let mut regs = Registers::default();
    let how = oracle.step(case, &scene.code, n, &mut |now, memory| {
        regs.clone_from(now);
        watch.visit(now, memory);
    })?;
    Ok(match watch.found.take() {
        Some(departure) => departed(blame, case, scene, &departure),
        None => arrived(blame, case, scene, &watch, &regs, &how, finding),
    })
}

/// A written instruction that was merged with one of another value, or made a constant of another value.
fn merged(scene: &Scene, history: &History, case: &Case) -> Option<Ref> {
    let differs = |at: Ref, pass: usize, other: Option<u64>| {
        let ty = case.trace.get(at).ty;
        let mask = if ty.size() == 8 { u64::MAX } else { 0xffff_ffff };
        matches!((history.value(at, pass), other), (Some(own), Some(other)) if (own ^ other) & mask != 0)
    };
    let wrong = |pass: usize| {
        scene.record.emitted.iter().find(|e| match e.became {
            _ if !case.trace.get(e.at).op.info().has_value() => false,
            Became::Same(first) => differs(e.at, pass, history.latest(first, pass)),
            Became::Constant(bits) if case.trace.get(e.at).ty.class() != crate::ir::Class::Gc => {
                case.trace.get(e.at).ty.class() != crate::ir::Class::Pri && differs(e.at, pass, Some(bits))
            }
            _ => false,
        })
    };
    (0..history.passes()).find_map(wrong).map(|e| e.at)
}

fn departed(blame: Blame, case: &Case, scene: &Scene, departure: &Departure) -> Trail {
    let why = text::departure(case, departure);
    let own = match departure.what {
        Wrong::Value { of, .. } => of.filter(|_| departure.behind == of),
        Wrong::Store { at, .. } | Wrong::Held { at } => Some(at),
    };
    let root = |at: Option<Ref>| at.filter(|_| !departure.side);
    let at = root(own.or(departure.behind));
    let in_own_code =
        |address: &u64| own.is_none() || scene.part(*address).is_some_and(|(part, offset)| part.ref_at(offset) == own);
    // A register that nobody has written since holds what somebody else left there: its writer did no wrong.
    let word = departure.word.filter(in_own_code);
    let blame = word.map_or(blame.clone(), |address| word::with_word(blame, scene, address));
    let op = at.map(|at| case.trace.get(at).op.name().to_string());
    let blame = Blame { at, op: op.or(blame.op.clone()), why, ..blame };
    Trail { blame, handler: at, folded: root(own), merged: false }
}

/// All values were right as far as they were looked at: it is the exit, the snapshot or a store.
fn arrived(
    blame: Blame,
    case: &Case,
    scene: &Scene,
    watch: &Watch,
    regs: &Registers,
    how: &HowEnded,
    finding: &Finding,
) -> Trail {
    match finding.class {
        FindingClass::Mismatch(MismatchClass::WrongExit) => left(blame, case, scene, watch, how),
        FindingClass::Mismatch(MismatchClass::WrongSnapshot) => restored(blame, case, scene, watch, regs, how),
        FindingClass::Fault(_) => {
            let blame = word::of_fault(blame, scene, finding);
            let (handler, why) = (blame.at, "all values were right up to here".to_string());
            Trail { blame: Blame { why, ..blame }, handler, folded: None, merged: false }
        }
        FindingClass::Mismatch(_) => {
            let (handler, why) = (blame.at, "no value departs from the interpreter's on the way".to_string());
            Trail { blame: Blame { why, ..blame }, handler, folded: handler, merged: false }
        }
    }
}

/// The guard that left is to blame.
fn left(blame: Blame, case: &Case, scene: &Scene, watch: &Watch, how: &HowEnded) -> Trail {
    let branch = watch.last_of_body(scene);
    let blame = branch.map_or(blame.clone(), |address| word::with_word(blame, scene, address));
    let what = match how {
        HowEnded::Exit(n) => format!("left by exit {}", n.0),
        HowEnded::Tail => "went on to the end".into(),
        HowEnded::Fault(fault) => format!("faulted: {}", fault.class.name()),
    };
    let guard = blame.at.map_or("the code".to_string(), |at| text::value(case, at));
    let op = blame.at.map(|at| case.trace.get(at).op.name().to_string()).or(blame.op.clone());
    let why = format!("{guard} {what}, and all values were right up to there");
    let handler = blame.at;
    Trail { blame: Blame { why, op, ..blame }, handler, folded: handler, merged: false }
}

/// A snapshot's place is to blame: the value itself was right.
fn restored(blame: Blame, case: &Case, scene: &Scene, watch: &Watch, regs: &Registers, how: &HowEnded) -> Trail {
    let HowEnded::Exit(exit) = how else { return Trail { handler: blame.at, folded: blame.at, merged: false, blame } };
    let found = blame.at.and_then(|at| {
        let exits = scene.code.exits.get(usize::from(exit.0))?;
        let slot = snap_slot(case.trace.snaps.get(usize::from(exits.number.0))?, at)?;
        exits.values.iter().find(|loc| loc.slot == slot)
    });
    let Some(loc) = found else {
        let why = format!("all values were right up to exit {}, which restores something else", exit.0);
        return Trail { handler: blame.at, folded: blame.at, merged: false, blame: Blame { why, ..blame } };
    };
    let word = watch.writer(loc.place, regs);
    let handler = blame.at;
    let why = format!("exit {} restores slot #{} from {}", exit.0, loc.slot.0, text::place(loc.place));
    let lost = matches!(loc.place, Place::Lost | Place::Known(_));
    let blame = match word.filter(|_| !lost) {
        Some(address) => Blame { at: handler, ..word::with_word(blame, scene, address) },
        None => blame,
    };
    Trail { blame: Blame { why, ..blame }, handler, folded: handler, merged: false }
}

fn snap_slot(snap: &Snap, at: Ref) -> Option<Slot> {
    snap.entries.iter().find(|e| e.value.as_ref() == Some(at)).map(|e| e.slot)
}
