//! Results on stdout, as text or JSON; error chains in one line.

use serde::Serialize;
use std::io::{self, Write};

/// How results are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// As JSON.
    pub json: bool,
}

impl Output {
    /// Writes a result: `value` as JSON, or `text`.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json {
            let mut json = serde_json::to_string_pretty(value)?;
            json.push('\n');
            return write_out(&json);
        }
        write_out(&text())
    }
}

/// Writes to stdout. A reader that has gone away (`| head`) has what it wanted.
pub(super) fn write_out(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|e| anyhow::Error::new(e).context("cannot write to stdout")),
    }
}

/// An error with its causes; causes that a message already contains are not said twice.
pub(super) fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let inner = io::Error::other("disk on fire");
        let error = anyhow::Error::new(inner).context("writing x: disk on fire").context("saving");
        assert_eq!(chain(&error), "saving: writing x: disk on fire");
    }
}
