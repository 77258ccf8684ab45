//! `tracehound bisect`: the version of the backend where a case began to fail, or stopped.

use super::backends::lock;
use super::options::WorkerArgs;
use super::replay::read_trace;
use super::{Context, End, interrupt};
use crate::backend::history::{self, Version};
use crate::backend::store;
use crate::bisect::{Border, Search, SearchError, State, limit};
use crate::campaign::{self, Plan, Step, Versions, VersionsError, Workers};
use crate::text::{ExpectedVerdict, TraceFile};
use anyhow::Context as _;
use luajit_arm64_sys::Variant;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The .trace file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Search the releases of the luajit-src crate: all of them, or those between --good and --bad
    #[arg(long, required_unless_present = "git", conflicts_with = "git")]
    releases: bool,
    /// Search the commits of a LuaJIT checkout between --good and --bad, by first parents; its working tree is not touched
    #[arg(long, value_name = "PATH", requires_all = ["good", "bad"])]
    git: Option<PathBuf>,
    /// A version that passes: 210.4.8, or a commit. With --bad alone it is the newest release
    #[arg(long, value_name = "VERSION")]
    good: Option<String>,
    /// A version that fails: 210.4.6, or a commit. With --good alone it is the newest release
    #[arg(long, value_name = "VERSION")]
    bad: Option<String>,
    /// Build of each version: plain, assert, random-ra [default: what the file expects the finding on, else plain]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    #[command(flatten)]
    workers: WorkerArgs,
}

pub(super) fn bisect(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (text, file) = read_trace(&args.file)?;
    let plan = args.workers.plan(context, ("luajit".into(), variant(args, &file)?.name().into()))?;
    let _lock = lock(&plan.cache, context.quiet)?;
    // Builds are known by where they are.
    let cache = std::fs::canonicalize(&plan.cache).with_context(|| format!("cannot read {}", plan.cache.display()))?;
    let plan = Plan { cache, ..plan };
    let (workers, range) = (args.workers.workers(), range(args, &file, &plan)?);
    let report = search(context, args, (&text, &file), (&plan, &workers), &range)?;
    context.out.result(&report, || report.text())?;
    Ok(End::Clean)
}

/// The variant that was asked for, else that of the backend that the file expects a finding on.
fn variant(args: &Args, file: &TraceFile) -> anyhow::Result<Variant> {
    let named = file.expects.iter().find(|e| e.verdict != ExpectedVerdict::Agree).and_then(|e| e.backend.as_deref());
    let variant = args.variant.as_deref().unwrap_or("plain");
    let name = if args.variant.is_some() { "luajit" } else { named.unwrap_or("luajit") };
    Ok(campaign::spec(name, variant)?.variant)
}

/// Versions in the order of their age, and where the search starts.
struct Range {
    versions: Vec<Version>,
    ends: (usize, usize),
    /// The older end is one that the file says fails: older ones may tell more.
    from_file: bool,
}

fn range(args: &Args, file: &TraceFile, plan: &Plan) -> anyhow::Result<Range> {
    let variant = campaign::spec("luajit", &plan.variant)?.variant;
    if let (Some(repo), Some(good), Some(bad)) = (&args.git, &args.good, &args.bad) {
        let versions = history::commits(repo, [good, bad], variant, &plan.cache)?;
        let ends = (0, versions.len() - 1);
        return Ok(Range { versions, ends, from_file: false });
    }
    let versions = history::releases(variant, &plan.cache)?;
    let find = |name: &Option<String>| name.as_deref().map(|name| history::find_release(&versions, name)).transpose();
    let newest = versions.len() - 1;
    let named = (find(&args.good)?, find(&args.bad)?);
    let failing = || {
        file.expects
            .iter()
            .filter(|e| e.verdict != ExpectedVerdict::Agree)
            .filter_map(|e| position(&versions, e.backend.as_deref()?))
            .max()
    };
    let (ends, from_file) = match named {
        (None, None) => failing().map_or(((0, newest), false), |at| ((at.min(newest), newest), true)),
        (Some(one), None) | (None, Some(one)) => ((one, newest), false),
        (Some(a), Some(b)) => ((a.min(b), a.max(b)), false),
    };
    Ok(Range { versions, ends, from_file })
}

fn position(versions: &[Version], backend: &str) -> Option<usize> {
    history::find_release(versions, backend.split('/').next()?).ok()
}

fn search(
    context: &Context,
    args: &Args,
    (text, file): (&str, &TraceFile),
    (plan, workers): (&Plan, &Workers),
    range: &Range,
) -> anyhow::Result<Report> {
    let class = file.expects.iter().find_map(|e| match e.verdict {
        ExpectedVerdict::Finding(class) => Some(class.name().to_string()),
        ExpectedVerdict::Agree => None,
    });
    let mut versions = Versions {
        all: &range.versions,
        repo: args.git.clone(),
        text,
        plan,
        workers,
        stop: interrupt::stop_flag()?,
        class,
        steps: vec![],
    };
    let mut search = Search::new(range.versions.len(), versions.at_once(), |at: usize| {
        store::is_built(&range.versions[at].spec, &plan.cache)
    });
    let mut probe = |asked: &[usize]| {
        if !context.quiet {
            announce(asked, range, plan);
        }
        let known = versions.steps.len();
        let states = versions.probe(asked)?;
        if !context.quiet {
            let steps = versions.steps[known..].iter().zip(&states);
            steps.for_each(|(step, state)| eprintln!("{}", line(step, *state, range)));
        }
        Ok(states)
    };
    let border = border(&mut search, range, &mut probe)?;
    Ok(Report::new(args, range, &versions, &border))
}

/// What is built next: it takes a while.
fn announce(asked: &[usize], range: &Range, plan: &Plan) {
    let missing = asked.iter().filter(|at| !store::is_built(&range.versions[**at].spec, &plan.cache));
    let names: Vec<_> = missing.map(|at| range.versions[*at].name.as_str()).collect();
    if !names.is_empty() {
        eprintln!("building {}", names.join(" and "));
    }
}

fn line(step: &Step, state: State, range: &Range) -> String {
    let version = &range.versions[step.at];
    let how = if step.built { "built" } else { "was built" };
    format!("{:7} {} ({}): {}, {how}", state.name(), version.name, version.about, step.found.words())
}

/// The border between the ends. Where the older one is only what the file names, and tells no difference, the oldest of all is asked.
fn border<F: Fn(usize) -> bool>(
    search: &mut Search<F>,
    range: &Range,
    probe: &mut impl FnMut(&[usize]) -> Result<Vec<State>, VersionsError>,
) -> anyhow::Result<Border> {
    let found = match search.run(range.ends, probe) {
        Err(SearchError::Same { .. } | SearchError::Unjudged) if range.from_file => {
            search.run((0, range.ends.1), probe)
        }
        found => found,
    };
    found.map_err(|e| explained(e, range))
}

fn explained(error: SearchError<VersionsError>, range: &Range) -> anyhow::Error {
    let name = |at: usize| range.versions[at].name.as_str();
    match error {
        SearchError::Same { old, new, state } => {
            let (wanted, option) = if state == State::Fails { ("passes", "good") } else { ("fails", "bad") };
            let (first, last) = (name(old), name(new));
            anyhow::anyhow!(
                "the case {} on both {first} and {last}: name a version that {wanted} with --{option}",
                state.name()
            )
        }
        SearchError::Unjudged => anyhow::anyhow!(
            "no two versions from {} to {} can be built and judge the case: see the reasons above",
            name(range.ends.0),
            name(range.ends.1)
        ),
        SearchError::Probe(error) => error.into(),
    }
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
    /// The class of the finding.
    class: String,
    border: BorderRow,
    /// Versions between the ends, and the ends.
    versions: usize,
    builds: usize,
    /// Builds that so many versions may take.
    limit: usize,
    steps: Vec<StepRow>,
}

#[derive(Serialize)]
struct BorderRow {
    /// `fixed` or `introduced`.
    kind: &'static str,
    last: VersionRow,
    first: VersionRow,
    /// Between the two, and can't be judged.
    unknown: Vec<VersionRow>,
}

#[derive(Serialize)]
struct VersionRow {
    name: String,
    about: String,
}

#[derive(Serialize)]
struct StepRow {
    version: VersionRow,
    state: &'static str,
    found: String,
    built: bool,
}

impl Report {
    fn new(args: &Args, range: &Range, versions: &Versions, border: &Border) -> Report {
        let oldest = versions.steps.iter().map(|step| step.at).min().unwrap_or(range.ends.0);
        let all = range.ends.1 + 1 - oldest;
        let row =
            |at: usize| VersionRow { name: range.versions[at].name.clone(), about: range.versions[at].about.clone() };
        let border = BorderRow {
            kind: if border.old_state == State::Fails { "fixed" } else { "introduced" },
            last: row(border.old),
            first: row(border.new),
            unknown: border.unknown.iter().map(|at| row(*at)).collect(),
        };
        let step = |step: &Step| StepRow {
            version: row(step.at),
            state: versions.state(&step.found).name(),
            found: step.found.words(),
            built: step.built,
        };
        Report {
            file: args.file.clone(),
            class: versions.class.clone().unwrap_or_default(),
            border,
            versions: all,
            builds: versions.builds(),
            limit: limit(all),
            steps: versions.steps.iter().map(step).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.file.display(), self.class);
        let border = &self.border;
        let (last, first) = if border.kind == "fixed" { ("bad", "good") } else { ("good", "bad") };
        text += &format!("last {last:5} {}\nfirst {first:4} {}\n", border.last.text(), border.first.text());
        for version in &border.unknown {
            text += &format!("between    {}: can't be judged\n", version.text());
        }
        let other = |step: &&StepRow| step.state == State::Unknown.name();
        for step in self.steps.iter().filter(other) {
            text += &format!("left out   {}: {}\n", step.version.name, step.found);
        }
        text + &format!("builds     {} for {} versions, {} judged\n", self.builds, self.versions, self.steps.len())
    }
}

impl VersionRow {
    fn text(&self) -> String {
        format!("{}  {}", self.name, self.about)
    }
}
