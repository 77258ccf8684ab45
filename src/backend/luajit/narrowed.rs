//! Sums whose conversion to an integer FOLD makes a sum of conversions (`lj_opt_narrow.c: narrow_conv_backprop`).

use super::numbers::Numbers;
use super::{refuse, written_ref};
use crate::backend::Refusal;
use crate::case::Case;
use crate::ir::{Arg, Ins, Lit, Op, Ref, Trace, Type};
use luajit_arm64_sys::{Ins as LjIns, Jit, TRef};

/// What FOLD made of an instruction of a trace.
pub struct Folding<'a> {
    /// The assembler with the trace.
    pub jit: &'a Jit,
    /// Its build's numbers.
    pub numbers: &'a Numbers,
    /// The written trace.
    pub trace: &'a Trace,
    /// LuaJIT's refs of the instructions before.
    pub refs: &'a [Option<TRef>],
    /// The operand as FOLD saw it.
    pub operand: TRef,
    /// What FOLD gave.
    pub result: Option<TRef>,
}

/// True for the conversions that FOLD narrows.
pub fn converts(case: &Case, ins: &Ins) -> bool {
    let from_num = matches!(ins.op2, Arg::Lit(Lit::Conv(mode)) if mode.src == Type::Num);
    case.flags.narrow
        && (ins.op == Op::TOBIT || ins.op == Op::CONV && matches!(ins.ty, Type::Int | Type::I64) && from_num)
}

impl Folding<'_> {
    /// The written instructions whose values must be whole and small for the narrowed sum to be the sum: the sum, the partial ones and
    /// their terms. Empty where nothing was narrowed.
    pub fn narrowed(&self) -> Result<Vec<Ref>, Refusal> {
        let Some(result) = self.result.filter(|r| !r.is_const() && !self.operand.is_const()) else { return Ok(vec![]) };
        let made = self.ir(result)?;
        if made.op1 == self.operand.0 || !self.is_sum(&self.ir(self.operand)?) {
            return Ok(vec![]);
        }
        let (mut open, mut seen) = (vec![self.operand], vec![]);
        while let Some(at) = open.pop() {
            if at.is_const() || seen.contains(&at) {
                continue;
            }
            seen.push(at);
            let ins = self.ir(at)?;
            if self.is_sum(&ins) {
                open.extend([TRef(ins.op1), TRef(ins.op2)]);
            }
        }
        let written = seen.into_iter().map(|at| written_ref(self.refs, at)).collect::<Option<Vec<_>>>();
        written.ok_or_else(|| Refusal::Skip("FOLD narrowed a sum of values that are not written".into()))
    }

    fn ir(&self, at: TRef) -> Result<LjIns, Refusal> {
        self.jit.ir(at).map_err(|e| refuse(&e, self.trace, self.refs))
    }

    fn is_sum(&self, ins: &LjIns) -> bool {
        [Op::ADD, Op::SUB].into_iter().any(|op| self.numbers.op(op) == Ok(ins.op)) && self.numbers.is(ins.ty, Type::Num)
    }
}
