//! What a case reached: told by its worker where no case of that worker had it before, and to libFuzzer.

use super::features::of_counters;
use super::{Features, Newcomer};
use crate::case::Case;
use crate::coverage::{EXTRAS, extras};
use crate::oracle::Oracle;
use luajit_arm64_sys::libfuzzer_counters;
use std::sync::atomic::Ordering;

/// What a worker has seen.
#[derive(Debug, Default)]
pub(in crate::campaign) struct Watch {
    seen: Features,
}

impl Watch {
    /// Behind a case: how many edges the backend has, and the case if it is the first with some feature.
    pub fn end(
        &mut self,
        oracle: &mut Oracle,
        (index, case): (u64, &Case),
        text: impl FnOnce() -> String,
    ) -> (usize, Option<Newcomer>) {
        let Some(mut counters) = edges(oracle) else { return (0, None) };
        let edges = counters.len();
        counters.extend(others(oracle, case));
        let features: Vec<u32> = of_counters(&counters).filter(|feature| self.seen.add(*feature)).collect();
        let newcomer = (!features.is_empty()).then(|| Newcomer { index, mutant: false, features, text: text() });
        (edges, newcomer)
    }
}

/// Tells libFuzzer, in whose process we are, what its own counters don't say of the case judged last: the edges of a backend that was loaded at
/// run time, and what no edges tell.
pub fn tell_libfuzzer(oracle: &mut Oracle, case: &Case) {
    let edges = edges(oracle).unwrap_or_default();
    for (counter, count) in libfuzzer_counters().iter().zip(others(oracle, case).chain(edges)) {
        counter.store(count, Ordering::Relaxed);
    }
}

/// The counters of the backend's edges, if the build has any; the next case starts with zeros.
fn edges(oracle: &mut Oracle) -> Option<Vec<u8>> {
    let counters = oracle.parts().1.edges()?;
    let counted = counters.to_vec();
    counters.fill(0);
    Some(counted)
}

/// What edges don't tell of the case judged last.
fn others(oracle: &Oracle, case: &Case) -> impl Iterator<Item = u8> {
    oracle.code().map_or([0; EXTRAS], |code| extras(case, code)).into_iter()
}
