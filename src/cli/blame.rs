//! `tracehound blame`: which statements of the backend a finding comes from.

use super::backends::ensure;
use super::options::{BackendArgs, WorkerArgs};
use super::replay::read_trace;
use super::run::backend_of;
use super::{Context, End};
use crate::blame::{self, Blame};
use crate::campaign::{self, Blamed, Blamer};
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
    let report = match report(context, args, &text, &backend, recording(&variant))? {
        Blamed::Error(why) => anyhow::bail!("{}: {why}", args.file.display()),
        blamed => Report::new(args.file.clone(), backend, blamed),
    };
    context.out.result(&report, || report.text())?;
    Ok(if report.blame.is_some() { End::Found } else { End::Clean })
}

/// The variant to ask. Assertions name their own place, and only their variant has them.
fn recording(variant: &str) -> &str {
    if variant == "assert" { variant } else { "blame" }
}

fn report(context: &Context, args: &Args, text: &str, backend: &str, variant: &str) -> anyhow::Result<Blamed> {
    ensure(context, &campaign::spec(backend, variant)?)?;
    let plan = args.workers.plan(context, (backend.into(), variant.into()))?;
    Ok(Blamer::new(plan, args.workers.workers()).blame(text)?)
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
                format!("{head}: {}{at}{op}\nbucket     {bucket}\n{}\n", blame.class, blame::lines(blame).join("\n"))
            }
            _ => format!("{head}: {} ({})\n", self.result, self.reason.as_deref().unwrap_or_default()),
        }
    }
}
