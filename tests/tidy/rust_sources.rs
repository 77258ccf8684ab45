//! What every Rust file must have, and what it must not.

use crate::lexer::{Token, tokens};
use crate::tree::{Complaint, File};

/// Where `unsafe` may stand, and why. A name that ends in `/` is a folder.
const UNSAFE: &[(&str, &str)] =
    &[("luajit-arm64-sys/", "calls the C library"), ("src/machine/engine.rs", "maps memory into the emulator")];

/// Macros that say that something is missing, or was left in by mistake.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Files that don't start with `//!`.
pub fn missing_header(file: &File) -> Vec<Complaint> {
    if file.extension() != "rs" || file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![file.complain(1, "starts without `//!`: say in one sentence what is in this file")]
}

/// `unsafe` outside the files that are there for it.
pub fn stray_unsafe(file: &File) -> Vec<Complaint> {
    let allowed =
        |(place, _): &(&str, &str)| file.path == *place || place.ends_with('/') && file.path.starts_with(place);
    if UNSAFE.iter().any(allowed) {
        return Vec::new();
    }
    let words = words(file);
    let stray = words.iter().filter(|(_, word, _)| *word == "unsafe");
    stray
        .map(|(line, ..)| file.complain(*line, "`unsafe` belongs to luajit-arm64-sys and the emulator's memory"))
        .collect()
}

/// `todo!` and its like.
pub fn unfinished(file: &File) -> Vec<Complaint> {
    let words = words(file);
    let left = words.iter().filter(|(_, word, is_macro)| *is_macro && UNFINISHED.contains(word));
    left.map(|(line, word, _)| file.complain(*line, format!("`{word}!` must not be committed"))).collect()
}

/// The words of a Rust file: line, word, whether it is called as a macro.
fn words<'a>(file: &'a File) -> Vec<(usize, &'a str, bool)> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    let tokens = tokens(&file.text);
    let called = |i: usize| tokens.get(i + 1).is_some_and(|(_, t)| *t == Token::Mark('!'));
    let word = |(i, (line, token)): (usize, &(usize, Token<'a>))| match token {
        Token::Word(w) => Some((*line, *w, called(i))),
        Token::Mark(_) => None,
    };
    tokens.iter().enumerate().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_header_is_found() {
        assert_eq!(missing_header(&File::sample("src/a.rs", "use b;\n//! late\n")).len(), 1);
        assert_eq!(missing_header(&File::sample("src/a.rs", "//! What it is.\n")), []);
    }

    #[test]
    fn unsafe_is_found_outside_its_files_but_not_in_comments() {
        let text = "//! unsafe\nfn f() {\n    unsafe { g() }\n}\n#[unsafe(no_mangle)]\nfn h() {}\n";
        let lines: Vec<String> =
            stray_unsafe(&File::sample("src/case.rs", text)).iter().map(Complaint::to_string).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("src/case.rs:3: "), "{lines:?}");
        assert_eq!(stray_unsafe(&File::sample("luajit-arm64-sys/src/lib.rs", text)), []);
        assert_eq!(stray_unsafe(&File::sample("src/machine/engine.rs", text)), []);
        assert_eq!(stray_unsafe(&File::sample("src/machine/fault.rs", text)).len(), 2);
    }

    #[test]
    fn unfinished_code_is_found() {
        for name in UNFINISHED {
            let text = format!("//! a {name}! in words\nfn f() {{ {name}!(\"x\") }}\n");
            assert_eq!(unfinished(&File::sample("fuzz/a.rs", &text)).len(), 1, "{name}");
        }
        assert_eq!(unfinished(&File::sample("src/a.rs", "fn todo() { dbg() }")), []);
    }
}
