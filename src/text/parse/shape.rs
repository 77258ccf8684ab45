//! The `code` lines: their refs are given before the trace is, so they are led to its instructions at the end.

use super::trace::Refs;
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::text::pattern::{PATTERN, Pattern};
use crate::text::shape::{BUILDS, Builds, Shape, Want};

/// The lines so far, each with the word that says what it is about.
#[derive(Default)]
pub(super) struct Shapes<'a>(Vec<(Word<'a>, Builds, Want)>);

const WANT: &str = "`none`, `no` and instructions, or instructions (ldr w_, [x_, #8])";

impl<'a> Shapes<'a> {
    /// `code BACKENDS REF ..`, behind the first word.
    pub fn line(&mut self, mut line: Line<'a>) -> Result<(), ParseError> {
        line.clone().rest()?;
        let builds = line.word(BUILDS)?;
        let on = Builds::parse(builds.text).ok_or_else(|| builds.unexpected(BUILDS))?;
        let at = line.word(PLACE)?;
        self.0.push((at, on, want(line)?));
        Ok(())
    }

    /// The lines with the instructions that they mean.
    pub fn resolve(self, refs: &Refs) -> Result<Vec<Shape>, ParseError> {
        let shape = |(at, on, want): (Word, _, _)| match at.text {
            "trace" => Ok(Shape { on, at: None, want }),
            _ => Ok(Shape { on, at: Some(refs.find(at.number(PLACE)?).ok_or_else(|| at.unexpected(PLACE))?), want }),
        };
        self.0.into_iter().map(shape).collect()
    }
}

const PLACE: &str = "`trace` or the ref of one of its instructions";

fn want(mut line: Line) -> Result<Want, ParseError> {
    let first = line.peek();
    let negated = match first.text {
        "" => return Err(first.unexpected(WANT)),
        "none" => {
            line.next();
            return line.end().map(|()| Want::Nothing);
        }
        word => word == "no",
    };
    if negated {
        line.next();
    }
    let place = line.peek();
    let pattern = Pattern::parse(line.rest()?).ok_or_else(|| place.unexpected(PATTERN))?;
    Ok(if negated { Want::HasNot(pattern) } else { Want::Has(pattern) })
}
