//! The backend's fusion rules: how often one could apply, and how often the machine code shows that it did.
//!
//! A rule has a pattern of IR and a form of machine code. Where the pattern stands and the form does not, the rule was refused: by a limit
//! (offset, immediate, shift), or because the operand is used in another way. Both sides must be seen.

use super::{Counts, bump};
use crate::arm64::{Field, row_of};
use crate::case::Case;
use crate::code::Code;
use crate::ir::{Arg, Class, Const, Ins, Op, Ref, Trace, Type};
use serde::Serialize;

/// One rule's counts.
#[derive(Clone, Debug, Serialize)]
pub struct Tally {
    /// What is fused.
    pub rule: &'static str,
    /// The C function that does it.
    pub function: &'static str,
    /// How often it was done.
    pub taken: u64,
    /// How often the pattern was there and it was not done.
    pub refused: u64,
    #[serde(skip)]
    pattern: fn(&Site<'_>) -> bool,
    #[serde(skip)]
    form: fn(&Word) -> bool,
}

/// An instruction of a trace.
struct Site<'a> {
    trace: &'a Trace,
    at: Ref,
    ins: &'a Ins,
}

/// A machine instruction with the name of its class in the Arm manual's terms.
struct Word {
    class: &'static str,
    bits: u32,
}

impl Word {
    fn is(&self, classes: &[&str]) -> bool {
        classes.contains(&self.class)
    }

    fn field(&self, name: &str) -> u32 {
        let fields: &[Field] = row_of(self.bits).map_or(&[], |row| row.fields());
        fields.iter().find(|f| f.name == name).map_or(0, |f| f.get(self.bits))
    }
}

impl<'a> Site<'a> {
    fn def(&self, arg: Arg) -> Option<&'a Ins> {
        arg.as_ref().map(|r| self.trace.get(r))
    }

    fn defs(&self) -> impl Iterator<Item = &'a Ins> {
        let defs: [Option<&Ins>; 2] = self.ins.args().map(|a| self.def(a));
        defs.into_iter().flatten()
    }

    fn is_access(&self) -> bool {
        matches!(self.ins.op, Op::XLOAD | Op::XSTORE)
    }

    /// The address, if it is made by this opcode.
    fn address(&self, op: Op) -> Option<&'a Ins> {
        self.def(self.ins.op1).filter(|d| d.op == op)
    }

    fn previous(&self) -> Option<&'a Ins> {
        self.at.0.checked_sub(2).and_then(|i| self.trace.ins.get(usize::from(i)))
    }

    /// Base and constant offset of an access.
    fn place(&self, ins: &Ins) -> Option<(Arg, i64)> {
        match self.def(ins.op1) {
            Some(add) if add.op == Op::ADD => Some((add.op1, constant(add.op2)?)),
            _ => Some((ins.op1, 0)),
        }
    }
}

fn constant(arg: Arg) -> Option<i64> {
    match arg {
        Arg::K(Const::Int(i)) => Some(i64::from(i)),
        Arg::K(Const::Int64(i)) => Some(i),
        _ => None,
    }
}

fn is_int_const(arg: Arg) -> bool {
    constant(arg).is_some()
}

fn is_shift(ins: &Ins) -> bool {
    matches!(ins.op, Op::BSHL | Op::BSHR | Op::BSAR) && is_int_const(ins.op2)
}

fn is_integer(ty: Type) -> bool {
    matches!(ty.class(), Class::W32 | Class::W64)
}

const SCALED: &[&str] = &[
    "Load (unsigned offset)",
    "Load signed (unsigned offset)",
    "Store (unsigned offset)",
    "Load float (unsigned offset)",
    "Store float (unsigned offset)",
];
const UNSCALED: &[&str] = &[
    "Load (unscaled)",
    "Load signed (unscaled)",
    "Store (unscaled)",
    "Load float (unscaled)",
    "Store float (unscaled)",
];
const INDEXED: &[&str] = &[
    "Load (register offset)",
    "Load signed (register offset)",
    "Store (register offset)",
    "Load float (register offset)",
    "Store float (register offset)",
];
const PAIRS: &[&str] =
    &["Load pair (offset)", "Store pair (offset)", "Load float pair (offset)", "Store float pair (offset)"];
const SHIFTED: &[&str] = &["Add/subtract (shifted register)", "Logical (shifted register)"];

macro_rules! rules {
    ($( $rule:literal, $function:literal, $pattern:expr, $form:expr; )*) => {
        /// All rules, nothing counted.
        pub(super) fn all() -> Vec<Tally> {
            vec![$( Tally { rule: $rule, function: $function, taken: 0, refused: 0, pattern: $pattern, form: $form }, )*]
        }
    };
}

rules! {
    "address: base and constant, scaled", "asm_fusexref",
        |s| s.is_access() && s.address(Op::ADD).is_some_and(|a| is_int_const(a.op2)), |w| w.is(SCALED) && w.field("imm12") != 0;
    "address: base and constant, unscaled", "asm_fusexref",
        |s| s.is_access() && s.address(Op::ADD).is_some_and(|a| is_int_const(a.op2)), |w| w.is(UNSCALED);
    "address: base and index register", "asm_fusexref",
        |s| s.is_access() && s.address(Op::ADD).is_some_and(|a| !is_int_const(a.op2)), |w| w.is(INDEXED);
    "address: index shifted by the access size", "asm_fusexref",
        |s| s.is_access() && s.address(Op::ADD).is_some_and(|a| s.def(a.op1).is_some_and(is_shift)),
        |w| w.is(INDEXED) && w.field("S") == 1;
    "address: index sign-extended", "asm_fusexref",
        |s| s.is_access() && s.address(Op::ADD).is_some_and(|a| [a.op1, a.op2].iter().any(|x| s.def(*x).is_some_and(|d| d.op == Op::CONV))),
        |w| w.is(INDEXED) && w.field("option") == 6;
    "address: string and index", "asm_fusexref",
        |s| s.is_access() && s.address(Op::STRREF).is_some(), |w| w.is(SCALED) || w.is(UNSCALED) || w.is(INDEXED);
    "pair of accesses", "emit_lso", is_pair_candidate, |w| w.is(PAIRS);
    "array slot at a constant index", "asm_fuseahuref",
        |s| matches!(s.ins.op, Op::ALOAD | Op::ASTORE) && s.address(Op::AREF).is_some_and(|a| is_int_const(a.op2)),
        |w| w.is(SCALED) || w.is(PAIRS);
    "array slot at a variable index", "asm_fuseahuref",
        |s| matches!(s.ins.op, Op::ALOAD | Op::ASTORE) && s.address(Op::AREF).is_some_and(|a| !is_int_const(a.op2)),
        |w| w.is(INDEXED);
    "hash slot of a constant key", "asm_fuseahuref",
        |s| matches!(s.ins.op, Op::HLOAD | Op::HSTORE) && s.address(Op::HREFK).is_some(), |w| w.is(SCALED) && w.field("imm12") != 0;
    "upvalue of a constant function", "asm_fuseahuref",
        |s| matches!(s.ins.op, Op::ULOAD | Op::USTORE) && s.address(Op::UREFC).is_some_and(|u| matches!(u.op1, Arg::K(_))),
        |w| w.is(SCALED) && w.field("imm12") != 0;
    "immediate of an addition", "asm_fuseopm",
        |s| matches!(s.ins.op, Op::ADD | Op::SUB) && is_integer(s.ins.ty) && is_int_const(s.ins.op2),
        |w| w.is(&["Add/subtract (immediate)", "Add/subtract, flags (immediate)"]);
    "immediate of an addition, shifted by 12", "emit_isk12",
        |s| matches!(s.ins.op, Op::ADD | Op::SUB) && is_integer(s.ins.ty) && constant(s.ins.op2).is_some_and(|k| k & 0xfff == 0 && k != 0),
        |w| w.is(&["Add/subtract (immediate)", "Add/subtract, flags (immediate)"]) && w.field("sh") == 1;
    "immediate of a bit operation", "emit_isk13",
        |s| matches!(s.ins.op, Op::BAND | Op::BOR | Op::BXOR) && is_int_const(s.ins.op2),
        |w| w.is(&["Logical (immediate)", "Logical, flags (immediate)"]);
    "shifted operand", "asm_fuseopm",
        |s| matches!(s.ins.op, Op::ADD | Op::SUB | Op::BAND | Op::BOR | Op::BXOR) && is_integer(s.ins.ty) && s.defs().any(is_shift),
        |w| w.is(SHIFTED) && w.field("imm6") != 0;
    "sign-extended operand", "asm_fuseopm",
        |s| matches!(s.ins.op, Op::ADD | Op::SUB) && s.ins.ty.class() == Class::W64 && s.defs().any(|d| d.op == Op::CONV),
        |w| w.is(&["Add/subtract (extended register)", "Add/subtract, flags (extended)"]);
    "bit field", "asm_fuseandshift",
        |s| s.ins.op == Op::BAND && is_int_const(s.ins.op2) && s.defs().any(|d| matches!(d.op, Op::BSHL | Op::BSHR) && is_int_const(d.op2)),
        |w| w.is(&["Bitfield"]);
    "bit field by two shifts", "asm_bitshift",
        |s| matches!(s.ins.op, Op::BSHR | Op::BSAR) && is_int_const(s.ins.op2)
            && s.def(s.ins.op1).is_some_and(|d| d.op == Op::BSHL && is_int_const(d.op2)),
        |w| w.is(&["Bitfield"]) && w.field("imms") < 31;
    "extraction from two registers", "asm_fuseorshift",
        |s| s.ins.op == Op::BOR && s.defs().filter(|d| matches!(d.op, Op::BSHL | Op::BSHR) && is_int_const(d.op2)).count() == 2,
        |w| w.is(&["Extract"]);
    "inverted operand", "asm_borbxor",
        |s| matches!(s.ins.op, Op::BOR | Op::BXOR) && s.defs().any(|d| d.op == Op::BNOT),
        |w| w.is(&["Logical (shifted register)"]) && w.field("N") == 1;
    "multiply and add of numbers", "asm_fusemadd",
        |s| matches!(s.ins.op, Op::ADD | Op::SUB) && s.ins.ty == Type::Num && s.defs().any(|d| d.op == Op::MUL),
        |w| w.is(&["Floating-point (3 source)"]);
    "comparison with zero and branch", "asm_intcomp",
        |s| matches!(s.ins.op, Op::EQ | Op::NE) && is_integer(s.ins.ty) && constant(s.ins.op2) == Some(0), |w| w.is(&["Compare and branch"]);
    "test of a bit and branch", "asm_intcomp",
        |s| matches!(s.ins.op, Op::EQ | Op::NE) && constant(s.ins.op2) == Some(0) && s.previous().is_some_and(|p| p.op == Op::BAND),
        |w| w.is(&["Test and branch"]);
    "test of bits", "asm_intcomp",
        |s| matches!(s.ins.op, Op::EQ | Op::NE) && constant(s.ins.op2) == Some(0) && s.previous().is_some_and(|p| p.op == Op::BAND),
        |w| w.is(&["Logical, flags (immediate)", "Logical (shifted register)"]) && w.field("opc") == 3;
    "flags from arithmetic", "asm_intop_s",
        |s| constant(s.ins.op2) == Some(0) && s.ins.guard && s.previous().is_some_and(|p| matches!(p.op, Op::ADD | Op::SUB) && is_integer(p.ty)),
        |w| w.is(&["Conditional branch"]);
    "comparison with an immediate", "asm_intcomp",
        |s| s.ins.guard && s.ins.op.info().operands[1] == crate::ir::OperandKind::Ref && is_integer(s.ins.ty)
            && constant(s.ins.op2).is_some_and(|k| k != 0) && (s.ins.op as u8) < Op::RETF as u8,
        |w| w.is(&["Add/subtract, flags (immediate)"]);
    "comparison of a number with zero", "asm_fpcomp",
        |s| s.ins.guard && s.ins.ty == Type::Num && s.ins.op2 == Arg::K(Const::Num(0)) && (s.ins.op as u8) < Op::RETF as u8,
        |w| w.is(&["Floating-point compare with zero"]);
    "search and comparison with the absent value", "asm_fuseequal",
        |s| matches!(s.ins.op, Op::EQ | Op::NE) && s.previous().is_some_and(|p| p.op == Op::HREF),
        |_| true;
    "moved constant of few bits", "emit_loadk", |s| s.ins.args().into_iter().any(is_int_const),
        |w| w.is(&["Move wide (immediate)"]);
    "constant of many parts", "emit_loadk", |s| s.ins.args().into_iter().any(is_int_const),
        |w| w.is(&["Move wide, keep (immediate)"]);
    "address relative to the code", "emit_loadk", |s| s.ins.args().into_iter().any(|a| matches!(a, Arg::K(k) if k.class() != Class::Num)),
        |w| w.is(&["PC-relative address"]);
    "number as an immediate", "emit_loadk64", |s| s.ins.args().into_iter().any(|a| matches!(a, Arg::K(Const::Num(_)))),
        |w| w.is(&["Floating-point immediate"]);
    "number from bytes of all zeros or ones", "emit_loadk64", |s| s.ins.args().into_iter().any(|a| matches!(a, Arg::K(Const::Num(_)))),
        |w| w.is(&["Vector constant"]);
    "constant loaded relative to the code", "emit_loadk64", |s| s.ins.args().into_iter().any(|a| matches!(a, Arg::K(Const::Num(_) | Const::Int64(_)))),
        |w| w.is(&["Load (literal)", "Load float (literal)"]);
}

/// An access next to the one before it, of the same kind, from the same base.
fn is_pair_candidate(s: &Site<'_>) -> bool {
    let accesses = [Op::XLOAD, Op::XSTORE];
    let before = s.trace.ins[..usize::from(s.at.0) - 1].iter().rev().find(|i| accesses.contains(&i.op));
    let Some(before) = before.filter(|b| b.op == s.ins.op && b.ty == s.ins.ty) else { return false };
    match (s.place(before), s.place(s.ins)) {
        (Some((a, x)), Some((b, y))) => a == b && x.abs_diff(y) == u64::from(s.ins.ty.size()),
        _ => false,
    }
}

/// Counts each rule at each instruction of a case's first trace, and all machine instructions.
pub(super) fn count(case: &Case, code: &Code, tallies: &mut [Tally], instructions: &mut Counts) {
    for mark in &code.marks {
        let words = words(code, mark.start, mark.end);
        for word in &words {
            bump(instructions, word.class);
        }
        let Some(at) = mark.at.filter(|at| *at < case.trace.end()) else { continue };
        let site = Site { trace: &case.trace, at, ins: case.trace.get(at) };
        for tally in tallies.iter_mut().filter(|t| (t.pattern)(&site)) {
            let done = words.iter().any(|w| (tally.form)(w));
            *(if done { &mut tally.taken } else { &mut tally.refused }) += 1;
        }
    }
}

fn words(code: &Code, start: u32, end: u32) -> Vec<Word> {
    let bytes = code.bytes.get(start as usize..end as usize).unwrap_or_default();
    let word = |b: &[u8; 4]| {
        let bits = u32::from_le_bytes(*b);
        Word { class: row_of(bits).map_or("unknown", |row| row.name), bits }
    };
    bytes.as_chunks().0.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_the_tables_own() {
        let known: Vec<&str> = crate::arm64::rows().map(|row| row.name).collect();
        for name in [SCALED, UNSCALED, INDEXED, PAIRS, SHIFTED].concat() {
            assert!(known.contains(&name), "{name}");
        }
    }
}
