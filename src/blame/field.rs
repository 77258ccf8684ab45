//! What the fields of a word say: which rule they break, or which one was too large for its place.

use crate::arm64::{Address, Encoding, classify, disasm, fields, rows};
use serde::{Deserialize, Serialize};

/// Something to know of a word's fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldNote {
    /// The field: `imm7`.
    pub name: String,
    /// Its highest bit.
    pub hi: u8,
    /// Its lowest bit.
    pub lo: u8,
    /// Its value, signed for an offset that is.
    pub value: i64,
    /// It in words.
    pub text: String,
}

/// The rule that a word breaks and its fields: the one that overflowed, if that explains the word, else all of them. Nothing for a word
/// that breaks none. `old` is the word that was there before the last store, 0 for none.
pub(super) fn notes(word: u32, old: u32) -> (Option<String>, Vec<FieldNote>) {
    let rule = match classify(word) {
        Encoding::Undefined { reason } | Encoding::Unpredictable { reason } | Encoding::Unknown { reason } => {
            reason.to_string()
        }
        Encoding::Valid(_) => return (None, vec![]),
    };
    let note = |(name, hi, lo, value): (&str, u8, u8, u32)| FieldNote {
        name: name.into(),
        hi,
        lo,
        value: value.into(),
        text: format!("{name}[{hi}:{lo}] = {value}"),
    };
    let all = || fields(word).into_iter().map(note).collect();
    (Some(rule), overflow(word, old).map_or_else(all, |spilled| vec![spilled]))
}

/// Offsets that are signed, by name.
const SIGNED: [&str; 5] = ["imm7", "imm9", "imm14", "imm19", "imm26"];

/// A negative value that was put in its place by a shift alone sets all bits above it. Which instruction was meant shows in what is below,
/// and in the word that it replaced: an access through the same base, to the same place or beside it.
fn overflow(word: u32, old: u32) -> Option<FieldNote> {
    let meant = Meant::of(old)?;
    let fits = |field: &crate::arm64::Field, fixed: (u32, u32)| {
        let above = u32::MAX.checked_shl(u32::from(field.hi()) + 1).unwrap_or(0);
        let below = (1 << field.lo) - 1;
        above != 0 && word & above == above && (word ^ fixed.1) & fixed.0 & below == 0
    };
    // Backends have no use for accesses that do not allocate in caches: those come last.
    let (rare, usual): (Vec<_>, Vec<_>) = rows().partition(|row| row.name.contains("no allocate"));
    for row in usual.into_iter().chain(rare) {
        for field in row.fields().iter().filter(|f| SIGNED.contains(&f.name)) {
            if !fits(field, (row.mask(), row.value())) {
                continue;
            }
            let above = !(u32::MAX >> (31 - field.hi()));
            let free = above & !row.mask();
            // The fields above, too, were covered: try what they can have been.
            for choice in subsets(free) {
                let whole = word & !above | row.value() & above | choice;
                if meant.is(whole) {
                    return Some(spilled(word, whole, field));
                }
            }
        }
    }
    None
}

/// All values of the bits of a mask; none if it has too many.
fn subsets(mask: u32) -> Vec<u32> {
    if mask.count_ones() > 6 {
        return vec![];
    }
    let mut all = vec![0];
    for bit in (0..32).map(|n| 1 << n).filter(|bit| mask & bit != 0) {
        let more: Vec<u32> = all.iter().map(|v| v | bit).collect();
        all.extend(more);
    }
    all
}

/// An access to memory.
struct Meant {
    access: crate::arm64::Access,
    /// Of floating-point registers: the bit V of all loads and stores.
    float: bool,
}

impl Meant {
    fn of(word: u32) -> Option<Meant> {
        let Encoding::Valid(row) = classify(word) else { return None };
        Some(Meant { access: row.access(word)?, float: word >> 26 & 1 == 1 })
    }

    /// Whether a word is an access like it: it loads or stores as many bytes a register, through the same base, and beside.
    fn is(&self, word: u32) -> bool {
        let Some(Meant { access, float }) = Meant::of(word) else { return false };
        let (Address::Offset(base, offset), Address::Offset(my_base, my_offset)) =
            (access.address, self.access.address)
        else {
            return false;
        };
        let bytes = i64::from(access.bytes);
        let distance = i64::from(my_offset) - i64::from(offset);
        float == self.float
            && access.direction == self.access.direction
            && access.bytes == self.access.bytes
            && access.writeback.is_none()
            && access.registers == 2
            && base == my_base
            && (distance == 0 || distance == bytes)
    }
}

fn spilled(word: u32, whole: u32, field: &crate::arm64::Field) -> FieldNote {
    let (hi, lo) = (field.hi(), field.lo);
    let value = i64::from((whole << (31 - hi)).cast_signed() >> (31 - hi + lo));
    let bits = |word: u32| format!("{:0width$b}", word >> (hi + 1), width = usize::from(31 - hi));
    let text = format!(
        "{name} = {value} was not cut to bits {hi}..{lo}: its sign runs over bits 31..{above}, which are {found} and should be {wanted} \
         ({whole:08x}, {text})",
        name = field.name,
        above = hi + 1,
        found = bits(word),
        wanted = bits(whole),
        text = disasm(whole, 0),
    );
    FieldNote { name: field.name.into(), hi, lo, value, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_pair_offset_that_covers_the_opcode_is_named() {
        // ldr w28, [x27, #-4] was there; the pair at -8 was written over it.
        let (_, notes) = notes(0xffff_6f7c, 0xb85f_c37c);
        let [note] = &notes[..] else { panic!("{notes:?}") };
        assert_eq!((note.name.as_str(), note.hi, note.lo, note.value), ("imm7", 21, 15, -2));
        assert!(note.text.contains("0010100101") && note.text.contains("ldp"), "{}", note.text);
    }

    #[test]
    fn equal_targets_of_a_pair_show_the_rule_and_all_fields() {
        let (rule, notes) = notes(0x2940_0441, 0);
        assert_eq!(notes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["opc", "imm7", "Rt2", "Rn", "Rt"]);
        assert_eq!(notes[2].text, "Rt2[14:10] = 1");
        assert_eq!(rule.as_deref(), Some("Load pair (offset): Rt and Rt2 are both register 1"));
    }

    #[test]
    fn a_word_of_no_encoding_without_history_has_no_notes() {
        assert!(notes(0xffff_6f7c, 0).1.is_empty());
        assert_eq!(notes(0x9100_0421, 0), (None, vec![]));
    }
}
