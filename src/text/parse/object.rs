//! Objects: the lines that make them, the words that mean them, places in them.

use super::operand::is_num;
use crate::ir::{CdataType, Key, ObjId, Slot, Type};
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::text::{object as text, value};
use crate::world::object::MAX_OBJECTS;
use crate::world::{BadWorld, Object, ObjectKind, Upvalue, World};

/// The objects of a head. What they hold of each other is read when all have names.
#[derive(Default)]
pub(super) struct Objects<'a> {
    lines: Vec<ObjectLine<'a>>,
    closed: bool,
}

struct ObjectLine<'a> {
    name: Word<'a>,
    kind: Word<'a>,
    rest: Line<'a>,
}

const KIND: &str = "str, table, func, udata or cdata";

impl<'a> Objects<'a> {
    /// `object NAME KIND ..`
    pub fn add(&mut self, mut line: Line<'a>, world: &mut World) -> Result<(), ParseError> {
        let name = line.word("an object's name")?;
        if self.lines.len() == MAX_OBJECTS {
            return Err(name.illegal(format!("too many objects, the most is {MAX_OBJECTS}")));
        }
        let kind = line.word(KIND)?;
        let rest = line;
        let known = match kind.text {
            "str" => string(&mut line)?,
            "table" => ObjectKind::Table { asize: 0, hbits: None, keys: vec![], meta: None, black: false },
            "func" => ObjectKind::Func { upvalues: vec![] },
            "udata" => ObjectKind::Udata { size: 0, meta: None },
            "cdata" => cdata(&mut line)?,
            _ => return Err(kind.unexpected(KIND)),
        };
        world.objects.push(Object { name: name.text.into(), kind: known });
        world.check().map_err(|e| name.illegal(e.to_string()))?;
        self.lines.push(ObjectLine { name, kind, rest });
        Ok(())
    }

    /// True as soon as there is one.
    pub fn any(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Reads what is left, and checks the world.
    pub fn close(&mut self, world: &mut World) -> Result<(), ParseError> {
        if std::mem::replace(&mut self.closed, true) || self.lines.is_empty() {
            return Ok(());
        }
        for (i, line) in self.lines.iter().enumerate() {
            world.objects[i].kind = kind(line, world)?;
        }
        world.check().map_err(|e| self.locate(&e))
    }

    /// The line of the object that an error is about: of two with one name, the second.
    fn locate(&self, e: &BadWorld) -> ParseError {
        let about = match e {
            BadWorld::Name(name) | BadWorld::Object { name, .. } => Some(name),
            _ => None,
        };
        let named = self.lines.iter().rev().find(|l| about.is_some_and(|name| l.name.text == name));
        named.unwrap_or(&self.lines[0]).name.illegal(e.to_string())
    }
}

fn kind(line: &ObjectLine, world: &World) -> Result<ObjectKind, ParseError> {
    let mut rest = line.rest;
    let kind = match line.kind.text {
        "str" => string(&mut rest)?,
        "table" => table(&mut rest, world)?,
        "func" => func(&mut rest)?,
        "udata" => {
            let size = rest.word(SIZE)?.number(SIZE)?;
            ObjectKind::Udata { size, meta: meta(&mut rest, world)? }
        }
        _ => cdata(&mut rest)?,
    };
    rest.end()?;
    Ok(kind)
}

const SIZE: &str = "its size in bytes";
const STRING: &str = "a string in quotes";
const CTYPE: &str = "int32, int64, uint64, double, pointer or struct8 to struct64";

fn string(line: &mut Line) -> Result<ObjectKind, ParseError> {
    bytes(line.word(STRING)?).map(ObjectKind::Str)
}

/// A string's bytes.
pub(super) fn bytes(word: Word) -> Result<Vec<u8>, ParseError> {
    let expected =
        || word.unexpected(format!("{STRING}, with \\\" \\\\ \\n \\r \\t and \\x00 for what can't stand there"));
    text::unquote(word.text).ok_or_else(expected)
}

fn cdata(line: &mut Line) -> Result<ObjectKind, ParseError> {
    let word = line.word(CTYPE)?;
    let known = CdataType::from_text(word.text).filter(|ty| *ty != CdataType::Vla);
    known.map(ObjectKind::Cdata).ok_or_else(|| word.unexpected(CTYPE))
}

/// A C type by its name: also those that no object of a world has.
pub(super) fn ctype(word: Word) -> Result<CdataType, ParseError> {
    CdataType::from_text(word.text).ok_or_else(|| word.unexpected(format!("{CTYPE}, or vla")))
}

/// `asize 5 hbits 2 keys "a" -1 meta {m} black`, of which any may be missing.
fn table(line: &mut Line, world: &World) -> Result<ObjectKind, ParseError> {
    let asize = match skip_word(line, "asize") {
        true => line.word("slots of the array part")?.number("slots of the array part")?,
        false => 0,
    };
    let hbits = match skip_word(line, "hbits") {
        true => Some(line.word("bits of the hash part's size")?.number("bits of the hash part's size")?),
        false => None,
    };
    let mut keys = Vec::new();
    if skip_word(line, "keys") {
        while !matches!(line.peek().text, "" | "meta" | "black") {
            keys.push(key(line.word(KEY)?, world)?);
        }
    }
    let meta = meta(line, world)?;
    let black = skip_word(line, "black");
    Ok(ObjectKind::Table { asize, hbits, keys, meta, black })
}

fn skip_word(line: &mut Line, word: &str) -> bool {
    line.peek().text == word && line.next().is_some()
}

fn meta(line: &mut Line, world: &World) -> Result<Option<ObjId>, ParseError> {
    if !skip_word(line, "meta") {
        return Ok(None);
    }
    let word = line.word("a table")?;
    object(word, world).map(Some)
}

fn func(line: &mut Line) -> Result<ObjectKind, ParseError> {
    let mut upvalues = Vec::new();
    while let Some(word) = line.next() {
        upvalues.push(match word.text.strip_prefix("open:") {
            Some(slot) => Upvalue::Open(Slot(word.behind(word.text.len() - slot.len()).number("a slot number")?)),
            None if word.text == "closed" => Upvalue::Closed,
            None => return Err(word.unexpected("closed, or open: and a slot number")),
        });
    }
    Ok(ObjectKind::Func { upvalues })
}

/// True for a word that means an object: a string in quotes or a name in braces.
pub(super) fn is_object(text: &str) -> bool {
    text.starts_with(['"', '{'])
}

/// The object of the world that a word means: `"abc"` or `{t}`.
pub(super) fn object(word: Word, world: &World) -> Result<ObjId, ParseError> {
    let found = if word.text.starts_with('"') {
        let bytes = bytes(word)?;
        let same = |o: &Object| matches!(&o.kind, ObjectKind::Str(b) if *b == bytes);
        world.objects.iter().position(same)
    } else {
        let name = inner(word, "{", "}").ok_or_else(|| word.unexpected(OBJECT))?;
        return named(name, world);
    };
    id(found).ok_or_else(|| word.unexpected("a string of the world; add it with `; object NAME str \"..\"`"))
}

const OBJECT: &str = "an object: a name in braces ({t}) or a string in quotes";

/// The object of the world with a bare name.
pub(super) fn named(word: Word, world: &World) -> Result<ObjId, ParseError> {
    let found = world.objects.iter().position(|o| o.name == word.text);
    id(found).ok_or_else(|| {
        let names: Vec<&str> = world.objects.iter().map(|o| o.name.as_str()).collect();
        word.unexpected(format!("an object's name; the objects are: {}", names.join(" ")))
    })
}

fn id(index: Option<usize>) -> Option<ObjId> {
    index.and_then(|i| u8::try_from(i).ok()).map(ObjId)
}

/// What stands between two brackets.
pub(super) fn inner<'a>(word: Word<'a>, open: &str, close: &str) -> Option<Word<'a>> {
    let len = word.text.len();
    let inside = len > open.len() + close.len() && word.text.starts_with(open) && word.text.ends_with(close);
    inside.then(|| word.before(len - close.len()).behind(open.len()))
}

const KEY: &str = "a key: a string in quotes, {name}, an integer, a number (+1.5), true or false";

/// A key of a table.
pub(super) fn key(word: Word, world: &World) -> Result<Key, ParseError> {
    let parsed = match word.text {
        "true" => Some(Key::Bool(true)),
        "false" => Some(Key::Bool(false)),
        text if is_object(text) => return object(word, world).map(Key::Obj),
        text if is_num(text) => value::parse_num(text).map(Key::Num),
        text => value::parse_int(text).map(Key::Int),
    };
    parsed.ok_or_else(|| word.unexpected(KEY))
}

/// A key by its word, which may be a new object with its type: `{1:tab}`.
pub(super) fn key_word(word: Word, world: &World) -> Result<u64, ParseError> {
    let new = inner(word, "{", "}").and_then(|w| {
        let (number, ty) = w.text.split_once(':')?;
        Some((w.before(number.len()), w.behind(number.len() + 1), Type::from_text(ty)))
    });
    match new {
        Some((number, _, Some(ty))) if text::is_object_type(ty) => Ok(text::tagged(ty, new_object(number)?)),
        Some((_, ty, _)) => Err(ty.unexpected("the type of an object")),
        None => Ok(text::key_word(world, key(word, world)?)),
    }
}

/// The number of a new object.
pub(super) fn new_object(digits: Word) -> Result<u16, ParseError> {
    let expected = "the number of a new object, from 1";
    let number = digits.number(expected)?;
    if number == 0 { Err(digits.unexpected(expected)) } else { Ok(number) }
}

/// The address of an object of this type: `"abc"`, `{t}`, or `{1}` for a new one.
pub(super) fn address(word: Word, ty: Type, world: &World) -> Result<u64, ParseError> {
    match inner(word, "{", "}") {
        Some(digits) if digits.text.starts_with(|c: char| c.is_ascii_digit()) => {
            new_object(digits).map(text::new_address)
        }
        _ => typed(word, ty, world).map(|id| world.object_address(id)),
    }
}

/// The object of the world that a word means, which must be of this type.
pub(super) fn typed(word: Word, ty: Type, world: &World) -> Result<ObjId, ParseError> {
    let id = object(word, world)?;
    let is = world.object(id).kind.ty();
    if is == ty { Ok(id) } else { Err(word.illegal(format!("is a {}, and no {}", is.text(), ty.text()))) }
}

/// A part of an object.
pub(super) enum Part<'a> {
    /// All of it.
    Whole,
    /// `[KEY]`
    Key(Word<'a>),
    /// `.up0`
    Upvalue(u8),
    /// `+8`
    Bytes(usize),
}

const PART: &str = "a part of an object: [KEY], .up0 or +8";

/// A place in an object, as in `t["a"]`: its name or `{1}`, and which part.
pub(super) fn part<'a>(word: Word<'a>) -> Result<(Word<'a>, Part<'a>), ParseError> {
    let (name, rest) = (word.before(name_len(word.text)), word.behind(name_len(word.text)));
    let part = if rest.text.is_empty() {
        Part::Whole
    } else if let Some(key) = inner(rest, "[", "]") {
        Part::Key(key)
    } else if rest.text.starts_with(".up") {
        Part::Upvalue(rest.behind(3).number("an upvalue's index")?)
    } else if rest.text.starts_with('+') {
        Part::Bytes(rest.behind(1).number::<u32>("an offset in bytes")? as usize)
    } else {
        return Err(rest.unexpected(PART));
    };
    Ok((name, part))
}

/// Bytes of the name that a place starts with: letters, digits and `_`, or anything in braces.
pub(super) fn name_len(text: &str) -> usize {
    if text.starts_with('{') {
        return text.find('}').map_or(text.len(), |i| i + 1);
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}
