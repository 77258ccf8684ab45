//! `tracehound night`: sums up a night of `scripts/nightly`.
//!
//! A night's folder is `DIR/nights/N`. It holds `hunts/NAME/summary.json` (what `hunt --json` printed), beside it `coverage.json` (what
//! `coverage --json` printed), and `triage.json`. Written beside them are `summary.md`, for GitHub's step summary, `issues/`, a text for each
//! bug that is not accepted, and `verdict.json`. What is kept of all nights is in `DIR/history.json`.

use super::{Context, End};
use crate::campaign::write_whole;
use crate::night::{self, Finding, History, HuntSigns, Triage, Verdict, Vitals, Word};
use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder that is kept from night to night
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// The night's number
    #[arg(long, value_name = "N")]
    night: u64,
}

pub(super) fn night(context: &Context, args: &Args) -> anyhow::Result<End> {
    let folder = args.state.join("nights").join(args.night.to_string());
    let hunts = hunts(&folder.join("hunts"))?;
    let triage: Triage = json(&folder.join("triage.json"))?;
    let file = args.state.join("history.json");
    let mut history = history(&file)?;
    let verdict = Verdict::new(args.night, hunts, triage, &mut history);
    write_whole(&file, history.to_text().as_bytes())?;
    write_whole(&folder.join("summary.md"), night::markdown(&verdict).as_bytes())?;
    issues(&folder.join("issues"), &verdict)?;
    // The last file: with it the night is over.
    write_whole(&folder.join("verdict.json"), &serde_json::to_vec_pretty(&verdict)?)?;
    context.out.result(&verdict, || night::text(&verdict))?;
    Ok(match (verdict.alarms.is_empty(), verdict.count(Word::New)) {
        (false, _) => End::Failed,
        (true, 0) => End::Clean,
        (true, _) => End::Found,
    })
}

/// The hunts of a night and how they were. A night without hunts is none.
fn hunts(folder: &Path) -> anyhow::Result<Vec<HuntSigns>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<_>>()?;
    names.sort();
    if names.is_empty() {
        bail!("no hunt in {}: nothing was hunted", folder.display());
    }
    names.iter().map(|name| hunt(name)).collect()
}

fn hunt(folder: &Path) -> anyhow::Result<HuntSigns> {
    let path = folder.join("summary.json");
    let (summary, coverage): (Value, Value) = (json(&path)?, json(&folder.join("coverage.json"))?);
    let word = |at: &str| summary.pointer(at).and_then(Value::as_str).map(str::to_string);
    let words = ["/hunt/backend/name", "/hunt/backend/variant", "/hunt/emit"].map(word);
    let hunt = words.into_iter().collect::<Option<Vec<_>>>().map(|words| words.join(" ").to_lowercase());
    let hunt = hunt.with_context(|| format!("{} does not say what was hunted", path.display()))?;
    let vitals = Vitals::read(&summary, &coverage).with_context(|| format!("reading {}", path.display()))?;
    Ok(HuntSigns { hunt, vitals })
}

fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

fn history(path: &Path) -> anyhow::Result<History> {
    match fs::read_to_string(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(History::default()),
        text => {
            let text = text.with_context(|| format!("reading {}", path.display()))?;
            History::parse(&text).with_context(|| format!("reading {}", path.display()))
        }
    }
}

fn issues(folder: &Path, verdict: &Verdict) -> anyhow::Result<()> {
    for (number, finding) in verdict.findings.iter().filter(|f| f.word != Word::Known).enumerate() {
        let text = night::issue(verdict.night, finding, &case_of(finding));
        write_whole(&folder.join(format!("{number:03}.md")), text.as_bytes())?;
    }
    Ok(())
}

fn case_of(finding: &Finding) -> String {
    finding.cause.case.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
}
