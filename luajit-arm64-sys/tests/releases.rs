//! Old and new releases: each is fetched, built, loaded, and assembles the same small traces.

mod traces;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use luajit_arm64_sys::{
    Error, FetchError, Jit, Layout, Library, Link, Opts, SnapEntry, TRef, Variant, build_shared, fetch,
};
use traces::{Traces, is_add_word};

/// Arenas of different releases lie at the same addresses, and tests run in threads.
static ARENA: Mutex<()> = Mutex::new(());

fn cache() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn check(version: &str, variant: Variant) {
    let tree = fetch(version, cache()).expect("fetched");
    let out = cache().join(format!("{version}-{}.so", variant.name()));
    match build_shared(&tree, variant, &out) {
        Ok(info) => assert!(info.id().starts_with(&format!("luajit@{version}")), "{}", info.id()),
        Err(error) => panic!("{version} {}: {error}", variant.name()),
    }
    let library = Library::load(&out).expect("loads");
    let _arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    let mut f = Traces::new(&library, Layout::default());
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let words = f.words();
    assert_eq!(words.iter().filter(|&&word| is_add_word(word)).count(), 1, "{version}: {words:x?}");
    f.jit.reset();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    assert_eq!(f.words(), words, "{version}: a reset brings everything back");
    f.check_gfail();
    f.check_restore();
    f.jit.reset();
    f.check_loop();
    f.jit.reset();
    f.check_side();
    println!("{} {} {:?}", library.info().id(), library.tables().version, words.len());
}

macro_rules! releases {
    ($($name:ident $version:literal)*) => {$(
        #[test]
        #[ignore = "fetches a release and builds it twice"]
        fn $name() {
            check($version, Variant::Plain);
            check($version, Variant::Assert);
        }
    )*};
}

// Both sides of every change the C side has an `#ifdef` for.
releases! {
    release_210_0_0_builds_and_assembles  "210.0.0"
    release_210_1_3_builds_and_assembles  "210.1.3"
    release_210_4_3_builds_and_assembles  "210.4.3"
    release_210_4_6_builds_and_assembles  "210.4.6"
    release_210_4_8_builds_and_assembles  "210.4.8"
    release_210_5_0_builds_and_assembles  "210.5.0"
    release_210_5_12_builds_and_assembles "210.5.12"
    release_210_7_2_builds_and_assembles  "210.7.2"
    release_210_7_4_builds_and_assembles  "210.7.4"
}

/// Two loads just below a pointer; the old assembler merges them into a pair with a negative offset.
fn words_of_loads_below_a_pointer(version: &str) -> Vec<u32> {
    let tree = fetch(version, cache()).expect("fetched");
    let out = cache().join(format!("{version}-pair.so"));
    build_shared(&tree, Variant::Plain, &out).expect("built");
    let _arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    let mut f = Traces::new(&Library::load(&out).expect("loads"), Layout::default());
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let base = f.load("P64", 64);
    let loads = [-8i64, -4].map(|ofs| {
        let ofs = f.jit.kint64(ofs.cast_unsigned()).expect("k");
        let addr = f.emit("ADD", "P64", base, ofs);
        f.emit("XLOAD", "INT", addr, TRef(0))
    });
    let live = [SnapEntry::new(2, loads[0]), SnapEntry::new(3, loads[1])];
    f.jit.snap(&live, 4).expect("snapshot");
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.words()
}

/// LuaJIT #1028: the offset of a pair was not masked and spilled into the opcode.
#[test]
#[ignore = "fetches and builds two releases"]
fn a_pair_below_its_base_is_undefined_before_210_4_7() {
    let is_ldp = |word: &&u32| **word >> 22 == 0b00_1010_0101;
    let old = words_of_loads_below_a_pointer("210.4.6");
    assert!(old.iter().any(|word| word >> 24 == 0xff), "{old:x?}");
    let new = words_of_loads_below_a_pointer("210.4.8");
    assert_eq!(new.iter().filter(is_ldp).count(), 1, "{new:x?}");
}

#[test]
#[ignore = "fetches and builds a release"]
fn random_allocation_is_reproducible() {
    check("210.7.4", Variant::RandomRa);
}

#[test]
#[ignore = "fetches and builds a release"]
fn a_seed_decides_which_registers_a_random_build_picks() {
    let tree = fetch("210.7.4", cache()).expect("fetched");
    let out = cache().join("210.7.4-seeds.so");
    build_shared(&tree, Variant::RandomRa, &out).expect("built");
    let _arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    let mut f = Traces::new(&Library::load(&out).expect("loads"), Layout::default());
    let mut words = |seed| {
        f.jit.reset();
        assert!(f.jit.set_ra_seed(seed), "this build is random");
        f.sum();
        f.jit.assemble(Link::Return, 0).expect("assembled");
        f.words()
    };
    let each: Vec<_> = (0..8).map(&mut words).collect();
    let again: Vec<_> = (0..8).map(&mut words).collect();
    assert_eq!(each, again);
    assert!(each.iter().any(|other| *other != each[0]), "{each:x?}");
}

#[test]
#[ignore = "fetches and builds a release"]
fn code_out_of_reach_of_its_exit_handler_is_refused_before_2025_11() {
    let tree = fetch("210.4.6", cache()).expect("fetched");
    let out = cache().join("210.4.6-far.so");
    build_shared(&tree, Variant::Plain, &out).expect("built");
    let library = Library::load(&out).expect("loads");
    let _arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    let error = Jit::new(&library, Layout::FAR).expect_err("its stubs branch directly");
    assert!(matches!(&error, Error::Trace(e) if e.name == "MCODEAL"), "{error}");
    let mut f = Traces::new(&library, Layout::NEAR);
    f.check_loop();
    f.jit.reset();
    f.check_side();
}

#[test]
#[ignore = "asks the registry"]
fn an_unknown_release_gives_cargos_message() {
    let error = fetch("210.99.99", cache()).expect_err("there is none");
    assert!(matches!(&error, FetchError::Cargo { message, .. } if message.contains("210.99.99")), "{error}");
}
