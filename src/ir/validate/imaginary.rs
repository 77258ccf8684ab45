//! Values that differ between the interpreter and a backend: addresses of what the library places, numbers that it gives.
//!
//! Where array parts, nodes, upvalues, temporaries and new objects lie is the backend's business; the interpreter has addresses of its
//! own. No verdict may depend on them: they are used for what they are for, and never reach memory, snapshots, arithmetic or helpers.

use super::{Check, arguments};
use crate::ir::{Arg, Class, Const, Field, Ins, Lit, Op, Ref, Rule, Trace, Type};
use std::collections::BTreeSet;

/// What an imaginary value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The address of a Lua value.
    Place,
    /// The address of a field.
    Field,
    /// The address of an array or hash part.
    Part,
    /// The address of bytecode.
    Code,
    /// A string buffer.
    Buffer,
    /// The number of a C type.
    Ctype,
    /// A table of globals, which is no table of the world.
    Globals,
    /// The running thread.
    Thread,
    /// A metatable, or null.
    Metatable,
    /// An address in a string or a payload: of an object that may be new.
    Payload,
}

fn kind(trace: &Trace, r: Ref) -> Option<Kind> {
    let ins = trace.get(r);
    let field = match ins.op2 {
        Arg::Lit(Lit::Field(field)) => Some(field),
        _ => None,
    };
    match (ins.op.info().rule, field) {
        (Rule::ARef | Rule::HRef | Rule::HRefK | Rule::URef | Rule::TmpRef, _) => Some(Kind::Place),
        (Rule::FRef, _) => Some(Kind::Field),
        (Rule::FLoad, Some(Field::TabArray | Field::TabNode)) => Some(Kind::Part),
        (Rule::FLoad, Some(Field::FuncPc)) => Some(Kind::Code),
        (Rule::FLoad, Some(Field::CdataCtypeid)) => Some(Kind::Ctype),
        (Rule::FLoad, Some(Field::FuncEnv | Field::ThreadEnv)) => Some(Kind::Globals),
        (Rule::FLoad, Some(Field::TabMeta | Field::UdataMeta)) => Some(Kind::Metatable),
        (Rule::BufHdr | Rule::BufPut, _) => Some(Kind::Buffer),
        (Rule::Call, _) => called(ins),
        (Rule::LRef, _) => Some(Kind::Thread),
        (Rule::StrRef, _) => Some(Kind::Payload),
        (Rule::Add, _) => has_payload(trace, r).then_some(Kind::Payload),
        _ => None,
    }
}

/// Whether an address in an object is among the terms of a sum, and of the sums that are its terms. Each sum is asked once: in a chain where each is added to
/// the one before, there are more ways to the first one than can be gone.
fn has_payload(trace: &Trace, sum: Ref) -> bool {
    let (mut asked, mut sums) = (BTreeSet::from([sum]), vec![sum]);
    while let Some(sum) = sums.pop() {
        for term in trace.get(sum).args() {
            match term {
                Arg::Ref(r) if trace.get(r).op.info().rule == Rule::Add && trace.get(r).ty.class() != Class::Gc => {
                    sums.extend(asked.insert(r).then_some(r));
                }
                Arg::Ref(r) if trace.get(r).ty.class() == Class::Gc || kind(trace, r) == Some(Kind::Payload) => {
                    return true;
                }
                Arg::K(k) if k.class() == Class::Gc => return true,
                _ => {}
            }
        }
    }
    false
}

/// Calls that return a pointer return their first argument.
fn called(ins: &Ins) -> Option<Kind> {
    let Arg::Lit(Lit::Callee(callee)) = ins.op2 else { return None };
    match callee.ret() {
        Type::P64 if callee.op() == Op::CALLL => Some(Kind::Buffer),
        Type::P64 => Some(Kind::Payload),
        _ => None,
    }
}

/// Checks what an instruction does with imaginary values, and with constants that stand for such.
pub(super) fn check(trace: &Trace, at: Ref, ins: &Ins) -> Check {
    for (n, arg) in ins.args().into_iter().enumerate() {
        match arg {
            Arg::Ref(r) => check_use(trace, at, ins, n, r)?,
            Arg::K(k) if !takes(ins, n, k) => return Err(format!("operand {} is a constant for another use", n + 1)),
            _ => {}
        }
    }
    let wanted = match (ins.op2, ins.op.info().rule) {
        (Arg::K(Const::Helper(helper)), Rule::CallXs) => helper.args(),
        (Arg::Lit(Lit::Callee(callee)), Rule::Call) => callee.args(),
        _ => return Ok(()),
    };
    let given = arguments(trace, ins.op1, wanted.len());
    given.iter().filter_map(|a| a.as_ref()).try_for_each(|r| check_argument(trace, ins, r))
}

/// Constants that stand for something of the backend's are for one use.
fn takes(ins: &Ins, n: usize, k: Const) -> bool {
    let rule = ins.op.info().rule;
    match k {
        Const::Ctype(_) => matches!(rule, Rule::CNew | Rule::CNewI) && n == 0 || rule == Rule::Equal && n == 1,
        Const::NilTv => rule == Rule::Equal && n == 1,
        Const::TmpBuf => matches!(rule, Rule::BufHdr | Rule::Call | Rule::CArg) && n == 0,
        Const::KSlot(..) => rule == Rule::HRefK && n == 1,
        Const::Helper(_) => rule == Rule::CallXs && n == 1,
        _ => true,
    }
}

fn check_use(trace: &Trace, at: Ref, ins: &Ins, n: usize, r: Ref) -> Check {
    let Some(kind) = kind(trace, r) else { return Ok(()) };
    let rule = ins.op.info().rule;
    let fits = match (kind, rule) {
        (Kind::Buffer | Kind::Payload, Rule::Use | Rule::CArg | Rule::Call) => true,
        (Kind::Place, Rule::TvLoad | Rule::TvStore | Rule::OBar) => n == 0,
        (Kind::Place, Rule::Equal) => n == 0 && ins.op2 == Arg::K(Const::NilTv),
        (Kind::Field, Rule::FStore) => n == 0,
        (Kind::Part, Rule::ARef | Rule::HRefK) => n == 0,
        (Kind::Code, Rule::Equal) => ins.op2 == Arg::K(Const::Null),
        (Kind::Buffer, Rule::BufHdr | Rule::BufPut | Rule::BufStr) => true,
        (Kind::Ctype, Rule::Equal) => matches!(ins.op2, Arg::K(Const::Ctype(_))),
        (Kind::Globals, Rule::Equal) => true,
        (Kind::Thread, Rule::FLoad) => true,
        (Kind::Metatable, Rule::Equal) => true,
        (Kind::Metatable, _) => is_there(trace, r, at),
        (Kind::Payload, Rule::XLoad | Rule::XStore | Rule::SNew) => n == 0,
        (Kind::Payload, Rule::Add) => true,
        (Kind::Payload, _) if ins.op == Op::PHI => true,
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("operand {} is {}, which is used for nothing else", n + 1, name(kind))) }
}

/// A metatable that a guard before has found to be there.
fn is_there(trace: &Trace, r: Ref, at: Ref) -> bool {
    let guards = |i: &Ins| match (i.op, i.op2) {
        _ if i.op1 != Arg::Ref(r) => false,
        (Op::NE, Arg::K(Const::Null)) => true,
        (Op::EQ, other) => other != Arg::K(Const::Null),
        _ => false,
    };
    trace.iter().take_while(|(g, _)| *g < at).any(|(_, i)| guards(i))
}

fn check_argument(trace: &Trace, ins: &Ins, r: Ref) -> Check {
    let kind = kind(trace, r);
    let puts = matches!(ins.op2, Arg::Lit(Lit::Callee(c)) if c.op() == Op::CALLL && c.ret() == Type::P64);
    match (ins.op, kind) {
        (_, None) => Ok(()),
        (Op::CALLXS, Some(kind)) => Err(format!("an argument is {}, which a helper would show", name(kind))),
        (_, Some(Kind::Buffer)) if puts => Ok(()),
        (_, Some(Kind::Payload)) if !puts => Ok(()),
        (_, Some(Kind::Metatable)) => Ok(()),
        (_, Some(kind)) => Err(format!("an argument is {}", name(kind))),
    }
}

/// Checks a value of a snapshot.
pub(super) fn check_shown(trace: &Trace, r: Ref, at: Ref) -> Check {
    match kind(trace, r) {
        None => Ok(()),
        Some(Kind::Metatable) if is_there(trace, r, at) => Ok(()),
        Some(kind) => Err(format!("{:04} is {}, which no snapshot shows", r.0, name(kind))),
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Place => "the address of a Lua value",
        Kind::Field => "the address of a field",
        Kind::Part => "the address of a part of a table",
        Kind::Code => "the address of bytecode",
        Kind::Buffer => "a string buffer",
        Kind::Ctype => "the number of a C type",
        Kind::Globals => "a table of globals",
        Kind::Thread => "the running thread",
        Kind::Metatable => "a metatable that may not be there",
        Kind::Payload => "an address in an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Link;

    /// Each adds the one before to itself.
    fn doublings(first: Ins, n: u16) -> Trace {
        let double = |r| Ins { op: Op::ADD, ty: Type::P64, guard: false, op1: Arg::Ref(Ref(r)), op2: Arg::Ref(Ref(r)) };
        let ins = [first].into_iter().chain((1..=n).map(double)).collect();
        Trace { ins, snaps: vec![], link: Link::Interpreter }
    }

    #[test]
    fn sums_of_sums_are_each_asked_once_for_an_address_in_an_object() {
        let zero = Arg::K(Const::Int(0));
        let number = Ins { op: Op::BNOT, ty: Type::P64, guard: false, op1: zero, op2: Arg::None };
        let address = Ins { op: Op::STRREF, op2: zero, ..number };
        assert_eq!(kind(&doublings(number, 200), Ref(201)), None);
        assert_eq!(kind(&doublings(address, 200), Ref(201)), Some(Kind::Payload));
    }
}
