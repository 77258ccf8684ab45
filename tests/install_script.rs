//! What `scripts/lib/deps.sh` does on machines that lack something: each machine is a folder of stand-ins for its programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// What the script itself runs, on any machine.
const ALWAYS: [&str; 7] = ["bash", "awk", "sed", "tr", "env", "cat", "uname"];

/// A machine with the usual programs and cargo, and nothing that the build needs.
fn bare_machine() -> TempDir {
    let machine = tempfile::tempdir().expect("a folder");
    let search = std::env::var_os("PATH").expect("PATH");
    for name in ALWAYS {
        let program = std::env::split_paths(&search).map(|dir| dir.join(name)).find(|p| p.is_file()).expect(name);
        symlink(program, machine.path().join(name)).expect("linked");
    }
    stand_in(machine.path(), "cargo", "");
    stand_in(machine.path(), "id", "echo 1000");
    machine
}

fn stand_in(machine: &Path, name: &str, body: &str) {
    let path = machine.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("written");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("made executable");
}

/// Asks for `tools` on a machine, as the scripts do.
fn ensure(machine: &TempDir, tools: &str) -> (Option<i32>, String) {
    let script = format!(". '{}/scripts/lib/deps.sh'; ensure_tools {tools}", env!("CARGO_MANIFEST_DIR"));
    let out: Output = Command::new(machine.path().join("bash"))
        .args(["-euo", "pipefail", "-c", &script])
        .env_clear()
        .env("PATH", machine.path())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    let text = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8(text).expect("UTF-8"))
}

#[test]
fn nothing_is_said_or_done_when_all_is_there() {
    let machine = bare_machine();
    for tool in ["make", "cmake", "pkg-config", "cc"] {
        stand_in(machine.path(), tool, "");
    }
    stand_in(machine.path(), "apt-get", "echo called");
    assert_eq!(ensure(&machine, "cc make cmake pkg-config"), (Some(0), String::new()));
}

#[test]
fn without_cargo_the_way_to_get_it_is_named() {
    let machine = bare_machine();
    fs::remove_file(machine.path().join("cargo")).expect("removed");
    let (status, text) = ensure(&machine, "cmake");
    assert_eq!(status, Some(2));
    assert!(text.contains("https://rustup.rs"), "{text}");
}

#[test]
fn without_a_package_manager_the_packages_are_named() {
    let (status, text) = ensure(&bare_machine(), "c++ cmake");
    assert_eq!(status, Some(2));
    assert!(text.contains("cmake: configures the build of Unicorn"), "{text}");
    assert!(text.ends_with("Debian calls the packages: g++ cmake\n"), "{text}");
}

#[test]
fn without_root_and_sudo_the_command_is_named_and_not_run() {
    let machine = bare_machine();
    stand_in(machine.path(), "dnf", "echo called");
    let (status, text) = ensure(&machine, "pkg-config make");
    assert_eq!(status, Some(2));
    assert!(text.ends_with("As root, run: dnf install -y pkgconf-pkg-config make\n"), "{text}");
}

#[test]
fn root_installs_what_is_missing_and_only_that() {
    let machine = bare_machine();
    stand_in(machine.path(), "id", "echo 0");
    stand_in(machine.path(), "make", "");
    let install = r#"case "$*" in *cmake*) echo "installing: $*"; printf '#!/bin/sh\n' > "$PATH/cmake"; /bin/chmod +x "$PATH/cmake" ;; *) exit 100 ;; esac"#;
    stand_in(machine.path(), "apt-get", install);
    let (status, text) = ensure(&machine, "make cmake");
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("installing: install -y --no-install-recommends cmake\n"), "{text}");
    assert_eq!(ensure(&machine, "make cmake"), (Some(0), String::new()));
}

#[test]
fn a_failing_or_useless_install_ends_with_status_2() {
    let machine = bare_machine();
    stand_in(machine.path(), "id", "echo 0");
    stand_in(machine.path(), "pacman", "exit 1");
    let (status, text) = ensure(&machine, "cmake");
    assert_eq!(status, Some(2));
    assert!(text.ends_with("pacman failed. Install by hand: cmake\n"), "{text}");

    stand_in(machine.path(), "pacman", "exit 0");
    let (status, text) = ensure(&machine, "cmake");
    assert_eq!(status, Some(2));
    assert!(text.contains("still not usable: cmake"), "{text}");
}

#[test]
fn a_user_who_is_not_root_installs_by_sudo_without_a_prompt() {
    let machine = bare_machine();
    stand_in(machine.path(), "sudo", r#"echo "as root: $*""#);
    stand_in(machine.path(), "zypper", "exit 1");
    let (_, text) = ensure(&machine, "cmake");
    assert!(
        text.contains("as root: -n env DEBIAN_FRONTEND=noninteractive zypper --non-interactive install cmake"),
        "{text}"
    );
}
