//! The worker process: reads requests from stdin, answers on stdout, and is gone when its coordinator is.

use super::death::PANICKED;
use super::guided::Brood;
use super::judge::{Judge, Pipeline};
use super::pieces::OpenError;
use super::protocol::{Answer, Batch, Request};
use rlimit::Resource;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Serves until stdin ends. Only for the hidden `worker` subcommand: it changes the whole process.
///
/// # Errors
/// When the coordinator can't be talked to.
pub fn serve() -> io::Result<()> {
    panic_is_the_end();
    // A crash is an expected result: no core files.
    let _ = rlimit::setrlimit(Resource::CORE, 0, 0);
    let requests = read_requests();
    let Ok(Request::Open(plan)) = requests.recv() else { return Ok(()) };
    let mut out = io::stdout().lock();
    match limit_memory(plan.memory).and_then(|()| Pipeline::open(plan)) {
        Ok(mut judge) => {
            say(&mut out, &Answer::Ready(judge.id().clone()))?;
            answer_all(requests, &mut judge, &mut out)
        }
        Err(e) => say(&mut out, &Answer::Failed(e.to_string())),
    }
}

fn limit_memory(bytes: u64) -> Result<(), OpenError> {
    rlimit::setrlimit(Resource::AS, bytes, bytes).map_err(|source| OpenError::Limit { bytes, source })
}

/// A panic ends the process wherever it happens, C code on the stack or not, with text that is the same on every run.
fn panic_is_the_end() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no text");
        let place = info.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        eprintln!("panic{place}: {text}");
        std::process::exit(PANICKED);
    }));
}

/// Reads stdin in a thread of its own: when it ends, the coordinator is gone, and the process with it, whatever it is doing.
fn read_requests() -> Receiver<Request> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line).map(|request| sender.send(request).is_ok()) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => {
                    eprintln!("worker: {e} in a request; workers are started by tracehound itself");
                    std::process::exit(2);
                }
            }
        }
        std::process::exit(0);
    });
    receiver
}

fn answer_all(
    requests: impl IntoIterator<Item = Request>,
    judge: &mut dyn Judge,
    out: &mut impl Write,
) -> io::Result<()> {
    for request in requests {
        match request {
            Request::Open(_) => return Err(io::Error::other("opened twice")),
            Request::Judge { first, count, announce: false, source } => {
                let (brood, mut sum) = (Brood::new(&source), Batch::default());
                (first..first + count).for_each(|i| sum.add(judge.judge(&brood, i, &mut |_| {})));
                say(out, &Answer::Batch(Box::new(sum)))?;
            }
            Request::Judge { first, count, announce: true, source } => {
                let brood = Brood::new(&source);
                for i in first..first + count {
                    let batch = judge.judge(&brood, i, &mut |step| drop(say(out, &step)));
                    say(out, &Answer::Batch(Box::new(batch)))?;
                }
            }
            Request::Replay { text } => say(out, &Answer::Replayed(judge.replay(&text)))?,
            Request::Explain { text } => say(out, &Answer::Explained(judge.explain(&text)))?,
            Request::Blame { text } => say(out, &Answer::Blamed(judge.blame(&text)))?,
        }
    }
    Ok(())
}

fn say(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::BackendId;
    use crate::campaign::guided::Source;
    use crate::campaign::protocol::{Blamed, Explained, Judgement, Replay};

    struct Parrot(BackendId);

    impl Judge for Parrot {
        fn id(&self) -> &BackendId {
            &self.0
        }
        fn judge(&mut self, _: &Brood, index: u64, announce: &mut dyn FnMut(Answer)) -> Batch {
            announce(Answer::Generating(index));
            announce(Answer::Judging(index));
            let mut batch = Batch::default();
            batch.tally.cases = 1;
            batch
        }
        fn replay(&mut self, text: &str) -> Replay {
            Replay { judgement: Judgement::Skip(text.into()), runs: vec![], shapes: vec![] }
        }
        fn explain(&mut self, text: &str) -> Explained {
            Explained { judgement: Judgement::Skip(text.into()), sheet: Err("parrots explain nothing".into()) }
        }
        fn blame(&mut self, text: &str) -> Blamed {
            Blamed::Skip(text.into())
        }
    }

    fn answers(request: Request) -> Vec<Answer> {
        let mut judge = Parrot(BackendId { name: "parrot".into(), version: "1".into(), variant: "plain".into() });
        let mut out = Vec::new();
        answer_all([request], &mut judge, &mut out).expect("writing to memory");
        out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).expect("json")).collect()
    }

    #[test]
    fn a_batch_has_one_answer_unless_its_cases_are_announced() {
        let request = |announce| Request::Judge { first: 5, count: 2, announce, source: Source::Plan };
        let quiet = answers(request(false));
        assert!(matches!(&quiet[..], [Answer::Batch(b)] if b.tally.cases == 2));
        let loud = answers(request(true));
        assert_eq!(loud.len(), 6);
        assert_eq!(loud[4], Answer::Judging(6));
        assert!(matches!(&loud[5], Answer::Batch(b) if b.tally.cases == 1));
    }
}
