//! The tracehound program: see [`tracehound::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tracehound::cli::main()
}
