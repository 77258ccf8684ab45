//! Whom a finding is to be blamed on: the bad word or value, the instruction it belongs to, and the calls in the backend that made it.
//!
//! It takes a backend that records who writes its code (the build variant `blame`). A fault leads to a word; the word leads to the last
//! store to it, and the store to its callers, down to the function that assembles one instruction.

mod argument;
mod arrival;
mod departure;
mod expect;
mod field;
mod kind;
mod switches;
mod text;
mod watch;
mod word;
mod writer;
mod wrong;

pub use field::FieldNote;
pub use text::{lines, why};
pub use writer::{Writer, function};

use crate::arm64::Direction;
use crate::case::Case;
use crate::code::{Code, Frame, Record};
use crate::ir::Ref;
use crate::oracle::{Finding, Oracle, OracleError};
use crate::outcome::{FaultClass, FindingClass};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why nobody can be blamed.
#[derive(Debug, Error)]
pub enum BlameError {
    /// The backend does not record.
    #[error("{0}")]
    NoRecord(String),
    /// The backend made no code this time.
    #[error("the backend refuses the case now: {0}")]
    Refused(String),
    /// The pipeline failed.
    #[error(transparent)]
    Oracle(#[from] OracleError),
}

/// Where a finding comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    /// The finding's class.
    pub class: String,
    /// What kind of thing went wrong first.
    pub cause: Cause,
    /// The instruction of the root trace.
    pub at: Option<Ref>,
    /// The opcode of the instruction, which may be the side trace's.
    pub op: Option<String>,
    /// The word.
    pub word: Option<BadWord>,
    /// The rule of its encoding that the word breaks.
    pub rule: Option<String>,
    /// What its fields say, if it breaks one.
    pub fields: Vec<FieldNote>,
    /// What the first of the chain did.
    pub role: Role,
    /// The statement at fault, then the calls that led there.
    pub chain: Vec<Frame>,
    /// Who wrote the word before that, last first.
    pub earlier: Vec<Writer>,
    /// It in words.
    pub why: String,
    /// Optimisations without any one of which the code is right.
    pub vanishes_without: Vec<String>,
}

/// What went wrong first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// What the finding's class says.
    #[default]
    Class,
    /// A value in a register or stack slot.
    Value,
    /// What a store left in memory.
    Store,
    /// The address of a load or store.
    Address,
    /// A guard's decision.
    Guard,
    /// The place that an exit restores a value from.
    Place,
    /// The IR, before it was assembled.
    Ir,
    /// What a side trace finds in the register of the frame.
    Base,
    /// The kind of register that a value is in.
    Kind,
}

/// What a function did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Wrote the word.
    #[default]
    Wrote,
    /// Made something else of the IR.
    Rewrote,
    /// Assembled the instruction, without a word for what is missing.
    Assembled,
    /// Gave the exit's value, or what a side trace starts with, its place.
    Placed,
    /// Failed an assertion.
    Asserted,
}

impl Cause {
    /// The name in keys; that of the class where it says all.
    fn key(self, class: &str) -> String {
        match self {
            Cause::Class => class.into(),
            // Whether a wrong word loads or stores is how it shows.
            Cause::Value | Cause::Store | Cause::Address => "wrong-code".into(),
            Cause::Guard => "wrong-guard".into(),
            Cause::Place => "wrong-place".into(),
            Cause::Ir => "wrong-ir".into(),
            Cause::Base => "wrong-base".into(),
            Cause::Kind => "wrong-register".into(),
        }
    }
}

/// A word of code that is wrong, or that computed what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadWord {
    /// Offset from its trace's start.
    pub offset: u32,
    /// Its address.
    pub address: u64,
    /// The word.
    pub word: u32,
    /// The instruction in assembly language.
    pub text: String,
    /// It is the side trace's.
    pub side: bool,
}

/// Blames a finding of a checked case. The oracle's backend must record: it need not be the build that the finding was made on.
///
/// # Errors
/// When the backend does not record, or makes no code.
pub fn blame(case: &Case, finding: &Finding, oracle: &mut Oracle) -> Result<Blame, BlameError> {
    let start = Blame {
        class: finding.class.name().into(),
        at: finding.at,
        op: finding.op.map(|(op, _)| op.name().into()),
        ..Blame::default()
    };
    if let FindingClass::Fault(FaultClass::BackendAssert | FaultClass::BackendCrash) = finding.class {
        return Ok(word::of_assertion(start, finding));
    }
    // First, since the backend forgets a case when it judges another.
    let start = Blame { vanishes_without: switches::needed(case, oracle)?, ..start };
    let scene = Scene::compile(case, oracle)?;
    if let Some(misplaced) = kind::misplaced(case, &scene)
        && let Some(blame) = writer::user(&start, case, &scene, misplaced, oracle)?
    {
        return Ok(blame);
    }
    if is_in_the_word(finding.class) && finding.input.is_none() {
        let mut blame = word::of_fault(start, &scene, finding);
        writer::name(&mut blame, &scene, oracle)?;
        blame.why = why(&blame);
        return Ok(blame);
    }
    let mut trail = departure::follow(start, case, &scene, finding, oracle)?;
    writer::trail(&mut trail, &scene, oracle)?;
    Ok(trail.blame)
}

/// The finding is about the word itself, whatever it computes.
fn is_in_the_word(class: FindingClass) -> bool {
    matches!(class, FindingClass::Fault(_))
}

/// A key that findings of one cause share, whatever their size and in whatever way the wrong value shows in the end: what went wrong first,
/// and the function at fault; the opcode where no function is known.
pub fn bucket(blame: &Blame) -> String {
    let function = function(blame).or_else(|| blame.op.clone());
    // A legal word that faults computes a wrong address.
    let computes = blame.word.is_some() && ["memory-fault", "misaligned", "bad-branch"].contains(&&*blame.class);
    let cause = if blame.cause == Cause::Class && computes { Cause::Address } else { blame.cause };
    let key: Vec<String> = std::iter::once(cause.key(&blame.class)).chain(function).collect();
    key.join("-").to_lowercase().replace('_', "-")
}

/// A case's code and what was recorded of it.
struct Scene {
    code: Code,
    record: Record,
}

impl Scene {
    fn compile(case: &Case, oracle: &mut Oracle) -> Result<Scene, BlameError> {
        let refused = |r: crate::backend::Refusal| BlameError::Refused(format!("{r:?}"));
        oracle.settle(case)?.map_or(Ok(()), |refusal| Err(refused(refusal)))?;
        let (_, backend) = oracle.parts();
        let code = backend.compile(case).map_err(refused)?;
        let record = backend.record(case).map_err(BlameError::NoRecord)?;
        Ok(Scene { code, record })
    }

    /// The trace that an address of code belongs to.
    fn part(&self, address: u64) -> Option<(&Code, u32)> {
        let parts = [Some(&self.code), self.code.side.as_deref()];
        parts.into_iter().flatten().find_map(|part| {
            let offset = u32::try_from(address.checked_sub(part.base)?).ok()?;
            part.bytes.get(offset as usize..offset as usize + 4).map(|_| (part, offset))
        })
    }

    /// The word that stores for an instruction of the root trace: its own, or another's that was changed for it.
    fn store_of(&self, at: Ref) -> Option<u64> {
        let written = self.record.stores.iter().rev().filter(|s| !s.side && s.at == Some(at)).map(|s| s.address);
        let stores = |address: &u64| self.word(*address).is_some_and(|w| watch::access(w, Direction::Store).is_some());
        written.into_iter().find(stores)
    }

    /// The words of the traces' bodies, with their addresses.
    fn words(&self) -> impl Iterator<Item = (u64, u32)> {
        let parts = [Some(&self.code), self.code.side.as_deref()].into_iter().flatten();
        parts.flat_map(|part| {
            let words = part.bytes[..part.body as usize].as_chunks().0.iter();
            (part.base..).step_by(4).zip(words.map(|bytes| u32::from_le_bytes(*bytes)))
        })
    }

    fn word(&self, address: u64) -> Option<u32> {
        let (part, offset) = self.part(address)?;
        part.bytes.get(offset as usize..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }
}
