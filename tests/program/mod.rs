//! Runs the built program.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The built binary.
pub const TRACEHOUND: &str = env!("CARGO_BIN_EXE_tracehound");

/// What a finished run gave.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    fn new(output: Output) -> Ended {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Asserts the exit code and that stderr names all of `words`.
    #[track_caller]
    pub fn assert_fails(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
    }

    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Ended {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in {:?}", self.stdout))
    }
}

/// A command with its arguments, separated by blanks; `{}` stands for the folder.
pub fn command(folder: &Path, args: &str) -> Command {
    let mut command = Command::new(TRACEHOUND);
    let folder_name = folder.to_str().expect("temporary folders have plain names");
    command.args(args.split_whitespace().map(|arg| arg.replace("{}", folder_name))).current_dir(folder);
    command.env("TRACEHOUND_CACHE", folder.join("cache"));
    command
}

/// Runs it to its end.
pub fn run(folder: &Path, args: &str) -> Ended {
    Ended::new(command(folder, args).output().expect("the binary runs"))
}

/// Runs it by a shell, which gets the script with `$0` for the binary.
pub fn run_in_shell(folder: &Path, script: &str) -> Ended {
    Ended::new(Command::new("sh").args(["-c", script, TRACEHOUND]).current_dir(folder).output().expect("sh runs"))
}

/// Starts it.
pub fn start(folder: &Path, args: &str) -> Child {
    command(folder, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

/// Waits for it.
pub fn wait(child: Child) -> Ended {
    Ended::new(child.wait_with_output().expect("it ends"))
}

/// All files below a folder with their bytes, by path.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    walk(folder, folder, &mut files);
    files.sort();
    files
}

/// Asserts that two folders have the same files with the same bytes.
#[track_caller]
pub fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (contents(a), contents(b));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, left), (_, right)) in a.iter().zip(&b) {
        let at = left.iter().zip(right).position(|(x, y)| x != y).unwrap_or(left.len().min(right.len()));
        let excerpt = |bytes: &[u8]| {
            String::from_utf8_lossy(&bytes[at.saturating_sub(80)..bytes.len().min(at + 80)]).into_owned()
        };
        assert!(left == right, "{} differs at {at}:\n{}\n{}", name.display(), excerpt(left), excerpt(right));
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below root").to_owned();
            files.push((name, std::fs::read(&path).expect("readable")));
        }
    }
}
