//! What libFuzzer's targets do: their inputs, their mutations, and one execution of each.
//!
//! The targets themselves, in `fuzz/fuzz_targets/`, only name these functions. A finding ends the process with a panic, which is how libFuzzer
//! learns of it; see [`Findings`] for those that are known.

mod bytes;
mod findings;
mod hostile;
mod session;
mod words;

pub use bytes::{FuzzCase, case_of_bytes, crossover_bytes, mutate_bytes};
pub use findings::Findings;
pub use hostile::fuzz_text;
pub use session::{fuzz_asserts, fuzz_luajit};
pub use words::fuzz_encoding;
