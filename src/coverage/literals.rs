//! Literal and constant operands by kind.

use super::{Counts, bump};
use crate::ir::{Arg, Const, Ins, Lit, Op, Trace};
use std::collections::BTreeMap;

/// Counts the literals and constants of each written instruction.
pub(super) fn count(trace: &Trace, literals: &mut BTreeMap<String, Counts>) {
    for ins in &trace.ins {
        for arg in ins.args() {
            if let Some((kind, word)) = word(ins, arg) {
                match literals.get_mut(kind) {
                    Some(words) => bump(words, &word),
                    None => bump(literals.entry(kind.into()).or_default(), &word),
                }
            }
        }
    }
}

/// The kind and the value of an operand, where it has few values; constants are sorted by magnitude.
fn word(ins: &Ins, arg: Arg) -> Option<(&'static str, String)> {
    Some(match arg {
        Arg::Lit(Lit::Sload(m)) => (
            "SLOAD mode",
            letters(&[(m.parent, 'P'), (m.typecheck, 'T'), (m.convert, 'C'), (m.readonly, 'R'), (m.inherit, 'I')]),
        ),
        Arg::Lit(Lit::Xload(m)) => ("XLOAD mode", letters(&[(m.readonly, 'R'), (m.volatile, 'V')])),
        Arg::Lit(Lit::Conv(m)) => {
            let sext = if m.sext { " sext" } else { "" };
            ("CONV", format!("{}.{}{sext} {:?}", ins.ty.text(), m.src.text(), m.check).to_lowercase())
        }
        Arg::Lit(Lit::Fpm(f)) => ("FPMATH", f.text().into()),
        Arg::Lit(Lit::Field(f)) => ("field", format!("{} {}", ins.op.name(), f.text())),
        Arg::Lit(Lit::Callee(c)) => ("C function", c.name().into()),
        Arg::Lit(Lit::Tmpref(m)) => ("TMPREF mode", letters(&[(m.in1, 'I'), (m.out1, 'O')])),
        Arg::Lit(Lit::Buf(m)) => ("BUFHDR mode", format!("{m:?}").to_lowercase()),
        Arg::Lit(Lit::Tostr(m)) => ("TOSTR mode", format!("{m:?}").to_lowercase()),
        Arg::Lit(Lit::Num(_) | Lit::Slot(_) | Lit::Upvalue(_)) | Arg::None | Arg::Ref(_) => return None,
        Arg::K(Const::Helper(h)) => ("helper", h.name().into()),
        Arg::K(Const::Ctype(t)) => ("C type", t.text()),
        Arg::K(Const::Int(i)) => ("KINT", magnitude(i64::from(i))),
        Arg::K(Const::Int64(i)) => ("KINT64", magnitude(i)),
        Arg::K(Const::Num(bits)) => ("KNUM", number(bits)),
        Arg::K(Const::Ptr(_) | Const::KPtr(_) | Const::Null | Const::TmpBuf | Const::NilTv) => {
            ("pointer", kind_of_pointer(arg).into())
        }
        Arg::K(Const::Gc(_)) => ("KGC", ins.op.name().into()),
        Arg::K(Const::KSlot(..)) => ("KSLOT", if ins.op == Op::HREFK { "HREFK" } else { "?" }.into()),
        Arg::K(Const::Pri(ty)) => ("KPRI", ty.text().into()),
    })
}

fn letters(set: &[(bool, char)]) -> String {
    let word: String = set.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter).collect();
    if word.is_empty() { "-".into() } else { word }
}

/// The sign and the number of bits.
fn magnitude(i: i64) -> String {
    let sign = if i < 0 { "-" } else { "+" };
    format!("{sign}2^{:02}", 64 - i.unsigned_abs().leading_zeros())
}

fn number(bits: u64) -> String {
    let f = f64::from_bits(bits);
    let class = match f.classify() {
        std::num::FpCategory::Nan => "nan",
        std::num::FpCategory::Infinite => "infinite",
        std::num::FpCategory::Zero => "zero",
        std::num::FpCategory::Subnormal => "subnormal",
        std::num::FpCategory::Normal if f.fract() == 0.0 && f.abs() < 2f64.powi(53) => "integral",
        std::num::FpCategory::Normal => "other",
    };
    format!("{}{class}", if f.is_sign_negative() { "-" } else { "+" })
}

fn kind_of_pointer(arg: Arg) -> &'static str {
    match arg {
        Arg::K(Const::Ptr(_)) => "KPTR",
        Arg::K(Const::KPtr(_)) => "KKPTR",
        Arg::K(Const::TmpBuf) => "buffer",
        Arg::K(Const::NilTv) => "niltv",
        _ => "KNULL",
    }
}
