//! Text of instruction words, by Capstone.

use capstone::arch::arm64::ArchMode;
use capstone::prelude::*;

thread_local! {
    static CAPSTONE: Capstone = Capstone::new()
        .arm64()
        .mode(ArchMode::Arm)
        .build()
        .expect("capstone was built with ARM64 support");
}

/// The text of the word at `address`, `.long 0xffff6f7a` for one that Capstone rejects.
#[must_use]
pub fn disasm(word: u32, address: u64) -> String {
    capstone_text(word, address).unwrap_or_else(|| format!(".long {word:#010x}"))
}

/// Capstone's text, or `None` where it rejects the word.
#[must_use]
pub fn capstone_text(word: u32, address: u64) -> Option<String> {
    CAPSTONE.with(|capstone| {
        let found = capstone.disasm_count(&word.to_le_bytes(), address, 1).ok()?;
        let instruction = found.first()?;
        let (mnemonic, operands) = (instruction.mnemonic()?, instruction.op_str().unwrap_or_default());
        Some(format!("{mnemonic} {operands}").trim_end().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_word_is_shown_as_data() {
        assert_eq!(disasm(0xffff_6f7a, 0), ".long 0xffff6f7a");
    }

    #[test]
    fn branch_target_is_relative_to_the_address() {
        assert_eq!(disasm(0x1400_0002, 0x1000), "b #0x1008");
    }
}
