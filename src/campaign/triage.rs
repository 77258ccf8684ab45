//! Findings by cause: each judged several times, made small, and blamed.
//!
//! It is the small case that is blamed: what a large one does wrong first is often not what makes it fail.

use super::blamer::recording;
use super::plan::{Plan, Workers};
use super::pool::Pool;
use super::protocol::{Answer, Blamed, Judgement, Request};
use super::trials::{Trials, small_file};
use super::{CampaignError, pieces, replay};
use crate::backend::store::Spec;
use crate::blame::{self, Blame};
use crate::minimize::{self, MinimizeError, TRIALS, Watch, instructions};
use crate::text::{self, TraceFile};
use luajit_arm64_sys::Variant;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A finding to be sorted: its file's name and text.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// Where it is, as the user named it.
    pub path: String,
    /// Its file's text.
    pub text: String,
}

/// Findings that are taken for one bug.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// The bucket: what went wrong first and the function at fault, else class and opcode.
    pub bucket: String,
    /// The backend, with its variant.
    pub backend: String,
    /// How the findings show, and how many of them do so.
    pub classes: BTreeMap<String, u64>,
    /// The files, that of the smallest case first.
    pub files: Vec<String>,
    /// Instructions of the smallest case, made small.
    pub instructions: usize,
    /// The smallest case, as a file.
    #[serde(skip)]
    pub text: String,
    /// Whom it is blamed on, if that can be told.
    pub blame: Option<Blame>,
    /// Why the case is not as small as it could be.
    pub not_minimised: Option<String>,
}

/// A file that is no finding to rely on, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Odd {
    /// Where it is.
    pub path: String,
    /// What is odd about it.
    pub why: String,
}

/// Findings by cause.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sorted {
    /// The causes, by bucket.
    pub causes: Vec<Cause>,
    /// Findings that are there at one time and not at another, or in another way.
    pub flaky: Vec<Odd>,
    /// Files that are no findings any more.
    pub gone: Vec<Odd>,
    /// Files that could not be judged.
    pub broken: Vec<Odd>,
}

/// Sorts findings.
pub struct Triage<'a> {
    asked: Option<Spec>,
    plan: &'a Plan,
    workers: &'a Workers,
    pool: Pool<'a>,
    trials: Mutex<BTreeMap<String, Arc<Trials<'a>>>>,
    stop: &'a AtomicBool,
}

/// One file as it was judged.
enum Seen {
    Finding(Box<Finding>),
    Flaky(String),
    Gone(String),
}

/// A finding, made small.
struct Finding {
    path: String,
    backend: String,
    class: String,
    bucket: String,
    small: Small,
    blame: Option<Blame>,
}

struct Small {
    instructions: usize,
    text: String,
    not_minimised: Option<String>,
}

impl<'a> Triage<'a> {
    /// Workers are opened as the plan says. With `only`, all files are judged on the plan's backend, else each on the one that it expects a
    /// finding on. What is not begun when `stop` is set is left out.
    ///
    /// # Errors
    /// When the plan's backend is none.
    pub fn new(
        plan: &'a Plan,
        only: bool,
        workers: &'a Workers,
        stop: &'a AtomicBool,
    ) -> Result<Self, pieces::OpenError> {
        let asked = if only { Some(pieces::spec(&plan.backend, &plan.variant)?) } else { None };
        let trials = Mutex::default();
        Ok(Triage { asked, plan, workers, pool: Pool::new(plan, workers), trials, stop })
    }

    /// The backends of these files, in the variant that records who writes code: what must be built before [`Triage::run`].
    ///
    /// # Errors
    /// When a file names a backend that is none.
    pub fn builds(&self, suspects: &[Suspect]) -> Result<Vec<Spec>, pieces::OpenError> {
        let mut builds: Vec<Spec> = vec![];
        for suspect in suspects {
            // What can't be parsed is told by `run`.
            let Ok(file) = text::parse(&suspect.text) else { continue };
            let spec = self.backend_of(&file)?;
            for spec in [pieces::spec(&spec.to_string(), recording(spec.variant.name()))?, spec] {
                if !builds.contains(&spec) {
                    builds.push(spec);
                }
            }
        }
        Ok(builds)
    }

    /// Sorts the findings. `watch` gives what looks on while one of them is made small; `done` is called behind each.
    ///
    /// # Errors
    /// When no threads can be started.
    pub fn run<W: Watch>(
        &self,
        suspects: &[Suspect],
        watch: impl Fn() -> W + Sync,
        done: impl Fn() + Sync,
    ) -> Result<Sorted, CampaignError> {
        let jobs = self.workers.jobs;
        let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let threads = threads.map_err(|e| CampaignError::Threads { jobs, why: e.to_string() })?;
        let one = |suspect: &Suspect| {
            let seen = self.judge(suspect, &watch());
            done();
            seen
        };
        let seen = threads.install(|| suspects.par_iter().with_max_len(1).map(one).collect());
        Ok(sorted(suspects, seen))
    }

    fn judge(&self, suspect: &Suspect, watch: &dyn Watch) -> Result<Seen, String> {
        if self.stop.load(Ordering::Relaxed) {
            return Err("not judged: interrupted".into());
        }
        let file = text::parse(&suspect.text).map_err(|e| e.to_string())?;
        let spec = self.backend_of(&file).map_err(|e| e.to_string())?;
        let trials = (0..TRIALS).map(|_| self.replay(&spec, &suspect.text));
        let trials = trials.collect::<Result<Vec<Judgement>, String>>()?;
        let kinds: Vec<String> = trials.iter().map(kind).collect();
        if kinds.iter().any(|k| *k != kinds[0]) {
            return Ok(Seen::Flaky(kinds.join(", then ")));
        }
        let (class, key) = match trials.into_iter().next() {
            Some(Judgement::Finding { class, key, .. }) => (class, key),
            Some(Judgement::Error(why)) => return Err(why),
            _ => return Ok(Seen::Gone(format!("{} on {}", kinds[0], selector(&spec)))),
        };
        let Some(small) = self.shrink(&spec, &file, &suspect.text, watch)? else {
            return Ok(Seen::Flaky("while it was made small".into()));
        };
        let blame = self.blame(&spec, &small.text)?;
        let bucket = blame.as_ref().map_or(key, blame::bucket);
        let (path, backend) = (suspect.path.clone(), selector(&spec));
        Ok(Seen::Finding(Box::new(Finding { path, backend, class, bucket, small, blame })))
    }

    fn replay(&self, spec: &Spec, text: &str) -> Result<Judgement, String> {
        let request = Request::Replay { text: text.into() };
        let asked = self.pool.ask(&spec.to_string(), spec.variant.name(), &request).map_err(|e| e.to_string())?;
        match asked.answer {
            Ok(Answer::Replayed(replay)) => Ok(replay.judgement),
            Ok(other) => Err(format!("unexpected answer {other:?}")),
            Err(death) => Ok(replay::post_mortem(&death)),
        }
    }

    /// The case made small; `None` if it fails now so, now otherwise.
    fn shrink(&self, spec: &Spec, file: &TraceFile, text: &str, watch: &dyn Watch) -> Result<Option<Small>, String> {
        let trials = self.trials(spec).map_err(|e| e.to_string())?;
        let as_is = |why| Small { instructions: instructions(&file.case), text: text.into(), not_minimised: Some(why) };
        let found = match minimize::minimize(&file.case, &*trials, watch) {
            Ok(found) => found,
            Err(MinimizeError::Judge(why)) => return Err(why),
            Err(MinimizeError::Flaky { .. }) => return Ok(None),
            Err(why) => return Ok(Some(as_is(why.to_string()))),
        };
        let judged = |case| trials.judge(case).map_err(|e| e.to_string());
        let (before, after) = (judged(&file.case)?, judged(&found.case)?);
        Ok(Some(Small {
            instructions: instructions(&found.case),
            text: text::print(&small_file(file, &found.case, trials.id(), &before, &after)),
            not_minimised: found.ended_early.map(|_| "its time was up".into()),
        }))
    }

    fn trials(&self, spec: &Spec) -> Result<Arc<Trials<'a>>, CampaignError> {
        let mut all = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trials) = all.get(&selector(spec)) {
            return Ok(trials.clone());
        }
        let (backend, variant) = (spec.to_string(), spec.variant.name().to_string());
        let trials = Arc::new(Trials::open(Plan { backend, variant, ..self.plan.clone() }, self.workers)?);
        all.insert(selector(spec), trials.clone());
        Ok(trials)
    }

    /// Whom a finding is blamed on; nobody where the recording build makes other code, or dies of it.
    fn blame(&self, spec: &Spec, text: &str) -> Result<Option<Blame>, String> {
        let request = Request::Blame { text: text.into() };
        let variant = recording(spec.variant.name());
        let asked = self.pool.ask(&spec.to_string(), variant, &request).map_err(|e| e.to_string())?;
        match asked.answer {
            Ok(Answer::Blamed(Blamed::Blame(blame))) => Ok(Some(*blame)),
            Ok(Answer::Blamed(_)) | Err(_) => Ok(None),
            Ok(other) => Err(format!("unexpected answer {other:?}")),
        }
    }

    fn backend_of(&self, file: &TraceFile) -> Result<Spec, pieces::OpenError> {
        let mut spec = self.asked.clone().map_or_else(|| pieces::spec_of(file), Ok)?;
        // The same code comes from both: only the library itself differs, which counts. A bug that both find is one.
        if spec.variant == Variant::Guided {
            spec.variant = Variant::Plain;
        }
        Ok(spec)
    }
}

fn sorted(suspects: &[Suspect], seen: Vec<Result<Seen, String>>) -> Sorted {
    let (mut sorted, mut buckets) = (Sorted::default(), BTreeMap::<(String, String), Vec<Finding>>::new());
    for (suspect, seen) in suspects.iter().zip(seen) {
        let odd = |why| Odd { path: suspect.path.clone(), why };
        match seen {
            Ok(Seen::Finding(f)) => buckets.entry((f.bucket.clone(), f.backend.clone())).or_default().push(*f),
            Ok(Seen::Flaky(why)) => sorted.flaky.push(odd(why)),
            Ok(Seen::Gone(why)) => sorted.gone.push(odd(why)),
            Err(why) => sorted.broken.push(odd(why)),
        }
    }
    sorted.causes = buckets.into_iter().map(|((bucket, backend), found)| cause(bucket, backend, found)).collect();
    sorted
}

fn cause(bucket: String, backend: String, mut found: Vec<Finding>) -> Cause {
    found.sort_by_cached_key(|f| (f.small.instructions, f.small.text.len(), f.path.clone()));
    let mut classes = BTreeMap::new();
    for f in &found {
        *classes.entry(f.class.clone()).or_default() += 1;
    }
    let files = found.iter().map(|f| f.path.clone()).collect();
    let Finding { small, blame, .. } = found.swap_remove(0);
    let Small { instructions, text, not_minimised } = small;
    Cause { bucket, backend, classes, files, instructions, text, blame, not_minimised }
}

/// A backend as `expect` lines name it.
fn selector(spec: &Spec) -> String {
    match spec.variant.name() {
        "plain" => spec.to_string(),
        variant => format!("{spec}/{variant}"),
    }
}

/// What a judgement says, without the details that a fault's address changes.
fn kind(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Agree(_) => "agree".into(),
        Judgement::Skip(reason) => format!("skip ({reason})"),
        Judgement::Finding { key, .. } => key.clone(),
        Judgement::Error(why) => format!("error ({why})"),
    }
}
