//! Foreign data and userdata: their fields, their payloads, new ones.
//!
//! FOLD takes foreign data of numbers and pointers for immutable: their payloads are stored to in raw IR only.

use super::build::{Builder, lit};
use super::entropy::Source;
use super::heap::Plan;
use super::object::{Held, What};
use crate::case::Emit;
use crate::ir::{Arg, CdataType, Class, Const, Field, Lit, Op, Ref, Type, XloadMode};
use crate::world::object::{CDATA_HEADER, UDATA_HEADER};

impl Builder<'_, '_, '_> {
    /// Checks the type of a cdata, as the recorder does before all else, and reads a number from it.
    pub(super) fn cdata_fields(&mut self) {
        let Some(c) = self.object(Type::Cdata, |p| matches!(p, Plan::Cdata(_))) else { return };
        let Some(Plan::Cdata(ty)) = c.only().map(|n| self.objects.plans[n].clone()) else { return };
        if !self.may(Op::FLOAD) {
            return;
        }
        self.objects.note(&c, |s| s.used = true);
        if c.arg.as_ref().is_some() && self.u.percent(60) {
            let number = self.hidden(Op::FLOAD, Type::U16, false, c.arg, lit(Lit::Field(Field::CdataCtypeid)));
            self.check(Op::EQ, Type::Int, Arg::Ref(number), Arg::K(Const::Ctype(ty)));
        }
        let field = match ty {
            CdataType::Int32 => Field::CdataInt,
            CdataType::Int64 | CdataType::UInt64 => Field::CdataInt64,
            CdataType::Pointer => Field::CdataPtr,
            _ => return self.payload(&c),
        };
        let r = self.hidden(Op::FLOAD, field.ty(), false, c.arg, lit(Lit::Field(field)));
        self.offer(r);
    }

    /// Loads from and stores to the payload of a cdata or userdata.
    pub(super) fn payload_access(&mut self) {
        let ty = self.u.pick(&[Type::Cdata, Type::Udata]);
        let found = self.object(ty, |p| matches!(p, Plan::Cdata(_) | Plan::Udata(..)));
        if let Some(o) = found.filter(|o| o.only().is_some()) {
            self.payload(&o);
        }
    }

    fn payload(&mut self, o: &Held) {
        let Some(plan) = o.only().map(|n| self.objects.plans[n].clone()) else { return };
        let (header, size, plain) = match plan {
            Plan::Cdata(ty) => (CDATA_HEADER, ty.size().unwrap_or(0), !matches!(ty, CdataType::Struct(_))),
            Plan::Udata(size, _) => (UDATA_HEADER, size, false),
            _ => return,
        };
        // A new box may be shared with others of its value.
        let fixed = plain && (!self.is_raw() || o.only() >= Some(self.objects.world));
        self.objects.note(o, |s| s.used = true);
        let header = i64::try_from(header).expect("small");
        let mut at = 8 * i64::from(self.u.below(size.div_ceil(8)));
        for _ in 0..1 + self.u.below(3) {
            let n = self.u.index(self.swarm.memory.len());
            let ty = self.swarm.memory[n];
            let bytes = i64::from(ty.size());
            if bytes > i64::from(size) {
                continue;
            }
            at = at.clamp(0, i64::from(size) - bytes) / bytes * bytes;
            let store = self.may(Op::XSTORE) && !fixed && self.may_change(o) && self.u.percent(45);
            self.payload_word(o.arg, header + at, ty, store);
            if store && self.knobs.emit == Emit::Passes {
                self.done();
            }
            at += bytes * self.u.pick(&[1, 1, -1, 0, 2]);
        }
    }

    fn payload_word(&mut self, object: Arg, at: i64, ty: Type, store: bool) {
        let address = Arg::Ref(self.hidden(Op::ADD, Type::P64, false, object, Arg::K(Const::Int64(at))));
        if store {
            let value = self.payload_value(ty.class());
            self.hidden(Op::XSTORE, ty, false, address, value);
        } else if self.may(Op::XLOAD) {
            let r = self.hidden(Op::XLOAD, ty, false, address, lit(Lit::Xload(XloadMode::default())));
            self.offer(r);
        }
    }

    fn payload_value(&mut self, class: Class) -> Arg {
        if class == Class::Flt { Arg::Ref(self.value(class)) } else { self.operand(class) }
    }

    /// A new cdata: with its value, or of a fixed or given size and filled at once. What is not written may be anything.
    pub(super) fn new_cdata(&mut self) {
        match self.u.weighted(&[5, 4, 1]) {
            0 if self.may(Op::CNEWI) => self.boxed(),
            2 if self.may(Op::CNEW) => {
                let words = 1 + self.u.below(4);
                let size = Arg::K(Const::Int(8 * words.cast_signed()));
                let r = self.cnew(Op::CNEW, CdataType::Vla, size);
                self.fill(r, words);
                self.hold(Held { arg: Arg::Ref(r), ty: Type::Cdata, what: What::Any });
            }
            _ if self.may(Op::CNEW) => {
                let words = 1 + self.u.below(8);
                let ty = CdataType::Struct(u8::try_from(8 * words).expect("at most 64"));
                let r = self.cnew(Op::CNEW, ty, Arg::K(Const::Pri(Type::Nil)));
                self.fill(r, words);
                self.hold_new(r, Plan::Cdata(ty));
            }
            _ => {}
        }
        self.done();
    }

    fn cnew(&mut self, op: Op, ty: CdataType, operand: Arg) -> Ref {
        let guard = self.u.percent(80);
        self.hidden(op, Type::Cdata, guard, Arg::K(Const::Ctype(ty)), operand)
    }

    /// An integer or pointer in a box.
    fn boxed(&mut self) {
        let ty = self.u.pick(&[CdataType::Int64, CdataType::UInt64, CdataType::Int32, CdataType::Pointer]);
        let class = if ty == CdataType::Int32 { Class::W32 } else { Class::W64 };
        let value = if self.u.percent(12) { Arg::K(self.constant(class)) } else { Arg::Ref(self.value(class)) };
        let r = self.cnew(Op::CNEWI, ty, value);
        self.hold_new(r, Plan::Cdata(ty));
    }

    /// Stores to every word of a new payload.
    fn fill(&mut self, r: Ref, words: u32) {
        let header = i64::try_from(CDATA_HEADER).expect("small");
        for n in 0..i64::from(words) {
            let at = header + 8 * n;
            match self.u.weighted(&[4, 3, 2]) {
                0 => self.payload_word(Arg::Ref(r), at, Type::I64, true),
                1 => self.payload_word(Arg::Ref(r), at, Type::Num, true),
                _ => {
                    self.payload_word(Arg::Ref(r), at, Type::Int, true);
                    self.payload_word(Arg::Ref(r), at + 4, Type::Int, true);
                }
            }
        }
    }

    /// Fields of a userdata.
    pub(super) fn udata_fields(&mut self) {
        let Some(u) = self.object(Type::Udata, |p| matches!(p, Plan::Udata(..))) else { return };
        let Some(Plan::Udata(_, meta)) = u.only().map(|n| self.objects.plans[n].clone()) else { return };
        if !self.may(Op::FLOAD) {
            return;
        }
        self.objects.note(&u, |s| s.used = true);
        if self.u.percent(50) {
            let kind = self.hidden(Op::FLOAD, Type::U8, false, u.arg, lit(Lit::Field(Field::UdataUdtype)));
            self.check(Op::EQ, Type::Int, Arg::Ref(kind), Arg::K(Const::Int(0)));
        }
        let loaded = Arg::Ref(self.object_field(u.arg, Field::UdataMeta));
        let op = if meta.is_some() { Op::NE } else { Op::EQ };
        self.check(op, Type::Tab, loaded, Arg::K(Const::Null));
        // FOLD knows of no store to what lies there.
        if self.is_raw() && self.u.percent(30) {
            let file = self.hidden(Op::FLOAD, Type::P64, false, u.arg, lit(Lit::Field(Field::UdataFile)));
            self.offer(file);
        }
    }
}
