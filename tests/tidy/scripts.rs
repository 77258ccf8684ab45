//! Shell scripts can be started, and bash can read them.

use crate::tree::{Complaint, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Scripts that are not executable, start with no interpreter, or that bash can't parse.
pub fn broken(file: &File) -> Vec<Complaint> {
    let started = file.path.starts_with("scripts/") && file.extension().is_empty() || file.path == ".ci/run";
    let sourced = file.path.starts_with("scripts/lib/") && file.extension() == "sh";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file.path);
    let mut found = Vec::new();
    if started && !file.text.starts_with("#!/usr/bin/env bash\n") {
        found.push(file.complain(1, "starts without `#!/usr/bin/env bash`"));
    }
    if started && !is_executable(&path) {
        found.push(file.complain(1, "is not executable: chmod +x"));
    }
    if started || sourced {
        found.extend(syntax_error(&file.text).map(|error| file.complain(1, error)));
    }
    found
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.permissions().mode() & 0o111 != 0)
}

/// What bash says about a text that it can't parse.
fn syntax_error(text: &str) -> Option<String> {
    let mut bash =
        Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash is installed");
    let mut stdin = bash.stdin.take().expect("piped");
    // Bash may stop reading at the error: a closed pipe is no failure of the test.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    let out = bash.wait_with_output().expect("bash ends");
    (!out.status.success()).then(|| String::from_utf8_lossy(&out.stderr).trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_without_interpreter_or_rights_is_found() {
        // Not on disk, so not executable either.
        assert_eq!(broken(&File::sample("scripts/none", "echo\n")).len(), 2);
        assert_eq!(broken(&File::sample("scripts/lib/none.sh", "echo\n")), []);
    }

    #[test]
    fn rights_are_read_from_the_file() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        assert!(!is_executable(file.path()));
        file.as_file().set_permissions(PermissionsExt::from_mode(0o755)).expect("chmod");
        assert!(is_executable(file.path()));
    }

    #[test]
    fn a_script_that_does_not_parse_is_found() {
        assert_eq!(broken(&File::sample("scripts/lib/none.sh", "if true; then\n")).len(), 1);
        assert!(syntax_error("for x in").is_some());
        assert_eq!(syntax_error("echo \"$1\""), None);
    }
}
