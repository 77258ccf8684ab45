//! Which LuaJIT a build is: a few lines of text, compiled into it.

use super::tool::Toolchain;
use super::tree::Tree;
use super::{BuildError, Variant};

/// Where a build's code came from and how it was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildInfo {
    /// Version of the `luajit-src` crate: `210.7.4+c6ffc14`.
    pub crate_version: Option<String>,
    /// Commit of a checkout, with `-dirty` if files were changed.
    pub git_commit: Option<String>,
    /// LuaJIT's release number, a time stamp; `0` where the tree does not tell.
    pub relver: String,
    /// The variant's name.
    pub variant: String,
    /// First line of the compiler's `--version`.
    pub compiler: String,
    /// Hash of the sources a build reads, in hexadecimal.
    pub source_hash: String,
}

impl BuildInfo {
    pub(super) fn new(tree: &Tree, variant: Variant, cc: &Toolchain, hash: u64) -> Result<Self, BuildError> {
        Ok(Self {
            crate_version: tree.crate_version(),
            git_commit: tree.git_commit(),
            relver: tree.relver().unwrap_or_else(|| "0".to_owned()),
            variant: variant.name().to_owned(),
            compiler: cc.version()?,
            source_hash: format!("{hash:016x}"),
        })
    }

    /// The short name: `luajit@210.7.4`, `luajit@<12 digits of the commit>`, or of the sources' hash; `/variant` unless plain.
    pub fn id(&self) -> String {
        let release =
            self.crate_version.as_deref().map(|version| version.split('+').next().unwrap_or(version).to_owned());
        let commit = || self.git_commit.as_deref().map(short_commit);
        let name = release.or_else(commit).unwrap_or_else(|| self.source_hash.chars().take(12).collect());
        let variant = if self.variant == "plain" { String::new() } else { format!("/{}", self.variant) };
        format!("luajit@{name}{variant}")
    }

    /// Everything that is known of the version: `210.7.4+c6ffc14`, else the commit, else the sources' hash.
    pub fn full_version(&self) -> &str {
        self.crate_version.as_deref().or(self.git_commit.as_deref()).unwrap_or(&self.source_hash)
    }

    /// One `key: value` line each, in a fixed order; what is not known is left out.
    pub fn to_text(&self) -> String {
        let lines = [
            ("crate", self.crate_version.as_deref()),
            ("commit", self.git_commit.as_deref()),
            ("relver", Some(self.relver.as_str())),
            ("variant", Some(self.variant.as_str())),
            ("compiler", Some(self.compiler.as_str())),
            ("source", Some(self.source_hash.as_str())),
        ];
        lines.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}\n", value?))).collect()
    }

    /// The inverse of [`BuildInfo::to_text`]; unknown lines are ignored.
    pub fn parse(text: &str) -> Self {
        let get =
            |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(str::to_owned);
        Self {
            crate_version: get("crate"),
            git_commit: get("commit"),
            relver: get("relver").unwrap_or_default(),
            variant: get("variant").unwrap_or_default(),
            compiler: get("compiler").unwrap_or_default(),
            source_hash: get("source").unwrap_or_default(),
        }
    }
}

fn short_commit(commit: &str) -> String {
    let (hash, dirty) = commit.split_once('-').map_or((commit, ""), |(hash, _)| (hash, "-dirty"));
    hash.chars().take(12).collect::<String>() + dirty
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> BuildInfo {
        BuildInfo {
            crate_version: Some("210.7.4+c6ffc14".to_owned()),
            relver: "1788856981".to_owned(),
            variant: "plain".to_owned(),
            compiler: "cc 1".to_owned(),
            source_hash: "0123456789abcdef".to_owned(),
            ..BuildInfo::default()
        }
    }

    #[test]
    fn text_reads_back() {
        let info = sample();
        assert_eq!(BuildInfo::parse(&info.to_text()), info);
    }

    #[test]
    fn short_name_prefers_the_release_then_the_commit_then_the_hash() {
        let mut info = sample();
        assert_eq!(info.id(), "luajit@210.7.4");
        info.crate_version = None;
        info.git_commit = Some("0123456789012345-dirty".to_owned());
        assert_eq!(info.id(), "luajit@012345678901-dirty");
        info.git_commit = None;
        info.variant = "assert".to_owned();
        assert_eq!(info.id(), "luajit@0123456789ab/assert");
    }
}
