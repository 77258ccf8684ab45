//! Words for the table of encodings and those who judge it.

use crate::arm64::capstone_text;
use crate::referee::Referee;
use std::cell::RefCell;

/// Takes four bytes each as a word, and holds what the table says of it against the emulator and Capstone.
///
/// # Panics
/// Where one differs without an explanation.
pub fn fuzz_encoding(data: &[u8]) {
    thread_local! {
        static REFEREE: RefCell<Option<Referee>> = const { RefCell::new(None) };
    }
    REFEREE.with_borrow_mut(|referee| {
        let referee = referee.get_or_insert_with(Referee::new);
        for bytes in data.chunks_exact(4) {
            let word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
            let unexplained = referee.differences(word).into_iter().find(|difference| difference.explained.is_none());
            assert!(unexplained.is_none(), "{word:#010x} {:?}: {unexplained:?}", capstone_text(word, 0));
        }
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_that_all_agree_on_pass() {
        super::fuzz_encoding(&[0x00, 0x04, 0x00, 0x91, 0x7a, 0x6f, 0xff, 0xff, 0xff]);
    }
}
