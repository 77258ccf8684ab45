//! Machine code as text: address, word, disassembly, with the instruction of the trace it belongs to.

use crate::arm64::disasm;
use crate::code::Code;
use crate::ir::Trace;
use crate::text::print_ins;
use crate::world::World;

/// The code's listing. With a trace, each stretch of code is headed by its instruction.
pub(super) fn listing(code: &Code, annotate: Option<(&Trace, &World)>) -> String {
    let mut text = format!(
        "---- CODE {} words, {} of them exits, entry +{:#x}\n",
        code.bytes.len() / 4,
        (code.bytes.len() - code.body as usize) / 4,
        code.entry
    );
    let mut last = None;
    for (i, word) in code.bytes.as_chunks().0.iter().map(|w| u32::from_le_bytes(*w)).enumerate() {
        let offset = u32::try_from(i * 4).expect("code is small");
        let at = code.ref_at(offset);
        if let (Some((trace, world)), Some(r)) = (annotate, at.filter(|_| at != last)) {
            text += &format!("          {}\n", print_ins(trace, world, r));
        }
        last = at;
        let here = at.map_or_else(|| "----".to_string(), |r| format!("{:04}", r.0));
        let address = code.base + u64::from(offset);
        text += &format!("{address:#014x}  {here}  {word:08x}  {}\n", disasm(word, address));
    }
    text
}
