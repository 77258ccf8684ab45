//! The search itself: two versions of known and different states move towards each other until nothing that can be judged is between.

use super::budget::{limit, splits, width};
use thiserror::Error;

/// What a version is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The case fails on it, in the way that is looked for.
    Fails,
    /// It does not.
    Passes,
    /// It can't be judged.
    Unknown,
}

impl State {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            State::Fails => "fails",
            State::Passes => "passes",
            State::Unknown => "unknown",
        }
    }
}

/// Two versions of different states, with nothing between them that could be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Border {
    /// The position of the older one.
    pub old: usize,
    /// Its state.
    pub old_state: State,
    /// The position of the newer one.
    pub new: usize,
    /// Those between, which can't be judged.
    pub unknown: Vec<usize>,
}

/// Why there is no border.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum SearchError<E> {
    /// Both ends have the same state.
    #[error("both ends are the same")]
    Same {
        /// Position of the older end.
        old: usize,
        /// Position of the newer end.
        new: usize,
        /// Their state.
        state: State,
    },
    /// Too few versions can be judged.
    #[error("no two versions can be judged")]
    Unjudged,
    /// Judging failed.
    #[error(transparent)]
    Probe(#[from] E),
}

/// A search over versions 0 to `versions - 1`, the oldest first.
#[derive(Debug)]
pub struct Search<F> {
    /// What is known of each.
    known: Vec<Option<State>>,
    /// How many can be judged at once.
    at_once: usize,
    /// Builds that the search may still take.
    left: usize,
    /// Whether a version costs no build.
    is_free: F,
}

impl<F: Fn(usize) -> bool> Search<F> {
    /// A search that knows nothing yet.
    pub fn new(versions: usize, at_once: usize, is_free: F) -> Self {
        Search { known: vec![None; versions], at_once, left: 0, is_free }
    }

    /// Finds a border between two versions. `probe` judges the versions that it is given, which it may do in parallel. An end that can't be judged
    /// moves inwards.
    ///
    /// # Errors
    /// When both ends have the same state or can't be judged, and when `probe` fails. What was found out is kept.
    pub fn run<E>(
        &mut self,
        (old, new): (usize, usize),
        probe: &mut impl FnMut(&[usize]) -> Result<Vec<State>, E>,
    ) -> Result<Border, SearchError<E>> {
        self.left = limit(new + 1 - old);
        let (old, new) = self.ends(old, new, probe)?;
        let (mut old, mut new) = self.narrow(old, new);
        while let Some(next) = self.next(old, new) {
            self.learn(&next, probe)?;
            (old, new) = self.narrow(old, new);
        }
        let unknown = (old + 1..new).collect();
        Ok(Border { old, old_state: self.state(old), new, unknown })
    }

    /// The outermost versions that can be judged.
    fn ends<E>(
        &mut self,
        mut old: usize,
        mut new: usize,
        probe: &mut impl FnMut(&[usize]) -> Result<Vec<State>, E>,
    ) -> Result<(usize, usize), SearchError<E>> {
        loop {
            self.learn(&[old, new], probe)?;
            let moved = (self.inwards(old), self.inwards(new));
            if moved == (0, 0) {
                break;
            }
            (old, new) = (old + moved.0, new.saturating_sub(moved.1));
            if old >= new {
                return Err(SearchError::Unjudged);
            }
        }
        match self.state(old) == self.state(new) {
            true => Err(SearchError::Same { old, new, state: self.state(old) }),
            false => Ok((old, new)),
        }
    }

    fn inwards(&self, at: usize) -> usize {
        usize::from(self.state(at) == State::Unknown)
    }

    /// What to judge next. What costs nothing comes first.
    fn next(&self, old: usize, new: usize) -> Option<Vec<usize>> {
        let open: Vec<usize> = (old + 1..new).filter(|at| self.known[*at].is_none()).collect();
        let free: Vec<usize> = open.iter().copied().filter(|at| (self.is_free)(*at)).collect();
        if !free.is_empty() {
            return Some(splits(free.len(), 1).into_iter().map(|i| free[i]).collect());
        }
        let width = (!open.is_empty()).then(|| width(open.len(), self.left, self.at_once))?;
        Some(splits(open.len(), width).into_iter().map(|i| open[i]).collect())
    }

    fn learn<E>(
        &mut self,
        versions: &[usize],
        probe: &mut impl FnMut(&[usize]) -> Result<Vec<State>, E>,
    ) -> Result<(), E> {
        let mut news: Vec<usize> = versions.iter().copied().filter(|at| self.known[*at].is_none()).collect();
        news.dedup();
        if news.is_empty() {
            return Ok(());
        }
        let builds = news.iter().filter(|at| !(self.is_free)(**at)).count();
        self.left = self.left.saturating_sub(builds);
        for (at, state) in news.iter().zip(probe(&news)?) {
            self.known[*at] = Some(state);
        }
        Ok(())
    }

    /// The first border between versions that were judged: a bug that came and went more often has more than one.
    fn narrow(&self, old: usize, new: usize) -> (usize, usize) {
        let judged = (old..=new).filter(|at| self.known[*at].is_some_and(|state| state != State::Unknown));
        let (mut last, before) = (old, self.state(old));
        for at in judged {
            if self.state(at) != before {
                return (last, at);
            }
            last = at;
        }
        (last, new)
    }

    fn state(&self, at: usize) -> State {
        self.known[at].unwrap_or(State::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Fails, Passes, Unknown};
    use super::*;
    use std::convert::Infallible;

    /// The states of versions, what was judged, and in how many rounds.
    struct World {
        states: Vec<State>,
        judged: Vec<usize>,
        rounds: usize,
    }

    impl World {
        fn new(states: Vec<State>) -> World {
            World { states, judged: vec![], rounds: 0 }
        }

        fn search(&mut self, at_once: usize, free: &[usize]) -> Result<Border, SearchError<Infallible>> {
            let versions = self.states.len();
            let mut search = Search::new(versions, at_once, |at| free.contains(&at));
            search.run((0, versions - 1), &mut |asked| {
                self.judged.extend(asked);
                self.rounds += 1;
                Ok(asked.iter().map(|at| self.states[*at]).collect())
            })
        }

        fn builds(&self, free: &[usize]) -> usize {
            self.judged.iter().filter(|at| !free.contains(at)).count()
        }
    }

    fn fixed_at(versions: usize, fixed: usize) -> World {
        World::new((0..versions).map(|at| if at < fixed { Fails } else { Passes }).collect())
    }

    #[test]
    fn every_border_is_found_within_the_limit() {
        for (versions, at_once) in [(2, 1), (3, 2), (46, 1), (46, 2), (46, 4), (100, 3)] {
            for fixed in 1..versions {
                let mut world = fixed_at(versions, fixed);
                // The newest is built in.
                let free = [versions - 1];
                let found = world.search(at_once, &free).expect("a border");
                assert_eq!(found, Border { old: fixed - 1, old_state: Fails, new: fixed, unknown: vec![] });
                assert!(world.builds(&free) <= limit(versions), "{versions} {fixed}: {:?}", world.judged);
            }
        }
    }

    #[test]
    fn nothing_is_judged_twice() {
        let mut world = fixed_at(46, 20);
        world.search(2, &[]).expect("a border");
        let mut judged = world.judged.clone();
        judged.sort_unstable();
        judged.dedup();
        assert_eq!(judged.len(), world.judged.len());
    }

    #[test]
    fn two_at_once_take_fewer_rounds() {
        let rounds = |at_once| {
            let worst = (1..46).map(|fixed| {
                let mut world = fixed_at(46, fixed);
                world.search(at_once, &[45]).expect("a border");
                world.rounds
            });
            worst.max()
        };
        assert!(rounds(2) < rounds(1), "{:?} {:?}", rounds(2), rounds(1));
    }

    #[test]
    fn an_introduction_is_found_as_well() {
        let mut world = World::new([vec![Passes; 5], vec![Fails; 3]].concat());
        assert_eq!(world.search(1, &[]).map(|b| (b.old, b.old_state, b.new)), Ok((4, Passes, 5)));
    }

    #[test]
    fn versions_that_cannot_be_judged_are_passed_over() {
        let states = vec![Unknown, Fails, Unknown, Unknown, Unknown, Passes, Unknown, Passes, Unknown];
        let found = World::new(states).search(1, &[]).expect("a border");
        assert_eq!(found, Border { old: 1, old_state: Fails, new: 5, unknown: vec![2, 3, 4] });
    }

    #[test]
    fn ends_in_the_same_state_are_an_error_that_says_which() {
        let both_fail = World::new(vec![Fails, Passes, Fails]).search(1, &[]);
        assert_eq!(both_fail, Err(SearchError::Same { old: 0, new: 2, state: Fails }));
        let inner = World::new(vec![Unknown, Passes, Fails, Passes]).search(1, &[]);
        assert_eq!(inner, Err(SearchError::Same { old: 1, new: 3, state: Passes }));
        assert_eq!(World::new(vec![Unknown; 4]).search(1, &[]), Err(SearchError::Unjudged));
        assert_eq!(World::new(vec![Unknown, Passes, Unknown]).search(1, &[]), Err(SearchError::Unjudged));
    }

    #[test]
    fn what_is_built_already_is_asked_first() {
        let mut world = fixed_at(46, 20);
        let free = [0, 18, 21, 30, 45];
        world.search(2, &free).expect("a border");
        assert!(world.builds(&free) <= 2, "{:?}", world.judged);
    }

    #[test]
    fn what_an_earlier_run_found_out_narrows_the_next() {
        let world = fixed_at(46, 1);
        let mut search = Search::new(46, 1, |_| false);
        let mut judged = 0;
        let mut probe = |asked: &[usize]| {
            judged += asked.len();
            Ok::<_, Infallible>(asked.iter().map(|at| world.states[*at]).collect())
        };
        assert!(search.run((2, 45), &mut probe).is_err());
        let found = search.run((0, 45), &mut probe).expect("a border");
        assert_eq!((found.old, found.new, judged), (0, 1, 4));
    }

    #[test]
    fn of_several_borders_one_between_neighbours_is_found() {
        let mut world = World::new([vec![Fails; 4], vec![Passes; 5], vec![Fails; 3], vec![Passes; 9]].concat());
        let found = world.search(3, &[]).expect("a border");
        assert_eq!(found.new, found.old + 1);
        assert_ne!(world.states[found.old], world.states[found.new]);
    }
}
