//! The interpreter's rules for tables and texts of numbers agree with LuaJIT's own functions, on random tables, numbers and texts.

use luajit_arm64_sys::{Jit, Layout, Library, ObjectKind};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::{Mutex, PoisonError};
use tracehound::interpret::sem::{format, scan};
use tracehound::interpret::{Found, Table};
use tracehound::world::{TV_FALSE, TV_NIL, TV_TRUE, encode_int};

/// A build carries one Lua state at a time.
static STATE: Mutex<()> = Mutex::new(());

fn with_library(check: impl FnOnce(&mut Jit)) {
    let _one = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    check(&mut Jit::new(&Library::builtin(), Layout::default()).expect("the arena is free"));
}

fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    move |below| rng.next_u64() % below
}

fn call(jit: &mut Jit, name: &str, args: &[u64]) -> u64 {
    let id = jit.tables().call(name).expect(name);
    let mut x = [0; 8];
    x[..args.len()].copy_from_slice(args);
    jit.call_checked(id, &x, &[0; 8]).expect(name).0
}

/// Plain memory for arguments.
fn data(jit: &Jit) -> u64 {
    jit.layout().base + jit.layout().data_ofs
}

fn object(jit: &Jit) -> u64 {
    jit.layout().objects() + 0x1000
}

fn text_of(jit: &Jit, address: u64) -> String {
    match jit.read_object(address).expect("an object").kind {
        ObjectKind::Str(bytes) => String::from_utf8(bytes).expect("ASCII"),
        other => panic!("{other:?}"),
    }
}

/// A number of any size, often with few digits.
fn number(next: &mut impl FnMut(u64) -> u64) -> f64 {
    let short = |next: &mut dyn FnMut(u64) -> u64| {
        next(100_000) as f64 * 10f64.powi(i32::try_from(next(40)).expect("small") - 20)
    };
    match next(5) {
        0 => f64::from_bits(next(u64::MAX)),
        1 => short(next),
        2 => -short(next),
        3 => next(1 << 53) as f64 / (1u64 << next(60)) as f64,
        _ => f64::from(u32::try_from(next(1 << 32)).expect("32 bits")) - 2f64.powi(31),
    }
}

#[test]
fn numbers_have_the_texts_that_luajit_gives_them() {
    with_library(|jit| {
        let (state, at) = (jit.places().lua_state, data(jit));
        let mut next = random(1);
        jit.checkpoint().expect("remembered");
        for n in 0..20_000 {
            let x = number(&mut next);
            let Ok(text) = format::number(x) else { continue };
            jit.write_u64(at, x.to_bits()).expect("data");
            let string = call(jit, "lj_strfmt_num", &[state, at]);
            assert_eq!(text_of(jit, string), text, "{:#018x}", x.to_bits());
            if n % 1000 == 0 {
                jit.rewind().expect("back");
            }
        }
    });
}

/// A text that is nearly a number, or one.
fn near_number(next: &mut impl FnMut(u64) -> u64) -> Vec<u8> {
    const PIECES: [&str; 28] = [
        "0", "1", "7", "12", "999", ".", ".", "e", "E", "e1", "e-3", "+", "-", " ", "\t", "0x", "0X", "0b", "p", "p2",
        "f", "inf", "nan", "Infinity", "u", "ll", "0000", "\0",
    ];
    if next(4) == 0 {
        return number(next).to_string().into_bytes();
    }
    (0..=next(5)).flat_map(|_| PIECES[usize::try_from(next(28)).expect("small")].bytes()).collect()
}

#[test]
fn texts_are_the_numbers_that_luajit_reads() {
    with_library(|jit| {
        let (state, at) = (jit.places().lua_state, data(jit));
        let mut next = random(2);
        jit.checkpoint().expect("remembered");
        let mut numbers = 0;
        for n in 0..20_000 {
            let text = near_number(&mut next);
            let Ok(read) = scan::number(&text) else { continue };
            jit.write(at, &text).expect("data");
            let string = call(jit, "lj_str_new", &[state, at, text.len() as u64]);
            let is_number = call(jit, "lj_strscan_num", &[string, at]) & 0xffff_ffff != 0;
            let theirs = is_number.then(|| jit.read_u64(at).expect("data"));
            assert_eq!(read.map(f64::to_bits), theirs, "{:?}", String::from_utf8_lossy(&text));
            numbers += u32::from(is_number);
            if n % 1000 == 0 {
                jit.rewind().expect("back");
            }
        }
        assert!(numbers > 5000, "{numbers} of the texts are numbers");
    });
}

/// Bytes from a table's start to `asize` and, behind it, `hmask` (`GCtab`).
const SIZES: u64 = 48;

/// A table of the library and ours.
struct Pair<'a> {
    jit: &'a mut Jit,
    address: u64,
    ours: Table,
    /// Keys that have been inserted, some of them more than once.
    keys: Vec<u64>,
}

/// A key that is no integer.
fn plain_key(n: u64) -> u64 {
    match n {
        0 => TV_TRUE,
        1 => TV_FALSE,
        _ => (n as f64 + 0.5).to_bits(),
    }
}

impl<'a> Pair<'a> {
    fn new(jit: &'a mut Jit, next: &mut impl FnMut(u64) -> u64) -> Self {
        let (asize, hbits) = (u32::try_from(next(20)).expect("small"), u32::try_from(next(5)).expect("small"));
        let address = object(jit);
        jit.new_tab(address, asize, hbits).expect("made");
        let mut pair = Pair { jit, address, ours: Table::new(asize, hbits), keys: vec![] };
        pair.fill(next);
        pair
    }

    /// Values in the array, integers and other keys in the nodes, but no more than there is room for.
    fn fill(&mut self, next: &mut impl FnMut(u64) -> u64) {
        for slot in &mut self.ours.array {
            *slot = if next(3) == 0 { TV_NIL } else { encode_int(7) };
        }
        let asize = i32::try_from(self.ours.array.len()).expect("small");
        let ints = (0..next(9)).map(|n| encode_int(asize + i32::try_from(n).expect("small")));
        let others = (0..next(4)).map(plain_key);
        let mut keys: Vec<u64> = ints.chain(others).take(self.ours.nodes as usize).collect();
        keys.sort_by_key(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for key in &keys {
            self.jit.tab_set(self.address, *key, TV_TRUE).expect("set");
        }
        let pairs: Vec<(u64, u64)> =
            keys.iter().map(|k| (*k, if next(4) == 0 { TV_NIL } else { encode_int(9) })).collect();
        self.jit.tab_write(self.address, &self.ours.array, &pairs).expect("written");
        self.ours.put_all(pairs.into_iter());
        self.keys = keys;
    }

    /// `NEWREF` and a store, if the key is new and what follows is known.
    fn insert(&mut self, key: u64, value: u64) {
        if self.ours.find(key) != Found::Absent || self.ours.insert(key).is_err() {
            return;
        }
        self.ours.set(key, value);
        let (state, at) = (self.jit.places().lua_state, data(self.jit));
        self.jit.write_u64(at, key).expect("data");
        let slot = call(self.jit, "lj_tab_newkey", &[state, self.address, at]);
        self.jit.write_u64(slot, value).expect("a slot");
    }

    fn clear(&mut self) {
        self.ours.clear();
        call(self.jit, "lj_tab_clear", &[self.address]);
    }

    fn check(&mut self) {
        let ObjectKind::Table { array, nodes, .. } = self.jit.read_object(self.address).expect("a table").kind else {
            panic!("no table")
        };
        let in_array = (0i32..).zip(&array).map(|(i, v)| (encode_int(i), *v));
        let in_nodes = nodes.iter().map(|(k, v)| (integer(*k), *v));
        let mut theirs: Vec<(u64, u64)> = in_array.chain(in_nodes).filter(|(_, v)| *v != TV_NIL).collect();
        theirs.sort_unstable();
        assert_eq!(self.ours.entries(), theirs);
        if self.ours.sized {
            assert_eq!(self.ours.array.len(), array.len());
            let hmask = self.jit.read_u64(self.address + SIZES).expect("a table") >> 32;
            assert_eq!(u64::from(self.ours.hmask()), hmask);
        }
        let len = call(self.jit, "lj_tab_len", &[self.address]) & 0xffff_ffff;
        if let Ok(border) = self.ours.border() {
            assert_eq!(u64::from(border), len);
        }
        for key in (0..8).map(plain_key) {
            let is_there = nodes.iter().any(|(k, _)| *k == key);
            assert!(self.ours.find(key) == Found::Unknown || (self.ours.find(key) != Found::Absent) == is_there);
        }
    }
}

/// Nodes keep integers as numbers.
fn integer(key: u64) -> u64 {
    let x = f64::from_bits(key);
    #[expect(clippy::cast_possible_truncation, reason = "compared with what it was")]
    let i = x as i32;
    if f64::from(i) == x { encode_int(i) } else { key }
}

#[test]
fn tables_grow_and_measure_as_luajits_do() {
    with_library(|jit| {
        let mut next = random(3);
        jit.checkpoint().expect("remembered");
        let mut resized = 0;
        for _ in 0..3000 {
            jit.rewind().expect("back");
            let mut pair = Pair::new(jit, &mut next);
            pair.check();
            for _ in 0..next(12) {
                let before = pair.ours.nodes;
                match next(20) {
                    0 => pair.clear(),
                    n => pair.insert(plain_key(next(24)), if n < 3 { TV_NIL } else { encode_int(5) }),
                }
                resized += u32::from(pair.ours.nodes != before);
                pair.check();
            }
        }
        assert!(resized > 1000, "{resized} tables grew");
    });
}
