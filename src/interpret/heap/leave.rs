//! The heap as an outcome shows it: the world's objects, and all that can be reached.

use super::super::error::Undefined;
use super::{Body, Cell, ENV, Heap, THREAD};
use crate::outcome::{self, ObjectState};
use crate::world::GCV_MASK;

/// Tags of objects, 17 bits: `LJ_TUDATA` to `LJ_TSTR`.
const OBJECT_TAGS: std::ops::RangeInclusive<u64> = 0x1_fff3..=0x1_fffb;

impl Heap {
    /// States of the world's objects and of those that `roots` and they lead to. `stack` has open upvalues.
    pub fn states(&self, world_objects: usize, stack: &[u64], roots: &[u64]) -> Result<outcome::Heap, Undefined> {
        let mut states = outcome::Heap::new();
        let mut open: Vec<u64> = self.objects[..world_objects].iter().map(|o| o.address).collect();
        open.extend(roots.iter().filter_map(|w| object(*w)));
        while let Some(address) = open.pop() {
            if states.contains_key(&address) {
                continue;
            }
            match self.find(address) {
                Some(n) => {
                    states.insert(address, state(self.body(n), stack, &mut open)?);
                }
                None if address == THREAD => {
                    states.insert(address, ObjectState::Other);
                }
                // Whatever globals there are is the library's affair.
                None if address == ENV => return Err(Undefined::Opaque),
                // Memory that a case says is a string, or null.
                None => {}
            }
        }
        Ok(states)
    }
}

/// An object's state; adds addresses of what it leads to.
fn state(body: &Body, stack: &[u64], open: &mut Vec<u64>) -> Result<ObjectState, Undefined> {
    let mut lead = |words: &[u64]| open.extend(words.iter().filter_map(|w| object(*w)));
    Ok(match body {
        Body::Str(bytes) => ObjectState::Str(bytes.clone()),
        Body::Table(t) => {
            let entries = t.entries();
            entries.iter().for_each(|(k, v)| lead(&[*k, *v]));
            open.extend((t.meta != 0).then_some(t.meta));
            ObjectState::Table { entries, meta: t.meta, black: t.black }
        }
        Body::Func(cells) => {
            let word = |c: &Cell| match c {
                Cell::Closed(word) => *word,
                Cell::Open(slot) => stack[*slot],
            };
            let words: Vec<u64> = cells.iter().map(word).collect();
            lead(&words);
            ObjectState::Func(words)
        }
        Body::Udata { meta, payload } => {
            open.extend((*meta != 0).then_some(*meta));
            ObjectState::Udata(*meta, payload.clone())
        }
        Body::Cdata(c) if c.blank.contains(&true) => return Err(Undefined::Uninitialised),
        Body::Cdata(c) => ObjectState::Cdata(Some(c.ty), c.payload.clone()),
    })
}

/// The address of the object that a word is.
fn object(word: u64) -> Option<u64> {
    OBJECT_TAGS.contains(&(word >> 47)).then_some(word & GCV_MASK)
}
