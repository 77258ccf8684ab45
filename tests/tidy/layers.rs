//! Imports point down: a module may name itself and modules of lower layers, never a sibling of its own layer.

use crate::lexer::{Token, tokens};
use crate::tree::{Complaint, File};
use std::collections::BTreeMap;

/// The modules of `src/` by layer, the lowest first. `ARCHITECTURE.md` shows the same table with what each one is for.
#[rustfmt::skip]
const LAYERS: &[&[&str]] = &[
    &["ir"],
    &["world"],
    &["case"],
    &["outcome", "code"],
    &["text", "pack", "arm64"],
    &["generate", "interpret"],
    &["backend", "machine", "verify", "compare"],
    &["oracle", "referee"],
    &["bisect", "blame", "coverage", "explain", "minimize", "tally"],
    &["campaign", "report"],
    &["ledger", "night"],
    &["cli"],
];

/// The layer of each module.
pub fn enforced() -> BTreeMap<String, usize> {
    let rows = LAYERS.iter().enumerate();
    rows.flat_map(|(layer, names)| names.iter().map(move |n| ((*n).to_string(), layer))).collect()
}

/// The layer of each module by the table of a page: rows of `| layer | modules in backticks | .. |`.
pub fn shown_in(page: &str) -> BTreeMap<String, usize> {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.parse().ok()?, cells.next()?))
    });
    rows.flat_map(|(layer, names): (usize, &str)| names.split('`').skip(1).step_by(2).map(move |n| (n.into(), layer)))
        .collect()
}

/// Names of modules that are not in lower layers.
pub fn upward_imports(file: &File) -> Vec<Complaint> {
    let Some(place) = Place::of(&file.path) else { return Vec::new() };
    let layers = enforced();
    let Some(own) = layers.get(place.module) else { return Vec::new() };
    let wrong = |to: &str| match layers.get(to) {
        Some(layer) if layer < own || to == place.module => None,
        Some(layer) => Some(format!("`{}` (layer {own}) must not use `{to}` (layer {layer})", place.module)),
        None => Some(format!("`{to}` has no layer: give it one in tests/tidy/layers.rs and ARCHITECTURE.md")),
    };
    let named = modules_named(&file.text, place.depth);
    named.iter().filter_map(|(line, to)| Some(file.complain(*line, wrong(to)?))).collect()
}

/// Modules of the crate's root that the table does not know.
pub fn modules_without_layer(file: &File) -> Vec<Complaint> {
    let Some(place) = Place::of(&file.path) else { return Vec::new() };
    if enforced().contains_key(place.module) {
        return Vec::new();
    }
    vec![file.complain(1, format!("module `{}` has no layer: see tests/tidy/layers.rs", place.module))]
}

/// Where a file stands in the module tree.
struct Place<'a> {
    /// The module of the crate's root that it belongs to.
    module: &'a str,
    /// How many `super::` lead to the crate's root.
    depth: usize,
}

impl Place<'_> {
    /// `None` for what has no layer: the crate roots, and everything outside `src/`.
    fn of(path: &str) -> Option<Place<'_>> {
        let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let modules = inside.strip_suffix("/mod").unwrap_or(inside);
        if modules == "lib" || modules == "main" {
            return None;
        }
        Some(Place { module: modules.split('/').next()?, depth: modules.split('/').count() })
    }
}

/// The modules of the crate's root that a source names, with lines: `crate::x`, `tracehound::x`, `super::x` in a
/// module of depth 1, and the same in groups.
fn modules_named(source: &str, depth: usize) -> Vec<(usize, String)> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let (mut braces, mut inline) = (0_usize, Vec::new());
    for at in 0..tokens.len() {
        match tokens[at].1 {
            Token::Mark('{') => {
                braces += 1;
                if at >= 2 && tokens[at - 2].1 == Token::Word("mod") {
                    inline.push(braces);
                }
            }
            Token::Mark('}') => {
                inline.pop_if(|opened| *opened == braces);
                braces = braces.saturating_sub(1);
            }
            Token::Word("crate" | "tracehound") if !follows_path(&tokens, at) => {
                found.extend(first_segments(&tokens[at + 1..]));
            }
            Token::Word("super") if !follows_path(&tokens, at) => {
                let supers = tokens[at..].chunks(3).take_while(|c| c[0].1 == Token::Word("super")).count();
                if supers == depth + inline.len() {
                    found.extend(first_segments(&tokens[at + 3 * supers - 2..]));
                }
            }
            _ => {}
        }
    }
    found
}

const COLONS: [Token<'_>; 2] = [Token::Mark(':'), Token::Mark(':')];

fn is_colons(tokens: &[(usize, Token<'_>)]) -> bool {
    tokens.len() == 2 && [tokens[0].1, tokens[1].1] == COLONS
}

fn follows_path(tokens: &[(usize, Token<'_>)], at: usize) -> bool {
    at >= 2 && is_colons(&tokens[at - 2..at])
}

/// The names behind `::`: one, or each of a group. A macro's name is no module.
fn first_segments(rest: &[(usize, Token<'_>)]) -> Vec<(usize, String)> {
    let Some((colons, path)) = rest.split_at_checked(2) else { return Vec::new() };
    if !is_colons(colons) {
        return Vec::new();
    }
    let name = |i: usize| match (path.get(i), path.get(i + 1)) {
        (Some((_, Token::Word(_))), Some((_, Token::Mark('!')))) | (Some((_, Token::Word("self"))), _) => None,
        (Some((line, Token::Word(w))), _) => Some((*line, (*w).to_string())),
        _ => None,
    };
    match path.first() {
        Some((_, Token::Mark('{'))) => group_starts(path).into_iter().filter_map(name).collect(),
        _ => name(0).into_iter().collect(),
    }
}

/// The positions where the members of a group start; its opening brace is the first token.
fn group_starts(path: &[(usize, Token<'_>)]) -> Vec<usize> {
    let (mut depth, mut starts) = (0, Vec::new());
    for (i, (_, token)) in path.iter().enumerate() {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
        match token {
            Token::Mark('{' | ',') if depth == 1 => starts.push(i + 1),
            _ if depth == 0 => break,
            _ => {}
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        upward_imports(&File::sample(path, text)).iter().map(Complaint::to_string).collect()
    }

    #[test]
    fn imports_of_lower_layers_and_of_oneself_are_fine() {
        let text = "use crate::{ir::{Ref, oracle}, case};\nuse crate::compare::x;\nuse super::y;\n// crate::cli\n";
        assert_eq!(complaints("src/compare/rules.rs", text), [""; 0]);
    }

    #[test]
    fn upward_and_sibling_imports_are_found_in_every_spelling() {
        let oracle = "`compare` (layer 6) must not use `oracle` (layer 7)";
        for text in [
            "use crate::oracle::Verdict;",
            "use crate::{case, oracle};",
            "use crate::{ir::{Ref}, oracle::{Verdict}};",
            "fn f() { let v = crate::oracle::judge(); }",
            "use tracehound::oracle;",
            "use super::super::oracle;",
            "mod tests { use super::super::super::oracle; }",
        ] {
            assert_eq!(
                complaints("src/compare/rules.rs", text),
                [format!("src/compare/rules.rs:1: {oracle}")],
                "{text}"
            );
        }
        let sibling = complaints("src/compare/mod.rs", "\nuse super::verify;");
        assert_eq!(sibling, ["src/compare/mod.rs:2: `compare` (layer 6) must not use `verify` (layer 6)"]);
    }

    #[test]
    fn supers_that_stay_inside_are_fine() {
        assert_eq!(complaints("src/compare/a/b.rs", "use super::super::oracle; mod t { use super::verify; }"), [""; 0]);
    }

    #[test]
    fn unknown_modules_are_found() {
        assert_eq!(modules_without_layer(&File::sample("src/util.rs", "")).len(), 1);
        assert_eq!(complaints("src/cli/mod.rs", "use crate::util::x;").len(), 1);
    }

    #[test]
    fn macros_of_the_root_are_no_modules() {
        assert_eq!(complaints("src/ir/mod.rs", "crate::table! { x }"), [""; 0]);
    }

    #[test]
    fn a_pages_table_is_read_by_layer() {
        let page = "| layer | module | what |\n|---|---|---|\n| 0 | `a` | x |\n| 1 | `b`, `c` | `d` |\n";
        let want = [("a", 0), ("b", 1), ("c", 1)].map(|(n, l)| (n.to_string(), l));
        assert_eq!(shown_in(page), BTreeMap::from(want));
    }
}
