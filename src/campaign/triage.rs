//! Findings by cause: each judged several times and blamed, the smallest of each cause made smaller.

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
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// The files, the smallest first.
    pub files: Vec<String>,
    /// Instructions of the smallest case.
    pub instructions: usize,
    /// The smallest case's file.
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
    stop: &'a AtomicBool,
}

/// One file as it was judged.
enum Seen {
    Finding(Box<Finding>),
    Flaky(String),
    Gone(String),
}

struct Finding {
    path: String,
    file: TraceFile,
    text: String,
    spec: Spec,
    class: String,
    bucket: String,
    blame: Option<Blame>,
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
        Ok(Triage { asked, plan, workers, pool: Pool::new(plan, workers), stop })
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

    /// Sorts the findings. `watch` looks on while the case of a bucket is made small; `done` is called behind each file that was judged.
    ///
    /// # Errors
    /// When no workers or threads can be started.
    pub fn run<W: Watch>(
        &self,
        suspects: &[Suspect],
        watch: impl Fn(&str) -> W,
        done: impl Fn() + Sync,
    ) -> Result<Sorted, CampaignError> {
        let jobs = self.workers.jobs;
        let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let threads = threads.map_err(|e| CampaignError::Threads { jobs, why: e.to_string() })?;
        let one = |suspect: &Suspect| {
            let seen = self.judge(suspect);
            done();
            seen
        };
        let seen: Vec<_> = threads.install(|| suspects.par_iter().with_max_len(1).map(one).collect());
        let (mut sorted, mut buckets) = (Sorted::default(), BTreeMap::<(String, String), Vec<Finding>>::new());
        for (suspect, seen) in suspects.iter().zip(seen) {
            let odd = |why| Odd { path: suspect.path.clone(), why };
            match seen {
                Ok(Seen::Finding(f)) => {
                    buckets.entry((f.bucket.clone(), selector(&f.spec))).or_default().push(*f);
                }
                Ok(Seen::Flaky(why)) => sorted.flaky.push(odd(why)),
                Ok(Seen::Gone(why)) => sorted.gone.push(odd(why)),
                Err(why) => sorted.broken.push(odd(why)),
            }
        }
        for ((bucket, backend), mut found) in buckets {
            found.sort_by_cached_key(|f| (instructions(&f.file.case), f.text.len(), f.path.clone()));
            let watch = watch(&bucket);
            sorted.causes.push(threads.install(|| self.cause(bucket, backend, found, &watch))?);
        }
        Ok(sorted)
    }

    fn judge(&self, suspect: &Suspect) -> Result<Seen, String> {
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
        let blame = self.blame(&spec, &suspect.text)?;
        let bucket = blame.as_ref().map_or(key, blame::bucket);
        let (path, text) = (suspect.path.clone(), suspect.text.clone());
        Ok(Seen::Finding(Box::new(Finding { path, file, text, spec, class, bucket, blame })))
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

    fn cause(
        &self,
        bucket: String,
        backend: String,
        found: Vec<Finding>,
        watch: &dyn Watch,
    ) -> Result<Cause, CampaignError> {
        let smallest = &found[0];
        let mut classes = BTreeMap::new();
        for f in &found {
            *classes.entry(f.class.clone()).or_default() += 1;
        }
        let mut cause = Cause {
            bucket,
            backend,
            classes,
            files: found.iter().map(|f| f.path.clone()).collect(),
            instructions: instructions(&smallest.file.case),
            text: smallest.text.clone(),
            blame: smallest.blame.clone(),
            not_minimised: None,
        };
        cause.not_minimised = self.shrink(smallest, &mut cause, watch)?;
        Ok(cause)
    }

    /// Puts a smaller case in the place of the cause's; why there is none, or it may not be the smallest.
    fn shrink(&self, of: &Finding, cause: &mut Cause, watch: &dyn Watch) -> Result<Option<String>, CampaignError> {
        let (backend, variant) = (of.spec.to_string(), of.spec.variant.name().to_string());
        let trials = Trials::open(Plan { backend, variant, ..self.plan.clone() }, self.workers)?;
        let small = match minimize::minimize(&of.file.case, &trials, watch) {
            Ok(small) => small,
            Err(MinimizeError::Judge(why)) => return Ok(Some(why)),
            Err(why) => return Ok(Some(why.to_string())),
        };
        let (before, after) = (trials.judge(&of.file.case)?, trials.judge(&small.case)?);
        let text = text::print(&small_file(&of.file, &small.case, trials.id(), &before, &after));
        let blame = self.blame(&of.spec, &text).unwrap_or_default();
        let other = blame.as_ref().map(blame::bucket).filter(|bucket| of.blame.is_some() && *bucket != cause.bucket);
        if let Some(other) = other {
            return Ok(Some(format!("made small, it is a case of {other}")));
        }
        (cause.instructions, cause.text) = (instructions(&small.case), text);
        cause.blame = blame.or(cause.blame.take());
        Ok(small.ended_early.map(|_| "its time was up".into()))
    }

    fn backend_of(&self, file: &TraceFile) -> Result<Spec, pieces::OpenError> {
        self.asked.clone().map_or_else(|| pieces::spec_of(file), Ok)
    }
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
