//! One case of a corpus: where it is from, and how it is written.

use crate::campaign::{self, CampaignError, CaseFileError};
use crate::case::Case;
use crate::pack::pack;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// How cases are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// As libFuzzer keeps them.
    Packed,
    /// As `.trace` files.
    Text,
}

impl Form {
    pub(super) fn of(text: bool) -> Form {
        if text { Form::Text } else { Form::Packed }
    }
}

/// A case that was read.
pub(super) struct Entry {
    pub path: PathBuf,
    pub case: Case,
    /// Its file, or what that stands for.
    text: String,
    packed: Vec<u8>,
}

impl Entry {
    pub(super) fn read(path: &Path) -> Result<Entry, CaseFileError> {
        let (text, file) = campaign::read_case(path)?;
        let packed = pack(&file.case);
        Ok(Entry { path: path.to_owned(), case: file.case, text, packed })
    }

    /// The same for equal cases, whatever they were read from.
    pub(super) fn hash(&self) -> String {
        format!("{:032x}", xxh3_128(&self.packed))
    }

    /// Bytes of the packed case.
    pub(super) fn size(&self) -> usize {
        self.packed.len()
    }

    /// Writes it: packed under its hash; as text under its name, and its hash too where that name is taken.
    pub(super) fn write(&self, folder: &Path, form: Form) -> Result<(), CampaignError> {
        match form {
            Form::Packed => campaign::write_whole(&folder.join(self.hash()), &self.packed),
            Form::Text => campaign::write_whole(&self.text_path(folder), self.text.as_bytes()),
        }
    }

    fn text_path(&self, folder: &Path) -> PathBuf {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.strip_suffix(".trace").unwrap_or(&name);
        let own = folder.join(format!("{stem}.trace"));
        if own.exists() { folder.join(format!("{stem}-{}.trace", self.hash())) } else { own }
    }
}
