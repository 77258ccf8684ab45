//! The cases that show something that no smaller one shows.

use super::entry::Entry;
use crate::backend::{Backend, store};
use crate::campaign;
use crate::case::Case;
use crate::cli::Context;
use crate::cli::options::BackendArgs;
use crate::coverage::Coverage;
use std::collections::BTreeSet;

/// Those that add to what the cases `there` and smaller ones show on a backend, the smallest first.
pub(super) fn min(
    context: &Context,
    args: &BackendArgs,
    there: &[Entry],
    mut entries: Vec<Entry>,
) -> anyhow::Result<Vec<Entry>> {
    let (backend, variant) = args.names()?;
    let mut backend = store::open(&campaign::spec(&backend, &variant)?, &context.cache()?)?;
    let mut seen = BTreeSet::new();
    for entry in there {
        seen.extend(features(backend.as_mut(), &entry.case)?);
    }
    entries.sort_by_key(|entry| (entry.size(), entry.hash()));
    let mut kept = Vec::new();
    for entry in entries {
        let features = features(backend.as_mut(), &entry.case)?;
        if !features.is_subset(&seen) {
            seen.extend(features);
            kept.push(entry);
        }
    }
    Ok(kept)
}

/// What one case shows.
fn features(backend: &mut dyn Backend, case: &Case) -> anyhow::Result<BTreeSet<String>> {
    let mut coverage = Coverage::new(String::new());
    coverage.add(backend, case)?;
    Ok(coverage.features())
}
