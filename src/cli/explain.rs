//! `tracehound explain`: how a `.trace` file goes wrong on a backend.

use super::options::BackendArgs;
use super::replay::read_trace;
use super::run::open;
use super::{Context, End};
use crate::explain;
use crate::oracle::Verdict;
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
    verdict: &'static str,
    text: String,
}

pub(super) fn run(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (_, file) = read_trace(&args.file)?;
    let mut oracle = open(context, &args.backend)?;
    let verdict = match oracle.judge(&file.case)?.verdict {
        Verdict::Agree => "agree",
        Verdict::Skip(_) => "skip",
        Verdict::Finding(f) => f.class.name(),
    };
    let text = explain::explain(&file, &mut oracle)?.replace("FILE", &args.file.display().to_string());
    let explanation = Explanation { verdict, text };
    context.out.result(&explanation, || explanation.text.clone())?;
    Ok(End::Clean)
}
