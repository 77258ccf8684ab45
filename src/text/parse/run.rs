//! What the interpreter made of an input: `run` and the lines that belong to it.

use super::heap;
use super::input::{SLOT, SLOT_VALUE, parsed, slot_value};
use super::object::{address, is_object};
use super::place::{bytes, place, pointer};
use crate::ir::{Class, ExitNo, RegionId, Slot, Type};
use crate::outcome::{Call, FAULT_CLASSES, Value};
use crate::text::error::ParseError;
use crate::text::expected::{Expected, Patch, RunEnd};
use crate::text::line::{Line, Word};
use crate::text::object::is_object_type;
use crate::text::value;
use crate::world::World;

/// `run exit 1`, `run tail` or `run fault hang`; with the exit number as it was written.
pub(super) fn start(mut line: Line) -> Result<(Expected, Option<Word>), ParseError> {
    let how = line.word("`exit N`, `tail` or `fault CLASS`")?;
    let mut exit = None;
    let end = match how.text {
        "exit" => {
            let number = line.word("an exit number")?;
            exit = Some(number);
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
    line.end()?;
    Ok((Expected { end, values: vec![], stack: vec![], memory: vec![], heap: vec![], calls: vec![] }, exit))
}

/// One of the lines behind it.
pub(super) fn detail(run: &mut Expected, word: Word, mut line: Line, world: &World) -> Result<(), ParseError> {
    match word.text {
        "value" => run.values.push(live_value(&mut line, world)?),
        "stack" => run.stack.push(stack_word(&mut line, world)?),
        "memory" => run.memory.push(patch(&mut line, world)?),
        "heap" => run.heap.push(heap::change(&mut line, world)?),
        _ => run.calls.push(call(&mut line)?),
    }
    line.end()
}

const BITS: &str = "64 bits: 0x and 16 digits";

fn live_value(line: &mut Line, world: &World) -> Result<Value, ParseError> {
    let slot = Slot(line.word(SLOT)?.number(SLOT)?);
    let name = line.word("a type")?;
    let ty = Type::from_text(name.text).ok_or_else(|| name.unexpected("a type"))?;
    let bits = match line.next() {
        None if ty.class() == Class::Pri => 0,
        None => return Err(line.peek().unexpected("a value")),
        Some(word) if is_object(word.text) && ty.class() == Class::Gc => address(word, ty, world)?,
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
    Ok((slot, word_value(line, world)?))
}

/// A Lua value's word: as in an input, a new object, or `word` and its bits.
pub(super) fn word_value(line: &mut Line, world: &World) -> Result<u64, ParseError> {
    let kind = line.word(SLOT_VALUE)?;
    if is_object(line.peek().text)
        && let Some(ty) = Type::from_text(kind.text).filter(|ty| is_object_type(*ty))
    {
        return heap::object_word(line.word("an object")?, ty, world);
    }
    match slot_value(kind, line, world)? {
        Some(value) => Ok(value.encode(world)),
        None if kind.text == "word" => parsed(line, BITS, value::parse_hex64),
        None => Err(kind.unexpected(format!("{SLOT_VALUE}, or word"))),
    }
}

fn patch(line: &mut Line, world: &World) -> Result<Patch, ParseError> {
    let word = line.word("a place (data+8:)")?;
    let (region, offset) = place(word, world)?;
    let room = world.regions[region].size as usize;
    let bytes = bytes(offset, room, "region", line)?;
    let number = |n: usize| u32::try_from(n).expect("regions fit into the data area");
    Ok(Patch { region: RegionId(u8::try_from(region).expect("regions are few")), offset: number(offset), bytes })
}

fn call(line: &mut Line) -> Result<Call, ParseError> {
    line.clone().rest()?;
    let helper = line.word("a helper's name")?.text.into();
    let mut args = Vec::new();
    while let Some(word) = line.next() {
        args.push(value::parse_hex64(word.text).ok_or_else(|| word.unexpected(BITS))?);
    }
    Ok(Call { helper, args })
}
