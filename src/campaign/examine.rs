//! Files examined: each judged again on one backend, with all that was seen on the way, in workers that a crash can't spread from.

use super::CampaignError;
use super::death::Death;
use super::plan::{Plan, Workers};
use super::pool::{Asked, Pool};
use super::protocol::{Answer, Blamed, Judgement, Request};
use super::{pieces, replay};
use crate::backend::BackendId;
use crate::backend::store::Spec;
use crate::blame::Blame;
use crate::explain::{Conclusion, Sheet, crash_sheet};
use crate::outcome::FaultClass;
use crate::text::{self, TraceFile};
use luajit_arm64_sys::Variant;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// What came of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined {
    /// All that was seen.
    Seen(Box<Exam>),
    /// It could not be judged: a malformed file, a missing backend, a failure of tracehound itself.
    Broken(String),
}

/// A file's case as a backend has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exam {
    /// The bucket, if it is a finding.
    pub key: Option<String>,
    /// All that was seen.
    pub sheet: Sheet,
    /// The case and what the file says of it.
    pub file: TraceFile,
}

impl Exam {
    /// The build that can tell who is to be blamed: the one that records. Assertions name their own place, and only their build has them; nobody
    /// can be asked about a crash.
    pub fn recording(&self) -> Option<Spec> {
        let Conclusion::Finding { class, .. } = &self.sheet.verdict else { return None };
        let id = &self.sheet.backend;
        let variant = match (FaultClass::BackendAssert.name() == class, FaultClass::BackendCrash.name() == class) {
            (true, _) => Variant::Assert,
            (_, true) => return None,
            _ => Variant::Blame,
        };
        pieces::spec(&id.name, variant.name()).ok()
    }
}

/// Examines files.
#[derive(Debug)]
pub struct Examiner<'a> {
    /// The plan's backend, whatever a file names.
    asked: Option<Spec>,
    pool: Pool<'a>,
    jobs: usize,
    stop: &'a AtomicBool,
}

impl<'a> Examiner<'a> {
    /// Workers are opened as the plan says. With `only`, all files are examined on the plan's backend, else each on the one that it expects a
    /// finding on. Files not begun are left out when `stop` is set.
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
        Ok(Examiner { asked, pool: Pool::new(plan, workers), jobs: workers.jobs, stop })
    }

    /// Examines the texts of files; results are in their order. `done` is called behind each.
    ///
    /// # Errors
    /// When no threads can be started.
    pub fn run(&self, texts: &[String], done: impl Fn() + Sync) -> Result<Vec<Examined>, CampaignError> {
        let one = |text: &String| {
            let examined = self.one(text).unwrap_or_else(Examined::Broken);
            done();
            examined
        };
        Ok(self.threads()?.install(|| texts.par_iter().with_max_len(1).map(one).collect()))
    }

    /// Blames the findings among these texts, on builds that record who writes which word: those must be there. Results are in their order;
    /// nothing for what no one can be blamed for.
    ///
    /// # Errors
    /// When no threads can be started.
    pub fn blame(
        &self,
        findings: &[(&str, &Exam)],
        done: impl Fn() + Sync,
    ) -> Result<Vec<Option<Blame>>, CampaignError> {
        let one = |(text, exam): &(&str, &Exam)| {
            let blame = self.blame_one(text, exam);
            done();
            blame
        };
        Ok(self.threads()?.install(|| findings.par_iter().with_max_len(1).map(one).collect()))
    }

    fn blame_one(&self, text: &str, exam: &Exam) -> Option<Blame> {
        let spec = exam.recording()?;
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let request = Request::Blame { text: text.into() };
        match self.pool.ask(&spec.to_string(), spec.variant.name(), &request).ok()?.answer {
            Ok(Answer::Blamed(Blamed::Blame(blame))) => Some(*blame),
            _ => None,
        }
    }

    fn threads(&self) -> Result<rayon::ThreadPool, CampaignError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        pool.map_err(|e| CampaignError::Threads { jobs: self.jobs, why: e.to_string() })
    }

    fn one(&self, text: &str) -> Result<Examined, String> {
        if self.stop.load(Ordering::Relaxed) {
            return Err("not judged: interrupted".into());
        }
        let file = text::parse(text).map_err(|e| e.to_string())?;
        let spec = self.backend_of(&file).map_err(|e| e.to_string())?;
        let request = Request::Explain { text: text.into() };
        let asked = self.pool.ask(&spec.to_string(), spec.variant.name(), &request).map_err(|e| e.to_string())?;
        let (key, sheet) = told(&file, asked)?;
        Ok(Examined::Seen(Box::new(Exam { key, sheet, file })))
    }

    /// The backend that a file expects a finding on; the built-in one if it expects none.
    fn backend_of(&self, file: &TraceFile) -> Result<Spec, pieces::OpenError> {
        if let Some(spec) = &self.asked {
            return Ok(spec.clone());
        }
        pieces::spec_of(file)
    }
}

/// Bucket and sheet by a worker's answer; of a worker that died, without the code.
fn told(file: &TraceFile, asked: Asked) -> Result<(Option<String>, Sheet), String> {
    match asked.answer {
        Ok(Answer::Explained(explained)) => match explained.judgement {
            Judgement::Error(why) => Err(format!("{}: {why}", asked.id.selector())),
            Judgement::Finding { key, .. } => Ok((Some(key), with_sheet(explained.sheet)?)),
            Judgement::Agree(_) | Judgement::Skip(_) => Ok((None, with_sheet(explained.sheet)?)),
        },
        Ok(other) => Err(format!("unexpected answer {other:?}")),
        Err(death) => crashed(file, &asked.id, &death),
    }
}

fn with_sheet(sheet: Result<Box<Sheet>, String>) -> Result<Sheet, String> {
    sheet.map(|sheet| *sheet)
}

fn crashed(file: &TraceFile, id: &BackendId, death: &Death) -> Result<(Option<String>, Sheet), String> {
    match replay::post_mortem(death) {
        Judgement::Finding { key, detail, .. } => {
            Ok((Some(key), crash_sheet(file, id, detail).map_err(|e| e.to_string())?))
        }
        _ => Err(death.lines().join("; ")),
    }
}
