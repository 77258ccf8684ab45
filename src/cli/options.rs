//! Options that several subcommands share.

use super::Context;
use crate::campaign::{self, DEFAULT_DEADLINE, DEFAULT_MEMORY, Plan, Sabotage, Workers};
use crate::case::Emit;
use anyhow::Context as _;
use std::path::PathBuf;
use std::time::Duration;

/// Which backend.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BackendArgs {
    /// Backend: luajit@210.7.4 (a release), luajit@PATH (a source tree); see `tracehound backends` [default: the built-in one]
    #[arg(long, value_name = "SPEC")]
    pub backend: Option<String>,
    /// Build of it: plain, assert (LuaJIT's own assertions), random-ra (random register allocation), guided (its control flow is counted)
    /// [default: plain]
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
}

impl BackendArgs {
    /// Whether the user named one.
    pub fn is_given(&self) -> bool {
        self.backend.is_some() || self.variant.is_some()
    }

    /// The backend's name and variant, checked.
    pub fn names(&self) -> anyhow::Result<(String, String)> {
        self.names_or("plain")
    }

    /// The same with another variant as the default.
    pub fn names_or(&self, variant: &str) -> anyhow::Result<(String, String)> {
        let name = self.backend.as_deref().unwrap_or("luajit");
        let spec = campaign::spec(name, self.variant.as_deref().unwrap_or(variant))?;
        Ok((spec.to_string(), spec.variant.name().to_string()))
    }
}

/// How IR reaches the backend, and which opcodes are drawn.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct CaseArgs {
    /// Emit IR as written, FOLD and CSE bypassed
    #[arg(long, conflicts_with = "fold")]
    raw: bool,
    /// Emit IR through LuaJIT's FOLD, as its recorder does [default]
    #[arg(long)]
    fold: bool,
    /// Emit one iteration through FOLD, then run LuaJIT's own passes: loop optimization, sinking, dead-code elimination
    #[arg(long, conflicts_with_all = ["fold", "raw"])]
    via_passes: bool,
    /// Opcodes and groups to draw (`XLOAD,XSTORE,arith`), or not to draw (`-DIV,-math`); see `tracehound ops`
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    ops: Option<String>,
    /// Sets a knob of the generator, `big=100` (big cases in a thousand) or `live=20..60` (values alive at once); any
    /// other name lists them
    #[arg(long = "knob", value_name = "NAME=VALUE", value_parser = knob)]
    knobs: Vec<String>,
}

impl CaseArgs {
    /// The mode that was asked for.
    pub fn emit(&self) -> Option<Emit> {
        match (self.raw, self.fold, self.via_passes) {
            (true, ..) => Some(Emit::Raw),
            (_, true, _) => Some(Emit::Fold),
            (.., true) => Some(Emit::Passes),
            _ => None,
        }
    }

    /// The knobs that were set; none if none was.
    pub fn knobs(&self) -> Option<Vec<String>> {
        (!self.knobs.is_empty()).then(|| self.knobs.clone())
    }

    /// The opcodes that were asked for; none for all.
    pub fn ops(&self) -> anyhow::Result<Option<Vec<String>>> {
        let Some(list) = &self.ops else { return Ok(None) };
        let names = campaign::op_names(list).with_context(|| format!("--ops {list}"));
        names.map(Some).map_err(|e| e.context(format!("opcodes that can be generated: {}", valid_ops())))
    }
}

fn knob(text: &str) -> Result<String, String> {
    campaign::check_knob(text).map_err(|e| e.to_string())?;
    Ok(text.into())
}

fn valid_ops() -> String {
    use crate::ir::{ALL_OPS, Status};
    let plain = ALL_OPS.iter().filter(|op| op.info().status == Status::Plain);
    plain.map(|op| op.name()).collect::<Vec<_>>().join(" ")
}

/// A plan for generating cases in this process: backend and limits do not matter.
pub(super) fn cases_of(seed: u64, args: &CaseArgs) -> anyhow::Result<Plan> {
    Ok(Plan {
        backend: String::new(),
        variant: String::new(),
        cache: PathBuf::new(),
        seed,
        emit: args.emit().unwrap_or_default(),
        ops: args.ops()?.unwrap_or_default(),
        knobs: args.knobs().unwrap_or_default(),
        around: vec![],
        guided: false,
        memory: DEFAULT_MEMORY,
        budget: None,
        sabotage: Sabotage::default(),
    })
}

/// How workers are run.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct WorkerArgs {
    /// Worker processes at once [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// How long one case may take before its worker counts as hung
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s", hide_default_value = false)]
    deadline: Duration,
    /// Address space of a worker in MiB; a backend that wants more has crashed
    #[arg(long, value_name = "MIB", default_value_t = DEFAULT_MEMORY >> 20)]
    memory: u64,
    /// Failures on purpose, for tests of the recovery
    #[arg(long, hide = true)]
    sabotage: Option<Sabotage>,
}

impl WorkerArgs {
    /// How many, how long.
    pub fn workers(&self) -> Workers {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Workers { jobs: self.jobs.map_or_else(cores, usize::from), deadline: self.deadline }
    }

    /// A plan for workers, with a seed and mode that files do not need.
    pub fn plan(&self, context: &Context, (backend, variant): (String, String)) -> anyhow::Result<Plan> {
        let sabotage = self.sabotage.clone().unwrap_or_default();
        let cache = context.cache()?;
        let memory = self.memory.saturating_mul(1 << 20);
        let (ops, knobs, around) = (vec![], vec![], vec![]);
        let (emit, guided) = (Emit::Fold, false);
        Ok(Plan { backend, variant, cache, seed: 0, emit, ops, knobs, around, guided, memory, budget: None, sabotage })
    }
}

/// `90`, `90s`, `10m`, `1.5h` as a time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no time: write 90s, 10m or 1h");
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let seconds = match unit {
        "m" => 60.0,
        "h" => 3600.0,
        _ => 1.0,
    };
    let number: f64 = number.parse().map_err(|_| bad())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| bad())
}

const _: () = assert!(DEFAULT_DEADLINE.as_secs() == 10, "the default of --deadline");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0.5s"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for bad in ["", "s", "-1s", "ten", "1d", "NaN", "1e300h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
