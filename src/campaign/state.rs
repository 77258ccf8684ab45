//! The state of a hunt between runs: what it is, which cases are done, what they gave.

use super::CampaignError;
use super::guided::CorpusState;
use super::ranges::Ranges;
use crate::tally::{HuntId, Tally};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the file; another one can't be resumed.
const FORMAT: u32 = 1;

/// All that a resumed hunt needs. Tally and ranges are written together, so that no case is counted twice or lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    format: u32,
    /// Which hunt.
    pub id: HuntId,
    /// Cases that are done.
    pub done: Ranges,
    /// What they gave.
    pub tally: Tally,
    /// What they reached in the backend, where that counts.
    #[serde(default)]
    pub corpus: CorpusState,
}

impl State {
    /// A hunt that has not begun.
    pub fn new(id: HuntId) -> State {
        State { format: FORMAT, id, done: Ranges::default(), tally: Tally::default(), corpus: CorpusState::default() }
    }

    /// The file's bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data with text keys")
    }

    /// Reads a file's bytes.
    pub(super) fn from_bytes(bytes: &[u8], path: &Path) -> Result<State, CampaignError> {
        let bad = |why: String| CampaignError::BadState { path: path.to_owned(), why };
        let state: State = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
        match (state.format == FORMAT, state.done.count() == state.tally.cases) {
            (true, true) => Ok(state),
            (false, _) => Err(bad(format!("its format is {}, this program's is {FORMAT}", state.format))),
            (true, false) => {
                Err(bad(format!("it counts {} cases, {} are done", state.tally.cases, state.done.count())))
            }
        }
    }
}
