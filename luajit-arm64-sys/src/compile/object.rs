//! The shim and LuaJIT, compiled as one translation unit.

use std::fs;
use std::path::{Path, PathBuf};

use super::generate::{self, TARGET};
use super::identity::BuildInfo;
use super::tool::{Toolchain, run};
use super::tree::Tree;
use super::{BuildError, Variant, io_error};

/// Our C files; embedded, so that the builder needs no checkout of ours at run time.
const SHIM: [(&str, &str); 24] = [
    ("api.h", include_str!("../../csrc/api.h")),
    ("host.h", include_str!("../../csrc/host.h")),
    ("shim.c", include_str!("../../csrc/shim.c")),
    ("vm.c", include_str!("../../csrc/vm.c")),
    ("hide.h", include_str!("../../csrc/hide.h")),
    ("arena.c", include_str!("../../csrc/arena.c")),
    ("state.c", include_str!("../../csrc/state.c")),
    ("places.c", include_str!("../../csrc/places.c")),
    ("build.c", include_str!("../../csrc/build.c")),
    ("optimize.c", include_str!("../../csrc/optimize.c")),
    ("side.c", include_str!("../../csrc/side.c")),
    ("result.c", include_str!("../../csrc/result.c")),
    ("run.c", include_str!("../../csrc/run.c")),
    ("inspect.c", include_str!("../../csrc/inspect.c")),
    ("objects.c", include_str!("../../csrc/objects.c")),
    ("rewind.c", include_str!("../../csrc/rewind.c")),
    ("random.c", include_str!("../../csrc/random.c")),
    ("coverage.c", include_str!("../../csrc/coverage.c")),
    ("tables.c", include_str!("../../csrc/tables.c")),
    ("blame.h", include_str!("../../csrc/blame.h")),
    ("blame.c", include_str!("../../csrc/blame.c")),
    ("edges.h", include_str!("../../csrc/edges.h")),
    ("edges.c", include_str!("../../csrc/edges.c")),
    ("edges.list", include_str!("../../csrc/edges.list")),
];

/// Whether a file of this name is ours and not LuaJIT's.
pub fn is_shim(file: &str) -> bool {
    SHIM.iter().any(|(name, _)| *name == file)
}

/// Errors are unwound by longjmp, so C++-style unwinding stays off; everything but the API's one symbol stays hidden.
const FLAGS: [&str; 9] = [
    "-O2",
    "-g1",
    "-w",
    "-fPIC",
    "-fno-strict-aliasing",
    "-fvisibility=hidden",
    "-D_FILE_OFFSET_BITS=64",
    "-DLUAJIT_DISABLE_GDBJIT",
    "-DLUAJIT_UNWIND_INTERNAL",
];

/// A copied tree with every generated header.
#[derive(Debug)]
pub struct Prepared {
    src: PathBuf,
    variant: Variant,
    /// What the object will say about itself.
    pub info: BuildInfo,
}

/// Copies a tree into the empty folder `dir` and runs LuaJIT's own build steps there.
///
/// # Errors
/// Where files can't be written, a tool fails, or the tree lacks what the variant needs.
pub fn prepare(tree: &Tree, variant: Variant, cc: &Toolchain, dir: &Path) -> Result<Prepared, BuildError> {
    if variant == Variant::RandomRa && !tree.mentions("lj_asm.c", "LUAJIT_RANDOM_RA") {
        return Err(BuildError::NoRandomRa { path: tree.src() });
    }
    let hash = tree.copy(dir)?;
    let info = BuildInfo::new(tree, variant, cc, hash)?;
    if variant == Variant::Coverage && info.compiler.contains("clang") {
        return Err(BuildError::NoGcc { compiler: info.compiler });
    }
    let src = dir.join("src");
    generate::headers(cc, &src, &info.relver)?;
    write_shim(&src, &info)?;
    Ok(Prepared { src, variant, info })
}

fn write_shim(src: &Path, info: &BuildInfo) -> Result<(), BuildError> {
    let literal: String = info.to_text().lines().map(|line| format!("  {:?}\n", format!("{line}\n"))).collect();
    let info_header = format!("static const char TH_BUILD_INFO[] =\n{literal};\n");
    for (name, text) in SHIM.into_iter().chain([("th_info.h", info_header.as_str())]) {
        let file = src.join(name);
        fs::write(&file, text).map_err(io_error("write", &file))?;
    }
    Ok(())
}

/// Compiles a prepared tree into `shim.o` in its folder. File names in assertions stay relative, the same on every machine.
/// `instrument` are further flags of the compiler; what they want linked is the caller's business.
///
/// # Errors
/// If the compiler reports errors.
pub fn compile_object(prepared: &Prepared, instrument: &[&str], cc: &Toolchain) -> Result<PathBuf, BuildError> {
    let mut command = cc.command(&prepared.src);
    command.args(FLAGS).args(TARGET).args(prepared.variant.flags()).args(instrument);
    command.args(["-I.", "-c", "shim.c", "-o", "shim.o"]);
    if let Some(hooks) = prepared.variant.hooks() {
        compile_hooks(hooks, prepared, cc)?;
        // The debug information then says `src/lj_asm.c`, wherever the folder was.
        command.arg(format!("-fdebug-prefix-map={}=src", prepared.src.display()));
    }
    run("compiling LuaJIT", &mut command)?;
    Ok(prepared.src.join("shim.o"))
}

fn compile_hooks(name: &str, prepared: &Prepared, cc: &Toolchain) -> Result<(), BuildError> {
    let (source, object) = (format!("{name}.c"), format!("{name}.o"));
    let mut command = cc.command(&prepared.src);
    command.args(FLAGS).args(["-fno-omit-frame-pointer", "-I.", "-c", &source, "-o", &object]);
    run("compiling the hooks of the variant", &mut command).map(drop)
}

/// Where the compiler left what it knows of the object's lines; only in the coverage variant.
pub fn line_notes(object: &Path) -> PathBuf {
    object.with_extension("gcno")
}

/// Links an object into a shared library.
///
/// # Errors
/// If the linker reports errors.
pub fn link_shared(object: &Path, to: &Path, variant: Variant, cc: &Toolchain) -> Result<(), BuildError> {
    let mut command = cc.command(Path::new("."));
    command.args(["-shared", "-Wl,-z,defs", "-o"]).arg(to).arg(object);
    if let Some(hooks) = variant.hooks() {
        command.arg(object.with_file_name(hooks).with_extension("o"));
    }
    command.args(["-lm", "-ldl"]);
    if variant == Variant::Coverage {
        command.args(["--coverage", "-Wl,--wrap=__gcov_exit"]);
    }
    run("linking LuaJIT", &mut command).map(drop)
}
