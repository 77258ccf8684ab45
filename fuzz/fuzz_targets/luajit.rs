//! libFuzzer target (placeholder).
fn main() {}
