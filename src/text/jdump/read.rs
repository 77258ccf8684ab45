//! The lines of one trace's IR in a dump, cut into words.

use super::super::line::Line;
use super::{ImportError, at_line};
use crate::ir::Type;

/// A trace of a dump.
pub(super) struct Dump {
    /// All lines of the dump, without colours.
    lines: Vec<String>,
    /// The line where the IR starts.
    pub first: usize,
    /// The IR.
    pub entries: Vec<Entry>,
    /// Where the trace goes on, as the dump says.
    pub link: Option<String>,
}

/// A line of the IR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// An instruction.
    Row(Row),
    /// A snapshot: its line and entries.
    Snap(usize, Vec<String>),
    /// LOOP: its line.
    Loop(usize),
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its line in the dump.
    pub line: usize,
    /// Its ref.
    pub number: u16,
    /// `>`
    pub guard: bool,
    /// `}`: sunk.
    pub sunk: bool,
    pub ty: Type,
    pub op: String,
    /// Operands; those in parentheses of a call are on their own.
    pub args: Vec<String>,
}

impl Row {
    /// An operand that is a ref.
    pub fn reference(&self, n: usize) -> Option<u16> {
        reference(self.args.get(n)?)
    }

    /// An operand; empty where there is none.
    pub fn arg(&self, n: usize) -> &str {
        self.args.get(n).map_or("", String::as_str)
    }
}

/// A word that is a ref: four digits or more, and no sign.
pub(super) fn reference(word: &str) -> Option<u16> {
    (word.len() >= 4 && word.bytes().all(|b| b.is_ascii_digit())).then(|| word.parse().ok())?
}

impl Dump {
    /// A line, by its number.
    pub fn line(&self, number: usize) -> String {
        self.lines.get(number - 1).cloned().unwrap_or_default()
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Row(row) => Some(row),
            _ => None,
        })
    }
}

/// Finds the IR of a trace and reads it.
pub(super) fn read(text: &str, wanted: Option<u32>) -> Result<Dump, ImportError> {
    let lines: Vec<String> = text.lines().map(|line| plain(line.trim_end())).collect();
    let sections: Vec<(String, usize)> =
        lines.iter().enumerate().filter_map(|(n, line)| Some((section(line)?, n + 1))).collect();
    let numbers = || sections.iter().map(|(number, _)| number.clone()).collect::<Vec<_>>();
    let found = match (&sections[..], wanted) {
        ([], _) => return Err(ImportError::NoTrace),
        ([one], None) => one,
        (_, None) => return Err(ImportError::Several(numbers())),
        (all, Some(wanted)) => {
            let is_it = |section: &&(String, usize)| section.0 == wanted.to_string();
            // Numbers are given again after a flush: the last one counts.
            all.iter().rev().find(is_it).ok_or_else(|| ImportError::NoSuchTrace { wanted, there: numbers() })?
        }
    };
    let (number, first) = found.clone();
    let mut dump = Dump { lines, first, entries: vec![], link: None };
    for line in first + 1..=dump.lines.len() {
        let text = dump.line(line);
        if text.starts_with("----") {
            break;
        }
        if let Some(entry) = entry(&dump, line, &text)? {
            dump.entries.push(entry);
        }
    }
    let stop = format!("---- TRACE {number} stop -> ");
    dump.link = dump.lines[first..].iter().find_map(|line| line.strip_prefix(&stop).map(str::to_string));
    Ok(dump)
}

/// The number of the trace whose IR starts here.
fn section(line: &str) -> Option<String> {
    let number = line.strip_prefix("---- TRACE ")?.strip_suffix(" IR")?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.to_string())
}

/// A line without colours: ANSI sequences go.
fn plain(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        text.push_str(&part[end..]);
    }
    text
}

fn entry(dump: &Dump, line: usize, text: &str) -> Result<Option<Entry>, ImportError> {
    // Frames end in `|` instead of a blank.
    let text = match text.starts_with("....") {
        true => text.replace('|', " "),
        false if text.contains(" CALL") => text.replace(['(', ')'], " "),
        false => text.to_string(),
    };
    let mut words = words(&text);
    if words.is_empty() {
        return Ok(None);
    }
    let first = words.remove(0);
    if first == "...." {
        let open = words.iter().position(|word| word == "[");
        let open = open.ok_or_else(|| at_line(dump, line, "a snapshot has its slots in brackets"))?;
        let entries = words.drain(open + 1..).take_while(|word| word != "]");
        return Ok(Some(Entry::Snap(line, entries.collect())));
    }
    let number = reference(&first).ok_or_else(|| at_line(dump, line, "no instruction (0001), no snapshot (....)"))?;
    if words.iter().any(|word| word == "LOOP") && words.iter().all(|word| word == "LOOP" || word.starts_with("---")) {
        return Ok(Some(Entry::Loop(line)));
    }
    row(line, number, &words).map(Entry::Row).map(Some).map_err(|why| at_line(dump, line, why))
}

fn words(text: &str) -> Vec<String> {
    let mut line = Line::new(1, text);
    std::iter::from_fn(|| line.next().map(|word| word.text.to_string())).collect()
}

fn row(line: usize, number: u16, words: &[String]) -> Result<Row, String> {
    // Before the type: a register or spill slot, marks of the passes.
    let at = words
        .iter()
        .take(4)
        .position(|word| Type::from_text(word).is_some())
        .ok_or("no type of the IR (int, num, p64 ...)")?;
    let marks = words[..at].concat();
    let op = words.get(at + 1).ok_or("no opcode")?.clone();
    Ok(Row {
        line,
        number,
        guard: marks.contains('>'),
        sunk: marks.contains('}') || marks.contains("sink"),
        ty: Type::from_text(&words[at]).ok_or("no type")?,
        op,
        args: words[at + 2..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_marks_are_read_over() {
        assert_eq!(plain("0001 >  \x1b[3m\x1b[35mint\x1b[m SLOAD"), "0001 >  int SLOAD");
        let text = "---- TRACE 7 IR\n0004 rbp   >+ int ADDOV  0001  +1\n0005 {sink  }  cdt CNEWI  +11   0004\n---- TRACE 7 mcode 9\n";
        let dump = read(text, None).expect("a trace");
        let rows: Vec<_> = dump.rows().map(|row| (row.number, row.guard, row.sunk, row.op.as_str())).collect();
        assert_eq!(rows, [(4, true, false, "ADDOV"), (5, false, true, "CNEWI")]);
    }

    #[test]
    fn a_quoted_word_keeps_its_blanks_and_a_call_its_arguments() {
        let text = "---- TRACE 1 IR\n0001    p64 BUFPUT 0009  \"a b\"\n0002    num CALLN  pow  (0001 +2  )\n....   SNAP   #1   [ ---- 0001|0002 ]\n";
        let dump = read(text, None).expect("a trace");
        let args: Vec<_> = dump.rows().map(|row| row.args.clone()).collect();
        assert_eq!(args, [vec!["0009", "\"a b\""], vec!["pow", "0001", "+2"]]);
        assert_eq!(dump.entries[2], Entry::Snap(4, vec!["----".into(), "0001".into(), "0002".into()]));
    }
}
