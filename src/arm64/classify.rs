//! What a word is: valid, undefined, CONSTRAINED UNPREDICTABLE, or outside what the table describes.

use std::fmt;
use std::sync::LazyLock;

use super::layout::Field;
use super::row::Row;
use super::rule::{Breach, Rule};
use super::table::{self, Group, Rest};

pub use super::table::OPEN;

/// The table's answer for one instruction word.
#[derive(Clone, Copy, Debug)]
pub enum Encoding {
    /// An instruction of this row.
    Valid(&'static Row),
    /// Unallocated, or with a reserved field value: raises an Undefined Instruction exception.
    Undefined {
        /// Which field.
        reason: Reason,
    },
    /// CONSTRAINED UNPREDICTABLE: emulators execute it, a processor may trap or do something else.
    Unpredictable {
        /// Which registers or bits.
        reason: Reason,
    },
    /// In a part of the encoding space that the table does not describe, so nothing a trace should contain.
    Unknown {
        /// Which part.
        reason: Reason,
    },
}

/// Why a word is not valid; `Display` names the encoding class, the fields and their values.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    word: u32,
    cause: Cause,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    Broken(&'static Row, &'static Rule),
    NoRow(&'static Group),
}

/// Classifies a word.
#[must_use]
pub fn classify(word: u32) -> Encoding {
    match row_of(word) {
        Some(row) => match row.broken_rule(word) {
            None => Encoding::Valid(row),
            Some(rule) => broken(word, row, rule),
        },
        None => rest(word),
    }
}

/// The row whose fixed bits a word has, whether or not it keeps the row's rules.
#[must_use]
pub fn row_of(word: u32) -> Option<&'static Row> {
    INDEX.candidates(word).iter().copied().find(|row| row.matches(word))
}

/// The fields of the matched row as (name, highest bit, lowest bit, value), for reports; none if no row matches.
#[must_use]
pub fn fields(word: u32) -> Vec<(&'static str, u8, u8, u32)> {
    let fields = row_of(word).map_or(&[][..], Row::fields);
    fields.iter().map(|field| (field.name, field.hi(), field.lo, field.get(word))).collect()
}

/// The fields that a word is read by: those of the matched row, else what its group of encodings leaves open, under the name [`OPEN`].
#[must_use]
pub fn layout_of(word: u32) -> &'static [Field] {
    row_of(word).map_or_else(|| Group::of(word).fields(), Row::fields)
}

/// The bits that make a word no valid instruction: those of the fields whose rule it breaks, or all that its group leaves open. None
/// for a valid word.
#[must_use]
pub fn suspect_bits(word: u32) -> u32 {
    let cause = match classify(word) {
        Encoding::Valid(_) => return 0,
        Encoding::Undefined { reason } | Encoding::Unpredictable { reason } | Encoding::Unknown { reason } => {
            reason.cause
        }
    };
    match cause {
        Cause::Broken(_, rule) => rule.bits(),
        Cause::NoRow(group) => group.open_bits(),
    }
}

#[cold]
fn broken(word: u32, row: &'static Row, rule: &'static Rule) -> Encoding {
    let reason = Reason { word, cause: Cause::Broken(row, rule) };
    match rule.breach() {
        Breach::Undefined => Encoding::Undefined { reason },
        Breach::Unpredictable => Encoding::Unpredictable { reason },
    }
}

#[cold]
fn rest(word: u32) -> Encoding {
    let group = Group::of(word);
    let reason = Reason { word, cause: Cause::NoRow(group) };
    match group.rest {
        Rest::Unallocated => Encoding::Undefined { reason },
        Rest::NotDescribed => Encoding::Unknown { reason },
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Cause::Broken(row, rule) => write!(f, "{}: {}", row.name, rule.explain(self.word)),
            Cause::NoRow(group) if group.rest == Rest::Unallocated => {
                write!(f, "unallocated in {}", group.name)
            }
            Cause::NoRow(group) => write!(f, "{}: not described by the table", group.name),
        }
    }
}

/// Rows by the top eleven bits of the word, where the classes differ most; a bucket holds one to a dozen.
struct Index {
    starts: Vec<u32>,
    rows: Vec<&'static Row>,
}

const INDEX_BITS: u32 = 11;
const INDEX_SHIFT: u32 = 32 - INDEX_BITS;

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

impl Index {
    fn new() -> Self {
        let mut index = Self { starts: vec![0], rows: Vec::new() };
        for top in 0..1u32 << INDEX_BITS {
            let top = top << INDEX_SHIFT;
            index.rows.extend(
                table::rows().filter(|row| (top ^ row.value()) & row.mask() >> INDEX_SHIFT << INDEX_SHIFT == 0),
            );
            index.starts.push(u32::try_from(index.rows.len()).expect("the index is small"));
        }
        index
    }

    #[inline]
    fn candidates(&self, word: u32) -> &[&'static Row] {
        let bucket = (word >> INDEX_SHIFT) as usize;
        &self.rows[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(word: u32) -> String {
        match classify(word) {
            Encoding::Valid(row) => format!("valid: {}", row.name),
            Encoding::Undefined { reason } => format!("undefined: {reason}"),
            Encoding::Unpredictable { reason } => format!("unpredictable: {reason}"),
            Encoding::Unknown { reason } => format!("unknown: {reason}"),
        }
    }

    #[test]
    fn words_of_the_pair_offset_overflow_are_undefined() {
        for word in [0xfffb_e79a, 0xfffb_e379, 0xfffc_df78, 0xffff_6f7a, 0xffff_6b7c] {
            assert_eq!(describe(word), "undefined: unallocated in floating point and Advanced SIMD");
        }
    }

    #[test]
    fn pair_load_is_valid_unless_its_targets_are_equal() {
        assert_eq!(describe(0x2940_6f7c), "valid: Load pair (offset)");
        assert_eq!(describe(0x2940_0441), "unpredictable: Load pair (offset): Rt and Rt2 are both register 1");
    }

    #[test]
    fn writeback_to_the_stored_register_is_unpredictable() {
        assert_eq!(describe(0xf800_8c21), "unpredictable: Store (indexed): Rn and Rt are both register 1");
        assert_eq!(
            describe(0xf800_8fff),
            "valid: Store (indexed)",
            "register 31 is the zero register once and sp once"
        );
    }

    #[test]
    fn logical_immediate_with_n_in_32_bits_is_undefined() {
        assert_eq!(describe(0x1240_0000), "undefined: Logical (immediate): N:immr:imms encode no bitmask immediate");
    }

    #[test]
    fn move_wide_beyond_the_register_is_undefined() {
        assert_eq!(
            describe(0x52c0_0020),
            "undefined: Move wide (immediate): shift amount beyond a 32-bit register (sf:hw = 010, allocated: 00x 1xx)"
        );
    }

    #[test]
    fn space_the_table_leaves_out_is_unknown() {
        assert_eq!(describe(0x4e20_8400), "unknown: Advanced SIMD (vector): not described by the table");
        assert_eq!(describe(0xd538_0000), "unknown: system instructions: not described by the table");
    }

    #[test]
    fn udf_is_named() {
        assert_eq!(describe(0), "undefined: unallocated in permanently undefined (udf)");
    }

    #[test]
    fn fields_are_those_of_the_matched_row() {
        let expected =
            [("opc", 31, 30, 0), ("imm7", 21, 15, 0), ("Rt2", 14, 10, 27), ("Rn", 9, 5, 27), ("Rt", 4, 0, 28)];
        assert_eq!(fields(0x2940_6f7c), expected);
        assert!(fields(0xffff_6f7a).is_empty());
    }

    #[test]
    fn unpredictable_rules_come_after_undefined_ones() {
        for row in table::rows() {
            let order: Vec<_> = row.rules().map(|rule| rule.breach() == Breach::Unpredictable).collect();
            assert!(order.is_sorted(), "{}", row.name);
        }
    }

    #[test]
    fn overlapping_rows_are_ordered_special_before_general() {
        // The shift's immh may not be zero, which its fixed bits cannot say.
        let known = ["Vector constant"];
        let rows: Vec<_> = table::rows().collect();
        for (i, first) in rows.iter().enumerate() {
            for second in &rows[i + 1..] {
                let overlap = (first.value() ^ second.value()) & first.mask() & second.mask() == 0;
                let special = second.mask() & !first.mask() == 0;
                assert!(!overlap || special || known.contains(&first.name), "{} and {}", first.name, second.name);
            }
        }
    }

    #[test]
    fn every_row_lies_in_one_group() {
        for row in table::rows() {
            let (low, high) = (Group::of(row.value()), Group::of(row.value() | !row.mask()));
            assert!(std::ptr::eq(low, high), "{}: {} and {}", row.name, low.name, high.name);
        }
    }
}
