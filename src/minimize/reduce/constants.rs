//! Plainer constants: towards zero and one, towards powers of two and their neighbours, and down to the least that still fails.

use super::{Edit, edit};
use crate::case::Case;
use crate::ir::lit::ALL_FPM;
use crate::ir::{Arg, Const, Lit, RegionId, SymPtr, TmprefMode, XloadMode};
use crate::minimize::cut::Which;
use crate::minimize::weight::{int, is_bare_address, num};
use crate::world::World;

/// Plainer constants and literals in operands.
pub(super) fn operands(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for which in Which::of(case) {
        for (at, ins) in which.trace(case).ins.iter().enumerate() {
            for (n, arg) in ins.args().into_iter().enumerate() {
                let place = Some(arg).filter(|_| n == 0 && is_bare_address(ins)).and_then(|a| place(&case.world, a));
                edits.extend(place.into_iter().chain(plainer(arg)).map(|new| {
                    edit(move |c| {
                        let ins = which.trace_mut(c)?.ins.get_mut(at)?;
                        *(if n == 0 { &mut ins.op1 } else { &mut ins.op2 }) = new;
                        Some(())
                    })
                }));
            }
        }
    }
    edits
}

/// The place in a region that a number is the address of, else the first region's start.
fn place(world: &World, arg: Arg) -> Option<Arg> {
    let Arg::K(Const::Int64(address)) = arg else { return None };
    let start = SymPtr { region: RegionId(0), offset: 0 };
    Some(Arg::K(Const::Ptr(super::standins::point(world, address.cast_unsigned()).unwrap_or(start))))
}

/// What may stand for a constant or literal, the plainest first.
pub(super) fn plainer(arg: Arg) -> Vec<Arg> {
    match arg {
        Arg::K(k) => constants(k).into_iter().map(Arg::K).collect(),
        Arg::Lit(lit) => literals(lit).into_iter().map(Arg::Lit).collect(),
        Arg::None | Arg::Ref(_) => vec![],
    }
}

fn constants(k: Const) -> Vec<Const> {
    let at = |p: SymPtr| plainer_ints(p.offset).into_iter().map(move |offset| SymPtr { offset, ..p });
    match k {
        Const::Int(i) => {
            let ints = plainer_ints(i.into()).into_iter().filter_map(|i| i32::try_from(i).ok());
            ints.map(Const::Int).collect()
        }
        Const::Int64(i) => plainer_ints(i).into_iter().map(Const::Int64).collect(),
        Const::Num(bits) => plainer_nums(bits).into_iter().map(Const::Num).collect(),
        Const::Ptr(p) => at(p).map(Const::Ptr).collect(),
        Const::KPtr(p) => at(p).map(Const::KPtr).collect(),
        _ => vec![],
    }
}

fn literals(lit: Lit) -> Vec<Lit> {
    match lit {
        Lit::Num(n) => plainer_ints(n.into()).into_iter().filter_map(|n| u16::try_from(n).ok()).map(Lit::Num).collect(),
        Lit::Xload(_) => vec![Lit::Xload(XloadMode::default())],
        Lit::Sload(m) => {
            let less = [
                crate::ir::SloadMode { readonly: false, inherit: false, ..m },
                crate::ir::SloadMode { readonly: false, ..m },
                crate::ir::SloadMode { inherit: false, ..m },
                crate::ir::SloadMode { convert: false, ..m },
            ];
            less.into_iter().filter(|less| *less != m).map(Lit::Sload).collect()
        }
        Lit::Fpm(f) => ALL_FPM.iter().map(|row| row.0).take_while(|g| *g != f).map(Lit::Fpm).collect(),
        Lit::Upvalue(n) => (0..n).map(Lit::Upvalue).collect(),
        Lit::Tmpref(m) => [TmprefMode { in1: false, ..m }, TmprefMode { out1: false, ..m }].map(Lit::Tmpref).to_vec(),
        _ => vec![],
    }
}

/// A number gets smaller by at least one part in two to the power of this.
const FINEST: u32 = 5;

/// Plainer integers, the plainest first.
pub(super) fn plainer_ints(v: i64) -> Vec<i64> {
    let size = v.unsigned_abs();
    let below = 1u64.checked_shl(63 - size.leading_zeros().min(63)).unwrap_or(1);
    let powers = [below, below.checked_mul(2).unwrap_or(below)];
    let near = powers.iter().flat_map(|p| [*p, p - 1, p.saturating_add(1)]);
    // By fractions, or the way down would be as long as the number is large.
    let down = (1..=FINEST).map(|n| size - (size >> n)).filter(|n| *n < size);
    let rounded = (1..64).map(|n| size >> n << n);
    let small = [0, 1, 2, 4, 8, 16, 64, 256, 4096];
    let sizes = small.into_iter().chain(near).chain(down).chain(rounded);
    let both = |n: u64| [i64::try_from(n).ok(), i64::try_from(n).ok().map(|n| -n)];
    let mut list: Vec<i64> = sizes.flat_map(both).flatten().filter(|n| int(*n) < int(v)).collect();
    list.sort_by_key(|n| int(*n));
    list.dedup();
    list
}

/// Plainer doubles, the plainest first.
pub(super) fn plainer_nums(bits: u64) -> Vec<u64> {
    let x = f64::from_bits(bits);
    let mut list = vec![0.0, 1.0, -1.0, 2.0, 0.5, -0.5, x.trunc(), (x / 2.0).trunc()];
    if x.fract() == 0.0 && x.abs() < 9e15 {
        list.extend(plainer_ints(x as i64).into_iter().map(|i| i as f64)); // exact: below 2^53
    }
    // Fewer bits of the fraction.
    list.extend([32, 16].map(|n| f64::from_bits(bits >> n << n)));
    let mut list: Vec<u64> =
        list.into_iter().filter(|y| !y.is_nan()).map(f64::to_bits).filter(|b| num(*b) < num(bits)).collect();
    list.sort_by_key(|b| num(*b));
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn a_constant_becomes_plainer() {
        let head = "; region data 16 at 0\n; input 1";
        let ir = |k| format!("0001 int XSTORE [data+0] {k}");
        proposes(operands, &text(head, &ir("-300")), &text(head, &ir("-257")));
        proposes(operands, &text(head, &ir("-300")), &text(head, &ir("+1")));
    }

    #[test]
    fn integers_go_towards_zero_powers_of_two_and_their_neighbours() {
        let list = plainer_ints(-300);
        assert_eq!(list[..3], [0, 1, -1]);
        for wanted in [-256, -255, -257, 512, -150, -291, -296] {
            assert!(list.contains(&wanted), "{wanted} in {list:?}");
        }
        assert!(plainer_ints(0).is_empty() && plainer_ints(1) == [0]);
        assert!(plainer_ints(i64::MIN).contains(&1) && plainer_ints(i64::MAX).contains(&(1 << 62)));
    }

    #[test]
    fn each_plainer_number_is_lighter() {
        for bits in [0.1f64, -0.0, 3.75, 1e300, f64::INFINITY, f64::NAN, -17.0].map(f64::to_bits) {
            assert!(plainer_nums(bits).iter().all(|b| num(*b) < num(bits)), "{bits:#x}");
        }
        assert!(plainer_nums(17f64.to_bits()).contains(&16f64.to_bits()));
    }
}
