//! Builds of any LuaJIT tree as shared libraries, made at run time.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::compile::{self, BuildError, BuildInfo, Toolchain, Tree, Variant};

/// Builds the tree at a path (a `luajit-src` crate, a LuaJIT checkout or its `src`) into the shared library `out`, and writes
/// [`BuildInfo`] beside it as `out` + `.info`. The compiler is `$CC`, else `cc`; for a [`Variant::Guided`] always clang. A
/// [`Variant::Coverage`] has a third file, `out` + `.gcno`, which [`crate::line_coverage`] reads.
///
/// It works in a temporary folder beside `out`; `out` appears complete or not at all.
///
/// # Errors
/// See [`BuildError`].
pub fn build_shared(tree: &Path, variant: Variant, out: &Path) -> Result<BuildInfo, BuildError> {
    let tree = Tree::find(tree)?;
    let parent = folder_of(out)?;
    let temp = tempfile::Builder::new()
        .prefix(".luajit-build-")
        .tempdir_in(&parent)
        .map_err(io("create a folder in", &parent))?;
    let cc = Toolchain::for_variant(variant)?;
    let prepared = compile::prepare(&tree, variant, &cc, temp.path())?;
    let object = compile::compile_object(&prepared, &[], &cc)?;
    let (library, info) = (temp.path().join("library.so"), temp.path().join("library.info"));
    compile::link_shared(&object, &library, variant, &cc)?;
    fs::write(&info, prepared.info.to_text()).map_err(io("write", &info))?;
    // The library last: whoever finds it finds its description too.
    if variant == Variant::Coverage {
        install(&compile::line_notes(&object), &notes_path(out))?;
    }
    install(&info, &info_path(out))?;
    install(&library, out)?;
    Ok(prepared.info)
}

/// Where [`build_shared`] writes the information about `library`.
pub fn info_path(library: &Path) -> PathBuf {
    beside(library, ".info")
}

/// Where [`build_shared`] writes what gcc knows of the lines of `library`.
pub(crate) fn notes_path(library: &Path) -> PathBuf {
    beside(library, ".gcno")
}

fn beside(library: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(library);
    name.push(ending);
    PathBuf::from(name)
}

/// Absolute, since compilers run in other folders.
fn folder_of(out: &Path) -> Result<PathBuf, BuildError> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(io("create", parent))?;
    fs::canonicalize(parent).map_err(io("find", parent))
}

/// Both files are on one file system: renaming is atomic.
fn install(from: &Path, to: &Path) -> Result<(), BuildError> {
    fs::rename(from, to).map_err(io("write", to))
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { doing, path, source }
}
