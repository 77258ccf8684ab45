//! Checks that run on every build: the linked-in one always, releases when asked for.

use std::path::Path;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use luajit_arm64_sys::{Jit, Layout, Library, Variant, build_shared, fetch};

use crate::traces::Traces;

/// A build carries one Lua state at a time, arenas lie at the same addresses, and tests run in threads.
static ARENA: Mutex<()> = Mutex::new(());

#[allow(dead_code, reason = "not every test file uses it")]
/// The tagged word of nil.
pub const NIL: u64 = u64::MAX;

pub fn on(library: &Rc<Library>, check: impl FnOnce(&mut Traces)) {
    let _arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    check(&mut Traces::new(library, Layout::default()));
}

pub fn on_builtin(check: impl FnOnce(&mut Traces)) {
    on(&Library::builtin(), check);
}

/// The n-th of addresses far enough apart for the objects of these tests.
pub fn at(jit: &Jit, n: u64) -> u64 {
    jit.layout().objects() + 0x1000 * (n + 1)
}

pub fn int(value: i32) -> u64 {
    0xfff9_0000_0000_0000 | u64::from(value.cast_unsigned())
}

pub fn num(value: f64) -> u64 {
    value.to_bits()
}

/// A tagged word for an object; `tag` is `LJ_TSTR` and so on.
pub fn tagged(f: &Traces, tag: &str, addr: u64) -> u64 {
    f.jit.tables().value(tag).expect(tag).cast_unsigned() << 47 | addr
}

/// A fact to be checked on a build, and its name.
pub type Check = (&'static str, fn(&mut Traces));

/// Builds a release, plain and with assertions, and runs the checks on both.
pub fn check_release(version: &str, checks: &[Check]) {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let tree = fetch(version, cache).expect("fetched");
    for variant in [Variant::Plain, Variant::Assert] {
        let out = cache.join(format!("{}-{version}-{}.so", env!("CARGO_CRATE_NAME"), variant.name()));
        build_shared(&tree, variant, &out).expect("built");
        let library = Library::load(&out).expect("loads");
        for (name, check) in checks {
            println!("{version} {}: {name}", variant.name());
            on(&library, check);
        }
    }
}

/// Tests of the functions named: each on the linked-in build, all of them on old releases.
macro_rules! checks {
    ($($name:ident)*) => {
        mod builtin {
            $(#[test] fn $name() { super::builds::on_builtin(super::$name); })*
        }

        const CHECKS: &[builds::Check] = &[$((stringify!($name), $name)),*];

        releases! {
            release_210_0_0_agrees  "210.0.0"
            release_210_1_3_agrees  "210.1.3"
            release_210_4_6_agrees  "210.4.6"
            release_210_5_0_agrees  "210.5.0"
            release_210_7_4_agrees  "210.7.4"
        }
    };
}

macro_rules! releases {
    ($($name:ident $version:literal)*) => {$(
        #[test]
        #[ignore = "fetches a release and builds it twice"]
        fn $name() {
            builds::check_release($version, CHECKS);
        }
    )*};
}
