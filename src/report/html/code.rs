//! IR and machine code side by side. An instruction and the words that were assembled for it lead to each other.

use super::super::story::is_ref;
use crate::explain::{Bits, CodeSheet, IrRow, Sheet, TraceSheet, WordRow};
use maud::{Markup, html};

/// A word to be pointed at: its offset from its trace's start, and its bits.
type Blamed = Option<(u32, Bits)>;

/// All traces of a sheet.
pub fn section(sheet: &Sheet, blamed: Blamed) -> Markup {
    html! {
        section {
            h2 { "IR and machine code" }
            p.minor.hint hidden { "Point at, tap or tab to a row to see what belongs to it." }
            @for trace in &sheet.traces {
                @if sheet.traces.len() > 1 { h3 { (name(trace)) } }
                div.sides {
                    (ir(sheet, trace))
                    @match &trace.code {
                        Some(code) => (words(trace, code, blamed)),
                        None => div.side { h4 { "Machine code" } p { "There is none." } },
                    }
                }
            }
            @if sheet.folded > 0 {
                p.minor { "FOLD dropped or merged " (sheet.folded) " of " (sheet.written) " instructions." }
            }
        }
    }
}

fn name(trace: &TraceSheet) -> String {
    match trace.from_exit {
        Some(exit) => format!("Trace {}, the side trace at exit {exit}", trace.number),
        None => format!("Trace {}", trace.number),
    }
}

fn ir(sheet: &Sheet, trace: &TraceSheet) -> Markup {
    html! {
        div.side {
            h4 id=(format!("ir{}", trace.number)) { "IR, with the interpreter's last values for input " (sheet.input.number) }
            div.wide.listing role="group" aria-labelledby=(format!("ir{}", trace.number)) tabindex="0" {
                table { tbody { @for row in &trace.ir { (ir_row(trace, row)) } } }
            }
            p.minor { "Trace " (trace.number) " stops: " (trace.stop) }
        }
    }
}

fn ir_row(trace: &TraceSheet, row: &IrRow) -> Markup {
    let Some(at) = row.at else {
        return html! { tr.snap { td colspan="2" { (row.text) } } };
    };
    let (number, rest) = row.text.split_at_checked(4).unwrap_or(("", &row.text));
    html! {
        tr id=(row_id("i", trace, at)) data-ref=(key(trace, at)) .marked[row.marked] {
            td.ins { (number_link(trace, at, number)) (operands(trace, rest)) }
            td.value {
                @if let Some(value) = row.value.as_ref().filter(|v| !v.is_empty()) { (value) }
                @if row.marked { strong.flag { " ◀ here" } }
            }
        }
    }
}

/// The instruction's number leads to its first word, if it has any.
fn number_link(trace: &TraceSheet, at: u16, number: &str) -> Markup {
    let has_code = trace.code.as_ref().is_some_and(|code| code.words.iter().any(|w| w.at == Some(at)));
    html! {
        @if has_code { a.ref href={ "#" (row_id("m", trace, at)) } { (number) } }
        @else { span.ref title="no code of its own" { (number) } }
    }
}

/// An instruction's text, in which the numbers of others lead to them.
fn operands(trace: &TraceSheet, text: &str) -> Markup {
    html! {
        @for part in text.split_inclusive(' ') {
            @let word = part.trim_end_matches(' ');
            @match word.parse::<u16>().ok().filter(|at| is_ref(word) && trace.ir.iter().any(|r| r.at == Some(*at))) {
                Some(at) => { a.use href={ "#" (row_id("i", trace, at)) } data-ref=(key(trace, at)) { (word) } (&part[word.len()..]) },
                None => (part),
            }
        }
    }
}

fn words(trace: &TraceSheet, code: &CodeSheet, blamed: Blamed) -> Markup {
    html! {
        div.side {
            h4 id=(format!("mcode{}", trace.number)) { "Machine code, " (code.bytes) " bytes" }
            div.wide.listing role="group" aria-labelledby=(format!("mcode{}", trace.number)) tabindex="0" {
                table { tbody {
                    @for (i, row) in code.words.iter().enumerate() {
                        @let first = row.at.is_some() && code.words[..i].iter().all(|w| w.at != row.at);
                        (word_row(trace, row, first, blamed == Some((row.offset, row.word))))
                    }
                } }
            }
            @if let Some(s) = &code.stubs {
                p.minor { "Exit stubs ->" (s.exit) " to ->" (s.last_exit) " at " code { (s.first) } " to " code { (s.last) } "." }
            }
        }
    }
}

fn word_row(trace: &TraceSheet, row: &WordRow, first: bool, blamed: bool) -> Markup {
    html! {
        @if row.loop_head { tr.snap { td colspan="4" { "->LOOP:" } } }
        tr  id=[row.at.filter(|_| first).map(|at| row_id("m", trace, at))]
            data-ref=[row.at.map(|at| key(trace, at))] .marked[row.marked || blamed] .first[first] {
            td.address title={ "+" (format!("{:#x}", row.offset)) } { (format!("{:x}", row.address.0)) }
            td.bits { (format!("{:08x}", row.word.0)) }
            td.asm {
                span.mnemonic { (row.mnemonic) } " " (row.operands)
                @if let Some(target) = &row.target { " " span.target { (target) } }
                @if row.marked { strong.flag { " ◀ here" } } @else if blamed { strong.flag { " ◀ blamed" } }
            }
            td.origin { (origin(trace, row)) }
        }
    }
}

fn origin(trace: &TraceSheet, row: &WordRow) -> Markup {
    html! {
        @match row.at {
            Some(at) => a.ref href={ "#" (row_id("i", trace, at)) } title=(row.origin) { (format!("{at:04}")) },
            None => span.minor { (row.origin) },
        }
    }
}

/// What an instruction and its words share.
fn key(trace: &TraceSheet, at: u16) -> String {
    format!("{}-{at}", trace.number)
}

fn row_id(side: &str, trace: &TraceSheet, at: u16) -> String {
    format!("{side}{}-{at:04}", trace.number)
}
