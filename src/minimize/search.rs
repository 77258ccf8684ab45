//! The search: proposals in batches, the first that fails in the bucket wins, until none does.

use super::reduce::{Edit, Reducer, reducers};
use super::repair::repair;
use super::weight::{Weight, doubts, weigh};
use super::{EndedEarly, Judge, Minimized, Watch};
use crate::case::Case;
use rayon::prelude::*;
use std::collections::HashSet;
use std::hash::Hash;
use xxhash_rust::xxh3::Xxh3;

/// Proposals that are judged at once. Independent of the number of threads, so that they don't decide what is tried.
const BATCH: usize = 16;

/// A search and the best that it has.
pub(super) struct Search<'a> {
    judge: &'a dyn Judge,
    watch: &'a dyn Watch,
    bucket: &'a str,
    best: Case,
    weight: Weight,
    doubts: usize,
    /// Proposals that did not fail in the bucket.
    rejected: HashSet<u128>,
    tried: u64,
}

/// A proposal with its digest.
type Proposal = (Case, u128);

impl<'a> Search<'a> {
    pub(super) fn new(case: &Case, bucket: &'a str, judge: &'a dyn Judge, watch: &'a dyn Watch) -> Self {
        let (weight, doubts) = (weigh(case), doubts(case));
        Search { judge, watch, bucket, best: case.clone(), weight, doubts, rejected: HashSet::new(), tried: 0 }
    }

    /// Reduces until nothing is left to reduce.
    pub(super) fn run(mut self) -> Minimized {
        let ended_early = self.rounds().err();
        Minimized { case: self.best, bucket: self.bucket.into(), tried: self.tried, ended_early }
    }

    fn rounds(&mut self) -> Result<(), EndedEarly> {
        let reducers = reducers();
        loop {
            let before = self.weight.clone();
            for reducer in &reducers {
                self.exhaust(reducer)?;
            }
            if self.weight == before {
                return Ok(());
            }
        }
    }

    /// Takes what a reducer proposes from its first to its last proposal. Where one wins, it goes on at the same place: what was tried before
    /// comes again in the next round.
    fn exhaust(&mut self, reducer: &Reducer) -> Result<(), EndedEarly> {
        let mut from = 0;
        loop {
            let edits = reducer(&self.best);
            match self.first_from(&edits, from)? {
                Some(at) => from = at,
                None => return Ok(()),
            }
        }
    }

    /// Takes the first proposal that fails in the bucket; its place.
    fn first_from(&mut self, edits: &[Edit], from: usize) -> Result<Option<usize>, EndedEarly> {
        let mut next = from;
        while next < edits.len() {
            if !self.watch.goes_on() {
                return Err(EndedEarly::Stopped);
            }
            let (batch, end) = self.batch(edits, next);
            let winner = self.winner(&batch)?;
            let lost = winner.as_ref().map_or(batch.len(), |(at, _)| *at);
            self.tried += batch.len().min(lost + 1) as u64;
            self.rejected.extend(batch[..lost].iter().map(|(_, (_, digest))| *digest));
            if let Some((at, case)) = winner {
                (self.weight, self.doubts) = (weigh(&case), doubts(&case));
                self.best = case;
                self.watch.sees(self.tried, &self.best);
                return Ok(Some(batch[at].0));
            }
            self.watch.sees(self.tried, &self.best);
            next = end;
        }
        Ok(None)
    }

    /// The next proposals that are worth judging, with their places, and where the next batch starts.
    fn batch(&self, edits: &[Edit], from: usize) -> (Vec<(usize, Proposal)>, usize) {
        let (mut batch, mut seen) = (Vec::new(), HashSet::new());
        for (place, edit) in edits.iter().enumerate().skip(from) {
            if let Some(proposal) = self.proposal(edit).filter(|p| seen.insert(p.1)) {
                batch.push((place, proposal));
            }
            if batch.len() == BATCH {
                return (batch, place + 1);
            }
        }
        (batch, edits.len())
    }

    fn proposal(&self, edit: &Edit) -> Option<Proposal> {
        let case = edit(&self.best)?;
        let digest = digest(&case);
        let new = !self.rejected.contains(&digest) && case.check().is_ok();
        (new && weigh(&case) < self.weight).then_some((case, digest))
    }

    /// The first of a batch that fails in the bucket, as it is or repaired.
    fn winner(&self, batch: &[(usize, Proposal)]) -> Result<Option<(usize, Case)>, EndedEarly> {
        let judged = batch.par_iter().with_max_len(1).enumerate();
        let decisive = |(at, (_, (case, _))): (usize, &(usize, Proposal))| {
            self.standard().accepted(case).transpose().map(|won| won.map(|case| (at, case)))
        };
        judged.find_map_first(decisive).transpose().map_err(EndedEarly::Judge)
    }

    fn standard(&self) -> Standard<'_> {
        Standard { judge: self.judge, bucket: self.bucket, weight: &self.weight, doubts: self.doubts }
    }
}

/// What a case must meet to be the best.
struct Standard<'a> {
    judge: &'a dyn Judge,
    bucket: &'a str,
    weight: &'a Weight,
    doubts: usize,
}

impl Standard<'_> {
    /// The case, if it fails in the bucket and is no harder to believe than the best; or what a repair makes of it.
    fn accepted(&self, case: &Case) -> Result<Option<Case>, String> {
        if !self.fails(case)? {
            return Ok(None);
        }
        if doubts(case) <= self.doubts {
            return Ok(Some(case.clone()));
        }
        let repaired = repair(case).filter(|c| doubts(c) <= self.doubts && weigh(c) < *self.weight);
        match repaired {
            Some(repaired) if self.fails(&repaired)? => Ok(Some(repaired)),
            _ => Ok(None),
        }
    }

    fn fails(&self, case: &Case) -> Result<bool, String> {
        Ok(self.judge.bucket(case)?.as_deref() == Some(self.bucket))
    }
}

fn digest(case: &Case) -> u128 {
    let mut hasher = Xxh3::new();
    case.hash(&mut hasher);
    hasher.digest128()
}
