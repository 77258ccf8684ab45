//! Findings under libFuzzer, by bucket, in a folder that all its processes share.
//!
//! A bucket is a folder with one case in it. It appears whole or not at all, and for one process only: so whoever sees a bucket first writes it, and all
//! others know it from then on.

use crate::campaign::{CampaignError, io_error, write_whole};
use crate::tally::file_name;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of findings on one backend.
#[derive(Debug)]
pub struct Findings {
    folder: PathBuf,
    /// Where others are that are known: nothing is written there.
    known: Option<PathBuf>,
    /// How often this process has seen each.
    seen: BTreeMap<String, u64>,
}

impl Findings {
    /// The findings on the backend of this name, below a folder.
    pub fn on(backend: &str, folder: &Path) -> Findings {
        Findings { folder: folder.join(file_name(backend)), known: None, seen: BTreeMap::new() }
    }

    /// The buckets in such a folder of another's are known as well.
    #[must_use]
    pub fn knowing(self, others: Findings) -> Findings {
        Findings { known: Some(others.folder), ..self }
    }

    /// Notes a finding by its bucket; the file of its case if nobody has seen that bucket before. `text` is only asked for then.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn note(&mut self, key: &str, text: impl FnOnce() -> String) -> Result<Option<PathBuf>, CampaignError> {
        let name = file_name(key);
        *self.seen.entry(name.clone()).or_default() += 1;
        let bucket = self.folder.join(&name);
        let is_known = || self.known.as_ref().is_some_and(|folder| folder.join(&name).is_dir());
        if bucket.is_dir() || is_known() {
            return Ok(None);
        }
        fs::create_dir_all(&self.folder).map_err(io_error("create", &self.folder))?;
        let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&self.folder);
        let new = new.map_err(io_error("write in", &self.folder))?;
        let file = format!("{name}.trace");
        write_whole(&new.path().join(&file), text().as_bytes())?;
        // A folder that others have filled is not replaced.
        match fs::rename(new.path(), &bucket) {
            Ok(()) => Ok(Some(bucket.join(file))),
            Err(e) if matches!(e.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => Ok(None),
            Err(e) => Err(io_error("write", &bucket)(e)),
        }
    }

    /// How often this process has seen a bucket.
    pub fn seen(&self, key: &str) -> u64 {
        self.seen.get(&file_name(key)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_new_once_whoever_asks() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = || Findings::on("luajit@210.4.6", dir.path());
        let (mut one, mut other) = (open(), open());
        let file = one.note("hang-xload", || "the case".into()).expect("writable").expect("new");
        assert_eq!(fs::read_to_string(&file).expect("written"), "the case");
        assert!(
            file.ends_with("luajit@210.4.6/hang-xload/hang-xload.trace")
                || file.ends_with("luajit_210.4.6/hang-xload/hang-xload.trace")
        );
        let unasked = || -> String { panic!("the bucket is known") };
        assert_eq!(one.note("hang-xload", unasked).expect("readable"), None);
        assert_eq!(other.note("hang-xload", unasked).expect("readable"), None);
        assert_eq!((one.seen("hang-xload"), other.seen("hang-xload")), (2, 1));
        assert!(other.note("hang-xstore", String::new).expect("writable").is_some());
        let mut elsewhere = Findings::on("luajit@210.7.4", dir.path());
        assert!(elsewhere.note("hang-xload", String::new).expect("writable").is_some());
    }

    #[test]
    fn what_others_have_found_is_known_and_theirs_is_left_alone() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        Findings::on("b", &theirs).note("hang", String::new).expect("writable").expect("new");
        let mut findings = Findings::on("b", &ours).knowing(Findings::on("b", &theirs));
        assert_eq!(findings.note("hang", String::new).expect("readable"), None);
        let file = findings.note("misaligned", String::new).expect("writable").expect("new");
        assert!(file.starts_with(&ours), "{}", file.display());
        assert_eq!(fs::read_dir(theirs.join("b")).expect("there").count(), 1);
    }

    #[test]
    fn of_many_that_see_a_bucket_at_once_one_writes_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let note = || Findings::on("b", dir.path()).note("k", || "text".into()).expect("writable").is_some();
        let writers = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(note)).collect();
            all.into_iter().map(|thread| thread.join().expect("no panic")).filter(|wrote| *wrote).count()
        });
        assert_eq!(writers, 1);
        assert_eq!(fs::read_dir(dir.path().join("b")).expect("there").count(), 1, "nothing unfinished is left");
    }
}
