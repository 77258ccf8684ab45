//! `tracehound report`: findings of hunts, judged again and told to those who can mend them.

use super::backends::ensure;
use super::options::{BackendArgs, WorkerArgs};
use super::output::write_out;
use super::{Context, End, interrupt};
use crate::backend::store::Spec;
use crate::blame::Blame;
use crate::campaign::{self, Exam, Examined, Examiner, read_state};
use crate::report::{self, Judged, Report, Seen, Source, gather};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of hunts, other folders with .trace files, or files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    workers: WorkerArgs,
    /// Do not ask who is to be blamed; findings are the same bug then if class, opcode and type are the same
    #[arg(long)]
    no_blame: bool,
    /// What to write [default: text, or json with --json]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// File to write, or the folder for html [default: stdout; html has none]
    #[arg(short, long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
}

/// Renderings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For scripts: docs/report-schema.md
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For issues and for GitHub's step summary
    Markdown,
    /// An index and a page for each finding
    Html,
}

pub(super) fn report(context: &Context, args: &Args) -> anyhow::Result<End> {
    let format = format(context, args)?;
    let sources = sources(&args.paths)?;
    let report = judged(context, args, sources)?;
    write(context, &report, format, args.out.as_deref())?;
    Ok(match (report.broken(), report.findings.len()) {
        (0, 0) => End::Clean,
        (0, _) => End::Found,
        _ => End::Failed,
    })
}

fn format(context: &Context, args: &Args) -> anyhow::Result<Format> {
    let format = match (args.format, context.out.json) {
        (Some(format), true) if format != Format::Json => {
            anyhow::bail!("--json and --format ask for different things: leave one out")
        }
        (Some(format), _) => format,
        (None, true) => Format::Json,
        (None, false) => Format::Text,
    };
    if format == Format::Html && args.out.is_none() {
        anyhow::bail!("--format html writes several files: name a folder with --out");
    }
    Ok(format)
}

/// What is to be judged, and where it is from.
struct Sources {
    hunts: Vec<Source>,
    files: Vec<(PathBuf, Option<usize>)>,
}

fn sources(paths: &[PathBuf]) -> anyhow::Result<Sources> {
    let mut sources = Sources { hunts: vec![], files: vec![] };
    for path in paths {
        let files = campaign::collect_files(std::slice::from_ref(path))?;
        let state = if path.is_dir() { read_state(path)? } else { None };
        let hunt = state.map(|state| Source { folder: path.display().to_string(), id: state.id, tally: state.tally });
        // A hunt may well have found nothing.
        if files.is_empty() && hunt.is_none() {
            anyhow::bail!("no .trace file in {}", path.display());
        }
        let index = hunt.as_ref().map(|_| sources.hunts.len());
        sources.hunts.extend(hunt);
        sources.files.extend(files.into_iter().map(|file| (file, index)));
    }
    let mut seen = std::collections::BTreeSet::new();
    sources.files.retain(|(file, _)| seen.insert(file.clone()));
    Ok(sources)
}

fn judged(context: &Context, args: &Args, sources: Sources) -> anyhow::Result<Report> {
    let Sources { hunts, files } = sources;
    let plan = args.workers.plan(context, args.backend.names()?)?;
    let workers = args.workers.workers();
    let stop = interrupt::stop_flag()?;
    let examiner = Examiner::new(&plan, args.backend.is_given(), &workers, stop)?;
    let read = |path: &Path| campaign::read_text(path).map_err(|e| e.to_string());
    let texts: Vec<Result<String, String>> = files.iter().map(|(path, _)| read(path)).collect();
    let readable: Vec<String> = texts.iter().filter_map(|text| text.clone().ok()).collect();
    let bar = progress(context, "judging", readable.len());
    let examined = examiner.run(&readable, || bar.inc(1))?;
    bar.finish_and_clear();
    let blames =
        if args.no_blame { vec![None; readable.len()] } else { blames(context, &examiner, &readable, &examined)? };
    let mut examined = examined.into_iter().zip(blames);
    let cases = files.into_iter().zip(texts).map(|((path, hunt), text)| {
        let seen = text.clone().and_then(|_| match examined.next() {
            Some((Examined::Seen(exam), blame)) => Ok(Seen { key: exam.key, sheet: exam.sheet, blame }),
            Some((Examined::Broken(why), _)) => Err(why),
            None => Err("not judged".into()),
        });
        Judged { path: path.display().to_string(), text: text.unwrap_or_default(), hunt, seen }
    });
    Ok(gather(&hunts, cases.collect(), &Spec::builtin().to_string()))
}

/// Who is to be blamed for each, where someone is. Builds what it takes.
fn blames(
    context: &Context,
    examiner: &Examiner,
    texts: &[String],
    examined: &[Examined],
) -> anyhow::Result<Vec<Option<Blame>>> {
    fn exam(examined: &Examined) -> Option<&Exam> {
        if let Examined::Seen(exam) = examined { Some(exam) } else { None }
    }
    let findings: Vec<(usize, (&str, &Exam))> = (0..)
        .zip(texts.iter().zip(examined))
        .filter_map(|(i, (text, examined))| Some((i, (text.as_str(), exam(examined)?))))
        .filter(|(_, (_, exam))| exam.recording().is_some())
        .collect();
    let specs: BTreeMap<(String, &str), Spec> = findings
        .iter()
        .filter_map(|(_, (_, exam))| exam.recording())
        .map(|spec| ((spec.to_string(), spec.variant.name()), spec))
        .collect();
    for spec in specs.values() {
        if let Err(e) = ensure(context, spec) {
            eprintln!("warning: nobody is blamed on {spec}: {e:#}");
        }
    }
    let bar = progress(context, "blaming", findings.len());
    let (at, asked): (Vec<usize>, Vec<_>) = findings.into_iter().unzip();
    let told = examiner.blame(&asked, || bar.inc(1))?;
    bar.finish_and_clear();
    let mut blames = vec![None; texts.len()];
    at.into_iter().zip(told).for_each(|(i, blame)| blames[i] = blame);
    Ok(blames)
}

fn progress(context: &Context, doing: &str, files: usize) -> ProgressBar {
    if context.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(&format!("{doing} {{pos}} of {{len}} cases"));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn write(context: &Context, report: &Report, format: Format, out: Option<&Path>) -> anyhow::Result<()> {
    let text = match format {
        Format::Html => return write_pages(context, report, out.unwrap_or(Path::new("."))),
        Format::Text => report::findings_text(report),
        Format::Json => report::json(report),
        Format::Sarif => report::sarif(report),
        Format::Markdown => report::markdown(report),
    };
    match out {
        None => write_out(&text),
        Some(file) => {
            campaign::write_whole(file, text.as_bytes())?;
            told(context, report, file);
            Ok(())
        }
    }
}

fn write_pages(context: &Context, report: &Report, folder: &Path) -> anyhow::Result<()> {
    if folder.is_file() {
        anyhow::bail!("{} is a file: name a folder for the pages with --out", folder.display());
    }
    for page in report::pages(report) {
        campaign::write_whole(&folder.join(&page.name), page.text.as_bytes()).context("writing the report")?;
    }
    told(context, report, &folder.join(report::INDEX));
    Ok(())
}

fn told(context: &Context, report: &Report, file: &Path) {
    if !context.quiet {
        eprintln!("{}: {}", file.display(), report.summary());
    }
}
