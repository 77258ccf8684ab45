//! The store of backends: the built-in LuaJIT, and others built into the user's cache folder.
//!
//! A backend is named by a [`Spec`]: `luajit` (the newest, built in), `luajit@210.4.6` (a release of the `luajit-src` crate) or `luajit@PATH`
//! (a source tree). Each build is a folder `<name>-<variant>-v<interface>` of the cache with the shared library, what it was built from, and how it is called.

use super::luajit::LuaJit;
use super::{Backend, BackendId};
use luajit_arm64_sys::{
    BuildError, BuildInfo, Error as LjError, FetchError, Library, Variant, build_shared, fetch, info_path,
};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use thiserror::Error;

/// What the user calls a backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    source: Source,
    /// The build variant.
    pub variant: Variant,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Source {
    Builtin,
    Release(String),
    Tree(PathBuf),
}

/// Why a backend can't be had.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Not a backend's name.
    #[error("{0:?} is no backend: write luajit, luajit@210.4.6 or luajit@PATH")]
    BadSpec(String),
    /// It is not in the cache.
    #[error("{spec} is not built yet: run `tracehound backends add {spec}`{variant}", variant = variant_hint(.variant))]
    Missing {
        /// Its name.
        spec: String,
        /// Its variant.
        variant: Variant,
    },
    /// Its release can't be fetched.
    #[error("fetching {spec}: {source}")]
    Fetch {
        /// Its name.
        spec: String,
        /// Cargo's reason.
        source: FetchError,
    },
    /// It can't be built.
    #[error("building {spec}: {source}")]
    Build {
        /// Its name.
        spec: String,
        /// The compiler's reason.
        source: BuildError,
    },
    /// It can't be loaded.
    #[error("loading {spec}: {source}")]
    Load {
        /// Its name.
        spec: String,
        /// The reason.
        source: LjError,
    },
    /// It was loaded but does not start.
    #[error("starting {spec}: {why}")]
    Start {
        /// Its name.
        spec: String,
        /// The reason.
        why: String,
    },
    /// A file operation failed.
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn variant_hint(variant: &Variant) -> String {
    if *variant == Variant::Plain { String::new() } else { format!(" with --variant {}", variant.name()) }
}

impl Spec {
    /// The built-in backend.
    pub fn builtin() -> Spec {
        Spec { source: Source::Builtin, variant: Variant::Plain }
    }

    /// Reads a name. A variant may follow the name as `/assert`; `variant` is taken otherwise.
    ///
    /// # Errors
    /// [`StoreError::BadSpec`].
    pub fn parse(text: &str, variant: Variant) -> Result<Spec, StoreError> {
        let bad = || StoreError::BadSpec(text.to_string());
        let (text, variant) = match text.rsplit_once('/').map(|(rest, v)| (rest, Variant::from_name(v))) {
            Some((rest, Some(v))) if !rest.ends_with('/') => (rest, v),
            _ => (text, variant),
        };
        let source = match text.strip_prefix("luajit").ok_or_else(bad)? {
            "" => Source::Builtin,
            rest => match rest.strip_prefix('@').filter(|r| !r.is_empty()).ok_or_else(bad)? {
                version if is_version(version) => Source::Release(version.to_string()),
                path => Source::Tree(PathBuf::from(path)),
            },
        };
        Ok(Spec { source, variant }.normal())
    }

    /// The tree in a folder.
    pub fn tree(folder: &Path, variant: Variant) -> Spec {
        Spec { source: Source::Tree(folder.to_path_buf()), variant }
    }

    /// The folder of the tree, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.source {
            Source::Tree(path) => Some(path),
            Source::Builtin | Source::Release(_) => None,
        }
    }

    /// The built-in release by its number is the built-in one.
    fn normal(self) -> Spec {
        match &self.source {
            Source::Release(v) if *v == builtin_version() => Spec { source: Source::Builtin, ..self },
            _ => self,
        }
    }

    fn is_builtin(&self) -> bool {
        self.source == Source::Builtin && self.variant == Variant::Plain
    }

    /// The folder name in the cache.
    fn slug(&self) -> String {
        let name = match &self.source {
            Source::Builtin => builtin_version(),
            Source::Release(v) => v.clone(),
            Source::Tree(path) => {
                let path = absolute(path);
                let hash = xxhash_rust::xxh3::xxh3_64(path.as_os_str().as_encoded_bytes());
                let last = path.file_name().map_or_else(|| "tree".into(), |n| n.to_string_lossy().into_owned());
                let word: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c)).collect();
                format!("{word}-{hash:016x}")
            }
        };
        format!("luajit-{name}-{}{}", self.variant.name(), interface())
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Builtin => write!(f, "luajit@{}", builtin_version()),
            Source::Release(v) => write!(f, "luajit@{v}"),
            Source::Tree(path) => write!(f, "luajit@{}", path.display()),
        }
    }
}

/// Builds of another interface of the library stay beside those of this one: an update of tracehound builds anew.
fn interface() -> String {
    format!("-v{}", luajit_arm64_sys::INTERFACE)
}

fn is_version(s: &str) -> bool {
    s.starts_with(|c: char| c.is_ascii_digit()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-".contains(&b))
}

fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

/// The release that is linked in, without build metadata: `210.7.4`.
pub fn builtin_version() -> String {
    let full = Library::builtin().info().full_version().to_string();
    full.split('+').next().unwrap_or(&full).to_string()
}

/// A build in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its identity.
    pub id: BackendId,
    /// The compiler that built it.
    pub compiler: String,
    /// Its shared library; `None` for the built-in one.
    pub path: Option<PathBuf>,
}

const LIBRARY: &str = "backend.so";
const NAME: &str = "name";

/// All backends that can be opened: the built-in one first, then the cache's in the order of their folders.
///
/// # Errors
/// When the cache can't be read. A cache that is not there is empty.
pub fn list(cache: &Path) -> Result<Vec<Entry>, StoreError> {
    let builtin = Library::builtin();
    let mut entries = vec![entry(&Spec::builtin().to_string(), builtin.info(), None)];
    let mut folders: Vec<PathBuf> = match fs::read_dir(cache) {
        Ok(dir) => dir.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.join(LIBRARY).is_file()).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => vec![],
        Err(source) => return Err(StoreError::Io { doing: "read the backend cache", path: cache.into(), source }),
    };
    folders.sort();
    for folder in folders.into_iter().filter(|f| f.to_string_lossy().ends_with(&interface())) {
        let library = folder.join(LIBRARY);
        let name = read(&folder.join(NAME))?;
        let info = BuildInfo::parse(&read(&info_path(&library))?);
        entries.push(entry(name.trim(), &info, Some(library)));
    }
    Ok(entries)
}

fn read(path: &Path) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|source| StoreError::Io { doing: "read", path: path.into(), source })
}

fn entry(name: &str, info: &BuildInfo, path: Option<PathBuf>) -> Entry {
    let version = format!("{} (relver {}, sources {})", info.full_version(), info.relver, info.source_hash);
    let id = BackendId { name: name.to_string(), version, variant: info.variant.clone() };
    Entry { id, compiler: info.compiler.clone(), path }
}

/// Fetches and builds a backend into the cache. `again`: also when it is there already; trees of the user's are always built again, since
/// they change. Nothing half-built is left.
///
/// # Errors
/// Cargo's, the compiler's or the system's.
pub fn add(spec: &Spec, cache: &Path, again: bool) -> Result<Entry, StoreError> {
    if spec.is_builtin() {
        return Ok(list(Path::new(""))?.swap_remove(0));
    }
    let folder = cache.join(spec.slug());
    let library = folder.join(LIBRARY);
    let is_tree = matches!(spec.source, Source::Tree(_));
    if library.is_file() && !again && !is_tree {
        let info = BuildInfo::parse(&read(&info_path(&library))?);
        return Ok(entry(&spec.to_string(), &info, Some(library)));
    }
    let tree = match &spec.source {
        Source::Builtin => fetched(spec, &builtin_version(), cache)?,
        Source::Release(v) => fetched(spec, v, cache)?,
        Source::Tree(path) => path.clone(),
    };
    build(spec, &tree, cache, &folder)
}

fn fetched(spec: &Spec, version: &str, cache: &Path) -> Result<PathBuf, StoreError> {
    fetch(version, &cache.join("sources")).map_err(|source| StoreError::Fetch { spec: spec.to_string(), source })
}

/// Builds beside the final folder and moves the whole folder into place.
fn build(spec: &Spec, tree: &Path, cache: &Path, folder: &Path) -> Result<Entry, StoreError> {
    let io = |doing, path: &Path| {
        let path = path.to_path_buf();
        move |source| StoreError::Io { doing, path, source }
    };
    fs::create_dir_all(cache).map_err(io("create the backend cache", cache))?;
    let temp = tempfile::Builder::new().prefix(".new-").tempdir_in(cache).map_err(io("create a folder in", cache))?;
    let made = temp.path().join("made");
    fs::create_dir(&made).map_err(io("create", &made))?;
    let info = build_shared(tree, spec.variant, &made.join(LIBRARY))
        .map_err(|source| StoreError::Build { spec: spec.to_string(), source })?;
    fs::write(made.join(NAME), format!("{spec}\n")).map_err(io("write", &made))?;
    if folder.exists() {
        fs::rename(folder, temp.path().join("old")).map_err(io("replace", folder))?;
    }
    fs::rename(&made, folder).map_err(io("write", folder))?;
    Ok(entry(&spec.to_string(), &info, Some(folder.join(LIBRARY))))
}

/// Whether a backend can be opened as it is: it is the built-in one, or its library is in the cache.
pub fn is_built(spec: &Spec, cache: &Path) -> bool {
    spec.is_builtin() || library_path(spec, cache).is_file()
}

/// The shared library of an added backend.
pub fn library_path(spec: &Spec, cache: &Path) -> PathBuf {
    cache.join(spec.slug()).join(LIBRARY)
}

/// The folder of the source files that a backend was built from, if it is still there.
pub fn source_folder(spec: &Spec, cache: &Path) -> Option<PathBuf> {
    let tree = match &spec.source {
        Source::Builtin => fetched(spec, &builtin_version(), cache).ok()?,
        Source::Release(v) => fetched(spec, v, cache).ok()?,
        Source::Tree(path) => path.clone(),
    };
    ["src", "luajit2/src", "luajit/src"].iter().map(|sub| tree.join(sub)).find(|p| p.is_dir())
}

/// Opens a backend: loads its library and starts its Lua state. A process can have one open at a time.
///
/// # Errors
/// [`StoreError::Missing`] with the command that adds it, or why it does not load or start.
pub fn open(spec: &Spec, cache: &Path) -> Result<Box<dyn Backend>, StoreError> {
    let name = spec.to_string();
    let library: Rc<Library> = if spec.is_builtin() {
        Library::builtin()
    } else {
        let path = cache.join(spec.slug()).join(LIBRARY);
        if !path.is_file() {
            return Err(StoreError::Missing { spec: name, variant: spec.variant });
        }
        Library::load(&path).map_err(|source| StoreError::Load { spec: name.clone(), source })?
    };
    let id = entry(&name, library.info(), None).id;
    let backend = LuaJit::new(&library, id).map_err(|why| StoreError::Start { spec: name, why })?;
    Ok(Box::new(backend))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(s: &str) -> Option<String> {
        Spec::parse(s, Variant::Plain).ok().map(|spec| format!("{spec} {}", spec.variant.name()))
    }

    #[test]
    fn a_number_is_a_release_and_all_else_a_path() {
        assert_eq!(parse("luajit@210.4.6").as_deref(), Some("luajit@210.4.6 plain"));
        assert_eq!(parse("luajit@210.4.6/assert").as_deref(), Some("luajit@210.4.6 assert"));
        assert_eq!(parse("luajit@./tree").as_deref(), Some("luajit@./tree plain"));
        assert_eq!(parse("luajit@/a/b/assert-tree").as_deref(), Some("luajit@/a/b/assert-tree plain"));
        assert_eq!(parse("luajit@"), None);
        assert_eq!(parse("v8"), None);
    }

    #[test]
    fn the_built_in_release_has_two_names() {
        let by_number = Spec::parse(&format!("luajit@{}", builtin_version()), Variant::Plain).unwrap();
        assert_eq!(by_number, Spec::parse("luajit", Variant::Plain).unwrap());
        assert!(by_number.is_builtin());
    }

    #[test]
    fn a_backend_that_was_not_added_names_the_command() {
        let cache = tempfile::tempdir().unwrap();
        let spec = Spec::parse("luajit@210.4.6", Variant::Assert).unwrap();
        let message = open(&spec, cache.path()).err().unwrap().to_string();
        assert!(message.contains("tracehound backends add luajit@210.4.6` with --variant assert"), "{message}");
    }

    #[test]
    fn a_folder_that_is_no_luajit_leaves_nothing_behind() {
        let cache = tempfile::tempdir().unwrap();
        let tree = tempfile::tempdir().unwrap();
        let spec = Spec::parse(&format!("luajit@{}", tree.path().display()), Variant::Plain).unwrap();
        let message = add(&spec, cache.path(), false).unwrap_err().to_string();
        assert!(message.contains("not a LuaJIT tree"), "{message}");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
