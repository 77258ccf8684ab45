//! From a word to those who wrote it.

use super::departure::Trail;
use super::switches::RAW;
use super::{Blame, BlameError, Scene};
use crate::code::{Frame, Store};
use crate::ir::Ref;
use crate::oracle::Oracle;
use serde::{Deserialize, Serialize};

/// Writers of one word that are kept; code is rewritten once or twice.
const MOST: usize = 4;
/// Where the callers of interest end: what assembles one instruction, or the whole trace.
const ROOTS: [&str; 4] = ["asm_ir", "lj_asm_trace", "lj_asm_patchexit", "lj_opt_fold"];

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
        writers.push(Writer { at: store.at, wrote, chain: down_to_root(frames) });
        wrote = store.old;
    }
    let mut writers = writers.into_iter();
    if let Some(last) = writers.next() {
        blame.chain = last.chain;
        blame.at = last.at.or(blame.at);
    }
    blame.earlier = writers.collect();
    Ok(())
}

/// Names those who are to blame for a departure: FOLD or a pass, if the case agrees without; else the writers of the word; else the function
/// that assembled the instruction.
pub(super) fn trail(trail: &mut Trail, scene: &Scene, oracle: &mut Oracle) -> Result<(), BlameError> {
    let (_, backend) = oracle.parts();
    let mut frames = |addresses: &[u64]| backend.frames(addresses).map_err(BlameError::NoRecord);
    let blame = &mut trail.blame;
    let folds = blame.word.is_none() || blame.vanishes_without.iter().any(|name| name == RAW);
    if let Some(at) = trail.folded.filter(|_| folds || trail.merged) {
        let emission = scene.record.emitted.iter().find(|e| e.at == at);
        let rule = emission.map(|e| rule(&e.entered, &mut frames)).transpose()?.flatten();
        if let Some(chain) = rule {
            (blame.word, blame.fields, blame.chain) = (None, vec![], chain);
            return Ok(());
        }
    }
    if let Some(chain) = pass(&blame.vanishes_without, &scene.record.passes, &mut frames)? {
        (blame.word, blame.fields, blame.chain) = (None, vec![], chain);
        return Ok(());
    }
    name(blame, scene, oracle)?;
    if !trail.blame.chain.is_empty() {
        return Ok(());
    }
    let own = scene.record.boundaries.iter().find(|b| b.at == trail.handler && !b.side);
    if let Some(handler) = own.filter(|_| trail.handler.is_some()).and_then(|b| b.handler) {
        let (_, backend) = oracle.parts();
        trail.blame.chain = backend.frames(&[handler]).map_err(BlameError::NoRecord)?;
    }
    Ok(())
}

type Frames<'a> = &'a mut dyn FnMut(&[u64]) -> Result<Vec<Frame>, BlameError>;

/// The rule of FOLD that made what an instruction became: the last one that was tried, and the one that tried it.
fn rule(entered: &[(u32, u64)], frames: Frames) -> Result<Option<Vec<Frame>>, BlameError> {
    let mut fold = None;
    let mut last = None;
    for (depth, address) in entered {
        let found = frames(&[*address])?;
        let Some(frame) = found.first() else { continue };
        match &fold {
            None if frame.function == "lj_opt_fold" => fold = Some((*depth, frame.clone())),
            // Constructors of constants and instructions only carry out what a rule said.
            Some((outer, _)) if *depth == outer + 1 && !frame.function.starts_with("lj_ir_") => {
                last = Some(frame.clone())
            }
            _ => {}
        }
    }
    Ok(fold.zip(last).map(|((_, fold), rule)| vec![rule, fold]))
}

/// The pass that the finding needs, if one ran that has the name of a switch.
fn pass(needed: &[String], entered: &[(u32, u64)], frames: Frames) -> Result<Option<Vec<Frame>>, BlameError> {
    let lowest = entered.iter().map(|(depth, _)| *depth).min().unwrap_or(0);
    for (_, address) in entered.iter().filter(|(depth, _)| *depth <= lowest + 2) {
        let found = frames(&[*address])?;
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

/// The functions at fault. One that changes a word which was there decides alone. One that only encodes what it is told is named with its
/// caller.
pub(super) fn functions(blame: &Blame) -> Vec<String> {
    let names: Vec<&str> = blame.chain.iter().map(|f| f.function.as_str()).collect();
    let Some(leaf) = names.first() else { return vec![] };
    let caller = || names.iter().skip(1).find(|n| !n.starts_with("emit_") && !ROOTS.contains(n));
    let encodes = leaf.starts_with("emit_") && blame.earlier.is_empty();
    let caller = if encodes { caller() } else { None };
    std::iter::once(leaf).chain(caller).map(|name| (*name).to_string()).collect()
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
    fn an_encoder_is_named_with_its_caller_unless_it_changes_a_word() {
        let mut blame = Blame { chain: chain(&["emit_dn", "emit_opk", "asm_intop", "asm_ir"]), ..Blame::default() };
        assert_eq!(functions(&blame), ["emit_dn", "asm_intop"]);
        blame.earlier.push(Writer { at: None, wrote: 0, chain: vec![] });
        assert_eq!(functions(&blame), ["emit_dn"]);
        blame.chain.clear();
        assert!(functions(&blame).is_empty());
    }
}
