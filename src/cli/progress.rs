//! The progress of a hunt on stderr: a line that is kept up to date on a terminal, a line now and then elsewhere.

use crate::campaign::{Hunt, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Between two lines in a log.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// Between two pictures on a terminal.
const DRAW_EVERY: Duration = Duration::from_millis(250);

/// Does the work and shows its progress meanwhile.
pub(super) fn with_progress<T>(hunt: &Hunt, quiet: bool, work: impl FnOnce() -> T) -> T {
    if quiet {
        return work();
    }
    thread::scope(|scope| {
        let (done, wait) = channel::<()>();
        scope.spawn(move || if stderr().is_terminal() { draw(hunt, &wait) } else { log(hunt, &wait) });
        let _done: Sender<()> = done;
        work()
    })
}

type Wait = std::sync::mpsc::Receiver<()>;

/// Calls `show` every so often until the work is done.
fn every(period: Duration, wait: &Wait, mut show: impl FnMut()) {
    while wait.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
        show();
    }
}

fn draw(hunt: &Hunt, wait: &Wait) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
    every(DRAW_EVERY, wait, || {
        bar.tick();
        bar.set_message(line(&hunt.progress()));
    });
    bar.finish_and_clear();
}

fn log(hunt: &Hunt, wait: &Wait) {
    every(LOG_EVERY, wait, || eprintln!("{}", line(&hunt.progress())));
}

fn line(p: &Progress) -> String {
    let tally = &p.tally;
    let skipped = if tally.cases == 0 { 0.0 } else { tally.skips() as f64 * 100.0 / tally.cases as f64 };
    let failures = match tally.failures() {
        0 => String::new(),
        n => format!(", {n} failures of tracehound itself"),
    };
    format!(
        "{} s, {} cases, {:.0}/s, {} findings in {} buckets, {skipped:.1} % skipped{failures}",
        p.elapsed.as_secs(),
        tally.cases,
        rate(p),
        tally.findings(),
        tally.buckets.len(),
    )
}

/// Cases per second of this run.
pub(super) fn rate(p: &Progress) -> f64 {
    (p.tally.cases - p.resumed) as f64 / p.elapsed.as_secs_f64().max(1e-9)
}
