//! Text to file: line by line, then one check of the whole case, whose errors are led back to their lines.

mod head;
mod heap;
mod input;
mod object;
mod operand;
mod place;
mod run;
mod shape;
mod trace;

use self::head::Head;
use self::input::Inputs;
use self::shape::Shapes;
use self::trace::{SideText, TraceText};
use super::TraceFile;
use super::error::ParseError;
use super::line::{Line, Word};
use crate::case::{BadCase, Case, SideTrace};
use crate::ir::ExitNo;
use crate::ir::validate::Illegal;

/// Most bytes of a file.
pub const MAX_FILE: usize = 4 << 20;
/// Most bytes of a line.
pub const MAX_LINE: usize = 128 << 10;

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
    head: Head<'a>,
    shapes: Shapes<'a>,
    inputs: Inputs<'a>,
    trace: TraceText<'a>,
    side: Option<SideText<'a>>,
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
            return self.trace_line(line);
        }
        if self.trace.started {
            return Err(first.unexpected("the trace's next line; directives stand before `---- TRACE`"));
        }
        self.directive(line)
    }

    /// A line of the trace, or of the side trace behind it.
    fn trace_line(&mut self, line: Line<'a>) -> Result<(), ParseError> {
        self.head.close()?;
        match &mut self.side {
            Some(side) => return side.trace.line(line, &self.head.world),
            None if self.trace.stop.is_some() && line.peek().text == "----" => {
                self.side = Some(trace::side(line, &self.trace)?);
            }
            None => self.trace.line(line, &self.head.world)?,
        }
        Ok(())
    }

    fn directive(&mut self, mut line: Line<'a>) -> Result<(), ParseError> {
        let word = line.word("a directive")?;
        match word.text {
            "region" | "object" if !self.inputs.list.is_empty() => {
                Err(word.unexpected("regions and objects before the first input"))
            }
            "backend" | "emit" | "flags" | "arena" | "ra" | "expect" | "note" | "region" | "object" => {
                self.head.directive(word, line)
            }
            "code" => self.shapes.line(line),
            "input" => {
                self.head.close()?;
                self.inputs.start(word, line, &self.head)
            }
            "slot" | "gc" | "profile" | "run" | "value" | "stack" | "memory" | "heap" | "call" => {
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
        let wanted = "`---- TRACE 1 stop -> ` and a link";
        let stop = self.trace.stop.ok_or_else(|| end.unexpected(wanted))?;
        self.inputs.or_one_empty(stop, &self.head);
        self.renumber_exits()?;
        let shapes = std::mem::take(&mut self.shapes).resolve(&self.trace.refs)?;
        let inputs: Vec<_> = self.inputs.list.iter_mut().map(|i| std::mem::take(&mut i.input)).collect();
        let (emit, flags) = (self.head.emit.unwrap_or_default(), self.head.flags.unwrap_or_default());
        let mut case = Case::new(self.trace.take(), std::mem::take(&mut self.head.world), inputs, emit, flags);
        (case.arena, case.ra) = (self.head.arena.unwrap_or_default(), self.head.ra);
        if let Some(side) = &mut self.side {
            side.trace.stop.ok_or_else(|| end.unexpected(wanted.replace('1', "2")))?;
            case.side = Some(SideTrace { exit: side.exit, trace: side.trace.take() });
        }
        case.check().map_err(|e| self.locate(e, &case, stop))?;
        let mut runs: Vec<_> = self.inputs.list.into_iter().map(|i| i.run).collect();
        for (run, input) in runs.iter_mut().zip(&case.inputs) {
            run.iter_mut().for_each(|run| run.normalize(&case, input));
        }
        let Head { backend, expects, notes, .. } = self.head;
        Ok(TraceFile { backend, expects, shapes, notes, case, runs })
    }

    /// Exits of the side trace are counted behind the highest number of the root trace.
    fn renumber_exits(&mut self) -> Result<(), ParseError> {
        let (root, side) = (&self.trace, &self.side);
        self.inputs.renumber_exits(|number| {
            let of_side = || {
                let number = number.checked_sub(root.last_number())?.checked_sub(1)?;
                let index = side.as_ref()?.trace.snap_index(number)?;
                Some(ExitNo(root.snap_index(root.last_number())?.0 + 1 + index.0))
            };
            root.snap_index(number).or_else(of_side)
        })
    }

    /// The line that an illegal case's error belongs to.
    fn locate(&self, e: BadCase, case: &Case, stop: Word<'a>) -> ParseError {
        let alone = || Case { side: None, ..case.clone() }.check();
        match (e, &self.side) {
            (BadCase::Trace(e), Some(side)) if !matches!(alone(), Err(BadCase::Trace(_))) => {
                locate_in(&side.trace, e, side.start)
            }
            (BadCase::Trace(e), _) => locate_in(&self.trace, e, stop),
            (BadCase::World(e), _) => stop.illegal(e.to_string()),
            (BadCase::Input { input, why }, _) => {
                let place = input.checked_sub(1).and_then(|i| self.inputs.list.get(i)).map_or(stop, |i| i.at);
                place.illegal(why)
            }
        }
    }
}

/// The line of a trace that an error belongs to; `whole` for the trace as a whole.
fn locate_in(trace: &TraceText, e: Illegal, whole: Word) -> ParseError {
    match e {
        Illegal::Ins { at, op, why } => trace.ins_at[usize::from(at.0) - 1].illegal(format!("{}: {why}", op.name())),
        Illegal::Snap { snap, why } => trace.snaps_at[snap].illegal(why),
        Illegal::Trace(why) => whole.illegal(why),
    }
}

const DIRECTIVES: &str = "a directive (backend emit flags arena ra expect code note region object input slot gc profile run \
                          value stack memory heap call), a place (`region+offset:`, `table[key]:`) or a comment (`;;`)";
