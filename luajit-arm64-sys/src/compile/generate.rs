//! LuaJIT's own build steps up to the generated headers: `minilua`, `DynASM`, `buildvm`, and its list of source files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::tool::{Toolchain, run};
use super::{BuildError, io_error};

/// Host and target agree: 64 bits, little endian. So the target's C code runs on the host.
pub(super) const TARGET: [&str; 2] = ["-DLUAJIT_TARGET=LUAJIT_ARCH_ARM64", "-DLUAJIT_OS=LUAJIT_OS_LINUX"];

/// `DynASM` flags and the macro of `lj_arch.h` that asks for each (the Makefile's `DASM_AFLAGS`).
#[rustfmt::skip]
const DYNASM_FLAGS: [(&str, &str); 9] = [
    ("LJ_LE 1",               "ENDIAN_LE"),
    ("LJ_ARCH_BITS 64",       "P64"),
    ("LJ_HASJIT 1",           "JIT"),
    ("LJ_HASFFI 1",           "FFI"),
    ("LJ_DUALNUM 1",          "DUALNUM"),
    ("LJ_ARCH_HASFPU 1",      "FPU"),
    ("LJ_NO_UNWIND 1",        "NO_UNWIND"),
    ("LJ_ABI_PAUTH 1",        "PAUTH"),
    ("LJ_ABI_BRANCH_TRACK 1", "BRANCH_TRACK"),
];

/// Library files in the order `buildvm` numbers their functions; `buffer` is absent before 2021.
const LIBRARIES: [&str; 12] =
    ["base", "math", "bit", "string", "table", "io", "os", "package", "debug", "jit", "ffi", "buffer"];

/// Parts of `buildvm` that need no generated header and can be compiled at once.
const BUILDVM_PARTS: [&str; 4] = ["buildvm_asm", "buildvm_peobj", "buildvm_lib", "buildvm_fold"];

/// Makes every generated header in the copied tree's `src`.
pub(super) fn headers(cc: &Toolchain, src: &Path, relver: &str) -> Result<(), BuildError> {
    compile_tools(cc, src)?;
    release_header(src, relver)?;
    let flags = dynasm_flags(cc, src)?;
    run(
        "assembling the interpreter",
        Command::new(src.join("host/minilua")).current_dir(src).arg("../dynasm/dynasm.lua").args(flags).args([
            "-o",
            "host/buildvm_arch.h",
            "vm_arm64.dasc",
        ]),
    )?;
    link_buildvm(cc, src)?;
    definitions(src)?;
    amalgamation(src)
}

/// `minilua` and the parts of `buildvm`, side by side.
fn compile_tools(cc: &Toolchain, src: &Path) -> Result<(), BuildError> {
    // A header of this name is only complete later; these parts read lj_arch.h and friends alone.
    let minilua = || {
        let mut command = cc.command(src);
        command.args(["-O1", "-w", "-o", "host/minilua", "host/minilua.c", "-lm"]);
        run("compiling minilua", &mut command).map(drop)
    };
    thread::scope(|scope| {
        let jobs: Vec<_> =
            BUILDVM_PARTS.iter().map(|part| scope.spawn(move || compile_buildvm(cc, src, part))).collect();
        let first = minilua();
        let rest = jobs.into_iter().map(|job| job.join().expect("compiling does not panic"));
        rest.fold(first, Result::and)
    })
}

fn compile_buildvm(cc: &Toolchain, src: &Path, part: &str) -> Result<(), BuildError> {
    let mut command = cc.command(src);
    command.args(["-O0", "-w", "-I.", "-I../dynasm", "-Ihost", "-DLJ_ARCH_HASFPU=1", "-DLJ_ABI_SOFTFP=0"]).args(TARGET);
    command.args(["-c", &format!("host/{part}.c"), "-o", &format!("host/{part}.o")]);
    run("compiling buildvm", &mut command).map(drop)
}

fn link_buildvm(cc: &Toolchain, src: &Path) -> Result<(), BuildError> {
    compile_buildvm(cc, src, "buildvm")?;
    let mut command = cc.command(src);
    command.args(["-o", "host/buildvm", "host/buildvm.o"]);
    command.args(BUILDVM_PARTS.map(|part| format!("host/{part}.o")));
    run("linking buildvm", &mut command).map(drop)
}

/// Releases since 2023 make `luajit.h` from a template and a time stamp.
fn release_header(src: &Path, relver: &str) -> Result<(), BuildError> {
    if !src.join("host/genversion.lua").is_file() {
        return Ok(());
    }
    let file = src.join("luajit_relver.txt");
    fs::write(&file, format!("{relver}\n")).map_err(io_error("write", &file))?;
    let mut command = Command::new(src.join("host/minilua"));
    run("making luajit.h", command.current_dir(src).arg("host/genversion.lua")).map(drop)
}

fn dynasm_flags(cc: &Toolchain, src: &Path) -> Result<Vec<String>, BuildError> {
    let mut command = cc.command(src);
    let macros =
        run("reading lj_arch.h", command.args(TARGET).args(["-DLUAJIT_UNWIND_INTERNAL", "-E", "-dM", "lj_arch.h"]))?;
    let defined = |what: &str| macros.lines().any(|line| line == format!("#define {what}"));
    let version = macros.lines().find_map(|line| line.strip_prefix("#define LJ_ARCH_VERSION ")).unwrap_or("80");
    let mut flags: Vec<String> =
        DYNASM_FLAGS.iter().filter(|(wanted, _)| defined(wanted)).map(|&(_, flag)| flag.to_owned()).collect();
    if !defined("LJ_ABI_SOFTFP 1") {
        flags.push("HFABI".to_owned());
    }
    flags.push(format!("VER={}", version.trim()));
    Ok(flags.into_iter().flat_map(|flag| ["-D".to_owned(), flag]).collect())
}

fn definitions(src: &Path) -> Result<(), BuildError> {
    let libraries: Vec<String> =
        LIBRARIES.iter().map(|name| format!("lib_{name}.c")).filter(|file| src.join(file).is_file()).collect();
    for kind in ["bcdef", "ffdef", "libdef", "recdef"] {
        buildvm(src, kind, &libraries)?;
    }
    buildvm(src, "folddef", &["lj_opt_fold.c".to_owned()])
}

fn buildvm(src: &Path, kind: &str, files: &[String]) -> Result<(), BuildError> {
    let mut command = Command::new(src.join("host/buildvm"));
    command.current_dir(src).args(["-m", kind, "-o", &format!("lj_{kind}.h")]).args(files);
    run("generating headers", &mut command).map(drop)
}

/// LuaJIT's own list of files, in its order, without the one the shim replaces; see `csrc/host.h` for the two special ones.
fn amalgamation(src: &Path) -> Result<(), BuildError> {
    let list = src.join("ljamalg.c");
    let text = fs::read_to_string(&list).map_err(io_error("read", &list))?;
    let files = text.lines().filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix(".c\""));
    let includes: String = files.filter(|&file| file != "lj_assert").map(include).collect();
    let file = src.join("th_amalg.h");
    fs::write(&file, includes).map_err(io_error("write", &file))
}

fn include(file: &str) -> String {
    let line = format!("#include \"{file}.c\"\n");
    match file {
        // The table's home, and FOLD, which calls the functions itself.
        "lj_ir" | "lj_opt_fold" => format!("#undef lj_ir_callinfo\n{line}#define lj_ir_callinfo th_callinfo\n"),
        "lj_state" => format!(
            "#define lj_prng_seed_secure(rs) th_prng_seed((rs), sizeof *(rs))\n{line}#undef lj_prng_seed_secure\n"
        ),
        _ => line,
    }
}
