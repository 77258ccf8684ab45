//! Renderings of a hunt: the same facts as JSON and as text. No clock value is among them, so equal hunts give equal bytes.

mod hunt;
mod text;

pub use hunt::{BucketRow, HuntReport};
pub use text::hunt_text;
