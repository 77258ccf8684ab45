//! `tracehound triage`: findings by cause, each with its smallest case and whom it is blamed on.

use super::backends::ensure;
use super::options::{BackendArgs, WorkerArgs, duration};
use super::{Context, End, interrupt};
use crate::blame;
use crate::campaign::{self, Cause, KnownBug, KnownBugs, Odd, Sorted, Suspect, Triage, write_whole};
use crate::case::Case;
use crate::minimize::Watch;
use anyhow::Context as _;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of hunts, other folders with .trace files, or files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    /// TOML file of bugs that are known: told in a line each, and no finding any more
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Folder for the smallest case of each cause, BUCKET.trace
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Longest time for making one case small
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s", hide_default_value = false)]
    time: Duration,
}

/// A cause as it is told.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    cause: Cause,
    /// The file of its smallest case.
    case: Option<String>,
    known: Option<KnownBug>,
}

/// All that is told.
#[derive(Serialize)]
struct Report {
    files: usize,
    causes: Vec<Row>,
    flaky: Vec<Odd>,
    gone: Vec<Odd>,
    broken: Vec<Odd>,
}

pub(super) fn triage(context: &Context, args: &Args) -> anyhow::Result<End> {
    let known = read_known(args.known.as_deref())?;
    let suspects = suspects(&args.paths)?;
    let plan = args.workers.plan(context, args.backend.names()?)?;
    let workers = args.workers.workers();
    let stop = interrupt::stop_flag()?;
    let triage = Triage::new(&plan, args.backend.is_given(), &workers, stop)?;
    for spec in triage.builds(&suspects)? {
        ensure(context, &spec)?;
    }
    let say = |text: &str| {
        if !context.quiet {
            eprintln!("{text}");
        }
    };
    say(&format!("judging and blaming {} files", suspects.len()));
    let watch = |bucket: &str| {
        say(&format!("making {bucket} small"));
        Clock { start: Instant::now(), limit: args.time, stop }
    };
    let sorted = triage.run(&suspects, watch, || {})?;
    let report = report(suspects.len(), sorted, &known, args.out.as_deref())?;
    context.out.result(&report, || report.text())?;
    Ok(report.end(stop.load(Ordering::Relaxed)))
}

/// Ends a search when its time is up.
struct Clock<'a> {
    start: Instant,
    limit: Duration,
    stop: &'a AtomicBool,
}

impl Watch for Clock<'_> {
    fn goes_on(&self) -> bool {
        self.start.elapsed() < self.limit && !self.stop.load(Ordering::Relaxed)
    }

    fn sees(&self, _: u64, _: &Case) {}
}

fn read_known(path: Option<&Path>) -> anyhow::Result<KnownBugs> {
    let Some(path) = path else { return Ok(KnownBugs::default()) };
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    KnownBugs::parse(&text).with_context(|| format!("reading {}", path.display()))
}

fn suspects(paths: &[PathBuf]) -> anyhow::Result<Vec<Suspect>> {
    let files = campaign::collect_files(paths)?;
    if files.is_empty() {
        anyhow::bail!(
            "no .trace file in {}",
            paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    let read = |path: PathBuf| {
        let text = campaign::read_text(&path).with_context(|| path.display().to_string())?;
        Ok(Suspect { path: path.display().to_string(), text })
    };
    files.into_iter().map(read).collect()
}

fn report(files: usize, sorted: Sorted, known: &KnownBugs, out: Option<&Path>) -> anyhow::Result<Report> {
    let Sorted { causes, flaky, gone, broken } = sorted;
    let mut rows = vec![];
    for cause in causes {
        let known = known.find(&cause.bucket, &cause.backend).cloned();
        let case = out.map(|out| write(out, &cause)).transpose()?;
        rows.push(Row { cause, case, known });
    }
    // The commonest first.
    rows.sort_by_key(|row| (row.known.is_some(), std::cmp::Reverse(row.cause.files.len())));
    Ok(Report { files, causes: rows, flaky, gone, broken })
}

fn write(out: &Path, cause: &Cause) -> anyhow::Result<String> {
    let backend: String =
        cause.backend.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let folder = out.join(backend);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(format!("{}.trace", cause.bucket));
    write_whole(&path, cause.text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path.display().to_string())
}

impl Report {
    fn end(&self, stopped: bool) -> End {
        if stopped {
            return End::Interrupted;
        }
        match (self.broken.is_empty(), self.causes.iter().any(|row| row.known.is_none()) || !self.flaky.is_empty()) {
            (false, _) => End::Failed,
            (true, true) => End::Found,
            (true, false) => End::Clean,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{} files, {} causes\n", self.files, self.causes.len());
        for row in &self.causes {
            text += &row.text();
        }
        for (what, odd) in [("flaky", &self.flaky), ("no finding", &self.gone), ("broken", &self.broken)] {
            for odd in odd {
                text += &format!("{what:<11} {}: {}\n", odd.path, odd.why);
            }
        }
        text
    }
}

impl Row {
    fn text(&self) -> String {
        let cause = &self.cause;
        let head = format!("\n{} on {}\n", cause.bucket, cause.backend);
        if let Some(known) = &self.known {
            let link = known.link.as_ref().map_or(String::new(), |link| format!(" ({link})"));
            return head + &format!("known       {} files: {}{link}\n", cause.files.len(), known.reason);
        }
        let classes: Vec<String> = cause.classes.iter().map(|(class, n)| format!("{n} {class}")).collect();
        let mut text = head + &format!("files       {}\n", classes.join(", "));
        let case = self.case.as_deref().unwrap_or(&cause.files[0]);
        text += &format!("smallest    {case}: {} instructions\n", cause.instructions);
        if let Some(why) = &cause.not_minimised {
            text += &format!("not small   {why}\n");
        }
        for line in cause.blame.iter().flat_map(blame::lines) {
            text += &format!("{line}\n");
        }
        text
    }
}
