//! Old and new releases: each is fetched, built, loaded, and assembles the same small traces.

mod traces;

use std::path::Path;

use luajit_arm64_sys::{FetchError, Layout, Library, Link, Variant, build_shared, fetch};
use traces::{Traces, is_add_word};

fn cache() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn check(version: &str, variant: Variant) {
    let tree = fetch(version, cache()).expect("fetched");
    let out = cache().join(format!("{version}-{}.so", variant.name()));
    match build_shared(&tree, variant, &out) {
        Ok(info) => assert!(
            info.id().starts_with(&format!("luajit@{version}")),
            "{}",
            info.id()
        ),
        Err(error) => panic!("{version} {}: {error}", variant.name()),
    }
    let library = Library::load(&out).expect("loads");
    let mut f = Traces::new(&library, Layout::default());
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let words = f.words();
    assert_eq!(
        words.iter().filter(|&&word| is_add_word(word)).count(),
        1,
        "{version}: {words:x?}"
    );
    f.jit.reset();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    assert_eq!(
        f.words(),
        words,
        "{version}: a reset brings everything back"
    );
    f.check_gfail();
    f.check_restore();
    println!(
        "{} {} {:?}",
        library.info().id(),
        library.tables().version,
        words.len()
    );
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

#[test]
#[ignore = "fetches and builds a release"]
fn random_allocation_is_reproducible() {
    check("210.7.4", Variant::RandomRa);
}

#[test]
#[ignore = "asks the registry"]
fn an_unknown_release_gives_cargos_message() {
    let error = fetch("210.99.99", cache()).expect_err("there is none");
    assert!(
        matches!(&error, FetchError::Cargo { message, .. } if message.contains("210.99.99")),
        "{error}"
    );
}
