//! Comparisons: a guard holds when its condition is true.
//!
//! The unsigned forms are "unordered or" for numbers: `ULT` is true with a NaN, `LT` is not (`lj_ir.c`,
//! `lj_ir_numcmp`). Integers compare by their 32 or 64 bits, whatever the signedness of their type: the opcode says which.

use super::signed;
use crate::ir::Type;

/// The four outcomes of comparing two numbers.
fn ordered(ty: Type, a: u64, b: u64, num: fn(&f64, &f64) -> bool, int: fn(&i64, &i64) -> bool) -> bool {
    match ty {
        Type::Num => num(&f64::from_bits(a), &f64::from_bits(b)),
        _ => int(&signed(ty, a), &signed(ty, b)),
    }
}

/// `a < b`
pub fn lt(ty: Type, a: u64, b: u64) -> bool {
    ordered(ty, a, b, f64::lt, i64::lt)
}

/// `a >= b`
pub fn ge(ty: Type, a: u64, b: u64) -> bool {
    ordered(ty, a, b, f64::ge, i64::ge)
}

/// `a <= b`
pub fn le(ty: Type, a: u64, b: u64) -> bool {
    ordered(ty, a, b, f64::le, i64::le)
}

/// `a > b`
pub fn gt(ty: Type, a: u64, b: u64) -> bool {
    ordered(ty, a, b, f64::gt, i64::gt)
}

/// Unsigned `a < b`, or not `a >= b`.
pub fn ult(ty: Type, a: u64, b: u64) -> bool {
    if ty == Type::Num { !ge(ty, a, b) } else { a < b }
}

/// Unsigned `a >= b`, or not `a < b`.
pub fn uge(ty: Type, a: u64, b: u64) -> bool {
    if ty == Type::Num { !lt(ty, a, b) } else { a >= b }
}

/// Unsigned `a <= b`, or not `a > b`.
pub fn ule(ty: Type, a: u64, b: u64) -> bool {
    if ty == Type::Num { !gt(ty, a, b) } else { a <= b }
}

/// Unsigned `a > b`, or not `a <= b`.
pub fn ugt(ty: Type, a: u64, b: u64) -> bool {
    if ty == Type::Num { !le(ty, a, b) } else { a > b }
}

/// `a == b`
pub fn eq(ty: Type, a: u64, b: u64) -> bool {
    if ty == Type::Num { f64::from_bits(a) == f64::from_bits(b) } else { a == b }
}

/// `a ~= b`: true with a NaN.
pub fn ne(ty: Type, a: u64, b: u64) -> bool {
    !eq(ty, a, b)
}

/// Array bounds check: the bound comes first and must be above the index.
pub fn abc(ty: Type, bound: u64, index: u64) -> bool {
    ugt(ty, bound, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Cmp = fn(Type, u64, u64) -> bool;
    const ALL: [(&str, Cmp); 10] = [
        ("lt", lt),
        ("ge", ge),
        ("le", le),
        ("gt", gt),
        ("ult", ult),
        ("uge", uge),
        ("ule", ule),
        ("ugt", ugt),
        ("eq", eq),
        ("ne", ne),
    ];

    fn holding(ty: Type, a: u64, b: u64) -> Vec<&'static str> {
        ALL.iter().filter(|(_, f)| f(ty, a, b)).map(|(n, _)| *n).collect()
    }

    fn num(a: f64, b: f64) -> Vec<&'static str> {
        holding(Type::Num, a.to_bits(), b.to_bits())
    }

    #[test]
    fn with_a_nan_only_unordered_comparisons_hold() {
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::NAN, f64::NAN)] {
            assert_eq!(num(a, b), ["ult", "uge", "ule", "ugt", "ne"]);
        }
    }

    #[test]
    fn zeros_of_both_signs_are_equal() {
        assert_eq!(num(-0.0, 0.0), ["ge", "le", "uge", "ule", "eq"]);
        assert_eq!(num(0.0, -0.0), ["ge", "le", "uge", "ule", "eq"]);
    }

    #[test]
    fn ordered_numbers_compare_alike_in_both_families() {
        assert_eq!(num(-1.0, f64::INFINITY), ["lt", "le", "ult", "ule", "ne"]);
        assert_eq!(num(5e-324, 0.0), ["ge", "gt", "uge", "ugt", "ne"]);
    }

    #[test]
    fn minus_one_is_below_zero_signed_and_above_it_unsigned() {
        assert_eq!(holding(Type::Int, 0xffff_ffff, 0), ["lt", "le", "uge", "ugt", "ne"]);
        assert_eq!(holding(Type::I64, u64::MAX, 0), ["lt", "le", "uge", "ugt", "ne"]);
        assert_eq!(holding(Type::I64, 0xffff_ffff, 0), ["ge", "gt", "uge", "ugt", "ne"]);
    }

    #[test]
    fn a_bounds_check_takes_the_bound_first_and_rejects_negative_indices() {
        assert!(abc(Type::Int, 4, 3));
        assert!(!abc(Type::Int, 4, 4));
        assert!(!abc(Type::Int, 4, 0xffff_ffff));
        assert!(!abc(Type::Int, 0, 0));
    }
}
