//! Workers that are kept between requests, by backend: a file is judged by whoever is free, and a worker that dies takes nothing along.

use super::CampaignError;
use super::death::Death;
use super::plan::{Plan, Workers};
use super::process::{Process, Worker};
use super::protocol::{Answer, Request};
use crate::backend::BackendId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Workers of all backends that were asked for so far.
#[derive(Debug)]
pub(super) struct Pool<'a> {
    plan: &'a Plan,
    workers: &'a Workers,
    idle: Mutex<IdleWorkers>,
}

/// Workers that wait for a request, by backend and variant.
type IdleWorkers = BTreeMap<(String, String), Vec<Process>>;

/// What came of a request.
pub(super) struct Asked {
    /// The backend that was asked.
    pub id: BackendId,
    /// Its answer, or how its worker ended.
    pub answer: Result<Answer, Death>,
}

impl<'a> Pool<'a> {
    /// Workers are opened as the plan says, but for the backend.
    pub fn new(plan: &'a Plan, workers: &'a Workers) -> Self {
        Pool { plan, workers, idle: Mutex::default() }
    }

    /// Asks a worker of a backend and waits for its answer.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn ask(&self, backend: &str, variant: &str, request: &Request) -> Result<Asked, CampaignError> {
        let key = (backend.to_string(), variant.to_string());
        let idle = self.idle().get_mut(&key).and_then(Vec::pop);
        let mut worker = match idle {
            Some(worker) => worker,
            None => Process::start(&self.plan_for(backend, variant))?,
        };
        let id = worker.id().clone();
        let answer = worker.ask(request).and_then(|()| worker.answer(self.workers.deadline));
        if answer.is_ok() {
            self.idle().entry(key).or_default().push(worker);
        }
        Ok(Asked { id, answer })
    }

    fn idle(&self) -> MutexGuard<'_, IdleWorkers> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan_for(&self, backend: &str, variant: &str) -> Plan {
        Plan { backend: backend.into(), variant: variant.into(), ..self.plan.clone() }
    }
}
