//! Changes of operands: offsets of addresses, constants, values.

use super::super::entropy::{Bulk, Source};
use super::super::pools;
use super::edit::{ins_mut, pick};
use crate::ir::{Arg, Const, Ins, Op, Ref, Rule, SymPtr, Trace, Type};

/// Whether an instruction loads or stores plain memory.
pub(super) fn is_access(ins: &Ins) -> bool {
    matches!(ins.op, Op::XLOAD | Op::XSTORE)
}

/// The displacement of an address: the constant that is added last, or a constant address's offset.
fn displacement(ins: &mut Ins) -> Option<&mut i64> {
    match (ins.op, ins.ty) {
        (Op::ADD, Type::P64) => match &mut ins.op2 {
            Arg::K(Const::Int64(k)) => Some(k),
            _ => None,
        },
        (Op::XLOAD | Op::XSTORE, _) => match &mut ins.op1 {
            Arg::K(Const::Ptr(p)) => Some(&mut p.offset),
            _ => None,
        },
        _ => None,
    }
}

/// Places with a displacement.
fn places(trace: &mut Trace) -> Vec<Ref> {
    let all = trace.ins.iter_mut().zip(1..).filter_map(|(ins, n)| displacement(ins).map(|_| Ref(n)));
    all.collect()
}

/// The binary logarithm of the size that an address is used for.
fn access_log2(trace: &Trace, address: Ref) -> u32 {
    let uses = |(at, ins): &(Ref, &Ins)| is_access(ins) && (ins.op1 == Arg::Ref(address) || *at == address);
    trace.iter().find(uses).map_or(2, |(_, ins)| ins.ty.size().ilog2())
}

/// A distance to a neighbour of an access of `1 << log2` bytes: the next one, one that overlaps, one that is not aligned.
pub(super) fn neighbour(s: &mut Bulk, log2: u32) -> i64 {
    let size = 1 << log2;
    let way = s.pick(&[1, -1]);
    way * match s.weighted(&[8, 6, 3, 3, 2]) {
        0 => size,
        1 => s.range(1, 3),
        2 => size / 2 + s.range(0, 1),
        3 => size * s.range(2, 4),
        _ => size + s.pick(&[1, -1]),
    }
}

/// Moves one displacement to a neighbour, or near the limit of a field.
pub(super) fn move_offset(trace: &mut Trace, s: &mut Bulk) -> bool {
    let places = places(trace);
    if places.is_empty() {
        return false;
    }
    let at = s.pick(&places);
    let log2 = access_log2(trace, at);
    let (near, far) = (neighbour(s, log2), pools::displacement(s, log2));
    let is_near = s.percent(80);
    let Some(offset) = displacement(ins_mut(trace, at)) else { return false };
    *offset = if is_near { offset.wrapping_add(near) } else { far };
    true
}

/// Moves all displacements from one base by the same distance: neighbours stay neighbours, elsewhere and otherwise aligned.
pub(super) fn move_all_offsets(trace: &mut Trace, s: &mut Bulk) -> bool {
    let places = places(trace);
    if places.is_empty() {
        return false;
    }
    let first = s.pick(&places);
    let base = base(trace.get(first));
    let (log2, is_near) = (access_log2(trace, first), s.percent(70));
    let by = if is_near { neighbour(s, log2) } else { pools::displacement(s, log2) };
    for at in places {
        let ins = ins_mut(trace, at);
        if self::base(ins) != base {
            continue;
        }
        if let Some(offset) = displacement(ins) {
            *offset = offset.wrapping_add(by);
        }
    }
    true
}

/// What a displacement is added to: a value, or the start of a region.
fn base(ins: &Ins) -> Arg {
    match ins.op1 {
        Arg::K(Const::Ptr(p)) => Arg::K(Const::Ptr(SymPtr { offset: 0, ..p })),
        other => other,
    }
}

/// Changes an integer or number constant: to a neighbour, its negative, or one from the pools.
pub(super) fn change_constant(trace: &mut Trace, s: &mut Bulk) -> bool {
    let mut all: Vec<(Ref, bool)> = Vec::new();
    for (at, ins) in trace.iter() {
        let fixed = matches!(ins.op.info().rule, Rule::ToBit | Rule::Neg | Rule::CArg);
        let constants = ins.args().into_iter().zip([false, true]).filter(|(a, _)| !fixed && is_number(*a));
        all.extend(constants.map(|(_, second)| (at, second)));
    }
    if all.is_empty() {
        return false;
    }
    let (at, second) = s.pick(&all);
    let ins = ins_mut(trace, at);
    let shift = ins.op.info().rule == Rule::Shift && second;
    let width = 8 * ins.ty.size();
    let arg = if second { &mut ins.op2 } else { &mut ins.op1 };
    if let Arg::K(k) = arg {
        *k = other_constant(*k, s, shift.then_some(width));
    }
    true
}

fn is_number(a: Arg) -> bool {
    matches!(a, Arg::K(Const::Int(_) | Const::Int64(_) | Const::Num(_)))
}

/// Another constant of the same kind.
fn other_constant(k: Const, s: &mut Bulk, shifted: Option<u32>) -> Const {
    let near = s.percent(50);
    let step = s.pick(&[1, -1, 2, -2, 4, 8]);
    match (k, shifted) {
        (Const::Int(_), Some(width)) => Const::Int(pools::shift_count(s, width, true)),
        (Const::Int(k), _) if near => Const::Int(k.wrapping_add(step)),
        (Const::Int(_), _) => Const::Int(i32::try_from(pools::integer(s, 32)).expect("32 bits")),
        (Const::Int64(k), _) if near => Const::Int64(k.wrapping_add(step.into())),
        (Const::Int64(_), _) => Const::Int64(pools::integer(s, 64)),
        (Const::Num(_), _) => Const::Num(pools::double(s)),
        (other, _) => other,
    }
}

/// Uses another value of the same type as an operand; addresses keep their base.
pub(super) fn use_other_value(trace: &mut Trace, s: &mut Bulk) -> bool {
    let plain = |ins: &Ins| {
        matches!(
            ins.op.info().rule,
            Rule::SCmp
                | Rule::UCmp
                | Rule::Equal
                | Rule::BitUn
                | Rule::Bit
                | Rule::Shift
                | Rule::Add
                | Rule::Mul
                | Rule::XStore
                | Rule::MinMax
                | Rule::Overflow
                | Rule::Conv
                | Rule::FpMath
                | Rule::Div
        )
    };
    let Some(at) = pick(trace, s, |_, ins| plain(ins) && ins.ty != Type::P64) else { return false };
    let second = trace.get(at).op == Op::XSTORE || s.percent(50);
    let old = trace.get(at).args()[usize::from(second)];
    let Arg::Ref(old) = old else { return false };
    let ty = trace.get(old).ty;
    let value = |r: Ref, ins: &Ins| r < at && r != old && ins.ty == ty && ins.op.info().has_value();
    let Some(new) = pick(trace, s, value) else { return false };
    let ins = ins_mut(trace, at);
    *(if second { &mut ins.op2 } else { &mut ins.op1 }) = Arg::Ref(new);
    true
}
