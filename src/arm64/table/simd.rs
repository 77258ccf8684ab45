//! The few Advanced SIMD instructions that scalar code generators use: constants, lanes, bit counts, sign manipulation (C4.1.96).

use crate::arm64::row::Shape::{Data, Update};
use crate::arm64::row::{Row, row};
use crate::arm64::rule::{Stated, only};

const DUPLICATED: Stated = only("Q:imm5", "xxxxx1 xxxx10 xxx100 1x1000", "reserved lane size");
const SIGNED_LANE: Stated = only("Q:imm5", "xxxxx1 xxxx10 1xx100", "reserved lane size");
const UNSIGNED_LANE: Stated = only("Q:imm5", "0xxxx1 0xxx10 0xx100 1x1000", "reserved lane size");
const LANE: Stated = only("imm5", "xxxx1 xxx10 xx100 x1000", "reserved lane size");
const ACROSS: Stated = only("Q:size", "x0x 110", "reserved arrangement");
const SHIFTED: Stated = only("Q:immh", "x0001 x001x x01xx 11xxx", "reserved arrangement");
const CONSTANT: Stated = only("Q:op:cmode", "x0xxxx 010xxx 0110xx 01110x 011110 11xxxx", "a double constant needs Q");

/// Rows of Advanced SIMD.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("Vector constant",                    "0 Q op 0111100000 abc:3 cmode:4 o2 1 defgh:5 Vd",          Update, &[only("o2", "0", "unallocated o2"), CONSTANT]),
    row("Vector shift right (immediate)",     "0 Q U 011110 immh:4 immb:3 000001 Vn Vd",                  Data,   &[SHIFTED]),
    row("Vector shift left (immediate)",      "0 Q U 011110 immh:4 immb:3 010101 Vn Vd",                  Update, &[SHIFTED]),
    row("Duplicate lane",                     "0 Q 0 01110000 imm5 0 0000 1 Vn Vd",                       Data,   &[DUPLICATED]),
    row("Duplicate lane (scalar)",            "01 0 11110000 imm5 0 0000 1 Vn Vd",                        Data,   &[LANE]),
    row("Duplicate general register",         "0 Q 0 01110000 imm5 0 0001 1 Rn Vd",                       Data,   &[DUPLICATED]),
    row("Lane to general, signed",            "0 Q 0 01110000 imm5 0 0101 1 Vn Rd",                       Data,   &[SIGNED_LANE]),
    row("Lane to general",                    "0 Q 0 01110000 imm5 0 0111 1 Vn Rd",                       Data,   &[UNSIGNED_LANE]),
    row("Insert general register",            "0 1 0 01110000 imm5 0 0011 1 Rn Vd",                       Update, &[LANE]),
    row("Insert lane",                        "0 1 1 01110000 imm5 0 imm4 1 Vn Vd",                       Update, &[LANE]),
    row("Count bits of bytes",                "0 Q 0 01110 size:2 10000 00101 10 Vn Vd",                  Data,   &[only("size", "00", "reserved arrangement")]),
    row("Invert or reverse bits",             "0 Q 1 01110 size:2 10000 00101 10 Vn Vd",                  Data,   &[only("size", "0x", "unallocated size")]),
    row("Add across lanes",                   "0 Q 0 01110 size:2 11000 11011 10 Vn Vd",                  Data,   &[ACROSS]),
    row("Add across lanes (long)",            "0 Q U 01110 size:2 11000 00011 10 Vn Vd",                  Data,   &[ACROSS]),
    row("Vector logical",                     "0 Q U 01110 size:2 1 Vm 00011 1 Vn Vd",                    Update, &[]),
];
