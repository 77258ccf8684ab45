//! A hunt: jobs take batches of case numbers, their results are merged, written and saved as they come.

use super::CampaignError;
use super::batch::Job;
use super::folder::Folder;
use super::guided::{Corpus, Made, Reach, Source, read_seeds};
use super::party::Party;
use super::plan::{Plan, Workers};
use super::process::Process;
use super::protocol::Batch;
use super::state::State;
use crate::backend::BackendId;
use crate::oracle::STAGES;
use crate::tally::Tally;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Cases in a batch: some tenths of a second, so that pipes cost nothing and stopping takes no time.
pub(super) const BATCH: u64 = 128;
/// Time between two states on disk: what a killed hunt has to do again.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// When a hunt ends.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// All cases below this number are done.
    pub cases: Option<u64>,
    /// So much time has passed.
    pub time: Option<Duration>,
}

/// A hunt under way.
#[derive(Debug)]
pub struct Hunt<'a> {
    plan: &'a Plan,
    workers: &'a Workers,
    limits: Limits,
    stop: &'a AtomicBool,
    started: Instant,
    id: BackendId,
    first_worker: Mutex<Option<Process>>,
    board: Mutex<Board>,
}

/// What all jobs share.
#[derive(Debug)]
struct Board {
    folder: Folder,
    state: State,
    corpus: Corpus,
    next: u64,
    resumed: u64,
    saved: Instant,
    /// When and by which case a class was first seen.
    first: BTreeMap<String, (Duration, u64)>,
    times: [Duration; STAGES.len()],
    strays: u64,
}

/// What a hunt has come to.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Time since its start.
    pub elapsed: Duration,
    /// Counts and buckets, earlier runs included.
    pub tally: Tally,
    /// Cases that earlier runs did.
    pub resumed: u64,
    /// Time to the first finding of each class in this run, and the case.
    pub first: BTreeMap<String, (Duration, u64)>,
    /// Time by stage, of all workers together, this run only.
    pub times: [Duration; STAGES.len()],
    /// Workers that died without a case to blame: the batch went well when repeated.
    pub strays: u64,
    /// What it has reached in the backend, if that counts.
    pub reach: Option<Reach>,
}

impl<'a> Hunt<'a> {
    /// A hunt in an open folder. `worker` is a started one of the same plan. `seeds` are files with cases that a new guided hunt begins with.
    ///
    /// # Errors
    /// When a seed or the folder's corpus can't be read.
    pub fn new(
        plan: &'a Plan,
        workers: &'a Workers,
        limits: Limits,
        stop: &'a AtomicBool,
        worker: Process,
        (folder, state): (Folder, State),
        seeds: &[PathBuf],
    ) -> Result<Self, CampaignError> {
        let now = Instant::now();
        let corpus = Corpus::open(&folder, &state.corpus, read_seeds(seeds)?)?;
        let mut board = Board {
            folder,
            corpus,
            resumed: state.tally.cases,
            state,
            next: 0,
            saved: now,
            first: BTreeMap::new(),
            times: Default::default(),
            strays: 0,
        };
        board.save()?;
        let id = worker.id().clone();
        let first_worker = Mutex::new(Some(worker));
        Ok(Hunt { plan, workers, limits, stop, started: now, id, first_worker, board: Mutex::new(board) })
    }

    /// Runs until a limit is reached, all is done, or it is stopped. The state is saved whatever happens.
    ///
    /// # Errors
    /// When workers can't be started or something can't be written; what was found stays on disk.
    pub fn run(&self) -> Result<(), CampaignError> {
        let jobs = self.workers.jobs;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.map_err(|e| CampaignError::Threads { jobs, why: e.to_string() })?;
        let results = pool.broadcast(|_| self.job().inspect_err(|_| self.stop.store(true, Ordering::Relaxed)));
        let mut board = self.board();
        let saved = board.save();
        results.into_iter().collect::<Result<(), _>>().and(saved)
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let board = self.board();
        Progress {
            elapsed: self.started.elapsed(),
            tally: board.state.tally.clone(),
            resumed: board.resumed,
            first: board.first.clone(),
            times: board.times,
            strays: board.strays,
            reach: board.corpus.reach(),
        }
    }

    /// Writes a further file to its folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CampaignError> {
        self.board().folder.write(name, bytes)
    }

    fn job(&self) -> Result<(), CampaignError> {
        let worker = self.first_worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let party = Party { plan: self.plan, id: self.id.clone(), deadline: self.workers.deadline };
        let mut job = Job::new(party, worker);
        while let Some((first, end, source)) = self.claim() {
            let batch = job.judge(&source, first, end)?;
            self.merge(first, end, batch)?;
        }
        self.board().strays += job.strays;
        Ok(())
    }

    fn claim(&self) -> Option<(u64, u64, Source)> {
        let late = self.limits.time.is_some_and(|t| self.started.elapsed() >= t);
        if late || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let mut board = self.board();
        let (first, end) = board.state.done.gap(board.next, BATCH, self.limits.cases.unwrap_or(u64::MAX))?;
        let end = board.corpus.end_of_batch(first, end);
        board.next = end;
        let source = if self.plan.guided { board.corpus.source(self.plan.seed, first, end) } else { Source::Plan };
        Some((first, end, source))
    }

    fn merge(&self, first: u64, end: u64, batch: Batch) -> Result<(), CampaignError> {
        let elapsed = self.started.elapsed();
        let mut board = self.board();
        let Board { folder, state, corpus, saved, first: seen, times, .. } = &mut *board;
        for (sum, more) in times.iter_mut().zip(batch.times) {
            *sum += more;
        }
        for sighting in batch.tally.kept() {
            seen.entry(sighting.class.clone()).or_insert((elapsed, sighting.index));
        }
        let made = Made::of(&batch, self.plan.guided);
        state.tally.add(batch.tally);
        state.done.add(first, end);
        let kept = corpus.add(batch.edges, made, batch.newcomers);
        corpus.write(folder, &kept)?;
        let found = folder.sync_findings(&state.tally)?;
        // A guided hunt that is killed need not come by the same case again.
        if saved.elapsed() >= SAVE_EVERY || found && self.plan.guided {
            board.save()?;
        }
        Ok(())
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn save(&mut self) -> Result<(), CampaignError> {
        self.state.corpus = self.corpus.state();
        self.saved = Instant::now();
        self.folder.save(&self.state)
    }
}
