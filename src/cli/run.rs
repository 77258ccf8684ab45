//! `tracehound run`: one `.trace` file on a backend as it is, without judgement.

use super::dump::listing;
use super::options::BackendArgs;
use super::replay::read_trace;
use super::{Context, End};
use crate::backend::Refusal;
use crate::campaign;
use crate::case::Case;
use crate::oracle::{Oracle, Run};
use crate::outcome::End as RunEnd;
use crate::text::{self, TraceFile};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    backend: BackendArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (_, file) = read_trace(&args.file)?;
    let mut oracle = open(context, &args.backend, &file)?;
    let runs = runs(&mut oracle, &file.case)?;
    let id = oracle.id().clone();
    let dump = Dump {
        code: code(&mut oracle, &file.case)?,
        backend: id.name,
        variant: id.variant,
        faults: faults(&runs),
        trace: observed(file, &runs),
    };
    context.out.result(&dump, || dump.text())?;
    Ok(End::Clean)
}

/// Opens a backend in this very process: nothing stands between a crash of it and us. Without a name it is the one that the file
/// expects a finding on.
pub(super) fn open(context: &Context, args: &BackendArgs, file: &TraceFile) -> anyhow::Result<Oracle> {
    let (backend, variant) = backend_of(args, file)?;
    Ok(campaign::open_oracle(&backend, &variant, &context.cache()?)?)
}

/// The name and variant of the backend that a file is about: the one that was asked for, else the one that it expects a finding on, else the
/// built-in one.
pub(super) fn backend_of(args: &BackendArgs, file: &TraceFile) -> anyhow::Result<(String, String)> {
    if args.is_given() { args.names() } else { found_on(file) }
}

fn found_on(file: &TraceFile) -> anyhow::Result<(String, String)> {
    let finding = file.expects.iter().find(|e| e.verdict != text::ExpectedVerdict::Agree);
    let name = finding.and_then(|e| e.backend.as_deref()).unwrap_or("luajit");
    let spec = campaign::spec(name, "plain")?;
    Ok((spec.to_string(), spec.variant.name().to_string()))
}

#[derive(Serialize)]
struct Dump {
    backend: String,
    variant: String,
    /// The file; its `run` lines are what the code did.
    trace: String,
    code: String,
    faults: Vec<String>,
}

impl Dump {
    fn text(&self) -> String {
        let head = format!(";; `run` lines: what the code of {} {} did\n", self.backend, self.variant);
        format!("{head}{}\n{}{}", self.trace, self.code, self.faults.concat())
    }
}

/// What the code does with each input; nothing without code.
fn runs(oracle: &mut Oracle, case: &Case) -> anyhow::Result<Vec<Option<Run>>> {
    (0..case.inputs.len()).map(|n| Ok(oracle.inspect(case, Some(n))?.observed)).collect()
}

fn observed(file: TraceFile, runs: &[Option<Run>]) -> String {
    let pairs = file.case.inputs.iter().zip(runs);
    let runs = pairs.map(|(input, run)| run.as_ref().map(|run| text::expected(&file.case, input, &run.outcome)));
    text::print(&TraceFile { runs: runs.collect(), ..file })
}

fn code(oracle: &mut Oracle, case: &Case) -> anyhow::Result<String> {
    let (_, backend) = oracle.parts();
    Ok(match backend.compile(case) {
        Ok(code) => listing(&code, &case.trace, &case.world),
        Err(Refusal::Skip(why)) => format!("---- CODE none: {why}\n"),
        Err(Refusal::Fault { class, text, .. }) => format!("---- CODE none: {}: {text}\n", class.name()),
        Err(Refusal::Broken(why)) => anyhow::bail!("backend: {why}"),
    })
}

fn faults(runs: &[Option<Run>]) -> Vec<String> {
    let mut lines = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        if let Some(RunEnd::Fault(f)) = run.as_ref().map(|run| &run.outcome.end) {
            lines.push(format!("input {}: {} at {:#x}: {}\n", n + 1, f.class.name(), f.pc, f.detail));
        }
    }
    lines
}
