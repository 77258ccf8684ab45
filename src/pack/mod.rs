//! A case as bytes: what libFuzzer's corpora hold.
//!
//! The case itself, not the entropy that the generator made it of, so that a corpus keeps its worth when the generator changes. It also
//! survives changes of the opcode table and its like, whose rows stand in it by their names; and changes in the order of fields and
//! variants, which `shapes` pins. For people there is [`crate::text`], which also says what is expected of a case.
//!
//! ```text
//! ff 'T' 'H' 'C'   no text starts so
//! 01               the version of what follows
//! names            of opcodes, types, fields, functions, flags: those that the case has, in the order of their first use
//! the case         see `shapes`
//! ```

mod names;
mod shapes;
mod wire;

use crate::case::{BadCase, Case};
use thiserror::Error;
use wire::{Reader, Wire as _, Writer};

/// What every pack starts with.
const MAGIC: [u8; 4] = *b"\xffTHC";
/// The version that is written. A later one reads all before it.
const VERSION: u8 = 1;

/// Why bytes are no case.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    /// They start as no pack does.
    #[error("these bytes are no packed case: they do not start with ff 54 48 43")]
    Magic,
    /// A newer tracehound wrote them, or nobody.
    #[error("version {0} of packed cases is not known: this tracehound reads up to version {VERSION}")]
    Version(u8),
    /// They end too early.
    #[error("the packed case ends in the middle")]
    End,
    /// They go on behind the case.
    #[error("{0} bytes follow the packed case")]
    Rest(usize),
    /// A number is out of its type's range.
    #[error("a number in the packed case is too large for its place")]
    TooLarge,
    /// A name is no UTF-8.
    #[error("a name in the packed case is no UTF-8")]
    NoText,
    /// A number that has no meaning in its place.
    #[error("{number} is no {what}")]
    Number {
        /// What it should be.
        what: &'static str,
        /// The number.
        number: u64,
    },
    /// A name that is not known, or not in its place.
    #[error("{name:?} is no {what}")]
    Name {
        /// What it should be.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The bytes are a case, but none that can be run.
    #[error(transparent)]
    Case(#[from] BadCase),
}

/// A case as bytes: equal cases give equal bytes.
pub fn pack(case: &Case) -> Vec<u8> {
    let mut w = Writer::default();
    case.write(&mut w);
    [MAGIC.as_slice(), &[VERSION], &w.finish()].concat()
}

/// The case that bytes hold, checked.
///
/// # Errors
/// When they hold none, or one that [`Case::check`] refuses.
pub fn unpack(bytes: &[u8]) -> Result<Case, PackError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(PackError::Magic)?;
    let (version, rest) = rest.split_first().ok_or(PackError::End)?;
    if *version != VERSION {
        return Err(PackError::Version(*version));
    }
    let mut r = Reader::new(rest)?;
    let case = Case::read(&mut r)?;
    r.finish()?;
    case.check()?;
    Ok(case)
}

/// True for bytes that start as a packed case does.
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}
