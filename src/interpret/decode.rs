//! Decoding: a trace's instructions to [`Step`]s, its snapshots to places of values.

use super::body::{After, Body, Entry, Loop};
use super::error::InterpretError;
use super::execute::has_meaning;
use super::frame::{Args, Literal, Product, Step};
use super::heap::{self, Heap, NIL_TV, TMP_BUF};
use super::program::{Program, Side};
use crate::case::{Case, Emit};
use crate::ir::validate::{MIN_SLOT, arguments};
use crate::ir::{Arg, Const, ExitNo, Ins, Key, Link, Lit, Op, Ref, Slot, Trace, Type};
use crate::world::World;

type Result<T> = std::result::Result<T, InterpretError>;

/// Decodes a checked case.
pub(super) fn decode(case: &Case) -> Result<Program> {
    let passes = case.emit == Emit::Passes;
    let root = decode_trace(&case.trace, &case.world, passes)?;
    let side = match &case.side {
        Some(side) => Some(Side { exit: side.exit, body: decode_trace(&side.trace, &case.world, false)? }),
        None => None,
    };
    let heap = Heap::of(&case.world);
    Ok(Program { root, side, restores: case.restores(), world: case.world.clone(), heap })
}

fn decode_trace(trace: &Trace, world: &World, passes: bool) -> Result<Body> {
    let mut places = Places::new(trace, world);
    let steps = decode_steps(trace, &mut places)?;
    let snaps = (0..trace.snaps.len()).map(|n| decode_snap(trace, n, &mut places)).collect::<Result<Vec<_>>>()?;
    let after = after(trace, passes);
    if trace.link != Link::Loop || passes {
        check_tail(&snaps)?;
    }
    let looping = decode_loop(trace, &steps);
    Ok(Body { steps, looping, snaps, initial: places.values, after })
}

/// The passes make a loop of an iteration; without them it starts again all the same.
fn after(trace: &Trace, passes: bool) -> After {
    match trace.link {
        Link::Root => After::Start,
        Link::Loop if passes => After::Start,
        Link::Loop | Link::Interpreter | Link::Return => After::Tail,
    }
}

/// The places of values: one a ref, then one a use of a constant.
struct Places<'a> {
    values: Vec<u64>,
    world: &'a World,
}

impl<'a> Places<'a> {
    fn new(trace: &Trace, world: &'a World) -> Self {
        Places { values: vec![0; trace.ins.len() + 1], world }
    }

    /// The place of an operand's value; an operand without one gets place 0, which stays 0.
    fn of(&mut self, arg: Arg) -> usize {
        match arg {
            Arg::Ref(r) => usize::from(r.0),
            Arg::K(k) => {
                self.values.push(constant(k, self.world));
                self.values.len() - 1
            }
            Arg::None | Arg::Lit(_) => 0,
        }
    }

    /// The places of the places of a call's arguments.
    fn of_call(&mut self, args: &[Arg]) -> Args {
        let places: Vec<u64> = args.iter().map(|arg| self.of(*arg) as u64).collect();
        let first = self.values.len();
        self.values.extend(&places);
        Args { first, len: places.len() }
    }

    /// The word of a table's key.
    fn key(&self, key: Key) -> u64 {
        let addresses: Vec<u64> = self.world.object_addresses();
        heap::key_word(key, self.world, &addresses)
    }
}

fn constant(k: Const, world: &World) -> u64 {
    match k {
        Const::Int(i) => u64::from(i.cast_unsigned()),
        Const::Int64(i) => i.cast_unsigned(),
        Const::Num(bits) => bits,
        Const::Ptr(p) | Const::KPtr(p) => world.address(p),
        Const::Null | Const::Pri(_) => 0,
        Const::Gc(id) => world.object_address(id),
        Const::TmpBuf => TMP_BUF,
        Const::NilTv => NIL_TV,
        Const::Ctype(ty) => heap::ctype_number(ty),
        Const::KSlot(..) | Const::Helper(_) => 0,
    }
}

fn decode_steps(trace: &Trace, places: &mut Places<'_>) -> Result<Vec<Step>> {
    let mut steps = Vec::with_capacity(trace.ins.len());
    let mut exit = 0;
    for (at, ins) in trace.iter() {
        while trace.snaps.get(exit + 1).is_some_and(|s| s.at <= at) {
            exit += 1;
        }
        if !matches!(ins.op, Op::LOOP | Op::PHI) {
            let exit = ExitNo(u16::try_from(exit).expect("a trace has at most 500 snapshots"));
            steps.push(decode_ins(trace, at, ins, exit, places)?);
        }
    }
    Ok(steps)
}

fn decode_ins(trace: &Trace, at: Ref, ins: &Ins, exit: ExitNo, places: &mut Places<'_>) -> Result<Step> {
    if !has_meaning(ins.op) {
        return Err(InterpretError::NoMeaning { at, op: ins.op });
    }
    let literal = literal(trace, ins, places).ok_or(InterpretError::Operands { at, op: ins.op })?;
    let (a, b) = (places.of(ins.op1), places.of(ins.op2));
    let is_sum = ins.ty == Type::Num && matches!(ins.op, Op::ADD | Op::SUB) && ins.op1 != ins.op2;
    let products = ins.args().map(|arg| if is_sum { product(trace, arg, places) } else { None });
    Ok(Step { op: ins.op, ty: ins.ty, guard: ins.guard, at, to: usize::from(at.0), a, b, literal, exit, products })
}

/// What an instruction says beside its operands' values, if that is what its opcode takes.
fn literal(trace: &Trace, ins: &Ins, places: &mut Places<'_>) -> Option<Literal> {
    let call = |args: &[Type], places: &mut Places<'_>| places.of_call(&arguments(trace, ins.op1, args.len()));
    let is_constant = |arg: Arg| matches!(arg, Arg::K(_));
    Some(match (ins.op, ins.op1, ins.op2) {
        (Op::SLOAD, Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(mode))) => {
            Literal::Slot(usize::from(slot.checked_sub(MIN_SLOT)?), mode)
        }
        (Op::TNEW, Arg::Lit(Lit::Num(asize)), Arg::Lit(Lit::Num(hbits))) => Literal::Sizes(asize, hbits),
        (Op::HREF | Op::NEWREF, _, key) => Literal::Key(type_of(trace, key, places.world)?),
        (Op::HREFK, _, Arg::K(Const::KSlot(id, key))) => Literal::KSlot(id, places.key(key)),
        (Op::CNEW | Op::CNEWI, Arg::K(Const::Ctype(ty)), _) => Literal::Ctype(ty),
        (Op::CALLXS, _, Arg::K(Const::Helper(helper))) => Literal::Helper(helper, call(helper.args(), places)),
        (Op::TMPREF, value, Arg::Lit(Lit::Tmpref(mode))) => {
            Literal::Tmpref { mode, ty: type_of(trace, value, places.world)?, constant: is_constant(value) }
        }
        (Op::SLOAD | Op::TNEW | Op::HREFK | Op::CNEW | Op::CNEWI | Op::CALLXS | Op::TMPREF, ..) => return None,
        (_, func, Arg::Lit(Lit::Upvalue(n))) => Literal::Upvalue { index: n.into(), constant: is_constant(func) },
        (_, _, Arg::Lit(Lit::Callee(callee))) => Literal::Callee(callee, call(callee.args(), places)),
        (_, _, Arg::Lit(lit)) => plain_literal(lit)?,
        _ => Literal::None,
    })
}

fn plain_literal(lit: Lit) -> Option<Literal> {
    Some(match lit {
        Lit::Num(n) => Literal::Num(n),
        Lit::Conv(mode) => Literal::Conv(mode),
        Lit::Fpm(fpm) => Literal::Fpm(fpm),
        Lit::Field(field) => Literal::Field(field),
        Lit::Buf(mode) => Literal::Buf(mode),
        Lit::Tostr(mode) => Literal::Tostr(mode),
        // Loads are the same in all modes.
        Lit::Xload(_) => Literal::None,
        Lit::Slot(_) | Lit::Sload(_) | Lit::Callee(_) | Lit::Upvalue(_) | Lit::Tmpref(_) => return None,
    })
}

/// The type of an operand's value.
fn type_of(trace: &Trace, arg: Arg, world: &World) -> Option<Type> {
    match arg {
        Arg::Ref(r) => Some(trace.get(r).ty),
        Arg::K(Const::Int(_)) => Some(Type::Int),
        Arg::K(Const::Num(_)) => Some(Type::Num),
        Arg::K(Const::Pri(ty)) => Some(ty),
        Arg::K(Const::Gc(id)) => Some(world.object(id).kind.ty()),
        _ => None,
    }
}

/// The factors of an operand that is a product of numbers, or the negation of one, which FOLD makes part of the sum (`lj_opt_fold.c`,
/// "FP algebraic simplifications"). One that is part of a PHI is never fused.
fn product(trace: &Trace, arg: Arg, places: &mut Places<'_>) -> Option<Product> {
    let mut r = arg.as_ref()?;
    let mut negated = false;
    while trace.get(r).op == Op::NEG {
        r = trace.get(r).op1.as_ref()?;
        negated = !negated;
    }
    let ins = trace.get(r);
    if ins.ty != Type::Num || trace.phis().any(|(left, right)| r == left || r == right) {
        return None;
    }
    let factors = match (ins.op, ins.op2) {
        (Op::MUL, _) => [ins.op1, ins.op2],
        // FOLD multiplies (lj_opt_fold.c: simplify_numpow_k).
        (Op::POW, Arg::K(Const::Num(two))) if two == 2f64.to_bits() => [ins.op1; 2],
        _ => return None,
    };
    Some(Product { factors: factors.map(|arg| places.of(arg)), negated })
}

fn decode_snap(trace: &Trace, snap: usize, places: &mut Places<'_>) -> Result<Vec<Entry>> {
    let entry = |e: &crate::ir::SnapEntry| {
        let ty = type_of(trace, e.value, places.world).ok_or(InterpretError::Entry { snap, slot: e.slot })?;
        check_slot(snap, e.slot)?;
        Ok(Entry { slot: e.slot, ty, from: places.of(e.value) })
    };
    trace.snaps[snap].entries.iter().map(entry).collect()
}

fn check_slot(snap: usize, slot: Slot) -> Result<()> {
    if slot.0 < MIN_SLOT { Err(InterpretError::Entry { snap, slot }) } else { Ok(()) }
}

/// The last snapshot's values must be Lua values: the tail stores them.
fn check_tail(snaps: &[Vec<Entry>]) -> Result<()> {
    let Some(last) = snaps.last() else { return Ok(()) };
    match last.iter().find(|e| !e.ty.is_lua_value()) {
        Some(e) => Err(InterpretError::Entry { snap: snaps.len() - 1, slot: e.slot }),
        None => Ok(()),
    }
}

fn decode_loop(trace: &Trace, steps: &[Step]) -> Option<Loop> {
    let at = trace.loop_ref()?;
    let start = steps.iter().position(|s| s.at > at).unwrap_or(steps.len());
    let phis = trace.phis().map(|(left, right)| (usize::from(left.0), usize::from(right.0))).collect();
    Some(Loop { at, exit: trace.exit_at(at)?, start, phis })
}
