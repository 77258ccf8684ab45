//! A word of code taken apart, for one that is no instruction or a dangerous one.

use crate::arm64::{Encoding, classify, fields};

/// Its bits, what the encoding table says, and the fields of the encoding it is nearest to.
pub fn anatomy(word: u32) -> Vec<String> {
    let mut lines = vec![format!("bits       {}", nibbles(word))];
    match classify(word) {
        Encoding::Valid(row) => lines.push(format!("encoding   {}", row.name)),
        Encoding::Undefined { reason } => lines.push(format!("undefined  {reason}")),
        Encoding::Unpredictable { reason } => lines.push(format!("unpredictable  {reason}")),
        Encoding::Unknown { reason } => lines.push(format!("unknown    {reason}")),
    }
    let fields: Vec<String> = fields(word).iter().map(|f| field(*f)).collect();
    if !fields.is_empty() {
        lines.push(format!("fields     {}", fields.join(" ")));
    }
    lines
}

fn nibbles(word: u32) -> String {
    (0..8).rev().map(|i| format!("{:04b}", word >> (4 * i) & 15)).collect::<Vec<_>>().join(" ")
}

fn field((name, hi, lo, value): (&str, u8, u8, u32)) -> String {
    if hi == lo { format!("{name}[{hi}]={value}") } else { format!("{name}[{hi}:{lo}]={value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpredictable_pair_shows_its_equal_registers() {
        let lines = anatomy(0x2940_0441);
        assert_eq!(lines[0], "bits       0010 1001 0100 0000 0000 0100 0100 0001");
        assert_eq!(lines[1], "unpredictable  Load pair (offset): Rt and Rt2 are both register 1");
        assert_eq!(lines[2], "fields     opc[31:30]=0 imm7[21:15]=0 Rt2[14:10]=1 Rn[9:5]=2 Rt[4:0]=1");
    }

    #[test]
    fn a_word_of_no_encoding_has_no_fields() {
        assert_eq!(anatomy(0xffff_6f7a).len(), 2);
    }
}
