//! Register numbers, names and sets.

use std::fmt;

/// Whether an integer operation works on 32 or 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 32 bits, the upper half of a written register becomes zero.
    W,
    /// 64 bits.
    X,
}

impl Width {
    /// The width that bit 31 (`sf`) of a data-processing word selects.
    #[must_use]
    pub const fn of_sf(word: u32) -> Self {
        if word >> 31 == 1 { Self::X } else { Self::W }
    }

    /// Number of bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::W => 32,
            Self::X => 64,
        }
    }

    /// All bits of that width set.
    #[must_use]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }

    /// The `sf` bit, in its place.
    #[must_use]
    pub const fn sf(self) -> u32 {
        match self {
            Self::W => 0,
            Self::X => 1 << 31,
        }
    }
}

/// A general-purpose register number, 0 to 31. What 31 means depends on the instruction: [`SP`] or [`ZR`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gpr(pub u8);

/// A floating-point and SIMD register number, 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fpr(pub u8);

/// The stack pointer.
pub const SP: Gpr = Gpr(31);
/// The zero register.
pub const ZR: Gpr = Gpr(31);
/// The link register.
pub const LR: Gpr = Gpr(30);

impl fmt::Display for Gpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == SP { f.write_str("sp") } else { write!(f, "x{}", self.0) }
    }
}

impl fmt::Display for Fpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", self.0)
    }
}

/// A set of registers: bits 0 to 30 are x0 to x30, bit 31 is the stack pointer, bits 32 to 63 are d0 to d31. The zero register is in
/// no set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegSet(pub u64);

impl RegSet {
    /// No register.
    pub const EMPTY: Self = Self(0);

    /// The set of these general-purpose registers, 31 being the stack pointer.
    #[must_use]
    pub const fn of_gprs(registers: &[Gpr]) -> Self {
        let (mut set, mut i) = (0, 0);
        while i < registers.len() {
            set |= 1 << registers[i].0;
            i += 1;
        }
        Self(set)
    }

    /// Whether a general-purpose register, or the stack pointer, is in the set.
    #[must_use]
    pub const fn has(self, register: Gpr) -> bool {
        self.0 >> register.0 & 1 == 1
    }

    /// Whether a floating-point register is in the set.
    #[must_use]
    pub const fn has_fpr(self, register: Fpr) -> bool {
        self.0 >> (32 + register.0) & 1 == 1
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The registers in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The registers in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for RegSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (0..64u8).filter(|bit| self.0 >> bit & 1 == 1).map(|bit| match bit {
            0..32 => Gpr(bit).to_string(),
            _ => Fpr(bit - 32).to_string(),
        });
        f.write_str(&names.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn register_set_prints_in_order_of_number() {
        let set = RegSet::of_gprs(&[SP, Gpr(3)]).or(RegSet(1 << 33));
        assert_eq!(set.to_string(), "x3 sp d1");
        assert!(set.has(SP) && set.has_fpr(Fpr(1)) && !set.has(Gpr(1)));
    }
}
