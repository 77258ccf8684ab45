//! One thread a machine that stops runs which don't end: no run pays for a timer.
//!
//! Time is counted in ticks that the thread itself saw pass: a process that was suspended does not come back to a
//! run that is over its deadline.

use super::engine::Stopper;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Ticks to a deadline: how late a run is stopped, at most, is one of them.
const TICKS: u32 = 50;
/// Shorter ticks would keep a core busy.
const SHORTEST_TICK: Duration = Duration::from_millis(1);

/// The thread and what it shares with its machine.
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    fired: AtomicBool,
}

struct State {
    deadline: Duration,
    /// Number of the run that goes on.
    armed: Option<u64>,
    runs: u64,
    quit: bool,
}

impl Watchdog {
    /// Starts the thread.
    pub fn start(stopper: Stopper, deadline: Duration) -> std::io::Result<Watchdog> {
        let state = Mutex::new(State { deadline, armed: None, runs: 0, quit: false });
        let shared = Arc::new(Shared { state, wake: Condvar::new(), fired: AtomicBool::new(false) });
        let theirs = Arc::clone(&shared);
        let thread = Builder::new().name("watchdog".into()).spawn(move || watch(&theirs, &stopper))?;
        Ok(Watchdog { shared, thread: Some(thread) })
    }

    /// Sets how long a run may take.
    pub fn set_deadline(&self, deadline: Duration) {
        self.shared.lock().deadline = deadline;
        self.shared.wake.notify_one();
    }

    /// Watches until the guard is dropped.
    pub fn arm(&self) -> Armed<'_> {
        let mut state = self.shared.lock();
        state.runs += 1;
        state.armed = Some(state.runs);
        self.shared.fired.store(false, Ordering::Relaxed);
        Armed(&self.shared)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().quit = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // A watchdog that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

/// A run that is watched.
pub struct Armed<'a>(&'a Shared);

impl Armed<'_> {
    /// The run was over its deadline.
    pub fn fired(&self) -> bool {
        self.0.fired.load(Ordering::Relaxed)
    }
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        // Under the lock: no stop that was meant for this run reaches the next.
        self.0.lock().armed = None;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch(shared: &Shared, stopper: &Stopper) {
    let mut state = shared.lock();
    let (mut run, mut waited) = (None, Duration::ZERO);
    while !state.quit {
        let tick = (state.deadline / TICKS).max(SHORTEST_TICK);
        let (locked, slept) = shared.wake.wait_timeout(state, tick).unwrap_or_else(PoisonError::into_inner);
        state = locked;
        if state.armed != run {
            (run, waited) = (state.armed, Duration::ZERO);
        } else if run.is_some() && slept.timed_out() {
            waited += tick;
        }
        if run.is_some() && waited >= state.deadline {
            shared.fired.store(true, Ordering::Relaxed);
            // Again at each tick, in case the emulator was between two starts.
            stopper.stop();
        }
    }
}
