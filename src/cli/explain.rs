//! `tracehound explain`: how a `.trace` file goes wrong on a backend.

use super::options::BackendArgs;
use super::replay::read_trace;
use super::run::open;
use super::{Context, End};
use crate::explain;
use crate::oracle::Verdict;
use anyhow::Context as _;
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

#[derive(Serialize)]
struct Explanation {
    backend: String,
    variant: String,
    verdict: &'static str,
    text: String,
}

pub(super) fn explain(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (_, file) = read_trace(&args.file)?;
    let mut oracle = open(context, &args.backend, &file)?;
    let name = args.file.display().to_string();
    let verdict = match oracle.judge(&file.case).with_context(|| format!("judging {name}"))?.verdict {
        Verdict::Agree => "agree",
        Verdict::Skip(_) => "skip",
        Verdict::Finding(f) => f.class.name(),
    };
    let page = explain::explain(&file, &mut oracle).with_context(|| format!("explaining {name}"))?;
    let id = oracle.id().clone();
    let explanation = Explanation { backend: id.name, variant: id.variant, verdict, text: page.replace("FILE", &name) };
    context.out.result(&explanation, || explanation.text.clone())?;
    Ok(End::Clean)
}
