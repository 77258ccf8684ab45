//! A blame in words.

use super::wrong::{Departure, Wrong};
use super::{Blame, Role};
use crate::case::Case;
use crate::code::{Frame, Place};
use crate::ir::Ref;

/// The reason in one line.
pub fn why(blame: &Blame) -> String {
    let who = blame.chain.first().map(source);
    match (&blame.word, who) {
        (Some(bad), Some(who)) => format!("{:08x} ({}) was written by {who}", bad.word, bad.text),
        (Some(bad), None) => format!("{:08x} ({}): nobody is on record as its writer", bad.word, bad.text),
        (None, _) => "no word of the code stands out".into(),
    }
}

/// What departs from the interpreter's run.
pub(super) fn departure(case: &Case, departure: &Departure) -> String {
    let side = if departure.side { " of the side trace" } else { "" };
    let behind = departure.behind.map_or("here".to_string(), |at| format!("behind {:04}{side}", at.0));
    let pass = if departure.pass == 0 { String::new() } else { format!(", pass {}", departure.pass + 1) };
    let name = |at: Ref| if departure.side { format!("{:04}", at.0) } else { value(case, at) };
    match departure.what {
        Wrong::Value { of, carried, place, expected, observed } => {
            let carried = if carried { ", carried by the loop," } else { "" };
            let of = of.map_or("a constant".to_string(), name);
            let place = self::place(place);
            format!("{behind}{pass}: {of}{carried} in {place} should be {expected:#x}, is {observed:#x}")
        }
        Wrong::Store { at, expected, observed } => {
            format!("{behind}{pass}: {} should have stored {expected:#x}, memory has {observed:#x}", name(at))
        }
        Wrong::Left { at } => format!("{behind}{pass}: {} should not have left", name(at)),
        Wrong::Address { at, expected, observed } => {
            format!("{behind}{pass}: the address of {} should be {expected:#x}, is {observed:#x}", name(at))
        }
        Wrong::Held { at } => format!("{behind}{pass}: {} should have left", name(at)),
        Wrong::Base { register, expected, observed } => {
            format!(
                "the side trace takes x{register} for BASE, {expected:#x}, but the root trace left {observed:#x} in it"
            )
        }
    }
}

/// An instruction of the root trace, short.
pub(super) fn value(case: &Case, at: Ref) -> String {
    let ins = case.trace.get(at);
    format!("{:04} {} {}", at.0, ins.ty.text(), ins.op.name())
}

/// A register or stack slot.
pub(super) fn place(place: Place) -> String {
    match place {
        Place::Gpr(n) => format!("x{n}"),
        Place::Fpr(n) => format!("d{n}"),
        Place::Spill(offset) => format!("[sp, #{offset}]"),
        Place::Known(bits) => format!("the constant {bits:#x}"),
        Place::Lost => "nowhere".into(),
    }
}

/// All of it, as `explain` and `blame` print it.
pub fn lines(blame: &Blame) -> Vec<String> {
    let mut lines = vec![format!("blamed       {}", blame.why)];
    if let Some(bad) = &blame.word {
        let part = if bad.side { " of the side trace" } else { "" };
        lines.push(format!("word         +{:#06x}{part}: {:08x}  {}", bad.offset, bad.word, bad.text));
    }
    lines.extend(blame.rule.iter().map(|rule| format!("rule         {rule}")));
    lines.extend(blame.fields.iter().map(|note| format!("field        {}", note.text)));
    lines.extend(chain(role(blame.role), &blame.chain));
    for writer in &blame.earlier {
        let at = writer.at.map_or(String::new(), |at| format!(" for {:04}", at.0));
        lines.push(format!("before       {:08x}{at}", writer.wrote));
        lines.extend(chain("  by", &writer.chain));
    }
    if !blame.vanishes_without.is_empty() {
        lines.push(format!("needs        {}", blame.vanishes_without.join(", ")));
    }
    lines
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Wrote => "written by",
        Role::Rewrote => "rewritten by",
        Role::Assembled => "assembled by",
        Role::Placed => "placed by",
        Role::Asserted => "asserted by",
    }
}

/// A line a call, the innermost first.
fn chain(head: &str, frames: &[Frame]) -> Vec<String> {
    let heads = std::iter::once(head).chain(std::iter::repeat("  <-"));
    heads.zip(frames).map(|(head, frame)| format!("{head:<12} {}", source(frame))).collect()
}

fn source(frame: &Frame) -> String {
    format!("{} {}:{}", frame.function, frame.file, frame.line)
}
