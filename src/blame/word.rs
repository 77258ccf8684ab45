//! From a finding to the word of code it is about.

use super::{BadWord, Blame, Role, Scene, field};
use crate::arm64::disasm;
use crate::code::Frame;
use crate::oracle::Finding;
use crate::verify::verify;

/// The word of a fault: the first defect, or the instruction that faulted.
pub(super) fn of_fault(blame: Blame, scene: &Scene, finding: &Finding) -> Blame {
    let defect = |code: &crate::code::Code| verify(code).first().map(|d| code.base + u64::from(d.offset));
    let address = match &finding.fault {
        Some(fault) => Some(fault.pc),
        None => defect(&scene.code).or_else(|| scene.code.side.as_deref().and_then(defect)),
    };
    match address {
        Some(address) => with_word(blame, scene, address),
        None => blame,
    }
}

/// Takes up a word, with its fields.
pub(super) fn with_word(blame: Blame, scene: &Scene, address: u64) -> Blame {
    let (Some((part, offset)), Some(word)) = (scene.part(address), scene.word(address)) else { return blame };
    let side = part.base != scene.code.base;
    let old = scene.record.stores.iter().rev().find(|s| s.address == address && s.bytes == 4).map_or(0, |s| s.old);
    let (rule, fields) = field::notes(word, old);
    let at = if side { None } else { part.ref_at(offset).or(blame.at) };
    let word = BadWord { offset, address, word, text: disasm(word, address), side };
    Blame { word: Some(word), rule, fields, at, ..blame }
}

/// An assertion names its own place: `lj_emit_arm64.h:12: emit_tnb: ...`.
pub(super) fn of_assertion(blame: Blame, finding: &Finding) -> Blame {
    let text = finding.detail.first().cloned().unwrap_or_default();
    Blame { chain: place(&text).into_iter().collect(), why: text, role: Role::Asserted, ..blame }
}

fn place(text: &str) -> Option<Frame> {
    let mut parts = text.splitn(4, ':');
    let (file, line, function) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.trim());
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let good = !file.contains(' ') && !function.is_empty() && function.chars().all(word);
    good.then(|| Frame { function: function.into(), file: format!("src/{file}"), line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_names_its_place() {
        let frame = place("lj_emit_arm64.h:123: emit_tnb: bad bit 63").expect("a place");
        assert_eq!(
            (frame.function.as_str(), frame.file.as_str(), frame.line),
            ("emit_tnb", "src/lj_emit_arm64.h", 123)
        );
        assert_eq!(place("the arena's heap is full"), None);
    }
}
