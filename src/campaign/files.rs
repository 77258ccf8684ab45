//! Files with a case: `.trace` files, and those of libFuzzer.

use super::folder::{FINDINGS, STATE};
use super::fuzz::case_of_bytes;
use super::{CampaignError, io_error};
use crate::pack::{PackError, is_packed, unpack};
use crate::text::{self, ParseError, TraceFile};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file has no case.
#[derive(Debug, Error)]
pub enum CaseFileError {
    /// The system's reason.
    #[error("cannot read: {0}")]
    Read(#[from] io::Error),
    /// It is a text, but none of the format.
    #[error(transparent)]
    Text(#[from] ParseError),
    /// Its name says that it is a text, and it is none.
    #[error("is no text, as a .trace file is")]
    NoText,
    /// It is a packed case, but none that this tracehound can run.
    #[error(transparent)]
    Packed(#[from] PackError),
    /// It is neither, and the generator makes no case of its bytes.
    #[error("these bytes stand for no case")]
    Bytes,
}

/// A file's case, as text and parsed.
///
/// # Errors
/// When the file can't be read, or its text is malformed.
pub fn read_case(path: &Path) -> Result<(String, TraceFile), CaseFileError> {
    let text = read_text(path)?;
    let file = text::parse(&text)?;
    Ok((text, file))
}

/// A `.trace` file as it is, or the text of the case that libFuzzer's bytes stand for, with a note that says so.
///
/// # Errors
/// When the file can't be read.
pub fn read_text(path: &Path) -> Result<String, CaseFileError> {
    let bytes = fs::read(path)?;
    if let Some(text) = as_text(&bytes) {
        return Ok(text.to_string());
    }
    if is_text(path) && !is_packed(&bytes) {
        return Err(CaseFileError::NoText);
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(text::print(&file_of_bytes(&name, &bytes)?))
}

/// The text of a file that is one.
fn as_text(bytes: &[u8]) -> Option<&str> {
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).ok().filter(|text| text.chars().all(is_text))
}

fn file_of_bytes(name: &str, bytes: &[u8]) -> Result<TraceFile, CaseFileError> {
    let (how, case) = match is_packed(bytes) {
        true => ("unpacked from", unpack(bytes)?),
        false => ("made of", case_of_bytes(bytes).ok_or(CaseFileError::Bytes)?),
    };
    let note = format!("{how} the {} bytes of {name} by tracehound {}", bytes.len(), env!("CARGO_PKG_VERSION"));
    let runs = vec![None; case.inputs.len()];
    Ok(TraceFile { backend: None, expects: vec![], shapes: vec![], notes: vec![note], runs, case })
}

/// The files among the paths, and the `.trace` files and packed cases below them, in the order of the paths, sorted within each. The folder of a
/// hunt stands for its findings: a guided one has the cases of its corpus, too.
///
/// # Errors
/// When a path is not there or can't be read.
pub fn collect_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CampaignError> {
    let mut files = Vec::new();
    for path in paths {
        let meta = fs::metadata(path).map_err(io_error("read", path))?;
        match meta.is_dir() {
            true if path.join(STATE).is_file() => walk_findings(path, &mut files)?,
            true => walk(path, &mut files)?,
            false => files.push(path.clone()),
        }
    }
    Ok(files)
}

/// A hunt that has found nothing has no folder of findings.
fn walk_findings(hunt: &Path, files: &mut Vec<PathBuf>) -> Result<(), CampaignError> {
    let findings = hunt.join(FINDINGS);
    if findings.is_dir() { walk(&findings, files) } else { Ok(()) }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CampaignError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(io_error("read", folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(io_error("read", &path))?;
        // Links to folders are not followed: they may lead in a circle.
        if kind.is_dir() {
            walk(&path, files)?;
        } else if is_text(&path) || holds_packed(&path).map_err(io_error("read", &path))? {
            files.push(path);
        }
    }
    Ok(())
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "trace")
}

/// Whether a file starts as a packed case does.
fn holds_packed(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(is_packed(&start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Knobs, case_from_seed};
    use crate::pack::pack;

    #[test]
    fn files_are_found_in_the_order_of_their_names() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["b/2.trace", "b/1.trace", "a.trace", "c.txt", "other.txt"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("below dir")).expect("writable");
            fs::write(path, "").expect("writable");
        }
        fs::write(dir.path().join("b/packed"), pack(&case_from_seed(1, 0, &Knobs::default()))).expect("writable");
        let found = collect_files(&[dir.path().join("c.txt"), dir.path().to_owned()]).expect("readable");
        let names: Vec<_> =
            found.iter().map(|p| p.strip_prefix(dir.path()).expect("below dir").display().to_string()).collect();
        assert_eq!(names, ["c.txt", "a.trace", "b/1.trace", "b/2.trace", "b/packed"]);
        assert!(collect_files(&[dir.path().join("none")]).is_err());
    }

    #[test]
    fn a_hunts_folder_stands_for_its_findings() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("below dir")).expect("writable");
            fs::write(&path, "").expect("writable");
            path
        };
        let (found, kept) = (file("findings/hang/1.trace"), file("corpus/2.trace"));
        let collected = || collect_files(&[dir.path().to_owned()]).expect("readable");
        assert_eq!(collected(), [kept.clone(), found.clone()]);
        file(STATE);
        assert_eq!(collected(), [found]);
        assert_eq!(collect_files(&[dir.path().join("corpus")]).expect("readable"), [kept]);
    }

    #[test]
    fn a_trace_file_that_is_no_text_is_an_error() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("binary.trace");
        fs::write(&path, [0xff, 0xfe, 0x00]).expect("writable");
        assert!(matches!(read_text(&path), Err(CaseFileError::NoText)));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_file_of_libfuzzers() {
        assert!(as_text(b"; tracehound 1\n").is_some());
        assert!(as_text(&[0, 1, 2]).is_none() && as_text(&[0xff]).is_none());
        let case = case_from_seed(1, 7, &Knobs::default());
        let file = file_of_bytes("crash-1", &pack(&case)).expect("a case");
        assert!(file.case == case && file.notes[0].starts_with("unpacked from the "), "{:?}", file.notes);
        let file = file_of_bytes("crash-2", &[0, 1, 2]).expect("a case");
        assert!(file.notes[0].starts_with("made of the 3 bytes of crash-2"), "{:?}", file.notes);
        let half = file_of_bytes("crash-3", &pack(&case)[..50]).expect_err("half a case").to_string();
        assert_eq!(half, "the packed case ends in the middle");
    }
}
