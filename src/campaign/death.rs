//! How a worker ended: by a signal, by exiting, by silence; and what that says about the case it was at.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// The exit status of a Rust program that panicked: our own bug, never the backend's.
pub const PANICKED: i32 = 101;

/// What is known of the end of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Death {
    /// How.
    pub how: How,
    /// The last lines it wrote to stderr, without addresses that differ from run to run.
    pub tail: Vec<String>,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It exited with this status.
    Exit(i32),
    /// This signal killed it.
    Signal(i32),
    /// It gave no answer for so long and was killed.
    Silent(Duration),
    /// It said something that is not in the protocol.
    Babble(String),
}

impl Default for How {
    fn default() -> Self {
        How::Exit(0)
    }
}

impl How {
    /// From the status of a process that ended by itself.
    pub fn from_status(status: ExitStatus) -> How {
        match (status.code(), status.signal()) {
            (Some(code), _) => How::Exit(code),
            (None, Some(signal)) => How::Signal(signal),
            (None, None) => How::Babble(status.to_string()),
        }
    }
}

/// Signals that faults end in; numbers of Linux and macOS differ only for SIGBUS.
const SIGNALS: [(i32, &str); 8] = [
    (4, "sigill"),
    (5, "sigtrap"),
    (6, "sigabrt"),
    (7, "sigbus"),
    (8, "sigfpe"),
    (9, "sigkill"),
    (11, "sigsegv"),
    (15, "sigterm"),
];

impl Death {
    /// A short key for buckets.
    pub fn key(&self) -> String {
        match &self.how {
            How::Exit(code) => format!("exit-{code}"),
            How::Signal(n) => signal_name(*n),
            How::Silent(_) => "no-answer".into(),
            How::Babble(_) => "protocol".into(),
        }
    }

    /// True if it was tracehound's own code that failed.
    pub fn is_ours(&self) -> bool {
        self.how == How::Exit(PANICKED)
    }

    /// It in words, a line each.
    pub fn lines(&self) -> Vec<String> {
        let how = match &self.how {
            How::Exit(code) => format!("the worker exited with status {code}"),
            How::Signal(n) => format!("the worker was killed by signal {n} ({})", signal_name(*n).to_uppercase()),
            How::Silent(t) => format!("no answer within {} s: the worker was killed", t.as_secs_f64()),
            How::Babble(what) => format!("the worker broke the protocol: {what}"),
        };
        std::iter::once(how).chain(self.tail.iter().map(|line| format!("stderr: {line}"))).collect()
    }
}

fn signal_name(n: i32) -> String {
    SIGNALS.iter().find(|(number, _)| *number == n).map_or_else(|| format!("signal-{n}"), |(_, name)| (*name).into())
}

/// Lines of stderr that are worth keeping.
const TAIL_LINES: usize = 8;
/// Characters of each.
const TAIL_CHARS: usize = 200;

/// The last lines of a text, with host addresses masked: the loader places heap and libraries anew each time.
pub fn tail(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(TAIL_LINES));
    last.map(|line| mask_addresses(&line.chars().take(TAIL_CHARS).collect::<String>())).collect()
}

fn mask_addresses(line: &str) -> String {
    let mut parts = line.split("0x");
    let mut masked = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        masked.push_str("0x");
        match digits >= 12 && part.starts_with(['5', '7']) {
            true => masked.push_str(&format!("?{}", &part[digits..])),
            false => masked.push_str(part),
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_host_do_not_reach_reports() {
        let lines =
            tail(b"\nfirst\nfree(): invalid pointer: 0x00007ffe12345678\nat 0x7f1234567890, arena 0x100004200000\n");
        assert_eq!(lines[0], "first");
        assert_eq!(lines[2], "at 0x?, arena 0x100004200000");
    }

    #[test]
    fn a_panic_is_our_own_bug_and_a_signal_is_not() {
        let death = |how| Death { how, tail: vec![] };
        assert!(death(How::Exit(PANICKED)).is_ours());
        assert!(!death(How::Signal(6)).is_ours());
        assert_eq!(death(How::Signal(6)).key(), "sigabrt");
        assert_eq!(death(How::Silent(Duration::from_secs(2))).lines(), ["no answer within 2 s: the worker was killed"]);
    }
}
