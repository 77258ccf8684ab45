//! Where the emulator and Capstone differ from the table of encodings, and why.

use super::Judge::{self, Capstone, Unicorn as Emulator};
use super::Ours::{self, Undefined, Unpredictable, Valid};
use crate::arm64::row_of;

/// Why a judge differs about some words.
#[derive(Clone, Copy, Debug)]
pub struct Explained {
    /// Who differs.
    pub judge: Judge,
    /// What the table says.
    pub ours: Ours,
    /// Of which words.
    pub words: Which,
    /// The reason.
    pub why: &'static str,
}

/// The words of an explanation.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// Of a pattern of 32 bits, `.` for either.
    Bits(&'static str),
    /// Of a row of the table.
    Row(&'static str),
}
use Which::{Bits, Row as Of};

const fn is(judge: Judge, ours: Ours, words: Which, why: &'static str) -> Explained {
    Explained { judge, ours, words, why }
}

/// The differences. In all but the first four lines the table is right and Capstone wrong for Armv8.0-A; section numbers are those
/// of the Arm Architecture Reference Manual.
#[rustfmt::skip]
pub const EXPLAINED: &[Explained] = &[
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
    pub(super) fn covers(&self, judge: Judge, ours: Ours, word: u32) -> bool {
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
