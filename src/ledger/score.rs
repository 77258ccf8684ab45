//! How well a bug is found: its runs, summed up.

use super::{Bug, Run};
use serde::Serialize;

/// The runs of one bug.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The bug.
    pub id: String,
    /// The backend that was hunted.
    pub bad: String,
    /// Runs with a hit.
    pub found: usize,
    /// Runs without one.
    pub missed: usize,
    /// Seconds by which half of the runs had their hit; none where fewer ever had one.
    pub median_seconds: Option<f64>,
    /// Seconds by which all of them had it.
    pub worst_seconds: Option<f64>,
    /// Cases within which half of the runs had their hit.
    pub median_cases: Option<u64>,
    /// Cases within which all of them had it.
    pub worst_cases: Option<u64>,
    /// Each run.
    pub runs: Vec<Run>,
}

impl Score {
    /// The score of a bug with these runs, of which there must be one.
    pub fn new(bug: &Bug, runs: Vec<Run>) -> Score {
        let seconds: Vec<Option<f64>> = runs.iter().map(|run| Some(run.hit.as_ref()?.seconds)).collect();
        let cases: Vec<Option<u64>> = runs.iter().map(|run| Some(run.hit.as_ref()?.index + 1)).collect();
        let found = seconds.iter().flatten().count();
        Score {
            id: bug.id.clone(),
            bad: bug.bad.clone(),
            found,
            missed: runs.len() - found,
            median_seconds: quantile(&seconds, 1, 2),
            worst_seconds: quantile(&seconds, 1, 1),
            median_cases: quantile(&cases, 1, 2),
            worst_cases: quantile(&cases, 1, 1),
            runs,
        }
    }
}

/// The least value that `part` of `whole` of the values don't exceed; a missing value exceeds all, and is the answer if that many are missing.
pub fn quantile<T: Copy + PartialOrd>(values: &[Option<T>], part: usize, whole: usize) -> Option<T> {
    let mut there: Vec<T> = values.iter().flatten().copied().collect();
    there.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let wanted = (values.len() * part).div_ceil(whole);
    there.get(wanted.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_counts_as_slower_than_all_else() {
        let five = [Some(3), None, Some(1), Some(2), None];
        assert_eq!((quantile(&five, 1, 2), quantile(&five, 1, 1)), (Some(3), None));
        let four = [Some(4), Some(1), Some(3), Some(2)];
        assert_eq!((quantile(&four, 1, 2), quantile(&four, 1, 1)), (Some(2), Some(4)));
        assert_eq!(quantile(&[None, None, Some(1)], 1, 2), None);
        assert_eq!(quantile::<u64>(&[], 1, 2), None);
    }
}
