//! The folder of a hunt: state, reports and findings, every file written whole or not at all.

use super::state::State;
use super::{CampaignError, io_error};
use crate::tally::{HuntId, Tally};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) const STATE: &str = "state.json";
const LOCK: &str = ".lock";
pub(super) const FINDINGS: &str = "findings";
/// What files are called while they are written.
const UNFINISHED: &str = ".new-";

/// An open folder. No other process works in it meanwhile.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
    /// Findings that are on disk, below [`FINDINGS`].
    written: BTreeSet<String>,
    /// Findings on disk that smaller ones have replaced. They go when the state that knows it is safe.
    doomed: BTreeSet<String>,
    /// Cases on disk that tracehound itself failed on.
    failed: BTreeSet<String>,
}

impl Folder {
    /// Opens a folder for a hunt: a new or empty one, or with `resume` one that holds the same hunt.
    ///
    /// # Errors
    /// When it holds anything else, is in use, or can't be written.
    pub fn open(path: &Path, id: &HuntId, resume: bool) -> Result<(Folder, State), CampaignError> {
        let found = read_state(path)?;
        let state = match (found, resume) {
            (None, true) => return Err(CampaignError::NothingToResume(path.to_owned())),
            (None, false) => fresh(path, id)?,
            (Some(state), true) => same_hunt(path, state, id)?,
            (Some(state), false) => return Err(occupied(path, &state, id)),
        };
        fs::create_dir_all(path).map_err(io_error("create", path))?;
        let lock = lock(path)?;
        remove_unfinished(path)?;
        let on_disk = finding_files(&path.join(FINDINGS))?;
        let (written, doomed, failed) = Default::default();
        let mut folder = Folder { path: path.to_owned(), _lock: lock, written, doomed, failed };
        folder.sync_findings(&state.tally)?;
        // What an interrupted run wrote after its last state: its cases come again.
        folder.doomed.extend(on_disk.difference(&folder.written).cloned());
        folder.save(&state)?;
        Ok((folder, state))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the kept cases of all buckets that are not on disk yet; false if all were.
    ///
    /// # Errors
    /// When one can't be written; all others stay as they are.
    pub fn sync_findings(&mut self, tally: &Tally) -> Result<bool, CampaignError> {
        let mut kept = BTreeSet::new();
        for sighting in tally.kept() {
            let name = sighting.path();
            if !self.written.contains(&name) {
                self.write(&format!("{FINDINGS}/{name}"), sighting.text.as_bytes())?;
            }
            self.doomed.remove(&name);
            kept.insert(name);
        }
        self.doomed.extend(self.written.difference(&kept).cloned());
        self.sync_failures(tally)?;
        let changed = self.written != kept;
        self.written = kept;
        Ok(changed)
    }

    fn sync_failures(&mut self, tally: &Tally) -> Result<(), CampaignError> {
        for failure in tally.errors.values() {
            if let Some(name) = failure.path().filter(|name| !self.failed.contains(name)) {
                self.write(&name, failure.text.as_bytes())?;
                self.failed.insert(name);
            }
        }
        Ok(())
    }

    /// Writes the state, then removes the findings it no longer knows.
    ///
    /// # Errors
    /// When the state can't be written: then nothing is removed.
    pub fn save(&mut self, state: &State) -> Result<(), CampaignError> {
        self.write(STATE, &state.to_bytes())?;
        for name in std::mem::take(&mut self.doomed) {
            let file = self.path.join(FINDINGS).join(name);
            match fs::remove_file(&file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io_error("remove", &file)(e)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes a file of the folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CampaignError> {
        write_by_way_of(&self.path, &self.path.join(name), bytes)
    }
}

/// The hunt that a folder holds, if any.
///
/// # Errors
/// When it can't be read, or is none.
pub fn read_state(path: &Path) -> Result<Option<State>, CampaignError> {
    let file = path.join(STATE);
    match fs::read(&file) {
        Ok(bytes) => State::from_bytes(&bytes, &file).map(Some),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error("read", &file)(e)),
    }
}

fn fresh(path: &Path, id: &HuntId) -> Result<State, CampaignError> {
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(State::new(id.clone())),
        Err(e) => return Err(io_error("read", path)(e)),
    };
    match entries.find_map(|e| e.ok().filter(|e| !is_ours(&e.file_name()))) {
        None => Ok(State::new(id.clone())),
        Some(e) => {
            let holds = format!("is not empty (it has {})", e.file_name().display());
            Err(CampaignError::NotEmpty { path: path.to_owned(), holds })
        }
    }
}

/// What a hunt that was killed before its first state leaves.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    name == LOCK || name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes())
}

/// Files that a killed hunt was writing. The lock is ours: nobody is writing them now.
fn remove_unfinished(path: &Path) -> Result<(), CampaignError> {
    for name in list(path)?.iter().filter(|name| name.starts_with(UNFINISHED)) {
        let file = path.join(name);
        fs::remove_file(&file).map_err(io_error("remove", &file))?;
    }
    Ok(())
}

fn same_hunt(path: &Path, state: State, id: &HuntId) -> Result<State, CampaignError> {
    let differences = state.id.differences(id);
    if differences.is_empty() {
        return Ok(state);
    }
    Err(CampaignError::OtherHunt { path: path.to_owned(), differences })
}

fn occupied(path: &Path, state: &State, id: &HuntId) -> CampaignError {
    let differences = state.id.differences(id);
    if !differences.is_empty() {
        return CampaignError::OtherHunt { path: path.to_owned(), differences };
    }
    let holds = format!("holds this very hunt, with {} cases done", state.done.count());
    CampaignError::NotEmpty { path: path.to_owned(), holds }
}

fn lock(path: &Path) -> Result<File, CampaignError> {
    let file = path.join(LOCK);
    let lock = File::create(&file).map_err(io_error("create", &file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CampaignError::InUse(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(io_error("lock", &file)(e)),
    }
}

/// Files of our own naming, `KEY/KEY-CASE.trace`.
fn finding_files(path: &Path) -> Result<BTreeSet<String>, CampaignError> {
    let mut found = BTreeSet::new();
    for folder in list(path)? {
        for file in list(&path.join(&folder))? {
            let case = file.strip_prefix(&format!("{folder}-")).and_then(|rest| rest.strip_suffix(".trace"));
            if case.is_some_and(|n| n.parse::<u64>().is_ok()) {
                found.insert(format!("{folder}/{file}"));
            }
        }
    }
    Ok(found)
}

fn list(path: &Path) -> Result<Vec<String>, CampaignError> {
    match fs::read_dir(path) {
        Ok(entries) => Ok(entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect()),
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(vec![]),
        Err(e) => Err(io_error("read", path)(e)),
    }
}

/// Writes a file beside its place and moves it there: readers, and the next run, see all of it or nothing.
///
/// # Errors
/// When it can't be written; what was there before stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CampaignError> {
    write_by_way_of(parent(path), path, bytes)
}

/// The same with the unfinished file in a folder of the same file system.
fn write_by_way_of(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), CampaignError> {
    let error = || io_error("write", path);
    let parent = parent(path);
    fs::create_dir_all(parent).map_err(io_error("create", parent))?;
    let mut new = tempfile::Builder::new();
    let mut file = new.prefix(UNFINISHED).permissions(readable()).tempfile_in(folder).map_err(error())?;
    file.write_all(bytes).map_err(error())?;
    // A full disk may show only here.
    file.as_file().sync_all().map_err(error())?;
    file.persist(path).map_err(|e| error()(e.error))?;
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// For all whom the umask allows.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::BackendId;
    use crate::case::Emit;
    use crate::tally::Sighting;

    fn id(seed: u64) -> HuntId {
        let backend = BackendId { name: "model".into(), version: "1".into(), variant: "plain".into() };
        HuntId { tracehound: "0".into(), backend, seed, emit: Emit::Raw, ops: vec![], knobs: vec![], guided: false }
    }

    fn see(tally: &mut Tally, index: u64, ins: u64) {
        let sighting = Sighting { index, ins, key: "hang".into(), class: "hang".into(), ..Sighting::default() };
        tally.add_sighting(sighting, || format!("case {index}"));
    }

    fn on_disk(folder: &Path) -> Vec<String> {
        finding_files(&folder.join(FINDINGS)).expect("readable").into_iter().collect()
    }

    #[test]
    fn a_folder_is_resumed_only_by_its_own_hunt() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let out = dir.path().join("out");
        assert!(matches!(Folder::open(&out, &id(1), true), Err(CampaignError::NothingToResume(_))));
        drop(Folder::open(&out, &id(1), false).expect("a new folder"));
        let refused = |seed, resume| Folder::open(&out, &id(seed), resume).expect_err("refused").to_string();
        assert!(refused(1, false).contains("add --resume"));
        assert!(refused(2, false).contains("seed 1 instead of 2"));
        assert!(refused(2, true).contains("seed 1 instead of 2"));
        Folder::open(&out, &id(1), true).expect("its own hunt");
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join("thesis.txt"), "years of work").expect("writable");
        let refused = Folder::open(dir.path(), &id(1), false).expect_err("refused").to_string();
        assert!(refused.contains("thesis.txt"), "{refused}");
    }

    #[test]
    fn two_hunts_do_not_share_a_folder() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let first = Folder::open(dir.path(), &id(1), false).expect("a new folder");
        assert!(matches!(Folder::open(dir.path(), &id(1), true), Err(CampaignError::InUse(_))));
        drop(first);
        Folder::open(dir.path(), &id(1), true).expect("free again");
    }

    #[test]
    fn larger_findings_leave_the_disk_with_the_next_state() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (mut folder, mut state) = Folder::open(dir.path(), &id(1), false).expect("a new folder");
        for (index, ins) in [(1, 9), (2, 8), (3, 7), (4, 1)] {
            see(&mut state.tally, index, ins);
            folder.sync_findings(&state.tally).expect("writable");
        }
        assert_eq!(on_disk(dir.path()).len(), 4);
        folder.save(&state).expect("writable");
        assert_eq!(on_disk(dir.path()), ["hang/hang-2.trace", "hang/hang-3.trace", "hang/hang-4.trace"]);
    }

    #[test]
    fn a_resumed_folder_has_the_findings_of_its_state() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (mut folder, mut state) = Folder::open(dir.path(), &id(1), false).expect("a new folder");
        see(&mut state.tally, 5, 1);
        state.tally.cases = 1;
        state.done.add(5, 6);
        folder.save(&state).expect("writable");
        // Killed between a finding and the next state, and a file is lost.
        let mut later = state.tally.clone();
        see(&mut later, 6, 1);
        folder.sync_findings(&later).expect("writable");
        fs::remove_file(dir.path().join("findings/hang/hang-5.trace")).expect("it was written");
        fs::write(dir.path().join(".new-x"), "half a fi").expect("writable");
        drop(folder);
        let (_, again) = Folder::open(dir.path(), &id(1), true).expect("its own hunt");
        assert_eq!(again, state);
        assert_eq!(on_disk(dir.path()), ["hang/hang-5.trace"]);
        assert!(!dir.path().join(".new-x").exists());
    }

    #[test]
    fn a_damaged_state_is_an_error_and_stays() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join(STATE), "{\"format\":1").expect("writable");
        let refused = Folder::open(dir.path(), &id(1), true).expect_err("refused").to_string();
        assert!(refused.contains("is no state of a hunt"), "{refused}");
        assert_eq!(fs::read(dir.path().join(STATE)).expect("still there"), b"{\"format\":1");
    }
}
