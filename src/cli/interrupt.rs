//! Ctrl-C: the first one ends the work at hand in order, the second one at once.

use anyhow::Context;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C (and SIGTERM, SIGHUP) sets the returned flag. A second one ends the process: workers end with it.
pub(super) fn stop_flag() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nending after the batches at work; once more to leave at once");
    })
    .context("cannot catch Ctrl-C")?;
    Ok(&STOP)
}
