//! A table: values by key, and what can be known of where they lie.
//!
//! Keys are in an array part or in nodes. Which node a key has is the hash function's affair, which is not modelled: after a new key
//! has been inserted, other nodes may have moved, and keys without a value may be gone (`lj_tab.c: lj_tab_newkey`).

use super::super::error::Undefined;
use crate::ir::ObjId;
use crate::world::{TV_NIL, encode_int};
use std::collections::{BTreeMap, BTreeSet};

/// What a table holds.
#[derive(Clone, Debug)]
pub struct Table {
    /// Words of the array part.
    pub array: Vec<u64>,
    /// How many nodes it has; 0 for no hash part.
    pub nodes: u32,
    /// Values of keys that have a node, nil too.
    pub(super) hash: BTreeMap<u64, u64>,
    /// Keys without a value, whose nodes others may have taken.
    pub(super) ghosts: BTreeSet<u64>,
    /// At most this many nodes are taken, by living and dead keys.
    pub(super) taken: u32,
    /// Address of the metatable, or 0.
    pub meta: u64,
    /// The collector has marked it black.
    pub black: bool,
    /// Cache of absent metamethods, where known.
    pub nomm: Option<u8>,
    /// Its nodes lie as those of this object of the world do at first.
    pub layout: Option<ObjId>,
    /// How often the array part has, or may have, moved.
    pub array_moves: u32,
    /// How often nodes have, or may have, moved.
    pub node_moves: u32,
    /// Both sizes are known.
    pub sized: bool,
}

/// What a search for a key finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A node with this value.
    Value(u64),
    /// No node.
    Absent,
    /// A node, or none: another key may have taken it.
    Unknown,
}

impl Table {
    /// An empty one (`lj_tab_new`).
    pub fn new(asize: u32, hbits: u32) -> Table {
        Table {
            array: vec![TV_NIL; asize as usize],
            nodes: if hbits == 0 { 0 } else { 1 << hbits },
            hash: BTreeMap::new(),
            ghosts: BTreeSet::new(),
            taken: 0,
            meta: 0,
            black: false,
            nomm: Some(0xff),
            layout: None,
            array_moves: 0,
            node_moves: 0,
            sized: true,
        }
    }

    /// Gives it keys and values of the hash part, which has room for them.
    pub fn put_all(&mut self, pairs: impl Iterator<Item = (u64, u64)>) {
        self.hash.extend(pairs);
        self.taken = u32::try_from(self.hash.len()).unwrap_or(u32::MAX);
    }

    /// A search in the hash part.
    pub fn find(&self, key: u64) -> Found {
        match self.hash.get(&key) {
            Some(value) => Found::Value(*value),
            None if self.ghosts.contains(&key) => Found::Unknown,
            None => Found::Absent,
        }
    }

    /// The value of a key that has a node.
    pub fn set(&mut self, key: u64, value: u64) {
        self.hash.insert(key, value);
    }

    /// Size of the hash part, less one.
    pub fn hmask(&self) -> u32 {
        self.nodes.saturating_sub(1)
    }

    /// A copy as `lj_tab_dup` makes it: without metatable.
    pub fn duplicate(&self) -> Result<Table, Undefined> {
        // Some releases take a table there for the mark of a nil.
        if self.hash.values().any(|v| v.cast_signed() >> 47 == crate::world::itype(crate::ir::Type::Tab)) {
            return Err(Undefined::NilMarker);
        }
        Ok(Table { meta: 0, black: false, nomm: Some(0), array_moves: 0, node_moves: 0, ..self.clone() })
    }

    /// `lj_tab_clear`: no values, no keys, the same room.
    pub fn clear(&mut self) {
        self.array.fill(TV_NIL);
        self.hash.clear();
        self.ghosts.clear();
        self.taken = 0;
        self.node_moves += 1;
    }

    /// `lj_tab_newkey`: a node with nil for a key that has none.
    pub fn insert(&mut self, key: u64) -> Result<(), Undefined> {
        match self.find(key) {
            Found::Absent => {}
            Found::Value(_) => return Err(Undefined::KeyExists),
            Found::Unknown => return Err(Undefined::KeyUnknown),
        }
        self.black = false;
        self.layout = None;
        self.node_moves += 1;
        if self.taken >= self.nodes {
            self.overflow();
        } else {
            self.taken += 1;
            self.doubt_blank_keys();
        }
        self.hash.insert(key, TV_NIL);
        Ok(())
    }

    /// There may be no free node. Where that is sure, so is what follows.
    fn overflow(&mut self) {
        let full = self.hash.len() == self.nodes as usize && self.hash.values().all(|v| *v != TV_NIL);
        if full && self.sized {
            self.rehash();
        } else {
            self.sized = false;
            self.nomm = None;
            self.array_moves += 1;
            self.doubt_blank_keys();
        }
    }

    fn doubt_blank_keys(&mut self) {
        let blank: Vec<u64> = self.hash.iter().filter(|(_, v)| **v == TV_NIL).map(|(k, _)| *k).collect();
        for key in blank {
            self.hash.remove(&key);
            self.ghosts.insert(key);
        }
    }

    /// The border, if there is only one: else the length may be any of them (`lj_tab_len`).
    pub fn border(&self) -> Result<u32, Undefined> {
        let ints = self.hash.iter().filter(|(k, v)| **k >> 32 == crate::world::TAG_INT && **v != TV_NIL);
        let keys = ints.map(|(k, _)| super::super::sem::int(*k));
        let array = (0i32..).zip(&self.array).filter(|(_, v)| **v != TV_NIL).map(|(i, _)| i);
        let taken: BTreeSet<i32> = keys.chain(array).filter(|k| *k >= 1).collect();
        let at_start = (!taken.contains(&1)).then_some(0);
        let ends = taken.iter().copied().filter(|k| !k.checked_add(1).is_some_and(|next| taken.contains(&next)));
        let mut borders = at_start.into_iter().chain(ends);
        match (borders.next(), borders.next()) {
            (Some(only), None) => Ok(only.cast_unsigned()),
            _ => Err(Undefined::SeveralBorders),
        }
    }

    /// All keys with a value, ascending.
    pub fn entries(&self) -> Vec<(u64, u64)> {
        let array = (0i32..).zip(&self.array).map(|(i, v)| (encode_int(i), *v));
        let hash = self.hash.iter().map(|(k, v)| (*k, *v));
        let mut all: Vec<(u64, u64)> = array.chain(hash).filter(|(_, v)| *v != TV_NIL).collect();
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{TV_FALSE, TV_TRUE};

    fn int(i: i32) -> u64 {
        encode_int(i)
    }

    #[test]
    fn a_new_key_has_room_while_nodes_are_free() {
        let mut t = Table::new(0, 1);
        t.insert(TV_TRUE).expect("room");
        t.set(TV_TRUE, int(1));
        t.insert(TV_FALSE).expect("room");
        assert_eq!((t.nodes, t.sized, t.array_moves), (2, true, 0));
        assert_eq!(t.find(TV_TRUE), Found::Value(int(1)));
        assert_eq!(t.insert(TV_TRUE), Err(Undefined::KeyExists));
    }

    #[test]
    fn a_key_without_value_may_be_gone_after_a_new_one() {
        let mut t = Table::new(0, 2);
        t.put_all([(TV_TRUE, TV_NIL), (int(9), int(1))].into_iter());
        t.insert(TV_FALSE).expect("room");
        assert_eq!(t.find(TV_TRUE), Found::Unknown);
        assert_eq!(t.find(int(9)), Found::Value(int(1)));
        assert_eq!(t.find(TV_FALSE), Found::Value(TV_NIL));
        assert_eq!(t.insert(TV_TRUE), Err(Undefined::KeyUnknown));
    }

    #[test]
    fn sizes_are_unknown_when_nodes_may_be_taken_by_dead_keys() {
        let mut t = Table::new(0, 1);
        t.put_all([(TV_TRUE, TV_NIL), (int(9), int(1))].into_iter());
        t.insert(TV_FALSE).expect("some room");
        assert!(!t.sized && t.array_moves == 1);
    }

    #[test]
    fn the_length_is_the_only_border() {
        let mut t = Table::new(4, 1);
        assert_eq!(t.border(), Ok(0));
        t.array = vec![int(0), int(1), int(1), int(1)];
        assert_eq!(t.border(), Ok(3));
        t.put_all([(int(4), int(1))].into_iter());
        assert_eq!(t.border(), Ok(4));
        t.array[2] = TV_NIL;
        assert_eq!(t.border(), Err(Undefined::SeveralBorders));
        t.array[1] = TV_NIL;
        assert_eq!(t.border(), Err(Undefined::SeveralBorders));
    }

    #[test]
    fn clearing_keeps_the_room_and_forgets_dead_keys() {
        let mut t = Table::new(2, 1);
        t.array[1] = int(1);
        t.put_all([(TV_TRUE, int(1)), (TV_FALSE, TV_NIL)].into_iter());
        t.clear();
        assert!(t.entries().is_empty() && t.nodes == 2 && t.array.len() == 2);
        t.insert(TV_TRUE).expect("room");
        t.insert(TV_FALSE).expect("room");
        assert!(t.sized);
    }
}
