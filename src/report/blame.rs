//! Who is to be blamed for a finding, as a report shows it.

use crate::blame;
use crate::explain::Bits;
use serde::Serialize;

/// The calls in the backend that made what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blame {
    /// The instruction of the root trace that was being assembled.
    pub at: Option<u16>,
    /// The word: its offset from its trace's start, and its bits.
    pub word: Option<(u32, Bits)>,
    /// What its fields say.
    pub fields: Vec<FieldNote>,
    /// The statement at fault, then the calls that led there.
    pub chain: Vec<Frame>,
    /// The function at fault: the one that the bucket names, not one that only encodes what it is told.
    #[serde(skip)]
    pub function: Option<String>,
    /// It in words.
    pub why: String,
    /// Optimisations without any one of which the code is right.
    pub vanishes_without: Vec<String>,
}

impl From<&blame::Blame> for Blame {
    fn from(b: &blame::Blame) -> Blame {
        let note = |f: &blame::FieldNote| FieldNote {
            name: f.name.clone(),
            hi: f.hi,
            lo: f.lo,
            value: f.value,
            text: f.text.clone(),
        };
        let frame = |f: &crate::code::Frame| Frame { function: f.function.clone(), file: f.file.clone(), line: f.line };
        Blame {
            at: b.at.map(|at| at.0),
            word: b.word.as_ref().map(|w| (w.offset, Bits(w.word))),
            fields: b.fields.iter().map(note).collect(),
            chain: b.chain.iter().map(frame).collect(),
            function: blame::function(b),
            why: b.why.clone(),
            vanishes_without: b.vanishes_without.clone(),
        }
    }
}

/// Something to know of a word's field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldNote {
    /// The manual's name.
    pub name: String,
    /// Highest bit.
    pub hi: u8,
    /// Lowest bit.
    pub lo: u8,
    /// What was to be put there.
    pub value: i64,
    /// It in words.
    pub text: String,
}

/// A call in the backend's source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The function.
    pub function: String,
    /// Its file, relative to the root of the backend's source tree.
    pub file: String,
    /// The line of the statement or call.
    pub line: u32,
}

impl Frame {
    /// File and line as editors take them.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}
