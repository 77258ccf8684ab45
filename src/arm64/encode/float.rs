//! Scalar floating point.

use super::place;
use crate::arm64::immediate::encode_float8;
use crate::arm64::registers::{Fpr, Gpr, Width};

/// Single or double precision, by the `type` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Single.
    S = 0,
    /// Double.
    D = 1,
}

/// An operation on two floating-point registers, by its `opcode` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Float2 {
    /// `fmul`.
    Mul,
    /// `fdiv`.
    Div,
    /// `fadd`.
    Add,
    /// `fsub`.
    Sub,
    /// `fmax`.
    Max,
    /// `fmin`.
    Min,
}

fn scalar(precision: Precision) -> u32 {
    0x1e20_0000 | (precision as u32) << 22
}

fn registers(d: u8, n: u8) -> u32 {
    place("rd", d.into(), 0, 5) | place("rn", n.into(), 5, 5)
}

/// `fadd d, n, m` and its like.
#[must_use]
pub fn float2(op: Float2, precision: Precision, d: Fpr, n: Fpr, m: Fpr) -> u32 {
    scalar(precision) | 2 << 10 | (op as u32) << 12 | place("rm", m.0.into(), 16, 5) | registers(d.0, n.0)
}

/// `fmov d, n` between floating-point registers.
#[must_use]
pub fn fmov(precision: Precision, d: Fpr, n: Fpr) -> u32 {
    scalar(precision) | 0x4000 | registers(d.0, n.0)
}

/// `fmov d, #value`, `value` being one of the 256 short constants.
#[must_use]
pub fn fmov_imm(precision: Precision, d: Fpr, value: f64) -> u32 {
    let imm8 = encode_float8(value).unwrap_or_else(|| panic!("{value} is no 8-bit floating-point constant"));
    scalar(precision) | 0x1000 | u32::from(imm8) << 13 | registers(d.0, 0)
}

/// `fmov d, xn`: the bits of a general register.
#[must_use]
pub fn fmov_from_gpr(precision: Precision, d: Fpr, n: Gpr) -> u32 {
    (precision as u32) << 31 | scalar(precision) | 7 << 16 | registers(d.0, n.0)
}

/// `fmov xd, n`: the bits of a floating-point register.
#[must_use]
pub fn fmov_to_gpr(precision: Precision, d: Gpr, n: Fpr) -> u32 {
    (precision as u32) << 31 | scalar(precision) | 6 << 16 | registers(d.0, n.0)
}

/// `fcmp n, m`.
#[must_use]
pub fn fcmp(precision: Precision, n: Fpr, m: Fpr) -> u32 {
    scalar(precision) | 0x2000 | place("rm", m.0.into(), 16, 5) | registers(0, n.0)
}

/// `fcvtzs d, n`: to a signed integer, towards zero, saturating.
#[must_use]
pub fn fcvtzs(width: Width, precision: Precision, d: Gpr, n: Fpr) -> u32 {
    width.sf() | scalar(precision) | 0x18_0000 | registers(d.0, n.0)
}

/// `scvtf d, n`: from a signed integer.
#[must_use]
pub fn scvtf(width: Width, precision: Precision, d: Fpr, n: Gpr) -> u32 {
    width.sf() | scalar(precision) | 0x2_0000 | registers(d.0, n.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::reads;
    use super::*;
    use Precision::{D, S};

    #[test]
    fn float_words_read_as_written() {
        reads(fmov(D, Fpr(1), Fpr(2)), "fmov d1, d2");
        reads(fmov_imm(D, Fpr(1), -0.125), "fmov d1, #-0.12500000");
        reads(fmov_from_gpr(D, Fpr(1), Gpr(2)), "fmov d1, x2");
        reads(fmov_from_gpr(S, Fpr(1), Gpr(2)), "fmov s1, w2");
        reads(fmov_to_gpr(D, Gpr(1), Fpr(2)), "fmov x1, d2");
        reads(fmov_to_gpr(S, Gpr(1), Fpr(2)), "fmov w1, s2");
        reads(fcmp(D, Fpr(1), Fpr(2)), "fcmp d1, d2");
        reads(fcvtzs(Width::W, D, Gpr(1), Fpr(2)), "fcvtzs w1, d2");
        reads(fcvtzs(Width::X, S, Gpr(1), Fpr(2)), "fcvtzs x1, s2");
        reads(scvtf(Width::X, D, Fpr(1), Gpr(2)), "scvtf d1, x2");
    }

    #[test]
    fn two_source_operations_read_as_written() {
        use Float2::{Add, Div, Max, Min, Mul, Sub};
        let names = [(Mul, "fmul"), (Div, "fdiv"), (Add, "fadd"), (Sub, "fsub"), (Max, "fmax"), (Min, "fmin")];
        for (op, name) in names {
            reads(float2(op, D, Fpr(1), Fpr(2), Fpr(3)), &format!("{name} d1, d2, d3"));
            reads(float2(op, S, Fpr(1), Fpr(2), Fpr(3)), &format!("{name} s1, s2, s3"));
        }
    }
}
