//! One batch through a worker that may die of it: the case that is fatal is found, recorded and passed over.

use super::CampaignError;
use super::death::Death;
use super::guided::Source;
use super::process::Worker;
use super::protocol::{Answer, Batch, Request};
use std::time::Duration;

/// What a job needs besides its worker.
pub(super) trait Crew {
    /// Its kind of worker.
    type Worker: Worker;
    /// Starts a fresh worker.
    fn start(&self) -> Result<Self::Worker, CampaignError>;
    /// Counts the death of a worker at a case.
    fn record(&self, batch: &mut Batch, source: &Source, index: u64, death: &Death, generated: bool);
    /// How long one case may take.
    fn deadline(&self) -> Duration;
}

/// One job: a worker at a time.
pub(super) struct Job<C: Crew> {
    crew: C,
    worker: Option<C::Worker>,
    /// Deaths that did not come again when the batch was repeated.
    pub strays: u64,
}

impl<C: Crew> Job<C> {
    pub(super) fn new(crew: C, worker: Option<C::Worker>) -> Self {
        Job { crew, worker, strays: 0 }
    }

    /// Judges the cases from `first` to before `end`.
    pub(super) fn judge(&mut self, source: &Source, first: u64, end: u64) -> Result<Batch, CampaignError> {
        let mut worker = self.take_worker()?;
        let request = Request::Judge { first, count: end - first, announce: false, source: source.clone() };
        // Twice a case's time: usually all of a batch takes a fraction of it, and a batch that is merely slow gets a second
        // chance below, where each case has its own deadline.
        match ask(&mut worker, &request, self.crew.deadline() * 2) {
            Ok(batch) => {
                self.worker = Some(worker);
                Ok(batch)
            }
            Err(_) => self.judge_announced(source, first, end),
        }
    }

    fn take_worker(&mut self) -> Result<C::Worker, CampaignError> {
        self.worker.take().map_or_else(|| self.crew.start(), Ok)
    }

    /// The same with each case announced, in a fresh worker after each death.
    fn judge_announced(&mut self, source: &Source, first: u64, end: u64) -> Result<Batch, CampaignError> {
        let (mut sum, mut next, mut deaths) = (Batch::default(), first, 0);
        while next < end {
            let mut worker = self.crew.start()?;
            let request = Request::Judge { first: next, count: end - next, announce: true, source: source.clone() };
            match watch(&mut worker, &request, (next, end), self.crew.deadline(), &mut sum) {
                Ok(()) => {
                    self.worker = Some(worker);
                    next = end;
                }
                Err(fatal) => {
                    self.crew.record(&mut sum, source, fatal.index, &fatal.death, fatal.generated);
                    deaths += 1;
                    next = fatal.index + 1;
                }
            }
        }
        self.strays += u64::from(deaths == 0);
        Ok(sum)
    }
}

fn ask(worker: &mut impl Worker, request: &Request, wait: Duration) -> Result<Batch, Death> {
    worker.ask(request)?;
    loop {
        if let Answer::Batch(batch) = worker.answer(wait)? {
            return Ok(*batch);
        }
    }
}

/// A case that a worker did not survive.
struct Fatal {
    index: u64,
    generated: bool,
    death: Death,
}

fn watch(
    worker: &mut impl Worker,
    request: &Request,
    (first, end): (u64, u64),
    deadline: Duration,
    sum: &mut Batch,
) -> Result<(), Box<Fatal>> {
    let mut at = Fatal { index: first, generated: false, death: Death::default() };
    let mut result = worker.ask(request);
    while at.index < end {
        match result.and_then(|()| worker.answer(deadline)) {
            Err(death) => return Err(Box::new(Fatal { death, ..at })),
            Ok(Answer::Judging(_)) => at.generated = true,
            Ok(Answer::Batch(batch)) => {
                sum.add(*batch);
                at.index += 1;
                at.generated = false;
            }
            Ok(_) => {}
        }
        result = Ok(());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::death::How;
    use std::cell::Cell;
    use std::collections::VecDeque;

    /// Workers that die at some cases, at the first try only or always.
    struct Fragile {
        fatal: Vec<u64>,
        once: Cell<bool>,
        started: Cell<u64>,
    }

    struct FragileWorker {
        fatal: Vec<u64>,
        answers: VecDeque<Result<Answer, Death>>,
    }

    impl Crew for &Fragile {
        type Worker = FragileWorker;
        fn start(&self) -> Result<FragileWorker, CampaignError> {
            self.started.set(self.started.get() + 1);
            let healthy = self.once.get() && self.started.get() > 1;
            let fatal = if healthy { vec![] } else { self.fatal.clone() };
            Ok(FragileWorker { fatal, answers: VecDeque::new() })
        }
        fn record(&self, batch: &mut Batch, _: &Source, index: u64, death: &Death, generated: bool) {
            batch.tally.cases += 1;
            batch.tally.add_skip(&format!("{index} {} {generated}", death.key()));
        }
        fn deadline(&self) -> Duration {
            Duration::from_secs(1)
        }
    }

    fn batch_of(cases: u64) -> Answer {
        let mut batch = Batch::default();
        batch.tally.cases = cases;
        Answer::Batch(Box::new(batch))
    }

    impl Worker for FragileWorker {
        fn ask(&mut self, request: &Request) -> Result<(), Death> {
            let Request::Judge { first, count, announce, .. } = *request else { return Ok(()) };
            for i in first..first + count {
                if announce {
                    self.answers.extend([Ok(Answer::Generating(i)), Ok(Answer::Judging(i))]);
                }
                if self.fatal.contains(&i) {
                    self.answers.push_back(Err(Death { how: How::Signal(6), tail: vec![] }));
                    return Ok(());
                }
                if announce {
                    self.answers.push_back(Ok(batch_of(1)));
                }
            }
            if !announce {
                self.answers.push_back(Ok(batch_of(count)));
            }
            Ok(())
        }
        fn answer(&mut self, _: Duration) -> Result<Answer, Death> {
            self.answers.pop_front().expect("the coordinator asks only for what it may expect")
        }
    }

    fn judge(fatal: &[u64], once: bool) -> (Batch, u64, u64) {
        let crew = Fragile { fatal: fatal.to_vec(), once: Cell::new(once), started: Cell::new(0) };
        let mut job = Job::new(&crew, None);
        let batch = job.judge(&Source::Plan, 10, 20).expect("workers start");
        (batch, job.strays, crew.started.get())
    }

    #[test]
    fn a_fatal_case_costs_only_itself() {
        let (batch, strays, started) = judge(&[12, 13, 19], false);
        assert_eq!(batch.tally.cases, 10);
        let skipped: Vec<_> = batch.tally.skipped.keys().map(String::as_str).collect();
        assert_eq!(skipped, ["12 sigabrt true", "13 sigabrt true", "19 sigabrt true"]);
        assert_eq!((strays, started), (0, 4));
    }

    #[test]
    fn a_death_that_does_not_come_again_is_a_stray() {
        let (batch, strays, started) = judge(&[12], true);
        assert_eq!((batch.tally.cases, batch.tally.skips(), strays, started), (10, 0, 1, 2));
    }

    #[test]
    fn a_healthy_worker_is_kept() {
        let crew = Fragile { fatal: vec![], once: Cell::new(false), started: Cell::new(0) };
        let mut job = Job::new(&crew, None);
        for first in [0, 4, 8] {
            assert_eq!(job.judge(&Source::Plan, first, first + 4).expect("workers start").tally.cases, 4);
        }
        assert_eq!(crew.started.get(), 1);
    }
}
