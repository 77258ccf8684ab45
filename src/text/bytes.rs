//! Memory contents as lines: which bytes are worth showing, and how.

use std::ops::Range;

/// Bytes of a line at most.
const ROW: usize = 32;
/// Lines start and end at multiples of this.
const GROUP: usize = 8;

/// The ranges to write of `len` bytes so that all that are `shown` are in one: whole groups, at most a row each.
pub(super) fn rows(len: usize, shown: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let row = |start: usize| {
        let end = len.min(start + ROW);
        let first = (start..end).find(|i| shown(*i))?;
        let last = (start..end).rfind(|i| shown(*i))?;
        Some(first - first % GROUP..end.min(last - last % GROUP + GROUP))
    };
    (0..len).step_by(ROW).filter_map(row).collect()
}

/// A line of bytes at an offset of a region: `data+8: 01 02`.
pub(super) fn line(region: &str, offset: usize, bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{region}+{offset}: {}", hex.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_groups_around_what_is_shown() {
        assert_eq!(rows(100, |i| i == 9 || i == 17), vec![8..24]);
        assert_eq!(rows(100, |i| i == 31 || i == 32 || i == 99), [24..32, 32..40, 96..100]);
        assert!(rows(100, |_| false).is_empty());
        assert!(rows(0, |_| true).is_empty());
    }
}
