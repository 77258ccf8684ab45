//! What may be wrong first.

use crate::code::Place;
use crate::ir::Ref;

/// The first thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Departure {
    /// The instruction behind whose code it was seen.
    pub behind: Option<Ref>,
    /// What is wrong.
    pub what: Wrong,
    /// The address of the word that did it.
    pub word: Option<u64>,
    /// It is the side trace's.
    pub side: bool,
    /// The pass of the loop, from 0.
    pub pass: usize,
    /// Nothing has written the place since the loop went round.
    pub stale: bool,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The value of an instruction, or of a constant.
    Value {
        /// The instruction; `None` for a constant.
        of: Option<Ref>,
        /// A loop carries it.
        carried: bool,
        /// Where it should be.
        place: Place,
        /// Its bits.
        expected: u64,
        /// What was there.
        observed: u64,
    },
    /// What a store left in memory.
    Store {
        /// The store.
        at: Ref,
        /// The bytes.
        expected: u64,
        /// What was there.
        observed: u64,
    },
    /// A guard held that should have failed.
    Held {
        /// The guard.
        at: Ref,
    },
    /// A guard failed that should have held.
    Left {
        /// The guard.
        at: Ref,
    },
    /// The address of a load or store.
    Address {
        /// The load or store.
        at: Ref,
        /// The address.
        expected: u64,
        /// The one that the word has.
        observed: u64,
    },
    /// The register that a side trace takes for the frame's.
    Base {
        /// It.
        register: u8,
        /// The frame's address.
        expected: u64,
        /// What was there.
        observed: u64,
    },
}
