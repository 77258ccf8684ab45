//! Cases that were judged again, put together to a report: one dossier a bucket, its smallest case first.

use super::dossier::{Dossier, Evidence, OtherCase, shell_word};
use super::findings::{HuntPart, Other, OtherResult, Report};
use super::hunt::HuntReport;
use super::text::emit_option;
use crate::blame::{self, Blame};
use crate::explain::{Conclusion, Sheet};
use crate::tally::{HuntId, Tally};
use std::collections::BTreeMap;

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
    /// What hunts count it as, if it is a finding.
    pub key: Option<String>,
    /// All that was seen.
    pub sheet: Sheet,
    /// Who is to be blamed, if that is known: it decides which findings are the same bug.
    pub blame: Option<Blame>,
}

/// A case that is a finding.
struct Found {
    path: String,
    text: String,
    hunt: Option<usize>,
    key: String,
    sheet: Sheet,
    blame: Option<Blame>,
}

/// A backend's name and a bucket.
type BucketKey = (String, String);
type Buckets = BTreeMap<BucketKey, Vec<Found>>;

/// The report of these cases. `builtin` is the name of the backend that needs no building.
pub fn gather(hunts: &[Source], cases: Vec<Judged>, builtin: &str) -> Report {
    let mut buckets = Buckets::new();
    let mut others = vec![];
    for case in cases {
        let Judged { path, text, hunt, seen } = case;
        match seen {
            Ok(Seen { key: Some(key), sheet, blame }) => {
                let bucket = blame.as_ref().map_or_else(|| key.clone(), blame::bucket);
                let found = Found { path, text, hunt, key, sheet, blame };
                buckets.entry((found.sheet.backend.selector(), bucket)).or_default().push(found);
            }
            Ok(Seen { key: None, sheet, .. }) => others.push(no_finding(path, &sheet)),
            Err(reason) => others.push(Other { path, result: OtherResult::Broken, reason }),
        }
    }
    let counts = counts(hunts, &buckets);
    let count = |key: &BucketKey| counts.get(key).copied().unwrap_or(0);
    let findings = buckets.into_iter().map(|(key, found)| dossier(hunts, count(&key), key.1, found, builtin)).collect();
    let part = |s: &Source| HuntPart { folder: s.folder.clone(), report: HuntReport::new(&s.id, &s.tally) };
    Report::new(hunts.iter().map(part).collect(), findings, others)
}

fn no_finding(path: String, sheet: &Sheet) -> Other {
    match &sheet.verdict {
        Conclusion::Skip { reason } => Other { path, result: OtherResult::Skipped, reason: reason.clone() },
        _ => Other { path, result: OtherResult::Agrees, reason: format!("on {}", sheet.backend.selector()) },
    }
}

fn dossier(hunts: &[Source], count: u64, bucket: String, mut found: Vec<Found>, builtin: &str) -> Dossier {
    let size = |f: &Found| (f.sheet.written, words(&f.sheet), f.path.clone());
    found.sort_by_cached_key(size);
    let others = found[1..].iter().map(|f| OtherCase { path: f.path.clone(), instructions: f.sheet.written }).collect();
    let Found { path, text, hunt, sheet, blame, .. } = found.swap_remove(0);
    let generated_by = hunt.and_then(|n| command(&hunts[n], &path));
    let builtin = sheet.backend.selector() == builtin;
    let dossier = Dossier::new(Evidence { bucket, path, text, sheet, count, others, generated_by, builtin });
    match &blame {
        Some(blame) => dossier.blaming(blame.into()),
        None => dossier,
    }
}

fn words(sheet: &Sheet) -> usize {
    sheet.traces.iter().filter_map(|t| t.code.as_ref()).map(|code| code.words.len()).sum()
}

/// How many findings each bucket has: as many as its hunts have counted, where they counted them on its backend, else as many as there are
/// files. What a hunt counts by one key may belong to several buckets; those that left no file go to the bucket with most of the files.
fn counts(hunts: &[Source], buckets: &Buckets) -> BTreeMap<BucketKey, u64> {
    let mut files: BTreeMap<(Option<usize>, &str), BTreeMap<&BucketKey, u64>> = BTreeMap::new();
    for (bucket, found) in buckets {
        for f in found {
            *files.entry((f.hunt, &f.key)).or_default().entry(bucket).or_default() += 1;
        }
    }
    let mut counts = BTreeMap::new();
    for ((hunt, key), in_buckets) in files {
        let counted = |backend: &str| {
            let source = hunt.map(|n| &hunts[n]).filter(|h| h.id.backend.selector() == backend)?;
            source.tally.buckets.get(key).map(|b| b.count)
        };
        let kept: u64 = in_buckets.values().sum();
        let most = in_buckets.iter().max_by_key(|(bucket, n)| (**n, std::cmp::Reverse(**bucket))).map(|(b, _)| *b);
        for (bucket, n) in in_buckets {
            let rest = counted(&bucket.0).filter(|_| Some(bucket) == most).map_or(0, |all| all.saturating_sub(kept));
            *counts.entry(bucket.clone()).or_default() += n + rest;
        }
    }
    counts
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
