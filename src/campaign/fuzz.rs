//! One execution under libFuzzer: the input is the generator's entropy.

use crate::backend::store::{self, Spec};
use crate::case::Case;
use crate::generate::{Knobs, generate};
use crate::oracle::{Oracle, Verdict};
use arbitrary::Unstructured;
use std::cell::RefCell;
use std::path::Path;

/// Makes a case of the bytes and judges it on the built-in backend.
///
/// # Panics
/// On a finding, which is how libFuzzer learns of it, and when the pipeline itself fails.
pub fn fuzz_one(data: &[u8]) {
    thread_local! {
        static ORACLE: RefCell<Option<Oracle>> = const { RefCell::new(None) };
    }
    let Some(case) = case_of_bytes(data) else { return };
    ORACLE.with_borrow_mut(|oracle| {
        let judged = oracle.get_or_insert_with(open).judge(&case).expect("the pipeline judges every generated case");
        if let Verdict::Finding(found) = judged.verdict {
            panic!("{}\n{}", found.key(), found.detail.join("\n"));
        }
    });
}

/// The case that libFuzzer's bytes stand for; `None` where they stand for none.
pub fn case_of_bytes(data: &[u8]) -> Option<Case> {
    generate(&mut Unstructured::new(data), &Knobs::default()).ok()
}

fn open() -> Oracle {
    let backend = store::open(&Spec::builtin(), Path::new("")).expect("the built-in LuaJIT starts");
    Oracle::new(backend).expect("the emulator starts")
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_bytes_at_all_are_the_simplest_case() {
        super::fuzz_one(&[]);
    }
}
