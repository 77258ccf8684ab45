//! The set of [`Unspecified`] spots met on a run's path.

use crate::outcome::Unspecified;

/// All reasons, in their order.
const ALL: [Unspecified; 5] = [
    Unspecified::NanSign,
    Unspecified::NanPayload,
    Unspecified::ConvRange,
    Unspecified::TobitFraction,
    Unspecified::Fma,
];

/// A set of reasons, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// Adds a reason.
    pub const fn set(&mut self, reason: Unspecified) {
        self.0 |= 1 << reason as u8;
    }

    /// True if the reason is in it.
    pub const fn has(self, reason: Unspecified) -> bool {
        self.0 & 1 << reason as u8 != 0
    }

    /// The reasons, sorted.
    pub fn list(self) -> Vec<Unspecified> {
        ALL.into_iter().filter(|u| self.has(*u)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_once_and_sorted() {
        let mut marks = Marks::default();
        assert!(marks.list().is_empty());
        for reason in [Unspecified::Fma, Unspecified::NanSign, Unspecified::Fma] {
            marks.set(reason);
        }
        assert_eq!(marks.list(), [Unspecified::NanSign, Unspecified::Fma]);
        assert!(ALL.is_sorted());
    }
}
