//! The tree keeps its own rules: layers, `unsafe`, file sizes, text hygiene, scripts. Each rule is a function from text to
//! complaints, and is tested on a bad sample beside it.

#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/rust_sources.rs"]
mod rust_sources;
#[path = "tidy/scripts.rs"]
mod scripts;
#[path = "tidy/texts.rs"]
mod texts;
#[path = "tidy/tree.rs"]
mod tree;

use tree::{Complaint, File, assert_clean, files};

fn check_all(rule: impl Fn(&File) -> Vec<Complaint>) {
    assert_clean(files().iter().flat_map(rule).collect());
}

#[test]
fn modules_import_only_lower_layers() {
    check_all(layers::upward_imports);
}

#[test]
fn every_module_has_a_layer() {
    check_all(layers::modules_without_layer);
}

#[test]
fn architecture_shows_the_layers_that_are_enforced() {
    let files = files();
    let page = files.iter().find(|f| f.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md is in the tree");
    assert_eq!(layers::shown_in(&page.text), layers::enforced(), "left: ARCHITECTURE.md, right: tests/tidy/layers.rs");
}

#[test]
fn every_rust_file_says_what_it_is() {
    check_all(rust_sources::missing_header);
}

#[test]
fn unsafe_stays_where_it_belongs() {
    check_all(rust_sources::stray_unsafe);
}

#[test]
fn nothing_is_left_unfinished() {
    check_all(rust_sources::unfinished);
}

#[test]
fn long_files_have_a_reason() {
    check_all(texts::too_long);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    check_all(texts::machine_paths);
}

#[test]
fn text_files_end_in_a_newline() {
    check_all(texts::missing_newline);
}

#[test]
fn scripts_are_executable_and_parse() {
    check_all(scripts::broken);
}
