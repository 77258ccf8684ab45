//! A blame in words.

use super::Blame;
use crate::code::Frame;

/// The reason in one line.
pub fn why(blame: &Blame) -> String {
    let who = blame.chain.first().map(place);
    match (&blame.word, who) {
        (Some(bad), Some(who)) => format!("{:08x} ({}) was written by {who}", bad.word, bad.text),
        (Some(bad), None) => format!("{:08x} ({}): nobody is on record as its writer", bad.word, bad.text),
        (None, _) => "no word of the code stands out".into(),
    }
}

/// All of it, as `explain` and `blame` print it.
pub fn lines(blame: &Blame) -> Vec<String> {
    let mut lines = vec![format!("blamed     {}", blame.why)];
    if let Some(bad) = &blame.word {
        let part = if bad.side { " of the side trace" } else { "" };
        lines.push(format!("word       +{:#06x}{part}: {:08x}  {}", bad.offset, bad.word, bad.text));
    }
    lines.extend(blame.fields.iter().map(|note| format!("field      {}", note.text)));
    lines.extend(chain("written by", &blame.chain));
    for writer in &blame.earlier {
        let at = writer.at.map_or(String::new(), |at| format!(" for {:04}", at.0));
        lines.push(format!("before     {:08x}{at}", writer.wrote));
        lines.extend(chain("  from", &writer.chain));
    }
    lines
}

/// A line a call, the innermost first.
fn chain(head: &str, frames: &[Frame]) -> Vec<String> {
    let heads = std::iter::once(head).chain(std::iter::repeat("  <-"));
    heads.zip(frames).map(|(head, frame)| format!("{head:<10} {}", place(frame))).collect()
}

fn place(frame: &Frame) -> String {
    format!("{} {}:{}", frame.function, frame.file, frame.line)
}
