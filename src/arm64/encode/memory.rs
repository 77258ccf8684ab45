//! Loads and stores in every addressing form.

use super::{place, place_signed};
use crate::arm64::registers::Gpr;

/// What is transferred, and between which kinds of register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// A byte, zero-extended.
    B,
    /// Two bytes, zero-extended.
    H,
    /// Four bytes, `w` register.
    W,
    /// Eight bytes, `x` register.
    X,
    /// A byte, sign-extended to `w`; loads only.
    Sb,
    /// Two bytes, sign-extended to `w`; loads only.
    Sh,
    /// Four bytes, sign-extended to `x`; loads only.
    Sw,
    /// Single-precision register.
    S,
    /// Double-precision register.
    D,
    /// 128-bit register.
    Q,
}

impl Data {
    const fn bytes(self) -> i32 {
        match self {
            Self::B | Self::Sb => 1,
            Self::H | Self::Sh => 2,
            Self::W | Self::Sw | Self::S => 4,
            Self::X | Self::D => 8,
            Self::Q => 16,
        }
    }

    const fn float(self) -> u32 {
        matches!(self, Self::S | Self::D | Self::Q) as u32
    }

    /// `size`, V and `opc` of a single access, in their places.
    fn single(self, direction: Transfer) -> u32 {
        let size = self.bytes().ilog2() & 3;
        let opc = match (self, direction) {
            (Self::Sb | Self::Sh, Transfer::Load) => 3,
            (Self::Sw, Transfer::Load) => 2,
            (Self::Sb | Self::Sh | Self::Sw, Transfer::Store) => {
                panic!("a store does not extend signs, use B, H or W")
            }
            (Self::Q, direction) => 2 | direction as u32,
            (_, direction) => direction as u32,
        };
        size << 30 | self.float() << 26 | opc << 22
    }

    /// `opc` and V of a pair, in their places.
    fn pair(self) -> u32 {
        let opc = match self {
            Self::W | Self::S => 0,
            Self::Sw | Self::D => 1,
            Self::X | Self::Q => 2,
            _ => panic!("no pairs of less than four bytes"),
        };
        opc << 30 | self.float() << 26
    }
}

#[derive(Clone, Copy)]
enum Transfer {
    Store = 0,
    Load = 1,
}

/// Where a load or store goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// `[base, #offset]`; scaled if it fits, else unscaled.
    Offset(Gpr, i32),
    /// `[base, #offset]!`.
    Pre(Gpr, i32),
    /// `[base], #offset`.
    Post(Gpr, i32),
    /// `[base, index, extend #shift]`.
    Index(Gpr, Gpr, Extend, Scaled),
}

/// How an index register is extended, by the `option` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extend {
    /// 32 bits, zero-extended.
    Uxtw = 2,
    /// 64 bits.
    Lsl = 3,
    /// 32 bits, sign-extended.
    Sxtw = 6,
}

/// Whether an index counts elements or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaled {
    /// Bytes.
    No = 0,
    /// Elements of the size transferred.
    Yes = 1,
}

fn base(register: Gpr) -> u32 {
    place("base", register.0.into(), 5, 5)
}

fn single(data: Data, direction: Transfer, t: u8, at: At) -> u32 {
    let fixed = 0x3800_0000 | data.single(direction) | place("rt", t.into(), 0, 5);
    fixed
        | match at {
            At::Offset(n, offset) => base(n) | offset_bits(data, offset),
            At::Pre(n, offset) => base(n) | 3 << 10 | place_signed("offset", offset, 1, 12, 9),
            At::Post(n, offset) => base(n) | 1 << 10 | place_signed("offset", offset, 1, 12, 9),
            At::Index(n, m, extend, scaled) => {
                1 << 21
                    | 2 << 10
                    | base(n)
                    | place("rm", m.0.into(), 16, 5)
                    | (extend as u32) << 13
                    | (scaled as u32) << 12
            }
        }
}

fn offset_bits(data: Data, offset: i32) -> u32 {
    let scaled = offset / data.bytes();
    if offset % data.bytes() == 0 && (0..4096).contains(&scaled) {
        1 << 24 | scaled.cast_unsigned() << 10
    } else {
        place_signed("offset", offset, 1, 12, 9)
    }
}

fn pair(data: Data, direction: Transfer, t: u8, t2: u8, at: At) -> u32 {
    let (mode, n, offset) = match at {
        At::Offset(n, offset) => (2, n, offset),
        At::Pre(n, offset) => (3, n, offset),
        At::Post(n, offset) => (1, n, offset),
        At::Index(..) => panic!("pairs have no index register"),
    };
    let registers = place("rt", t.into(), 0, 5) | place("rt2", t2.into(), 10, 5) | base(n);
    let offset = place_signed("offset", offset, data.bytes(), 15, 7);
    0x2800_0000 | data.pair() | mode << 23 | (direction as u32) << 22 | registers | offset
}

/// A load into register number `t` of the kind that `data` says.
#[must_use]
pub fn ldr(data: Data, t: u8, at: At) -> u32 {
    single(data, Transfer::Load, t, at)
}

/// A store of register number `t` of the kind that `data` says.
#[must_use]
pub fn str(data: Data, t: u8, at: At) -> u32 {
    single(data, Transfer::Store, t, at)
}

/// A load of two registers.
#[must_use]
pub fn ldp(data: Data, t: u8, t2: u8, at: At) -> u32 {
    pair(data, Transfer::Load, t, t2, at)
}

/// A store of two registers.
#[must_use]
pub fn stp(data: Data, t: u8, t2: u8, at: At) -> u32 {
    assert!(data != Data::Sw, "a store does not extend signs, use W");
    pair(data, Transfer::Store, t, t2, at)
}

/// A load from `distance` bytes behind the instruction.
#[must_use]
pub fn ldr_literal(data: Data, t: u8, distance: i32) -> u32 {
    let opc = match data {
        Data::W | Data::S => 0,
        Data::X | Data::D => 1,
        Data::Sw | Data::Q => 2,
        _ => panic!("no literal loads of less than four bytes"),
    };
    0x1800_0000
        | opc << 30
        | data.float() << 26
        | place_signed("distance", distance, 4, 5, 19)
        | place("rt", t.into(), 0, 5)
}

#[cfg(test)]
mod tests {
    use super::super::tests::reads;
    use super::*;
    use crate::arm64::SP;

    const KINDS: [(Data, &str, &str); 10] = [
        (Data::B, "b", "w1"),
        (Data::H, "h", "w1"),
        (Data::W, "", "w1"),
        (Data::X, "", "x1"),
        (Data::Sb, "sb", "w1"),
        (Data::Sh, "sh", "w1"),
        (Data::Sw, "sw", "x1"),
        (Data::S, "", "s1"),
        (Data::D, "", "d1"),
        (Data::Q, "", "q1"),
    ];

    #[test]
    fn single_loads_read_as_written() {
        for (data, suffix, register) in KINDS {
            let scaled = data.bytes() * 2;
            let shown = if scaled < 10 { scaled.to_string() } else { format!("{scaled:#x}") };
            reads(ldr(data, 1, At::Offset(Gpr(2), scaled)), &format!("ldr{suffix} {register}, [x2, #{shown}]"));
            reads(ldr(data, 1, At::Offset(Gpr(2), -3)), &format!("ldur{suffix} {register}, [x2, #-3]"));
            reads(ldr(data, 1, At::Pre(SP, -16)), &format!("ldr{suffix} {register}, [sp, #-0x10]!"));
            reads(ldr(data, 1, At::Post(Gpr(2), 5)), &format!("ldr{suffix} {register}, [x2], #5"));
            let indexed = At::Index(Gpr(2), Gpr(3), Extend::Sxtw, Scaled::No);
            reads(ldr(data, 1, indexed), &format!("ldr{suffix} {register}, [x2, w3, sxtw]"));
        }
    }

    #[test]
    fn single_stores_read_as_written() {
        for (data, suffix, register) in KINDS.into_iter().filter(|kind| !kind.1.starts_with('s')) {
            reads(str(data, 1, At::Offset(Gpr(2), 0)), &format!("str{suffix} {register}, [x2]"));
            reads(str(data, 1, At::Post(SP, 16)), &format!("str{suffix} {register}, [sp], #0x10"));
        }
        let indexed = At::Index(Gpr(2), Gpr(3), Extend::Lsl, Scaled::Yes);
        reads(str(Data::X, 1, indexed), "str x1, [x2, x3, lsl #3]");
        let indexed = At::Index(Gpr(2), Gpr(3), Extend::Uxtw, Scaled::Yes);
        reads(str(Data::W, 1, indexed), "str w1, [x2, w3, uxtw #2]");
    }

    #[test]
    fn pairs_read_as_written() {
        reads(ldp(Data::W, 1, 2, At::Offset(Gpr(3), -256)), "ldp w1, w2, [x3, #-0x100]");
        reads(ldp(Data::X, 1, 2, At::Post(Gpr(3), 504)), "ldp x1, x2, [x3], #0x1f8");
        reads(ldp(Data::Sw, 1, 2, At::Pre(Gpr(3), 8)), "ldpsw x1, x2, [x3, #8]!");
        reads(stp(Data::S, 1, 2, At::Offset(Gpr(3), 4)), "stp s1, s2, [x3, #4]");
        reads(stp(Data::D, 1, 2, At::Pre(SP, -16)), "stp d1, d2, [sp, #-0x10]!");
        reads(stp(Data::Q, 1, 2, At::Offset(Gpr(3), 1008)), "stp q1, q2, [x3, #0x3f0]");
    }

    #[test]
    fn literal_loads_read_as_written() {
        reads(ldr_literal(Data::W, 1, 8), "ldr w1, #0x1008");
        reads(ldr_literal(Data::X, 1, -8), "ldr x1, #0xff8");
        reads(ldr_literal(Data::Sw, 1, 4), "ldrsw x1, #0x1004");
        reads(ldr_literal(Data::S, 1, 4), "ldr s1, #0x1004");
        reads(ldr_literal(Data::D, 1, 4), "ldr d1, #0x1004");
        reads(ldr_literal(Data::Q, 1, 4), "ldr q1, #0x1004");
    }
}
