//! What a table becomes when a key finds no free node (`lj_tab.c: rehashtab`): the largest array part that is used by half.

use super::table::Table;
use crate::world::{TAG_INT, TV_NIL};

/// Bits of the largest array's size (`LJ_MAX_ABITS`).
const MAX_ABITS: usize = 28;
/// The largest index of an array part.
const MAX_INDEX: i32 = 1 << (MAX_ABITS - 1);

impl Table {
    /// Makes room for one more key that is no integer, and moves integers to where they now belong.
    pub(super) fn rehash(&mut self) {
        let mut bins = [0u32; MAX_ABITS];
        let array_keys = (0i32..).zip(&self.array).filter(|(_, v)| **v != TV_NIL).map(|(i, _)| i);
        let in_array: Vec<i32> = array_keys.collect();
        let keys: Vec<u64> = self.hash.keys().copied().collect();
        let in_nodes: Vec<i32> = keys.iter().filter_map(|k| index(*k)).collect();
        for key in in_array.iter().chain(&in_nodes) {
            bins[bin(*key)] += 1;
        }
        let integers = size(in_array.len() + in_nodes.len());
        let (asize, fitting) = best_array(&bins, integers);
        self.resize(asize, size(in_array.len() + keys.len()) + 1 - fitting);
    }

    fn resize(&mut self, asize: u32, keys: u32) {
        let all = self.entries();
        if asize as usize != self.array.len() {
            self.array_moves += 1;
        }
        self.array = vec![TV_NIL; asize as usize];
        self.hash.clear();
        self.ghosts.clear();
        for (key, value) in all {
            match index(key).and_then(|i| self.array.get_mut(i.cast_unsigned() as usize)) {
                Some(slot) => *slot = value,
                None => self.set(key, value),
            }
        }
        self.nodes = 1 << hash_bits(keys);
        self.taken = size(self.hash.len()) + 1;
        // The search that follows sets it.
        self.nomm = Some(0);
    }
}

/// The index of a key that an array part could have.
fn index(key: u64) -> Option<i32> {
    let i = super::super::sem::int(key);
    (key >> 32 == TAG_INT && (0..=MAX_INDEX).contains(&i)).then_some(i)
}

/// Keys 0 to 2 are in bin 0, those up to each further power of two in the next (`countint`, `countarray`).
fn bin(key: i32) -> usize {
    if key > 2 { (key - 1).ilog2() as usize } else { 0 }
}

/// Slots of the array part, and how many keys it takes (`bestasize`).
fn best_array(bins: &[u32; MAX_ABITS], integers: u32) -> (u32, u32) {
    let (mut best, mut sum) = ((0, 0), 0);
    for (b, count) in (0..).zip(bins) {
        if 2 * integers <= 1 << b || sum == integers {
            break;
        }
        sum += count;
        if *count > 0 && 2 * sum > 1 << b {
            best = ((2 << b) + 1, sum);
        }
    }
    best
}

/// `hsize2hbits`, of at least one key.
fn hash_bits(keys: u32) -> u32 {
    if keys == 1 { 1 } else { 1 + (keys - 1).ilog2() }
}

fn size(n: usize) -> u32 {
    u32::try_from(n).expect("a table has few keys")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{TV_FALSE, TV_TRUE, encode_int};

    #[test]
    fn a_key_in_an_empty_table_gets_two_nodes() {
        let mut t = Table::new(0, 0);
        t.insert(TV_TRUE).expect("no key");
        assert_eq!((t.nodes, t.array.len(), t.array_moves, t.sized), (2, 0, 0, true));
        assert_eq!(t.nomm, Some(0));
    }

    #[test]
    fn integers_in_nodes_move_to_the_array() {
        let mut t = Table::new(0, 2);
        t.put_all((1..=4).map(|i| (encode_int(i), encode_int(10 * i))));
        t.insert(TV_TRUE).expect("no key");
        // Four keys: bins 0 (1, 2) and 1 (3, 4), so an array of 5 slots, and one node more than needed.
        assert_eq!((t.array.len(), t.nodes, t.array_moves), (5, 2, 1));
        assert_eq!(t.array[4], encode_int(40));
        assert_eq!(t.entries().len(), 4);
    }

    #[test]
    fn a_sparse_array_goes_to_nodes() {
        let mut t = Table::new(64, 0);
        t.array[50] = TV_FALSE;
        t.insert(TV_TRUE).expect("no key");
        assert_eq!((t.array.len(), t.nodes), (0, 2));
        assert_eq!(t.entries(), [(encode_int(50), TV_FALSE)]);
    }

    #[test]
    fn an_array_used_by_half_stays() {
        let mut t = Table::new(9, 0);
        for i in 1..=8 {
            t.array[i] = TV_TRUE;
        }
        t.insert(TV_TRUE).expect("no key");
        assert_eq!((t.array.len(), t.array_moves), (9, 0));
    }
}
