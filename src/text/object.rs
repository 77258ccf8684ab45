//! Objects as text: what stands for one of the world, for one that a run made, for a key, for a string's bytes.

use super::value;
use crate::ir::{Key, ObjId, Type};
use crate::world::{GCV_MASK, ObjectKind, World, encode_gc, encode_int, itype};
use crate::world::{TV_FALSE, TV_TRUE};

/// Longer strings stand by their object's name.
const SHORT: usize = 20;
/// Addresses that stand for the objects that a run made: what a run really has there differs from run to run.
const NEW_BASE: u64 = 0x6e00_0000_0000;
/// Between two of them.
const NEW_STEP: u64 = 16;

/// All types that objects have.
const OBJECT_TYPES: &[Type] =
    &[Type::Str, Type::Thread, Type::Proto, Type::Func, Type::Cdata, Type::Tab, Type::Udata, Type::LightUd];

/// An object of the world: a short string as it is, another by its name.
pub(super) fn name(world: &World, id: ObjId) -> String {
    match world.objects.get(usize::from(id.0)) {
        Some(o) => match &o.kind {
            ObjectKind::Str(bytes) if bytes.len() <= SHORT => quote(bytes),
            _ => format!("{{{}}}", o.name),
        },
        None => "{?}".into(),
    }
}

/// The object whose bare name this is, for the places in it.
pub(super) fn bare_name(world: &World, id: ObjId) -> &str {
    world.objects.get(usize::from(id.0)).map_or("?", |o| &o.name)
}

/// What a tagged word points to: its type and address.
pub(super) fn pointee(word: u64) -> Option<(Type, u64)> {
    let address = word & GCV_MASK;
    OBJECT_TYPES.iter().find(|ty| encode_gc(itype(**ty), address) == word).map(|ty| (*ty, address))
}

/// The object of this type at an address: one of the world, or a new one by its number.
pub(super) fn at(world: &World, ty: Type, address: u64) -> Option<String> {
    match world.object_at(address) {
        Some(id) if world.object(id).kind.ty() == ty => Some(name(world, id)),
        Some(_) => None,
        None => new_number(address).map(|n| format!("{{{n}}}")),
    }
}

/// The address that stands for the new object of this number, from 1.
pub(super) fn new_address(number: u16) -> u64 {
    NEW_BASE + NEW_STEP * u64::from(number)
}

/// The number behind such an address.
pub(super) fn new_number(address: u64) -> Option<u16> {
    let number = u16::try_from(address.checked_sub(NEW_BASE)? / NEW_STEP).ok()?;
    (number > 0 && new_address(number) == address).then_some(number)
}

/// True for a type that objects have.
pub(super) fn is_object_type(ty: Type) -> bool {
    OBJECT_TYPES.contains(&ty)
}

/// The word of a new object. Panics on a type that objects don't have.
pub(super) fn tagged(ty: Type, number: u16) -> u64 {
    encode_gc(itype(ty), new_address(number))
}

/// A key of a table.
pub(super) fn key(world: &World, key: Key) -> String {
    match key {
        Key::Obj(id) => name(world, id),
        Key::Int(i) => i.to_string(),
        Key::Num(bits) => value::num(bits),
        Key::Bool(b) => b.to_string(),
    }
}

/// The word that a table has for a key.
pub(super) fn key_word(world: &World, key: Key) -> u64 {
    match key {
        Key::Obj(id) => encode_gc(itype(world.object(id).kind.ty()), world.object_address(id)),
        Key::Int(i) => encode_int(i),
        Key::Num(bits) => bits,
        Key::Bool(false) => TV_FALSE,
        Key::Bool(true) => TV_TRUE,
    }
}

/// A key by its word: a new object has its type with it, and what is no key stands as its bits.
pub(super) fn key_of_word(world: &World, word: u64) -> String {
    let int = (word as u32).cast_signed(); // the low half
    match (word, pointee(word)) {
        (TV_FALSE, _) => key(world, Key::Bool(false)),
        (TV_TRUE, _) => key(world, Key::Bool(true)),
        (_, Some((ty, address))) => match (new_number(address), at(world, ty, address)) {
            (Some(n), _) => format!("{{{n}:{}}}", ty.text()),
            (None, Some(name)) => name,
            (None, None) => value::hex64(word),
        },
        _ if encode_int(int) == word => key(world, Key::Int(int)),
        _ => value::num(word),
    }
}

/// Bytes in quotes: printable ASCII as it is, all else escaped.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for b in bytes {
        match b {
            b'"' | b'\\' => text.extend(['\\', char::from(*b)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(*b)),
            _ => text.push_str(&format!("\\x{b:02x}")),
        }
    }
    text + "\""
}

/// Reads [`quote`]; other characters may stand as they are, but for control characters.
pub(super) fn unquote(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"').filter(|_| text.len() > 1)?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return None,
            '\\' => bytes.push(escaped(&mut rest)?),
            c if c.is_control() => return None,
            c => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    Some(bytes)
}

/// What stands behind a backslash.
fn escaped(rest: &mut std::str::Chars) -> Option<u8> {
    match rest.next()? {
        c @ ('"' | '\\') => u8::try_from(c).ok(),
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        'x' => {
            let (high, low) = (rest.next()?.to_digit(16)?, rest.next()?.to_digit(16)?);
            u8::try_from(16 * high + low).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_bytes_read_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unquote(&quote(&all)), Some(all));
        assert_eq!(quote(b"a\"b\\\n\0"), r#""a\"b\\\n\x00""#);
        assert_eq!(unquote("\"é\""), Some("é".as_bytes().to_vec()));
        for bad in ["", "\"", "\"a", "a\"", "\"\\\"", "\"\\q\"", "\"\\x0\"", "\"a\"b\"", "\"\t\""] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }

    #[test]
    fn new_objects_have_addresses_of_their_own() {
        assert_eq!(new_number(new_address(1)), Some(1));
        assert_eq!(new_number(new_address(u16::MAX)), Some(u16::MAX));
        assert_eq!([new_number(new_address(1) + 1), new_number(NEW_BASE), new_number(0)], [None; 3]);
        let world = World::default();
        assert_eq!(key_of_word(&world, encode_gc(itype(Type::Tab), new_address(7))), "{7:tab}");
    }
}
