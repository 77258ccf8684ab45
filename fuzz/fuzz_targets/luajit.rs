//! libFuzzer target: bytes to a case, the case through the whole pipeline on the built-in LuaJIT.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tracehound::campaign::fuzz_one(data));
