//! Rules for Lua objects, calls and allocation: what their operand classes do not express.
//!
//! Sources: `lj_record.c`, `lj_ffrecord.c`, `lj_crecord.c` for what is emitted; `lj_asm.c` and `lj_asm_arm64.h` for what is read without
//! being checked.

use super::{Check, Scene, buffer};
use crate::ir::{Arg, BufMode, Class, Const, Field, Ins, Key, Lit, Op, Ref, Rule, Trace, Type};

/// Checks what a rule says beyond classes.
pub(super) fn check(trace: &Trace, ins: &Ins, scene: &Scene<'_>) -> Check {
    let ty = |arg: Arg| type_of(trace, arg, scene);
    let def = |arg: Arg| arg.as_ref().map(|r| trace.get(r));
    match ins.op.info().rule {
        Rule::ARef => wants_field(def(ins.op1), Field::TabArray),
        Rule::HRef => wants_type(ty(ins.op1), Type::Tab).and_then(|()| check_key(trace, ins.op2, scene)),
        Rule::HRefK => wants_field(def(ins.op1), Field::TabNode).and_then(|()| match ins.op2 {
            Arg::K(Const::KSlot(_, Key::Int(_))) => Err("an integer is looked for in no hash part".into()),
            Arg::K(Const::KSlot(..)) => Ok(()),
            _ => Err("operand 2 must be a KSLOT constant".into()),
        }),
        Rule::URef => wants_type(ty(ins.op1), Type::Func),
        Rule::FRef | Rule::FLoad => check_field(ins, ty(ins.op1)),
        Rule::FStore => check_fstore(def(ins.op1), ins, ty(ins.op2)),
        Rule::TmpRef => wants_lua_value(ty(ins.op1)),
        Rule::TvLoad => check_address(ins.op, def(ins.op1)),
        Rule::TvStore => check_address(ins.op, def(ins.op1)).and_then(|()| check_stored(ins, ty(ins.op2))),
        Rule::Len => wants_type(ty(ins.op1), Type::Tab),
        Rule::TDup => match ins.op1 {
            Arg::K(Const::Gc(_)) => wants_type(ty(ins.op1), Type::Tab),
            _ => Err("operand 1 must be a constant table".into()),
        },
        Rule::CNew | Rule::CNewI => check_cnew(ins, ty(ins.op2)),
        // lj_asm.c: asm_bufhdr follows what it appends to up to the start of the chain.
        Rule::BufHdr if ins.op2 == Arg::Lit(Lit::Buf(BufMode::Append)) => check_buffer(def(ins.op1)),
        Rule::BufHdr => wants(ins.op1 == Arg::K(Const::TmpBuf), "operand 1 must be the temporary buffer"),
        Rule::BufPut => check_buffer(def(ins.op1)).and_then(|()| wants_type(ty(ins.op2), Type::Str)),
        Rule::BufStr => check_buffer(def(ins.op1))
            .and_then(|()| wants(def(ins.op2).is_some_and(|d| d.op == Op::BUFHDR), "operand 2 must be a BUFHDR")),
        Rule::TBar => wants_type(ty(ins.op1), Type::Tab),
        Rule::OBar => wants(def(ins.op1).is_some_and(|d| d.op == Op::UREFC), "operand 1 must be a UREFC"),
        Rule::ToStr => check_tostr(ins, ty(ins.op1)),
        Rule::StrTo => wants_type(ty(ins.op1), Type::Str),
        Rule::StrRef => wants_type(ty(ins.op1), Type::Str),
        Rule::Equal if ins.ty.class() == Class::Gc => {
            let other = if ins.op2 == Arg::K(Const::Null) { Some(ins.ty) } else { ty(ins.op2) };
            wants_type(ty(ins.op1), ins.ty).and_then(|()| wants_type(other, ins.ty))
        }
        Rule::Call => check_call(trace, ins, scene),
        Rule::CallXs => check_callxs(trace, ins, scene),
        Rule::CArg => Ok(()),
        Rule::XStore
            if matches!(ins.op1, Arg::K(Const::TmpBuf | Const::NilTv | Const::Helper(_) | Const::KSlot(..))) =>
        {
            Err("stores where the VM's own data is".into())
        }
        // asm_fusexref takes the stored value's register for the sum of string and index.
        Rule::XStore if def(ins.op1).is_some_and(|d| d.op == Op::STRREF) => {
            Err("stores to a string: a STRREF is for loads".into())
        }
        _ => no_arguments(trace, ins),
    }
}

/// The type of an operand's value; `None` for no value.
pub(super) fn type_of(trace: &Trace, arg: Arg, scene: &Scene<'_>) -> Option<Type> {
    match arg {
        Arg::Ref(r) => Some(trace.get(r).ty),
        Arg::K(k) => const_type(k, scene),
        Arg::None | Arg::Lit(_) => None,
    }
}

fn const_type(k: Const, scene: &Scene<'_>) -> Option<Type> {
    match k {
        Const::Int(_) | Const::Ctype(_) => Some(Type::Int),
        Const::Int64(_) => Some(Type::I64),
        Const::Num(_) => Some(Type::Num),
        Const::Pri(ty) => Some(ty),
        Const::Gc(id) => scene.objects.get(usize::from(id.0)).copied(),
        Const::Ptr(_) | Const::KPtr(_) | Const::Null => Some(Type::P64),
        Const::KSlot(..) | Const::Helper(_) | Const::TmpBuf | Const::NilTv => Some(Type::P64),
    }
}

fn wants(holds: bool, why: &str) -> Check {
    if holds { Ok(()) } else { Err(why.into()) }
}

fn wants_type(given: Option<Type>, wanted: Type) -> Check {
    match given {
        Some(ty) if ty == wanted => Ok(()),
        Some(ty) => Err(format!("operand is {}, wanted {}", ty.text(), wanted.text())),
        None => Err(format!("an operand is missing, wanted {}", wanted.text())),
    }
}

fn wants_field(def: Option<&Ins>, field: Field) -> Check {
    let is = def.is_some_and(|d| d.op == Op::FLOAD && d.op2 == Arg::Lit(Lit::Field(field)));
    if is { Ok(()) } else { Err(format!("operand 1 must be a FLOAD of {}", field.text())) }
}

fn wants_lua_value(given: Option<Type>) -> Check {
    match given {
        Some(ty) if ty.is_lua_value() && ty != Type::LightUd => Ok(()),
        _ => Err("operand is no Lua value".into()),
    }
}

/// A key of any type that a table can have; numbers and integers must be of their own kind (`lj_record.c: rec_idx_key`).
fn check_key(trace: &Trace, key: Arg, scene: &Scene<'_>) -> Check {
    match (key, type_of(trace, key, scene)) {
        (Arg::K(Const::Num(bits)), _) if !is_num_key(bits) => {
            Err("the key is an integer: tables keep it as one".into())
        }
        (Arg::K(Const::Pri(Type::False | Type::True)), _) | (_, Some(Type::Num)) => Ok(()),
        (_, Some(ty)) if ty.class() == Class::Gc && ty != Type::LightUd => Ok(()),
        _ => Err("operand 2 is no key of a table".into()),
    }
}

fn check_field(ins: &Ins, object: Option<Type>) -> Check {
    let Arg::Lit(Lit::Field(field)) = ins.op2 else { return Err("operand 2 must be a field".into()) };
    wants_type(object, field.of())?;
    match ins.op {
        Op::FREF => wants(field.is_stored(), "no trace stores to this field"),
        _ if ins.ty != field.ty() => Err(format!("{} is loaded as {}", field.text(), field.ty().text())),
        _ => Ok(()),
    }
}

fn check_fstore(fref: Option<&Ins>, ins: &Ins, value: Option<Type>) -> Check {
    let Some((Op::FREF, Arg::Lit(Lit::Field(field)))) = fref.map(|d| (d.op, d.op2)) else {
        return Err("operand 1 must be an FREF".into());
    };
    if ins.ty != field.ty() {
        return Err(format!("{} is stored as {}", field.text(), field.ty().text()));
    }
    match (field.ty().class(), ins.op2) {
        // A metatable is taken away with a null pointer of its type.
        (Class::Gc, Arg::K(Const::Null)) => Ok(()),
        (Class::Gc, _) => wants_type(value, field.ty()),
        _ => Ok(()),
    }
}

/// Loads and stores of Lua values take the addresses that their names say.
fn check_address(op: Op, def: Option<&Ins>) -> Check {
    let from: &[Op] = match op {
        Op::ALOAD | Op::ASTORE => &[Op::AREF],
        Op::HLOAD | Op::HSTORE => &[Op::HREF, Op::HREFK, Op::NEWREF],
        Op::ULOAD | Op::USTORE => &[Op::UREFO, Op::UREFC],
        _ => &[Op::TMPREF],
    };
    // What a temporary only takes in may be a constant that lies elsewhere (`lj_asm_arm64.h: asm_tvptr`).
    if op == Op::VLOAD && def.is_some_and(|d| !matches!(d.op2, Arg::Lit(Lit::Tmpref(m)) if m.out1)) {
        return Err("operand 1 must be a TMPREF for output".into());
    }
    let is = def.is_some_and(|d| from.contains(&d.op));
    let names: Vec<&str> = from.iter().map(|o| o.name()).collect();
    if is { Ok(()) } else { Err(format!("operand 1 must be one of {}", names.join(" "))) }
}

fn check_stored(ins: &Ins, value: Option<Type>) -> Check {
    let same = match (ins.ty.class(), value) {
        (Class::Pri, _) => ins.op2 == Arg::K(Const::Pri(ins.ty)) || value == Some(ins.ty),
        (Class::Gc, Some(ty)) => ty == ins.ty,
        // Narrow integers are held as ints.
        (_, Some(ty)) => ty.class() == ins.ty.class() && ty.is_lua_value(),
        (_, None) => false,
    };
    if same { Ok(()) } else { Err(format!("operand 2 is no {} value", ins.ty.text())) }
}

fn check_cnew(ins: &Ins, given: Option<Type>) -> Check {
    let Arg::K(Const::Ctype(ty)) = ins.op1 else { return Err("operand 1 must be a C type".into()) };
    let value = match ins.op2 {
        Arg::K(Const::Pri(Type::Nil)) => None,
        arg => Some(arg),
    };
    match (ins.op, ty.size(), value) {
        (Op::CNEW, Some(_), None) => Ok(()),
        // The assembler stores it from an integer register.
        (Op::CNEWI, Some(size @ (4 | 8)), Some(_)) => {
            let class = if size == 4 { Class::W32 } else { Class::W64 };
            wants(given.is_some_and(|t| t.class() == class), "operand 2 is no integer of the type's size")
        }
        (Op::CNEW, None, Some(_)) => wants(given == Some(Type::Int), "operand 2 must be a size in bytes"),
        (Op::CNEW, Some(_), Some(_)) => Err("this type has a size: operand 2 must be nil".into()),
        (Op::CNEW, None, None) => Err("this type has no size: operand 2 must give it".into()),
        _ => Err("only a type of 4 or 8 bytes is made with its value".into()),
    }
}

fn check_buffer(def: Option<&Ins>) -> Check {
    wants(def.is_some_and(buffer::gives), "operand 1 must be a buffer: BUFHDR, BUFPUT or a call that puts to one")
}

fn check_tostr(ins: &Ins, value: Option<Type>) -> Check {
    use crate::ir::TostrMode;
    match ins.op2 {
        Arg::Lit(Lit::Tostr(TostrMode::Num)) => wants_type(value, Type::Num),
        _ => wants_type(value, Type::Int),
    }
}

fn check_call(trace: &Trace, ins: &Ins, scene: &Scene<'_>) -> Check {
    let Arg::Lit(Lit::Callee(callee)) = ins.op2 else { return Err("operand 2 must be a C function".into()) };
    if callee.op() != ins.op {
        return Err(format!("{} is called by {}", callee.name(), callee.op().name()));
    }
    if callee.ret() != ins.ty {
        return Err(format!("{} returns {}", callee.name(), callee.ret().text()));
    }
    check_arguments(trace, ins.op1, callee.args(), callee.name(), scene)
}

fn check_callxs(trace: &Trace, ins: &Ins, scene: &Scene<'_>) -> Check {
    let Arg::K(Const::Helper(helper)) = ins.op2 else { return Err("operand 2 must be a helper".into()) };
    if helper.ret() != ins.ty {
        return Err(format!("{} returns {}", helper.name(), helper.ret().text()));
    }
    check_arguments(trace, ins.op1, helper.args(), helper.name(), scene)
}

fn check_arguments(trace: &Trace, first: Arg, wanted: &[Type], name: &str, scene: &Scene<'_>) -> Check {
    let given = arguments(trace, first, wanted.len());
    if given.len() != wanted.len() {
        return Err(format!("{name} takes {} arguments, {} are given", wanted.len(), given.len()));
    }
    for (n, (arg, want)) in given.iter().zip(wanted).enumerate() {
        let ty = type_of(trace, *arg, scene);
        let fits = match (want.class(), ty) {
            (Class::Gc, Some(ty)) => ty == *want,
            (class, Some(ty)) => ty.class() == class && trace_value(trace, *arg),
            (_, None) => false,
        };
        if !fits {
            return Err(format!("argument {} of {name} is no {} value", n + 1, want.text()));
        }
    }
    Ok(())
}

/// A value, and not the pair of arguments that a CARG is.
fn trace_value(trace: &Trace, arg: Arg) -> bool {
    arg.as_ref().is_none_or(|r| trace.get(r).op != Op::CARG)
}

/// The arguments of a call of `n` arguments, in order: operand 1 of a call is nil for none, the argument itself for one, else a chain of
/// CARG, the last argument outermost (`lj_ir.c: lj_ir_call`, `lj_asm.c: asm_collectargs`). As many as the chain has.
pub fn arguments(trace: &Trace, first: Arg, n: usize) -> Vec<Arg> {
    if n == 0 {
        return if first == Arg::K(Const::Pri(Type::Nil)) { vec![] } else { vec![first] };
    }
    let mut args = Vec::with_capacity(n);
    let mut rest = first;
    while args.len() + 1 < n {
        match rest.as_ref().map(|r| trace.get(r)) {
            Some(ins) if ins.op == Op::CARG => {
                args.push(ins.op2);
                rest = ins.op1;
            }
            _ => break,
        }
    }
    args.push(rest);
    args.reverse();
    args
}

/// A number that a table keeps as a number: no NaN, and not the value of an integer (the recorder and the library make that an integer).
pub fn is_num_key(bits: u64) -> bool {
    let n = f64::from_bits(bits);
    let is_int = n >= f64::from(i32::MIN) && n <= f64::from(i32::MAX) && n.fract() == 0.0;
    !n.is_nan() && !is_int
}

/// Only calls and other pairs take a CARG; only loads, stores and comparisons take the address of a slot.
fn no_arguments(trace: &Trace, ins: &Ins) -> Check {
    let pair = |r: &Ref| trace.get(*r).op == Op::CARG;
    wants(!ins.args().iter().filter_map(|a| a.as_ref()).any(|r| pair(&r)), "only calls take a CARG")
}
