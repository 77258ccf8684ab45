//! The judge of a minimisation: worker processes, so that a case that kills the backend costs a worker and no more.

use super::plan::{Plan, Workers};
use super::process::{Process, Worker};
use super::protocol::{Answer, Judgement, Request};
use super::replay::post_mortem;
use super::{CampaignError, pieces};
use crate::backend::BackendId;
use crate::case::Case;
use crate::minimize::Judge;
use crate::outcome::FindingClass;
use crate::text::{self, Expect, ExpectedVerdict, TraceFile};
use std::sync::{Mutex, PoisonError};

/// Judges cases in workers on one backend.
#[derive(Debug)]
pub struct Trials<'a> {
    plan: Plan,
    workers: &'a Workers,
    idle: Mutex<Vec<Process>>,
    id: BackendId,
}

impl<'a> Trials<'a> {
    /// Starts the first worker.
    ///
    /// # Errors
    /// When the plan's backend can't be opened.
    pub fn open(plan: Plan, workers: &'a Workers) -> Result<Self, CampaignError> {
        let plan = Plan { budget: Some(BUDGET), ..plan };
        let first = Process::start(&plan)?;
        let id = first.id().clone();
        Ok(Trials { plan, workers, idle: Mutex::new(vec![first]), id })
    }

    /// The backend.
    pub fn id(&self) -> &BackendId {
        &self.id
    }

    /// What comes of a case.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn judge(&self, case: &Case) -> Result<Judgement, CampaignError> {
        let text = text::print(&plain_file(case));
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => Process::start(&self.plan)?,
        };
        match worker.ask(&Request::Replay { text }).and_then(|()| worker.answer(self.workers.deadline)) {
            Ok(Answer::Replayed(replay)) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                Ok(replay.judgement)
            }
            Ok(other) => Err(CampaignError::Stillborn(format!("unexpected answer {other:?}"))),
            Err(death) => Ok(post_mortem(&death)),
        }
    }
}

impl Judge for Trials<'_> {
    fn bucket(&self, case: &Case) -> Result<Option<String>, String> {
        self.judge(case).map(|judgement| bucket(&judgement)).map_err(|e| e.to_string())
    }
}

/// How many instructions a run may take: hundreds of hangs are waited for. Still several times what the interpreter judges.
const BUDGET: usize = 500_000;

/// What two findings share when they are taken for the same bug. That tracehound itself fails is nobody's bug.
fn bucket(judgement: &Judgement) -> Option<String> {
    match judgement {
        Judgement::Finding { key, nuance, .. } if nuance.is_empty() => Some(key.clone()),
        Judgement::Finding { key, nuance, .. } => Some(format!("{key}, {nuance}")),
        Judgement::Agree(_) | Judgement::Skip(_) | Judgement::Error(_) => None,
    }
}

/// A case alone.
fn plain_file(case: &Case) -> TraceFile {
    TraceFile {
        backend: None,
        expects: vec![],
        shapes: vec![],
        notes: vec![],
        runs: vec![None; case.inputs.len()],
        case: case.clone(),
    }
}

/// The file of a case that was made smaller: what its head says of the finding is what the small case shows. `code` lines, which name
/// instructions that may be gone, are left out.
pub fn small_file(file: &TraceFile, small: &Case, id: &BackendId, before: &Judgement, after: &Judgement) -> TraceFile {
    let name = pieces::expect_name(id);
    TraceFile {
        backend: Some(file.backend.clone().unwrap_or_else(|| format!("{} {} {}", id.name, id.variant, id.version))),
        expects: expects(&file.expects, &name, before, after),
        shapes: vec![],
        notes: notes(file, before, after),
        runs: pieces::runs(small),
        case: small.clone(),
    }
}

fn expects(old: &[Expect], name: &str, before: &Judgement, after: &Judgement) -> Vec<Expect> {
    let (Judgement::Finding { words: old_words, .. }, Judgement::Finding { class, words, .. }) = (before, after) else {
        return old.to_vec();
    };
    let mut expects = old.to_vec();
    let ours = |e: &&mut Expect| e.backend.as_deref() == Some(name);
    match (expects.iter_mut().find(ours), FindingClass::from_name(class)) {
        (Some(ours), _) if ours.words == *old_words => ours.words.clone_from(words),
        (None, Some(class)) => {
            let verdict = ExpectedVerdict::Finding(class);
            expects.insert(0, Expect { backend: Some(name.into()), verdict, words: words.clone() });
        }
        _ => {}
    }
    expects
}

/// Notes as a file has them once it is written: long ones are several lines.
fn as_written(case: &Case, notes: &[String]) -> Vec<String> {
    let file = TraceFile { notes: notes.to_vec(), ..plain_file(case) };
    text::parse(&text::print(&file)).map_or_else(|_| notes.to_vec(), |read| read.notes)
}

/// What tells that the file was made smaller, and from what.
const MINIMIZED: &str = "minimised from";

fn notes(file: &TraceFile, before: &Judgement, after: &Judgement) -> Vec<String> {
    let of = |j: &Judgement| match j {
        Judgement::Finding { notes, .. } => as_written(&file.case, notes),
        _ => vec![],
    };
    let old = of(before);
    let mut notes = of(after);
    notes.extend(file.notes.iter().filter(|n| !old.contains(n)).cloned());
    if !notes.iter().any(|n| n.starts_with(MINIMIZED)) {
        let count = crate::minimize::instructions(&file.case);
        notes.push(format!("{MINIMIZED} {count} instructions, tracehound {}", env!("CARGO_PKG_VERSION")));
    }
    notes
}
