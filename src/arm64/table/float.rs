//! Scalar floating point, single and double precision (C4.1.96); half precision only as far as Armv8.0-A converts it.

use crate::arm64::row::Shape::{Data, Update};
use crate::arm64::row::{Row, row};
use crate::arm64::rule::{Stated, only, should_be};

const PRECISION: Stated = only("M:S:type", "000x", "unallocated M:S:type");
const CONVERTED: Stated = only("S:type", "00x", "unallocated S:type");
const SCALE_FITS: Stated = only("sf:scale<5>", "01 1x", "more than 32 fraction bits of a 32-bit register");
const ROUND_NEAREST: Stated = only("rmode", "00", "unallocated rmode");
const ROUND_ZERO: Stated = only("rmode", "11", "unallocated rmode");
const MOVED: Stated = only("sf:S:type:rmode", "000000 100100 101001", "no move between registers of these sizes");
const ONE_SOURCE: Stated = only(
    "type:opcode<3-0>",
    "0000xx 000101 000111 0010xx 001100 00111x 0100xx 010100 010111 0110xx 011100 01111x 11010x",
    "unallocated type:opcode",
);

/// Rows of scalar floating point.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("Fixed point to float",               "sf 0 S 11110 type:2 0 rmode:2 01 U scale:6 Rn Vd",         Data,   &[CONVERTED, ROUND_NEAREST, SCALE_FITS]),
    row("Float to fixed point",               "sf 0 S 11110 type:2 0 rmode:2 00 U scale:6 Vn Rd",         Data,   &[CONVERTED, ROUND_ZERO, SCALE_FITS]),
    row("Float to integer",                   "sf 0 S 11110 type:2 1 rmode:2 00 U 000000 Vn Rd",          Data,   &[CONVERTED]),
    row("Integer to float",                   "sf 0 S 11110 type:2 1 rmode:2 01 U 000000 Rn Vd",          Data,   &[CONVERTED, ROUND_NEAREST]),
    row("Float to integer, ties away",        "sf 0 S 11110 type:2 1 rmode:2 10 U 000000 Vn Rd",          Data,   &[CONVERTED, ROUND_NEAREST]),
    row("Move float to general",              "sf 0 S 11110 type:2 1 rmode:2 110 000000 Vn Rd",           Data,   &[MOVED]),
    row("Move general to float",              "sf 0 S 11110 type:2 1 rmode:2 111 000000 Rn Vd",           Update, &[MOVED]),
    row("Floating-point (1 source)",          "M 0 S 11110 type:2 1 opcode:6 10000 Vn Vd",                Data,   &[only("M:S:opcode<5-4>", "0000", "unallocated M:S:opcode"), ONE_SOURCE]),
    row("Floating-point compare",             "M 0 S 11110 type:2 1 Vm op:2 1000 Vn E 0000",              Data,   &[PRECISION, only("op", "00", "unallocated op")]),
    row("Floating-point compare with zero",   "M 0 S 11110 type:2 1 (Rm):5 op:2 1000 Vn E 1000",          Data,   &[PRECISION, only("op", "00", "unallocated op"), should_be("(Rm)", 0)]),
    row("Floating-point immediate",           "M 0 S 11110 type:2 1 imm8 100 imm5 Vd",                    Data,   &[PRECISION, only("imm5", "00000", "unallocated imm5")]),
    row("Floating-point conditional compare", "M 0 S 11110 type:2 1 Vm cond:4 01 Vn op nzcv:4",           Data,   &[PRECISION]),
    row("Floating-point (2 source)",          "M 0 S 11110 type:2 1 Vm opcode:4 10 Vn Vd",                Data,   &[PRECISION, only("opcode", "0xxx 1000", "unallocated opcode")]),
    row("Floating-point conditional select",  "M 0 S 11110 type:2 1 Vm cond:4 11 Vn Vd",                  Data,   &[PRECISION]),
    row("Floating-point (3 source)",          "M 0 S 11111 type:2 o1 Vm o0 Va Vn Vd",                     Data,   &[PRECISION]),
];
