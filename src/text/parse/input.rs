//! Inputs: slots, memory and pointers.

use super::head::Head;
use super::place::{POINTER, bytes_into, place, pointer};
use super::run;
use crate::case::{Input, MAX_INPUTS, PointerCell};
use crate::ir::Slot;
use crate::text::error::ParseError;
use crate::text::expected::{Expected, RunEnd};
use crate::text::line::{Line, Word};
use crate::text::value;
use crate::world::{SlotValue, World};

/// The inputs so far.
#[derive(Default)]
pub(super) struct Inputs<'a> {
    pub list: Vec<InputText<'a>>,
}

/// One input.
pub(super) struct InputText<'a> {
    /// Where it starts.
    pub at: Word<'a>,
    pub input: Input,
    pub run: Option<Expected>,
    /// The exit number as it was written.
    exit: Option<Word<'a>>,
    /// For each region, the end of its last line of bytes.
    filled: Vec<usize>,
}

impl<'a> Inputs<'a> {
    /// `input N`
    pub fn start(&mut self, word: Word<'a>, mut line: Line<'a>, head: &Head) -> Result<(), ParseError> {
        let next = self.list.len() + 1;
        if next > MAX_INPUTS {
            return Err(word.illegal(format!("too many inputs, the most is {MAX_INPUTS}")));
        }
        let number = line.word("the input's number")?;
        if number.text != next.to_string() {
            return Err(number.unexpected(format!("input {next}")));
        }
        self.push(word, head);
        line.end()
    }

    /// A file without inputs has one that is nil and zero throughout.
    pub fn or_one_empty(&mut self, at: Word<'a>, head: &Head) {
        if self.list.is_empty() {
            self.push(at, head);
        }
    }

    fn push(&mut self, at: Word<'a>, head: &Head) {
        let input = Input { memory: head.constant.clone(), ..Input::default() };
        self.list.push(InputText { at, input, run: None, exit: None, filled: vec![0; head.constant.len()] });
    }

    /// A directive of the last input.
    pub fn directive(&mut self, word: Word<'a>, line: Line<'a>, world: &World) -> Result<(), ParseError> {
        let input = self.list.last_mut().ok_or_else(|| word.unexpected("`input 1` first"))?;
        match word.text {
            "slot" => input.slot(line, world),
            "run" => input.start_run(word, line),
            _ => match &mut input.run {
                Some(run) => run::detail(run, word, line, world),
                None => Err(word.unexpected("`run` first")),
            },
        }
    }

    /// Exit numbers are those of the snapshots as written.
    pub fn renumber_exits(&mut self, snap_numbers: &[u16]) -> Result<(), ParseError> {
        for input in &mut self.list {
            let (Some(Expected { end: RunEnd::Exit(n), .. }), Some(word)) = (&mut input.run, input.exit) else {
                continue;
            };
            let index = snap_numbers.binary_search(&n.0).map_err(|_| word.unexpected("the number of a snapshot"))?;
            n.0 = u16::try_from(index).expect("snapshots are counted by 16 bits");
        }
        Ok(())
    }
}

impl<'a> InputText<'a> {
    fn slot(&mut self, mut line: Line, world: &World) -> Result<(), ParseError> {
        let number = line.word(SLOT)?;
        let slot = Slot(number.number(SLOT)?);
        if self.input.slots.last().is_some_and(|(last, _)| *last >= slot) {
            return Err(number.unexpected("slots in ascending order"));
        }
        let kind = line.word(SLOT_VALUE)?;
        let value = slot_value(kind, &mut line, world)?.ok_or_else(|| kind.unexpected(SLOT_VALUE))?;
        self.input.slots.push((slot, value));
        line.end()
    }

    /// `data+8: 01 02` or `data+8: -> data+32`
    pub fn memory(&mut self, word: Word<'a>, mut line: Line<'a>, world: &World) -> Result<(), ParseError> {
        if line.peek().text == "->" {
            line.next();
            let at = pointer(word.before(word.text.len() - 1), world)?;
            let to = pointer(line.word("where the pointer points")?, world)?;
            self.input.pointers.push(PointerCell { at, to });
            return line.end();
        }
        let (region, offset) = place(word, world)?;
        if world.regions[region].readonly {
            return Err(word.illegal("the contents of a read-only region stand before the first input"));
        }
        bytes_into(&mut self.input.memory[region], &mut self.filled[region], offset, word, line)
    }

    fn start_run(&mut self, word: Word, line: Line<'a>) -> Result<(), ParseError> {
        if self.run.is_some() {
            return Err(word.illegal("this input has a run already; keep one"));
        }
        let (run, exit) = run::start(line)?;
        self.run = Some(run);
        self.exit = exit;
        Ok(())
    }
}

pub(super) const SLOT: &str = "a slot number";
pub(super) const SLOT_VALUE: &str = "nil, false, true, int, num or str";

/// A slot's value from its kind on; `None` if there is no such kind.
pub(super) fn slot_value(kind: Word, line: &mut Line, world: &World) -> Result<Option<SlotValue>, ParseError> {
    Ok(Some(match kind.text {
        "nil" => SlotValue::Nil,
        "false" => SlotValue::False,
        "true" => SlotValue::True,
        "int" => SlotValue::Int(parsed(line, "a 32-bit integer", value::parse_int)?),
        "num" => SlotValue::Num(parsed(line, NUM, value::parse_num)?),
        "str" => SlotValue::Str(pointer(line.word(POINTER)?, world)?),
        _ => return Ok(None),
    }))
}

pub(super) const NUM: &str = "a number: decimal, or its bits as 0x and 16 digits";

pub(super) fn parsed<T>(line: &mut Line, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ParseError> {
    let word = line.word(expected)?;
    parse(word.text).ok_or_else(|| word.unexpected(expected))
}
