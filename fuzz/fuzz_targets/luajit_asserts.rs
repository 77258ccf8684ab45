//! Cases compiled by a LuaJIT with its own assertions, and their code verified without running it: many times as fast.

#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use tracehound::campaign::{FuzzCase, crossover_bytes, fuzz_asserts, mutate_bytes};

fuzz_target!(|case: FuzzCase| fuzz_asserts(&case));
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_bytes(data, size, max_size, seed) });
fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| { crossover_bytes(first, second, out, seed) });
