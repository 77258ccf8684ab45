//! `tracehound backends`: what can be opened, and building another LuaJIT into the cache.

use super::{Context, End};
use crate::backend::store::{self, Entry, Spec};
use crate::campaign;
use anyhow::Context as _;
use serde::Serialize;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the backends that can be opened
    List,
    /// Fetch (for a release) and build a backend into the cache
    Add(AddArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// luajit@210.4.6 (a release of the luajit-src crate) or luajit@PATH (a LuaJIT source tree)
    #[arg(value_name = "SPEC")]
    spec: String,
    /// plain, assert (LuaJIT's own assertions), random-ra (random register allocation), blame (who wrote each word) or guided
    /// (the assembler's control flow is counted; needs clang)
    #[arg(long, value_name = "NAME", default_value = "plain")]
    variant: String,
    /// Build it even if it is there (source trees are always built again)
    #[arg(long)]
    force: bool,
}

pub(super) fn backends(context: &Context, args: &Args) -> anyhow::Result<End> {
    match &args.action {
        Action::List => list(context),
        Action::Add(add_args) => add(context, add_args),
    }?;
    Ok(End::Clean)
}

#[derive(Serialize)]
struct Row {
    name: String,
    variant: String,
    version: String,
    compiler: String,
    /// Its shared library; none for the built-in one.
    path: Option<PathBuf>,
}

impl From<Entry> for Row {
    fn from(e: Entry) -> Row {
        Row { name: e.id.name, variant: e.id.variant, version: e.id.version, compiler: e.compiler, path: e.path }
    }
}

impl Row {
    fn text(&self) -> String {
        let place = self.path.as_ref().map_or("built in".to_string(), |p| p.display().to_string());
        format!(
            "{} {}\n  version   {}\n  compiler  {}\n  library   {place}\n",
            self.name, self.variant, self.version, self.compiler
        )
    }
}

fn list(context: &Context) -> anyhow::Result<()> {
    let rows: Vec<Row> = store::list(&context.cache()?)?.into_iter().map(Row::from).collect();
    context.out.result(&rows, || rows.iter().map(Row::text).collect())
}

fn add(context: &Context, args: &AddArgs) -> anyhow::Result<()> {
    let spec = campaign::spec(&args.spec, &args.variant)?;
    let cache = context.cache()?;
    if !context.quiet {
        eprintln!("adding {spec} {} to {}", spec.variant.name(), cache.display());
    }
    let _lock = lock(&cache, context.quiet)?;
    let row = Row::from(store::add(&spec, &cache, args.force)?);
    context.out.result(&row, || row.text())
}

/// Builds a backend that is not there yet.
pub(super) fn ensure(context: &Context, spec: &Spec) -> anyhow::Result<()> {
    let cache = context.cache()?;
    if store::is_built(spec, &cache) {
        return Ok(());
    }
    if !context.quiet {
        eprintln!("building {spec} {}, which takes some seconds, once", spec.variant.name());
    }
    let _lock = lock(&cache, context.quiet)?;
    store::add(spec, &cache, false)?;
    Ok(())
}

/// One at a time builds into a cache; the lock ends with the process.
pub(super) fn lock(cache: &Path, quiet: bool) -> anyhow::Result<File> {
    fs::create_dir_all(cache).with_context(|| format!("cannot create the backend cache {}", cache.display()))?;
    let path = cache.join(".lock");
    let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if lock.try_lock().is_err() {
        if !quiet {
            eprintln!("waiting for another `backends add` to finish");
        }
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(lock)
}
