//! `tracehound import`: the IR of a LuaJIT dump as a `.trace` file.

use super::output::write_out;
use super::{Context, End};
use crate::campaign;
use crate::interpret::Program;
use crate::text::jdump::{ImportOptions, Imported, import as import_dump};
use crate::text::{self, TraceFile};
use anyhow::{Context as _, bail};
use serde::Serialize;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What LuaJIT's -jdump=is wrote (colours and machine code may be in it); `-` reads stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trace, where the dump has several
    #[arg(long, value_name = "N")]
    trace: Option<u32>,
    /// Where to write the .trace file [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Seed of the values that are made up
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many input vectors to make up
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    inputs: u8,
    /// Value of a Lua stack slot in all inputs: `2=int +5`, `3=num +1.5`, `4=nil`
    #[arg(long = "slot", value_name = "N=VALUE", value_parser = slot)]
    slots: Vec<(u8, String)>,
    /// raw: as the dump shows it; fold: through FOLD once more
    #[arg(long, value_name = "MODE", default_value = "raw", value_parser = ["raw", "fold"])]
    emit: String,
}

fn slot(text: &str) -> Result<(u8, String), String> {
    let bad = || format!("{text:?}: write the slot's number and its value, `2=int +5`");
    let (slot, value) = text.split_once('=').ok_or_else(bad)?;
    if value.is_empty() || value.contains(char::is_control) {
        return Err(bad());
    }
    Ok((slot.trim().parse().map_err(|_| bad())?, value.trim().to_string()))
}

pub(super) fn import(context: &Context, args: &Args) -> anyhow::Result<End> {
    let dump = read(&args.file)?;
    let options = ImportOptions {
        trace: args.trace,
        seed: args.seed,
        inputs: args.inputs.into(),
        slots: args.slots.clone(),
        emit: if args.emit == "fold" { "fold" } else { "raw" },
    };
    let name = args.file.display();
    let Imported { file, assumptions } = import_dump(&dump, &options).with_context(|| name.to_string())?;
    let unjudged = unjudged(&file).with_context(|| name.to_string())?;
    let runs = campaign::runs(&file.case);
    let text = text::print(&TraceFile { runs, ..file });
    if !context.quiet {
        assumptions.iter().for_each(|line| eprintln!("assumed: {line}"));
        unjudged.iter().for_each(|line| eprintln!("warning: {line}"));
    }
    match &args.out {
        Some(out) => campaign::write_whole(out, text.as_bytes())?,
        None if !context.out.json => write_out(&text)?,
        None => {}
    }
    if context.out.json {
        let written = args.out.as_deref();
        context.out.result(&Report { trace: &text, written, assumptions, warnings: unjudged }, String::new)?;
    }
    Ok(End::Clean)
}

#[derive(Serialize)]
struct Report<'a> {
    /// The `.trace` file.
    trace: &'a str,
    written: Option<&'a Path>,
    assumptions: Vec<String>,
    warnings: Vec<String>,
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read stdin")?;
    } else {
        bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))
}

/// Inputs that can't be judged, with the interpreter's reason.
///
/// # Errors
/// When none can.
fn unjudged(file: &TraceFile) -> anyhow::Result<Vec<String>> {
    let program = Program::new(&file.case).context("the interpreter")?;
    let reasons = file.case.inputs.iter().enumerate().filter_map(|(n, input)| {
        let reason = program.run(input).err()?;
        Some(format!("input {} can't be judged: {reason}", n + 1))
    });
    let reasons: Vec<String> = reasons.collect();
    if reasons.len() == file.case.inputs.len() {
        bail!("no input can be judged, try another --seed, or give values with --slot\n  {}", reasons.join("\n  "));
    }
    Ok(reasons)
}
