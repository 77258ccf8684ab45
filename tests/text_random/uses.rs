//! Random instructions on objects: each with those before it that make what it needs.

use crate::random::Random;
use crate::trace::Draft;
use tracehound::ir::{
    ALL_CALLEES, ALL_FIELDS, ALL_HELPERS, Arg, BufMode, CdataType, Class, Const, Field, Lit, ObjId, Op, Rule,
    SloadMode, TmprefMode, TostrMode, Type, sig,
};

const CTYPES: [CdataType; 4] = [CdataType::Int32, CdataType::Double, CdataType::Struct(24), CdataType::Vla];

impl Random {
    /// Adds one of an opcode that is about objects or calls; `None` for other opcodes, or where it needs what the world does not have.
    pub fn object_ins(&mut self, op: Op, draft: &mut Draft) -> Option<Arg> {
        let ty = self.pick(op.info().rule.types());
        let (ty, op1, op2) = match op.info().rule {
            Rule::ARef => (ty, self.part(Field::TabArray, draft)?, self.typed(Type::Int, draft)?),
            Rule::HRef => (ty, self.typed(Type::Tab, draft)?, self.key_operand(draft)?),
            Rule::HRefK => {
                let (tables, objects) = (draft.ids(Type::Tab), draft.world.objects.len());
                let table = (!tables.is_empty()).then(|| self.pick(&tables))?;
                let key = self.key(objects);
                (ty, self.part(Field::TabNode, draft)?, Arg::K(Const::KSlot(table, key)))
            }
            Rule::URef => (ty, self.typed(Type::Func, draft)?, Arg::Lit(Lit::Upvalue(self.next() as u8))),
            Rule::FRef | Rule::FLoad => {
                let field = self.pick(ALL_FIELDS);
                let ty = if op == Op::FLOAD { field.ty() } else { ty };
                (ty, self.typed(field.of(), draft)?, Arg::Lit(Lit::Field(field)))
            }
            Rule::FStore => {
                let field = self.pick(&[Field::TabMeta, Field::TabNomm]);
                let table = self.typed(Type::Tab, draft)?;
                let fref = self.push(Op::FREF, Type::P64, table, Arg::Lit(Lit::Field(field)), draft)?;
                let value = if self.one_in(3) { Arg::K(Const::Null) } else { self.typed(field.ty(), draft)? };
                (field.ty(), fref, value)
            }
            Rule::TmpRef => {
                let value = self.pick(sig::TV_TYPES);
                let mode = TmprefMode { in1: self.one_in(2), out1: self.one_in(2) };
                (ty, self.typed(value, draft)?, Arg::Lit(Lit::Tmpref(mode)))
            }
            Rule::LRef | Rule::GcStep | Rule::Prof => (ty, Arg::None, Arg::None),
            Rule::TvLoad => {
                let op2 = if op == Op::VLOAD { Arg::Lit(Lit::Num(self.next() as u16)) } else { Arg::None };
                (ty, self.slot_address(op, draft)?, op2)
            }
            Rule::TvStore => (ty, self.slot_address(op, draft)?, self.typed(ty, draft)?),
            Rule::Len => {
                let hint = if self.one_in(2) { Arg::K(Const::Pri(Type::Nil)) } else { self.typed(Type::Int, draft)? };
                (ty, self.typed(Type::Tab, draft)?, hint)
            }
            Rule::SNew => (ty, self.typed(Type::P64, draft)?, self.typed(Type::Int, draft)?),
            Rule::TNew => (ty, Arg::Lit(Lit::Num(self.next() as u16)), Arg::Lit(Lit::Num(self.below(7) as u16))),
            Rule::TDup | Rule::TBar => (ty, self.typed(Type::Tab, draft)?, Arg::None),
            Rule::CNew => {
                let made = self.pick(&CTYPES);
                let size =
                    if made == CdataType::Vla { self.typed(Type::Int, draft)? } else { Arg::K(Const::Pri(Type::Nil)) };
                (ty, Arg::K(Const::Ctype(made)), size)
            }
            Rule::CNewI => {
                let (made, of) = self.pick(&[(CdataType::Int32, Type::Int), (CdataType::UInt64, Type::I64)]);
                (ty, Arg::K(Const::Ctype(made)), self.typed(of, draft)?)
            }
            Rule::BufHdr => {
                let mode = self.pick(&[BufMode::Reset, BufMode::Append]);
                (ty, Arg::K(Const::TmpBuf), Arg::Lit(Lit::Buf(mode)))
            }
            Rule::BufPut => (ty, self.buffer(draft)?, self.typed(Type::Str, draft)?),
            Rule::BufStr => {
                let header = self.buffer(draft)?;
                (ty, header, header)
            }
            Rule::OBar => {
                let func = self.typed(Type::Func, draft)?;
                let address = self.push(Op::UREFC, Type::P64, func, Arg::Lit(Lit::Upvalue(0)), draft)?;
                let of = self.pick(&[Type::Tab, Type::Str, Type::I64, Type::Num, Type::Nil]);
                (ty, address, self.typed(of, draft)?)
            }
            Rule::ToStr => {
                let (mode, of) = self.pick(&[
                    (TostrMode::Int, Type::Int),
                    (TostrMode::Num, Type::Num),
                    (TostrMode::Char, Type::Int),
                ]);
                (ty, self.typed(of, draft)?, Arg::Lit(Lit::Tostr(mode)))
            }
            Rule::StrTo => (ty, self.typed(Type::Str, draft)?, Arg::None),
            Rule::Call => {
                let callees: Vec<_> = ALL_CALLEES.iter().copied().filter(|c| c.op() == op).collect();
                let callee = (!callees.is_empty()).then(|| self.pick(&callees))?;
                (callee.ret(), self.arguments(callee.args(), draft)?, Arg::Lit(Lit::Callee(callee)))
            }
            Rule::CallXs => {
                let helper = self.pick(ALL_HELPERS);
                (helper.ret(), self.arguments(helper.args(), draft)?, Arg::K(Const::Helper(helper)))
            }
            Rule::CArg => {
                let types = [Type::Int, Type::I64, Type::Num, Type::P64];
                let (a, b) = (self.pick(&types), self.pick(&types));
                (ty, self.typed(a, draft)?, self.typed(b, draft)?)
            }
            Rule::Equal if ty.class() == Class::Gc => (ty, self.typed(ty, draft)?, self.typed(ty, draft)?),
            Rule::StrRef => (ty, self.typed(Type::Str, draft)?, self.typed(Type::Int, draft)?),
            _ => return None,
        };
        self.push(op, ty, op1, op2, draft)
    }

    /// An operand of a type: a constant, a value that is there, or one that is loaded for it.
    fn typed(&mut self, ty: Type, draft: &mut Draft) -> Option<Arg> {
        let refs = draft.refs(|i| i.ty == ty && !matches!(i.op, Op::CARG | Op::TMPREF));
        if !refs.is_empty() && self.one_in(2) {
            return Some(Arg::Ref(self.pick(&refs)));
        }
        match ty.class() {
            Class::Pri => return Some(Arg::K(Const::Pri(ty))),
            Class::Gc if ty == Type::Thread => return self.push(Op::LREF, ty, Arg::None, Arg::None, draft),
            Class::Gc => {
                let ids = draft.ids(ty);
                if !ids.is_empty() && !self.one_in(3) {
                    return Some(Arg::K(Const::Gc(self.pick(&ids))));
                }
            }
            Class::Flt => {
                let at = Arg::K(self.constant(Class::W64, draft.world)?);
                return self.push(Op::XLOAD, ty, at, Arg::Lit(Lit::Xload(Default::default())), draft);
            }
            class => return self.constant(class, draft.world).map(Arg::K),
        }
        let mode = SloadMode { typecheck: true, ..SloadMode::default() };
        let slot = Arg::Lit(Lit::Slot(2 + self.below(39) as u8));
        self.push(Op::SLOAD, ty, slot, Arg::Lit(Lit::Sload(mode)), draft)
    }

    fn key_operand(&mut self, draft: &mut Draft) -> Option<Arg> {
        let of = self.pick(&[Type::Str, Type::Tab, Type::Num, Type::True, Type::Udata]);
        self.typed(of, draft)
    }

    /// The array or hash part of a table.
    fn part(&mut self, field: Field, draft: &mut Draft) -> Option<Arg> {
        let table = self.typed(Type::Tab, draft)?;
        self.push(Op::FLOAD, Type::P64, table, Arg::Lit(Lit::Field(field)), draft)
    }

    /// The address that a load or store of a Lua value takes.
    fn slot_address(&mut self, op: Op, draft: &mut Draft) -> Option<Arg> {
        let from = match op {
            Op::ALOAD | Op::ASTORE => Op::AREF,
            Op::HLOAD | Op::HSTORE => self.pick(&[Op::HREF, Op::HREFK, Op::NEWREF]),
            Op::ULOAD | Op::USTORE => self.pick(&[Op::UREFO, Op::UREFC]),
            _ => Op::TMPREF,
        };
        self.object_ins(from, draft)
    }

    fn buffer(&mut self, draft: &mut Draft) -> Option<Arg> {
        self.object_ins(Op::BUFHDR, draft)
    }

    /// Operand 1 of a call.
    fn arguments(&mut self, types: &[Type], draft: &mut Draft) -> Option<Arg> {
        let Some((first, rest)) = types.split_first() else { return Some(Arg::K(Const::Pri(Type::Nil))) };
        let mut chain = self.typed(*first, draft)?;
        for ty in rest {
            let next = self.typed(*ty, draft)?;
            chain = self.push(Op::CARG, Type::Nil, chain, next, draft)?;
        }
        Some(chain)
    }
}

impl Draft<'_> {
    /// The world's objects of a type.
    pub fn ids(&self, ty: Type) -> Vec<ObjId> {
        let types = self.world.object_types();
        (0..types.len()).filter(|n| types[*n] == ty).map(|n| ObjId(n as u8)).collect()
    }
}
