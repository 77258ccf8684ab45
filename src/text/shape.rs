//! What a file says of the code that its instructions become: the `code` lines.

use super::pattern::Pattern;
use crate::ir::Ref;
use std::fmt;

/// A `code` line: on these backends, the code made for this has this shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The backends it is about.
    pub on: Builds,
    /// The instruction that the code was assembled for; `None` for all code of the trace, its exits left out.
    pub at: Option<Ref>,
    /// What is true of it.
    pub want: Want,
}

/// What is true of an instruction's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// These machine instructions are part of it.
    Has(Pattern),
    /// They are not.
    HasNot(Pattern),
    /// There is none: another instruction has taken it over, or nothing needs it.
    Nothing,
}

/// Backends by name and release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Builds {
    /// All there are.
    Any,
    /// Those of a name whose release keeps to all bounds.
    Named {
        /// The part before `@`.
        name: String,
        /// Bounds of the release.
        bounds: Vec<Bound>,
    },
}

/// A bound of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How releases that keep to it compare with it.
    pub relation: Relation,
    /// The release.
    pub release: Release,
}

/// How two releases compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same.
    Is,
    /// Later or the same.
    AtLeast,
    /// Earlier.
    Below,
}

const RELATIONS: [(Relation, &str); 3] = [(Relation::AtLeast, ">="), (Relation::Below, "<"), (Relation::Is, "")];

/// A release's number: `210.7.4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub [u32; 3]);

/// What selects backends, for error messages.
pub(super) const BUILDS: &str =
    "`*`, all releases (luajit@*), one (luajit@210.7.4) or those in bounds (luajit@>=210.5.0,<210.7.0)";

impl Release {
    /// Reads a release's number. What follows a `+` says where it was built from and does not count.
    pub fn parse(text: &str) -> Option<Release> {
        let number = text.split_once('+').map_or(text, |(number, _)| number);
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        let parts: Vec<u32> = number.split('.').map(plain).collect::<Option<_>>()?;
        parts.try_into().ok().map(Release)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Builds {
    /// Reads a selection of backends; `None` if it is none.
    pub fn parse(text: &str) -> Option<Builds> {
        if text == "*" {
            return Some(Builds::Any);
        }
        let (name, releases) = text.split_once('@')?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return None;
        }
        let bounds = match releases {
            "*" => vec![],
            bounds => bounds.split(',').map(Bound::parse).collect::<Option<_>>()?,
        };
        Some(Builds::Named { name: name.into(), bounds })
    }

    /// Whether a backend is one of them. One without a release, such as a tree someone works on, is later than all.
    pub fn include(&self, backend: &str, release: Option<Release>) -> bool {
        match self {
            Builds::Any => true,
            Builds::Named { name, bounds } => name == backend && bounds.iter().all(|b| b.allows(release)),
        }
    }
}

impl fmt::Display for Builds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Builds::Any => f.write_str("*"),
            Builds::Named { name, bounds } if bounds.is_empty() => write!(f, "{name}@*"),
            Builds::Named { name, bounds } => {
                let bounds: Vec<String> = bounds.iter().map(ToString::to_string).collect();
                write!(f, "{name}@{}", bounds.join(","))
            }
        }
    }
}

impl Bound {
    fn parse(text: &str) -> Option<Bound> {
        let (relation, number) = RELATIONS.iter().find_map(|(r, sign)| Some((*r, text.strip_prefix(sign)?)))?;
        Some(Bound { relation, release: Release::parse(number)? })
    }

    fn allows(&self, release: Option<Release>) -> bool {
        match self.relation {
            Relation::Is => release == Some(self.release),
            Relation::AtLeast => release.is_none_or(|r| r >= self.release),
            Relation::Below => release.is_some_and(|r| r < self.release),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = RELATIONS.iter().find(|(relation, _)| *relation == self.relation).map_or("", |(_, sign)| sign);
        write!(f, "{sign}{}", self.release)
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Has(pattern) => pattern.fmt(f),
            Want::HasNot(pattern) => write!(f, "no {pattern}"),
            Want::Nothing => f.write_str("none"),
        }
    }
}

impl fmt::Display for Shape {
    /// The directive without its comment sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.map_or_else(|| "trace".into(), |at| format!("{:04}", at.0));
        write!(f, "code {} {at} {}", self.on, self.want)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn included(builds: &str, release: &str) -> bool {
        Builds::parse(builds).expect("backends").include("luajit", Release::parse(release))
    }

    #[test]
    fn bounds_select_releases_by_number() {
        assert!(included("*", "210.7.4") && included("luajit@*", "210.7.4") && included("luajit@210.7.4", "210.7.4"));
        assert!(included("luajit@>=210.5.0", "210.5.0") && included("luajit@>=210.5.0", "210.5.10"));
        assert!(!included("luajit@>=210.5.10", "210.5.9") && !included("luajit@<210.5.0", "210.5.0"));
        assert!(included("luajit@>=210.4.6,<210.5.0", "210.4.8+resty2cf5186"));
        assert!(!included("luajit@>=210.4.6,<210.5.0", "210.4.5") && !included("model@*", "210.7.4"));
    }

    #[test]
    fn a_tree_without_a_release_is_later_than_all() {
        let commit = "1f3c9a0b2d4e";
        assert!(included("luajit@*", commit) && included("luajit@>=210.5.0", commit));
        assert!(!included("luajit@<210.5.0", commit) && !included("luajit@210.7.4", commit));
    }

    #[test]
    fn selections_read_back_as_the_same() {
        for text in ["*", "luajit@*", "luajit@210.7.4", "luajit@>=210.5.0", "luajit@>=210.4.6,<210.5.0"] {
            assert_eq!(Builds::parse(text).map(|b| b.to_string()).as_deref(), Some(text));
        }
        for bad in ["", "luajit", "luajit@", "luajit@1.2", "luajit@>210.5.0", "luajit@<=1.2.3", "@*", "luajit@1.2.3,"] {
            assert_eq!(Builds::parse(bad), None, "{bad}");
        }
    }
}
