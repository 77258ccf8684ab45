//! Instructions and snapshots as lines, in the look of LuaJIT's `-jdump=is` (`jit/dump.lua`: `dump_ir`, `printsnap`).

use super::{classes, object, value};
use crate::ir::validate::MIN_SLOT;
use crate::ir::{Arg, BufMode, Class, Const, ConvCheck, Ins, Key, Lit, ObjId, Op, Ref, SloadMode, Snap};
use crate::ir::{TmprefMode, TostrMode, Trace, Type, XloadMode};
use crate::world::World;

/// The line of one instruction, as in a file. Panics on a ref outside the trace.
pub fn print_ins(trace: &Trace, world: &World, at: Ref) -> String {
    let ins = trace.get(at);
    if ins.op == Op::LOOP {
        return format!("{:04} ------ LOOP ------------", at.0);
    }
    let guard = if ins.guard { '>' } else { ' ' };
    let operands = operands(world, ins);
    let line = format!("{:04} {guard}  {:3} {:6} {operands}", at.0, ins.ty.text(), ins.op.name());
    line.trim_end().into()
}

/// The line of snapshot `n`, as in a file. Panics on a number outside the trace.
pub fn print_snap(trace: &Trace, world: &World, n: usize) -> String {
    format!("....        SNAP   #{n:<3} [ {}]", entries(world, &trace.snaps[n]))
}

/// Each entry stands at the position of its slot.
fn entries(world: &World, snap: &Snap) -> String {
    let mut words = vec!["---- ".to_string(); usize::from(MIN_SLOT)];
    for e in &snap.entries {
        let slot = usize::from(e.slot.0);
        words.resize(words.len().max(slot + 1), "---- ".into());
        words[slot] = format!("{:4} ", arg(world, Type::Nil, None, e.value));
    }
    words.concat()
}

fn operands(world: &World, ins: &Ins) -> String {
    let (class1, class2) = classes::of_operands(ins.op, ins.ty, ins.op1, ins.op2);
    format!("{:4}  {}", arg(world, ins.ty, class1, ins.op1), arg(world, ins.ty, class2, ins.op2))
}

/// An operand; `ty` is the instruction's type, which a conversion repeats.
fn arg(world: &World, ty: Type, class: Option<Class>, arg: Arg) -> String {
    match arg {
        Arg::None => String::new(),
        Arg::Ref(r) => format!("{:04}", r.0),
        Arg::K(k) => constant(world, class, k),
        Arg::Lit(l) => literal(ty, l),
    }
}

fn constant(world: &World, class: Option<Class>, k: Const) -> String {
    match k {
        Const::Int(i) => value::int(i),
        Const::Int64(i) if class == Some(Class::W64) => value::int64(i),
        Const::Int64(i) => value::marked_int64(i),
        Const::Num(bits) => value::num(bits),
        Const::Ptr(p) => format!("[{}]", value::pointer(world, p)),
        Const::KPtr(p) => format!("[[{}]]", value::pointer(world, p)),
        Const::Null => "NULL".into(),
        Const::Pri(Type::False) => "false".into(),
        Const::Pri(Type::True) => "true".into(),
        Const::Pri(ty) => ty.text().into(),
        Const::Gc(id) => object::name(world, id),
        Const::KSlot(id, key) => node(world, id, key),
        Const::Helper(h) => format!("[helper:{}]", h.name()),
        Const::TmpBuf => "[tmpbuf]".into(),
        Const::NilTv => "[niltv]".into(),
        Const::Ctype(ty) => format!("ctype:{}", ty.text()),
    }
}

/// A table's place for a key: `t["a"]`.
fn node(world: &World, id: ObjId, key: Key) -> String {
    format!("{}[{}]", object::bare_name(world, id), object::key(world, key))
}

fn literal(ty: Type, lit: Lit) -> String {
    match lit {
        Lit::Num(n) => format!("#{n}"),
        Lit::Slot(s) => format!("#{s}"),
        Lit::Sload(m) => letters(&sload_letters(m)),
        Lit::Xload(m) => letters(&xload_letters(m)),
        Lit::Conv(m) => {
            let sext = if m.sext { " sext" } else { "" };
            format!("{}.{}{sext}{}", ty.text(), m.src.text(), check(m.check))
        }
        Lit::Fpm(f) => f.text().into(),
        Lit::Field(f) => f.text().into(),
        Lit::Callee(c) => c.name().into(),
        Lit::Upvalue(n) => format!("#{n}"),
        Lit::Tmpref(m) => tmpref(m).into(),
        Lit::Buf(m) => buf(m).into(),
        Lit::Tostr(m) => tostr(m).into(),
    }
}

/// The word for a `TMPREF` mode.
pub(super) const fn tmpref(m: TmprefMode) -> &'static str {
    match (m.in1, m.out1) {
        (false, false) => "",
        (true, false) => "IN",
        (false, true) => "OUT",
        (true, true) => "INOUT",
    }
}

/// The word for a `BUFHDR` mode.
pub(super) const fn buf(m: BufMode) -> &'static str {
    match m {
        BufMode::Reset => "RESET",
        BufMode::Append => "APPEND",
    }
}

/// The word for a `TOSTR` mode.
pub(super) const fn tostr(m: TostrMode) -> &'static str {
    match m {
        TostrMode::Int => "INT",
        TostrMode::Num => "NUM",
        TostrMode::Char => "CHAR",
    }
}

fn letters(set: &[(char, bool)]) -> String {
    set.iter().filter(|(_, on)| *on).map(|(letter, _)| *letter).collect()
}

fn sload_letters(m: SloadMode) -> [(char, bool); 5] {
    [('P', m.parent), ('T', m.typecheck), ('C', m.convert), ('R', m.readonly), ('I', m.inherit)]
}

fn xload_letters(m: XloadMode) -> [(char, bool); 2] {
    [('R', m.readonly), ('V', m.volatile)]
}

const fn check(check: ConvCheck) -> &'static str {
    match check {
        ConvCheck::Plain => "",
        ConvCheck::Any => " none",
        ConvCheck::Index => " index",
        ConvCheck::Check => " check",
    }
}
