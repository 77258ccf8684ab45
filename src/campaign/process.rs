//! The coordinator's side of a worker: a child process, its pipes, and how it ended.

use super::CampaignError;
use super::death::{Death, How, tail};
use super::plan::Plan;
use super::protocol::{Answer, Request};
use crate::backend::BackendId;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What judges on request and may die of it.
pub(super) trait Worker {
    /// Sends a request.
    fn ask(&mut self, request: &Request) -> Result<(), Death>;
    /// Waits for the next answer.
    fn answer(&mut self, wait: Duration) -> Result<Answer, Death>;
}

/// A worker process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    id: BackendId,
}

/// How long a backend may take to open.
const OPENING: Duration = Duration::from_secs(60);
/// How many times as long a worker is waited for that got little of the machine.
const PATIENCE: u32 = 6;
/// Bytes of stderr that are kept.
const STDERR_TAIL: usize = 8 << 10;

impl Process {
    /// Starts a worker and opens the plan's backend in it.
    ///
    /// # Errors
    /// When the process can't be started, or says that its backend can't be opened.
    pub fn start(plan: &Plan) -> Result<Process, CampaignError> {
        let mut process = Process::spawn().map_err(CampaignError::Spawn)?;
        let opened = process.ask(&Request::Open(plan.clone())).and_then(|()| process.answer(OPENING));
        match opened {
            Ok(Answer::Ready(id)) => {
                process.id = id;
                Ok(process)
            }
            Ok(Answer::Failed(why)) => Err(CampaignError::Refused(why)),
            Ok(other) => Err(CampaignError::Stillborn(format!("unexpected answer {other:?}"))),
            Err(death) => Err(CampaignError::Stillborn(death.lines().join("; "))),
        }
    }

    /// The backend it has open.
    pub fn id(&self) -> &BackendId {
        &self.id
    }

    fn spawn() -> std::io::Result<Process> {
        let mut child = Command::new(this_program()?)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C on the terminal reaches the coordinator only.
            .process_group(0)
            .spawn()?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, lines) = channel();
        if let Some(stdout) = stdout {
            let all = BufReader::new(stdout).lines().map_while(Result::ok);
            thread::spawn(move || all.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop));
        }
        let stderr = stderr.map(|pipe| thread::spawn(move || read_tail(pipe)));
        let id = BackendId { name: String::new(), version: String::new(), variant: String::new() };
        Ok(Process { child, stdin, lines, stderr, id })
    }

    /// The end of the process: waits for it and says how it was.
    fn death(&mut self, how: Option<How>) -> Death {
        drop(self.stdin.take());
        if how.is_some() {
            let _ = self.child.kill();
        }
        let status = self.child.wait();
        let text = self.stderr.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        let ended = || status.map_or_else(|e| How::Babble(e.to_string()), How::from_status);
        Death { how: how.unwrap_or_else(ended), tail: tail(&text) }
    }
}

/// How long the main thread of a process, the one that judges, has had a processor; `None` where the system does not tell. (Linux,
/// `Documentation/scheduler/sched-stats.rst`: nanoseconds.)
fn computed(process: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Whether a worker that said nothing for so long had less than half of that to compute in: others had the machine.
fn was_held_up(before: Option<Duration>, now: Option<Duration>, wait: Duration) -> bool {
    before.zip(now).is_some_and(|(before, now)| now.saturating_sub(before) < wait / 2)
}

/// The running program itself, even if its file was replaced by a newer build in the meantime.
fn this_program() -> std::io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

fn read_tail(mut pipe: ChildStderr) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = pipe.read(&mut piece) {
        kept.extend_from_slice(&piece[..n]);
        let surplus = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..surplus);
    }
    kept
}

impl Worker for Process {
    fn ask(&mut self, request: &Request) -> Result<(), Death> {
        let mut line = serde_json::to_vec(request).map_err(|e| self.death(Some(How::Babble(e.to_string()))))?;
        line.push(b'\n');
        let written = self.stdin.as_mut().map_or(Ok(()), |pipe| pipe.write_all(&line).and_then(|()| pipe.flush()));
        written.map_err(|_| self.death(None))
    }

    fn answer(&mut self, wait: Duration) -> Result<Answer, Death> {
        let (start, before) = (Instant::now(), computed(self.child.id()));
        let line = loop {
            match self.lines.recv_timeout(wait) {
                Ok(line) => break line,
                Err(RecvTimeoutError::Timeout)
                    if start.elapsed() < wait * PATIENCE && was_held_up(before, computed(self.child.id()), wait) => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.death(Some(How::Silent(wait)))),
                Err(RecvTimeoutError::Disconnected) => return Err(self.death(None)),
            }
        };
        serde_json::from_str(&line).map_err(|e| {
            let start: String = line.chars().take(100).collect();
            self.death(Some(How::Babble(format!("{start:?}: {e}"))))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_had_no_processor_is_waited_for_and_one_that_computed_is_not() {
        let seconds = |n| Some(Duration::from_secs(n));
        let wait = Duration::from_secs(10);
        assert!(was_held_up(seconds(3), seconds(7), wait));
        assert!(!was_held_up(seconds(3), seconds(12), wait));
        assert!(!was_held_up(seconds(3), None, wait));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_sleeps_computes_nothing() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        thread::sleep(Duration::from_millis(200));
        let computed = computed(child.id());
        child.kill().and_then(|()| child.wait()).expect("it is ended");
        assert!(computed.is_some_and(|time| time < Duration::from_millis(100)), "{computed:?}");
    }
}
