//! Failures on purpose: a worker that crashes, hangs, eats memory or pretends a finding at chosen cases.
//!
//! The recovery from a dead worker is tested with real dead workers, by a hidden option.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a worker does at some cases instead of judging them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sabotage(Vec<(Kind, When)>);

/// Which cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum When {
    At(u64),
    Every(u64),
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The process aborts.
    Abort,
    /// It calls exit.
    Exit,
    /// It loops for ever.
    Hang,
    /// It allocates until it can't.
    Eat,
    /// Our own code panics.
    Panic,
    /// The pipeline reports an error.
    Error,
    /// The pipeline reports a finding.
    Find,
    /// The pipeline skips the case.
    Skip,
}

const KINDS: [(&str, Kind); 8] = [
    ("abort", Kind::Abort),
    ("exit", Kind::Exit),
    ("hang", Kind::Hang),
    ("eat", Kind::Eat),
    ("panic", Kind::Panic),
    ("error", Kind::Error),
    ("find", Kind::Find),
    ("skip", Kind::Skip),
];

impl Sabotage {
    /// What is to happen at a case.
    pub(super) fn at(&self, index: u64) -> Option<Kind> {
        let hits = |when: When| match when {
            When::At(n) => index == n,
            When::Every(n) => n > 0 && index % n == n - 1,
        };
        self.0.iter().find(|(_, when)| hits(*when)).map(|(kind, _)| *kind)
    }
}

impl Kind {
    /// Lets it happen, where it is the end of the process.
    pub(super) fn strike(self) {
        match self {
            Kind::Abort => std::process::abort(),
            Kind::Exit => std::process::exit(3),
            Kind::Hang => loop {
                std::hint::spin_loop();
            },
            Kind::Eat => eat(),
            Kind::Panic => panic!("sabotage: panic"),
            Kind::Error | Kind::Find | Kind::Skip => {}
        }
    }
}

fn eat() {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        // Touched pages, as a runaway allocator has them.
        all.push(vec![1; 16 << 20]);
        std::hint::black_box(&all);
    }
}

impl FromStr for Sabotage {
    type Err = String;

    /// `abort@17,find%5`: abort at case 17, a finding at every fifth.
    fn from_str(s: &str) -> Result<Self, String> {
        s.split(',').map(parse_one).collect::<Result<_, _>>().map(Sabotage)
    }
}

fn parse_one(s: &str) -> Result<(Kind, When), String> {
    let wanted = || format!("{s:?}: wanted KIND@CASE or KIND%EVERY");
    let at = s.find(['@', '%']).ok_or_else(wanted)?;
    let kind = KINDS.iter().find(|(name, _)| *name == &s[..at]).ok_or_else(wanted)?.1;
    let n = s[at + 1..].parse().map_err(|_| wanted())?;
    Ok((kind, if s[at..].starts_with('@') { When::At(n) } else { When::Every(n) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sabotage_hits_the_named_cases_only() {
        let s: Sabotage = "abort@17,find%5".parse().expect("two items");
        assert_eq!(s.at(17), Some(Kind::Abort));
        assert_eq!((s.at(4), s.at(5), s.at(9)), (Some(Kind::Find), None, Some(Kind::Find)));
        assert!("abort17".parse::<Sabotage>().is_err());
        assert!("shout@1".parse::<Sabotage>().is_err());
    }
}
