//! `tracehound explain`: how a `.trace` file goes wrong on a backend.

use super::blame::one;
use super::options::BackendArgs;
use super::replay::read_trace;
use super::run::open;
use super::{Context, End};
use crate::backend::BackendId;
use crate::backend::store;
use crate::blame;
use crate::campaign::{self, Blamed, recording};
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

/// Who is to blame, by the build that records it; how to get that build if it is not there.
fn blame_lines(context: &Context, text: &str, id: &BackendId) -> anyhow::Result<Vec<String>> {
    let variant = recording(&id.variant);
    let spec = campaign::spec(&id.name, variant)?;
    if !store::is_built(&spec, &context.cache()?) {
        let how = format!("run `tracehound blame FILE --backend {}`, which builds what records it", id.name);
        return Ok(vec![format!("{:<13}{how}", "not known")]);
    }
    Ok(match one(context, text, &id.name, variant)? {
        Blamed::Blame(blame) => blame::lines(&blame),
        Blamed::Agree => vec!["not known    the build that records who writes code agrees".into()],
        Blamed::Skip(why) | Blamed::Error(why) => vec![format!("{:<13}{why}", "not known")],
    })
}

pub(super) fn explain(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (text, file) = read_trace(&args.file)?;
    let mut oracle = open(context, &args.backend, &file)?;
    let name = args.file.display().to_string();
    let verdict = match oracle.judge(&file.case).with_context(|| format!("judging {name}"))?.verdict {
        Verdict::Agree => "agree",
        Verdict::Skip(_) => "skip",
        Verdict::Finding(f) => f.class.name(),
    };
    let id = oracle.id().clone();
    let found = !matches!(verdict, "agree" | "skip");
    let blame = if found { blame_lines(context, &text, &id)? } else { vec![] };
    let sheet = explain::sheet(&file, &mut oracle).with_context(|| format!("explaining {name}"))?;
    let text = explain::page(&sheet, &name, &blame);
    let explanation = Explanation { backend: id.name, variant: id.variant, verdict, text };
    context.out.result(&explanation, || explanation.text.clone())?;
    Ok(End::Clean)
}
