//! What libFuzzer and `AddressSanitizer` look for by name where they are linked: more counters, and options.

use std::ffi::{CStr, c_char};
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

/// The options that `AddressSanitizer` starts with; `ASAN_OPTIONS` comes after them. A search for leaks after almost every case takes most of the
/// time and finds none: LuaJIT's memory is the arena, and what a case keeps until the next one looks like a leak.
const ASAN_OPTIONS: &CStr = c"detect_leaks=0";

// SAFETY: the sanitizer's runtime declares it so, and nothing else has the name.
#[unsafe(no_mangle)]
extern "C" fn __asan_default_options() -> *const c_char {
    ASAN_OPTIONS.as_ptr()
}
