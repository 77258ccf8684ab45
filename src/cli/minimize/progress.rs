//! How far the search is, on stderr; and whether it goes on.

use crate::case::Case;
use crate::minimize::{Watch, instructions};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines in a log.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// Between two pictures on a terminal.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// The progress of one file.
pub(super) struct Progress<'a> {
    name: String,
    start: Instant,
    limit: Option<Duration>,
    stop: &'a AtomicBool,
    bar: Option<ProgressBar>,
    quiet: bool,
    shown: Mutex<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(name: String, quiet: bool, limit: Option<Duration>, stop: &'a AtomicBool) -> Self {
        let bar = (!quiet && stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        let start = Instant::now();
        Progress { name, start, limit, stop, bar, quiet, shown: Mutex::new(start) }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Progress<'_> {
    fn goes_on(&self) -> bool {
        let in_time = self.limit.is_none_or(|limit| self.start.elapsed() < limit);
        in_time && !self.stop.load(Ordering::Relaxed)
    }

    fn sees(&self, tried: u64, best: &Case) {
        let every = if self.bar.is_some() { DRAW_EVERY } else { LOG_EVERY };
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.quiet || shown.elapsed() < every {
            return;
        }
        *shown = Instant::now();
        let seconds = self.start.elapsed().as_secs();
        let line = format!("{}: {} instructions, {tried} candidates, {seconds} s", self.name, instructions(best));
        match &self.bar {
            Some(bar) => {
                bar.set_message(line);
                bar.tick();
            }
            None => eprintln!("{line}"),
        }
    }
}
