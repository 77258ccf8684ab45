//! One case on one backend, in a worker process of its own.

use super::CampaignError;
use super::plan::{Plan, Workers};
use super::process::{Process, Worker};
use super::protocol::{Answer, Judgement, Request};
use super::replay::post_mortem;

/// Judges the case of a `.trace` file's text on the plan's backend. A worker that dies of it is a finding.
///
/// # Errors
/// When the worker does not start or the backend does not open.
pub fn judge_on(plan: &Plan, workers: &Workers, text: &str) -> Result<Judgement, CampaignError> {
    let mut worker = Process::start(plan)?;
    let request = Request::Replay { text: text.into() };
    match worker.ask(&request).and_then(|()| worker.answer(workers.deadline)) {
        Ok(Answer::Replayed(replay)) => Ok(replay.judgement),
        Ok(other) => Err(CampaignError::Stillborn(format!("unexpected answer {other:?}"))),
        Err(death) => Ok(post_mortem(&death)),
    }
}
