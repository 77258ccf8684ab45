//! Packed cases: they come back as they were, old ones too, and bytes that are no case never crash.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fs;
use std::path::{Path, PathBuf};
use tracehound::case::{Case, Emit};
use tracehound::generate::{Knobs, case_from_seed};
use tracehound::pack::{PackError, pack, unpack};
use tracehound::text;

fn generated(emit: Emit, count: u64) -> impl Iterator<Item = Case> {
    let knobs = Knobs { objects: 50, sides: 50, ..Knobs::new(emit) };
    (0..count).map(move |n| case_from_seed(11, n, &knobs))
}

/// All `.trace` files below a folder.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    let below = |path: PathBuf| match path.is_dir() {
        true => traces(&path),
        false => vec![path],
    };
    entries.flat_map(below).filter(|path| path.extension().is_some_and(|ending| ending == "trace")).collect()
}

fn case_of(path: &Path) -> Case {
    let text = fs::read_to_string(path).expect("readable");
    text::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())).case
}

#[test]
fn generated_cases_unpack_as_the_same() {
    for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
        let (mut side_traces, mut objects) = (0, 0);
        for case in generated(emit, 1500) {
            let packed = pack(&case);
            assert_eq!(unpack(&packed).as_ref(), Ok(&case));
            side_traces += usize::from(case.side.is_some());
            objects += case.world.objects.len();
        }
        assert!(objects > 500 && (emit == Emit::Passes || side_traces > 100), "{objects}, {side_traces}");
    }
}

#[test]
fn the_corpus_unpacks_as_the_same() {
    let files = traces(Path::new("corpus"));
    assert!(files.len() > 100, "{}", files.len());
    for path in files {
        let case = case_of(&path);
        assert_eq!(unpack(&pack(&case)).as_ref(), Ok(&case), "{}", path.display());
    }
}

/// Packs of version 1, made when it was new of random files of the text format; the text of each stands beside it. They are never made anew: a
/// corpus that somebody has is as old as these.
#[test]
fn old_packs_unpack_to_the_same_text() {
    let folder = Path::new("tests/data/packed_1");
    let texts = traces(folder);
    assert_eq!(texts.len(), 18);
    for path in texts {
        let packed = fs::read(path.with_extension("bin")).expect("a pack beside each text");
        assert_eq!(unpack(&packed).as_ref(), Ok(&case_of(&path)), "{}", path.display());
    }
}

#[test]
fn damaged_packs_are_refused_or_legal_but_never_crash() {
    let packs: Vec<Vec<u8>> = generated(Emit::Fold, 60).map(|case| pack(&case)).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let (mut legal, mut refused) = (0, 0);
    for _ in 0..40_000 {
        match unpack(&damaged(&packs, &mut random)) {
            Ok(case) => {
                legal += 1;
                assert_eq!(case.check(), Ok(()));
                assert_eq!(unpack(&pack(&case)), Ok(case));
            }
            Err(_) => refused += 1,
        }
    }
    assert!(legal > 1000 && refused > 10_000, "{legal} legal, {refused} refused");
}

/// A pack with some of its bytes changed, left out, or replaced by those of another one.
fn damaged(packs: &[Vec<u8>], random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut below = |n: usize| random.next_u64() as usize % n.max(1);
    let mut bytes = packs[below(packs.len())].clone();
    for _ in 0..1 + below(3) {
        // The head and the trace, mostly: behind them come the bytes of memory, which may be any.
        let at = if below(4) == 0 { below(bytes.len()) } else { 5 + below(bytes.len().min(500)) }.min(bytes.len() - 1);
        match below(6) {
            0 => bytes[at] = below(256).to_le_bytes()[0],
            1 => bytes[at] = bytes[at].wrapping_add(1),
            2 => bytes[at] = 0xff,
            3 => drop(bytes.remove(at)),
            4 => bytes.insert(at, below(256).to_le_bytes()[0]),
            _ => {
                let other = &packs[below(packs.len())];
                let from = at.min(other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
        }
        if bytes.len() < 8 {
            break;
        }
    }
    bytes
}

#[test]
fn what_is_wrong_with_a_pack_is_said() {
    let packed = pack(&case_from_seed(1, 0, &Knobs::default()));
    assert_eq!(unpack(b"; tracehound 1\n"), Err(PackError::Magic));
    assert_eq!(unpack(&packed[..packed.len() - 1]), Err(PackError::End));
    assert_eq!(unpack(&[packed.as_slice(), &[0]].concat()), Err(PackError::Rest(1)));
    let version = |v: u8| unpack(&[&packed[..4], &[v], &packed[5..]].concat());
    assert_eq!(version(2), Err(PackError::Version(2)));
    let unknown = unpack(&replaced(&packed, b"\x05SLOAD", b"\x05SLOAF"));
    assert!(matches!(unknown, Err(PackError::Name { what: "opcode", .. })), "{unknown:?}");
}

#[track_caller]
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|window| window == old).expect("the case has it");
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}
