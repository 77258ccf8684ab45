//! Sweeps words around every row of the encoding table and compares its answers with Unicorn and Capstone.
//!
//! A difference must match a line of `EXPLAINED`, and every line must be needed.

use std::collections::BTreeMap;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tracehound::arm64::{Encoding, Row, capstone_text, classify, rows};
use tracehound::referee::{Difference, EXPLAINED, Judge, Ours, Referee, Which};

/// Words of the everyday sweep: thousands for every row, in a few seconds.
const WORDS: u32 = 400_000;
/// Words of the long sweep.
const MANY_WORDS: u32 = 20_000_000;
/// Valid words that the everyday sweep must have seen of every row, so that none goes unchecked.
const VALID_PER_ROW: u32 = 100;

#[test]
fn table_agrees_with_unicorn_and_capstone() {
    sweep(1, WORDS);
}

#[test]
#[ignore = "takes minutes; run it after changing the table"]
fn table_agrees_with_unicorn_and_capstone_at_length() {
    sweep(2, MANY_WORDS);
}

fn sweep(seed: u64, words: u32) {
    let mut source = Words::new(seed);
    let mut referee = Referee::new();
    let mut tally = Tally::default();
    for _ in 0..words {
        let word = source.next();
        if let Encoding::Valid(row) = classify(word) {
            *tally.valid.entry(row.name).or_default() += 1;
        }
        referee.differences(word).into_iter().for_each(|difference| tally.count(word, difference));
    }
    tally.check();
}

/// What a sweep has seen.
#[derive(Default)]
struct Tally {
    used: BTreeMap<usize, u32>,
    valid: BTreeMap<&'static str, u32>,
    unexplained: BTreeMap<(Judge, Ours, String), Vec<u32>>,
}

impl Tally {
    fn count(&mut self, word: u32, Difference { judge, ours, about, explained }: Difference) {
        match explained {
            Some(line) => *self.used.entry(line).or_default() += 1,
            None => self.unexplained.entry((judge, ours, about)).or_default().push(word),
        }
    }

    fn check(&self) {
        for ((judge, ours, about), words) in &self.unexplained {
            for &word in words.iter().take(4) {
                eprintln!("{judge:?} differs, table says {ours:?}: {word:#010x} {:?}: {about}", capstone_text(word, 0));
            }
        }
        assert!(self.unexplained.is_empty(), "{} classes of unexplained differences, above", self.unexplained.len());
        let unused = EXPLAINED.iter().enumerate().filter(|(i, _)| !self.used.contains_key(i));
        let unused: Vec<_> = unused.map(|(_, line)| (line.judge, line.ours, line.why)).collect();
        assert!(unused.is_empty(), "explanations never needed, remove them: {unused:#?}");
        for row in rows() {
            let seen = self.valid.get(row.name).copied().unwrap_or(0);
            assert!(seen >= VALID_PER_ROW, "only {seen} valid words of {}", row.name);
        }
    }
}

/// A stream of words around the table's rows.
struct Words {
    random: Xoshiro256PlusPlus,
    rows: Vec<&'static Row>,
}

impl Words {
    fn new(seed: u64) -> Self {
        Self { random: Xoshiro256PlusPlus::seed_from_u64(seed), rows: rows().collect() }
    }

    fn next(&mut self) -> u32 {
        match self.below(8) {
            0 => self.random.next_u32(),
            1..4 => self.near_row(),
            4 => self.explained(),
            5 => self.valid_if_found(),
            _ => self.of_row(),
        }
    }

    /// A valid word of a row, so that rows with strict rules are not left out.
    fn valid_if_found(&mut self) -> u32 {
        let row = self.some_row();
        let mut tries = (0..64).map(|_| self.fill(row));
        tries.find(|&word| matches!(classify(word), Encoding::Valid(_))).unwrap_or(row.value())
    }

    /// A word of a row, some of its fields at their limits.
    fn of_row(&mut self) -> u32 {
        let row = self.some_row();
        self.fill(row)
    }

    fn some_row(&mut self) -> &'static Row {
        let choice = self.below(self.rows.len());
        self.rows[choice]
    }

    fn fill(&mut self, row: &Row) -> u32 {
        let mut word = row.value() | self.random.next_u32() & !row.mask();
        for field in row.fields() {
            let mask = (u32::MAX >> (32 - field.width)) << field.lo;
            match self.below(8) {
                0 | 1 => word |= mask,
                2 | 3 => word &= !mask,
                4 if field.width == 5 => word = word & !mask | (word >> 5 & 31) << field.lo,
                5 if field.width == 5 => word = word & !mask | (word & 31) << field.lo,
                _ => {}
            }
        }
        word
    }

    /// A word of a row with up to three bits flipped, fixed ones too.
    fn near_row(&mut self) -> u32 {
        let word = self.of_row();
        (0..=self.below(3)).fold(word, |word, _| word ^ 1 << self.below(32))
    }

    /// A word of an explanation's bit pattern.
    fn explained(&mut self) -> u32 {
        let bits = self.random.next_u32();
        match EXPLAINED[self.below(EXPLAINED.len())].words {
            Which::Bits(pattern) => pattern.bytes().enumerate().fold(bits, |word, (i, wanted)| match wanted {
                b'.' => word,
                b'0' => word & !(1 << (31 - i)),
                _ => word | 1 << (31 - i),
            }),
            Which::Row(_) => bits,
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.next_u32() as usize % limit
    }
}
