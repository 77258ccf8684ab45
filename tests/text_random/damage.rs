//! Random edits of a text: bytes, cuts, copies, words that a parser may stumble over.

use crate::random::Random;

impl Random {
    /// One of the texts with a few random edits.
    pub fn damage(&mut self, texts: &[Vec<u8>]) -> String {
        let mut text = texts[self.below(texts.len())].clone();
        for _ in 0..1 + self.below(3) {
            let at = self.below(text.len());
            let longest = if self.one_in(4) { 400 } else { 12 };
            let end = (at + 1 + self.below(longest)).min(text.len());
            match self.below(7) {
                0 => text[at] = self.next() as u8,
                1 => text[at] = self.pick(b" 0123456789abcdefx+-.;:[]#>\n\0"),
                2 => drop(text.drain(at..end)),
                3 => {
                    let copy = text[at..end].to_vec();
                    text.splice(at..at, copy);
                }
                4 => drop(text.splice(at..end, self.pick(WORDS).bytes())),
                5 => {
                    let other = &texts[self.below(texts.len())];
                    let from = self.below(other.len());
                    text.splice(at..end, other[from..other.len().min(from + 60)].iter().copied());
                }
                _ => self.swap_lines(&mut text),
            }
            if text.is_empty() {
                text.push(b';');
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn swap_lines(&mut self, text: &mut Vec<u8>) {
        let mut lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
        let (a, b) = (self.below(lines.len()), self.below(lines.len()));
        lines.swap(a, b);
        *text = lines.join(&b'\n');
    }
}

/// What a parser may stumble over.
const WORDS: &[&str] = &[
    "18446744073709551616",
    "-9223372036854775808",
    "+9223372036854775807",
    "4294967295",
    "65535",
    "65536",
    "0x",
    "-0",
    "0xffffffffffffffff",
    "[data+0]",
    "[[data",
    "[]",
    "[[]]",
    "data+18446744073709551615:",
    "+nan",
    "+1e999",
    "bias",
    "NULL",
    "----",
    "....",
    " -> ",
    "; note ",
    "; region x 131072 at 0\n",
    "; input 1\n",
    "#255",
    "#256",
    "é",
    "\r\n",
    "\u{0}",
    ";",
    ";;",
    "PHI",
    "LOOP",
    ">+",
    "num.int",
    "run exit 0",
    "{t}",
    "{1}",
    "{65536:tab}",
    "\"",
    "\"a b\"",
    "t[\"",
    "t[1]: int +1",
    "heap t[1] tab {1}",
    ".up255",
    "; object x table asize 4294967295 hbits 255\n",
    "; object x str \"\\x\"\n",
    "---- TRACE 2 start 1/0\n",
    "+3LL",
    "ctype:struct64",
    "helper:",
    "nil CARG ",
    "0000",
    "9999",
    "\t",
];
