//! The releases of the `luajit-src` crate, as cargo's own copy of the registry's index knows them.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use crate::fetch::{FetchError, project, run_cargo};

/// Where the index keeps a crate's entry, below the folder of each registry.
const ENTRY: &str = ".cache/lu/aj/luajit-src";

/// A release of the `luajit-src` crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its number, as cargo orders it: `210.4.6`.
    pub version: String,
    /// What follows the number, the commit that it packs: `resty2cf5186`.
    pub commit: Option<String>,
    /// The day it was published, where the registry tells: `2023-07-17`.
    pub date: Option<String>,
}

/// All releases, the oldest first; withdrawn ones are left out, and so is the empty crate that reserved the name. Cargo is asked to bring its
/// copy of the index up to date, in a temporary folder of `cache`.
///
/// # Errors
/// When cargo can't reach the registry, or keeps no copy that can be read: with a vendored or local registry, for one.
pub fn releases(cache: &Path) -> Result<Vec<Release>, FetchError> {
    let temp = project("*", cache)?;
    run_cargo(temp.path(), &["generate-lockfile", "--quiet"], "*")?;
    let entry = newest_entry(&cargo_home()).ok_or(FetchError::NoIndex)?;
    let bytes = fs::read(&entry).map_err(|source| FetchError::Io { doing: "read", path: entry.clone(), source })?;
    let releases = parse(&bytes);
    if releases.is_empty() { Err(FetchError::NoIndex) } else { Ok(releases) }
}

fn cargo_home() -> PathBuf {
    let home = || env::var_os("HOME").map_or_else(PathBuf::new, PathBuf::from).join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// The entry that was written last: a machine may have used several mirrors of the registry.
fn newest_entry(cargo_home: &Path) -> Option<PathBuf> {
    let registries = fs::read_dir(cargo_home.join("registry/index")).ok()?;
    let entries = registries.filter_map(Result::ok).map(|registry| registry.path().join(ENTRY));
    let written = |path: PathBuf| Some((used(&path).ok()?, path));
    entries.filter_map(written).max().map(|(_, path)| path)
}

fn used(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

/// One release as the index has it.
#[derive(Deserialize)]
struct Line {
    vers: String,
    #[serde(default)]
    yanked: bool,
    pubtime: Option<String>,
}

/// The entry is a header of cargo's, then a JSON object a release, with zero bytes between.
fn parse(bytes: &[u8]) -> Vec<Release> {
    let lines = bytes.split(|byte| *byte == 0 || *byte == b'\n').filter(|line| line.starts_with(b"{"));
    let lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()).filter(|line| !line.yanked);
    let mut numbered: Vec<_> = lines.filter_map(|line| Some((number(&line.vers)?, release(&line)))).collect();
    numbered.sort_by(|a, b| a.0.cmp(&b.0));
    numbered.into_iter().filter(|(number, _)| number[0] > 0).map(|(_, release)| release).collect()
}

/// `210.4.6+resty2cf5186` as numbers that can be compared; none for a pre-release.
fn number(version: &str) -> Option<Vec<u64>> {
    let parts: Option<Vec<u64>> = plain(version).split('.').map(|part| part.parse().ok()).collect();
    parts.filter(|parts| parts.len() == 3)
}

fn plain(version: &str) -> &str {
    version.split('+').next().unwrap_or(version)
}

fn release(line: &Line) -> Release {
    Release {
        version: plain(&line.vers).to_owned(),
        commit: line.vers.split_once('+').map(|(_, commit)| commit.to_owned()),
        date: line.pubtime.as_deref().and_then(|time| time.get(..10)).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_in_the_order_of_versions() {
        let entry = b"\x03\x02\0\0\0etag: x\x000.0.0\0{\"vers\":\"0.0.0\"}\x00210.10.0\0{\"vers\":\"210.10.0+abc\",\"yanked\":false}\0\
            210.9.1\0{\"vers\":\"210.9.1\",\"pubtime\":\"2023-07-17T18:10:54Z\"}\x00210.9.2\0{\"vers\":\"210.9.2\",\"yanked\":true}\0";
        let read: Vec<_> = parse(entry).into_iter().map(|r| (r.version, r.commit, r.date)).collect();
        let date = Some("2023-07-17".to_owned());
        assert_eq!(read, [("210.9.1".to_owned(), None, date), ("210.10.0".to_owned(), Some("abc".to_owned()), None)]);
    }

    #[test]
    fn a_damaged_entry_has_no_releases() {
        assert_eq!(parse(b"\0\0{\"vers\":\0{}\0{\"vers\":\"latest\"}"), []);
    }
}
