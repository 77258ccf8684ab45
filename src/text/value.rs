//! Numbers and pointers as text, in both directions: one canonical form a value, a few more accepted.

use super::object;
use crate::ir::validate::TOBIT_BIAS;
use crate::ir::{Class, SymPtr, Type};
use crate::world::{SlotValue, TAG_INT, World};
use crate::world::{TV_FALSE, TV_NIL, TV_TRUE};

/// Integers up to this magnitude are written in decimal, larger ones in hexadecimal.
const DECIMAL_MAX: u64 = 1 << 32;
const NEGATIVE_ZERO: u64 = 1 << 63;

/// A 32-bit integer, signed whatever its type: `+3`, `-8`.
pub(super) fn int(i: i32) -> String {
    format!("{i:+}")
}

/// A 64-bit integer: `+3`, `-8`, `0x00ff00ff00ff00ff`.
pub(super) fn int64(i: i64) -> String {
    if i.unsigned_abs() <= DECIMAL_MAX { format!("{i:+}") } else { hex64(i.cast_unsigned()) }
}

/// A 64-bit integer where nothing else says that it is one: `+3LL`.
pub(super) fn marked_int64(i: i64) -> String {
    int64(i) + "LL"
}

/// A double: the shortest decimal that reads back as the same bits, with a point or an exponent; `bias` for
/// 2^52 + 2^51; its bits where decimal does not say it all (NaN, infinities, -0).
pub(super) fn num(bits: u64) -> String {
    match f64::from_bits(bits) {
        _ if bits == TOBIT_BIAS => "bias".into(),
        f if f.is_finite() && bits != NEGATIVE_ZERO => format!("{f:+?}"),
        _ => hex64(bits),
    }
}

/// All 64 bits.
pub(super) fn hex64(bits: u64) -> String {
    format!("{bits:#018x}")
}

/// A pointer: region and offset, `data+32`.
pub(super) fn pointer(world: &World, p: SymPtr) -> String {
    let name = world.regions.get(usize::from(p.region.0)).map_or("?", |r| &r.name);
    format!("{name}{:+}", p.offset)
}

/// A slot's value, as in a file: its type and its content.
pub fn slot(world: &World, value: SlotValue) -> String {
    match value {
        SlotValue::Nil => "nil".into(),
        SlotValue::False => "false".into(),
        SlotValue::True => "true".into(),
        SlotValue::Int(i) => format!("int {}", int(i)),
        SlotValue::Num(bits) => format!("num {}", num(bits)),
        SlotValue::Str(p) => format!("str {}", pointer(world, p)),
        SlotValue::Obj(id) => {
            let ty = world.objects.get(usize::from(id.0)).map_or("?", |o| o.kind.ty().text());
            format!("{ty} {}", object::name(world, id))
        }
    }
}

/// A slot's word, as in a file: as a value where it is the encoding of one, else `word` and its bits.
pub fn slot_word(world: &World, word: u64) -> String {
    plain_word(world, word).or_else(|| object_word(world, word)).unwrap_or_else(|| format!("word {}", hex64(word)))
}

fn plain_word(world: &World, word: u64) -> Option<String> {
    let value = match word {
        TV_NIL => Some(SlotValue::Nil),
        TV_FALSE => Some(SlotValue::False),
        TV_TRUE => Some(SlotValue::True),
        _ if word >> 32 == TAG_INT => Some(SlotValue::Int((word as u32).cast_signed())), // the low half
        _ if word >> 32 < TAG_INT => Some(SlotValue::Num(word)),
        _ => None,
    };
    value.map(|v| slot(world, v))
}

/// An object, or memory that is said to be a string.
fn object_word(world: &World, word: u64) -> Option<String> {
    let (ty, address) = object::pointee(word)?;
    let object = object::at(world, ty, address).map(|name| format!("{} {name}", ty.text()));
    object.or_else(|| symbol(world, address).filter(|_| ty == Type::Str).map(|p| slot(world, SlotValue::Str(p))))
}

/// The bits of a value of type `ty`, as in a file; empty for a primitive, which is its type.
pub fn bits(world: &World, ty: Type, bits: u64) -> String {
    let by_class = match ty.class() {
        Class::Pri if bits == 0 => Some(String::new()),
        Class::W32 => u32::try_from(bits).ok().map(|w| int(w.cast_signed())),
        Class::W64 if ty != Type::P64 => Some(int64(bits.cast_signed())),
        Class::Gc => object::at(world, ty, bits).or_else(|| symbol(world, bits).map(|p| pointer(world, p))),
        Class::W64 => symbol(world, bits).map(|p| pointer(world, p)),
        Class::Num => Some(num(bits)),
        Class::Pri | Class::Flt => None,
    };
    by_class.unwrap_or_else(|| hex64(bits))
}

fn symbol(world: &World, address: u64) -> Option<SymPtr> {
    let (region, offset) = world.locate(address, 1)?;
    let region = crate::ir::RegionId(u8::try_from(region).ok()?);
    Some(SymPtr { region, offset: i64::try_from(offset).ok()? })
}

/// Reads [`int`]; also without sign, and up to eight hexadecimal digits.
pub(super) fn parse_int(s: &str) -> Option<i32> {
    match hex_digits(s) {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(u32::cast_signed),
        None => s.parse().ok(),
    }
}

/// Reads [`int64`]; also without sign, and any number of hexadecimal digits up to sixteen.
pub(super) fn parse_int64(s: &str) -> Option<i64> {
    match hex_digits(s) {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => s.parse().ok(),
    }
}

/// Reads [`marked_int64`].
pub(super) fn parse_marked_int64(s: &str) -> Option<i64> {
    parse_int64(s.strip_suffix("LL")?)
}

/// Reads [`num`]; also any other decimal, and infinities as words. Bits are sixteen digits.
pub(super) fn parse_num(s: &str) -> Option<u64> {
    match s {
        "bias" => return Some(TOBIT_BIAS),
        "+inf" | "inf" => return Some(f64::INFINITY.to_bits()),
        "-inf" => return Some(f64::NEG_INFINITY.to_bits()),
        _ => {}
    }
    if hex_digits(s).is_some() {
        return parse_hex64(s);
    }
    let decimal = s.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    s.parse().ok().filter(|f: &f64| decimal && f.is_finite()).map(f64::to_bits)
}

/// Reads [`hex64`].
pub(super) fn parse_hex64(s: &str) -> Option<u64> {
    hex_digits(s).filter(|d| d.len() == 16).and_then(|d| u64::from_str_radix(d, 16).ok())
}

fn hex_digits(s: &str) -> Option<&str> {
    s.strip_prefix("0x").filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Reads [`bits`] of a type, but for pointers.
pub(super) fn parse_bits(ty: Type, s: &str) -> Option<u64> {
    parse_hex64(s).or_else(|| match ty.class() {
        Class::W32 => parse_int(s).map(|i| u64::from(i.cast_unsigned())),
        Class::W64 => parse_int64(s).map(i64::cast_unsigned),
        Class::Num => parse_num(s),
        Class::Pri | Class::Gc | Class::Flt => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nums_read_back_as_the_same_bits() {
        let edges = [0, NEGATIVE_ZERO, 1, TOBIT_BIAS, 0x7ff0 << 48, 0xfff8 << 48, 0x7ff0_0000_0000_0001, u64::MAX];
        let mut state = 1u64;
        let random = std::iter::repeat_with(|| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state ^ state >> 29
        });
        for bits in edges.into_iter().chain(random.take(10_000)) {
            assert_eq!(parse_num(&num(bits)), Some(bits), "{bits:#x} as {}", num(bits));
        }
    }

    #[test]
    fn a_num_never_looks_like_an_integer() {
        for f in [0.0, 3.0, -8.0, 1e15, 1e16, 2f64.powi(63), 5e-324] {
            assert_eq!(parse_int64(&num(f.to_bits())), None, "{}", num(f.to_bits()));
        }
    }

    #[test]
    fn forms_are_the_readable_ones() {
        assert_eq!(num(1.5f64.to_bits()), "+1.5");
        assert_eq!(num((-0.0f64).to_bits()), "0x8000000000000000");
        assert_eq!(int64(-(1 << 32)), "-4294967296");
        assert_eq!(int64(i64::MIN), "0x8000000000000000");
        assert_eq!(parse_int("0xffffffff"), Some(-1));
        assert_eq!(parse_num("nan"), None);
        assert_eq!(parse_num("+1e999"), None);
        assert_eq!(parse_int("0x+1"), None);
    }
}
