//! Sweeps words around every row of the encoding table and compares its answers with Unicorn and Capstone.
//!
//! Unicorn's Cortex-A72 is believed on "undefined". CONSTRAINED UNPREDICTABLE words execute there, so that only our own rules and, in
//! part, Capstone know them. A difference must match a line of `EXPLAINED`, and every line must be needed.

use std::collections::BTreeMap;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tracehound::arm64::{Encoding, Row, capstone_text, classify, row_of, rows};
use unicorn_engine::{Arch, Context, Mode, Prot, RegisterARM64, RegisterARM64CP, Unicorn};

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
    let mut machine = Machine::new();
    let mut tally = Tally::default();
    for _ in 0..words {
        let word = source.next();
        let encoding = classify(word);
        if matches!(encoding, Encoding::Unknown { .. }) {
            continue;
        }
        if let Encoding::Valid(row) = encoding {
            *tally.valid.entry(row.name).or_default() += 1;
        }
        tally.count(word, &encoding, Emulator, machine.executes(word));
        tally.count(word, &encoding, Capstone, capstone_text(word, 0).is_some());
    }
    tally.check();
}

/// Who is compared with the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Judge {
    Unicorn,
    Capstone,
}
use Judge::{Capstone, Unicorn as Emulator};

/// The table's answer, as far as a difference depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ours {
    Valid,
    Undefined,
    Unpredictable,
}
use Ours::{Undefined, Unpredictable, Valid};

/// Why a judge differs: for words of a bit pattern (`.` is either), or for the words of a row.
struct Explained {
    judge: Judge,
    ours: Ours,
    words: Which,
    why: &'static str,
}

enum Which {
    Bits(&'static str),
    Row(&'static str),
}
use Which::{Bits, Row as Of};

const fn is(judge: Judge, ours: Ours, words: Which, why: &'static str) -> Explained {
    Explained { judge, ours, words, why }
}

/// The differences. In all but the first four lines the table is right and Capstone wrong for Armv8.0-A; section numbers are those
/// of the Arm Architecture Reference Manual.
#[rustfmt::skip]
const EXPLAINED: &[Explained] = &[
    is(Emulator, Valid,         Bits("11010100000................00010"), "hvc is allocated, and undefined at EL0 (C6.2, HVC)"),
    is(Emulator, Valid,         Bits("11010100000................00011"), "smc is allocated, and undefined at EL0 (C6.2, SMC)"),
    is(Emulator, Valid,         Bits("11010100010................00000"), "hlt is allocated, and undefined while halting debug is off (C6.2, HLT)"),
    is(Emulator, Valid,         Bits("11010100101................000.."), "dcps is allocated, and undefined outside debug state (C6.2, DCPS1)"),

    is(Capstone, Valid,         Of("Load (unprivileged)"),                "rejects Rt = Rn as if ldtr wrote back (C6.2, LDTR: no such constraint)"),
    is(Capstone, Valid,         Of("Load signed (unprivileged)"),         "rejects Rt = Rn as if ldtrs wrote back (C6.2, LDTRSB: no such constraint)"),

    is(Capstone, Unpredictable, Of("Floating-point compare with zero"),   "ignores the should-be-zero Rm (C7.2, FCMP)"),
    is(Capstone, Unpredictable, Of("Multiply high"),                      "ignores the should-be-one Ra (C6.2, SMULH)"),
    is(Capstone, Unpredictable, Of("Load exclusive pair"),                "ignores the should-be-one Rs (C6.2, LDXP)"),
    is(Capstone, Unpredictable, Of("Store exclusive"),                    "ignores Rs = Rt, Rs = Rn and the should-be-one Rt2 (C6.2, STXR)"),
    is(Capstone, Unpredictable, Of("Store exclusive pair"),               "ignores Rs = Rt, Rs = Rt2 and Rs = Rn (C6.2, STXP)"),
    is(Capstone, Unpredictable, Of("Store (indexed)"),                    "ignores Rn = Rt (C6.2, STR immediate)"),
    is(Capstone, Unpredictable, Of("Load signed (indexed)"),              "ignores Rn = Rt (C6.2, LDRSB immediate)"),

    is(Capstone, Undefined,     Bits("0000000000000000................"), "udf, an instruction made to be undefined"),
    is(Capstone, Undefined,     Bits("1..0000........................."), "SME (v9.2)"),
    is(Capstone, Undefined,     Bits("1.01000110......................"), "addg, subg (v8.5, memory tagging)"),
    is(Capstone, Undefined,     Bits("10111010000......00001.....0...."), "rmif (v8.4, flag manipulation)"),
    is(Capstone, Undefined,     Bits("00111010000000000.0010.....01101"), "setf8, setf16 (v8.4, flag manipulation)"),
    is(Capstone, Undefined,     Bits("01010100...................1...."), "bc.cond (v8.8)"),
    is(Capstone, Undefined,     Bits("11010101000000110011.......11111"), "shows unallocated barriers as msr"),
    is(Capstone, Undefined,     Bits("11010100011................00000"), "tcancel (transactional memory)"),
    is(Capstone, Undefined,     Bits("1101101011000001................"), "pacia and other authentication (v8.3)"),
    is(Capstone, Undefined,     Bits("1101011.0..11111000.1..........."), "braa, retaa, eretaa and other authentication (v8.3)"),
    is(Capstone, Undefined,     Bits("10.11010110.....000000.........."), "subp, subps (v8.5, memory tagging)"),
    is(Capstone, Undefined,     Bits("10011010110.....00010..........."), "irg, gmi (v8.5, memory tagging)"),
    is(Capstone, Undefined,     Bits("10011010110.....001100.........."), "pacga (v8.3)"),
    is(Capstone, Undefined,     Bits("1101011010.111110000001111100000"), "eret, drps: undefined at EL0"),
    is(Capstone, Undefined,     Bits("..111000..1.........00.........."), "atomics (v8.1)"),
    is(Capstone, Undefined,     Bits("11111000..1..........1.........."), "ldraa, ldrab (v8.3)"),
    is(Capstone, Undefined,     Bits("..011001..0.........00.........."), "ldapur, stlur (v8.4)"),
    is(Capstone, Undefined,     Bits("00011.01..0.........01.........."), "cpy, set (v8.8, memory copy)"),
    is(Capstone, Undefined,     Bits("11011001..1....................."), "memory tagging (v8.5)"),
    is(Capstone, Undefined,     Bits("..0010001.1......11111.........."), "cas (v8.1)"),
    is(Capstone, Undefined,     Bits("0.0010000.1......11111.........."), "casp (v8.1)"),
    is(Capstone, Undefined,     Bits("..0010001.0.....0..............."), "stllr, ldlar (v8.1)"),
    is(Capstone, Undefined,     Bits(".001111.11......................"), "half precision (v8.2)"),
    is(Capstone, Undefined,     Bits("0..0111100000...111111.........."), "half-precision vector constant (v8.2)"),
    is(Capstone, Undefined,     Bits("000111100.10100..10000.........."), "frint32, frint64 (v8.5)"),
    is(Capstone, Undefined,     Bits("0001111001100011010000.........."), "bfcvt (v8.6)"),
    is(Capstone, Undefined,     Bits("0001111001111110000000.........."), "fjcvtzs (v8.3)"),
];

impl Explained {
    fn covers(&self, judge: Judge, ours: Ours, word: u32) -> bool {
        self.judge == judge && self.ours == ours && self.words.holds(word)
    }
}

impl Which {
    fn holds(&self, word: u32) -> bool {
        match self {
            Bits(pattern) => matches_bits(pattern, word),
            Of(name) => row_of(word).is_some_and(|row| row.name == *name),
        }
    }
}

fn matches_bits(pattern: &str, word: u32) -> bool {
    assert_eq!(pattern.len(), 32, "{pattern}");
    let bits = (0..32).rev().map(|bit| word >> bit & 1);
    pattern.bytes().zip(bits).all(|(wanted, bit)| wanted == b'.' || u32::from(wanted - b'0') == bit)
}

/// What a sweep has seen.
#[derive(Default)]
struct Tally {
    used: BTreeMap<usize, u32>,
    valid: BTreeMap<&'static str, u32>,
    unexplained: BTreeMap<(Judge, Ours, String), Vec<u32>>,
}

impl Tally {
    fn count(&mut self, word: u32, encoding: &Encoding, judge: Judge, accepts: bool) {
        let (ours, about) = describe(encoding);
        let expected = match ours {
            Valid => true,
            Undefined => false,
            Unpredictable => judge == Emulator,
        };
        if accepts == expected {
            return;
        }
        match EXPLAINED.iter().position(|line| line.covers(judge, ours, word)) {
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

/// The table's answer in short, and which row or field it is about.
fn describe(encoding: &Encoding) -> (Ours, String) {
    match encoding {
        Encoding::Valid(row) => (Valid, row.name.to_owned()),
        Encoding::Undefined { reason } => (Undefined, reason.to_string()),
        Encoding::Unpredictable { reason } => (Unpredictable, reason.to_string()),
        Encoding::Unknown { .. } => unreachable!("the sweep leaves unknown words out"),
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
            Bits(pattern) => pattern.bytes().enumerate().fold(bits, |word, (i, wanted)| match wanted {
                b'.' => word,
                b'0' => word & !(1 << (31 - i)),
                _ => word | 1 << (31 - i),
            }),
            Of(_) => bits,
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.next_u32() as usize % limit
    }
}

const CODE: u64 = 0x10_0000;
const DATA: u64 = 0x20_0000;
const DATA_SIZE: u64 = 0x1_0000;
const PAGE: u64 = 0x1000;
/// Interrupt number of an undefined instruction.
const UNDEFINED: u32 = 1;

/// One engine at EL0, reused for every word; its data is the number of the last interrupt.
struct Machine {
    unicorn: Unicorn<'static, Option<u32>>,
    start: Context,
}

impl Machine {
    fn new() -> Self {
        let mut unicorn = Unicorn::new_with_data(Arch::ARM64, Mode::LITTLE_ENDIAN, None).expect("unicorn has ARM64");
        unicorn.mem_map(CODE, PAGE, Prot::READ | Prot::EXEC).expect("the code page is free");
        unicorn.mem_map(DATA, DATA_SIZE, Prot::READ | Prot::WRITE).expect("the data pages are free");
        unicorn.add_intr_hook(stop_at_interrupt).expect("interrupts can be hooked");
        set_registers(&mut unicorn).expect("these registers exist");
        let start = unicorn.context_init().expect("a context can be saved");
        Self { unicorn, start }
    }

    /// Whether the word does anything but raise an undefined instruction exception: it may fault or branch.
    fn executes(&mut self, word: u32) -> bool {
        let unicorn = &mut self.unicorn;
        unicorn.mem_write(CODE, &word.to_le_bytes()).expect("the code page is mapped");
        unicorn.ctl_remove_cache(CODE, CODE + PAGE).expect("the cache of a mapped page can be removed");
        unicorn.context_restore(&self.start).expect("the context is of this engine");
        *unicorn.get_data_mut() = None;
        // One instruction; an error is a fault of an instruction that exists, unless the interrupt says otherwise.
        let _ = unicorn.emu_start(CODE, CODE + 4, 0, 1);
        let stayed = unicorn.pc_read().expect("pc can be read") == CODE;
        !(stayed && *unicorn.get_data() == Some(UNDEFINED))
    }
}

fn stop_at_interrupt(unicorn: &mut Unicorn<'_, Option<u32>>, number: u32) {
    *unicorn.get_data_mut() = Some(number);
    unicorn.emu_stop().expect("a running engine can be stopped");
}

fn set_registers(unicorn: &mut Unicorn<'_, Option<u32>>) -> Result<(), unicorn_engine::uc_error> {
    for number in 0..29 {
        unicorn.reg_write(RegisterARM64::X0 as i32 + number, DATA + DATA_SIZE / 2)?;
    }
    unicorn.reg_write(RegisterARM64::SP, DATA + DATA_SIZE / 2)?;
    unicorn.reg_write(RegisterARM64::PSTATE, 0)?;
    // Any system register write makes the engine notice that it is at EL0 now; this is TPIDR_EL0.
    unicorn.reg_write_arm64_coproc(&RegisterARM64CP::new().op0(3).op1(3).crn(13).crm(0).op2(2).val(0))
}
