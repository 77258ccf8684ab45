//! Integer data processing.

use super::place;
use crate::arm64::immediate::encode_bitmask;
use crate::arm64::registers::{Gpr, Width, ZR};

fn rd(register: Gpr) -> u32 {
    place("rd", u32::from(register.0), 0, 5)
}

fn rn(register: Gpr) -> u32 {
    place("rn", u32::from(register.0), 5, 5)
}

fn rm(register: Gpr) -> u32 {
    place("rm", u32::from(register.0), 16, 5)
}

/// `nop`.
#[must_use]
pub fn nop() -> u32 {
    0xd503_201f
}

fn move_wide(opcode: u32, width: Width, d: Gpr, imm16: u16, shift: u32) -> u32 {
    assert!(
        shift.is_multiple_of(16) && shift < width.bits(),
        "shift {shift} is not a multiple of 16 below {}",
        width.bits()
    );
    width.sf() | opcode | (shift / 16) << 21 | u32::from(imm16) << 5 | rd(d)
}

/// `movz d, #imm16, lsl #shift`.
#[must_use]
pub fn movz(width: Width, d: Gpr, imm16: u16, shift: u32) -> u32 {
    move_wide(0x5280_0000, width, d, imm16, shift)
}

/// `movn d, #imm16, lsl #shift`.
#[must_use]
pub fn movn(width: Width, d: Gpr, imm16: u16, shift: u32) -> u32 {
    move_wide(0x1280_0000, width, d, imm16, shift)
}

/// `movk d, #imm16, lsl #shift`.
#[must_use]
pub fn movk(width: Width, d: Gpr, imm16: u16, shift: u32) -> u32 {
    move_wide(0x7280_0000, width, d, imm16, shift)
}

/// The four words that load any 64-bit constant: `movz` and three `movk`.
#[must_use]
pub fn mov_u64(d: Gpr, value: u64) -> [u32; 4] {
    let part = |i: u32| (value >> (16 * i) & 0xffff) as u16;
    let keep = |i: u32| movk(Width::X, d, part(i), 16 * i);
    [movz(Width::X, d, part(0), 0), keep(1), keep(2), keep(3)]
}

fn add_sub_imm(opcode: u32, width: Width, d: Gpr, n: Gpr, imm12: u32) -> u32 {
    width.sf() | opcode | place("imm12", imm12, 10, 12) | rn(n) | rd(d)
}

/// `add d, n, #imm12`; register 31 is the stack pointer.
#[must_use]
pub fn add_imm(width: Width, d: Gpr, n: Gpr, imm12: u32) -> u32 {
    add_sub_imm(0x1100_0000, width, d, n, imm12)
}

/// `sub d, n, #imm12`; register 31 is the stack pointer.
#[must_use]
pub fn sub_imm(width: Width, d: Gpr, n: Gpr, imm12: u32) -> u32 {
    add_sub_imm(0x5100_0000, width, d, n, imm12)
}

/// `cmp n, #imm12`; register 31 is the stack pointer.
#[must_use]
pub fn cmp_imm(width: Width, n: Gpr, imm12: u32) -> u32 {
    add_sub_imm(0x7100_0000, width, ZR, n, imm12)
}

/// A two-register operation with an optionally shifted second register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op3 {
    /// `add`.
    Add,
    /// `adds`.
    Adds,
    /// `sub`.
    Sub,
    /// `subs`.
    Subs,
    /// `and`.
    And,
    /// `ands`.
    Ands,
    /// `orr`.
    Orr,
    /// `eor`.
    Eor,
    /// `mul`.
    Mul,
    /// `udiv`.
    Udiv,
    /// `sdiv`.
    Sdiv,
    /// `lsl` by register.
    Lsl,
    /// `lsr` by register.
    Lsr,
    /// `asr` by register.
    Asr,
}

impl Op3 {
    const fn opcode(self) -> u32 {
        match self {
            Self::Add => 0x0b00_0000,
            Self::Adds => 0x2b00_0000,
            Self::Sub => 0x4b00_0000,
            Self::Subs => 0x6b00_0000,
            Self::And => 0x0a00_0000,
            Self::Ands => 0x6a00_0000,
            Self::Orr => 0x2a00_0000,
            Self::Eor => 0x4a00_0000,
            Self::Mul => 0x1b00_7c00,
            Self::Udiv => 0x1ac0_0800,
            Self::Sdiv => 0x1ac0_0c00,
            Self::Lsl => 0x1ac0_2000,
            Self::Lsr => 0x1ac0_2400,
            Self::Asr => 0x1ac0_2800,
        }
    }
}

/// `op d, n, m`; register 31 is the zero register.
#[must_use]
pub fn op3(op: Op3, width: Width, d: Gpr, n: Gpr, m: Gpr) -> u32 {
    width.sf() | op.opcode() | rm(m) | rn(n) | rd(d)
}

/// `mov d, m`, neither being the stack pointer.
#[must_use]
pub fn mov(width: Width, d: Gpr, m: Gpr) -> u32 {
    op3(Op3::Orr, width, d, ZR, m)
}

/// `cmp n, m`.
#[must_use]
pub fn cmp(width: Width, n: Gpr, m: Gpr) -> u32 {
    op3(Op3::Subs, width, ZR, n, m)
}

fn logical_imm(opcode: u32, width: Width, d: Gpr, n: Gpr, value: u64) -> u32 {
    let (bit, immr, imms) =
        encode_bitmask(width, value).unwrap_or_else(|| panic!("{value:#x} is no bitmask immediate"));
    width.sf() | opcode | bit << 22 | immr << 16 | imms << 10 | rn(n) | rd(d)
}

/// `and d, n, #value`, `value` being a bitmask immediate.
#[must_use]
pub fn and_imm(width: Width, d: Gpr, n: Gpr, value: u64) -> u32 {
    logical_imm(0x1200_0000, width, d, n, value)
}

/// `orr d, n, #value`, `value` being a bitmask immediate.
#[must_use]
pub fn orr_imm(width: Width, d: Gpr, n: Gpr, value: u64) -> u32 {
    logical_imm(0x3200_0000, width, d, n, value)
}

/// `eor d, n, #value`, `value` being a bitmask immediate.
#[must_use]
pub fn eor_imm(width: Width, d: Gpr, n: Gpr, value: u64) -> u32 {
    logical_imm(0x5200_0000, width, d, n, value)
}

#[cfg(test)]
mod tests {
    use super::super::tests::reads;
    use super::*;
    use crate::arm64::SP;
    use Width::{W, X};

    #[test]
    fn integer_words_read_as_written() {
        reads(nop(), "nop");
        reads(movz(X, Gpr(1), 0x1234, 16), "mov x1, #0x12340000");
        reads(movz(W, Gpr(1), 7, 0), "mov w1, #7");
        reads(movn(X, Gpr(1), 0, 0), "mov x1, #-1");
        reads(movk(X, Gpr(2), 0xbeef, 48), "movk x2, #0xbeef, lsl #48");
        reads(add_imm(X, SP, SP, 16), "add sp, sp, #0x10");
        reads(sub_imm(W, Gpr(3), Gpr(4), 4095), "sub w3, w4, #0xfff");
        reads(cmp_imm(X, Gpr(3), 2), "cmp x3, #2");
        reads(mov(X, Gpr(3), Gpr(4)), "mov x3, x4");
        reads(cmp(W, Gpr(3), Gpr(4)), "cmp w3, w4");
        reads(and_imm(X, Gpr(3), Gpr(4), 0xff00), "and x3, x4, #0xff00");
        reads(orr_imm(W, Gpr(3), Gpr(4), 0x8000_0001), "orr w3, w4, #0x80000001");
        reads(eor_imm(X, Gpr(3), Gpr(4), 0x7fff_ffff_ffff), "eor x3, x4, #0x7fffffffffff");
    }

    #[test]
    fn register_operations_read_as_written() {
        use Op3::{Add, Adds, And, Ands, Asr, Eor, Lsl, Lsr, Mul, Orr, Sdiv, Sub, Subs, Udiv};
        let names = [
            (Add, "add"),
            (Adds, "adds"),
            (Sub, "sub"),
            (Subs, "subs"),
            (And, "and"),
            (Ands, "ands"),
            (Orr, "orr"),
            (Eor, "eor"),
            (Mul, "mul"),
            (Udiv, "udiv"),
            (Sdiv, "sdiv"),
            (Lsl, "lsl"),
            (Lsr, "lsr"),
            (Asr, "asr"),
        ];
        for (op, name) in names {
            reads(op3(op, W, Gpr(1), Gpr(2), Gpr(3)), &format!("{name} w1, w2, w3"));
            reads(op3(op, X, Gpr(1), Gpr(2), Gpr(3)), &format!("{name} x1, x2, x3"));
        }
    }

    #[test]
    fn constant_is_loaded_in_four_parts() {
        let texts =
            ["mov x9, #0xcdef", "movk x9, #0x89ab, lsl #16", "movk x9, #0x4567, lsl #32", "movk x9, #0x123, lsl #48"];
        for (word, text) in mov_u64(Gpr(9), 0x0123_4567_89ab_cdef).into_iter().zip(texts) {
            reads(word, text);
        }
    }
}
