//! Integer data processing: immediate (C4.1.86 and following) and register (C4.1.95).

use crate::arm64::row::Shape::{AddSub, Data, Update};
use crate::arm64::row::{Row, row};
use crate::arm64::rule::{BITMASK, Stated, only, should_be};

const SHIFT_FITS: Stated = only("sf:imm6<5>", "00 1x", "shift amount beyond a 32-bit register");
const IMMR_FITS: Stated = only("sf:immr<5>", "00 1x", "immr beyond a 32-bit register");
const IMMS_FITS: Stated = only("sf:imms<5>", "00 1x", "imms beyond a 32-bit register");
const HW_FITS: Stated = only("sf:hw", "00x 1xx", "shift amount beyond a 32-bit register");
const N_IS_SF: Stated = only("sf:N", "00 11", "N must equal sf");
const EXTEND_FITS: Stated = only("imm3", "0xx 100", "extended register shifted by more than 4");
const OPT: Stated = only("opt", "00", "unallocated opt");
const NO_FLAGS: Stated = only("S", "0", "S must be 0");

/// Rows of data processing with integers.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("PC-relative address",                "op immlo:2 10000 immhi:19 Rd",                             Data,   &[]),
    row("Add/subtract (immediate)",           "sf op 0 100010 sh imm12 Rn|sp Rd|sp",                      AddSub, &[]),
    row("Add/subtract, flags (immediate)",    "sf op 1 100010 sh imm12 Rn|sp Rd",                         Data,   &[]),
    row("Logical, flags (immediate)",         "sf 11 100100 N immr:6 imms:6 Rn Rd",                       Data,   &[BITMASK]),
    row("Logical (immediate)",                "sf opc:2 100100 N immr:6 imms:6 Rn Rd|sp",                 Data,   &[BITMASK]),
    row("Move wide, keep (immediate)",        "sf 11 100101 hw:2 imm16 Rd",                               Update, &[HW_FITS]),
    row("Move wide (immediate)",              "sf opc:2 100101 hw:2 imm16 Rd",                            Data,   &[only("opc", "00 10", "unallocated opc"), HW_FITS]),
    row("Bitfield insert",                    "sf 01 100110 N immr:6 imms:6 Rn Rd",                       Update, &[N_IS_SF, IMMR_FITS, IMMS_FITS]),
    row("Bitfield",                           "sf opc:2 100110 N immr:6 imms:6 Rn Rd",                    Data,   &[only("opc", "00 10", "unallocated opc"), N_IS_SF, IMMR_FITS, IMMS_FITS]),
    row("Extract",                            "sf op21:2 100111 N o0 Rm imms:6 Rn Rd",                    Data,   &[only("op21:o0", "000", "unallocated op21:o0"), N_IS_SF, IMMS_FITS]),

    row("Logical (shifted register)",         "sf opc:2 01010 shift:2 N Rm imm6 Rn Rd",                   Data,   &[SHIFT_FITS]),
    row("Add/subtract (shifted register)",    "sf op S 01011 shift:2 0 Rm imm6 Rn Rd",                    Data,   &[only("shift", "0x 10", "reserved shift type"), SHIFT_FITS]),
    row("Add/subtract (extended register)",   "sf op 0 01011 opt:2 1 Rm option:3 imm3 Rn|sp Rd|sp",       Data,   &[OPT, EXTEND_FITS]),
    row("Add/subtract, flags (extended)",     "sf op 1 01011 opt:2 1 Rm option:3 imm3 Rn|sp Rd",          Data,   &[OPT, EXTEND_FITS]),
    row("Add/subtract (with carry)",          "sf op S 11010000 Rm opcode2:6 Rn Rd",                      Data,   &[only("opcode2", "000000", "unallocated opcode2")]),
    row("Conditional compare (register)",     "sf op S 11010010 Rm cond:4 0 o2 Rn o3 nzcv:4",             Data,   &[only("S:o2:o3", "100", "unallocated S:o2:o3")]),
    row("Conditional compare (immediate)",    "sf op S 11010010 imm5 cond:4 1 o2 Rn o3 nzcv:4",           Data,   &[only("S:o2:o3", "100", "unallocated S:o2:o3")]),
    row("Conditional select",                 "sf op S 11010100 Rm cond:4 op2:2 Rn Rd",                   Data,   &[only("S:op2", "00x", "unallocated S:op2")]),
    row("CRC32",                              "sf 0 S 11010110 Rm 010 C sz:2 Rn Rd",                      Data,   &[NO_FLAGS, only("sf:sz", "00x 010 111", "sf must fit sz")]),
    row("Data processing (2 source)",         "sf 0 S 11010110 Rm opcode:6 Rn Rd",                        Data,   &[NO_FLAGS, only("opcode", "00001x 0010xx", "unallocated opcode")]),
    row("Data processing (1 source)",         "sf 1 S 11010110 opcode2:5 opcode:6 Rn Rd",                 Data,   &[NO_FLAGS, only("opcode2", "00000", "unallocated opcode2"),
                                                                                                                    only("opcode<5-3>", "000", "unallocated opcode"),
                                                                                                                    only("sf:opcode<2-0>", "000x 0010 010x 10xx 110x", "unallocated opcode")]),
    row("Multiply-add",                       "sf op54:2 11011 000 Rm o0 Ra Rn Rd",                       Data,   &[only("op54", "00", "unallocated op54")]),
    row("Multiply-add (widening)",            "sf op54:2 11011 U 01 Rm o0 Ra Rn Rd",                      Data,   &[only("sf:op54", "100", "unallocated sf:op54")]),
    row("Multiply high",                      "sf op54:2 11011 U 10 Rm o0 Ra Rn Rd",                      Data,   &[only("sf:op54:o0", "1000", "unallocated sf:op54:o0"), should_be("Ra", 31)]),
];
