//! Words of machine code: the table of encodings against the emulator and Capstone.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tracehound::campaign::fuzz_encoding(data));
