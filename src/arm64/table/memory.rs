//! Loads, stores and prefetches (C4.1.94); overlaps as chapter C6.2 states them for each instruction.

use crate::arm64::row::Addressing::{Base, Indexed, Literal, Pair, PairIndexed, Register, Scaled, Unscaled};
use crate::arm64::row::Shape::{Load, Prefetch, Store};
use crate::arm64::row::{Row, row};
use crate::arm64::rule::{Stated, apart, apart_unless_sp, only, should_be};

const RS: Stated = should_be("Rs", 31);
const RT2: Stated = should_be("Rt2", 31);
const TARGETS: Stated = apart("Rt", "Rt2");
const FLOAT_TARGETS: Stated = apart("Vt", "Vt2");
const BASE: Stated = apart_unless_sp("Rn", "Rt");
const BASE2: Stated = apart_unless_sp("Rn", "Rt2");
const STATUS: Stated = apart("Rs", "Rt");
const STATUS2: Stated = apart("Rs", "Rt2");
const STATUS_BASE: Stated = apart_unless_sp("Rn", "Rs");
const SIGNED: Stated = only("size:opc0", "00x 01x 100", "no sign extension of that size");
const FLOAT_SIZE: Stated = only("size:opc1", "000 010 100 110 001", "no floating-point register of that size");
const PAIR_SIZE: Stated = only("opc", "00 10", "unallocated opc of a pair");
const LOAD_PAIR_SIZE: Stated = only("opc", "0x 10", "unallocated opc of a pair");
const EXTEND: Stated = only("option<1>", "1", "index register extended from less than 32 bits");

/// Rows of memory access.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("Store exclusive",                    "size:2 001000 0 0 0 Rs o0 Rt2 Rn|sp Rt",            Store(Base),        &[RT2, STATUS, STATUS_BASE]),
    row("Load exclusive",                     "size:2 001000 0 1 0 Rs o0 Rt2 Rn|sp Rt",            Load(Base),         &[RS, RT2]),
    row("Store exclusive pair",               "1 sz 001000 0 0 1 Rs o0 Rt2 Rn|sp Rt",         Store(Base),        &[STATUS, STATUS2, STATUS_BASE]),
    row("Load exclusive pair",                "1 sz 001000 0 1 1 Rs o0 Rt2 Rn|sp Rt",         Load(Base),         &[RS, TARGETS]),
    row("Store release",                      "size:2 001000 1 0 0 Rs 1 Rt2 Rn|sp Rt",             Store(Base),        &[RS, RT2]),
    row("Load acquire",                       "size:2 001000 1 1 0 Rs 1 Rt2 Rn|sp Rt",             Load(Base),         &[RS, RT2]),

    row("Prefetch (literal)",                 "11 011 0 00 imm19 prfop:5",                         Prefetch(Literal),  &[]),
    row("Load (literal)",                     "opc:2 011 0 00 imm19 Rt",                           Load(Literal),      &[]),
    row("Load float (literal)",               "opc:2 011 1 00 imm19 Vt",                           Load(Literal),      &[only("opc", "0x 10", "unallocated opc")]),

    row("Store pair (no allocate)",           "opc:2 101 0 0 00 0 imm7 Rt2 Rn|sp Rt",              Store(Pair),        &[PAIR_SIZE]),
    row("Load pair (no allocate)",            "opc:2 101 0 0 00 1 imm7 Rt2 Rn|sp Rt",              Load(Pair),         &[PAIR_SIZE, TARGETS]),
    row("Store pair (indexed)",               "opc:2 101 0 0 pre 1 0 imm7 Rt2 Rn|sp Rt",           Store(PairIndexed), &[PAIR_SIZE, BASE, BASE2]),
    row("Load pair (indexed)",                "opc:2 101 0 0 pre 1 1 imm7 Rt2 Rn|sp Rt",           Load(PairIndexed),  &[LOAD_PAIR_SIZE, TARGETS, BASE, BASE2]),
    row("Store pair (offset)",                "opc:2 101 0 0 10 0 imm7 Rt2 Rn|sp Rt",              Store(Pair),        &[PAIR_SIZE]),
    row("Load pair (offset)",                 "opc:2 101 0 0 10 1 imm7 Rt2 Rn|sp Rt",              Load(Pair),         &[LOAD_PAIR_SIZE, TARGETS]),
    row("Store float pair (no allocate)",     "opc:2 101 1 0 00 0 imm7 Vt2 Rn|sp Vt",              Store(Pair),        &[LOAD_PAIR_SIZE]),
    row("Load float pair (no allocate)",      "opc:2 101 1 0 00 1 imm7 Vt2 Rn|sp Vt",              Load(Pair),         &[LOAD_PAIR_SIZE, FLOAT_TARGETS]),
    row("Store float pair (indexed)",         "opc:2 101 1 0 pre 1 0 imm7 Vt2 Rn|sp Vt",           Store(PairIndexed), &[LOAD_PAIR_SIZE]),
    row("Load float pair (indexed)",          "opc:2 101 1 0 pre 1 1 imm7 Vt2 Rn|sp Vt",           Load(PairIndexed),  &[LOAD_PAIR_SIZE, FLOAT_TARGETS]),
    row("Store float pair (offset)",          "opc:2 101 1 0 10 0 imm7 Vt2 Rn|sp Vt",              Store(Pair),        &[LOAD_PAIR_SIZE]),
    row("Load float pair (offset)",           "opc:2 101 1 0 10 1 imm7 Vt2 Rn|sp Vt",              Load(Pair),         &[LOAD_PAIR_SIZE, FLOAT_TARGETS]),

    row("Store (unscaled)",                   "size:2 111 0 00 00 0 imm9 00 Rn|sp Rt",             Store(Unscaled),    &[]),
    row("Load (unscaled)",                    "size:2 111 0 00 01 0 imm9 00 Rn|sp Rt",             Load(Unscaled),     &[]),
    row("Prefetch (unscaled)",                "11 111 0 00 10 0 imm9 00 Rn|sp prfop:5",            Prefetch(Unscaled), &[]),
    row("Load signed (unscaled)",             "size:2 111 0 00 1 opc0 0 imm9 00 Rn|sp Rt",       Load(Unscaled),     &[SIGNED]),
    row("Store (unprivileged)",               "size:2 111 0 00 00 0 imm9 10 Rn|sp Rt",             Store(Unscaled),    &[]),
    row("Load (unprivileged)",                "size:2 111 0 00 01 0 imm9 10 Rn|sp Rt",             Load(Unscaled),     &[]),
    row("Load signed (unprivileged)",         "size:2 111 0 00 1 opc0 0 imm9 10 Rn|sp Rt",       Load(Unscaled),     &[SIGNED]),
    row("Store (indexed)",                    "size:2 111 0 00 00 0 imm9 pre 1 Rn|sp Rt",          Store(Indexed),     &[BASE]),
    row("Load (indexed)",                     "size:2 111 0 00 01 0 imm9 pre 1 Rn|sp Rt",          Load(Indexed),      &[BASE]),
    row("Load signed (indexed)",              "size:2 111 0 00 1 opc0 0 imm9 pre 1 Rn|sp Rt",    Load(Indexed),      &[SIGNED, BASE]),
    row("Store (register offset)",            "size:2 111 0 00 00 1 Rm option:3 S 10 Rn|sp Rt",    Store(Register),    &[EXTEND]),
    row("Load (register offset)",             "size:2 111 0 00 01 1 Rm option:3 S 10 Rn|sp Rt",    Load(Register),     &[EXTEND]),
    row("Prefetch (register offset)",         "11 111 0 00 10 1 Rm option:3 S 10 Rn|sp prfop:5",   Prefetch(Register), &[EXTEND]),
    row("Load signed (register offset)",      "size:2 111 0 00 1 opc0 1 Rm option:3 S 10 Rn|sp Rt", Load(Register),  &[SIGNED, EXTEND]),
    row("Store (unsigned offset)",            "size:2 111 0 01 00 imm12 Rn|sp Rt",                 Store(Scaled),      &[]),
    row("Load (unsigned offset)",             "size:2 111 0 01 01 imm12 Rn|sp Rt",                 Load(Scaled),       &[]),
    row("Prefetch (unsigned offset)",         "11 111 0 01 10 imm12 Rn|sp prfop:5",                Prefetch(Scaled),   &[]),
    row("Load signed (unsigned offset)",      "size:2 111 0 01 1 opc0 imm12 Rn|sp Rt",           Load(Scaled),       &[SIGNED]),

    row("Store float (unscaled)",             "size:2 111 1 00 opc1 0 0 imm9 00 Rn|sp Vt",       Store(Unscaled),    &[FLOAT_SIZE]),
    row("Load float (unscaled)",              "size:2 111 1 00 opc1 1 0 imm9 00 Rn|sp Vt",       Load(Unscaled),     &[FLOAT_SIZE]),
    row("Store float (indexed)",              "size:2 111 1 00 opc1 0 0 imm9 pre 1 Rn|sp Vt",    Store(Indexed),     &[FLOAT_SIZE]),
    row("Load float (indexed)",               "size:2 111 1 00 opc1 1 0 imm9 pre 1 Rn|sp Vt",    Load(Indexed),      &[FLOAT_SIZE]),
    row("Store float (register offset)",      "size:2 111 1 00 opc1 0 1 Rm option:3 S 10 Rn|sp Vt", Store(Register), &[FLOAT_SIZE, EXTEND]),
    row("Load float (register offset)",       "size:2 111 1 00 opc1 1 1 Rm option:3 S 10 Rn|sp Vt", Load(Register),  &[FLOAT_SIZE, EXTEND]),
    row("Store float (unsigned offset)",      "size:2 111 1 01 opc1 0 imm12 Rn|sp Vt",           Store(Scaled),      &[FLOAT_SIZE]),
    row("Load float (unsigned offset)",       "size:2 111 1 01 opc1 1 imm12 Rn|sp Vt",           Load(Scaled),       &[FLOAT_SIZE]),
];
