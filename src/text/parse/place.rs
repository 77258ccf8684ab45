//! Places in memory, and the bytes that are there.

use crate::ir::{RegionId, SymPtr};
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::world::World;

pub(super) const POINTER: &str = "a pointer: a region and an offset (data+8)";

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

/// Reads bytes into a region or object. Lines of one are in order, so that none overwrites another.
pub(super) fn bytes_into(
    region: &mut [u8],
    filled: &mut usize,
    offset: usize,
    of: &str,
    word: Word,
    mut line: Line,
) -> Result<(), ParseError> {
    if offset < *filled {
        return Err(word.unexpected(format!("an offset from {filled} on: the bytes before it were given")));
    }
    let bytes = bytes(offset, region.len(), of, &mut line)?;
    *filled = offset + bytes.len();
    region[offset..*filled].copy_from_slice(&bytes);
    Ok(())
}

/// The bytes to the line's end, which must fit between `offset` and `room` of what they are in.
pub(super) fn bytes(offset: usize, room: usize, of: &str, line: &mut Line) -> Result<Vec<u8>, ParseError> {
    let mut bytes = Vec::new();
    line.clone().word(BYTE)?;
    while let Some(word) = line.next() {
        if offset + bytes.len() >= room {
            return Err(word.illegal(format!("outside of the {of}'s {room} bytes")));
        }
        let hex = word.text.len() == 2 && word.text.bytes().all(|b| b.is_ascii_hexdigit());
        let byte = u8::from_str_radix(word.text, 16).ok().filter(|_| hex);
        bytes.push(byte.ok_or_else(|| word.unexpected(BYTE))?);
    }
    Ok(bytes)
}

const BYTE: &str = "bytes of two hexadecimal digits";
