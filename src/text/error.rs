//! What is wrong with a file, and where: line, column, and the line with a caret under the place.

use thiserror::Error;

/// A file that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {problem}\n{}", excerpt(.text, *.column))]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
    /// The line's text.
    pub text: String,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is not what the format has there.
    #[error("found {found}, expected {expected}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: String,
    },
    /// The text can be read, but the case is not legal.
    #[error("{0}")]
    Illegal(String),
}

const BEFORE: usize = 80;
const AFTER: usize = 40;

/// The line, cut to a window around the column, and a caret.
fn excerpt(text: &str, column: usize) -> String {
    let skip = (column - 1).saturating_sub(BEFORE);
    let shown = text.chars().skip(skip).take(BEFORE + AFTER).map(|c| if c.is_control() { ' ' } else { c });
    let indent = " ".repeat(column - 1 - skip);
    format!("  {}\n  {indent}^", shown.collect::<String>().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, column: usize) -> String {
        let problem = Problem::Unexpected { found: "\"x\"".into(), expected: "a type".into() };
        ParseError { line: 7, column, problem, text: text.into() }.to_string()
    }

    #[test]
    fn the_caret_stands_under_the_column() {
        assert_eq!(error("0001 x", 6), "line 7, column 6: found \"x\", expected a type\n  0001 x\n       ^");
        assert_eq!(error("é\tx", 3).lines().last(), Some("    ^"));
    }

    #[test]
    fn long_lines_are_cut_around_the_column() {
        let long = error(&("y".repeat(500) + "x" + &"z".repeat(500)), 501);
        let lines: Vec<&str> = long.lines().collect();
        assert_eq!(lines[1].chars().count(), 2 + BEFORE + AFTER);
        assert_eq!(lines[1].find('x'), lines[2].find('^'));
    }
}
