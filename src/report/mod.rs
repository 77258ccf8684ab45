//! Renderings of hunts, findings and checked fixes: text, JSON, SARIF, Markdown, HTML. No clock value is among them, so equal hunts give equal bytes.
//!
//! A [`Dossier`] is one finding, with all that any rendering says of it; a [`Report`] is several, with the hunts that they are from.

mod blame;
mod class;
mod dossier;
mod findings;
mod gather;
mod html;
mod hunt;
mod json;
mod listing;
mod markdown;
mod sarif;
mod story;
mod text;
mod title;
mod verify_fix;

pub use blame::{Blame, FieldNote, Frame};
pub use class::{CLASSES, ClassText, class_text};
pub use dossier::{CaseFile, Dossier, Evidence, Known, OtherCase, Step};
pub use findings::{HuntPart, Other, OtherResult, Report, SCHEMA, SCHEMA_VERSION};
pub use gather::{Judged, Seen, Source, gather};
pub use html::{HtmlPage, INDEX, pages};
pub use hunt::{BucketRow, HuntReport};
pub use json::json;
pub use listing::findings_text;
pub use markdown::markdown;
pub use sarif::sarif;
pub use story::Story;
pub use text::hunt_text;
pub use verify_fix::{Fate, Neighbour, Verdict, VerifyFixReport, VerifyFixRow, verify_fix_text};
