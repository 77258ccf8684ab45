//! Which of two cases is simpler: a total order, with no endless way down.

use crate::case::{Arena, Case, Emit, Gc, Input, ObjectValues, OptFlags};
use crate::interpret::Program;
use crate::ir::{Arg, Const, Ins, Link, Lit, Op, Slot, SymPtr, Trace, Type, XloadMode};
use crate::world::{ObjectKind, Region, SlotValue};

/// How much there is of a case, the weightiest first. Compared in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(Vec<u128>);

/// Weighs a case.
pub(super) fn weigh(case: &Case) -> Weight {
    let traces = || [Some(&case.trace), case.side.as_ref().map(|s| &s.trace)].into_iter().flatten();
    let ins = || traces().flat_map(|t| &t.ins);
    let entries = || traces().flat_map(|t| &t.snaps).flat_map(|s| &s.entries);
    let world = &case.world;
    Weight(vec![
        // Reachable in this form comes before all: FOLD would make something else of raw IR.
        emit(case.emit),
        traces().count() as u128,
        ins().count() as u128,
        ins().map(|i| u128::from(op_rank(i.op))).sum(),
        traces().map(link).sum(),
        traces().map(|t| t.snaps.len() as u128).sum(),
        entries().count() as u128,
        ins().filter(|i| i.guard).count() as u128,
        case.inputs.len() as u128,
        settings(case),
        world.objects.len() as u128,
        world.regions.len() as u128,
        world.objects.iter().map(|o| object(&o.kind)).sum(),
        case.inputs.iter().map(filled).sum(),
        world.regions.iter().map(|r| u128::from(r.size)).sum(),
        ins().flat_map(Ins::args).filter(|a| matches!(a, Arg::Ref(_))).count() as u128,
        ins().filter(|i| is_bare_address(i)).count() as u128,
        ins().map(|i| u128::from(type_rank(i.ty))).sum(),
        ins().flat_map(Ins::args).map(operand).sum(),
        entries().map(|e| operand(e.value)).sum(),
        case.inputs.iter().map(contents).sum(),
        slots(case),
        ins()
            .flat_map(Ins::args)
            .chain(entries().map(|e| e.value))
            .filter_map(Arg::as_ref)
            .map(|r| u128::from(r.0))
            .sum(),
        world.regions.iter().map(|r| u128::from(r.offset)).sum(),
        names(case),
    ])
}

/// What nobody can follow, even where code need not run to be wrong: inputs that the interpreter can't judge, and slots that are loaded unchecked
/// as what they are not.
pub(super) fn doubts(case: &Case) -> usize {
    let program = Program::new(case).ok();
    let unjudged = |input: &&Input| program.as_ref().is_none_or(|p| p.run(input).is_err());
    let mistyped = |input: &Input| case.trace.ins.iter().filter(|ins| is_mistyped(case, input, ins)).count();
    let inputs = &case.inputs;
    inputs.iter().filter(unjudged).count() + inputs.iter().map(mistyped).sum::<usize>()
}

fn is_mistyped(case: &Case, input: &Input, ins: &Ins) -> bool {
    let (Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(mode))) = (ins.op1, ins.op2) else { return false };
    let ty = match input.slot(Slot(slot)) {
        SlotValue::Nil => Type::Nil,
        SlotValue::False => Type::False,
        SlotValue::True => Type::True,
        SlotValue::Int(_) => Type::Int,
        SlotValue::Num(_) => Type::Num,
        SlotValue::Str(_) => Type::Str,
        SlotValue::Obj(id) => case.world.object(id).kind.ty(),
    };
    let wanted = match ins.ty {
        Type::Int if mode.convert => Type::Num,
        Type::Num if mode.convert => Type::Int,
        ty => ty,
    };
    !mode.typecheck && !mode.parent && ty != wanted
}

fn emit(emit: Emit) -> u128 {
    match emit {
        Emit::Fold => 0,
        Emit::Passes => 1,
        Emit::Raw => 2,
    }
}

fn link(trace: &Trace) -> u128 {
    match trace.link {
        Link::Interpreter => 0,
        Link::Return => 1,
        Link::Loop => 2,
        Link::Root => 3,
    }
}

/// Opcodes that say little by being there, the plainest first.
const PLAIN: &[Op] = &[Op::SLOAD, Op::XLOAD, Op::XSTORE, Op::ADD, Op::SUB, Op::BAND, Op::CONV];

/// Lower is simpler. Of one family, the first of the table is the simplest.
pub(super) fn op_rank(op: Op) -> u32 {
    let known = PLAIN.iter().position(|p| *p == op).and_then(|at| u32::try_from(at).ok());
    known.unwrap_or(PLAIN.len() as u32 + op as u32)
}

/// Types, the simplest first.
const TYPES: &[Type] = &[Type::Int, Type::Num, Type::I64, Type::P64, Type::U32, Type::U64];

/// Lower is simpler.
pub(super) fn type_rank(ty: Type) -> u32 {
    let known = TYPES.iter().position(|p| *p == ty).and_then(|at| u32::try_from(at).ok());
    known.unwrap_or(TYPES.len() as u32 + ty as u32)
}

/// Switches and settings that are not as usual.
fn settings(case: &Case) -> u128 {
    let usual = OptFlags::default().list();
    let flags = case.flags.list().iter().zip(usual).filter(|(a, b)| **a != *b).count();
    let input = |i: &Input| usize::from(i.gc != Gc::Idle) + usize::from(i.profile);
    let inputs: usize = case.inputs.iter().map(input).sum();
    (flags + inputs + usize::from(case.arena != Arena::Usual) + usize::from(case.ra.is_some())) as u128
}

fn object(kind: &ObjectKind) -> u128 {
    match kind {
        ObjectKind::Str(bytes) => bytes.iter().map(|b| 256 + u128::from(*b)).sum(),
        ObjectKind::Table { asize, hbits, keys, meta, black } => {
            u128::from(*asize)
                + hbits.map_or(0, |b| 1 << b)
                + keys.len() as u128 * 4
                + u128::from(meta.is_some())
                + u128::from(*black)
        }
        ObjectKind::Func { upvalues } => upvalues.len() as u128,
        ObjectKind::Udata { size, meta } => u128::from(*size) + u128::from(meta.is_some()),
        ObjectKind::Cdata(ty) => u128::from(ty.size().unwrap_or(0)),
    }
}

/// How many places of an input hold something.
fn filled(input: &Input) -> u128 {
    let bytes = |b: &[u8]| b.iter().filter(|b| **b != 0).count();
    let memory: usize = input.memory.iter().map(|m| bytes(m)).sum();
    let objects: usize = input
        .objects
        .iter()
        .map(|o| match o {
            ObjectValues::Bytes(b) => bytes(b),
            values => values.values().filter(|v| *v != SlotValue::Nil).count(),
        })
        .sum();
    // A pointer is eight bytes.
    (memory + objects + 8 * input.pointers.len() + input.slots.len()) as u128
}

/// What these places hold.
fn contents(input: &Input) -> u128 {
    let bytes = |b: &[u8]| b.iter().map(|b| u128::from(*b)).sum::<u128>();
    let object = |o: &ObjectValues| match o {
        ObjectValues::Bytes(b) => bytes(b),
        values => values.values().map(slot_value).sum(),
    };
    let pointers = input.pointers.iter().map(|p| pointer(p.at) + pointer(p.to));
    input.memory.iter().map(|m| bytes(m)).sum::<u128>()
        + input.objects.iter().map(object).sum::<u128>()
        + pointers.sum::<u128>()
        + input.slots.iter().map(|(_, v)| slot_value(*v)).sum::<u128>()
}

fn slot_value(value: SlotValue) -> u128 {
    match value {
        SlotValue::Nil => 0,
        SlotValue::False => 1,
        SlotValue::True => 2,
        SlotValue::Int(i) => 3 + int(i.into()),
        SlotValue::Num(bits) => 3 + num(bits),
        SlotValue::Str(p) => 3 + pointer(p),
        SlotValue::Obj(_) => KIND,
    }
}

/// An address that is a number: it means more as a place in a region.
pub(super) fn is_bare_address(ins: &Ins) -> bool {
    matches!((ins.op, ins.op1), (Op::XLOAD | Op::XSTORE, Arg::K(Const::Int64(_))))
}

fn operand(arg: Arg) -> u128 {
    match arg {
        Arg::None | Arg::Ref(_) => 0,
        Arg::K(k) => constant(k),
        Arg::Lit(lit) => literal(lit),
    }
}

fn constant(k: Const) -> u128 {
    match k {
        Const::Int(i) => int(i.into()),
        Const::Int64(i) => int(i),
        Const::Num(bits) => num(bits),
        Const::Ptr(p) | Const::KPtr(p) => pointer(p),
        _ => 0,
    }
}

fn literal(lit: Lit) -> u128 {
    match lit {
        Lit::Num(n) => n.into(),
        Lit::Xload(mode) => u128::from(mode != XloadMode::default()),
        Lit::Sload(m) => {
            [m.typecheck, m.convert, m.readonly, m.inherit, m.parent].iter().filter(|on| **on).count() as u128
        }
        Lit::Fpm(f) => f as u128,
        Lit::Upvalue(n) => n.into(),
        _ => 0,
    }
}

fn pointer(p: SymPtr) -> u128 {
    u128::from(p.region.0) + int(p.offset)
}

/// Above all that is of a simpler kind.
const KIND: u128 = 1 << 66;

/// Numbers by kind, then by how far they are from zero: 0, 1, -1, powers of two, a few small ones, the neighbours of powers of two (where
/// fields of instructions end), and all others.
pub(super) fn int(v: i64) -> u128 {
    let size = v.unsigned_abs();
    let near = [size.wrapping_sub(1), size.wrapping_add(1)].iter().any(|n| n.is_power_of_two());
    let kind = match v {
        0 => 0,
        1 => 1,
        -1 => 2,
        _ if size.is_power_of_two() => 3,
        _ if size < 16 => 4,
        _ if near => 5,
        _ => 6,
    };
    kind * KIND + u128::from(size) * 2 + u128::from(v < 0)
}

/// The same of doubles: integers first, then halves and the like, then all others by their bits.
pub(super) fn num(bits: u64) -> u128 {
    let x = f64::from_bits(bits);
    if x.fract() == 0.0 && x.abs() < 9e15 && bits != (-0.0f64).to_bits() {
        return int(x as i64); // exact: an integer below 2^53
    }
    let short = bits.trailing_zeros() >= 32;
    (if short { 7 } else { 8 }) * KIND + u128::from(bits)
}

/// Low slots are simpler.
fn slots(case: &Case) -> u128 {
    super::reduce::slots_used(case).iter().map(|s| u128::from(s.0)).sum()
}

/// Names that are not the plain ones.
fn names(case: &Case) -> u128 {
    let plain = super::reduce::plain_names(case);
    let names = case.world.regions.iter().map(|r: &Region| &r.name).chain(case.world.objects.iter().map(|o| &o.name));
    names.zip(&plain).filter(|(name, plain)| name != plain).count() as u128
}
