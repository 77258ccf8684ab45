//! The files of the tree, as git sees them, and what is wrong with them.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// A text file.
pub struct File {
    /// Its path from the top of the tree.
    pub path: String,
    /// Its contents.
    pub text: String,
}

impl File {
    /// A sample that is not on disk.
    #[cfg(test)]
    pub fn sample(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    /// The extension, or nothing.
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|e| e.to_str()).unwrap_or("")
    }

    /// A complaint about one of its lines (from 1).
    pub fn complain(&self, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { path: self.path.clone(), line, what: what.into() }
    }
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// All text files that are tracked, or would be by `git add .`.
pub fn files() -> Vec<File> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .current_dir(top)
        .output()
        .expect("git is installed");
    assert!(out.status.success(), "git ls-files: {}", String::from_utf8_lossy(&out.stderr));
    let names = String::from_utf8(out.stdout).expect("file names are UTF-8");
    names.split_terminator('\0').filter_map(|path| read(top, path)).collect()
}

/// Binary files have no text; files deleted but not yet committed as such have no contents.
fn read(top: &Path, path: &str) -> Option<File> {
    let text = String::from_utf8(std::fs::read(top.join(path)).ok()?).ok()?;
    (!text.contains('\0')).then(|| File { path: path.into(), text })
}

/// Fails with all complaints, one a line.
pub fn assert_clean(complaints: Vec<Complaint>) {
    let lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}
