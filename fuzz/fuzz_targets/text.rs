//! Hostile bytes as `.trace` files, dumps of LuaJIT's and packed cases: read, written, read again.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tracehound::campaign::fuzz_text(data));
