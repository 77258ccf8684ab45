//! Counters that libFuzzer reads beside those of the compiler, by the name of their section.

use std::sync::atomic::AtomicU8;

/// How many: room for the edges of a backend that was loaded at run time.
const COUNTERS: usize = 16 << 10;

// SAFETY: the section holds bytes, and nothing else is put there.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static EXTRA: [AtomicU8; COUNTERS] = [const { AtomicU8::new(0) }; COUNTERS];

/// libFuzzer's extra counters, where it is linked: it clears them before each run, and takes a number behind it for a feature, as it does
/// with an edge's. Elsewhere they are bytes that nobody reads.
pub fn libfuzzer_counters() -> &'static [AtomicU8] {
    &EXTRA
}
