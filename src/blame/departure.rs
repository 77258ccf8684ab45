//! From a run that did something else than the trace says to the first thing that went wrong in it.

use super::expect::Expectations;
use super::switches::may_be_folds;
use super::watch::Watch;
use super::wrong::{Departure, Wrong};
use super::{Blame, BlameError, Cause, Scene, arrival, text, word};
use crate::case::Case;
use crate::code::{Became, Registers};
use crate::interpret::History;
use crate::ir::{Class, Op, Ref};
use crate::oracle::{Finding, Oracle, history};

/// What led to a departure.
pub(super) struct Trail {
    /// What is known so far: class, word, reason.
    pub blame: Blame,
    /// The instruction whose own code went wrong, or has none.
    pub handler: Option<Ref>,
    /// The written instruction that FOLD may have made something else of.
    pub folded: Option<Ref>,
    /// Values were right as far as they could be held against the interpreter's: a pass may have gone wrong.
    pub unseen: bool,
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
    if let (true, Some(at)) = (may_be_folds(case, &blame.vanishes_without), merged(scene, &history, case)) {
        let (value, op) = (text::value(case, at), case.trace.get(at).op.name());
        blame = Blame { at: Some(at), op: Some(op.into()), word: None, cause: Cause::Ir, ..blame };
        blame.why = format!("{value} was taken for something else before it was assembled");
        return Ok(Trail { blame, handler: None, folded: Some(at), unseen: false });
    }
    let expect = Expectations { case, history: &history };
    let mut watch = Watch::new(scene, &expect);
    let mut regs = Registers::default();
    let how = oracle.step(case, &scene.code, n, &mut |now, memory| {
        regs.clone_from(now);
        watch.visit(now, memory)
    })?;
    Ok(match (watch.found.take(), how) {
        (Some(departure), _) => match forgotten(scene, &expect, &departure) {
            Some(store) => {
                let why = format!("{}: {} was dropped", text::departure(case, &departure), text::value(case, store));
                let op = Some(case.trace.get(store).op.name().into());
                let blame = Blame { at: Some(store), op, why, cause: Cause::Ir, ..blame };
                Trail { blame, handler: None, folded: Some(store), unseen: false }
            }
            None => departed(blame, case, scene, &departure),
        },
        (None, None) => unreachable!("only a departure ends a run"),
        (None, Some(how)) => {
            arrival::arrived(blame, &arrival::End { case, scene, watch: &watch, regs: &regs, how: &how }, finding)
        }
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
            Became::Constant(bits) if case.trace.get(e.at).ty.class() != Class::Gc => {
                case.trace.get(e.at).ty.class() != Class::Pri && differs(e.at, pass, Some(bits))
            }
            _ => false,
        })
    };
    (0..history.passes()).find_map(wrong).map(|e| e.at)
}

/// A dropped store to what a load has read that gave something else than it should: the load itself did no wrong.
fn forgotten(scene: &Scene, expect: &Expectations, departure: &Departure) -> Option<Ref> {
    let Wrong::Value { of: Some(load), .. } = departure.what else { return None };
    // A ref of the side trace means nothing in the root trace.
    if departure.side || departure.behind != Some(load) || expect.case.trace.get(load).op != Op::XLOAD {
        return None;
    }
    let read = expect.touched(load, departure.pass)?;
    let overlaps = |store: Ref| {
        let written = expect.touched(store, departure.pass);
        written.is_some_and(|written| written.start < read.end && read.start < written.end)
    };
    let before = scene.record.emitted.iter().filter(|e| e.at < load && e.became == Became::Dropped);
    let mut stores = before.map(|e| e.at).filter(|at| expect.case.trace.get(*at).op == Op::XSTORE);
    stores.rfind(|at| overlaps(*at))
}

fn departed(blame: Blame, case: &Case, scene: &Scene, departure: &Departure) -> Trail {
    let why = text::departure(case, departure);
    let (cause, own) = match departure.what {
        Wrong::Value { of, .. } => (Cause::Value, of.filter(|_| departure.behind == of)),
        Wrong::Store { at, .. } => (Cause::Store, Some(at)),
        Wrong::Held { at } | Wrong::Left { at } => (Cause::Guard, Some(at)),
        Wrong::Address { at, .. } => (Cause::Address, Some(at)),
        Wrong::Base { .. } => (Cause::Base, None),
    };
    let root = |at: Option<Ref>| at.filter(|_| !departure.side);
    // What a loop carries and nothing in it has written is missing in the code of LOOP.
    let missing = departure.stale.then(|| case.trace.loop_ref()).flatten();
    let at = missing.or(root(own.or(departure.behind)));
    let is_store = matches!(departure.what, Wrong::Store { .. } | Wrong::Address { .. });
    let in_own_code = |address: &u64| {
        own.is_none() || is_store || scene.part(*address).is_some_and(|(part, offset)| part.ref_at(offset) == own)
    };
    // A register that nobody has written since holds what somebody else left there: its writer did no wrong.
    let word = departure.word.filter(in_own_code).filter(|_| missing.is_none());
    let blame = word.map_or(blame.clone(), |address| word::with_word(blame, scene, address));
    let op = at.map(|at| case.trace.get(at).op.name().to_string());
    Trail { blame: Blame { at, op, why, cause, ..blame }, handler: at, folded: root(own), unseen: false }
}
