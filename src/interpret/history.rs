//! Every value of a run, pass by pass: for whoever wants to hold a machine's steps against it.

use super::body::Body;
use super::error::Unjudged;
use super::program::{Program, Which, Witness};
use crate::case::Input;
use crate::ir::Ref;
use crate::outcome::End;

/// Passes that are kept; a loop that goes wrong does so early.
const MOST_PASSES: usize = 1000;

/// What a run's instructions gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Values of the root trace by instruction, of each pass: the part before a loop is in the first one, with the loop's first pass.
    /// A trace that starts again begins a new one.
    passes: Vec<Vec<Option<u64>>>,
    /// The same of the side trace, of its first run.
    side: Vec<Option<u64>>,
    /// There were more passes.
    full: bool,
    /// The instruction that ran last, whether it is the side trace's, and its pass; `None` if that pass is not kept.
    pub last: Option<(Ref, bool, usize)>,
    /// A guard of the root trace has failed.
    pub failed: bool,
    /// How the run ended.
    pub end: Result<End, Unjudged>,
}

impl History {
    /// The value that an instruction of the root trace gave in a pass.
    pub fn value(&self, at: Ref, pass: usize) -> Option<u64> {
        *self.passes.get(pass)?.get(usize::from(at.0).checked_sub(1)?)?
    }

    /// The one it gave in a pass or last before it.
    pub fn latest(&self, at: Ref, pass: usize) -> Option<u64> {
        (0..=pass).rev().find_map(|pass| self.value(at, pass))
    }

    /// The values that an instruction of the root trace gave, of all passes.
    pub fn all(&self, at: Ref) -> impl Iterator<Item = u64> {
        (0..self.passes.len()).filter_map(move |pass| self.value(at, pass))
    }

    /// The value that an instruction of the side trace gave.
    pub fn side(&self, at: Ref) -> Option<u64> {
        *self.side.get(usize::from(at.0).checked_sub(1)?)?
    }

    /// Whether a pass, if there was one, is kept.
    pub fn knows(&self, pass: usize) -> bool {
        !self.full || pass < self.passes.len()
    }

    /// Passes of the root trace.
    pub fn passes(&self) -> usize {
        self.passes.len()
    }
}

impl Program {
    /// All values of a run.
    pub fn history(&self, input: &Input) -> History {
        let side = self.side.as_ref().map_or(vec![], |side| blank(&side.body));
        let mut scribe = Scribe {
            program: self,
            passes: vec![],
            side,
            before: None,
            fresh: true,
            side_runs: 0,
            failed: false,
            full: false,
        };
        let end = self.watch(input, &mut scribe);
        let last = scribe.before.filter(|_| !scribe.full).map(|(which, step)| {
            let at = self.body(which).steps[step].at;
            (at, which == Which::Side, scribe.passes.len().saturating_sub(1))
        });
        let Scribe { passes, side, full, failed, .. } = scribe;
        History { passes, side, full, last, failed, end }
    }
}

/// Writes down what each step gave as soon as the next one runs.
struct Scribe<'p> {
    program: &'p Program,
    passes: Vec<Vec<Option<u64>>>,
    side: Vec<Option<u64>>,
    /// The step that ran last.
    before: Option<(Which, usize)>,
    /// A trace has just been left.
    fresh: bool,
    /// How often the side trace was begun.
    side_runs: usize,
    failed: bool,
    /// There are more passes than are kept.
    full: bool,
}

impl Witness for Scribe<'_> {
    fn runs(&mut self, which: Which, step: usize, values: &[u64]) {
        let last = self.before.filter(|_| !self.fresh).map(|(_, last)| last);
        if let Some(last) = last {
            self.note(which, last, values);
        }
        match which {
            // A loop has gone round, or the trace begins.
            Which::Root if last.is_none_or(|last| step <= last) => self.begin(),
            Which::Side if last.is_none() => self.side_runs += 1,
            _ => {}
        }
        (self.before, self.fresh) = (Some((which, step)), false);
    }

    fn left(&mut self, which: Which, values: &[u64], end: bool) {
        // The step at which a guard failed gave nothing; a trace without steps has none.
        if let Some((_, last)) = self.before.filter(|(ran, _)| end && *ran == which) {
            self.note(which, last, values);
        }
        self.fresh = true;
        self.failed |= which == Which::Root && !end;
    }
}

impl Scribe<'_> {
    fn begin(&mut self) {
        self.full |= self.passes.len() == MOST_PASSES;
        if !self.full {
            self.passes.push(blank(&self.program.root));
        }
    }

    fn note(&mut self, which: Which, step: usize, values: &[u64]) {
        let step = &self.program.body(which).steps[step];
        let list = match which {
            Which::Root => self.passes.last_mut().filter(|_| !self.full),
            Which::Side => Some(&mut self.side).filter(|_| self.side_runs == 1),
        };
        let entry = list.and_then(|list| list.get_mut(usize::from(step.at.0) - 1));
        if let (Some(entry), Some(value)) = (entry, values.get(step.to)) {
            *entry = Some(*value);
        }
    }
}

fn blank(body: &Body) -> Vec<Option<u64>> {
    let most = body.steps.iter().map(|s| usize::from(s.at.0)).max().unwrap_or(0);
    vec![None; most]
}
