//! Hostile text and bytes for everything that reads what others wrote.

use crate::pack::{pack, unpack};
use crate::text::jdump::{ImportOptions, import};
use crate::text::{MAX_FILE, TraceFile, parse, print};

/// Reads bytes as a packed case, as a `.trace` file and as a dump of LuaJIT's. What can be read is written and read again, as the same.
///
/// # Panics
/// Where it reads back as another. Whatever else panics is a bug as well.
pub fn fuzz_text(data: &[u8]) {
    if let Ok(case) = unpack(data) {
        assert!(unpack(&pack(&case)).as_ref() == Ok(&case), "a packed case unpacks as another");
    }
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(file) = parse(text) {
        reads_back(&file);
    }
    if let Ok(imported) = import(text, &ImportOptions::default()) {
        reads_back(&imported.file);
    }
}

fn reads_back(file: &TraceFile) {
    let text = print(file);
    // A case with very much memory can be printed, but is refused.
    if text.len() > MAX_FILE {
        return;
    }
    let again = parse(&text).unwrap_or_else(|e| panic!("what was printed can't be read: {e}\n{text}"));
    assert!(again == *file, "a file reads back as another:\n{text}\nis not\n{}", print(&again));
    assert!(print(&again) == text, "a file is printed in two ways:\n{text}");
}

#[cfg(test)]
mod tests {
    use super::fuzz_text;
    use crate::generate::{Knobs, case_from_seed};
    use crate::pack::pack;

    #[test]
    fn everything_of_record_reads_back() {
        fuzz_text(include_bytes!("../../../tests/data/format.trace"));
        fuzz_text(include_bytes!("../../../corpus/regress/kong-trace2.trace"));
        fuzz_text(&pack(&case_from_seed(1, 3, &Knobs::default())));
        fuzz_text(b"---- TRACE 1 IR\n0001 >  int SLOAD  #2    T\n---- TRACE 1 stop -> interpreter\n");
    }
}
