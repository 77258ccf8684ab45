//! Machine code as `-jdump=m` prints it.

use crate::explain::sheet::{Anatomy, CodeSheet, DefectRow, FieldRow, Sheet, Status, WordRow};

/// Defects shown at most.
const MOST: usize = 8;

/// The trace's own code word by word, its exit stubs in a line.
pub fn section(number: u8, code: &CodeSheet) -> Vec<String> {
    let mut lines = vec![format!("---- TRACE {number} mcode {}", code.bytes)];
    for row in &code.words {
        lines.extend(row.loop_head.then(|| "->LOOP:".into()));
        lines.push(line(row));
    }
    lines.extend(code.stubs.as_ref().map(|s| {
        let (address, first, last) = (s.address.0, s.first.0, s.last.0);
        format!("{address:x}  exit stubs: ->{} to ->{} at {first:x} to {last:x}", s.exit, s.last_exit)
    }));
    lines
}

/// A word with all that is said of it.
pub fn line(row: &WordRow) -> String {
    let (address, word, to) = (row.address.0, row.word.0, row.target.as_deref().unwrap_or(""));
    let mark = if row.marked { "   <===" } else { "" };
    let text =
        format!("{address:x}  {word:08x}  {:<6} {:<34} {to:<6} ; {}{mark}", row.mnemonic, row.operands, row.origin);
    text.trim_end().into()
}

/// Each defective word with the verifier's reason and its fields.
pub fn defects(sheet: &Sheet) -> Vec<String> {
    if sheet.defects.is_empty() {
        return vec![];
    }
    let mut lines = vec![format!("---- DEFECTS {}", sheet.defects.len())];
    lines.extend(sheet.defects.iter().take(MOST).flat_map(defect));
    if sheet.defects.len() > MOST {
        lines.push(format!("and {} more", sheet.defects.len() - MOST));
    }
    lines
}

fn defect(d: &DefectRow) -> Vec<String> {
    let side = if d.trace == 1 { "" } else { " of the side trace" };
    let mut lines = vec![line(&d.word), format!("           +{:#06x}{side} {}: {}", d.word.offset, d.class, d.text)];
    lines.extend(anatomy(&d.anatomy).iter().map(|line| format!("           {line}")));
    lines
}

/// Its bits, what the encoding table says, and the fields of the encoding it is nearest to.
pub fn anatomy(a: &Anatomy) -> Vec<String> {
    let status = match a.status {
        Status::Valid => "encoding  ",
        Status::Undefined => "undefined ",
        Status::Unpredictable => "unpredictable ",
        Status::Unknown => "unknown   ",
    };
    let mut lines = vec![format!("bits       {}", nibbles(a.word.0)), format!("{status} {}", a.text)];
    let fields: Vec<String> = a.fields.iter().filter_map(field).collect();
    if !fields.is_empty() {
        lines.push(format!("fields     {}", fields.join(" ")));
    }
    lines
}

fn nibbles(word: u32) -> String {
    (0..8).rev().map(|i| format!("{:04b}", word >> (4 * i) & 15)).collect::<Vec<_>>().join(" ")
}

fn field(f: &FieldRow) -> Option<String> {
    let (name, hi, lo, value) = (f.name.as_ref()?, f.hi, f.lo, f.value);
    Some(if hi == lo { format!("{name}[{hi}]={value}") } else { format!("{name}[{hi}:{lo}]={value}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::word;

    #[test]
    fn an_unpredictable_pair_shows_its_equal_registers() {
        let lines = anatomy(&word::anatomy(0x2940_0441));
        assert_eq!(lines[0], "bits       0010 1001 0100 0000 0000 0100 0100 0001");
        assert_eq!(lines[1], "unpredictable  Load pair (offset): Rt and Rt2 are both register 1");
        assert_eq!(lines[2], "fields     opc[31:30]=0 imm7[21:15]=0 Rt2[14:10]=1 Rn[9:5]=2 Rt[4:0]=1");
    }

    #[test]
    fn a_word_of_no_encoding_has_no_fields() {
        assert_eq!(anatomy(&word::anatomy(0xffff_6f7a)).len(), 2);
    }
}
