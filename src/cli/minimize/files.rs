//! What is read, and where what comes of it goes.

use crate::campaign::{self, CampaignError};
use anyhow::bail;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where small cases go.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    /// To this file.
    pub file: Option<PathBuf>,
    /// Into this folder.
    pub folder: Option<PathBuf>,
    /// Over what was read.
    pub in_place: bool,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// What is read.
    pub input: PathBuf,
    /// What is written.
    pub output: PathBuf,
}

/// What stands behind the name of a small case.
const SMALL: &str = ".min.trace";

/// All files, in the order of the paths; folders sorted by name, small cases in them left out.
pub(super) fn jobs(paths: &[PathBuf], outputs: &Outputs) -> anyhow::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for path in paths {
        let beside = outputs.folder.is_none() && !outputs.in_place;
        let made_before = |file: &Path| beside && file != path && file.to_string_lossy().ends_with(SMALL);
        for input in campaign::collect_files(std::slice::from_ref(path))? {
            if made_before(&input) {
                continue;
            }
            let name = input.strip_prefix(path).ok().filter(|rest| !rest.as_os_str().is_empty());
            let name = name.or(input.file_name().map(Path::new)).unwrap_or(&input);
            let output = output(&input, name, outputs);
            jobs.push(Job { input, output });
        }
    }
    if jobs.is_empty() {
        let names: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
        bail!("no .trace file in {}", names.join(", "));
    }
    if let (Some(file), true) = (&outputs.file, jobs.len() > 1) {
        bail!("{} files can't all go to {}: name a folder with --out", jobs.len(), file.display());
    }
    apart(&jobs)?;
    Ok(jobs)
}

fn output(input: &Path, name: &Path, outputs: &Outputs) -> PathBuf {
    match (&outputs.file, &outputs.folder) {
        (Some(file), _) => file.clone(),
        (None, Some(folder)) => with_suffix(&folder.join(name), ".trace"),
        (None, None) if outputs.in_place => input.to_owned(),
        (None, None) => with_suffix(input, SMALL),
    }
}

/// The path with another ending in the place of `.trace`, or behind what it has.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".trace").unwrap_or(&name);
    path.with_file_name(format!("{stem}{suffix}"))
}

/// No two files go to the same place.
fn apart(jobs: &[Job]) -> anyhow::Result<()> {
    let mut taken = BTreeMap::new();
    for job in jobs {
        if let Some(other) = taken.insert(&job.output, &job.input) {
            let (a, b, to) = (other.display(), job.input.display(), job.output.display());
            bail!("{a} and {b} would both go to {to}: minimise them one after the other");
        }
    }
    Ok(())
}

/// Writes a file, whole or not at all, with the folders above it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CampaignError> {
    if let Some(folder) = path.parent() {
        let failed = |source| CampaignError::Io { doing: "make", path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
    }
    campaign::write_whole(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(folder: Option<&str>, in_place: bool) -> Outputs {
        Outputs { file: None, folder: folder.map(PathBuf::from), in_place }
    }

    #[test]
    fn small_cases_go_beside_their_file_or_into_the_folder_or_over_it() {
        let to = |input: &str, outputs| output(Path::new(input), Path::new("x.trace"), &outputs).display().to_string();
        assert_eq!(to("a/x.trace", out(None, false)), "a/x.min.trace");
        assert_eq!(to("a/crash-1", out(None, false)), "a/crash-1.min.trace");
        assert_eq!(to("a/x.trace", out(Some("b"), false)), "b/x.trace");
        assert_eq!(to("a/x.trace", out(None, true)), "a/x.trace");
    }

    #[test]
    fn two_files_of_one_name_do_not_overwrite_each_other() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let files: Vec<PathBuf> = ["a/x.trace", "b/x.trace"].iter().map(|n| dir.path().join(n)).collect();
        for file in &files {
            fs::create_dir_all(file.parent().expect("below dir")).expect("writable");
            fs::write(file, "").expect("writable");
        }
        let error = jobs(&files, &out(Some("o"), false)).expect_err("both go to o/x.trace").to_string();
        assert!(error.contains("would both go to o/x.trace"), "{error}");
        let all = jobs(&[dir.path().to_owned()], &out(Some("o"), false)).expect("names with their folders");
        assert_eq!(all[1].output, Path::new("o/b/x.trace"));
    }
}
