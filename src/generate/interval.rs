//! Which integers a value surely lies in: cheap, and only where it is cheap to be sure.
//!
//! Addresses are computed from bounded values, and guards are aimed by them. 32-bit values count as signed.

use crate::ir::{Arg, Class, Const, Fpm, Ins, Lit, Op, Type};

/// Lowest and highest value, both included.
pub(super) type Interval = (i64, i64);

/// The interval of an instruction's result, from those of its operands; `None` if nothing is known.
pub(super) fn of(ins: &Ins, known: impl Fn(Arg) -> Option<Interval>) -> Option<Interval> {
    let (a, b) = (known(ins.op1), known(ins.op2));
    let class = ins.ty.class();
    match ins.op {
        Op::XLOAD => of_type(ins.ty),
        Op::BAND => constant(ins.op2).or(constant(ins.op1)).filter(|k| *k >= 0).map(|k| (0, k)),
        Op::BSHR => {
            let count = shift(ins).filter(|count| *count > 0)?;
            Some((0, (u64::MAX >> (64 - width(class) + count)).cast_signed()))
        }
        Op::BSAR => {
            let (lo, hi) = a.or(full(class))?;
            Some((lo >> shift(ins)?, hi >> shift(ins)?))
        }
        Op::BSHL => {
            let ((lo, hi), factor) = (a?, 1i64.checked_shl(shift(ins)?).filter(|f| *f > 0)?);
            fit(class, lo.checked_mul(factor)?, hi.checked_mul(factor)?)
        }
        Op::ADD | Op::ADDOV => fit(class, a?.0.checked_add(b?.0)?, a?.1.checked_add(b?.1)?),
        Op::SUB | Op::SUBOV => fit(class, a?.0.checked_sub(b?.1)?, a?.1.checked_sub(b?.0)?),
        Op::MIN if class == Class::W32 => Some((a?.0.min(b?.0), a?.1.min(b?.1))),
        Op::MAX if class == Class::W32 => Some((a?.0.max(b?.0), a?.1.max(b?.1))),
        Op::FPMATH if matches!(ins.op2, Arg::Lit(Lit::Fpm(Fpm::Floor | Fpm::Ceil | Fpm::Trunc))) => a,
        Op::CONV => of_conv(ins, a),
        _ => None,
    }
}

fn of_conv(ins: &Ins, a: Option<Interval>) -> Option<Interval> {
    let Arg::Lit(Lit::Conv(mode)) = ins.op2 else { return None };
    let source = match mode.src {
        Type::I8 | Type::U8 | Type::I16 | Type::U16 => of_type(mode.src),
        _ => None,
    };
    let (lo, hi) = match (a, source) {
        (Some(v), Some(t)) if t.0 <= v.0 && v.1 <= t.1 => v,
        (_, Some(t)) => t,
        (Some(v), None) => v,
        (None, None) => return None,
    };
    let reads_unsigned = match mode.src {
        Type::U32 | Type::U64 => true,
        Type::Int => ins.ty.is_w64() && !mode.sext,
        _ => false,
    };
    // Doubles hold these exactly; single precision holds 24 bits.
    let exact = if ins.ty == Type::Float || mode.src == Type::Float { 24 } else { 53 };
    let fp_fits =
        !(ins.ty.is_fp() || mode.src.is_fp()) || lo.unsigned_abs() >> exact == 0 && hi.unsigned_abs() >> exact == 0;
    if reads_unsigned && lo < 0 || !fp_fits { None } else { fit(ins.ty.class(), lo, hi) }
}

/// The interval of a constant; of doubles only if they are small whole numbers.
pub(super) fn of_const(k: Const) -> Option<Interval> {
    match k {
        Const::Int(k) => Some((i64::from(k), i64::from(k))),
        Const::Int64(k) => Some((k, k)),
        Const::Num(bits) => (-SMALL..=SMALL).find(|k| f64::from(*k).to_bits() == bits).map(|k| (k.into(), k.into())),
        _ => None,
    }
}

/// The highest constant double that counts as a known whole number.
const SMALL: i32 = 64;

fn constant(a: Arg) -> Option<i64> {
    match a {
        Arg::K(k) => of_const(k).map(|(k, _)| k),
        _ => None,
    }
}

fn shift(ins: &Ins) -> Option<u32> {
    constant(ins.op2).map(|k| u32::try_from(k & i64::from(width(ins.ty.class()) - 1)).expect("masked"))
}

fn width(class: Class) -> u32 {
    if class == Class::W32 { 32 } else { 64 }
}

fn of_type(ty: Type) -> Option<Interval> {
    match ty {
        Type::I8 => Some((-0x80, 0x7f)),
        Type::U8 => Some((0, 0xff)),
        Type::I16 => Some((-0x8000, 0x7fff)),
        Type::U16 => Some((0, 0xffff)),
        _ => None,
    }
}

fn full(class: Class) -> Option<Interval> {
    match class {
        Class::W32 => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        Class::W64 => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

/// The interval, if a value of that class holds all of it. Doubles: whole numbers.
fn fit(class: Class, lo: i64, hi: i64) -> Option<Interval> {
    let (min, max) = match class {
        Class::Num => (-(1 << 53), 1 << 53),
        Class::Flt => (-(1 << 24), 1 << 24),
        _ => full(class)?,
    };
    (min <= lo && hi <= max).then_some((lo, hi))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ConvCheck, ConvMode};

    fn to_num(k: i64) -> Option<Interval> {
        let mode = Lit::Conv(ConvMode { src: Type::I64, sext: false, check: ConvCheck::Plain });
        let (op1, op2) = (Arg::K(Const::Int64(k)), Arg::Lit(mode));
        of_conv(&Ins { op: Op::CONV, ty: Type::Num, guard: false, op1, op2 }, of_const(Const::Int64(k)))
    }

    #[test]
    fn doubles_are_known_where_they_are_exact() {
        assert_eq!([to_num(-7), to_num(1 << 52)], [Some((-7, -7)), Some((1 << 52, 1 << 52))]);
        // Found by cargo fuzz, which checks for overflow: there is no absolute value of the smallest one.
        assert_eq!([to_num(i64::MIN), to_num(i64::MAX)], [None, None]);
    }
}
