//! A build of LuaJIT: the one linked in, or a shared library.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::abi::{self, Api, status, th_api_get};
use crate::blame::{self, BlameApi};
use crate::compile::BuildInfo;
use crate::coverage::counters_path;
use crate::edges::EdgesApi;
use crate::error::Error;
use crate::jit::last_error;
use crate::tables::Tables;

/// A build of LuaJIT. It carries one Lua state at a time: see [`crate::Jit`].
#[derive(Debug)]
pub struct Library {
    api: &'static Api,
    tables: Tables,
    info: BuildInfo,
    more: More,
    /// Where it was loaded from.
    path: Option<PathBuf>,
}

/// Tables that only some builds have.
#[derive(Debug, Default)]
struct More {
    /// Of a `blame` build.
    blame: Option<&'static BlameApi>,
    /// Of a `guided` build.
    edges: Option<&'static EdgesApi>,
}

impl Library {
    /// The release this crate was built with.
    pub fn builtin() -> Rc<Self> {
        // SAFETY: the function takes nothing and returns the address of a constant.
        let api = unsafe { &*th_api_get() };
        Rc::new(Self::new(api, More::default(), None))
    }

    /// A shared library made by [`crate::build_shared`]. It stays loaded until the process ends.
    ///
    /// # Errors
    /// If it can't be loaded, or another version of this crate made it.
    pub fn load(path: &Path) -> Result<Rc<Self>, Error> {
        let path = fs::canonicalize(path).map_err(|source| Error::NotFound { path: path.to_owned(), source })?;
        let (api, more) = open(&path).map_err(|source| Error::Load { path: path.clone(), source })?;
        Ok(Rc::new(Self::new(check_interface(api, &path)?, more, Some(path))))
    }

    fn new(api: &'static Api, more: More, path: Option<PathBuf>) -> Self {
        // SAFETY: the tables are constants of a library that is never unloaded.
        let tables = unsafe { Tables::read((api.tables)()) };
        let info = BuildInfo::parse(tables.build_info);
        Self { api, tables, info, more, path }
    }

    /// This release's numbers.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Which LuaJIT this is and how it was built.
    pub fn info(&self) -> &BuildInfo {
        &self.info
    }

    /// Adds what the lines of this build executed since the last call to the counters in `folder`, which [`crate::line_coverage`]
    /// reads. Other processes may write to the same folder.
    ///
    /// # Errors
    /// `BadArgument` if this is no [`Variant::Coverage`](crate::Variant::Coverage), or the folder can't be made or written to.
    pub fn dump_coverage(&self, folder: &Path) -> Result<(), Error> {
        let unusable = || Error::BadArgument { text: format!("cannot write line counters to {}", folder.display()) };
        let name = CString::new(folder.as_os_str().as_bytes()).map_err(|_| unusable())?;
        fs::create_dir_all(folder).map_err(|_| unusable())?;
        // SAFETY: the name is a C string; `Library` stays on one thread.
        match unsafe { (self.api.passes.coverage)(name.as_ptr()) } {
            // gcc's library does not tell.
            status::OK if counters_path(folder).is_file() => Ok(()),
            status::OK => Err(unusable()),
            code => Err(last_error(self.api, code, &self.tables)),
        }
    }

    /// The file it was loaded from; none for the one linked in.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn api(&self) -> &'static Api {
        self.api
    }

    pub(crate) fn blame(&self) -> Option<&'static BlameApi> {
        self.more.blame
    }

    pub(crate) fn edges(&self) -> Option<&'static EdgesApi> {
        self.more.edges
    }
}

/// What every build exports.
type GetApi = unsafe extern "C" fn() -> *const Api;
/// What a `blame` build exports beside it.
type GetBlame = unsafe extern "C" fn() -> &'static BlameApi;
/// What a `guided` build exports beside it.
type GetEdges = unsafe extern "C" fn() -> &'static EdgesApi;

/// The addresses of the library's tables; the first one's first two words can be read whatever its version.
fn open(path: &Path) -> Result<(*const Api, More), libloading::Error> {
    // SAFETY: loading runs no code of the library but the compilers' own to register counters. The symbols have these types in every
    // version.
    unsafe {
        let library = libloading::Library::new(path)?;
        let get: libloading::Symbol<'_, GetApi> = library.get(b"th_api_get\0")?;
        let api = get();
        let blame = library.get::<GetBlame>(b"th_blame_get\0").ok().map(|get| get());
        let edges = library.get::<GetEdges>(b"th_edges_get\0").ok().map(|get| get());
        // Unloading would invalidate the tables' strings.
        std::mem::forget(library);
        let more = More { blame: blame.filter(|api| blame::is_ours(api)), edges: edges.filter(|api| api.is_ours()) };
        Ok((api, more))
    }
}

fn check_interface(api: *const Api, path: &Path) -> Result<&'static Api, Error> {
    // SAFETY: version and size come first in every version of the table, which is a constant of a loaded library.
    let [version, size] = unsafe { api.cast::<[u32; 2]>().read() };
    if version != abi::VERSION || size as usize != size_of::<Api>() {
        return Err(Error::WrongInterface { path: PathBuf::from(path), found: version, wanted: abi::VERSION });
    }
    // SAFETY: the table has our version and size.
    Ok(unsafe { &*api })
}
