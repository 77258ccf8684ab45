//! tracehound: a differential fuzzer for JIT code generation.
//!
//! A random trace in LuaJIT's IR goes through a real ARM64 backend; the machine code runs under Unicorn; what it
//! does is compared with an IR interpreter. `ARCHITECTURE.md` has the picture and the layers.

pub mod arm64;
pub mod backend;
pub mod bisect;
pub mod blame;
pub mod campaign;
pub mod case;
pub mod cli;
pub mod code;
pub mod compare;
pub mod coverage;
pub mod explain;
pub mod generate;
pub mod interpret;
pub mod ir;
pub mod ledger;
pub mod machine;
pub mod minimize;
pub mod night;
pub mod oracle;
pub mod outcome;
pub mod pack;
pub mod referee;
pub mod report;
pub mod tally;
pub mod text;
pub mod verify;
pub mod world;
