//! Inputs: slots, memory, pointers, and what the interpreter made of them.

use super::head::Head;
use crate::case::{Input, MAX_INPUTS, PointerCell};
use crate::ir::{ExitNo, RegionId, Slot, SymPtr, Type};
use crate::outcome::{Call, FAULT_CLASSES, Value};
use crate::text::error::ParseError;
use crate::text::expected::{Expected, Patch, RunEnd};
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
            _ => input.run_detail(word, line, world),
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

    fn start_run(&mut self, word: Word, mut line: Line<'a>) -> Result<(), ParseError> {
        if self.run.is_some() {
            return Err(word.illegal("this input has a run already; keep one"));
        }
        let how = line.word("`exit N`, `tail` or `fault CLASS`")?;
        let end = match how.text {
            "exit" => {
                let number = line.word("an exit number")?;
                self.exit = Some(number);
                RunEnd::Exit(ExitNo(number.number("an exit number")?))
            }
            "tail" => RunEnd::Tail,
            "fault" => {
                let class = line.word("a fault class")?;
                let known = FAULT_CLASSES.iter().find(|(_, name)| *name == class.text);
                RunEnd::Fault(known.ok_or_else(|| class.unexpected("a fault class"))?.0)
            }
            _ => return Err(how.unexpected("`exit`, `tail` or `fault`")),
        };
        self.run = Some(Expected { end, values: vec![], stack: vec![], memory: vec![], calls: vec![] });
        line.end()
    }

    fn run_detail(&mut self, word: Word, mut line: Line, world: &World) -> Result<(), ParseError> {
        let run = self.run.as_mut().ok_or_else(|| word.unexpected("`run` first"))?;
        match word.text {
            "value" => run.values.push(live_value(&mut line, world)?),
            "stack" => run.stack.push(stack_word(&mut line, world)?),
            "memory" => run.memory.push(patch(&mut line, world)?),
            _ => run.calls.push(call(&mut line)?),
        }
        line.end()
    }
}

const SLOT: &str = "a slot number";
const SLOT_VALUE: &str = "nil, false, true, int, num or str";

/// A slot's value from its kind on; `None` if there is no such kind.
fn slot_value(kind: Word, line: &mut Line, world: &World) -> Result<Option<SlotValue>, ParseError> {
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
pub(super) const POINTER: &str = "a pointer: a region and an offset (data+8)";
const BITS: &str = "64 bits: 0x and 16 digits";

fn parsed<T>(line: &mut Line, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ParseError> {
    let word = line.word(expected)?;
    parse(word.text).ok_or_else(|| word.unexpected(expected))
}

fn live_value(line: &mut Line, world: &World) -> Result<Value, ParseError> {
    let slot = Slot(line.word(SLOT)?.number(SLOT)?);
    let name = line.word("a type")?;
    let ty = Type::from_text(name.text).ok_or_else(|| name.unexpected("a type"))?;
    let bits = match line.next() {
        None if ty.class() == crate::ir::Class::Pri => 0,
        None => return Err(line.peek().unexpected("a value")),
        Some(word) if is_pointer(word.text) => world.address(pointer(word, world)?),
        Some(word) => {
            let expected = || word.unexpected(format!("a value of type {}", ty.text()));
            value::parse_bits(ty, word.text).ok_or_else(expected)?
        }
    };
    Ok(Value { slot, ty, bits })
}

fn is_pointer(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains(['+', '-'])
}

fn stack_word(line: &mut Line, world: &World) -> Result<(Slot, u64), ParseError> {
    let slot = Slot(line.word(SLOT)?.number(SLOT)?);
    let kind = line.word(SLOT_VALUE)?;
    let word = match slot_value(kind, line, world)? {
        Some(value) => value.encode(world),
        None if kind.text == "word" => parsed(line, BITS, value::parse_hex64)?,
        None => return Err(kind.unexpected(format!("{SLOT_VALUE}, or word"))),
    };
    Ok((slot, word))
}

fn patch(line: &mut Line, world: &World) -> Result<Patch, ParseError> {
    let word = line.word("a place (data+8:)")?;
    let (region, offset) = place(word, world)?;
    let room = world.regions[region].size as usize;
    let bytes = bytes(offset, room, line)?;
    let number = |n: usize| u32::try_from(n).expect("regions fit into the data area");
    Ok(Patch { region: RegionId(u8::try_from(region).expect("regions are few")), offset: number(offset), bytes })
}

fn call(line: &mut Line) -> Result<Call, ParseError> {
    let helper = line.word("a helper's name")?.text.into();
    let mut args = Vec::new();
    while let Some(word) = line.next() {
        args.push(value::parse_hex64(word.text).ok_or_else(|| word.unexpected(BITS))?);
    }
    Ok(Call { helper, args })
}

/// A region and an offset, as in `data+8`. The offset may be left out.
pub(super) fn pointer(word: Word, world: &World) -> Result<SymPtr, ParseError> {
    let split = word.text.find(['+', '-']).unwrap_or(word.text.len());
    let (name, offset) = (word.before(split), word.behind(split));
    let region = world.regions.iter().position(|r| r.name == name.text).ok_or_else(|| {
        let names: Vec<&str> = world.regions.iter().map(|r| r.name.as_str()).collect();
        word.unexpected(format!("{POINTER}; the regions are: {}", names.join(" ")))
    })?;
    let offset = if offset.text.is_empty() {
        0
    } else {
        offset.text.parse().map_err(|_| offset.unexpected("an offset: a sign and a 64-bit number"))?
    };
    Ok(SymPtr { region: RegionId(u8::try_from(region).expect("regions are few")), offset })
}

/// A place within a region, as in `data+8:`: the region's index and the offset.
pub(super) fn place(word: Word, world: &World) -> Result<(usize, usize), ParseError> {
    let text = word.text.strip_suffix(':').ok_or_else(|| word.unexpected("a place (data+8:)"))?;
    let p = pointer(word.before(text.len()), world)?;
    let region = usize::from(p.region.0);
    let size = world.regions[region].size;
    match u32::try_from(p.offset) {
        Ok(offset) if offset < size => Ok((region, offset as usize)),
        _ => Err(word.illegal(format!("outside of the region's {size} bytes"))),
    }
}

/// Reads bytes into a region. Lines of one region are in order, so that none overwrites another.
pub(super) fn bytes_into(
    region: &mut [u8],
    filled: &mut usize,
    offset: usize,
    word: Word,
    mut line: Line,
) -> Result<(), ParseError> {
    if offset < *filled {
        return Err(word.unexpected(format!("an offset from {filled} on: the bytes before it were given")));
    }
    let bytes = bytes(offset, region.len(), &mut line)?;
    *filled = offset + bytes.len();
    region[offset..*filled].copy_from_slice(&bytes);
    Ok(())
}

/// The bytes to the line's end, which must fit between `offset` and `room`.
fn bytes(offset: usize, room: usize, line: &mut Line) -> Result<Vec<u8>, ParseError> {
    let mut bytes = Vec::new();
    line.clone().word(BYTE)?;
    while let Some(word) = line.next() {
        if offset + bytes.len() >= room {
            return Err(word.illegal(format!("outside of the region's {room} bytes")));
        }
        let hex = word.text.len() == 2 && word.text.bytes().all(|b| b.is_ascii_hexdigit());
        let byte = u8::from_str_radix(word.text, 16).ok().filter(|_| hex);
        bytes.push(byte.ok_or_else(|| word.unexpected(BYTE))?);
    }
    Ok(bytes)
}

const BYTE: &str = "bytes of two hexadecimal digits";
