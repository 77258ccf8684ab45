//! Guidance: cases that reach something new in the backend are kept, and later cases are made of them.
//!
//! A `guided` build of the backend counts the edges of its control flow. A worker tells which cases have a *feature* that it has not seen before
//! ([`Features`]); the coordinator keeps those that are new to all ([`Corpus`]) and hands some of them out with each batch ([`Source`]). In any
//! other respect a guided hunt is a hunt.

mod corpus;
mod features;
mod mix;
mod source;
mod watch;

pub(super) use corpus::{Corpus, read_seeds};
pub use corpus::{CorpusState, Reach};
pub(super) use features::Features;
pub(super) use mix::Made;
pub use mix::Mix;
pub(super) use source::Brood;
pub use source::Source;
pub(super) use watch::Watch;
pub use watch::tell_libfuzzer;

use serde::{Deserialize, Serialize};

/// A case with features that its worker had not seen before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    /// Its number.
    pub index: u64,
    /// It was made of an earlier case.
    #[serde(default)]
    pub mutant: bool,
    /// The features, ascending.
    pub features: Vec<u32>,
    /// The case as a `.trace` file; empty where nobody wants it.
    pub text: String,
}
