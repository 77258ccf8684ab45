//! Machine code as text: each instruction of the trace, and the words that belong to it.

use crate::arm64::disasm;
use crate::code::Code;
use crate::ir::Trace;
use crate::text::print_ins;
use crate::world::World;

/// The code's listing.
pub(super) fn listing(code: &Code, trace: &Trace, world: &World) -> String {
    let (words, body) = (code.bytes.len() / 4, code.body / 4);
    let mut text = format!("---- CODE {words} words, {body} of them the trace, entry at +{:#x}\n", code.entry);
    let mut last = None;
    for (word, offset) in code.bytes.as_chunks().0.iter().map(|w| u32::from_le_bytes(*w)).zip((0..).step_by(4)) {
        let at = code.ref_at(offset).filter(|_| offset < code.body);
        if at != last {
            text += &at.map_or_else(|| "    ----\n".into(), |r| format!("    {}\n", print_ins(trace, world, r)));
        }
        last = at;
        let address = code.base + u64::from(offset);
        text += &format!("{address:#014x}  {word:08x}  {}\n", disasm(word, address));
    }
    text
}
