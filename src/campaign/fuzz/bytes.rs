//! libFuzzer's bytes and the cases that they stand for.

use crate::case::{Case, Emit};
use crate::generate::{self, Knobs, case_from_seed, crossover, generate, graft};
use crate::pack::{pack, unpack};
use crate::text::{self, TraceFile};
use arbitrary::{Arbitrary, Unstructured};
use std::fmt;

/// A case as an input of libFuzzer: packed, or what the generator makes of the bytes. Its `Debug` is its `.trace` text, which is what `cargo fuzz fmt`
/// shows.
#[derive(Clone, PartialEq, Eq)]
pub struct FuzzCase(pub Case);

impl<'a> Arbitrary<'a> for FuzzCase {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let knobs = Knobs::new(emit(u.arbitrary()?));
        generate(u, &knobs).map(FuzzCase)
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> arbitrary::Result<Self> {
        case_of_bytes(u.take_rest()).map(FuzzCase).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

impl fmt::Debug for FuzzCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (case, runs) = (self.0.clone(), vec![None; self.0.inputs.len()]);
        let file = TraceFile { backend: None, expects: vec![], shapes: vec![], notes: vec![], runs, case };
        f.write_str(&text::print(&file))
    }
}

/// The case that libFuzzer's bytes stand for: the one that is packed in them, else the one that the generator makes of them; `None` where it makes
/// none.
pub fn case_of_bytes(data: &[u8]) -> Option<Case> {
    let generated = || FuzzCase::arbitrary(&mut Unstructured::new(data)).ok().map(|made| made.0);
    unpack(data).ok().or_else(generated)
}

/// FOLD in most cases, and where there are no bytes.
fn emit(choice: u8) -> Emit {
    match choice {
        0..160 => Emit::Fold,
        160..208 => Emit::Raw,
        208.. => Emit::Passes,
    }
}

/// Mutations that are tried until one fits; the input stays as it is where none does.
const TRIES: u64 = 12;
/// In percent: how often a case comes from the generator, and how often it gets a piece from there. Both open what small changes don't lead to.
const FRESH: u64 = 3;
const GRAFTED: u64 = 15;
/// Inputs of a fresh case: several of them would not fit in the sizes that libFuzzer starts with.
const FRESH_INPUTS: u8 = 3;

/// Replaces the first `size` bytes by a mutation of the case that they stand for, of at most `max_size` bytes; returns its size. Bytes that are no
/// case become a fresh one. Where nothing fits they stay as they are, or, if they don't fit either, 0 says so: part of a case is none. `data` has room
/// for the larger of both sizes.
pub fn mutate_bytes(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let case = unpack(&data[..size]).ok();
    let fitting = (0..TRIES).find_map(|n| packed_in(max_size, mutant(case.as_ref(), u64::from(seed), n)));
    let Some(packed) = fitting else { return if size <= max_size { size } else { 0 } };
    data[..packed.len()].copy_from_slice(&packed);
    packed.len()
}

/// A case in so many bytes. Most of them are inputs, and one may do.
fn packed_in(max_size: usize, mut case: Case) -> Option<Vec<u8>> {
    loop {
        let packed = pack(&case);
        if packed.len() <= max_size {
            return Some(packed);
        }
        if case.inputs.len() == 1 {
            return None;
        }
        case.inputs.pop();
    }
}

fn mutant(case: Option<&Case>, seed: u64, n: u64) -> Case {
    let choice = seed.wrapping_add(n) % 100;
    match case {
        Some(case) if choice >= FRESH + GRAFTED => generate::mutate(case, seed, n),
        Some(case) if choice >= FRESH => graft(case, seed, n),
        _ => case_from_seed(seed, n, &Knobs { inputs: FRESH_INPUTS, ..Knobs::new(emit((seed >> 8) as u8)) }),
    }
}

/// Writes a case made of two to `out`; returns its size, 0 where it does not fit or either is no case.
pub fn crossover_bytes(first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    let (Ok(first), Ok(second)) = (unpack(first), unpack(second)) else { return 0 };
    let fitting = (0..TRIES).find_map(|n| packed_in(out.len(), crossover(&first, &second, u64::from(seed), n)));
    let Some(packed) = fitting else { return 0 };
    out[..packed.len()].copy_from_slice(&packed);
    packed.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutated(data: &[u8], max_size: usize, seed: u32) -> Vec<u8> {
        let mut room = data.to_vec();
        room.resize(data.len().max(max_size), 0);
        let size = mutate_bytes(&mut room, data.len(), max_size, seed);
        room.truncate(size);
        room
    }

    #[test]
    fn what_libfuzzer_mutates_stays_a_case_of_its_size() {
        let mut data = vec![];
        let (mut fresh, mut longest) = (0, 0);
        for seed in 0..400 {
            let next = mutated(&data, 4096, seed * 977);
            assert!(next.len() <= 4096 && unpack(&next).is_ok(), "seed {seed}");
            fresh += usize::from(next != data);
            longest = longest.max(next.len());
            data = next;
        }
        assert!(fresh > 380 && longest > 500, "{fresh} of 400 are others, the longest has {longest} bytes");
    }

    #[test]
    fn what_does_not_fit_is_left_as_it_is() {
        let packed = pack(&case_from_seed(1, 1, &Knobs::default()));
        assert_eq!(mutated(&packed[..20], 20, 5), packed[..20]);
        assert!(mutated(&packed, 20, 5).is_empty());
        assert_eq!(crossover_bytes(&packed, &packed, &mut [0; 20], 5), 0);
    }

    #[test]
    fn two_cases_cross_to_a_third() {
        let packed: Vec<_> = (0..40).map(|n| pack(&case_from_seed(1, n, &Knobs::default()))).collect();
        for (seed, pair) in packed.windows(2).enumerate() {
            let mut out = vec![0; 1 << 20];
            let size = crossover_bytes(&pair[0], &pair[1], &mut out, u32::try_from(seed).expect("few"));
            assert!(unpack(&out[..size]).is_ok() && out[..size] != pair[0], "{seed}");
        }
        assert_eq!(crossover_bytes(&packed[0], b"no case", &mut [0; 1 << 16], 1), 0);
    }

    #[test]
    fn no_bytes_at_all_are_the_simplest_case_and_show_as_text() {
        let case = FuzzCase(case_of_bytes(&[]).expect("a case"));
        let text = format!("{case:?}");
        assert_eq!(text::parse(&text).map(|file| file.case), Ok(case.0));
    }

    #[test]
    fn other_bytes_make_cases_of_all_modes() {
        let emits: Vec<Emit> = (0..=255).filter_map(|b| case_of_bytes(&[b, 1, 2, 3])).map(|case| case.emit).collect();
        assert_eq!(emits.len(), 256);
        assert!(crate::case::ALL_EMITS.iter().all(|emit| emits.contains(emit)));
    }
}
