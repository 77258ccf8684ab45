//! How many versions to judge at once: more of them in a round take fewer rounds, and more builds.

/// Builds that a search over so many versions may take: one for each halving, and one for the ends.
pub fn limit(versions: usize) -> usize {
    halvings(versions) + 1
}

/// The smallest power of two that is not below, by its exponent.
fn halvings(n: usize) -> usize {
    n.max(1).next_power_of_two().trailing_zeros() as usize
}

/// Builds that halving takes, at worst, for so many versions between two of known and different states.
fn worst(open: usize) -> usize {
    halvings(open + 1)
}

/// How many of the open versions to judge next: as many as can be judged at once while the search still ends with the builds that are left.
pub(super) fn width(open: usize, left: usize, at_once: usize) -> usize {
    let rest = |width: usize| (open - width).div_ceil(width + 1);
    let fits = |width: &usize| width + worst(rest(*width)) <= left;
    (1..=at_once.min(open)).rev().find(fits).unwrap_or(1)
}

/// The positions that split so many open versions into parts of nearly the same size.
pub(super) fn splits(open: usize, width: usize) -> Vec<usize> {
    (1..=width).map(|i| i * (open + 1) / (width + 1) - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_of_45_may_take_seven_builds() {
        assert_eq!([1, 2, 3, 45, 64, 65].map(limit), [1, 2, 3, 7, 7, 8]);
    }

    #[test]
    fn two_at_once_are_judged_only_where_they_cost_no_build_more() {
        assert_eq!(width(44, 6, 2), 2, "14 are left, which take four more");
        assert_eq!(width(14, 4, 2), 1, "four would be left, which take three more");
        assert_eq!(width(3, 9, 8), 3);
        assert_eq!(width(40, 1, 4), 1, "one at a time when there is no way to keep the limit");
    }

    #[test]
    fn splits_are_inside_and_apart() {
        assert_eq!(splits(44, 2), [14, 29]);
        assert_eq!(splits(3, 3), [0, 1, 2]);
        assert_eq!(splits(1, 1), [0]);
        assert_eq!(splits(2, 1), [0]);
    }
}
