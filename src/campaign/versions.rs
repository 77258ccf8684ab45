//! One case on versions of a backend that may have to be built first: what a bisection asks.

use super::plan::{Plan, Workers};
use super::protocol::Judgement;
use super::single::judge_on;
use crate::backend::history::Version;
use crate::backend::store;
use crate::bisect::State;
use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// Memory that a build takes at most: compilers want half of it for LuaJIT in one piece.
const BUILD_MEMORY: u64 = 1 << 30;

/// Why versions can't be judged.
#[derive(Debug, Error)]
pub enum VersionsError {
    /// The user ended it.
    #[error("interrupted: builds that were finished stay in the cache")]
    Interrupted,
    /// Threads can't be started.
    #[error("cannot start {jobs} threads: {why}")]
    Threads {
        /// How many.
        jobs: usize,
        /// The system's reason.
        why: String,
    },
}

/// What became of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its position.
    pub at: usize,
    /// Whether a build was started for it.
    pub built: bool,
    /// What the case did on it; the reason where it can't be judged.
    pub found: Found,
}

/// What a case did on a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It agreed.
    Agree,
    /// It failed with this class.
    Finding(String),
    /// It can't be judged there, or the version does not build: the first line of the reason.
    Nothing(String),
}

impl Found {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Found::Agree => "agree".into(),
            Found::Finding(class) => class.clone(),
            Found::Nothing(why) => format!("can't be judged: {why}"),
        }
    }
}

/// Versions and a case, and all that was found out.
#[derive(Debug)]
pub struct Versions<'a> {
    /// All versions, the oldest first.
    pub all: &'a [Version],
    /// The checkout that commits come from.
    pub repo: Option<PathBuf>,
    /// The case as a `.trace` file.
    pub text: &'a str,
    /// How it is judged; the backend is each version's own.
    pub plan: &'a Plan,
    /// How workers are run; as many builds at once.
    pub workers: &'a Workers,
    /// Set when the user ends it.
    pub stop: &'a AtomicBool,
    /// The class that is looked for. Where none is known, or no version that is judged first shows it, that of the first that fails.
    pub class: Option<String>,
    /// What was found out, in order.
    pub steps: Vec<Step>,
}

impl Versions<'_> {
    /// How many can be built at once: as many as there are jobs and memory for.
    pub fn at_once(&self) -> usize {
        let fit = memory_available().map_or(1, |bytes| usize::try_from(bytes / BUILD_MEMORY).unwrap_or(1));
        self.workers.jobs.min(fit).max(1)
    }

    /// Builds that were started.
    pub fn builds(&self) -> usize {
        self.steps.iter().filter(|step| step.built).count()
    }

    /// Builds and judges the versions at these positions, in parallel.
    ///
    /// # Errors
    /// When the user ended it, or no threads can be started.
    pub fn probe(&mut self, asked: &[usize]) -> Result<Vec<State>, VersionsError> {
        let jobs = self.at_once();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.map_err(|e| VersionsError::Threads { jobs, why: e.to_string() })?;
        let steps: Vec<Step> = pool.install(|| asked.par_iter().with_max_len(1).map(|at| self.one(*at)).collect());
        // An interrupted build looks like one that fails.
        if self.stop.load(Ordering::Relaxed) {
            return Err(VersionsError::Interrupted);
        }
        self.settle_class(&steps);
        let states = steps.iter().map(|step| self.state(&step.found)).collect();
        self.steps.extend(steps);
        Ok(states)
    }

    /// What a finding means for the search.
    pub fn state(&self, found: &Found) -> State {
        match found {
            Found::Agree => State::Passes,
            Found::Finding(class) if self.class.as_ref().is_some_and(|wanted| wanted != class) => State::Passes,
            Found::Finding(_) => State::Fails,
            Found::Nothing(_) => State::Unknown,
        }
    }

    fn settle_class(&mut self, steps: &[Step]) {
        if !self.steps.is_empty() && self.class.is_some() {
            return;
        }
        let mut classes = steps.iter().filter_map(|step| match &step.found {
            Found::Finding(class) => Some(class),
            _ => None,
        });
        let Some(first) = classes.next() else { return };
        if !self.class.as_ref().is_some_and(|class| class == first || classes.any(|other| class == other)) {
            self.class = Some(first.clone());
        }
    }

    fn one(&self, at: usize) -> Step {
        let version = &self.all[at];
        let built = !store::is_built(&version.spec, &self.plan.cache);
        let found = self.make(version).and_then(|()| self.judge(version)).unwrap_or_else(Found::Nothing);
        Step { at, built, found }
    }

    fn make(&self, version: &Version) -> Result<(), String> {
        if store::is_built(&version.spec, &self.plan.cache) {
            return Ok(());
        }
        if let Some(repo) = &self.repo {
            version.unpack(repo).map_err(|e| first_line(&e.to_string()))?;
        }
        store::add(&version.spec, &self.plan.cache, false).map(drop).map_err(|e| first_line(&e.to_string()))
    }

    fn judge(&self, version: &Version) -> Result<Found, String> {
        let plan = Plan {
            backend: version.spec.to_string(),
            variant: version.spec.variant.name().into(),
            ..self.plan.clone()
        };
        let judged = judge_on(&plan, self.workers, self.text).map_err(|e| first_line(&e.to_string()))?;
        match judged {
            Judgement::Agree(_) => Ok(Found::Agree),
            Judgement::Finding { class, .. } => Ok(Found::Finding(class)),
            Judgement::Skip(why) | Judgement::Error(why) => Err(first_line(&why)),
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_string()
}

/// Bytes of memory that are free, as Linux says.
fn memory_available() -> Option<u64> {
    available(&fs::read_to_string(Path::new("/proc/meminfo")).ok()?)
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(class: Option<&str>, check: impl FnOnce(&mut Versions) -> T) -> T {
        let (plan, stop) = (crate::campaign::tests::plan(), AtomicBool::new(false));
        let workers = Workers { jobs: 3, deadline: std::time::Duration::from_secs(1) };
        let class = class.map(str::to_string);
        let (workers, plan, stop) = (&workers, &plan, &stop);
        check(&mut Versions { all: &[], repo: None, text: "", plan, workers, stop, class, steps: vec![] })
    }

    fn finding(at: usize, class: &str) -> Step {
        Step { at, built: false, found: Found::Finding(class.into()) }
    }

    #[test]
    fn the_class_of_the_file_is_looked_for_where_an_end_shows_it() {
        let settled = |class, steps: &[Step]| {
            with(class, |versions| {
                versions.settle_class(steps);
                versions.class.clone().unwrap_or_default()
            })
        };
        let ends = [finding(0, "hang"), finding(9, "wrong-exit")];
        assert_eq!(settled(Some("wrong-exit"), &ends), "wrong-exit");
        assert_eq!(settled(Some("misaligned"), &ends), "hang");
        assert_eq!(settled(None, &ends[1..]), "wrong-exit");
        assert_eq!(settled(Some("hang"), &[]), "hang");
    }

    #[test]
    fn another_class_is_another_bug() {
        with(Some("hang"), |versions| {
            let state = |class: &str| versions.state(&Found::Finding(class.into()));
            assert_eq!((state("hang"), state("wrong-exit")), (State::Fails, State::Passes));
            assert_eq!(versions.state(&Found::Nothing("no memory".into())), State::Unknown);
        });
    }

    #[test]
    fn memory_is_read_from_the_systems_table() {
        assert_eq!(available("MemTotal:  24 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal:  24 kB\n"), None);
    }
}
