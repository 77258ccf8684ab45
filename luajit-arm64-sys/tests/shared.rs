//! Shared libraries built at run time: the assert variant, and what is left when a build fails.

mod traces;

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, OnceLock, PoisonError};

use luajit_arm64_sys::{
    BuildError, BuildInfo, Error, FetchError, Jit, Layout, Library, Link, Opts, SnapEntry, Variant, build_shared,
    fetch, info_path,
};
use traces::Traces;

fn source() -> &'static Path {
    Path::new(env!("LUAJIT_SOURCE"))
}

/// One build for all tests: it takes many seconds.
fn assert_library() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("assert.so");
        build_shared(source(), Variant::Assert, &path).expect("the newest release builds");
        path
    };
    PATH.get_or_init(build).clone()
}

/// Other tests of this process may hold the default addresses.
const LAYOUT: Layout = Layout { base: 0x1100_0000_0000, ..Layout::DEFAULT };

/// Runs `body` alone with the shared build: tests run in threads, a build's state is one.
fn with_library(body: impl FnOnce(&Rc<Library>)) {
    static ONE: Mutex<()> = Mutex::new(());
    let path = assert_library();
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    body(&Library::load(&path).expect("loads"));
}

fn with_asserts(body: impl FnOnce(&mut Traces)) {
    with_library(|library| body(&mut Traces::new(library, LAYOUT)));
}

/// A copy of the newest release's tree in which one file ends in `text`.
fn broken_tree(dir: &Path, file: &str, text: &str) {
    for folder in ["src", "src/host", "dynasm"] {
        fs::create_dir_all(dir.join(folder)).expect("created");
        for entry in fs::read_dir(source().join("luajit2").join(folder)).expect("listed") {
            let path = entry.expect("listed").path();
            if path.is_file() {
                let name = path.file_name().expect("named");
                fs::write(dir.join(folder).join(name), fs::read(&path).expect("read")).expect("written");
            }
        }
    }
    let path = dir.join(file);
    let old = fs::read_to_string(&path).expect("read");
    fs::write(&path, old + text).expect("written");
}

#[test]
fn a_shared_build_tells_what_it_is() {
    with_asserts(|f| {
        let library = f.jit.library();
        assert!(library.tables().asserts);
        assert_eq!(library.info().id(), "luajit@210.7.4/assert");
        let beside = fs::read_to_string(info_path(&assert_library())).expect("written beside the library");
        assert_eq!(&BuildInfo::parse(&beside), library.info());
        assert_eq!(library.info().source_hash, Library::builtin().info().source_hash);
    });
}

#[test]
fn a_failed_assertion_names_its_text_and_the_instruction() {
    with_asserts(|f| {
        f.jit.begin(Opts::DEFAULT).expect("begun");
        f.jit.snap(&[], 2).expect("snapshot");
        let ptr = f.jit.kptr(f.jit.regions()[2].addr).expect("constant");
        let unaligned = f.jit.tables().value("IRXLOAD_UNALIGNED").expect("known");
        let (op, ty) = (f.op("XLOAD"), f.ty("INT"));
        let load = f.jit.emit(op, ty, ptr.0, unaligned.try_into().expect("small")).expect("emitted");
        f.jit.snap(&[SnapEntry::new(2, load)], 3).expect("snapshot");
        let error = f.jit.assemble(Link::Return, 0).expect_err("ARM64 has no unaligned loads for LuaJIT");
        let Error::Assert { text, at_ref } = error else { panic!("{error}") };
        assert!(text.starts_with("lj_asm_arm64.h:") && text.contains("unaligned"), "{text}");
        assert_eq!(at_ref, Some(load));
        assert!(matches!(f.jit.begin(Opts::DEFAULT), Err(Error::BadArgument { .. })), "only a reset helps");
        f.jit.reset();
        f.sum();
        f.jit.assemble(Link::Return, 0).expect("assembled");
    });
}

#[test]
fn restoring_passes_luajits_own_assertions() {
    with_asserts(Traces::check_restore);
}

#[test]
fn an_arena_too_small_for_a_state_is_refused_and_the_build_stays_usable() {
    with_library(|library| {
        let layout = Layout { heap_size: 8192, object_ofs: 4096, object_size: 4096, ..LAYOUT };
        let error = Jit::new(library, layout).expect_err("too small");
        assert!(matches!(error, Error::OutOfArena { .. }), "{error}");
        Traces::new(library, LAYOUT).sum();
    });
}

#[test]
fn taken_addresses_are_refused() {
    with_library(|library| {
        let _other = Traces::new(&Library::builtin(), LAYOUT);
        let error = Jit::new(library, LAYOUT).expect_err("taken");
        assert!(matches!(error, Error::OutOfArena { .. }), "{error}");
    });
}

#[test]
fn a_broken_tree_gives_the_compilers_error_and_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (tree, out) = (dir.path().join("tree"), dir.path().join("out"));
    broken_tree(&tree, "src/lj_target_arm64.h", "\n#error broken on purpose\n");
    fs::create_dir(&out).expect("created");
    let error = build_shared(&tree, Variant::Plain, &out.join("x.so")).expect_err("does not compile");
    assert!(error.to_string().contains("#error broken on purpose"), "{error}");
    assert_eq!(fs::read_dir(&out).expect("listed").count(), 0);
}

#[test]
fn a_folder_without_luajit_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let error = build_shared(dir.path(), Variant::Plain, &dir.path().join("x.so")).expect_err("no tree");
    let wanted = format!("not a LuaJIT tree: no src/lj_asm_arm64.h in {}", dir.path().display());
    assert!(matches!(error, BuildError::NotATree { .. }) && error.to_string().starts_with(&wanted), "{error}");
}

#[test]
fn a_tree_without_random_allocation_has_no_such_variant() {
    let dir = tempfile::tempdir().expect("a folder");
    broken_tree(&dir.path().join("tree"), "src/lj_asm.c", "");
    let file = dir.path().join("tree/src/lj_asm.c");
    let text = fs::read_to_string(&file).expect("read").replace("LUAJIT_RANDOM_RA", "LUAJIT_OTHER");
    fs::write(&file, text).expect("written");
    let out = dir.path().join("x.so");
    let error = build_shared(&dir.path().join("tree/src"), Variant::RandomRa, &out).expect_err("too old");
    assert!(matches!(error, BuildError::NoRandomRa { .. }), "{error}");
}

#[test]
fn a_library_of_something_else_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.so");
    assert!(matches!(Library::load(&path), Err(Error::NotFound { .. })));
    fs::write(&path, "text").expect("written");
    assert!(matches!(Library::load(&path), Err(Error::Load { .. })));
}

#[test]
fn nonsense_is_no_version() {
    let dir = tempfile::tempdir().expect("a folder");
    for version in ["", "1\"\n", "../x", "210 4"] {
        assert!(matches!(fetch(version, dir.path()), Err(FetchError::BadVersion { .. })), "{version}");
    }
}
