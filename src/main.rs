//! tracehound binary.
fn main() {}
