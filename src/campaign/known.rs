//! Bugs that are known and accepted: a TOML file of buckets, each with the reason.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A bug that someone knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownBug {
    /// Its bucket.
    pub bucket: String,
    /// The backend that has it, with its variant unless that is the plain one; all of them if it is left out.
    pub backend: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Where it is talked about.
    pub link: Option<String>,
}

/// All that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownBugs {
    /// In the order of the file.
    #[serde(default)]
    known: Vec<KnownBug>,
}

/// What is wrong with the file.
#[derive(Debug, Error)]
pub enum BadKnown {
    /// It is no TOML, or has other keys.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A bug without a reason.
    #[error("known bug number {number}, {bucket}: a reason is missing; say why it is accepted")]
    NoReason {
        /// Its place in the file, from 1.
        number: usize,
        /// Its bucket.
        bucket: String,
    },
}

impl KnownBugs {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is no TOML, has keys that mean nothing, or a bug has no reason.
    pub fn parse(text: &str) -> Result<KnownBugs, BadKnown> {
        let bugs: KnownBugs = toml::from_str(text)?;
        match bugs.known.iter().position(|bug| bug.reason.trim().is_empty()) {
            Some(n) => Err(BadKnown::NoReason { number: n + 1, bucket: bugs.known[n].bucket.clone() }),
            None => Ok(bugs),
        }
    }

    /// The bug that a bucket on a backend is.
    pub fn find(&self, bucket: &str, backend: &str) -> Option<&KnownBug> {
        self.known.iter().find(|bug| bug.bucket == bucket && bug.backend.as_deref().is_none_or(|b| b == backend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[known]]
        bucket = "wrong-code-emit-lso"
        reason = "fixed upstream"
        link = "https://example.org/1"

        [[known]]
        bucket = "wrong-ir-xstore"
        backend = "luajit@210.7.4"
        reason = "reported"
    "#;

    #[test]
    fn a_bug_is_found_by_its_bucket_and_where_it_names_one_its_backend() {
        let bugs = KnownBugs::parse(FILE).expect("a good file");
        let reason = |bucket, backend| bugs.find(bucket, backend).map(|bug| bug.reason.as_str());
        assert_eq!(reason("wrong-code-emit-lso", "luajit@210.4.8"), Some("fixed upstream"));
        assert_eq!(reason("wrong-ir-xstore", "luajit@210.7.4"), Some("reported"));
        assert_eq!(reason("wrong-ir-xstore", "luajit@210.4.8"), None);
        assert_eq!(reason("wrong-exit", "luajit@210.4.8"), None);
    }

    #[test]
    fn what_is_misspelt_or_has_no_reason_is_refused_by_name() {
        let error = |text: &str| KnownBugs::parse(text).expect_err("a bad file").to_string();
        assert!(
            error("[[known]]\nbucket = 'x'\nreason = ' '\n").contains("known bug number 1, x: a reason is missing")
        );
        assert!(error("[[known]]\nbukket = 'x'\nreason = 'y'\n").contains("bukket"));
        assert!(error("[[known]]\nbucket = 'x'\n").contains("reason"));
        assert!(KnownBugs::parse("").expect("nothing is known").find("x", "y").is_none());
    }
}
