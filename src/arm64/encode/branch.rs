//! Branches, exceptions and addresses relative to the instruction; distances are bytes from the instruction itself.

use super::{place, place_signed};
use crate::arm64::registers::{Gpr, Width};

/// A condition of `b.cond` and its relatives, in the order of their encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal, or unordered.
    Ne,
    /// Carry set: unsigned higher or same.
    Cs,
    /// Carry clear: unsigned lower.
    Cc,
    /// Negative.
    Mi,
    /// Positive or zero.
    Pl,
    /// Overflow, or unordered.
    Vs,
    /// No overflow.
    Vc,
    /// Unsigned higher.
    Hi,
    /// Unsigned lower or same.
    Ls,
    /// Signed greater or equal.
    Ge,
    /// Signed less, or unordered.
    Lt,
    /// Signed greater.
    Gt,
    /// Signed less or equal, or unordered.
    Le,
}

/// `b`.
#[must_use]
pub fn b(distance: i32) -> u32 {
    0x1400_0000 | place_signed("distance", distance, 4, 0, 26)
}

/// `bl`.
#[must_use]
pub fn bl(distance: i32) -> u32 {
    0x9400_0000 | place_signed("distance", distance, 4, 0, 26)
}

/// `b.cond`.
#[must_use]
pub fn b_cond(cond: Cond, distance: i32) -> u32 {
    0x5400_0000 | place_signed("distance", distance, 4, 5, 19) | cond as u32
}

fn compare_branch(opcode: u32, width: Width, t: Gpr, distance: i32) -> u32 {
    width.sf() | opcode | place_signed("distance", distance, 4, 5, 19) | place("rt", t.0.into(), 0, 5)
}

/// `cbz`.
#[must_use]
pub fn cbz(width: Width, t: Gpr, distance: i32) -> u32 {
    compare_branch(0x3400_0000, width, t, distance)
}

/// `cbnz`.
#[must_use]
pub fn cbnz(width: Width, t: Gpr, distance: i32) -> u32 {
    compare_branch(0x3500_0000, width, t, distance)
}

fn test_branch(opcode: u32, t: Gpr, bit: u32, distance: i32) -> u32 {
    let bit = place("bit", bit, 0, 6);
    let number = bit >> 5 << 31 | (bit & 31) << 19;
    opcode | number | place_signed("distance", distance, 4, 5, 14) | place("rt", t.0.into(), 0, 5)
}

/// `tbz`.
#[must_use]
pub fn tbz(t: Gpr, bit: u32, distance: i32) -> u32 {
    test_branch(0x3600_0000, t, bit, distance)
}

/// `tbnz`.
#[must_use]
pub fn tbnz(t: Gpr, bit: u32, distance: i32) -> u32 {
    test_branch(0x3700_0000, t, bit, distance)
}

/// `br`.
#[must_use]
pub fn br(n: Gpr) -> u32 {
    0xd61f_0000 | place("rn", n.0.into(), 5, 5)
}

/// `blr`.
#[must_use]
pub fn blr(n: Gpr) -> u32 {
    0xd63f_0000 | place("rn", n.0.into(), 5, 5)
}

/// `ret`.
#[must_use]
pub fn ret(n: Gpr) -> u32 {
    0xd65f_0000 | place("rn", n.0.into(), 5, 5)
}

/// `brk`.
#[must_use]
pub fn brk(imm16: u16) -> u32 {
    0xd420_0000 | u32::from(imm16) << 5
}

/// `svc`.
#[must_use]
pub fn svc(imm16: u16) -> u32 {
    0xd400_0001 | u32::from(imm16) << 5
}

fn relative(opcode: u32, d: Gpr, units: i32) -> u32 {
    let immediate = place_signed("distance", units, 1, 0, 21);
    opcode | (immediate & 3) << 29 | immediate >> 2 << 5 | place("rd", d.0.into(), 0, 5)
}

/// `adr`.
#[must_use]
pub fn adr(d: Gpr, distance: i32) -> u32 {
    relative(0x1000_0000, d, distance)
}

/// `adrp`, the distance in pages of 4 KiB.
#[must_use]
pub fn adrp(d: Gpr, pages: i32) -> u32 {
    relative(0x9000_0000, d, pages)
}

#[cfg(test)]
mod tests {
    use super::super::tests::reads;
    use super::*;

    #[test]
    fn branch_words_read_as_written() {
        reads(b(-16), "b #0xff0");
        reads(bl(0x1000), "bl #0x2000");
        reads(cbz(Width::W, Gpr(5), 8), "cbz w5, #0x1008");
        reads(cbnz(Width::X, Gpr(5), -8), "cbnz x5, #0xff8");
        reads(tbz(Gpr(5), 3, 8), "tbz w5, #3, #0x1008");
        reads(tbnz(Gpr(5), 63, -4), "tbnz x5, #0x3f, #0xffc");
        reads(br(Gpr(7)), "br x7");
        reads(blr(Gpr(30)), "blr x30");
        reads(ret(Gpr(30)), "ret");
        reads(brk(1), "brk #1");
        reads(svc(0), "svc #0");
        reads(adr(Gpr(3), -1), "adr x3, #0xfff");
        reads(adrp(Gpr(3), 2), "adrp x3, #0x3000");
    }

    #[test]
    fn conditions_are_in_the_order_of_their_encoding() {
        use Cond::{Cc, Cs, Eq, Ge, Gt, Hi, Le, Ls, Lt, Mi, Ne, Pl, Vc, Vs};
        let names = [
            (Eq, "eq"),
            (Ne, "ne"),
            (Cs, "hs"),
            (Cc, "lo"),
            (Mi, "mi"),
            (Pl, "pl"),
            (Vs, "vs"),
            (Vc, "vc"),
            (Hi, "hi"),
            (Ls, "ls"),
            (Ge, "ge"),
            (Lt, "lt"),
            (Gt, "gt"),
            (Le, "le"),
        ];
        for (cond, name) in names {
            reads(b_cond(cond, 4), &format!("b.{name} #0x1004"));
        }
    }
}
