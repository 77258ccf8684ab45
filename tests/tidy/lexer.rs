//! Just enough of Rust's lexical grammar to look at code without its comments and literals.

/// A word or a punctuation character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Identifier, keyword or number.
    Word(&'a str),
    /// Any other character.
    Mark(char),
}

/// The tokens of a Rust source, each with its line (from 1). Comments, strings, characters and lifetimes are left out.
pub fn tokens(source: &str) -> Vec<(usize, Token<'_>)> {
    let mut out = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(c) = rest.chars().next() {
        let (token, len) = next(rest, c);
        out.extend(token.map(|t| (line, t)));
        line += rest[..len].matches('\n').count();
        rest = &rest[len..];
    }
    out
}

/// What `rest` starts with, and its length in bytes.
fn next(rest: &str, c: char) -> (Option<Token<'_>>, usize) {
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (None, block_comment(rest));
    }
    if let Some(len) = string(rest) {
        return (None, len);
    }
    if c == '\'' {
        return (None, character_or_lifetime(rest));
    }
    if rest.starts_with("b'") {
        return (None, 1 + character_or_lifetime(&rest[1..]));
    }
    match word(rest) {
        0 if c.is_whitespace() => (None, c.len_utf8()),
        0 => (Some(Token::Mark(c)), c.len_utf8()),
        len => (Some(Token::Word(&rest[..len])), len),
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let tail = &rest[at..];
        let Some(len) = tail.chars().next().map(char::len_utf8) else { return at };
        match () {
            () if tail.starts_with("/*") => (depth, at) = (depth + 1, at + 2),
            () if tail.starts_with("*/") => (depth, at) = (depth - 1, at + 2),
            () => at += len,
        }
        if depth == 0 {
            return at;
        }
    }
}

/// The length of the string literal at the start: plain, byte, C, raw.
fn string(rest: &str) -> Option<usize> {
    let prefix = rest.find(|c| !matches!(c, 'b' | 'c' | 'r'))?;
    let hashes = rest[prefix..].find(|c| c != '#')?;
    let body = prefix + hashes + 1;
    if prefix > 2 || !rest[prefix + hashes..].starts_with('"') {
        return None;
    }
    if rest[..prefix].ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()));
    }
    (hashes == 0).then(|| body + until_quote(&rest[body..], '"'))
}

/// Bytes up to and with the closing quote, escapes skipped.
fn until_quote(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut inside = rest[1..].chars();
    match (inside.next(), inside.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => 1 + until_quote(&rest[1..], '\''),
        _ => 1 + word(&rest[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<(usize, &str)> {
        tokens(source).iter().filter_map(|(l, t)| if let Token::Word(w) = t { Some((*l, *w)) } else { None }).collect()
    }

    #[test]
    fn comments_and_literals_have_no_words() {
        let source =
            "a // no\n/* no /* no */ no */ b \"no \\\" no\" r#\"no \" no\"# b'n' 'n' '\\'' '\\u{1f}'\n'life c\"no\" d";
        assert_eq!(words(source), [(1, "a"), (2, "b"), (3, "d")]);
    }

    #[test]
    fn words_that_look_like_string_prefixes_are_words() {
        assert_eq!(words("br r b crate r#type"), [(1, "br"), (1, "r"), (1, "b"), (1, "crate"), (1, "r"), (1, "type")]);
    }
}
