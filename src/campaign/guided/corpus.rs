//! The corpus of a guided hunt: the cases that reached something first, on disk and in memory.

use super::source::draw;
use super::{Features, Made, Mix, Newcomer, Source};
use crate::campaign::files::{collect_files, read_case};
use crate::campaign::{CampaignError, Folder, io_error};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Cases that a batch is made of: enough for variety, few enough to cost nothing on the way to a worker.
const PARENTS: u64 = 8;
/// The corpus in the folder of a hunt.
const FOLDER: &str = "corpus";

/// What the state of a hunt keeps of its corpus; the cases themselves are files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusState {
    /// Cases that the hunt was given: its first ones.
    pub seeds: u64,
    /// Cases that reached something first, by number, in the order in which that was known.
    pub cases: Vec<u64>,
    /// Everything that was reached.
    pub features: Vec<u32>,
    /// Edges that the backend has.
    pub edges: usize,
    /// What mutations and fresh cases have brought lately.
    #[serde(default)]
    pub mix: Mix,
}

/// What a hunt has reached in the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Edges that were taken.
    pub edges: u64,
    /// All that there are.
    pub of: usize,
    /// Edges, and what else is counted, told apart by about how often a case takes them.
    pub features: u64,
    /// Cases in the corpus.
    pub corpus: usize,
}

/// The corpus, open.
#[derive(Debug, Default)]
pub(in crate::campaign) struct Corpus {
    seeds: u64,
    cases: Vec<u64>,
    seen: Features,
    edges: usize,
    mix: Mix,
    /// The seeds' and cases' texts, by number.
    texts: BTreeMap<u64, String>,
}

impl Corpus {
    /// Opens the corpus of a hunt's folder. A new hunt has none, and gets the seeds.
    pub fn open(folder: &Folder, state: &CorpusState, seeds: Vec<String>) -> Result<Corpus, CampaignError> {
        let is_new = *state == CorpusState::default();
        let mut corpus = Corpus {
            seeds: if is_new { seeds.len() as u64 } else { state.seeds },
            cases: state.cases.clone(),
            seen: state.features.iter().copied().collect(),
            edges: state.edges,
            mix: state.mix,
            texts: BTreeMap::new(),
        };
        if is_new {
            corpus.texts = (0..).zip(seeds).collect();
            corpus.write(folder, &corpus.texts.keys().copied().collect::<Vec<_>>())?;
            return Ok(corpus);
        }
        for index in (0..corpus.seeds).chain(state.cases.iter().copied()) {
            let path = folder.path().join(file(index));
            corpus.texts.insert(index, fs::read_to_string(&path).map_err(io_error("read", &path))?);
        }
        Ok(corpus)
    }

    /// What the next state of the hunt keeps of it.
    pub fn state(&self) -> CorpusState {
        let features = self.seen.iter().collect();
        CorpusState { seeds: self.seeds, cases: self.cases.clone(), features, edges: self.edges, mix: self.mix }
    }

    /// Takes what a worker found new, and keeps the cases in which it still is. Their numbers.
    pub fn add(&mut self, edges: usize, made: Made, newcomers: Vec<Newcomer>) -> Vec<u64> {
        self.edges = self.edges.max(edges);
        let before = self.cases.len();
        let (mut in_mutants, mut in_fresh) = (0, 0);
        for newcomer in newcomers {
            let new = newcomer.features.iter().filter(|feature| self.seen.add(**feature)).count();
            *(if newcomer.mutant { &mut in_mutants } else { &mut in_fresh }) += new as u64;
            if new > 0 && !newcomer.text.is_empty() {
                self.cases.push(newcomer.index);
                self.texts.insert(newcomer.index, newcomer.text);
            }
        }
        self.mix.add(made, in_mutants, in_fresh);
        self.cases[before..].to_vec()
    }

    /// Writes cases to a hunt's folder.
    pub fn write(&self, folder: &Folder, cases: &[u64]) -> Result<(), CampaignError> {
        let mut texts = cases.iter().filter_map(|index| Some((index, self.texts.get(index)?)));
        texts.try_for_each(|(index, text)| folder.write(&file(*index), text.as_bytes()))
    }

    /// The numbers of a batch that may begin with `first`: seeds are not mixed with other cases.
    pub fn end_of_batch(&self, first: u64, end: u64) -> u64 {
        if first < self.seeds { end.min(self.seeds) } else { end }
    }

    /// What the cases of a batch of a guided hunt are made of.
    pub fn source(&self, seed: u64, first: u64, end: u64) -> Source {
        if first < self.seeds {
            let texts = self.texts.range(first..end).map(|(_, text)| text.clone()).collect();
            return Source::Given { first, texts };
        }
        let Some(count) = u64::try_from(self.cases.len()).ok().filter(|count| *count > 0) else { return Source::Plan };
        let drawn = |n: u64, purpose: &str| self.text(pick(draw(seed, first + n, purpose), count));
        let parents = (0..PARENTS.min(count)).map(|n| smaller(drawn(n, "corpus"), drawn(n, "other")));
        Source::Parents { texts: parents.collect(), share: self.mix.share() }
    }

    fn text(&self, nth: u64) -> String {
        let index = usize::try_from(nth).ok().and_then(|nth| self.cases.get(nth));
        index.and_then(|index| self.texts.get(index)).cloned().unwrap_or_default()
    }

    /// What was reached.
    pub fn reach(&self) -> Option<Reach> {
        let edges = self.seen.counters(self.edges);
        let corpus = self.cases.len();
        (self.edges > 0).then(|| Reach { edges, of: self.edges, features: self.seen.count(), corpus })
    }
}

/// One of `count` from a random number: late ones, which reached what is rare, more often than early ones.
fn pick(random: u64, count: u64) -> u64 {
    let (a, b) = (random >> 32, random & 0xffff_ffff);
    (a % count).max(b % count)
}

/// Of two cases the smaller one: it takes less time, and a change shows.
fn smaller(a: String, b: String) -> String {
    if b.len() < a.len() { b } else { a }
}

fn file(index: u64) -> String {
    format!("{FOLDER}/{index}.trace")
}

/// The seeds in some files and folders: every `.trace` file and packed case, in the order of their names.
///
/// # Errors
/// When one can't be read, or is none.
pub(in crate::campaign) fn read_seeds(paths: &[PathBuf]) -> Result<Vec<String>, CampaignError> {
    let mut seeds = Vec::new();
    for path in collect_files(paths)? {
        match read_case(&path) {
            Ok((text, _)) => seeds.push(text),
            Err(e) => return Err(CampaignError::BadSeed { path, why: e.to_string() }),
        }
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newcomer(index: u64, features: &[u32]) -> Newcomer {
        Newcomer { index, mutant: false, features: features.to_vec(), text: format!("case {index}") }
    }

    #[test]
    fn only_what_is_new_to_all_is_kept() {
        let mut corpus = Corpus::default();
        assert_eq!(
            corpus.add(10, Made::default(), vec![newcomer(3, &[1, 8]), newcomer(4, &[8]), newcomer(5, &[8, 9])]),
            [3, 5]
        );
        assert_eq!(corpus.add(10, Made::default(), vec![newcomer(6, &[1])]), [0; 0]);
        assert_eq!(corpus.reach(), Some(Reach { edges: 2, of: 10, features: 3, corpus: 2 }));
        let counted = Newcomer { text: String::new(), ..newcomer(7, &[70]) };
        assert_eq!(corpus.add(10, Made::default(), vec![counted]), [0; 0], "nobody wants its text");
        assert_eq!(corpus.reach().expect("edges are counted").features, 4);
    }

    #[test]
    fn a_batch_has_a_few_cases_of_the_corpus_the_same_each_time() {
        let mut corpus = Corpus::default();
        assert_eq!(corpus.source(1, 0, 128), Source::Plan);
        corpus.add(10, Made::default(), (0..100).map(|n| newcomer(n, &[n as u32])).collect());
        let source = corpus.source(1, 128, 256);
        let Source::Parents { texts, .. } = &source else { panic!("there are cases") };
        assert_eq!(texts.len() as u64, PARENTS);
        assert_eq!(corpus.source(1, 128, 256), source);
        assert_ne!(corpus.source(2, 128, 256), source);
    }

    #[test]
    fn late_cases_are_picked_more_often() {
        let picked = (0..4000).map(|n| pick(draw(9, n, "corpus"), 10)).filter(|nth| *nth >= 5).count();
        assert!((2600..3400).contains(&picked), "{picked} of 4000");
    }

    #[test]
    fn seeds_come_first_and_alone() {
        let texts = (0..5).map(|n| (n, format!("seed {n}"))).collect();
        let corpus = Corpus { seeds: 5, texts, ..Corpus::default() };
        assert_eq!((corpus.end_of_batch(0, 128), corpus.end_of_batch(5, 133)), (5, 133));
        let given = |texts: &[&str]| texts.iter().map(|text| (*text).to_string()).collect();
        assert_eq!(corpus.source(1, 3, 5), Source::Given { first: 3, texts: given(&["seed 3", "seed 4"]) });
    }
}
