//! Branches, exceptions and the few system instructions that user code has (C4.1.89).

use crate::arm64::row::Shape::{
    Call, CallRegister, Conditional, Exception, Hint, Jump, JumpRegister, Return, SystemRead, SystemWrite,
};
use crate::arm64::row::{Row, row};
use crate::arm64::rule::{Stated, only};

const OP2: Stated = only("op2", "11111", "unallocated op2");
const OP3: Stated = only("op3", "000000", "unallocated op3");
const OP4: Stated = only("op4", "00000", "unallocated op4");

/// Rows of control flow and system.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("Conditional branch",                "0101010 o1 imm19 o0 cond:4",                               Conditional,  &[only("o1:o0", "00", "unallocated o1:o0")]),
    row("Compare and branch",                "sf 011010 op imm19 Rt",                                    Conditional,  &[]),
    row("Test and branch",                   "b5 011011 op b40:5 imm14 Rt",                              Conditional,  &[]),
    row("Branch (immediate)",                "000101 imm26",                                             Jump,         &[]),
    row("Branch with link (immediate)",      "100101 imm26",                                             Call,         &[]),
    row("Branch (register)",                 "11010110000 op2:5 op3:6 Rn op4:5",                         JumpRegister, &[OP2, OP3, OP4]),
    row("Branch with link (register)",       "11010110001 op2:5 op3:6 Rn op4:5",                         CallRegister, &[OP2, OP3, OP4]),
    row("Return",                            "11010110010 op2:5 op3:6 Rn op4:5",                         Return,       &[OP2, OP3, OP4]),
    row("Exception generation",              "11010100 opc:3 imm16 op2:3 LL:2",                          Exception,    &[only("op2", "000", "unallocated op2"),
                                                                                                                        only("opc:LL", "00001 0001x 00100 01000 10101 1011x", "unallocated opc:LL")]),
    row("Hint",                              "11010101000000110010 CRm:4 op2:3 11111",                   Hint,         &[]),
    row("Barrier",                           "11010101000000110011 CRm:4 op2:3 11111",                   Hint,         &[only("op2", "010 10x 110", "unallocated op2")]),
    row("Write NZCV",                        "1101010100 0 11 011 0100 0010 000 Rt",                     SystemWrite,  &[]),
    row("Read NZCV",                         "1101010100 1 11 011 0100 0010 000 Rt",                     SystemRead,   &[]),
    row("Write FPCR, FPSR",                  "1101010100 0 11 011 0100 0100 00 o2 Rt",               SystemWrite,  &[]),
    row("Read FPCR, FPSR",                   "1101010100 1 11 011 0100 0100 00 o2 Rt",               SystemRead,   &[]),
    row("Write TPIDR_EL0",                   "1101010100 0 11 011 1101 0000 010 Rt",                     SystemWrite,  &[]),
    row("Read TPIDR_EL0",                    "1101010100 1 11 011 1101 0000 010 Rt",                     SystemRead,   &[]),
];
