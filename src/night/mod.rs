//! A night of hunts, summed up: which bugs are new, and whether the fuzzer itself was as well as it usually is.
//!
//! A fuzzer that has gone silent (it skips all cases, is slow, reaches nothing) finds nothing new, which looks like good news. So a night is
//! held against fixed limits and against earlier nights, and what is out of range is a failure of the tool, whatever was found.
//!
//! All is plain data here: what hunts, coverage and triage printed, and the history of earlier nights.

mod history;
mod range;
mod triage;
mod verdict;
mod vitals;

pub use history::{BadHistory, Bucket, History, HuntSigns, Night};
pub use range::{Alarm, SIGNS, Sign};
pub use triage::{Cause, Triage};
pub use verdict::{Finding, Verdict, Word, issue, markdown, text};
pub use vitals::{NoVitals, Vitals, points};
