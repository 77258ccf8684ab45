//! A report of findings: what hunts and files came to, one dossier a bucket.

use super::dossier::Dossier;
use super::hunt::HuntReport;
use serde::Serialize;

/// What `schema` says in JSON.
pub const SCHEMA: &str = "tracehound-report";
/// The version of the schema: see `docs/report-schema.md` for what changes it.
pub const SCHEMA_VERSION: u32 = 1;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Always [`SCHEMA_VERSION`].
    pub version: u32,
    /// Version of tracehound.
    pub tracehound: &'static str,
    /// Hunts that the findings are from.
    pub hunts: Vec<HuntPart>,
    /// The findings, by backend and bucket.
    pub findings: Vec<Dossier>,
    /// Cases that are no findings now.
    pub others: Vec<Other>,
}

/// A hunt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HuntPart {
    /// Its folder, as the user named it.
    pub folder: String,
    /// What it came to.
    pub report: HuntReport,
}

/// A case that is no finding now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Where it is, as the user named it.
    pub path: String,
    /// What it is instead.
    pub result: OtherResult,
    /// More, in words.
    pub reason: String,
}

/// What a case is that is no finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OtherResult {
    /// The code did what the trace says.
    Agrees,
    /// It could not be judged by the pipeline.
    Skipped,
    /// It could not be judged at all: a malformed file, a missing backend, a failure of tracehound itself.
    Broken,
}

impl OtherResult {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            OtherResult::Agrees => "agrees",
            OtherResult::Skipped => "skipped",
            OtherResult::Broken => "broken",
        }
    }
}

impl Report {
    /// A report of these parts; findings are put in order.
    pub fn new(hunts: Vec<HuntPart>, mut findings: Vec<Dossier>, others: Vec<Other>) -> Report {
        findings.sort_by(|a, b| (&a.backend.name, &a.id).cmp(&(&b.backend.name, &b.id)));
        make_unique(&mut findings);
        let tracehound = env!("CARGO_PKG_VERSION");
        Report { schema: SCHEMA, version: SCHEMA_VERSION, tracehound, hunts, findings, others }
    }

    /// How many cases could not be judged at all.
    pub fn broken(&self) -> usize {
        self.others.iter().filter(|o| o.result == OtherResult::Broken).count()
    }

    /// Sightings of all findings.
    pub fn sightings(&self) -> u64 {
        self.findings.iter().map(|d| d.count).sum()
    }

    /// `3 findings in 2 buckets` and what else there is.
    pub fn summary(&self) -> String {
        let plural = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let buckets = plural(self.findings.len() as u64, "bucket", "buckets");
        let mut parts = vec![format!("{} in {buckets}", plural(self.sightings(), "finding", "findings"))];
        for result in [OtherResult::Agrees, OtherResult::Skipped, OtherResult::Broken] {
            let n = self.others.iter().filter(|o| o.result == result).count();
            parts.extend((n > 0).then(|| format!("{n} {}", result.name())));
        }
        parts.join(", ")
    }
}

/// Different buckets may give the same word for a file name.
fn make_unique(findings: &mut [Dossier]) {
    for i in 1..findings.len() {
        let mut n = 2;
        let base = findings[i].id.clone();
        while findings[..i].iter().any(|d| d.id.eq_ignore_ascii_case(&findings[i].id)) {
            findings[i].id = format!("{base}-{n}");
            n += 1;
        }
    }
}
