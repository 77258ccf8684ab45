//! `tracehound run`: one `.trace` file on a backend as it is, without judgement.

use super::dump::listing;
use super::options::BackendArgs;
use super::replay::read_trace;
use super::{Context, End};
use crate::backend::Refusal;
use crate::campaign;
use crate::case::Case;
use crate::machine::HowEnded;
use crate::oracle::{Oracle, images};
use crate::text::{self, TraceFile};
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

pub(super) fn run(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (_, file) = read_trace(&args.file)?;
    let mut oracle = open(context, &args.backend)?;
    let (code, ends) = ends(&mut oracle, &file.case)?;
    let id = oracle.id().clone();
    let dump = Dump { backend: id.name, variant: id.variant, trace: interpreted(file), code, ends };
    context.out.result(&dump, || dump.text())?;
    Ok(End::Clean)
}

/// Opens a backend in this very process: nothing stands between a crash of it and us.
pub(super) fn open(context: &Context, args: &BackendArgs) -> anyhow::Result<Oracle> {
    let (backend, variant) = args.names()?;
    Ok(campaign::open_oracle(&backend, &variant, &context.cache()?)?)
}

/// The file with what the interpreter says of its inputs.
fn interpreted(file: TraceFile) -> String {
    let runs = campaign::runs(&file.case);
    text::print(&TraceFile { runs, ..file })
}

#[derive(Serialize)]
struct Dump {
    backend: String,
    variant: String,
    trace: String,
    code: String,
    /// How the run of each input ended.
    ends: Vec<String>,
}

impl Dump {
    fn text(&self) -> String {
        let mut text = format!("{}\n{}", self.trace, self.code);
        text += &format!("---- RUNS on {} {}\n", self.backend, self.variant);
        for (n, end) in self.ends.iter().enumerate() {
            text += &format!("input {}: {end}\n", n + 1);
        }
        text
    }
}

fn ends(oracle: &mut Oracle, case: &Case) -> anyhow::Result<(String, Vec<String>)> {
    let (machine, backend) = oracle.parts();
    let code = match backend.compile(case) {
        Ok(code) => code,
        Err(Refusal::Skip(why)) => return Ok((format!("---- CODE none: {why}\n"), vec![])),
        Err(Refusal::Fault { class, text, .. }) => {
            return Ok((format!("---- CODE none: {}: {text}\n", class.name()), vec![]));
        }
        Err(Refusal::Broken(why)) => anyhow::bail!("backend: {why}"),
    };
    machine.load(&code).context("loading the code")?;
    let mut ends = Vec::new();
    for image in images(case) {
        image.write(&code, backend.runtime());
        let ended = machine.run(&code, backend.runtime(), &code.start).context("running the code")?;
        ends.push(match ended.how {
            HowEnded::Exit(n) => format!("exit {}", n.0),
            HowEnded::Tail => "tail".into(),
            HowEnded::Fault(f) => format!("{} at {:#x}: {}", f.class.name(), f.pc, f.detail),
        });
    }
    Ok((listing(&code, Some((&case.trace, &case.world))), ends))
}
