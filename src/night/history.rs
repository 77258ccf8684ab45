//! What is kept of earlier nights: each hunt's signs of life, and the buckets that were seen.

use super::Vitals;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The version of the file.
const FORMAT: u32 = 1;
/// So many nights say what is usual: old ones were another generator and another machine.
const USUAL: usize = 14;

/// All nights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    format: u32,
    /// By their numbers.
    nights: BTreeMap<u64, Night>,
}

/// One night.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Night {
    /// Its hunts, by what they hunted.
    pub hunts: Vec<HuntSigns>,
    /// The buckets of its findings.
    pub buckets: Vec<Bucket>,
    /// The fuzzer was not well: its signs say nothing of what is usual.
    pub ill: bool,
}

/// A hunt of a night.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HuntSigns {
    /// Backend, variant and mode.
    pub hunt: String,
    /// How it was.
    pub vitals: Vitals,
}

/// A bug of a backend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bucket {
    /// The backend.
    pub backend: String,
    /// The bucket.
    pub bucket: String,
}

/// The file is none.
#[derive(Debug, Error)]
pub enum BadHistory {
    /// It is no JSON of this kind.
    #[error("no history of nights: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version of it.
    #[error("a history of format {0}, this program writes {FORMAT}: begin a new state folder")]
    Format(u32),
}

impl Default for History {
    fn default() -> History {
        History { format: FORMAT, nights: BTreeMap::new() }
    }
}

impl History {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(text: &str) -> Result<History, BadHistory> {
        let history: History = serde_json::from_str(text)?;
        if history.format == FORMAT { Ok(history) } else { Err(BadHistory::Format(history.format)) }
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data") + "\n"
    }

    /// Writes down a night, in the place of what was written of it before: a night that is summed up twice is the same night.
    pub fn record(&mut self, number: u64, night: Night) {
        self.nights.insert(number, night);
    }

    /// The night before this one in which a bug was first seen.
    pub fn first_seen(&self, bucket: &Bucket, before: u64) -> Option<u64> {
        self.nights.range(..before).find(|(_, night)| night.buckets.contains(bucket)).map(|(number, _)| *number)
    }

    /// The same hunt in the last nights before this one that were well.
    pub fn usual(&self, hunt: &str, before: u64) -> Vec<&Vitals> {
        let well = self.nights.range(..before).rev().filter(|(_, night)| !night.ill);
        let same = well.flat_map(|(_, night)| night.hunts.iter().filter(|h| h.hunt == hunt).map(|h| &h.vitals));
        same.take(USUAL).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(points: f64, ill: bool) -> Night {
        let bucket = Bucket { backend: "luajit@1".into(), bucket: format!("b-{points}") };
        let hunts = vec![HuntSigns { hunt: "h".into(), vitals: Vitals { points, ..Vitals::default() } }];
        Night { hunts, buckets: vec![bucket], ill }
    }

    #[test]
    fn only_earlier_nights_count_and_ill_ones_say_nothing_of_what_is_usual() {
        let mut history = History::default();
        [(1, 5.0, false), (2, 1.0, true), (3, 7.0, false), (4, 9.0, false)]
            .into_iter()
            .for_each(|(n, points, ill)| history.record(n, night(points, ill)));
        let points = |before| history.usual("h", before).iter().map(|v| v.points).collect::<Vec<_>>();
        assert_eq!((points(4), points(1)), (vec![7.0, 5.0], vec![]));
        assert!(history.usual("other", 9).is_empty());
        let seen = |bucket: &str, before| {
            history.first_seen(&Bucket { backend: "luajit@1".into(), bucket: bucket.into() }, before)
        };
        assert_eq!((seen("b-1", 4), seen("b-9", 4), seen("b-9", 5)), (Some(2), None, Some(4)));
        assert_eq!(History::parse(&history.to_text()).expect("its own text"), history);
        assert!(History::parse(&history.to_text().replace("\"format\": 1", "\"format\": 7")).is_err());
    }
}
