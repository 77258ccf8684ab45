//! `tracehound blame`: which statements of the backend a finding comes from.

use super::backends::ensure;
use super::options::{BackendArgs, CaseArgs, WorkerArgs, cases_of};
use super::replay::read_trace;
use super::run::backend_of;
use super::{Context, End};
use crate::blame::{self, Blame};
use crate::campaign::{self, Blamed, Blamer, DEFAULT_DEADLINE, Plan, Workers, recording};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    workers: WorkerArgs,
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
    backend: String,
    result: &'static str,
    /// The key that findings of the same cause share.
    bucket: Option<String>,
    blame: Option<Box<Blame>>,
    reason: Option<String>,
}

pub(super) fn blame(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (text, file) = read_trace(&args.file)?;
    let (backend, variant) = backend_of(&args.backend, &file)?;
    let variant = recording(&variant);
    ensure(context, &campaign::spec(&backend, variant)?)?;
    let plan = args.workers.plan(context, (backend.clone(), variant.into()))?;
    let report = match Blamer::new(plan, args.workers.workers()).blame(&text)? {
        Blamed::Error(why) => anyhow::bail!("{}: {why}", args.file.display()),
        blamed => Report::new(args.file.clone(), backend, blamed),
    };
    context.out.result(&report, || report.text())?;
    Ok(if report.blame.is_some() { End::Found } else { End::Clean })
}

/// Blames one file's finding with the usual limits, on a build that is there.
pub(super) fn one(context: &Context, text: &str, backend: &str, variant: &str) -> anyhow::Result<Blamed> {
    let (backend, variant) = (backend.to_string(), variant.to_string());
    let plan = Plan { backend, variant, cache: context.cache()?, ..cases_of(0, &CaseArgs::default())? };
    Ok(Blamer::new(plan, Workers { jobs: 1, deadline: DEFAULT_DEADLINE }).blame(text)?)
}

impl Report {
    fn new(file: PathBuf, backend: String, blamed: Blamed) -> Report {
        let (result, blame, reason) = match blamed {
            Blamed::Blame(blame) => ("blamed", Some(blame), None),
            Blamed::Agree => ("agree", None, Some("the build that records does what the trace says".to_string())),
            Blamed::Skip(reason) | Blamed::Error(reason) => ("skipped", None, Some(reason)),
        };
        let bucket = blame.as_deref().map(blame::bucket);
        Report { file, backend, result, bucket, blame, reason }
    }

    fn text(&self) -> String {
        let head = format!("{} on {}", self.file.display(), self.backend);
        match (&self.blame, &self.bucket) {
            (Some(blame), Some(bucket)) => {
                let at = blame.at.map_or(String::new(), |at| format!(" at {:04}", at.0));
                let op = blame.op.as_ref().map_or(String::new(), |op| format!(" {op}"));
                format!("{head}: {}{at}{op}\nbucket       {bucket}\n{}\n", blame.class, blame::lines(blame).join("\n"))
            }
            _ => format!("{head}: {} ({})\n", self.result, self.reason.as_deref().unwrap_or_default()),
        }
    }
}
