//! Inputs: slots, memory and pointers.

use super::head::Head;
use super::object::{self, Part, is_object, part};
use super::place::{POINTER, bytes_into, place, pointer};
use super::run;
use crate::case::{Gc, Input, MAX_INPUTS, ObjectValues, PointerCell};
use crate::ir::{ExitNo, Key, ObjId, Slot, Type};
use crate::text::error::ParseError;
use crate::text::expected::{Expected, RunEnd};
use crate::text::line::{Line, Word};
use crate::text::object::is_object_type;
use crate::text::value;
use crate::world::{ObjectKind, SlotValue, Upvalue, World};

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
    /// For each object, the end of its last line of bytes.
    payload: Vec<usize>,
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
        let objects: Vec<_> = head.world.objects.iter().map(|o| ObjectValues::blank(&o.kind)).collect();
        let (filled, payload) = (vec![0; head.constant.len()], vec![0; objects.len()]);
        let input = Input { memory: head.constant.clone(), objects, ..Input::default() };
        self.list.push(InputText { at, input, run: None, exit: None, filled, payload });
    }

    /// A directive of the last input.
    pub fn directive(&mut self, word: Word<'a>, line: Line<'a>, world: &World) -> Result<(), ParseError> {
        let input = self.list.last_mut().ok_or_else(|| word.unexpected("`input 1` first"))?;
        match word.text {
            "slot" => input.slot(line, world),
            "gc" => input.gc(word, line),
            "profile" if input.input.profile => Err(word.illegal("`profile` was given before")),
            "profile" => {
                input.input.profile = true;
                line.end()
            }
            "run" => input.start_run(word, line),
            _ => match &mut input.run {
                Some(run) => run::detail(run, word, line, world),
                None => Err(word.unexpected("`run` first")),
            },
        }
    }

    /// Exit numbers are those of the snapshots as written.
    pub fn renumber_exits(&mut self, index: impl Fn(u16) -> Option<ExitNo>) -> Result<(), ParseError> {
        for input in &mut self.list {
            let (Some(Expected { end: RunEnd::Exit(n), .. }), Some(word)) = (&mut input.run, input.exit) else {
                continue;
            };
            *n = index(n.0).ok_or_else(|| word.unexpected("the number of a snapshot"))?;
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
        self.input.slots.push((slot, any_slot_value(&mut line, world)?));
        line.end()
    }

    fn gc(&mut self, word: Word, mut line: Line) -> Result<(), ParseError> {
        if self.input.gc != Gc::Idle {
            return Err(word.illegal("`gc` was given before; keep one"));
        }
        let name = line.word(GC)?;
        let known = [Gc::Idle, Gc::Step, Gc::Leave].into_iter().find(|gc| gc.name() == name.text);
        self.input.gc = known.ok_or_else(|| name.unexpected(GC))?;
        line.end()
    }

    /// `data+8: 01 02`, `data+8: -> data+32`, `t[1]: int +5`, `f.up0: int +5` or `c+0: 01 02`
    pub fn memory(&mut self, word: Word<'a>, line: Line<'a>, world: &World) -> Result<(), ParseError> {
        let name = word.before(object::name_len(word.text));
        match object::named(name, world) {
            Ok(id) => self.object(id, word, line, world),
            Err(_) => self.region(word, line, world),
        }
    }

    fn object(&mut self, id: ObjId, word: Word, mut line: Line, world: &World) -> Result<(), ParseError> {
        let n = usize::from(id.0);
        let (_, part) = part(word.before(word.text.len() - 1))?;
        let (kind, values) = (&world.object(id).kind, &mut self.input.objects[n]);
        let place = match (part, values) {
            (Part::Key(key), ObjectValues::Table { array, hash }) => table_place(key, kind, array, hash, world)?,
            (Part::Upvalue(index), ObjectValues::Upvalues(values)) => upvalue_place(word, index, kind, values)?,
            (Part::Bytes(offset), ObjectValues::Bytes(bytes)) => {
                return bytes_into(bytes, &mut self.payload[n], offset, "object", word, line);
            }
            _ => return Err(word.unexpected("a table's [KEY], a function's .up0, or +0 in what holds bytes")),
        };
        if *place != SlotValue::Nil {
            return Err(word.illegal("has a value already; keep one"));
        }
        *place = any_slot_value(&mut line, world)?;
        line.end()
    }

    /// `data+8: 01 02` or `data+8: -> data+32`
    fn region(&mut self, word: Word<'a>, mut line: Line<'a>, world: &World) -> Result<(), ParseError> {
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
        bytes_into(&mut self.input.memory[region], &mut self.filled[region], offset, "region", word, line)
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

/// Where a table keeps the value for a key.
fn table_place<'v>(
    word: Word,
    kind: &ObjectKind,
    array: &'v mut [SlotValue],
    hash: &'v mut [SlotValue],
    world: &World,
) -> Result<&'v mut SlotValue, ParseError> {
    let ObjectKind::Table { keys, .. } = kind else { return Err(word.unexpected("a place in a table")) };
    let key = object::key(word, world)?;
    let index = match key {
        Key::Int(i) => usize::try_from(i).ok().filter(|i| *i < array.len()),
        _ => None,
    };
    match (index, keys.iter().position(|k| *k == key)) {
        (Some(i), _) => Ok(&mut array[i]),
        (None, Some(i)) => Ok(&mut hash[i]),
        (None, None) => Err(word.illegal("the table has no such key: neither in its array part nor in its keys")),
    }
}

fn upvalue_place<'v>(
    word: Word,
    index: u8,
    kind: &ObjectKind,
    values: &'v mut [SlotValue],
) -> Result<&'v mut SlotValue, ParseError> {
    let ObjectKind::Func { upvalues } = kind else { return Err(word.unexpected("an upvalue of a function")) };
    match upvalues.get(usize::from(index)) {
        Some(Upvalue::Closed) => Ok(&mut values[usize::from(index)]),
        Some(Upvalue::Open(slot)) => Err(word.illegal(format!("this upvalue is slot {}; set that", slot.0))),
        None => Err(word.illegal(format!("the function has {} upvalues", upvalues.len()))),
    }
}

pub(super) const SLOT: &str = "a slot number";
pub(super) const SLOT_VALUE: &str = "nil, false, true, int, num, str or the type of an object";
const GC: &str = "idle, step or leave";

fn any_slot_value(line: &mut Line, world: &World) -> Result<SlotValue, ParseError> {
    let kind = line.word(SLOT_VALUE)?;
    slot_value(kind, line, world)?.ok_or_else(|| kind.unexpected(SLOT_VALUE))
}

/// A slot's value from its kind on; `None` if there is no such kind.
pub(super) fn slot_value(kind: Word, line: &mut Line, world: &World) -> Result<Option<SlotValue>, ParseError> {
    Ok(Some(match kind.text {
        "nil" => SlotValue::Nil,
        "false" => SlotValue::False,
        "true" => SlotValue::True,
        "int" => SlotValue::Int(parsed(line, "a 32-bit integer", value::parse_int)?),
        "num" => SlotValue::Num(parsed(line, NUM, value::parse_num)?),
        "str" if !is_object(line.peek().text) => SlotValue::Str(pointer(line.word(POINTER)?, world)?),
        name => match Type::from_text(name).filter(|ty| is_object_type(*ty)) {
            Some(ty) => SlotValue::Obj(object::typed(line.word("an object")?, ty, world)?),
            None => return Ok(None),
        },
    }))
}

pub(super) const NUM: &str = "a number: decimal, or its bits as 0x and 16 digits";

pub(super) fn parsed<T>(line: &mut Line, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ParseError> {
    let word = line.word(expected)?;
    parse(word.text).ok_or_else(|| word.unexpected(expected))
}
