//! Cases through the pipeline, for as long as the process lives.
//!
//! What libFuzzer's users set is in the environment: `TRACEHOUND_BACKEND`, `TRACEHOUND_CACHE`, `TRACEHOUND_FINDINGS`, `TRACEHOUND_KEEP_GOING`.

use super::{Findings, FuzzCase, case_of_bytes};
use crate::backend::store;
use crate::campaign::guided::tell_libfuzzer;
use crate::campaign::{cache_folder, pieces};
use crate::case::Case;
use crate::oracle::{Finding, Oracle, OracleError, Verdict};
use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Judges a case by the whole pipeline.
///
/// # Panics
/// On a finding of a new bucket, and when the pipeline itself fails.
pub fn fuzz_luajit(case: &FuzzCase) {
    in_session("luajit", case, |oracle, case| Ok(oracle.judge(case)?.verdict));
}

/// Compiles a case by a build with LuaJIT's own assertions, and verifies the code without running it.
///
/// # Panics
/// On a finding of a new bucket, and when the pipeline itself fails.
pub fn fuzz_asserts(case: &FuzzCase) {
    in_session("luajit/assert", case, Oracle::judge_code);
}

fn in_session(default: &str, case: &FuzzCase, judge: impl Fn(&mut Oracle, &Case) -> Result<Verdict, OracleError>) {
    thread_local! {
        static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
    }
    SESSION.with_borrow_mut(|session| {
        let session = session.get_or_insert_with(|| Session::open(default, &judge));
        let verdict = judge(&mut session.oracle, &case.0).expect("the pipeline judges every legal case");
        tell_libfuzzer(&mut session.oracle, &case.0);
        if let Verdict::Finding(found) = verdict {
            session.found(&case.0, &found);
        }
    });
}

/// A backend, its machine, and which findings count.
struct Session {
    oracle: Oracle,
    counts: Counts,
}

/// Which findings end the process.
enum Counts {
    /// Those of a new bucket, or none.
    New { findings: Findings, keep_going: bool },
    /// Those of this bucket: that of the file which libFuzzer runs or minimises.
    Bucket(String),
    /// All: libFuzzer has a file that shows none by itself.
    All,
}

impl Session {
    fn open(default: &str, judge: &impl Fn(&mut Oracle, &Case) -> Result<Verdict, OracleError>) -> Session {
        let name = env::var("TRACEHOUND_BACKEND").unwrap_or_else(|_| default.into());
        let mut oracle = open(&name).unwrap_or_else(|e| panic!("{name}: {e}"));
        let counts = match given_file(env::args().skip(1)) {
            None => Counts::new(&oracle),
            Some(file) => case_in(&file).map_or(Counts::All, |case| match judge(&mut oracle, &case) {
                Ok(Verdict::Finding(finding)) => Counts::Bucket(finding.key()),
                _ => Counts::All,
            }),
        };
        Session { oracle, counts }
    }

    /// A finding of a known bucket is counted, and said now and then; one of a new bucket ends the process.
    fn found(&mut self, case: &Case, finding: &Finding) {
        let (key, detail) = (finding.key(), finding.detail.join("\n"));
        let (findings, keep_going) = match &mut self.counts {
            Counts::New { findings, keep_going } => (findings, *keep_going),
            Counts::Bucket(wanted) if *wanted != key => return,
            Counts::Bucket(_) | Counts::All => panic!("finding {key}\n{detail}"),
        };
        let text = || pieces::record_text(self.oracle.id(), case, finding);
        let new = findings.note(&key, text).unwrap_or_else(|e| panic!("a finding is lost: {e}"));
        let seen = findings.seen(&key);
        match new {
            Some(file) if keep_going => eprintln!("NEW FINDING {key}: {}", file.display()),
            Some(file) => panic!("new finding {key}: {}\n{detail}", file.display()),
            None if seen.is_power_of_two() => eprintln!("known finding {key}: seen {seen} times"),
            None => {}
        }
    }
}

impl Counts {
    fn new(oracle: &Oracle) -> Counts {
        let folder = env::var_os("TRACEHOUND_FINDINGS").unwrap_or_else(|| "fuzz/artifacts/findings".into());
        let on = |folder: &Path| Findings::on(&pieces::expect_name(oracle.id()), folder);
        let ours = on(Path::new(&folder));
        let findings = match known_folder() {
            Some(known) => ours.knowing(on(&known)),
            None => ours,
        };
        let asked = env::var_os("TRACEHOUND_KEEP_GOING").is_some_and(|value| value != "0");
        Counts::New { findings, keep_going: asked || is_merging(env::args().skip(1)) }
    }
}

/// The findings that came with the program: beside `luajit`, in `luajit_findings`. Farms send a target out with them.
fn known_folder() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let name = format!("{}_findings", program.file_name()?.to_str()?);
    Some(program.with_file_name(name))
}

/// The input that libFuzzer's arguments name, if it is not folders of them.
fn given_file(mut args: impl Iterator<Item = String>) -> Option<PathBuf> {
    args.find(|arg| !arg.starts_with('-') && Path::new(arg).is_file()).map(PathBuf::from)
}

fn case_in(file: &Path) -> Option<Case> {
    case_of_bytes(&fs::read(file).ok()?)
}

/// Whether libFuzzer makes a corpus smaller: it would leave out a case that ends the process.
fn is_merging(mut args: impl Iterator<Item = String>) -> bool {
    args.any(|arg| arg.starts_with("-merge") || arg.starts_with("-set_cover_merge"))
}

/// Opens a backend, after building it if it is not there.
fn open(name: &str) -> anyhow::Result<Oracle> {
    let (spec, cache) = (pieces::spec(name, "plain")?, cache_folder()?);
    store::add(&spec, &cache, false)?;
    Ok(Oracle::new(store::open(&spec, &cache)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_flags_and_folders() {
        let given = |args: &[&str]| given_file(args.iter().map(ToString::to_string));
        assert_eq!(given(&["-minimize_crash=1", "Cargo.toml"]), Some("Cargo.toml".into()));
        assert_eq!(given(&["-runs=4", "src", "no-such-file"]), None);
    }

    #[test]
    fn merging_is_told_from_fuzzing() {
        let merging = |args: &[&str]| is_merging(args.iter().map(ToString::to_string));
        assert!(merging(&["-merge=1", "to", "from"]) && merging(&["-merge_inner=1", "-merge_control_file=f"]));
        assert!(!merging(&["-fork=2", "corpus"]));
    }
}
