//! Where the generator has been: opcodes and types, literals, fusions taken and refused, exits, and lines of the backend.
//!
//! Counted over cases that a backend compiled. What a run leaves through is the interpreter's word: no code is executed here.

mod exits;
mod extra;
mod features;
mod fusion;
mod html;
mod lines;
mod literals;
mod matrix;
mod text;

pub use extra::{EXTRAS, extras};
pub use html::page;
pub use lines::{Lines, SourceFile, read_lines};
pub use text::table;

use crate::backend::{Backend, Refusal};
use crate::case::Case;
use crate::code::Code;
use crate::interpret::Program;
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Counts by name.
pub type Counts = BTreeMap<String, u64>;

/// Everything that was counted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// Version of this form.
    pub schema: u32,
    /// The backend.
    pub backend: String,
    /// Cases by how they ended: compiled, or the reason why not.
    pub cases: Counts,
    /// Opcode, type and how often it was written.
    pub ops: BTreeMap<String, Counts>,
    /// Literals by kind.
    pub literals: BTreeMap<String, Counts>,
    /// The backend's fusion rules.
    pub fusions: Vec<fusion::Tally>,
    /// Classes of machine instructions.
    pub instructions: Counts,
    /// How runs left.
    pub exits: Counts,
    /// Lines of the backend's source, from a coverage build.
    pub lines: Option<Lines>,
}

/// The backend itself failed: there is nothing to count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("backend: {0}")]
pub struct BrokenBackend(pub String);

/// The version of [`Coverage`] as JSON.
pub const SCHEMA: u32 = 1;

impl Coverage {
    /// Nothing counted yet.
    pub fn new(backend: String) -> Coverage {
        Coverage { schema: SCHEMA, backend, fusions: fusion::all(), ..Coverage::default() }
    }

    /// Counts a case by what a backend makes of it.
    ///
    /// # Errors
    /// When the backend itself fails.
    pub fn add(&mut self, backend: &mut dyn Backend, case: &Case) -> Result<(), BrokenBackend> {
        let moved = if backend.arena() == case.arena { Ok(()) } else { backend.move_to(case.arena) };
        match moved.and_then(|()| backend.compile(case)) {
            Ok(code) => self.compiled(case, &code),
            Err(Refusal::Skip(reason)) => self.refused(&reason),
            Err(Refusal::Fault { class, .. }) => self.refused(class.name()),
            Err(Refusal::Broken(why)) => return Err(BrokenBackend(why)),
        }
        Ok(())
    }

    /// Counts a case that was not compiled.
    pub fn refused(&mut self, reason: &str) {
        *self.cases.entry(reason.into()).or_default() += 1;
    }

    /// Counts a case that was.
    pub fn compiled(&mut self, case: &Case, code: &Code) {
        self.refused("compiled");
        for trace in std::iter::once(&case.trace).chain(case.side.iter().map(|s| &s.trace)) {
            matrix::count(trace, &mut self.ops);
            literals::count(trace, &mut self.literals);
        }
        fusion::count(case, code, &mut self.fusions, &mut self.instructions);
        if let Ok(program) = Program::new(case) {
            exits::count(case, &program, &mut self.exits);
        }
    }
}

/// Adds one to a count.
fn bump(counts: &mut Counts, name: &str) {
    match counts.get_mut(name) {
        Some(n) => *n += 1,
        None => {
            counts.insert(name.into(), 1);
        }
    }
}
