//! `tracehound corpus`: cases as text or as libFuzzer's bytes, whole folders of them.

mod entry;
mod min;

use super::options::BackendArgs;
use super::{Context, End};
use crate::campaign;
use entry::{Entry, Form};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write cases as libFuzzer keeps them, each under the hash of its bytes
    Pack(Paths),
    /// Write cases as .trace files
    Unpack(Paths),
    /// Put the cases of several folders into one, each of them once
    Merge(MergeArgs),
    /// Keep the cases that show something that no smaller one shows: an opcode with a type, a literal, a fusion, an exit
    Min(MinArgs),
}

#[derive(Debug, clap::Args)]
struct Paths {
    /// .trace files, files of libFuzzer, or folders with them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Folder to write to; what is in it stays, and is not written again
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
struct MergeArgs {
    #[command(flatten)]
    paths: Paths,
    /// Write .trace files instead of libFuzzer's
    #[arg(long)]
    text: bool,
}

#[derive(Debug, clap::Args)]
struct MinArgs {
    #[command(flatten)]
    merge: MergeArgs,
    #[command(flatten)]
    backend: BackendArgs,
}

pub(super) fn corpus(context: &Context, args: &Args) -> anyhow::Result<End> {
    let (paths, form, backend) = match &args.action {
        Action::Pack(paths) => (paths, Form::Packed, None),
        Action::Unpack(paths) => (paths, Form::Text, None),
        Action::Merge(args) => (&args.paths, Form::of(args.text), None),
        Action::Min(args) => (&args.merge.paths, Form::of(args.merge.text), Some(&args.backend)),
    };
    let there = if paths.out.is_dir() { read_all(std::slice::from_ref(&paths.out))? } else { Cases::default() };
    let Cases { mut entries, broken } = read_all(&paths.paths)?;
    let read = entries.len();
    let mut known: BTreeSet<String> = there.entries.iter().map(Entry::hash).collect();
    entries.retain(|entry| known.insert(entry.hash()));
    let once = entries.len();
    if let Some(backend) = backend {
        entries = min::min(context, backend, &there.entries, entries)?;
    }
    for entry in &entries {
        entry.write(&paths.out, form)?;
    }
    let summary =
        Summary { read, again: read - once, nothing_new: once - entries.len(), written: entries.len(), broken };
    context.out.result(&summary, || summary.text(&paths.out))?;
    Ok(if summary.broken.is_empty() { End::Clean } else { End::Failed })
}

/// What was read.
#[derive(Default)]
struct Cases {
    entries: Vec<Entry>,
    broken: Vec<Broken>,
}

/// A file without a case.
#[derive(Serialize)]
struct Broken {
    file: PathBuf,
    why: String,
}

fn read_all(paths: &[PathBuf]) -> anyhow::Result<Cases> {
    let mut cases = Cases::default();
    for path in campaign::collect_files(paths)? {
        match Entry::read(&path) {
            Ok(entry) => cases.entries.push(entry),
            Err(why) => cases.broken.push(Broken { file: path, why: why.to_string() }),
        }
    }
    Ok(cases)
}

#[derive(Serialize)]
struct Summary {
    /// Files with a case.
    read: usize,
    /// Cases that were there already.
    again: usize,
    /// Cases that show what others show.
    nothing_new: usize,
    written: usize,
    broken: Vec<Broken>,
}

impl Summary {
    fn text(&self, out: &Path) -> String {
        let broken = self.broken.iter().map(|b| format!("BROKEN {}: {}\n", b.file.display(), b.why));
        let left_out = [(self.again, "there already"), (self.nothing_new, "show nothing new")];
        let left_out = left_out.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!(", {n} {why}"));
        let (read, written) = (self.read, self.written);
        let total =
            format!("{read} cases read{}, {written} written to {}\n", left_out.collect::<String>(), out.display());
        broken.chain([total]).collect()
    }
}
