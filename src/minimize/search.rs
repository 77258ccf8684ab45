//! The search: proposals in batches, the first that fails in the bucket wins, until none does.

use super::reduce::{Edit, Reducer, reducers};
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
            let judged = winner.map_or(batch.len(), |at| at + 1);
            self.tried += judged as u64;
            self.rejected.extend(batch[..winner.unwrap_or(batch.len())].iter().map(|(_, (_, digest))| *digest));
            if let Some(at) = winner
                && let Some((place, (case, _))) = batch.into_iter().nth(at)
            {
                (self.weight, self.doubts) = (weigh(&case), doubts(&case));
                self.best = case;
                self.watch.sees(self.tried, &self.best);
                return Ok(Some(place));
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

    /// The first of a batch that fails in the bucket, and is no harder to believe.
    fn winner(&self, batch: &[(usize, Proposal)]) -> Result<Option<usize>, EndedEarly> {
        let (judge, wanted, most) = (self.judge, self.bucket, self.doubts);
        let judged = batch.par_iter().with_max_len(1).enumerate();
        let decisive = |(at, (_, (case, _))): (usize, &(usize, Proposal))| match judge.bucket(case) {
            Ok(Some(bucket)) if bucket == wanted && doubts(case) <= most => Some(Ok(at)),
            Ok(_) => None,
            Err(why) => Some(Err(EndedEarly::Judge(why))),
        };
        judged.find_map_first(decisive).transpose()
    }
}

fn digest(case: &Case) -> u128 {
    let mut hasher = Xxh3::new();
    case.hash(&mut hasher);
    hasher.digest128()
}
