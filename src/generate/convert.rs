//! Conversions: every pair that the backend takes, alone and in chains.

use super::build::{Builder, lit};
use super::entropy::Source;
use super::swarm::MASKS;
use crate::ir::sig::conv_is_legal;
use crate::ir::validate::TOBIT_BIAS;
use crate::ir::{Arg, Class, Const, ConvCheck, ConvMode, Fpm, Lit, Op, Ref, Type};
use std::sync::LazyLock;

/// All (destination, source) pairs of `asm_conv`, from the rule that says what is legal.
static PAIRS: LazyLock<Vec<(Type, Type)>> = LazyLock::new(|| {
    let all = crate::ir::ALL_TYPES;
    let pairs = all.iter().flat_map(|dst| all.iter().map(move |src| (*dst, *src)));
    pairs.filter(|(dst, src)| conv_is_legal(*dst, *src)).collect()
});

impl Builder<'_, '_, '_> {
    /// A conversion, sometimes two or three in a row.
    pub(super) fn convert(&mut self) {
        match self.swarm.op(&mut self.u, MASKS.convert) {
            Some(Op::TOBIT) => {
                let x = self.value(Class::Num);
                let x = Arg::Ref(self.narrowable(x));
                self.push(Op::TOBIT, Type::Int, x, Arg::K(Const::Num(TOBIT_BIAS)));
            }
            Some(_) => self.conv_chain(),
            None => {}
        }
    }

    /// FOLD converts the operands of a sum to integers instead of the sum (`lj_opt_narrow.c`): the same only for whole
    /// numbers that are small. A sum of others is rounded first.
    fn narrowable(&mut self, x: Ref) -> Ref {
        if self.is_raw() || self.in_body || self.is_narrow(x, 0) {
            return x;
        }
        let function = self.u.pick(&[Fpm::Floor, Fpm::Ceil, Fpm::Trunc]);
        self.push(Op::FPMATH, Type::Num, Arg::Ref(x), lit(Lit::Fpm(function)))
    }

    /// True if it is no sum, or one of small whole numbers all the way.
    fn is_narrow(&self, x: Ref, depth: u32) -> bool {
        let ins = *self.trace.get(x);
        if !matches!(ins.op, Op::ADD | Op::SUB) {
            return depth == 0 || self.is_small(Arg::Ref(x));
        }
        let narrow = |a: Arg| a.as_ref().map_or(self.is_small(a), |r| depth < 6 && self.is_narrow(r, depth + 1));
        self.is_small(Arg::Ref(x)) && ins.args().into_iter().all(narrow)
    }

    fn is_small(&self, a: Arg) -> bool {
        self.interval(a).is_some_and(|(lo, hi)| -0x1000_0000 < lo && hi < 0x1000_0000)
    }

    fn conv_chain(&mut self) {
        let (dst, src) = self.u.pick(&PAIRS);
        let mut x = self.value(src.class());
        x = self.conv(dst, src, x);
        for _ in 0..self.u.below(3) {
            let class = self.ty(x).class();
            let next: Vec<_> = PAIRS.iter().copied().filter(|(_, src)| src.class() == class).collect();
            let (dst, src) = self.u.pick(&next);
            x = self.conv(dst, src, x);
        }
    }

    /// One conversion, guarded where that is possible and mostly passes.
    pub(super) fn conv(&mut self, dst: Type, src: Type, x: Ref) -> Ref {
        let x = if src == Type::Num && !dst.is_fp() { self.narrowable(x) } else { x };
        // The recorder names the operand's own type; FOLD returns operands of conversions that undo each other. A number for
        // snapshots only is restored from the operand by its type (`snap_restoreval`), which must be int.
        let own = !self.is_raw() || dst == Type::Num;
        let src = if src == Type::Int && self.ty(x) == Type::U32 && own { Type::U32 } else { src };
        let check = self.check_mode(dst, src, x);
        let narrow = src.is_w32() && src.size() < 4;
        let widens = dst.is_w64() && src == Type::Int;
        let sext = narrow && src.is_signed() || widens && self.u.percent(80);
        let guard = matches!(check, ConvCheck::Check | ConvCheck::Index);
        let mode = ConvMode { src, sext, check };
        let r = self.hidden(Op::CONV, dst, guard, Arg::Ref(x), lit(Lit::Conv(mode)));
        self.offer(r);
        r
    }

    fn check_mode(&mut self, dst: Type, src: Type, x: Ref) -> ConvCheck {
        let known = self.interval(Arg::Ref(x));
        let fits = known.is_some_and(|(lo, hi)| i32::try_from(lo).is_ok() && i32::try_from(hi).is_ok());
        match (dst, src) {
            (Type::Int, Type::Num) if self.u.percent(if fits { 60 } else { 8 }) => {
                self.u.pick(&[ConvCheck::Check, ConvCheck::Index])
            }
            (Type::Int | Type::I64 | Type::U64, Type::Num | Type::Float) if self.u.percent(30) => ConvCheck::Any,
            // No instruction: right only for a value that has the narrow type already.
            (Type::Int | Type::U32, Type::I64 | Type::U64) if fits && known.is_some_and(|k| k.0 >= 0) => {
                self.u.pick(&[ConvCheck::Plain, ConvCheck::Any])
            }
            _ => ConvCheck::Plain,
        }
    }
}
