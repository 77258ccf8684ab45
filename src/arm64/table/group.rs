//! The top levels of the encoding space, which say what a word without a row is: unallocated, or allocated but not described here.

use crate::arm64::layout::{Field, Layout};

/// The name of bits that do not decide which group a word is in.
pub const OPEN: &str = "any";

/// What the words of a group are that no row matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Unallocated in Armv8.0-A: executing one is undefined.
    Unallocated,
    /// Allocated at least in part; the table does not describe it.
    NotDescribed,
}

/// A region of the encoding space.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) rest: Rest,
    layout: Layout,
}

impl Group {
    const fn new(name: &'static str, rest: Rest, pattern: &'static str) -> Self {
        Self { name, rest, layout: Layout::parse(pattern) }
    }

    /// Its fields, from the top bit down.
    pub(crate) fn fields(&self) -> &[Field] {
        self.layout.fields()
    }

    /// The bits that it leaves open; where there are none, those that tell it from others.
    pub(crate) fn open_bits(&self) -> u32 {
        let open = self.fields().iter().filter(|field| field.name == OPEN);
        let bits = open.fold(0, |bits, field| bits | field.bits());
        if bits == 0 { self.layout.mask } else { bits }
    }

    /// The first group that holds `word`; together they hold every word.
    pub(crate) fn of(word: u32) -> &'static Self {
        let found = GROUPS.iter().find(|group| word & group.layout.mask == group.layout.value);
        found.expect("the groups cover the encoding space")
    }
}

use Rest::{NotDescribed, Unallocated};

/// The groups, exceptions first.
#[rustfmt::skip]
static GROUPS: &[Group] = &[
    Group::new("permanently undefined (udf)",            Unallocated,  "0000000000000000 imm16"),
    Group::new("the reserved space",                     Unallocated,  "any:3 0000 any:25"),
    Group::new("the unallocated space (op0 0001)",       Unallocated,  "any:3 0001 any:25"),
    Group::new("SVE",                                    NotDescribed, "any:3 0010 any:25"),
    Group::new("the unallocated space (op0 0011)",       Unallocated,  "any:3 0011 any:25"),
    Group::new("data processing (immediate)",            Unallocated,  "any:3 100 any:26"),
    Group::new("system instructions",                    NotDescribed, "1101010100 any:22"),
    Group::new("branches and exceptions",                Unallocated,  "any:3 101 any:26"),
    Group::new("Advanced SIMD structure loads, stores",  NotDescribed, "0 any 00110 any:25"),
    Group::new("loads and stores",                       Unallocated,  "any:4 1 any 0 any:25"),
    Group::new("data processing (register)",             Unallocated,  "any:4 101 any:25"),
    Group::new("scalar floating point",                  Unallocated,  "any 0 any 1111 any:25"),
    Group::new("Advanced SIMD (scalar)",                 NotDescribed, "01 any 1111 any:25"),
    Group::new("Advanced SIMD (vector)",                 NotDescribed, "0 any:2 0111 any:25"),
    Group::new("Advanced SIMD (SHA-3, SHA-512)",         NotDescribed, "1100111 any:25"),
    Group::new("floating point and Advanced SIMD",       Unallocated,  "any:4 111 any:25"),
];
