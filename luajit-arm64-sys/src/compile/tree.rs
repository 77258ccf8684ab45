//! A LuaJIT source tree: finding it below a path, copying what a build reads, telling which one it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, io_error};

/// Folders of a tree that a build reads, relative to its root.
const FOLDERS: [&str; 3] = ["src", "src/host", "dynasm"];
/// File types a build reads; generated headers among them are overwritten.
const EXTENSIONS: [&str; 5] = ["c", "h", "dasc", "lua", "txt"];

/// A LuaJIT source tree.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The folder that holds `src` and `dynasm`.
    root: PathBuf,
}

impl Tree {
    /// Finds the tree at a path: the folder of a `luajit-src` crate, a LuaJIT checkout, or its `src` folder.
    ///
    /// # Errors
    /// `NotATree` if there is none.
    pub fn find(path: &Path) -> Result<Self, BuildError> {
        let candidates = [path.to_owned(), path.join("luajit2"), path.join("luajit"), path.join("..")];
        let found = candidates.into_iter().find(|root| root.join("src/lj_asm_arm64.h").is_file());
        // The parent only counts if the path itself is the src folder.
        match found {
            Some(root) if !root.ends_with("..") || path.join("lj_asm_arm64.h").is_file() => Ok(Self { root }),
            _ => Err(BuildError::NotATree { path: path.to_owned() }),
        }
    }

    /// The `src` folder.
    pub fn src(&self) -> PathBuf {
        self.root.join("src")
    }

    /// Whether a source file mentions a word.
    pub fn mentions(&self, file: &str, word: &str) -> bool {
        fs::read(self.src().join(file)).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(word))
    }

    /// The version of the `luajit-src` crate the tree belongs to.
    pub fn crate_version(&self) -> Option<String> {
        let manifest = fs::read_to_string(self.root.join("../Cargo.toml")).ok()?;
        let is_ours = manifest.lines().any(|line| line.trim() == "name = \"luajit-src\"");
        let version = manifest.lines().find_map(|line| line.strip_prefix("version = \""))?;
        is_ours.then(|| version.trim_end().trim_end_matches('"').to_owned())
    }

    /// The commit of a checkout, with `-dirty` if files were changed.
    pub fn git_commit(&self) -> Option<String> {
        // Without this test git would answer for a repository further up that merely contains the tree.
        if !self.root.join(".git").exists() {
            return None;
        }
        let commit = self.git(&["rev-parse", "HEAD"])?;
        let dirty = !self.git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
        Some(commit + if dirty { "-dirty" } else { "" })
    }

    /// The time stamp LuaJIT uses as its release number, where the tree or its repository has one.
    pub fn relver(&self) -> Option<String> {
        let files = ["../luajit_relver.txt", ".relver", "src/luajit_relver.txt"];
        let from_file = files.iter().find_map(|file| numeric(&fs::read_to_string(self.root.join(file)).ok()?));
        let from_git = || self.root.join(".git").exists().then(|| self.git(&["show", "-s", "--format=%ct"]))?;
        from_file.or_else(|| numeric(&from_git()?))
    }

    fn git(&self, args: &[&str]) -> Option<String> {
        let output = Command::new("git").arg("-C").arg(&self.root).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The files a build reads, relative to the root, sorted.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, BuildError> {
        let mut files = Vec::new();
        for folder in FOLDERS {
            let path = self.root.join(folder);
            for entry in fs::read_dir(&path).map_err(io_error("list", &path))? {
                let name = PathBuf::from(folder).join(entry.map_err(io_error("list", &path))?.file_name());
                let known = name.extension().and_then(|ext| ext.to_str()).is_some_and(|ext| EXTENSIONS.contains(&ext));
                if known && self.root.join(&name).is_file() {
                    files.push(name);
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Copies the files into `to` and returns a hash of their names and contents.
    pub(super) fn copy(&self, to: &Path) -> Result<u64, BuildError> {
        let mut hash = Fnv::default();
        for folder in FOLDERS {
            let path = to.join(folder);
            fs::create_dir_all(&path).map_err(io_error("create", &path))?;
        }
        for name in self.files()? {
            let (from, target) = (self.root.join(&name), to.join(&name));
            let bytes = fs::read(&from).map_err(io_error("read", &from))?;
            hash.add(name.to_string_lossy().as_bytes());
            hash.add(&bytes);
            // Written anew, not copied: a vendored file may be read-only.
            fs::write(&target, bytes).map_err(io_error("write", &target))?;
        }
        Ok(hash.0)
    }
}

fn numeric(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

/// FNV-1a, with the length mixed in after each piece.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u64).to_le_bytes();
        for &byte in bytes.iter().chain(&length) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
