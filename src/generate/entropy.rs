//! Where choices come from: fuzzer bytes for the shape of a case, a cheap random stream for its bulk data.
//!
//! Both read as zero when they end, and zero is always the simplest choice: generation never fails.

use arbitrary::Unstructured;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256StarStar;

/// A source of choices. No floats, no platform-dependent widths: the same bytes give the same choices everywhere.
pub(super) trait Source {
    /// The next `bytes` (1 to 8) bytes as a little-endian number.
    fn raw(&mut self, bytes: usize) -> u64;

    /// A number below `n`, which is not 0. Takes as few bytes as serve; the bias does not matter here.
    fn below(&mut self, n: u32) -> u32 {
        let bytes = match n {
            0..=64 => 1,
            65..=4096 => 2,
            _ => 4,
        };
        let scaled = (u128::from(self.raw(bytes)) * u128::from(n)) >> (8 * bytes);
        u32::try_from(scaled).expect("below n")
    }

    /// An index below `n`, which is not 0.
    fn index(&mut self, n: usize) -> usize {
        self.below(u32::try_from(n).expect("a short list")) as usize
    }

    /// A number from `lo` to `hi`, both included.
    fn range(&mut self, lo: i64, hi: i64) -> i64 {
        let span = hi.wrapping_sub(lo).cast_unsigned();
        match u32::try_from(span.wrapping_add(1)) {
            Ok(0) if span != 0 => self.raw(8).cast_signed(),
            Ok(n) if n > 0 => lo + i64::from(self.below(n)),
            _ => lo.wrapping_add((self.raw(8) % span.saturating_add(1)).cast_signed()),
        }
    }

    /// True in `p` of 100 cases; false when the entropy is used up (unless `p` is 100).
    fn percent(&mut self, p: u8) -> bool {
        p > 0 && self.below(100) >= 100 - u32::from(p.min(100))
    }

    /// One of a list that is not empty.
    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.index(list.len())]
    }

    /// The index of one of a list of weights, which are not all 0.
    fn weighted(&mut self, weights: &[u16]) -> usize {
        let total: u32 = weights.iter().map(|w| u32::from(*w)).sum();
        let mut left = self.below(total.max(1));
        for (i, w) in weights.iter().enumerate() {
            match left.checked_sub(u32::from(*w)) {
                Some(rest) => left = rest,
                None => return i,
            }
        }
        0
    }
}

/// The fuzzer's bytes, taken eight at a time.
pub(super) struct Entropy<'a, 'b> {
    data: &'a mut Unstructured<'b>,
    word: u64,
    left: usize,
    /// What is read instead of the bytes, once there is one.
    stream: Option<Bulk>,
}

impl<'a, 'b> Entropy<'a, 'b> {
    pub(super) fn new(data: &'a mut Unstructured<'b>) -> Self {
        Entropy { data, word: 0, left: 0, stream: None }
    }

    /// Takes all further choices from a random stream that the next bytes seed: for shapes that want more choices than
    /// there are bytes.
    pub(super) fn stretch(&mut self) {
        let seed = self.raw(8);
        self.stream = Some(Bulk::new(seed));
    }

    fn refill(&mut self) {
        if let Some(stream) = &mut self.stream {
            (self.word, self.left) = (stream.raw(8), 8);
            return;
        }
        let mut word = [0; 8];
        // Never fails: it fills with zeros when the data ends.
        let _ = self.data.fill_buffer(&mut word);
        (self.word, self.left) = (u64::from_le_bytes(word), word.len());
    }
}

impl Source for Entropy<'_, '_> {
    fn raw(&mut self, bytes: usize) -> u64 {
        if self.left < bytes {
            self.refill();
        }
        let taken = self.word & (u64::MAX >> (64 - 8 * bytes));
        self.word = self.word.checked_shr(8 * u32::try_from(bytes).expect("at most 8")).unwrap_or(0);
        self.left -= bytes;
        taken
    }
}

/// A random stream for input data, from one seed of the entropy; all zeros for seed 0.
pub(super) struct Bulk(Option<Xoshiro256StarStar>);

impl Bulk {
    pub(super) fn new(seed: u64) -> Bulk {
        Bulk((seed != 0).then(|| Xoshiro256StarStar::seed_from_u64(seed)))
    }

    /// Fills a block of memory.
    pub(super) fn fill(&mut self, block: &mut [u8]) {
        if let Some(rng) = &mut self.0 {
            rng.fill_bytes(block);
        }
    }
}

impl Source for Bulk {
    fn raw(&mut self, bytes: usize) -> u64 {
        // The high bits are the better ones.
        self.0.as_mut().map_or(0, |rng| rng.next_u64() >> (64 - 8 * bytes))
    }
}

/// Entropy for case number `index` of the hunt `seed`.
pub(super) fn from_seed(seed: u64, index: u64, bytes: usize) -> Vec<u8> {
    let mixed = Xoshiro256StarStar::seed_from_u64(seed).next_u64();
    let mut rng = Xoshiro256StarStar::seed_from_u64(mixed.wrapping_add(index));
    let mut data = vec![0; bytes];
    rng.fill_bytes(&mut data);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_up_entropy_gives_the_first_choice() {
        let mut u = Unstructured::new(&[]);
        let mut e = Entropy::new(&mut u);
        assert_eq!((e.below(7), e.range(-3, 9), e.percent(99), e.weighted(&[0, 3])), (0, -3, false, 1));
        assert_eq!(Bulk::new(0).raw(8), 0);
    }

    #[test]
    fn a_range_keeps_its_bounds() {
        let mut b = Bulk::new(1);
        for (lo, hi) in [(0, 0), (-5, 5), (0, i64::from(u32::MAX)), (i64::MIN, i64::MAX), (i64::MIN, 0), (-1, i64::MAX)]
        {
            for _ in 0..1000 {
                let x = b.range(lo, hi);
                assert!((lo..=hi).contains(&x), "{x} is not in {lo}..={hi}");
            }
        }
    }

    #[test]
    fn neighbouring_indices_have_unrelated_entropy() {
        let (a, b) = (from_seed(1, 0, 64), from_seed(1, 1, 64));
        let equal = a.iter().zip(&b).filter(|(x, y)| x == y).count();
        assert!(equal < 16, "{equal} of 64 bytes are equal");
        assert_eq!(a, from_seed(1, 0, 64));
    }
}
