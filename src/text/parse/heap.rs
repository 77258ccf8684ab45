//! What the interpreter made of objects: `heap` lines.

use super::object::{self, Part, ctype, inner, key_word, named, new_object, part};
use super::place::bytes;
use super::run::word_value;
use crate::ir::Type;
use crate::text::error::ParseError;
use crate::text::heap::{Change, What, Who};
use crate::text::line::{Line, Word};
use crate::text::value;
use crate::world::object::MAX_BYTES;
use crate::world::{World, encode_gc, itype};

/// `heap t["a"] int +1`
pub(super) fn change(line: &mut Line, world: &World) -> Result<Change, ParseError> {
    let word = line.word("a place in an object (t[1])")?;
    let colon = word.text.ends_with(':');
    let (name, part) = part(if colon { word.before(word.text.len() - 1) } else { word })?;
    let who = who(name, world)?;
    let what = match part {
        Part::Bytes(offset) if colon => payload(who, offset, line, world)?,
        _ if colon => return Err(word.unexpected("a place without `:`, which only bytes have")),
        Part::Bytes(_) => return Err(word.unexpected("`:` behind the offset of bytes")),
        Part::Key(key) => What::Entry(key_word(key, world)?, word_value(line, world)?),
        Part::Upvalue(n) => What::Upvalue(n, word_value(line, world)?),
        Part::Whole => whole(who, line, world)?,
    };
    Ok(Change { who, what })
}

fn who(name: Word, world: &World) -> Result<Who, ParseError> {
    match inner(name, "{", "}") {
        Some(digits) => new_object(digits).map(Who::New),
        None => named(name, world).map(Who::World),
    }
}

fn payload(who: Who, offset: usize, line: &mut Line, world: &World) -> Result<What, ParseError> {
    let room = match who {
        Who::World(id) => world.object(id).kind.payload().map_or(0, |(_, len)| len as usize),
        Who::New(_) => MAX_BYTES,
    };
    let bytes = bytes(offset, room, "object", line)?;
    Ok(What::Bytes(u32::try_from(offset).expect("less than the object's size"), bytes))
}

const WHOLE: &str = "meta, black, white, str, a type of objects, or other";

fn whole(who: Who, line: &mut Line, world: &World) -> Result<What, ParseError> {
    let word = line.word(WHOLE)?;
    match word.text {
        "meta" => metatable(line, world).map(What::Meta),
        "black" => Ok(What::Black(true)),
        "white" => Ok(What::Black(false)),
        _ if matches!(who, Who::World(_)) => Err(word.unexpected("meta, black or white")),
        "str" => object::bytes(line.word("a string in quotes")?).map(What::Str),
        "cdt" => {
            let ty = line.word("a C type, or other")?;
            Ok(What::Cdata(if ty.text == "other" { None } else { Some(ctype(ty)?) }))
        }
        "other" => Ok(What::Is(Type::Nil)),
        name => {
            let known = [Type::Tab, Type::Func, Type::Udata].into_iter().find(|ty| ty.text() == name);
            known.map(What::Is).ok_or_else(|| word.unexpected(WHOLE))
        }
    }
}

/// A table, `none`, or an address that is neither.
fn metatable(line: &mut Line, world: &World) -> Result<u64, ParseError> {
    let word = line.word("a table, or none")?;
    match word.text {
        "none" => Ok(0),
        text if object::is_object(text) => object::address(word, Type::Tab, world),
        text => value::parse_hex64(text).ok_or_else(|| word.unexpected("a table ({t}), or none")),
    }
}

/// The word of an object of this type.
pub(super) fn object_word(word: Word, ty: Type, world: &World) -> Result<u64, ParseError> {
    Ok(encode_gc(itype(ty), object::address(word, ty, world)?))
}
