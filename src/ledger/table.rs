//! The table of historical bugs: a TOML file, one entry a bug.

use super::{LedgerError, Shape};
use crate::backend::store::Spec;
use crate::blame::Blame;
use crate::campaign::{recording, spec};
use crate::outcome::FindingClass;
use luajit_arm64_sys::Variant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// A bug that some releases have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bug {
    /// What it is called on the command line.
    pub id: String,
    /// What goes wrong.
    pub title: String,
    /// Which releases have it, in words.
    pub releases: String,
    /// A backend that has it: the one that is hunted.
    pub bad: String,
    /// A backend that does not.
    pub good: String,
    /// Where it is talked about, if anywhere.
    pub reference: Option<String>,
    /// The classes that it shows as; any if left out.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Functions at fault: one of them is in the chain of calls that is blamed.
    pub functions: Vec<String>,
    /// What else is seen in the words that are blamed.
    pub shape: Option<Shape>,
    /// Cases of it, as paths from the table's folder.
    pub cases: Vec<String>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// In the order of the file.
    #[serde(default, rename = "bug")]
    pub bugs: Vec<Bug>,
}

/// What is wrong with the file.
#[derive(Debug, Error)]
pub enum BadLedger {
    /// It is no TOML, or has other keys.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Two bugs of one name.
    #[error("bug {0} is there twice: rename one")]
    Twice(String),
    /// No function to blame, or no case to show.
    #[error("bug {id}: {what} are missing")]
    Missing {
        /// The bug.
        id: String,
        /// What it has none of.
        what: &'static str,
    },
    /// A class that is none.
    #[error("bug {id}: {class:?} is no class of findings")]
    Class {
        /// The bug.
        id: String,
        /// The word.
        class: String,
    },
    /// A bug was asked for that is not there.
    #[error("{asked} is no bug of the ledger: there are {known}")]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: String,
    },
}

/// The table that belongs to this program.
const BUILT_IN: &str = include_str!("../../corpus/ledger.toml");

impl Ledger {
    /// The table that belongs to this program.
    ///
    /// # Errors
    /// See [`Ledger::parse`].
    pub fn built_in() -> Result<Ledger, BadLedger> {
        Ledger::parse(BUILT_IN)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is no TOML, has keys that mean nothing, or a bug lacks what a hit is told by.
    pub fn parse(text: &str) -> Result<Ledger, BadLedger> {
        let ledger: Ledger = toml::from_str(text)?;
        let mut ids = BTreeSet::new();
        for bug in &ledger.bugs {
            bug.check()?;
            if !ids.insert(&bug.id) {
                return Err(BadLedger::Twice(bug.id.clone()));
            }
        }
        Ok(ledger)
    }

    /// The bugs of these names, in the order of the file; all of them for no name.
    ///
    /// # Errors
    /// When there is no bug of a name.
    pub fn only(self, ids: &[String]) -> Result<Ledger, BadLedger> {
        let known = || self.bugs.iter().map(|bug| bug.id.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(asked) = ids.iter().find(|id| self.bugs.iter().all(|bug| bug.id != **id)) {
            return Err(BadLedger::Unknown { asked: asked.clone(), known: known() });
        }
        let wanted = |bug: &Bug| ids.is_empty() || ids.contains(&bug.id);
        Ok(Ledger { bugs: self.bugs.into_iter().filter(wanted).collect() })
    }
}

impl Bug {
    fn check(&self) -> Result<(), BadLedger> {
        for (what, list) in [("functions", &self.functions), ("cases", &self.cases)] {
            if list.is_empty() {
                return Err(BadLedger::Missing { id: self.id.clone(), what });
            }
        }
        match self.classes.iter().find(|class| FindingClass::from_name(class).is_none()) {
            Some(class) => Err(BadLedger::Class { id: self.id.clone(), class: class.clone() }),
            None => Ok(()),
        }
    }

    /// Whether it shows as findings of a class.
    pub fn shows_as(&self, class: &str) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|c| c == class)
    }

    /// Whether a finding is to be blamed on it, as far as the backend with the bug can tell.
    pub fn is_blamed(&self, blame: &Blame) -> bool {
        let named = blame.chain.iter().any(|frame| self.functions.contains(&frame.function));
        self.shows_as(&blame.class) && named && self.shape.is_none_or(|shape| shape.is_in(blame))
    }

    /// The backend with the bug.
    ///
    /// # Errors
    /// When its name is none.
    pub fn bad(&self) -> Result<Spec, LedgerError> {
        self.backend(&self.bad)
    }

    /// The backend without it.
    ///
    /// # Errors
    /// When its name is none.
    pub fn good(&self) -> Result<Spec, LedgerError> {
        self.backend(&self.good)
    }

    /// The backend with the bug, in the variant that a hunt wants: for a guided one the one that counts edges.
    ///
    /// # Errors
    /// When its name is none.
    pub fn hunted(&self, guided: bool) -> Result<Spec, LedgerError> {
        let bad = self.bad()?;
        if !guided {
            return Ok(bad);
        }
        spec(&bad.to_string(), Variant::Guided.name()).map_err(|source| self.no_backend(source))
    }

    /// The backend with the bug, in the variant that records who writes code.
    ///
    /// # Errors
    /// When its name is none.
    pub fn recording(&self) -> Result<Spec, LedgerError> {
        let bad = self.bad()?;
        spec(&bad.to_string(), recording(bad.variant.name())).map_err(|source| self.no_backend(source))
    }

    fn backend(&self, name: &str) -> Result<Spec, LedgerError> {
        spec(name, "plain").map_err(|source| self.no_backend(source))
    }

    fn no_backend(&self, source: crate::campaign::OpenError) -> LedgerError {
        LedgerError::Backend { bug: self.id.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Frame;

    const ONE: &str = r#"
        [[bug]]
        id = "lost-sign"
        title = "the sign is lost"
        releases = "up to 1.0"
        bad = "luajit@1.0"
        good = "luajit@1.1"
        classes = ["wrong-exit"]
        functions = ["emit_lso", "asm_conv"]
        cases = ["regress/lost_sign.trace"]
    "#;

    fn error(text: &str) -> String {
        Ledger::parse(text).expect_err("a bad table").to_string()
    }

    #[test]
    fn a_table_without_what_tells_a_hit_is_refused_by_name() {
        assert!(error(&ONE.replace("wrong-exit", "wrong")).contains(r#"lost-sign: "wrong" is no class"#));
        assert!(error(&ONE.replace(r#"["emit_lso", "asm_conv"]"#, "[]")).contains("lost-sign: functions are missing"));
        assert!(error(&ONE.replace("cases", "files")).contains("files"));
        assert!(error(&format!("{ONE}{ONE}")).contains("lost-sign is there twice"));
    }

    #[test]
    fn bugs_are_chosen_by_their_names() {
        let ledger = || Ledger::parse(ONE).expect("a good table");
        assert_eq!(ledger().only(&[]).expect("all").bugs.len(), 1);
        assert_eq!(ledger().only(&["lost-sign".into()]).expect("this one").bugs.len(), 1);
        let unknown = ledger().only(&["lost".into()]).expect_err("none of that name").to_string();
        assert_eq!(unknown, "lost is no bug of the ledger: there are lost-sign");
    }

    #[test]
    fn blame_needs_class_and_function() {
        let bug = &Ledger::parse(ONE).expect("a good table").bugs[0];
        let frame = |function: &str| Frame { function: function.into(), file: "src/x.c".into(), line: 1 };
        let blame = |class: &str, chain: &[&str]| Blame {
            class: class.into(),
            chain: chain.iter().map(|name| frame(name)).collect(),
            ..Blame::default()
        };
        assert!(bug.is_blamed(&blame("wrong-exit", &["emit_dn", "asm_conv"])));
        assert!(!bug.is_blamed(&blame("wrong-exit", &["emit_dn", "asm_add"])));
        assert!(!bug.is_blamed(&blame("wrong-memory", &["emit_dn", "asm_conv"])));
    }

    #[test]
    fn the_built_in_table_is_good() {
        let ledger = Ledger::built_in().expect("a good table");
        assert!(ledger.bugs.iter().all(|bug| bug.bad().is_ok() && bug.good().is_ok() && bug.recording().is_ok()));
        let file = |case: &String| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(case);
        assert!(ledger.bugs.iter().flat_map(|bug| &bug.cases).all(|case| file(case).exists()));
    }
}
