//! Number keys whose nodes stand where displacements into a hash part end.
//!
//! A constant key's value and the key itself are reached by scaled displacements from the hash part's start. Which node a key has is decided
//! by LuaJIT's hash (`lj_tab.c`: `hashnum`, `hashrot`); left to chance, one key in thousands would stand at a limit.

use super::entropy::Source;
use crate::ir::Key;

/// Size of a node (`sizeof(Node)`).
const NODE: u32 = 24;
/// The highest displacement of eight bytes: 12 bits, scaled.
const HIGHEST: u32 = 0xfff * 8;
/// The node whose value is the last that a displacement reaches.
const LAST: u32 = HIGHEST / NODE;
/// Size of the smallest hash part with such a node, as a power of two.
pub(super) const HBITS: u8 = 11;
/// Keys that are tried: one in `1 << HBITS` fits.
const TRIES: u32 = 8 << HBITS;

const _: () = assert!(LAST > 1 << (HBITS - 1) && LAST + 1 < 1 << HBITS);

/// A key, the bits of a number, whose node in a hash part of `1 << HBITS` is the last that a displacement reaches, or next to it.
pub(super) fn far_key(s: &mut impl Source) -> Option<u64> {
    let wanted = LAST - 1 + s.below(3);
    let first = s.below(1 << 16);
    // Halves: an integer would be an integer key.
    let keys = (first..first + TRIES).map(|k| (f64::from(k) + 0.5).to_bits());
    keys.into_iter().find(|bits| node(*bits) == wanted)
}

/// True for a key whose node is one of those.
pub(super) fn is_far(key: Key) -> bool {
    matches!(key, Key::Num(bits) if node(bits).abs_diff(LAST) <= 1)
}

/// The node where a number is looked for first.
fn node(bits: u64) -> u32 {
    let (mut lo, mut hi) = (bits as u32, ((bits >> 32) as u32) << 1);
    lo ^= hi;
    hi = hi.rotate_left(14);
    lo = lo.wrapping_sub(hi);
    hi = hi.rotate_left(5) ^ lo;
    hi = hi.wrapping_sub(lo.rotate_left(13));
    hi & ((1 << HBITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::entropy::Bulk;

    /// As `corpus/shapes/object/hash_slot.trace` shows it: the code that LuaJIT makes for these keys has the displacements of these nodes.
    #[test]
    fn nodes_are_those_of_luajits_hash() {
        let nodes = [3090.5f64, 3792.5, 2572.5].map(|key| node(key.to_bits()));
        assert_eq!(nodes, [LAST - 1, LAST, LAST + 1]);
    }

    #[test]
    fn keys_stand_on_both_sides_of_the_limit() {
        let mut s = Bulk::new(1);
        let mut seen: Vec<u32> = (0..40).filter_map(|_| far_key(&mut s)).map(node).collect();
        assert!(seen.len() >= 39, "{} of 40", seen.len());
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [LAST - 1, LAST, LAST + 1]);
    }
}
