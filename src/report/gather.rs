//! Cases that were judged again, put together to a report: one dossier a bucket, its smallest case first.

use super::dossier::{Dossier, Evidence, OtherCase, shell_word};
use super::findings::{HuntPart, Other, OtherResult, Report};
use super::hunt::HuntReport;
use super::text::emit_option;
use crate::explain::{Conclusion, Sheet};
use crate::tally::{HuntId, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// A hunt that cases are from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its folder, as the user named it.
    pub folder: String,
    /// Which hunt.
    pub id: HuntId,
    /// What it has seen.
    pub tally: Tally,
}

/// A case that was judged again.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Where it is, as the user named it.
    pub path: String,
    /// Its file's text.
    pub text: String,
    /// The hunt that it is from, an index.
    pub hunt: Option<usize>,
    /// What came of it; or why it could not be judged.
    pub seen: Result<Seen, String>,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The bucket, if it is a finding.
    pub bucket: Option<String>,
    /// All that was seen.
    pub sheet: Sheet,
}

/// A case that is a finding.
struct Found {
    path: String,
    text: String,
    hunt: Option<usize>,
    sheet: Sheet,
}

/// The report of these cases. `builtin` is the name of the backend that needs no building.
pub fn gather(hunts: &[Source], cases: Vec<Judged>, builtin: &str) -> Report {
    let mut buckets: BTreeMap<(String, String), Vec<Found>> = BTreeMap::new();
    let mut others = vec![];
    for case in cases {
        let Judged { path, text, hunt, seen } = case;
        match seen {
            Ok(Seen { bucket: Some(bucket), sheet }) => {
                let found = Found { path, text, hunt, sheet };
                buckets.entry((found.sheet.backend.selector(), bucket)).or_default().push(found);
            }
            Ok(Seen { bucket: None, sheet }) => others.push(no_finding(path, &sheet)),
            Err(reason) => others.push(Other { path, result: OtherResult::Broken, reason }),
        }
    }
    let findings = buckets.into_iter().map(|((_, bucket), found)| dossier(hunts, bucket, found, builtin)).collect();
    let part = |s: &Source| HuntPart { folder: s.folder.clone(), report: HuntReport::new(&s.id, &s.tally) };
    Report::new(hunts.iter().map(part).collect(), findings, others)
}

fn no_finding(path: String, sheet: &Sheet) -> Other {
    match &sheet.verdict {
        Conclusion::Skip { reason } => Other { path, result: OtherResult::Skipped, reason: reason.clone() },
        _ => Other { path, result: OtherResult::Agrees, reason: format!("on {}", sheet.backend.selector()) },
    }
}

fn dossier(hunts: &[Source], bucket: String, mut found: Vec<Found>, builtin: &str) -> Dossier {
    let size = |f: &Found| (f.sheet.written, words(&f.sheet), f.path.clone());
    found.sort_by_cached_key(size);
    let count = count(hunts, &bucket, &found);
    let others = found[1..].iter().map(|f| OtherCase { path: f.path.clone(), instructions: f.sheet.written }).collect();
    let Found { path, text, hunt, sheet } = found.swap_remove(0);
    let generated_by = hunt.and_then(|n| command(&hunts[n], &path));
    let builtin = sheet.backend.selector() == builtin;
    Dossier::new(Evidence { bucket, path, text, sheet, count, others, generated_by, builtin })
}

fn words(sheet: &Sheet) -> usize {
    sheet.traces.iter().filter_map(|t| t.code.as_ref()).map(|code| code.words.len()).sum()
}

/// Findings of a bucket: as many as its hunts have counted, where they counted them on this backend, else as many as there are files.
fn count(hunts: &[Source], bucket: &str, found: &[Found]) -> u64 {
    let of_hunts: BTreeSet<Option<usize>> = found.iter().map(|f| f.hunt).collect();
    let files = |hunt| found.iter().filter(|f| f.hunt == hunt).count() as u64;
    let counted = |hunt: Option<usize>| {
        let source = &hunts[hunt?];
        let same = source.id.backend.selector() == found[0].sheet.backend.selector();
        source.tally.buckets.get(bucket).filter(|_| same).map(|b| b.count)
    };
    of_hunts.into_iter().map(|hunt| counted(hunt).unwrap_or(0).max(files(hunt))).sum()
}

/// How the hunt made the case, if the file is one that it kept.
fn command(hunt: &Source, path: &str) -> Option<String> {
    let kept = hunt.tally.buckets.values().flat_map(|b| &b.kept);
    let sighting = kept.into_iter().find(|s| path.ends_with(&format!("findings/{}", s.path())))?;
    let id = &hunt.id;
    // The allocator's seed comes with the build, which `gen` does not know.
    if id.backend.variant == "random-ra" {
        return None;
    }
    let ops = if id.ops.is_empty() { String::new() } else { format!(" --ops {}", shell_word(&id.ops.join(","))) };
    let knobs: String = id.knobs.iter().map(|knob| format!(" --knob {}", shell_word(knob))).collect();
    Some(format!("tracehound gen --seed {} --index {} {}{ops}{knobs}", id.seed, sighting.index, emit_option(id.emit)))
}
