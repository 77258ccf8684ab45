//! A word of code taken apart, for one that is no instruction or a dangerous one.

use super::hex::Bits;
use super::sheet::{Anatomy, FieldRow, Status};
use crate::arm64::{Encoding, OPEN, classify, layout_of, suspect_bits};

/// What the encoding table says of a word, and its bits as the fields of the encoding that it is nearest to.
pub fn anatomy(word: u32) -> Anatomy {
    let (status, text) = match classify(word) {
        Encoding::Valid(row) => (Status::Valid, row.name.to_string()),
        Encoding::Undefined { reason } => (Status::Undefined, reason.to_string()),
        Encoding::Unpredictable { reason } => (Status::Unpredictable, reason.to_string()),
        Encoding::Unknown { reason } => (Status::Unknown, reason.to_string()),
    };
    Anatomy { word: Bits(word), status, text, fields: fields(word) }
}

/// All 32 bits: named fields, and runs of bits without a name between them.
fn fields(word: u32) -> Vec<FieldRow> {
    let (suspect, mut below) = (suspect_bits(word), 32);
    let mut rows = vec![];
    for field in layout_of(word) {
        rows.extend(row(word, suspect, None, below, field.hi() + 1));
        rows.extend(row(word, suspect, Some(field.name).filter(|name| *name != OPEN), field.hi() + 1, field.lo));
        below = field.lo;
    }
    rows.extend(row(word, suspect, None, below, 0));
    rows
}

/// The bits from `lo` to below `end`, if there are any.
fn row(word: u32, suspect: u32, name: Option<&str>, end: u8, lo: u8) -> Option<FieldRow> {
    let mask = u32::MAX.checked_shr(32 - u32::from(end.checked_sub(lo)?))?;
    let wrong = suspect >> lo & mask != 0;
    Some(FieldRow { name: name.map(str::to_string), hi: end - 1, lo, value: word >> lo & mask, wrong })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(word: u32) -> Vec<String> {
        let mark = |f: &FieldRow| if f.wrong { "!" } else { "" };
        let text =
            |f: &FieldRow| format!("{}[{}:{}]={:#x}{}", f.name.as_deref().unwrap_or(""), f.hi, f.lo, f.value, mark(f));
        anatomy(word).fields.iter().map(text).collect()
    }

    #[test]
    fn an_unpredictable_pair_has_its_equal_registers_marked() {
        let expected =
            ["opc[31:30]=0x0", "[29:22]=0xa5", "imm7[21:15]=0x0", "Rt2[14:10]=0x1!", "Rn[9:5]=0x2", "Rt[4:0]=0x1!"];
        assert_eq!(shown(0x2940_0441), expected);
        let a = anatomy(0x2940_0441);
        assert_eq!(
            (a.status, a.text.as_str()),
            (Status::Unpredictable, "Load pair (offset): Rt and Rt2 are both register 1")
        );
    }

    #[test]
    fn a_word_of_no_encoding_shows_what_its_group_is_told_by() {
        assert_eq!(shown(0xffff_6f7a), ["[31:28]=0xf!", "[27:25]=0x7", "[24:0]=0x1ff6f7a!"]);
    }

    #[test]
    fn fields_cover_all_bits_once() {
        for word in [0, 0x2940_0441, 0xffff_6f7a, 0x52c0_0020, 0xd65f_03c0, 0x1240_0000] {
            let fields = anatomy(word).fields;
            let bits: u32 = fields.iter().map(|f| u32::from(f.hi - f.lo) + 1).sum();
            assert_eq!(bits, 32, "{word:#x}");
            assert!(fields.windows(2).all(|w| w[0].lo == w[1].hi + 1), "{word:#x}");
        }
    }
}
