//! Text to file: line by line, then one check of the whole case, whose errors are led back to their lines.

mod head;
mod input;
mod operand;
mod place;
mod run;
mod shape;
mod trace;

use self::head::Head;
use self::input::Inputs;
use self::shape::Shapes;
use self::trace::TraceText;
use super::TraceFile;
use super::error::ParseError;
use super::line::{Line, Word};
use crate::case::{BadCase, Case};
use crate::ir::validate::Illegal;

/// Most bytes of a file.
pub const MAX_FILE: usize = 4 << 20;
/// Most bytes of a line.
pub const MAX_LINE: usize = 16 << 10;

/// Reads a file and checks its case. Errors name the first line that is wrong.
pub fn parse(text: &str) -> Result<TraceFile, ParseError> {
    if text.len() > MAX_FILE {
        let why = format!("{} bytes, the most is {MAX_FILE}; split the file or shrink its memory", text.len());
        return Err(Word::end_of_file(1, "").illegal(why));
    }
    let mut parser = Parser::default();
    let mut end = Word::end_of_file(1, "");
    for (number, line) in (1..).zip(text.lines()) {
        end = Word::end_of_file(number, line);
        if line.len() > MAX_LINE {
            return Err(Line::new(number, line).peek().illegal(format!("the line has more than {MAX_LINE} bytes")));
        }
        parser.line(Line::new(number, line))?;
    }
    parser.finish(end)
}

#[derive(Default)]
struct Parser<'a> {
    head: Head,
    shapes: Shapes<'a>,
    inputs: Inputs<'a>,
    trace: TraceText<'a>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, mut line: Line<'a>) -> Result<(), ParseError> {
        let first = line.peek();
        if first.text.is_empty() || first.text.starts_with(";;") {
            return Ok(());
        }
        let is_directive = line.skip(";");
        if !self.head.started {
            return self.head.version(is_directive, line, first);
        }
        if !is_directive {
            return self.trace.line(line, &self.head.world);
        }
        if self.trace.started {
            return Err(first.unexpected("the trace's next line; directives stand before `---- TRACE`"));
        }
        self.directive(line)
    }

    fn directive(&mut self, mut line: Line<'a>) -> Result<(), ParseError> {
        let word = line.word("a directive")?;
        match word.text {
            "region" if !self.inputs.list.is_empty() => Err(word.unexpected("regions before the first input")),
            "backend" | "emit" | "flags" | "expect" | "note" | "region" => self.head.directive(word, line),
            "code" => self.shapes.line(line),
            "input" => self.inputs.start(word, line, &self.head),
            "slot" | "run" | "value" | "stack" | "memory" | "call" => {
                self.inputs.directive(word, line, &self.head.world)
            }
            place if place.ends_with(':') => match self.inputs.list.last_mut() {
                Some(input) => input.memory(word, line, &self.head.world),
                None => self.head.contents(word, line),
            },
            _ => Err(word.unexpected(DIRECTIVES)),
        }
    }

    fn finish(mut self, end: Word<'a>) -> Result<TraceFile, ParseError> {
        if !self.head.started {
            return Err(self.head.missing_version(end));
        }
        let stop = self.trace.stop.ok_or_else(|| end.unexpected("`---- TRACE 1 stop -> ` and a link"))?;
        self.inputs.or_one_empty(stop, &self.head);
        self.inputs.renumber_exits(&self.trace.snap_numbers)?;
        let shapes = std::mem::take(&mut self.shapes).resolve(&self.trace.refs)?;
        let inputs: Vec<_> = self.inputs.list.iter_mut().map(|i| std::mem::take(&mut i.input)).collect();
        let (emit, flags) = (self.head.emit.unwrap_or_default(), self.head.flags.unwrap_or_default());
        let trace = self.trace.take();
        let case = Case::new(trace, std::mem::take(&mut self.head.world), inputs, emit, flags);
        case.check().map_err(|e| self.locate(e, stop))?;
        let mut runs: Vec<_> = self.inputs.list.into_iter().map(|i| i.run).collect();
        for (run, input) in runs.iter_mut().zip(&case.inputs) {
            run.iter_mut().for_each(|run| run.normalize(&case, input));
        }
        let Head { backend, expects, notes, .. } = self.head;
        Ok(TraceFile { backend, expects, shapes, notes, case, runs })
    }

    /// The line that an illegal case's error belongs to.
    fn locate(&self, e: BadCase, stop: Word<'a>) -> ParseError {
        match e {
            BadCase::Trace(Illegal::Ins { at, op, why }) => {
                let place = self.trace.ins_at[usize::from(at.0) - 1];
                place.illegal(format!("{}: {why}", op.name()))
            }
            BadCase::Trace(Illegal::Snap { snap, why }) => self.trace.snaps_at[snap].illegal(why),
            BadCase::Trace(Illegal::Trace(why)) => stop.illegal(why),
            BadCase::World(e) => stop.illegal(e.to_string()),
            BadCase::Input { input, why } => {
                let place = input.checked_sub(1).and_then(|i| self.inputs.list.get(i)).map_or(stop, |i| i.at);
                place.illegal(why)
            }
        }
    }
}

const DIRECTIVES: &str = "a directive (backend emit flags expect code note region input slot run value stack memory call), \
                          bytes (`region+offset:`) or a comment (`;;`)";
