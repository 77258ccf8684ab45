//! A line cut into words, each of which knows its place for error messages.

use super::error::{ParseError, Problem};
use std::str::FromStr;

/// White space within a line.
pub(super) const BLANK: [char; 3] = [' ', '\t', '\r'];

/// Most characters of free text on a line.
pub(super) const MAX_TEXT: usize = 2000;

/// What is left of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    number: usize,
    text: &'a str,
    pos: usize,
}

/// A word of a line; empty at the line's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    number: usize,
    line: &'a str,
    start: usize,
    /// The word itself.
    pub text: &'a str,
}

impl<'a> Line<'a> {
    /// The whole line with its number, from 1.
    pub fn new(number: usize, text: &'a str) -> Self {
        Line { number, text, pos: 0 }
    }

    /// The next word, if there is one.
    pub fn next(&mut self) -> Option<Word<'a>> {
        let word = self.peek();
        self.pos = word.start + word.text.len();
        (!word.text.is_empty()).then_some(word)
    }

    /// The next word, or the empty one at the line's end; it stays.
    pub fn peek(&self) -> Word<'a> {
        let rest = &self.text[self.pos..];
        let trimmed = rest.trim_start_matches(BLANK);
        let text = &trimmed[..word_len(trimmed)];
        Word { number: self.number, line: self.text, start: self.pos + rest.len() - trimmed.len(), text }
    }

    /// The next word, which must be there.
    pub fn word(&mut self, expected: &str) -> Result<Word<'a>, ParseError> {
        let here = self.peek();
        self.next().ok_or_else(|| here.unexpected(expected))
    }

    /// The next word, which must be this one.
    pub fn exactly(&mut self, text: &str) -> Result<Word<'a>, ParseError> {
        let word = self.peek();
        if word.text != text {
            return Err(word.unexpected(format!("`{text}`")));
        }
        self.next();
        Ok(word)
    }

    /// Skips a prefix of the next word.
    pub fn skip(&mut self, prefix: &str) -> bool {
        let word = self.peek();
        let found = word.text.starts_with(prefix);
        if found {
            self.pos = word.start + prefix.len();
        }
        found
    }

    /// The rest of the line as it is, without white space around it: free text, which has a limit so that what
    /// stands on one line fits on one line whatever comes before it.
    pub fn rest(&mut self) -> Result<&'a str, ParseError> {
        let start = self.peek();
        let rest = self.text[self.pos..].trim_matches(BLANK);
        self.pos = self.text.len();
        match rest.chars().count() {
            0..=MAX_TEXT => Ok(rest),
            long => Err(start.illegal(format!("{long} characters of text, the most is {MAX_TEXT}"))),
        }
    }

    /// Nothing more may stand on the line.
    pub fn end(&self) -> Result<(), ParseError> {
        let word = self.peek();
        if word.text.is_empty() { Ok(()) } else { Err(word.unexpected("the end of the line")) }
    }
}

/// Bytes of the word that a text starts with. White space in quotes is part of it; they open at its start or behind `[`.
fn word_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_blank = |b: u8| BLANK.contains(&char::from(b));
    let mut at = 0;
    while at < bytes.len() && !is_blank(bytes[at]) {
        let opens = bytes[at] == b'"' && (at == 0 || bytes[at - 1] == b'[');
        at += if opens { quoted_len(&bytes[at..]).unwrap_or(1) } else { 1 };
    }
    at
}

/// Bytes from an opening quote to the closing one; `None` if it is not closed.
fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

impl<'a> Word<'a> {
    /// The place behind the last line.
    pub fn end_of_file(number: usize, line: &'a str) -> Self {
        Word { number, line, start: line.len(), text: "" }
    }

    /// The part of the word behind its first `len` bytes.
    pub fn behind(self, len: usize) -> Self {
        Word { start: self.start + len, text: &self.text[len..], ..self }
    }

    /// The word's first `len` bytes.
    pub fn before(self, len: usize) -> Self {
        Word { text: &self.text[..len], ..self }
    }

    /// The word as a number; the error says what was expected.
    pub fn number<T: FromStr>(self, expected: &str) -> Result<T, ParseError> {
        let digits = self.text.bytes().all(|b| b.is_ascii_digit());
        self.text.parse().ok().filter(|_| digits).ok_or_else(|| self.unexpected(expected))
    }

    /// An error here: something else was expected.
    pub fn unexpected(self, expected: impl Into<String>) -> ParseError {
        let found = match self.text {
            "" => "the end of the line".into(),
            text => format!("{:?}", text.chars().take(40).collect::<String>()),
        };
        self.error(Problem::Unexpected { found, expected: expected.into() })
    }

    /// An error here: the case is not legal.
    pub fn illegal(self, why: impl Into<String>) -> ParseError {
        self.error(Problem::Illegal(why.into()))
    }

    fn error(self, problem: Problem) -> ParseError {
        let column = self.line[..self.start].chars().count() + 1;
        ParseError { line: self.number, column, problem, text: self.line.into() }
    }
}
