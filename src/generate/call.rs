//! Calls: helpers by the procedure call standard, and C functions by number.

use super::build::{Builder, lit};
use super::entropy::Source;
use crate::ir::{ALL_CALLEES, ALL_HELPERS, Arg, Callee, Class, Const, ConvCheck, ConvMode, Helper, Lit, Op, Ref, Type};

impl Builder<'_, '_, '_> {
    /// Calls a helper.
    pub(super) fn foreign_call(&mut self) {
        if !self.may(Op::CALLXS) {
            return;
        }
        let helper = self.u.pick(ALL_HELPERS);
        let args: Vec<Arg> = helper.args().iter().map(|ty| self.argument(*ty)).collect();
        let chain = self.chain(&args);
        let r = self.hidden(Op::CALLXS, helper.ret(), false, chain, Arg::K(Const::Helper(helper)));
        self.offer_result(r, helper);
        self.done();
    }

    /// An argument: a value of its type's class, or a constant.
    fn argument(&mut self, ty: Type) -> Arg {
        if ty == Type::Float {
            return Arg::Ref(self.value(Class::Flt));
        }
        self.operand(ty.class())
    }

    /// What a call takes as its operand: nothing, the argument, or a chain with the last one outermost.
    pub(super) fn chain(&mut self, args: &[Arg]) -> Arg {
        let Some((first, rest)) = args.split_first() else { return Arg::K(Const::Pri(Type::Nil)) };
        rest.iter().fold(*first, |chain, arg| Arg::Ref(self.hidden(Op::CARG, Type::Nil, false, chain, *arg)))
    }

    /// What a call returns is converted as the recorder does: narrow ones are not extended by the callee, and FOLD wants no u32.
    fn offer_result(&mut self, r: Ref, helper: Helper) {
        let ty = helper.ret();
        let (dst, sext) = match ty {
            Type::Nil => return,
            Type::I8 | Type::I16 => (Type::Int, true),
            Type::U8 | Type::U16 => (Type::Int, false),
            Type::U32 | Type::Float => (Type::Num, false),
            _ => return self.offer(r),
        };
        let mode = ConvMode { src: ty, sext, check: ConvCheck::Plain };
        self.push(Op::CONV, dst, Arg::Ref(r), lit(Lit::Conv(mode)));
        if ty == Type::Float || ty == Type::U32 && self.is_raw() {
            self.offer(r);
        }
    }

    /// Calls a function of the math library, or LDEXP.
    pub(super) fn math_call(&mut self) {
        let ldexp = self.may(Op::LDEXP) && (!self.may(Op::CALLN) || self.u.percent(25));
        if ldexp {
            let x = Arg::Ref(self.value(Class::Num));
            let n = if self.u.percent(60) { Arg::Ref(self.small_value()) } else { Arg::Ref(self.value(Class::W32)) };
            self.push(Op::LDEXP, Type::Num, x, n);
        } else if self.may(Op::CALLN) {
            let is_math = |c: &&Callee| c.op() == Op::CALLN && c.ret() == Type::Num;
            let math: Vec<Callee> = ALL_CALLEES.iter().filter(is_math).copied().collect();
            let callee = self.u.pick(&math);
            let args: Vec<Arg> = callee.args().iter().map(|_| Arg::Ref(self.value(Class::Num))).collect();
            let chain = self.chain(&args);
            let r = self.hidden(Op::CALLN, Type::Num, false, chain, lit(Lit::Callee(callee)));
            self.offer(r);
        }
    }

    /// Copies or fills a few bytes of a region. FOLD does not look into the call: a barrier follows, as the recorder emits it.
    pub(super) fn block_call(&mut self) {
        if !self.may(Op::CALLS) {
            return;
        }
        let (to, room, region) = self.block(true);
        let from = if self.u.percent(60) { Some(self.block(false)) } else { None };
        // Bytes are not copied onto each other.
        let (callee, source) = match from {
            Some((from, _, other)) if other != region => (Callee::memcpy, from),
            _ => (Callee::memset, self.operand(Class::W32)),
        };
        let length = Arg::K(Const::Int64(self.u.range(1, room)));
        let chain = self.chain(&[to, source, length]);
        self.hidden(Op::CALLS, Type::P64, false, chain, lit(Lit::Callee(callee)));
        self.hidden(Op::XBAR, Type::Nil, false, Arg::None, Arg::None);
        self.done();
    }

    /// An address with room for a few bytes behind it in a region; how many, and the region.
    pub(super) fn block(&mut self, store: bool) -> (Arg, i64, usize) {
        let base = self.base(store);
        let at = self.bases[base].center;
        let at = self.inside(base, at, Type::I64);
        let address = self.address(base, at);
        (address, 8, self.bases[base].region)
    }
}
