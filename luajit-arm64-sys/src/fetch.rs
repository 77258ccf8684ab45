//! Fetching a release of the `luajit-src` crate, by cargo.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    fs::create_dir_all(cache).map_err(io_error("create", cache))?;
    let temp =
        tempfile::Builder::new().prefix(".fetch-").tempdir_in(cache).map_err(io_error("create a folder in", cache))?;
    write_project(temp.path(), version)?;
    vendor(temp.path(), version)?;
    install(&temp.path().join("vendor/luajit-src"), &target)?;
    Ok(target)
}

fn write_project(dir: &Path, version: &str) -> Result<(), FetchError> {
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\nluajit-src = \"={version}\"\n\n[workspace]\n"
    );
    for (name, text) in [("Cargo.toml", manifest.as_str()), ("lib.rs", "")] {
        let file = dir.join(name);
        fs::write(&file, text).map_err(io_error("write", &file))?;
    }
    Ok(())
}

fn vendor(dir: &Path, version: &str) -> Result<(), FetchError> {
    let mut command = Command::new("cargo");
    command.current_dir(dir).args(["vendor", "--quiet", "vendor"]);
    let output = command.output().map_err(FetchError::NoCargo)?;
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
