//! Compiles the newest LuaJIT release, with the shim, into a static library.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "src/compile/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared libraries and their descriptions are for run time")]
mod compile;

use compile::{Toolchain, Tree, Variant};

fn main() {
    for path in ["build.rs", "csrc", "src/compile"] {
        println!("cargo:rerun-if-changed={path}");
    }
    for name in ["CC", "RUSTFLAGS"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    if let Err(message) = build(&out) {
        eprintln!("error: {message}");
        std::process::exit(1);
    }
}

fn build(out: &Path) -> Result<(), String> {
    let source = luajit_source()?;
    println!("cargo:rerun-if-changed={}", source.display());
    // For tests only: the library itself must not depend on where it was built.
    println!("cargo:rustc-env=LUAJIT_SOURCE={}", source.display());
    let dir = out.join("luajit");
    // Left from an earlier run of this script; absent on the first.
    let _ = fs::remove_dir_all(&dir);
    let object = compile(&source, &dir).map_err(|error| error.to_string())?;
    cc::Build::new().object(object).cargo_metadata(true).compile("luajit_arm64");
    println!("cargo:rustc-link-lib=m");
    Ok(())
}

fn compile(source: &Path, dir: &Path) -> Result<PathBuf, compile::BuildError> {
    let instrument = instrumentation();
    let cc = if instrument.is_empty() { Toolchain::from_env() } else { Toolchain::clang()? };
    let prepared = compile::prepare(&Tree::find(source)?, Variant::Plain, &cc, dir)?;
    compile::compile_object(&prepared, &instrument, &cc)
}

/// Under `cargo fuzz`, libFuzzer sees the edges of LuaJIT's assembler, and `AddressSanitizer`, where it is linked, LuaJIT's memory errors.
fn instrumentation() -> Vec<&'static str> {
    let fuzzing = env::var_os("CARGO_CFG_FUZZING").is_some();
    let asan = env::var("CARGO_CFG_SANITIZE").is_ok_and(|names| names.split(',').any(|name| name == "address"));
    let edges = fuzzing.then_some(["-fsanitize=fuzzer-no-link", compile::EDGES_OF]).into_iter().flatten();
    edges.chain(asan.then_some("-fsanitize=address")).collect()
}

/// The folder of the `luajit-src` crate. Cargo does not tell a build script where its dependencies are, `cargo metadata` does.
/// Offline first: it then works from a vendored tree; a fresh clone may still lack crates of other workspace members.
fn luajit_source() -> Result<PathBuf, String> {
    let json = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
    let manifest = manifest_path(&json).ok_or("cargo metadata names no luajit-src: is it still a build-dependency?")?;
    Ok(manifest.parent().expect("a manifest is in a folder").to_owned())
}

fn metadata(more: &[&str]) -> Result<String, String> {
    let var = |name: &str| env::var(name).map_err(|_| format!("cargo did not set {name}"));
    let mut command = Command::new(var("CARGO")?);
    command.current_dir(var("CARGO_MANIFEST_DIR")?).args(["metadata", "--format-version", "1"]);
    command.args(["--filter-platform", &var("HOST")?]).args(more);
    let output = command.output().map_err(|error| format!("cannot start cargo metadata: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// A package's entry starts with its name and version; dependencies on it are written differently.
fn manifest_path(json: &str) -> Option<PathBuf> {
    let entry = &json[json.find(r#""name":"luajit-src","version":""#)?..];
    let path = &entry[entry.find(r#""manifest_path":""#)? + r#""manifest_path":""#.len()..];
    Some(PathBuf::from(&path[..path.find('"')?]))
}
