//! Numbers that people read in hexadecimal: as text wherever they are written, so that no reader of JSON rounds them.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An address, or all bits of a register: `0x100004`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex(pub u64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// An instruction word, all eight digits: `0x0b000041`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits(pub u32);

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        digits(from).map(Hex)
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bits = digits(from)?;
        u32::try_from(bits).map(Bits).map_err(|_| D::Error::custom(format!("{bits:#x} has more than 32 bits")))
    }
}

fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    let number = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| D::Error::custom(format!("{text:?} is no hexadecimal number: write 0x1f")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_survive_json() {
        for bits in [0, 1, 1 << 53 | 1, u64::MAX] {
            let text = serde_json::to_string(&Hex(bits)).expect("text");
            assert_eq!(serde_json::from_str::<Hex>(&text).expect("its own output"), Hex(bits), "{text}");
        }
        assert_eq!(serde_json::to_string(&Bits(0x41)).expect("text"), "\"0x00000041\"");
        assert!(serde_json::from_str::<Bits>("\"0x100000000\"").is_err());
        assert!(serde_json::from_str::<Bits>("65").is_err());
    }
}
