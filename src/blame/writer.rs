//! From a word to those who wrote it.

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
