//! Fetching a release of the `luajit-src` crate, by cargo.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Why a release could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Cargo refused: the version does not exist, or the registry can't be reached.
    #[error("cargo could not fetch luajit-src {version}:\n{message}")]
    Cargo {
        /// The version asked for.
        version: String,
        /// Cargo's message.
        message: String,
    },
    /// The version has characters that no version has.
    #[error("`{version}` is not a version: write 210.4.6")]
    BadVersion {
        /// The version asked for.
        version: String,
    },
    /// Cargo keeps no copy of the registry's index that tells the releases.
    #[error(
        "cargo keeps no index of luajit-src's releases: use a registry of crates (not a vendored one), or bisect by --git"
    )]
    NoIndex,
    /// Cargo could not be started.
    #[error("cannot start cargo, which fetches LuaJIT releases: install Rust or put cargo into PATH")]
    NoCargo(#[source] io::Error),
    /// A file operation failed.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Fetches the release `luajit-src =version` into `cache`, unless it is there, and returns its folder, `cache/luajit-src-<version>`.
///
/// Cargo does the work (`cargo vendor` in a temporary project), so its configuration, mirrors and checksums apply.
///
/// # Errors
/// See [`FetchError`].
pub fn fetch(version: &str, cache: &Path) -> Result<PathBuf, FetchError> {
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte)) {
        return Err(FetchError::BadVersion { version: version.to_owned() });
    }
    let target = cache.join(format!("luajit-src-{version}"));
    if target.join("Cargo.toml").is_file() {
        return Ok(target);
    }
    let temp = project(&format!("={version}"), cache)?;
    run_cargo(temp.path(), &["vendor", "--quiet", "vendor"], version)?;
    install(&temp.path().join("vendor/luajit-src"), &target)?;
    Ok(target)
}

/// A project in a temporary folder of `cache` that depends on the crate.
pub(crate) fn project(requirement: &str, cache: &Path) -> Result<TempDir, FetchError> {
    fs::create_dir_all(cache).map_err(io_error("create", cache))?;
    let temp =
        tempfile::Builder::new().prefix(".fetch-").tempdir_in(cache).map_err(io_error("create a folder in", cache))?;
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\nluajit-src = \"{requirement}\"\n\n[workspace]\n"
    );
    for (name, text) in [("Cargo.toml", manifest.as_str()), ("lib.rs", "")] {
        let file = temp.path().join(name);
        fs::write(&file, text).map_err(io_error("write", &file))?;
    }
    Ok(temp)
}

/// Runs cargo in a project.
pub(crate) fn run_cargo(dir: &Path, args: &[&str], version: &str) -> Result<(), FetchError> {
    let output = Command::new("cargo").current_dir(dir).args(args).output().map_err(FetchError::NoCargo)?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(FetchError::Cargo { version: version.to_owned(), message })
}

/// Another process may have been faster: then its folder is as good.
fn install(from: &Path, to: &Path) -> Result<(), FetchError> {
    match fs::rename(from, to) {
        Err(_) if to.join("Cargo.toml").is_file() => Ok(()),
        result => result.map_err(io_error("write", to)),
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    move |source| FetchError::Io { doing, path: path.to_owned(), source }
}
