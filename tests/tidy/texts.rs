//! What holds for every text file: its size, its last line, and that it names no place of the machine it was written on.

use crate::tree::{Complaint, File};

/// More lines than this want to be two ideas.
const MOST_LINES: usize = 500;

/// Source files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[];

/// Extensions of source files. Data and prose may be as long as they need.
const SOURCES: [&str; 4] = ["rs", "c", "h", "sh"];

/// Folders of one machine, in pieces so that this file passes.
const MACHINE_FOLDERS: [&str; 3] = [concat!("/", "work"), concat!("/", "root"), concat!("/", "tmp")];

/// Source files that are too long, and listed ones that no longer are.
pub fn too_long(file: &File) -> Vec<Complaint> {
    let lines = file.text.lines().count();
    let listed = LONG_FILES.iter().any(|(path, _)| *path == file.path);
    let long = lines > MOST_LINES && SOURCES.contains(&file.extension());
    match (long, listed) {
        (true, false) => vec![file.complain(MOST_LINES + 1, format!("{lines} lines: two ideas in one file?"))],
        (false, true) => vec![file.complain(1, "no longer too long: take it off the list in tests/tidy/texts.rs")],
        _ => Vec::new(),
    }
}

/// Text without a newline at its end.
pub fn missing_newline(file: &File) -> Vec<Complaint> {
    if file.text.is_empty() || file.text.ends_with('\n') {
        return Vec::new();
    }
    vec![file.complain(file.text.lines().count(), "no newline at the end")]
}

/// Absolute paths into folders that other machines don't have, or that mean something else there.
pub fn machine_paths(file: &File) -> Vec<Complaint> {
    let lines = file.text.lines().enumerate();
    let named = lines.flat_map(|(i, line)| MACHINE_FOLDERS.iter().filter(|f| names(line, f)).map(move |f| (i + 1, f)));
    named.map(|(line, folder)| file.complain(line, format!("names `{folder}`, a place on one machine"))).collect()
}

/// Whether the line has the folder as the start of an absolute path: `target/x` and `/xyz` are other things than `/x`.
fn names(line: &str, folder: &str) -> bool {
    let inside_path = |c: char| c.is_alphanumeric() || "_-.~}".contains(c);
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + folder.len()..].chars().next();
        !before.is_some_and(|c| inside_path(c) || c == '/')
            && !after.is_some_and(|c| c.is_alphanumeric() || "_-".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_source_is_found_and_long_data_is_not() {
        let text = "x\n".repeat(MOST_LINES + 1);
        assert_eq!(too_long(&File::sample("src/a.rs", &text)).len(), 1);
        assert_eq!(too_long(&File::sample("src/a.rs", &text[2..])), []);
        assert_eq!(too_long(&File::sample("corpus/a.trace", &text)), []);
    }

    #[test]
    fn a_missing_newline_is_found() {
        assert_eq!(missing_newline(&File::sample("a.md", "one\ntwo")).len(), 1);
        assert_eq!(missing_newline(&File::sample("a.md", "one\n")), []);
        assert_eq!(missing_newline(&File::sample("empty", "")), []);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for folder in MACHINE_FOLDERS {
            for text in [format!("cd {folder}/x"), format!("\"{folder}\""), format!("a\n--out={folder}\n")] {
                assert_eq!(machine_paths(&File::sample("a.md", &text)).len(), 1, "{text}");
            }
            for text in [format!("target{folder}/x"), format!("https://x.org{folder}/"), format!("{folder}er")] {
                assert_eq!(machine_paths(&File::sample("a.md", &text)), [], "{text}");
            }
        }
    }
}
