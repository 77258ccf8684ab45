//! What stands in a pack by its name: rows of tables that may change, and be put in another order.

use super::PackError;
use super::wire::{Reader, Wire, Writer};
use crate::case::OptFlags;
use crate::ir::lit::ALL_FPM;
use crate::ir::{Callee, Field, Fpm, Helper, Op, Type};

/// How a row is named, and found by its name.
macro_rules! named {
    ($( $ty:ty, $what:literal, $name:expr, $find:expr; )*) => { $(
        impl Wire for $ty {
            fn write(&self, w: &mut Writer) {
                let name: fn($ty) -> &'static str = $name;
                w.name(name(*self));
            }

            fn read(r: &mut Reader) -> Result<Self, PackError> {
                r.name($what, $find)
            }
        }
    )* };
}

#[rustfmt::skip]
named! {
    Op,     "opcode",        Op::name,     Op::from_name;
    Type,   "type",          Type::text,   Type::from_text;
    Field,  "field",         Field::text,  Field::from_text;
    Callee, "function",      Callee::name, Callee::from_name;
    Helper, "helper",        Helper::name, Helper::from_name;
    Fpm,    "math function", Fpm::text,    |name| ALL_FPM.iter().find(|row| row.2 == name).map(|row| row.0);
}

/// Flags that differ from the default: names and values. As in text, a flag that is not named has its default.
impl Wire for OptFlags {
    fn write(&self, w: &mut Writer) {
        let defaults = OptFlags::default().list();
        let others: Vec<_> = self.list().into_iter().filter(|flag| !defaults.contains(flag)).collect();
        others.len().write(w);
        for (name, on) in others {
            w.name(name);
            on.write(w);
        }
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        let mut flags = OptFlags::default();
        for _ in 0..usize::read(r)? {
            let set = r.name("flag", |name| {
                let mut set = flags;
                set.set(name, true).then(|| name.to_string())
            })?;
            let on = bool::read(r)?;
            flags.set(&set, on);
        }
        Ok(flags)
    }
}
