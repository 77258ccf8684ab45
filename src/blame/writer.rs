//! From a word to those who wrote it.

use super::departure::Trail;
use super::kind::Misplaced;
use super::switches::{FUSE, RAW};
use super::{Blame, BlameError, Cause, Role, Scene, text};
use crate::case::Case;
use crate::code::{Became, Emission, Entered, Frame, Store};
use crate::ir::Ref;
use crate::oracle::Oracle;
use serde::{Deserialize, Serialize};

/// Writers of one word that are kept; code is rewritten once or twice.
const MOST: usize = 4;
/// Where the callers of interest end: what assembles one instruction, or the whole trace.
const ROOTS: [&str; 4] = ["asm_ir", "lj_asm_trace", PATCH, "lj_opt_fold"];
/// What leads an exit's branches on to its side trace.
const PATCH: &str = "lj_asm_patchexit";

/// An earlier store to the word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The instruction that was being assembled.
    pub at: Option<Ref>,
    /// The word that it wrote.
    pub wrote: u32,
    /// The statement, then the calls that led there.
    pub chain: Vec<Frame>,
}

/// Finds the writers of the blamed word.
pub(super) fn name(blame: &mut Blame, scene: &Scene, oracle: &mut Oracle) -> Result<(), BlameError> {
    let Some(bad) = &blame.word else { return Ok(()) };
    let hits = |s: &&Store| s.address <= bad.address && bad.address < s.address + u64::from(s.bytes);
    let mut wrote = bad.word;
    let mut writers = Vec::new();
    for store in scene.record.stores.iter().rev().filter(hits).take(MOST) {
        let (_, backend) = oracle.parts();
        let frames = backend.frames(&store.chain).map_err(BlameError::NoRecord)?;
        writers.push(Writer { at: store.at.filter(|_| !store.side), wrote, chain: down_to_root(frames) });
        wrote = store.old;
    }
    // Where a branch goes, once there is a side trace, does not decide whether it is taken.
    let patch = |w: &Writer| w.chain.iter().any(|f| f.function == PATCH);
    if blame.cause == Cause::Guard && !writers.iter().all(patch) {
        writers.retain(|w| !patch(w));
    }
    let mut writers = writers.into_iter();
    if let Some(last) = writers.next() {
        blame.chain = last.chain;
        blame.at = last.at.or(blame.at);
    }
    blame.earlier = writers.collect();
    Ok(())
}

/// Blames an instruction that takes a value from a register of the wrong kind: FOLD's rule, if FOLD made another of it and the case agrees
/// without; else the function that assembled it, if that is known.
pub(super) fn user(
    start: &Blame,
    case: &Case,
    scene: &Scene,
    Misplaced { value, place, user }: Misplaced,
    oracle: &mut Oracle,
) -> Result<Option<Blame>, BlameError> {
    let (_, backend) = oracle.parts();
    let mut frames = |addresses: &[u64]| backend.frames(addresses).map_err(BlameError::NoRecord);
    let why = format!(
        "{} takes {} from {}, a register of the wrong kind",
        text::value(case, user),
        value.map_or("a constant".into(), |at| text::value(case, at)),
        text::place(place)
    );
    let op = Some(case.trace.get(user).op.name().into());
    let blame = Blame { at: Some(user), op, why, cause: Cause::Kind, role: Role::Assembled, ..start.clone() };
    if let Some(chain) = ir_chain(&blame, Some(user), false, scene, &mut frames)? {
        return Ok(Some(Blame { chain, cause: Cause::Ir, role: Role::Rewrote, ..blame }));
    }
    let own = scene.record.boundaries.iter().find(|b| b.at == Some(user) && !b.side);
    let Some(handler) = own.and_then(|b| b.handler) else { return Ok(None) };
    Ok(Some(Blame { chain: frames(&[handler])?, ..blame }))
}

/// Names those who are to blame for a departure: FOLD or a pass, if the case agrees without; what gave an exit's value its place; the
/// writers of the word; else the function that assembled the instruction.
pub(super) fn trail(trail: &mut Trail, scene: &Scene, oracle: &mut Oracle) -> Result<(), BlameError> {
    let (_, backend) = oracle.parts();
    let mut frames = |addresses: &[u64]| backend.frames(addresses).map_err(BlameError::NoRecord);
    let blame = &mut trail.blame;
    if let Some(chain) = ir_chain(blame, trail.folded, trail.unseen, scene, &mut frames)? {
        (blame.word, blame.rule, blame.fields, blame.chain) = (None, None, vec![], chain);
        (blame.cause, blame.role) = (Cause::Ir, Role::Rewrote);
        return Ok(());
    }
    let placed_by = match blame.cause {
        Cause::Place => scene.record.restores,
        Cause::Base => scene.record.base.and_then(|base| base.inherits),
        _ => None,
    };
    if let Some(placed_by) = placed_by {
        (blame.chain, blame.role) = (frames(&[placed_by])?, Role::Placed);
        return Ok(());
    }
    let own = scene.record.boundaries.iter().find(|b| b.at == trail.handler && !b.side);
    let handler = own.filter(|_| trail.handler.is_some()).and_then(|b| b.handler);
    let handler = handler.map_or(Ok(vec![]), |handler| frames(&[handler]))?;
    name(blame, scene, oracle)?;
    if trail.blame.chain.is_empty() && !handler.is_empty() {
        (trail.blame.chain, trail.blame.role) = (handler, Role::Assembled);
    }
    Ok(())
}

/// The functions that made other IR of what was written, if that is what went wrong.
fn ir_chain(
    blame: &Blame,
    folded: Option<Ref>,
    unseen: bool,
    scene: &Scene,
    frames: Frames,
) -> Result<Option<Vec<Frame>>, BlameError> {
    let needs = |switch: &str| blame.vanishes_without.iter().any(|name| name == switch);
    // Without fusion in the assembler FOLD makes the same IR: if that is assembled right, the IR is right. What a value in a register of
    // the wrong kind does is chance.
    let raw_agrees = needs(RAW) && (!needs(FUSE) || blame.cause == Cause::Kind);
    let emission = folded.and_then(|at| scene.record.emitted.iter().find(|e| e.at == at));
    if let Some(emission) = emission.filter(|e| e.became != Became::Written && (raw_agrees || blame.cause == Cause::Ir))
    {
        return rule(emission, frames);
    }
    if unseen { pass(&blame.vanishes_without, &scene.record.passes, frames) } else { Ok(None) }
}

type Frames<'a> = &'a mut dyn FnMut(&[u64]) -> Result<Vec<Frame>, BlameError>;

/// The rule of FOLD that made something else of an instruction, and FOLD itself. Of rules that lead on to others it is the last that changed
/// the instruction at hand, where another instruction came of it; where none came of it, the last of all.
fn rule(emission: &Emission, frames: Frames) -> Result<Option<Vec<Frame>>, BlameError> {
    let Some(fold) = emission.entered.first() else { return Ok(None) };
    let mut rules = Vec::new();
    for entered in emission.entered.iter().filter(|e| e.depth == fold.depth + 1) {
        let frame = frames(&[entered.address])?.into_iter().next();
        rules.extend(frame.map(|frame| (entered.ins, frame)));
    }
    let changed = |pair: &&[(u64, Frame)]| pair[0].0 != pair[1].0;
    let changer = rules.windows(2).rev().find(changed).map(|pair| pair[0].1.clone());
    // Constructors of constants and instructions only carry out what a rule said.
    let last = rules.iter().rev().find(|(_, f)| !f.function.starts_with("lj_ir_")).map(|(_, f)| f.clone());
    let rule = if emission.became == Became::Other { changer.or(last) } else { last };
    let fold = frames(&[fold.address])?.into_iter().next();
    Ok(rule.map(|rule| std::iter::once(rule).chain(fold).collect()))
}

/// The last pass that the finding needs and that has the name of a switch.
fn pass(needed: &[String], entered: &[Entered], frames: Frames) -> Result<Option<Vec<Frame>>, BlameError> {
    // The shim's own functions come first: a protected call, and what it runs.
    let lowest = entered.iter().map(|e| e.depth).min().unwrap_or(0);
    for entered in entered.iter().rev().filter(|e| e.depth <= lowest + 2) {
        let found = frames(&[entered.address])?;
        let is_needed = |f: &&Frame| needed.iter().any(|name| f.function == format!("lj_opt_{name}"));
        if let Some(frame) = found.iter().find(is_needed) {
            return Ok(Some(vec![frame.clone()]));
        }
    }
    Ok(None)
}

/// The chain up to and with the first root.
fn down_to_root(mut frames: Vec<Frame>) -> Vec<Frame> {
    if let Some(end) = frames.iter().position(|f| ROOTS.contains(&f.function.as_str())) {
        frames.truncate(end + 1);
    }
    frames
}

/// The function at fault, for keys. One that changes a word which was there decides alone; so does one that made other IR or gave a place.
/// One that encodes what it is told leads on to its caller, and so does the one that adds a guard's branch.
pub fn function(blame: &Blame) -> Option<String> {
    let leaf = blame.chain.first()?;
    let only_told = |f: &&Frame| f.function.starts_with("asm_guard");
    let decides = blame.role != Role::Wrote || !blame.earlier.is_empty() || !leaf.function.starts_with("emit_");
    let callers = || blame.chain.iter().skip(1).find(|f| !only_told(f) && !ROOTS.contains(&f.function.as_str()));
    Some(if decides { leaf } else { callers().unwrap_or(leaf) }.function.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(names: &[&str]) -> Vec<Frame> {
        names.iter().map(|n| Frame { function: (*n).into(), file: "src/lj_asm.c".into(), line: 1 }).collect()
    }

    #[test]
    fn callers_end_at_what_assembles_an_instruction() {
        let frames = down_to_root(chain(&["emit_lso", "asm_xload", "asm_ir", "lj_asm_trace", "main"]));
        assert_eq!(frames.iter().map(|f| f.function.as_str()).collect::<Vec<_>>(), ["emit_lso", "asm_xload", "asm_ir"]);
    }

    #[test]
    fn an_encoder_gives_way_to_its_caller_unless_it_changes_a_word() {
        let mut blame = Blame { chain: chain(&["emit_dn", "emit_kdelta", "asm_sub", "asm_ir"]), ..Blame::default() };
        assert_eq!(function(&blame).as_deref(), Some("emit_kdelta"));
        blame.earlier.push(Writer { at: None, wrote: 0, chain: vec![] });
        assert_eq!(function(&blame).as_deref(), Some("emit_dn"));
        blame.chain.clear();
        assert_eq!(function(&blame), None);
    }

    #[test]
    fn a_guard_is_its_instructions() {
        let chain = chain(&["emit_cond_branch", "asm_guardcc", "asm_sload", "asm_ir"]);
        assert_eq!(function(&Blame { chain, ..Blame::default() }).as_deref(), Some("asm_sload"));
    }
}
