//! What a hunt or a replay is to do: all that a worker needs to know before its first case.

use super::around::Around;
use super::sabotage::Sabotage;
use crate::case::Emit;
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Address space that a worker may use: several times what backend, arena and emulator map, most of it untouched.
pub const DEFAULT_MEMORY: u64 = 2 << 30;
/// How long one case may take: a thousand times the usual, so that only a loop takes it, even on a busy machine.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// What to judge, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The backend, as the user names it: `luajit@210.7.4`.
    pub backend: String,
    /// Its build variant: `plain`, `assert`, `random-ra`.
    pub variant: String,
    /// Folder of the backends that were added.
    pub cache: PathBuf,
    /// Seed of all cases.
    pub seed: u64,
    /// How IR reaches the backend.
    pub emit: Emit,
    /// The opcodes that are drawn; empty for all.
    pub ops: Vec<String>,
    /// Knobs of the generator that are set: `live=20..60`.
    #[serde(default)]
    pub knobs: Vec<String>,
    /// Cases whose mutations are judged, instead of generated ones; none for a usual hunt.
    #[serde(default)]
    pub around: Vec<Around>,
    /// Cases that reach something new in the backend are wanted, for later ones to be made of.
    #[serde(default)]
    pub guided: bool,
    /// Address space of a worker in bytes.
    pub memory: u64,
    /// How many instructions a run may take before it hangs; `None` for as many as usual.
    #[serde(default)]
    pub budget: Option<usize>,
    /// What goes wrong on purpose, for tests of the recovery.
    #[serde(default)]
    pub sabotage: Sabotage,
}

/// The folder of added backends that nobody named another for: `$TRACEHOUND_CACHE`, else one in the user's cache folder.
///
/// # Errors
/// When the user has no home.
pub fn cache_folder() -> Result<PathBuf, NoCache> {
    if let Some(named) = std::env::var_os("TRACEHOUND_CACHE") {
        return Ok(named.into());
    }
    let user = etcetera::choose_base_strategy().map_err(|_| NoCache)?;
    Ok(user.cache_dir().join("tracehound").join("backends"))
}

/// There is no folder for added backends.
#[derive(Clone, Copy, Debug, Error)]
#[error("no home folder to keep backends in: set TRACEHOUND_CACHE")]
pub struct NoCache;

/// How workers are run.
#[derive(Clone, Debug)]
pub struct Workers {
    /// How many at once.
    pub jobs: usize,
    /// How long one case may take.
    pub deadline: Duration,
}
