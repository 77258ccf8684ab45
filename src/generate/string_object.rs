//! Strings of the world and new ones: lengths, bytes, parts, comparisons, numbers, and the temporary buffer.

use super::build::{Builder, int_const, lit};
use super::entropy::Source;
use super::heap::{Plan, is_number};
use super::object::{Held, What};
use crate::ir::{Arg, BufMode, Callee, Class, Const, Field, Lit, Op, Ref, TostrMode, Type, XloadMode};

/// The highest displacement of a byte load, less a string's header.
const FAR: i64 = (1 << 12) - 24;

impl Builder<'_, '_, '_> {
    /// A string and the least number of its bytes.
    fn string_object(&mut self) -> Option<(Held, i64)> {
        let s = self.object(Type::Str, |p| matches!(p, Plan::Str(_)))?;
        let What::Known(a, b) = s.what else { return None };
        let length = |n: usize| match &self.objects.plans[n] {
            Plan::Str(bytes) => i64::try_from(bytes.len()).unwrap_or(0),
            _ => 0,
        };
        Some((s, length(a).min(length(b))))
    }

    /// The length of any string.
    pub(super) fn string_length(&mut self) {
        let Some(s) = self.pick_held(|h| h.ty == Type::Str && h.arg.as_ref().is_some()) else { return };
        if self.may(Op::FLOAD) {
            let r = self.hidden(Op::FLOAD, Type::Int, false, s.arg, lit(Lit::Field(Field::StrLen)));
            self.set_interval(r, Some((0, 1 << 16)));
            self.offer(r);
        }
    }

    /// Bytes of a string, at constant or variable indices.
    pub(super) fn string_bytes(&mut self) {
        let Some((s, length)) = self.string_object().filter(|_| self.may(Op::STRREF)) else { return };
        let ty = self.u.pick(&[Type::U8, Type::U8, Type::U8, Type::I8, Type::U16, Type::Int]);
        let last = length - i64::from(ty.size());
        if last < 0 {
            return;
        }
        let near = FAR + self.u.range(-2, 1);
        let k = if near <= last && self.u.percent(50) { near } else { self.u.range(0, last) };
        let index =
            if self.u.percent(60) { Arg::K(int_const(k)) } else { Arg::Ref(self.input_value(Class::W32, (0, k))) };
        let address = self.hidden(Op::STRREF, Type::P64, false, s.arg, index);
        let mode = XloadMode { readonly: true, volatile: false };
        let r = self.hidden(Op::XLOAD, ty, false, Arg::Ref(address), lit(Lit::Xload(mode)));
        self.offer(r);
    }

    /// A part of a string, or of memory, as a new string.
    pub(super) fn new_string(&mut self) {
        match self.u.weighted(&[3, 1, 2]) {
            0 if self.may(Op::SNEW) => self.substring(),
            1 if self.may(Op::XSNEW) => {
                let (address, room, _) = self.block(false);
                let length = self.short_length(room);
                let r = self.hidden(Op::XSNEW, Type::Str, false, address, length);
                self.hold(Held { arg: Arg::Ref(r), ty: Type::Str, what: What::Any });
            }
            _ if self.may(Op::TOSTR) => {
                self.number_to_string();
            }
            _ => {}
        }
    }

    fn short_length(&mut self, most: i64) -> Arg {
        if self.u.percent(60) {
            Arg::K(int_const(self.u.range(1, most)))
        } else {
            Arg::Ref(self.input_value(Class::W32, (0, most)))
        }
    }

    fn substring(&mut self) {
        let Some((s, length)) = self.string_object().filter(|(_, n)| *n > 0) else { return };
        let from = self.u.range(0, length - 1);
        let index = if self.u.percent(60) {
            Arg::K(int_const(from))
        } else {
            Arg::Ref(self.input_value(Class::W32, (0, from)))
        };
        let address = self.hidden(Op::STRREF, Type::P64, false, s.arg, index);
        let count = self.short_length((length - from).min(40));
        let r = self.hidden(Op::SNEW, Type::Str, false, Arg::Ref(address), count);
        self.hold(Held { arg: Arg::Ref(r), ty: Type::Str, what: What::Any });
    }

    /// A number, an int or a character as a string.
    fn number_to_string(&mut self) -> Ref {
        let (mode, x) = match self.u.below(3) {
            0 => (TostrMode::Int, self.int_ref()),
            1 => (TostrMode::Num, self.lua_num_ref()),
            _ => (TostrMode::Char, self.character()),
        };
        let r = self.hidden(Op::TOSTR, Type::Str, false, Arg::Ref(x), lit(Lit::Tostr(mode)));
        self.hold(Held { arg: Arg::Ref(r), ty: Type::Str, what: What::Any });
        r
    }

    /// A value of type int itself.
    fn int_ref(&mut self) -> Ref {
        let r = self.value(Class::W32);
        if self.ty(r) == Type::Int { r } else { self.any_int() }
    }

    fn character(&mut self) -> Ref {
        let bulk = &mut self.bulk;
        let codes: Vec<u64> = (0..self.cells.count()).map(|_| bulk.below(256).into()).collect();
        self.controlled(Type::Int, &codes)
    }

    fn any_int(&mut self) -> Ref {
        let bulk = &mut self.bulk;
        let values: Vec<u64> =
            (0..self.cells.count()).map(|_| super::pools::integer(bulk, 32).cast_unsigned()).collect();
        self.controlled(Type::Int, &values)
    }

    /// A string as a number: it is one, in most inputs.
    pub(super) fn string_to_number(&mut self) {
        if !self.may(Op::STRTO) {
            return;
        }
        let number = |p: &Plan| matches!(p, Plan::Str(bytes) if is_number(bytes));
        let Some(s) = self.object(Type::Str, number) else { return };
        if s.arg.as_ref().is_some() || self.is_raw() {
            let r = self.hidden(Op::STRTO, Type::Num, true, s.arg, Arg::None);
            self.offer(r);
        }
    }

    /// Compares two strings by order.
    pub(super) fn string_order(&mut self) {
        if !self.may(Op::CALLN) {
            return;
        }
        let is_var = |h: &Held| h.ty == Type::Str && h.arg.as_ref().is_some();
        let Some(a) = self.pick_held(is_var) else { return };
        let Some(b) =
            self.pick_held(|h| is_var(h) && h.arg != a.arg).map(|h| h.arg).or_else(|| self.constant_object(Type::Str))
        else {
            return;
        };
        let (a, b) = if self.u.percent(50) { (a.arg, b) } else { (b, a.arg) };
        let chain = self.chain(&[a, b]);
        let r = self.hidden(Op::CALLN, Type::Int, false, chain, lit(Lit::Callee(Callee::lj_str_cmp)));
        let op = self.u.pick(&[Op::LT, Op::GE, Op::LE, Op::GT]);
        self.check(op, Type::Int, Arg::Ref(r), Arg::K(Const::Int(0)));
    }

    /// A string put together in the temporary buffer. All that is put is there before; nothing else uses the buffer in between.
    pub(super) fn concatenation(&mut self) {
        if ![Op::BUFHDR, Op::BUFPUT, Op::BUFSTR].iter().all(|op| self.may(*op)) {
            return;
        }
        let numbers = if self.may(Op::TOSTR) { self.u.below(3) } else { 0 };
        for _ in 0..numbers {
            self.number_to_string();
        }
        let parts = self.parts();
        if parts.is_empty() {
            return;
        }
        let (end, head) = self.buffer_chain(Arg::K(Const::TmpBuf), BufMode::Reset, &parts);
        let s = self.buffer_string(end, head);
        // `s = s .. more`: FOLD goes on behind what is in the buffer; raw IR may say so itself.
        match self.u.weighted(&[6, 2, if self.is_raw() { 2 } else { 0 }]) {
            1 => {
                let parts = [&[Part::Whole(Arg::Ref(s))], &parts[..1]].concat();
                let (end, head) = self.buffer_chain(Arg::K(Const::TmpBuf), BufMode::Reset, &parts);
                self.buffer_string(end, head);
            }
            2 => {
                let (end, head) = self.buffer_chain(Arg::Ref(end), BufMode::Append, &parts[..1]);
                self.buffer_string(end, head);
            }
            _ => {}
        }
        self.done();
    }

    fn buffer_string(&mut self, end: Ref, head: Ref) -> Ref {
        let guard = self.u.percent(80);
        let s = self.hidden(Op::BUFSTR, Type::Str, guard, Arg::Ref(end), Arg::Ref(head));
        self.hold(Held { arg: Arg::Ref(s), ty: Type::Str, what: What::Any });
        s
    }

    /// What is put into a buffer, with the operands that it takes.
    fn parts(&mut self) -> Vec<Part> {
        let mut parts = vec![];
        for _ in 0..2 + self.u.below(3) {
            let string = self.pick_held(|h| h.ty == Type::Str).map(|h| h.arg);
            let Some(s) = string.or_else(|| self.constant_object(Type::Str)) else { continue };
            let called = self.may(Op::CALLL);
            parts.push(match self.u.weighted(&[6, u16::from(called) * 2, u16::from(called), u16::from(called)]) {
                0 => Part::Whole(s),
                1 => Part::Turned(
                    self.u.pick(&[
                        Callee::lj_buf_putstr_reverse,
                        Callee::lj_buf_putstr_lower,
                        Callee::lj_buf_putstr_upper,
                    ]),
                    s,
                ),
                2 => Part::Repeated(s, Arg::Ref(self.input_value(Class::W32, (-1, 4)))),
                _ => Part::Number(Arg::Ref(self.int_ref())),
            });
        }
        parts
    }

    fn buffer_chain(&mut self, from: Arg, mode: BufMode, parts: &[Part]) -> (Ref, Ref) {
        let head = self.hidden(Op::BUFHDR, Type::P64, false, from, lit(Lit::Buf(mode)));
        let mut end = head;
        for part in parts {
            end = self.put(Arg::Ref(end), *part);
        }
        (end, head)
    }

    fn put(&mut self, buffer: Arg, part: Part) -> Ref {
        let (callee, args) = match part {
            Part::Whole(s) => {
                let guard = self.u.percent(80);
                return self.hidden(Op::BUFPUT, Type::P64, guard, buffer, s);
            }
            Part::Turned(callee, s) => (callee, vec![buffer, s]),
            Part::Repeated(s, n) => (Callee::lj_buf_putstr_rep, vec![buffer, s, n]),
            Part::Number(n) => (Callee::lj_strfmt_putint, vec![buffer, n]),
        };
        let chain = self.chain(&args);
        self.hidden(Op::CALLL, Type::P64, false, chain, lit(Lit::Callee(callee)))
    }

    /// The length of a string's bytes up to the first zero byte.
    pub(super) fn c_string_length(&mut self) {
        let Some((s, length)) = self.string_object().filter(|_| self.may(Op::CALLL) && self.may(Op::STRREF)) else {
            return;
        };
        let k = self.u.range(0, length.min(40));
        let address = self.hidden(Op::STRREF, Type::P64, false, s.arg, Arg::K(int_const(k)));
        let r = self.hidden(Op::CALLL, Type::I64, false, Arg::Ref(address), lit(Lit::Callee(Callee::strlen)));
        self.offer(r);
    }
}

/// Something that is put into a buffer.
#[derive(Clone, Copy)]
enum Part {
    Whole(Arg),
    Turned(Callee, Arg),
    Repeated(Arg, Arg),
    Number(Arg),
}
