//! The command line: one file per subcommand.
//!
//! Results go to stdout (as JSON with `--json`), progress and errors to stderr. The exit code is 0 when nothing was found, 1 when
//! something was, 2 when tracehound itself could not do its work, 130 when it was interrupted in the middle of it.

mod backends;
mod bench;
mod bisect;
mod blame;
mod corpus;
mod coverage;
mod dump;
mod explain;
mod hunt;
mod import;
mod interrupt;
mod ledger;
mod minimize;
mod night;
mod one_case;
mod ops;
mod options;
mod output;
mod progress;
mod replay;
mod report;
mod run;
mod triage;
mod verify_fix;

use crate::backend::store;
use crate::campaign;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

/// A differential fuzzer for JIT code generation: LuaJIT's ARM64 backend against an IR interpreter.
#[derive(Debug, Parser)]
#[command(version = version(), after_help = AFTER_HELP, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const AFTER_HELP: &str = "\
Exit codes: 0 nothing found, 1 findings (or failed replays), 2 tracehound could not do its work, 130 interrupted.

A first hunt:        tracehound hunt --time 60s
An older LuaJIT:     tracehound backends add luajit@210.4.6
                     tracehound hunt --backend luajit@210.4.6 --time 60s
Its findings again:  tracehound replay hunt-out
To be sent around:   tracehound report hunt-out --format html --out report
Made small:          tracehound minimize hunt-out --out small";

#[derive(Debug, clap::Args)]
struct Global {
    /// Write the result to stdout as JSON
    #[arg(long, global = true)]
    json: bool,
    /// No progress on stderr
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Folder of added backends [default: $TRACEHOUND_CACHE, else tracehound/backends in the user's cache folder]
    #[arg(long, global = true, value_name = "DIR")]
    cache: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate cases, judge them, keep the smallest of each kind of finding
    Hunt(Box<hunt::Args>),
    /// Judge .trace files again and compare with what they expect
    Replay(replay::Args),
    /// Judge findings again and report them: text, JSON, SARIF, Markdown, HTML
    Report(report::Args),
    /// Run one .trace file: IR, machine code and outcomes as they are, without judgement
    Run(run::Args),
    /// Make failing .trace files (or libFuzzer's crash files) as small as they get while they fail in the same way
    Minimize(minimize::Args),
    /// Show how a .trace file goes wrong: annotated machine code, expected and observed
    Explain(explain::Args),
    /// Name the statements of the backend that a .trace file's finding comes from
    Blame(blame::Args),
    /// Sort findings by cause: blame each, make the smallest of each cause smaller, set known bugs apart
    Triage(Box<triage::Args>),
    /// List the backends that can be opened, or build another LuaJIT
    Backends(backends::Args),
    /// Find the release or commit where a case began to fail, or stopped
    Bisect(bisect::Args),
    /// Check that cases which fail on one backend pass on another, then hunt that one around them
    VerifyFix(Box<verify_fix::Args>),
    /// List historical bugs of the backend, or measure how long a hunt takes to find each
    Ledger(Box<ledger::Args>),
    /// Sum up a night of scripts/nightly: what is new, and whether the fuzzer was well
    Night(night::Args),
    /// Make a .trace file of the IR that LuaJIT's -jdump shows
    Import(import::Args),
    /// Cases as text or as libFuzzer's bytes: convert, merge and minimise folders of them
    Corpus(corpus::Args),
    /// Measure cases per second, by stage, and against bare Unicorn
    Bench(bench::Args),
    /// Count where generated cases go: opcodes, literals, fusions, exits, and lines of the backend
    Coverage(coverage::Args),
    /// Show the opcode table: what is generated and what is not, with the reason
    Ops,
    /// Print one case of a hunt as a .trace file
    Gen(one_case::Args),
    /// Judge cases for a coordinator, over pipes
    #[command(hide = true)]
    Worker,
}

/// What a finished command means for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing was found.
    Clean,
    /// Something was.
    Found,
    /// tracehound failed and has said so.
    Failed,
    /// The user ended it.
    Interrupted,
}

/// What all subcommands need.
struct Context {
    out: Output,
    quiet: bool,
    cache: Option<PathBuf>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(End::Clean) => ExitCode::SUCCESS,
        Ok(End::Found) => ExitCode::from(1),
        Ok(End::Failed) => ExitCode::from(2),
        // As shells say it of SIGINT.
        Ok(End::Interrupted) => ExitCode::from(130),
        Err(e) => {
            eprintln!("error: {}", output::chain(&e));
            ExitCode::from(2)
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<End> {
    let Global { json, quiet, cache } = cli.global;
    let context = Context { out: Output { json }, quiet, cache };
    match cli.command {
        Command::Hunt(args) => hunt::hunt(&context, &args),
        Command::Replay(args) => replay::replay(&context, &args),
        Command::Report(args) => report::report(&context, &args),
        Command::Run(args) => run::run(&context, &args),
        Command::Minimize(args) => minimize::minimize(&context, &args),
        Command::Explain(args) => explain::explain(&context, &args),
        Command::Blame(args) => blame::blame(&context, &args),
        Command::Triage(args) => triage::triage(&context, &args),
        Command::Backends(args) => backends::backends(&context, &args),
        Command::Bisect(args) => bisect::bisect(&context, &args),
        Command::VerifyFix(args) => verify_fix::verify_fix(&context, &args),
        Command::Ledger(args) => ledger::ledger(&context, &args),
        Command::Night(args) => night::night(&context, &args),
        Command::Import(args) => import::import(&context, &args),
        Command::Corpus(args) => corpus::corpus(&context, &args),
        Command::Bench(args) => bench::bench(&context, &args),
        Command::Coverage(args) => coverage::coverage(&context, &args),
        Command::Ops => ops::ops(&context),
        Command::Gen(args) => one_case::print_case(&context, &args),
        Command::Worker => campaign::serve().context("serving a coordinator").map(|()| End::Clean),
    }
}

impl Context {
    /// The folder of added backends.
    fn cache(&self) -> anyhow::Result<PathBuf> {
        match &self.cache {
            Some(path) => Ok(path.clone()),
            None => campaign::cache_folder().context("name a folder with --cache"),
        }
    }
}

fn version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("{} (built-in backend luajit@{})", env!("CARGO_PKG_VERSION"), store::builtin_version()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
