//! Palettes: a case's constants come from a few families of neighbours, used again and again.
//!
//! Constants that are used once are loaded and forgotten. Those that stay in registers are what LuaJIT derives others
//! from (`emit_kdelta`, by one add or subtract of a 12-bit immediate) and what it loads again after an eviction.

use super::build::{Builder, int_const};
use super::entropy::Source;
use super::pools;
use crate::ir::{Class, Const};
use crate::world::DATA_BASE;

/// Bytes from the start of the backend's memory to the data area: heap, code and the VM's entry points lie there.
const BELOW_DATA: u64 = 66 << 20;

/// The constants of a case.
#[derive(Clone, Debug, Default)]
pub(super) struct Palette {
    integers: Vec<i64>,
    doubles: Vec<u64>,
    /// Percent of constants that come from here.
    share: u8,
}

impl Palette {
    /// No palette.
    pub(super) const NONE: Palette = Palette { integers: vec![], doubles: vec![], share: 0 };

    /// One to three families of integers and a few doubles.
    pub(super) fn draw(s: &mut impl Source) -> Palette {
        let mut integers = vec![];
        for _ in 0..1 + s.below(3) {
            family(s, &mut integers);
        }
        let doubles = (0..2 + s.below(14)).map(|_| pools::double(s)).collect();
        Palette { integers, doubles, share: s.pick(&[85, 60, 97]) }
    }
}

/// A constant and its neighbours: within an immediate's reach, at its limits, beyond.
fn family(s: &mut impl Source, all: &mut Vec<i64>) {
    let anchor = anchor(s);
    all.push(anchor);
    for _ in 0..1 + s.below(9) {
        let distance = match s.weighted(&[5, 4, 4, 2, 1]) {
            0 => s.range(1, 64),
            1 => s.range(1, 4095),
            2 => s.range(-1, 1) + 4095,
            3 => s.range(1, 4095) << 12,
            _ => s.range(4094, 4097) << 12,
        };
        let distance = if s.percent(50) { -distance } else { distance };
        all.push(anchor.wrapping_add(distance));
    }
    if s.percent(40) {
        all.extend([anchor & 0xffff_ffff, pools::truncate(anchor, 32)]);
    }
}

/// What no single MOV loads: random, a boundary, an address near data, heap or code, a difference of addresses.
fn anchor(s: &mut impl Source) -> i64 {
    match s.weighted(&[5, 3, 6, 3]) {
        0 => s.raw(8).cast_signed(),
        1 => pools::integer(s, 64),
        // As an int's sign extension, which is what LuaJIT takes an int constant for, or as a word of an address.
        2 if s.percent(50) => pools::truncate(s.raw(4).cast_signed(), 32),
        2 => s.raw(4).cast_signed(),
        _ => {
            let megabytes = i64::from(s.below(67)) << 20;
            let near = s.range(-0x1_0000, 0x1_0000);
            let origin = DATA_BASE - if s.percent(30) { 0 } else { BELOW_DATA };
            origin.cast_signed() + megabytes * i64::from(s.percent(60)) + near
        }
    }
}

impl Builder<'_, '_, '_> {
    /// A constant from the case's palette, if the dice say so.
    pub(super) fn palette_constant(&mut self, class: Class) -> Option<Const> {
        let share = self.palette.share;
        if share == 0 || !self.u.percent(share) {
            return None;
        }
        let count = if class == Class::Num { self.palette.doubles.len() } else { self.palette.integers.len() };
        let n = (count > 0).then(|| self.u.index(count))?;
        Some(match class {
            Class::Num => Const::Num(self.palette.doubles[n]),
            Class::W32 => int_const(self.palette.integers[n]),
            _ => Const::Int64(self.palette.integers[n]),
        })
    }
}
