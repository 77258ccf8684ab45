//! Backends in the order of their age: the releases of the `luajit-src` crate, or the commits of a git checkout.

use super::store::{Spec, StoreError};
use luajit_arm64_sys::{FetchError, Variant};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use thiserror::Error;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What the user calls it: `luajit@210.4.6`, or the first digits of a commit.
    pub name: String,
    /// What is known of it: day, commit or subject. In JSON and text as it is.
    pub about: String,
    /// How it is opened.
    pub spec: Spec,
    /// The commit, where it is one: its sources are put where `spec` has them when they are needed.
    commit: Option<String>,
}

/// Why there is no history.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// Cargo's reason.
    #[error("cannot list the releases of luajit-src: {0}")]
    Releases(#[source] FetchError),
    /// The backend's name makes no sense.
    #[error(transparent)]
    Spec(#[from] StoreError),
    /// A release of that number does not exist.
    #[error("{wanted} is no release of luajit-src: there are {first} to {last}, see `cargo info luajit-src`")]
    NoRelease {
        /// What was asked for.
        wanted: String,
        /// The oldest.
        first: String,
        /// The newest.
        last: String,
    },
    /// Git refused.
    #[error("git {what} in {path}: {message}", path = .path.display())]
    Git {
        /// What was asked of it.
        what: String,
        /// The checkout.
        path: PathBuf,
        /// Its own words.
        message: String,
    },
    /// The two commits are not on one line.
    #[error("{new} is not reached from {old} by first parents: name two commits of one branch")]
    Apart {
        /// One of them.
        old: String,
        /// The other.
        new: String,
    },
    /// A file operation failed.
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// All releases of the `luajit-src` crate, the oldest first.
///
/// # Errors
/// When cargo can't tell them.
pub fn releases(variant: Variant, cache: &Path) -> Result<Vec<Version>, HistoryError> {
    let all = luajit_arm64_sys::releases(&cache.join("sources")).map_err(HistoryError::Releases)?;
    all.into_iter()
        .map(|release| {
            let spec = Spec::parse(&format!("luajit@{}", release.version), variant)?;
            let about = [release.date, release.commit].into_iter().flatten().collect::<Vec<_>>().join(" ");
            Ok(Version { name: spec.to_string(), about, spec, commit: None })
        })
        .collect()
}

/// The position of a release, by its number or as `luajit@NUMBER`.
///
/// # Errors
/// [`HistoryError::NoRelease`].
pub fn find_release(releases: &[Version], wanted: &str) -> Result<usize, HistoryError> {
    let number = wanted.strip_prefix("luajit@").unwrap_or(wanted);
    let is_it = |version: &Version| version.name.strip_prefix("luajit@") == Some(number);
    releases.iter().position(is_it).ok_or_else(|| HistoryError::NoRelease {
        wanted: wanted.into(),
        first: releases.first().map_or_else(String::new, |v| v.name.clone()),
        last: releases.last().map_or_else(String::new, |v| v.name.clone()),
    })
}

/// The commits of a checkout from one of two commits to the other, the older one first, by first parents: what a merge brought counts as
/// one step. Between them only commits that touch what a build reads. The checkout itself is not touched: sources are unpacked into `cache`.
///
/// # Errors
/// When git does not know the commits, or neither leads to the other.
pub fn commits(repo: &Path, ends: [&str; 2], variant: Variant, cache: &Path) -> Result<Vec<Version>, HistoryError> {
    let git = Git { repo, variant, cache };
    let [a, b] = [git.commit(ends[0])?, git.commit(ends[1])?];
    let (old, new) = if git.reaches(&a, &b) { (a, b) } else { (b, a) };
    let line = git.run(&["rev-list", "--first-parent", &new])?;
    if !line.lines().any(|commit| commit == old) {
        return Err(HistoryError::Apart { old, new });
    }
    let range = format!("{old}..{new}");
    let mut all = git.described(&["-1", &old])?;
    all.extend(git.described(&["--first-parent", "--reverse", &range, "--", "src", "dynasm"])?);
    if all.last().and_then(|last| last.commit.as_deref()) != Some(&new) {
        all.extend(git.described(&["-1", &new])?);
    }
    Ok(all)
}

/// A checkout.
struct Git<'a> {
    repo: &'a Path,
    variant: Variant,
    cache: &'a Path,
}

impl Git<'_> {
    fn run(&self, args: &[&str]) -> Result<String, HistoryError> {
        git(self.repo, args)
    }

    fn commit(&self, name: &str) -> Result<String, HistoryError> {
        let wanted = format!("{name}^{{commit}}");
        Ok(self.run(&["rev-parse", "--verify", "--end-of-options", &wanted])?.trim().to_string())
    }

    fn reaches(&self, old: &str, new: &str) -> bool {
        self.run(&["merge-base", "--is-ancestor", old, new]).is_ok()
    }

    /// The commits that `git log` lists.
    fn described(&self, args: &[&str]) -> Result<Vec<Version>, HistoryError> {
        let log = self.run(&[&["log", "--format=%H%x09%h%x09%cs %s"], args].concat())?;
        Ok(log.lines().filter_map(|line| self.version(line)).collect())
    }

    fn version(&self, line: &str) -> Option<Version> {
        let mut fields = line.splitn(3, '\t');
        let (commit, name, about) = (fields.next()?, fields.next()?, fields.next()?);
        let folder = self.cache.join("sources").join(format!("git-{commit}"));
        let spec = Spec::tree(&folder, self.variant);
        Some(Version { name: name.into(), about: about.into(), spec, commit: Some(commit.into()) })
    }
}

/// Git in a folder, whatever repository the environment is about.
fn git(repo: &Path, args: &[&str]) -> Result<String, HistoryError> {
    let failed = |message: String| HistoryError::Git { what: args.join(" "), path: repo.into(), message };
    let mut command = Command::new("git");
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = command.arg("-C").arg(repo).args(args).output().map_err(|e| failed(e.to_string()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_string())),
    }
}

impl Version {
    /// Puts a commit's sources where its build looks for them, unless they are there; nothing for a release, which cargo fetches.
    ///
    /// # Errors
    /// When git or the file system refuses.
    pub fn unpack(&self, repo: &Path) -> Result<(), HistoryError> {
        let (Some(commit), Some(folder)) = (&self.commit, self.spec.folder()) else { return Ok(()) };
        let Some(parent) = folder.parent().filter(|_| !folder.is_dir()) else { return Ok(()) };
        let io = |doing, path: &Path| {
            let path = path.to_path_buf();
            move |source| HistoryError::Io { doing, path, source }
        };
        fs::create_dir_all(parent).map_err(io("create", parent))?;
        let temp = tempfile::Builder::new().prefix(".git-").tempdir_in(parent);
        let temp = temp.map_err(io("create a folder in", parent))?;
        let (archive, tree) = (temp.path().join("tree.tar"), temp.path().join("tree"));
        fs::create_dir(&tree).map_err(io("create", &tree))?;
        git(repo, &["archive", "--format=tar", "-o", &archive.to_string_lossy(), commit])?;
        untar(&archive, &tree).map_err(io("unpack", &archive))?;
        fs::rename(&tree, folder).map_err(io("write", folder))
    }
}

fn untar(archive: &Path, into: &Path) -> io::Result<()> {
    let output = Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(into).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with commits 0, 1, .. on its branch; the third touches no source; the last is a merge of two.
    fn repository() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let script = "set -e; git init -q -b main; git config user.name t; git config user.email t@example.org
            mkdir src; for i in 0 1 2 3; do f=src/a; test $i = 2 && f=README; echo $i > $f; git add .; git commit -qm \"change $i\"; done
            git checkout -qb side HEAD~1; for i in 5 6; do echo $i > src/b; git add .; git commit -qm \"side $i\"; done
            git checkout -q main; git merge -q --no-edit side; echo mine > src/a";
        let status = Command::new("sh").args(["-c", script]).current_dir(dir.path()).status().expect("sh and git run");
        assert!(status.success());
        dir
    }

    fn abouts(versions: &[Version]) -> Vec<&str> {
        versions.iter().map(|v| v.about.split_once(' ').expect("a day and a subject").1).collect()
    }

    #[test]
    fn commits_are_those_of_first_parents_that_touch_sources_oldest_first() {
        let (repo, cache) = (repository(), tempfile::tempdir().expect("a temporary folder"));
        for ends in [["HEAD", "HEAD~4"], ["HEAD~4", "HEAD"]] {
            let found = commits(repo.path(), ends, Variant::Plain, cache.path()).expect("a line");
            assert_eq!(abouts(&found), ["change 0", "change 1", "change 3", "Merge branch 'side'"]);
        }
        let to_readme = commits(repo.path(), ["HEAD~4", "HEAD~2"], Variant::Plain, cache.path()).expect("a line");
        assert_eq!(abouts(&to_readme), ["change 0", "change 1", "change 2"], "ends are always there");
    }

    #[test]
    fn sources_are_unpacked_and_the_checkout_stays_as_it_is() {
        let (repo, cache) = (repository(), tempfile::tempdir().expect("a temporary folder"));
        let found = commits(repo.path(), ["HEAD~4", "HEAD"], Variant::Plain, cache.path()).expect("a line");
        let before = git(repo.path(), &["status", "--porcelain"]).expect("a repository");
        for version in [&found[1], &found[1], &found[3]] {
            version.unpack(repo.path()).expect("unpacked");
        }
        let read = |version: &Version, file| fs::read_to_string(version.spec.folder().expect("a tree").join(file));
        assert_eq!(read(&found[1], "src/a").expect("there"), "1\n");
        assert_eq!(read(&found[3], "src/b").expect("there"), "6\n");
        assert!(!found[0].spec.folder().expect("a tree").exists(), "only what is needed");
        assert_eq!(fs::read_to_string(repo.path().join("src/a")).expect("there"), "mine\n");
        assert_eq!(git(repo.path(), &["status", "--porcelain"]).expect("a repository"), before);
    }

    #[test]
    fn commits_that_are_not_there_or_not_in_line_are_errors() {
        let (repo, cache) = (repository(), tempfile::tempdir().expect("a temporary folder"));
        let error = |a, b| commits(repo.path(), [a, b], Variant::Plain, cache.path()).expect_err("no line").to_string();
        assert!(error("HEAD", "nowhere").contains("rev-parse --verify --end-of-options nowhere"));
        assert!(error("side", "HEAD~1").contains("first parents"));
    }

    #[test]
    fn a_release_is_found_by_its_number() {
        let version = |n: &str| {
            let spec = Spec::parse(&format!("luajit@{n}"), Variant::Plain).expect("a release");
            Version { name: spec.to_string(), about: String::new(), spec, commit: None }
        };
        let all = ["210.4.6", "210.4.7"].map(version);
        assert_eq!(find_release(&all, "210.4.7").ok(), Some(1));
        assert_eq!(find_release(&all, "luajit@210.4.6").ok(), Some(0));
        let message = find_release(&all, "2.1.0").expect_err("no release").to_string();
        assert!(message.contains("luajit@210.4.6 to luajit@210.4.7"), "{message}");
    }
}
