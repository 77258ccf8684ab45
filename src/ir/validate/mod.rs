//! The validator: is a trace legal IR for LuaJIT's ARM64 backend?
//!
//! Legal means: what the recorder could emit, or (for raw traces) what the backend promises to take. An illegal
//! trace is an error of whoever wrote it, never a finding. Sources are named at each rule.

mod buffer;
mod imaginary;
mod object;
mod snapshots;

pub use object::{arguments, is_num_key};

use super::*;
use thiserror::Error;

/// Most instructions in a trace: LuaJIT's recorder stops at `maxrecord` (4000 by default).
pub const MAX_INS: usize = 4000;
/// Most snapshots in a trace (`maxsnap`, 500 by default).
pub const MAX_SNAPS: usize = 500;
/// The highest Lua slot a case may use: the frame of the function that the trace starts in.
pub const MAX_SLOT: u8 = 40;
/// The lowest: the slots below hold the frame.
pub const MIN_SLOT: u8 = 2;

/// Why a trace is not legal.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Illegal {
    /// Something is wrong with one instruction.
    #[error("{at:04} {op}: {why}", at = .at.0, op = .op.name())]
    Ins {
        /// The instruction.
        at: Ref,
        /// Its opcode.
        op: Op,
        /// What is wrong.
        why: String,
    },
    /// Something is wrong with one snapshot.
    #[error("snapshot #{snap}: {why}")]
    Snap {
        /// Its number.
        snap: usize,
        /// What is wrong.
        why: String,
    },
    /// Something is wrong with the trace as a whole.
    #[error("trace: {0}")]
    Trace(String),
}

/// What the validator must know of a trace's world.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene<'a> {
    /// How many regions it has.
    pub regions: usize,
    /// The type of each object.
    pub objects: &'a [Type],
    /// The trace goes through the passes, which make its LOOP and PHIs.
    pub passes: bool,
    /// For a side trace: the slots that its parent's exit has, with their types.
    pub parent: Option<&'a [(Slot, Type)]>,
}

/// True for a slot that a case may use.
pub fn is_slot(slot: Slot) -> bool {
    (MIN_SLOT..=MAX_SLOT).contains(&slot.0)
}

/// Checks a whole trace.
pub fn validate(trace: &Trace, scene: &Scene<'_>) -> Result<(), Illegal> {
    check_size(trace)?;
    for (at, ins) in trace.iter() {
        check_ins(trace, at, ins, scene).map_err(|why| Illegal::Ins { at, op: ins.op, why })?;
    }
    check_loop(trace, scene)?;
    check_snaps(trace, scene)?;
    snapshots::check(trace, scene)
}

fn check_size(trace: &Trace) -> Result<(), Illegal> {
    if trace.ins.len() > MAX_INS {
        return Err(Illegal::Trace(format!("{} instructions, the most is {MAX_INS}", trace.ins.len())));
    }
    if trace.snaps.len() > MAX_SNAPS {
        return Err(Illegal::Trace(format!("{} snapshots, the most is {MAX_SNAPS}", trace.snaps.len())));
    }
    Ok(())
}

type Check = Result<(), String>;

fn check_ins(trace: &Trace, at: Ref, ins: &Ins, scene: &Scene<'_>) -> Check {
    let info = ins.op.info();
    match info.status {
        Status::Plain => {}
        Status::Shape if matches!(ins.op, Op::LOOP | Op::PHI) => return check_shape(ins), // operands: check_loop
        Status::Shape => return Err("is not written as an instruction".into()),
        Status::Out(reason) => return Err(format!("not supported: {reason}")),
    }
    if !info.rule.types().contains(&ins.ty) {
        let list: Vec<_> = info.rule.types().iter().map(|t| t.text()).collect();
        return Err(format!("type {} is not one of {}", ins.ty.text(), list.join(" ")));
    }
    check_guard(ins)?;
    for (n, arg) in ins.args().into_iter().enumerate() {
        check_operand(trace, at, ins, n, arg, scene)?;
    }
    check_rule(trace, ins, scene)?;
    object::check(trace, ins, scene)?;
    buffer::check(trace, at, ins)?;
    imaginary::check(trace, at, ins)
}

/// LOOP stands alone and PHI is no guard: what a line of IR text can say of them, and no more.
fn check_shape(ins: &Ins) -> Check {
    let plain_loop = Ins { op: Op::LOOP, ty: Type::Nil, guard: false, op1: Arg::None, op2: Arg::None };
    match ins.op {
        Op::LOOP if *ins != plain_loop => Err("has type nil, no guard and no operands".into()),
        Op::PHI if ins.guard => Err("cannot be a guard ('>')".into()),
        _ => Ok(()),
    }
}

fn check_guard(ins: &Ins) -> Check {
    let must = match ins.op.info().rule {
        Rule::SCmp | Rule::UCmp | Rule::Equal | Rule::Bounds | Rule::Overflow => Some(true),
        Rule::TvLoad | Rule::HRefK | Rule::StrTo | Rule::GcStep | Rule::Prof => Some(true),
        // The recorder marks them, the assembler does not look.
        Rule::URef | Rule::Call | Rule::TNew | Rule::TDup | Rule::CNew | Rule::CNewI | Rule::BufPut | Rule::BufStr => {
            None
        }
        Rule::SLoad | Rule::Conv => None,
        _ => Some(false),
    };
    match must {
        Some(true) if !ins.guard => Err("must be a guard ('>')".into()),
        Some(false) if ins.guard => Err("cannot be a guard ('>')".into()),
        _ => Ok(()),
    }
}

fn check_operand(trace: &Trace, at: Ref, ins: &Ins, n: usize, arg: Arg, scene: &Scene<'_>) -> Check {
    let info = ins.op.info();
    let classes = info.rule.operand_classes(ins.ty);
    let want = if n == 0 { classes.0 } else { classes.1 };
    let name = n + 1;
    match (info.operands[n], arg) {
        (OperandKind::None, Arg::None) => Ok(()),
        (OperandKind::Ref, Arg::None) if n == 1 && matches!(info.rule, Rule::Neg | Rule::NumMask) => Ok(()),
        (OperandKind::Ref, Arg::Ref(r)) => {
            let ty = check_ref(trace, at, r)?;
            match want {
                // The address of an object: `lj_crecord.c` adds to cdata.
                Some(Class::W64) if n == 0 && ins.op == Op::ADD && ty.class() == Class::Gc => Ok(()),
                Some(_) if n == 1 && is_wide_count(ins, ty.class()) => Ok(()),
                Some(class) if ty.class() != class => {
                    Err(format!("operand {name} is {}, wanted a {class:?} value", ty.text()))
                }
                _ => Ok(()),
            }
        }
        // A stored primitive, a length without a hint, a size that the type has, a call without arguments.
        (OperandKind::Ref, Arg::K(Const::Pri(ty))) if ty.class() == Class::Pri && takes_primitive(info.rule, n) => {
            Ok(())
        }
        // A metatable is taken away with a null pointer.
        (OperandKind::Ref, Arg::K(Const::Null)) if takes_null(ins) && n == 1 => Ok(()),
        (OperandKind::Ref, Arg::K(k)) => {
            check_const(k, scene)?;
            match want {
                Some(Class::W64) if n == 0 && ins.op == Op::ADD && k.class() == Class::Gc => Ok(()),
                Some(_) if n == 1 && is_wide_count(ins, k.class()) => Ok(()),
                Some(class) if k.class() != class => {
                    Err(format!("operand {name} is a {:?} constant, wanted {class:?}", k.class()))
                }
                _ => Ok(()),
            }
        }
        (OperandKind::Lit, Arg::Lit(l)) => check_lit(info.lit(n), l),
        (kind, _) => Err(format!("operand {name} must be {}", kind_name(kind))),
    }
}

/// A shift of 64 bits by a count of 64 bits (`lj_crecord.c: recff_bit64_shift`).
fn is_wide_count(ins: &Ins, count: Class) -> bool {
    ins.op.info().rule == Rule::Shift && ins.ty.class() == Class::W64 && count == Class::W64
}

fn kind_name(kind: OperandKind) -> &'static str {
    match kind {
        OperandKind::Ref => "a reference or constant",
        OperandKind::Lit => "a literal",
        OperandKind::Cst => "a constant's payload",
        OperandKind::None => "absent",
    }
}

/// A metatable is compared with a null pointer, or taken away by storing one.
fn takes_null(ins: &Ins) -> bool {
    matches!(ins.op.info().rule, Rule::FStore | Rule::Equal) && ins.ty.class() == Class::Gc
}

fn takes_primitive(rule: Rule, n: usize) -> bool {
    match rule {
        Rule::TvStore | Rule::Len | Rule::CNew | Rule::HRef => n == 1,
        Rule::Call | Rule::CallXs | Rule::TmpRef => n == 0,
        Rule::OBar => n == 1,
        _ => false,
    }
}

fn check_ref(trace: &Trace, at: Ref, r: Ref) -> Result<Type, String> {
    if r >= at || r.0 == 0 {
        return Err(format!("refers to {:04}, which is not before it", r.0));
    }
    let target = trace.get(r);
    if !target.op.info().has_value() {
        return Err(format!("refers to {:04} {}, which has no value", r.0, target.op.name()));
    }
    Ok(target.ty)
}

fn check_const(k: Const, scene: &Scene<'_>) -> Check {
    let regions = scene.regions;
    match k {
        Const::Ptr(p) | Const::KPtr(p) if usize::from(p.region.0) >= regions => {
            Err(format!("points to region {}, the world has {regions}", p.region.0))
        }
        Const::Gc(id) | Const::KSlot(id, _) | Const::KSlot(_, Key::Obj(id))
            if usize::from(id.0) >= scene.objects.len() =>
        {
            Err(format!("is object {}, the world has {}", id.0, scene.objects.len()))
        }
        Const::KSlot(id, _) if scene.objects[usize::from(id.0)] != Type::Tab => {
            Err("is a place in an object that is no table".into())
        }
        Const::Ctype(ty) if CdataType::from_text(&ty.text()) != Some(ty) => {
            Err("is a structure of an odd size: multiples of 8 up to 64 bytes".into())
        }
        Const::Pri(_) => Err("a primitive constant stands only in snapshots".into()),
        _ => Ok(()),
    }
}

fn check_lit(wanted: Option<LitKind>, lit: Lit) -> Check {
    let kind = match lit {
        Lit::Num(_) => LitKind::Num,
        Lit::Slot(_) => LitKind::Slot,
        Lit::Sload(_) => LitKind::Sload,
        Lit::Xload(_) => LitKind::Xload,
        Lit::Conv(_) => LitKind::Conv,
        Lit::Fpm(_) => LitKind::Fpm,
        Lit::Field(_) => LitKind::Field,
        Lit::Callee(_) => LitKind::Callee,
        Lit::Upvalue(_) => LitKind::Upvalue,
        Lit::Tmpref(_) => LitKind::Tmpref,
        Lit::Buf(_) => LitKind::Buf,
        Lit::Tostr(_) => LitKind::Tostr,
    };
    match lit {
        _ if wanted != Some(kind) => Err(format!("takes no {kind:?} literal there")),
        Lit::Slot(s) => check_slot(Slot(s)),
        _ => Ok(()),
    }
}

fn check_slot(s: Slot) -> Check {
    if (MIN_SLOT..=MAX_SLOT).contains(&s.0) {
        Ok(())
    } else {
        Err(format!("slot #{} is not in #{MIN_SLOT}..#{MAX_SLOT}", s.0))
    }
}

/// Rules of one family that its operand classes do not express.
fn check_rule(trace: &Trace, ins: &Ins, scene: &Scene<'_>) -> Check {
    match (ins.op.info().rule, ins.op1, ins.op2) {
        // lj_asm_arm64.h: asm_bnot does not complement a constant; FOLD computes it before.
        (Rule::BitUn, Arg::K(_), _) if ins.op == Op::BNOT => {
            Err("operand is a constant, which FOLD complements".into())
        }
        (Rule::Mod, _, Arg::K(Const::Int(0))) => Err("divisor is zero".into()),
        // `lj_asm_arm64.h: asm_tobit` adds operand 2 and takes the low word: only the bias makes that a conversion.
        (Rule::ToBit, _, k) if k != Arg::K(Const::Num(TOBIT_BIAS)) => Err("operand 2 must be +bias (2^52+2^51)".into()),
        (Rule::Neg, a, b) if b != Arg::None && a != b => Err("operand 2 must repeat operand 1".into()),
        (Rule::Conv, a, Arg::Lit(Lit::Conv(mode))) => check_conv(trace, ins, a, mode),
        (Rule::SLoad, Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(mode))) => {
            check_sload(ins, mode)?;
            check_parent(ins, Slot(slot), mode, scene)
        }
        (Rule::XStore, Arg::K(Const::KPtr(_)), _) => Err("stores through a constant-memory pointer".into()),
        _ => Ok(()),
    }
}

/// The bits of 2^52 + 2^51 (`LJ_K64_TOBIT`).
pub const TOBIT_BIAS: u64 = 0x4338_0000_0000_0000;

fn check_conv(trace: &Trace, ins: &Ins, a: Arg, mode: ConvMode) -> Check {
    let (dst, src) = (ins.ty, mode.src);
    if !sig::conv_is_legal(dst, src) {
        return Err(format!("{}.{} is no conversion of the ARM64 backend", dst.text(), src.text()));
    }
    let given = match a {
        Arg::Ref(r) => trace.get(r).ty.class(),
        Arg::K(k) => k.class(),
        _ => src.class(),
    };
    if given != src.class() {
        return Err(format!("operand is {given:?}, wanted a {} value", src.text()));
    }
    let checked = matches!(mode.check, ConvCheck::Check | ConvCheck::Index);
    if ins.guard != checked {
        return Err("index and check conversions are guards, others are not".into());
    }
    // asm_conv: "Checked conversions are only supported from number to int".
    if checked && (dst, src) != (Type::Int, Type::Num) {
        return Err("only int.num can be checked".into());
    }
    Ok(())
}

fn check_sload(ins: &Ins, mode: SloadMode) -> Check {
    let guard = mode.typecheck || (mode.convert && ins.ty == Type::Int && ins.guard);
    if ins.guard != guard {
        return Err("a type-checked SLOAD is a guard, and no other".into());
    }
    if mode.convert && !matches!(ins.ty.class(), Class::W32 | Class::Num) {
        return Err("only numbers are converted".into());
    }
    if ins.ty.class() == Class::Pri && !mode.typecheck && !mode.parent {
        return Err("a primitive is loaded only to check for it".into());
    }
    Ok(())
}

/// `lj_snap_replay` makes a side trace's loads of what its parent's exit has; all others load from the Lua stack.
fn check_parent(ins: &Ins, slot: Slot, mode: SloadMode, scene: &Scene<'_>) -> Check {
    let given = scene.parent.and_then(|slots| slots.iter().find(|(s, _)| *s == slot)).map(|(_, ty)| *ty);
    match (mode.parent, given) {
        (true, None) => Err(format!("the parent's exit has no slot #{}", slot.0)),
        (true, Some(ty)) if ty != ins.ty => Err(format!("the parent's exit has {} there", ty.text())),
        (true, _) if ins.guard || mode.convert => Err("what the parent has is neither checked nor converted".into()),
        (false, Some(_)) => Err(format!("the parent's exit has slot #{}: load it with P", slot.0)),
        _ => Ok(()),
    }
}

/// LOOP and PHI (`lj_asm.c: asm_phi`, `lj_opt_loop.c`): PHIs are last, join a value from before LOOP with one of its type from
/// anywhere; a body uses values from before LOOP only if they are loop-invariant or PHI-left operands.
fn check_loop(trace: &Trace, scene: &Scene<'_>) -> Result<(), Illegal> {
    let loops: Vec<Ref> = trace.iter().filter(|(_, i)| i.op == Op::LOOP).map(|(r, _)| r).collect();
    match (loops.as_slice(), trace.link) {
        ([], Link::Interpreter | Link::Return) => no_phis(trace),
        ([at], Link::Loop) => check_loop_snap(trace, *at).and_then(|()| check_phis(trace, *at)),
        ([], Link::Root) if scene.parent.is_some() => no_phis(trace),
        (_, Link::Root) => Err(Illegal::Trace("only a side trace goes on to its root".into())),
        ([], Link::Loop) if scene.passes => no_phis(trace),
        (_, _) if scene.passes => Err(Illegal::Trace("the passes make the LOOP: leave it out".into())),
        ([], Link::Loop) => Err(Illegal::Trace("link is loop, but there is no LOOP".into())),
        ([_], _) => Err(Illegal::Trace("there is a LOOP, but link is not loop".into())),
        (more, _) => Err(Illegal::Trace(format!("{} LOOPs, at most one is legal", more.len()))),
    }
}

/// The exits of LOOP's snapshot find their values where the loop has them, which is elsewhere before it (`lj_asm.c`: `asm_loop`,
/// `ra_rename`). `lj_opt_loop.c` always has a snapshot at LOOP.
fn check_loop_snap(trace: &Trace, at: Ref) -> Result<(), Illegal> {
    if trace.snaps.iter().any(|s| s.at == at) {
        return Ok(());
    }
    Err(Illegal::Ins { at, op: Op::LOOP, why: "needs a snapshot of its own: write one before it".into() })
}

fn no_phis(trace: &Trace) -> Result<(), Illegal> {
    match trace.iter().find(|(_, i)| i.op == Op::PHI) {
        Some((at, _)) => Err(Illegal::Ins { at, op: Op::PHI, why: "there is no LOOP before it".into() }),
        None => Ok(()),
    }
}

fn check_phis(trace: &Trace, at_loop: Ref) -> Result<(), Illegal> {
    let mut seen_phi = false;
    let mut lefts = vec![false; trace.ins.len() + 1];
    for (at, ins) in trace.iter() {
        let err = |why: String| Illegal::Ins { at, op: ins.op, why };
        if ins.op != Op::PHI {
            if seen_phi {
                return Err(err("stands behind a PHI; PHIs are last".into()));
            }
            continue;
        }
        seen_phi = true;
        let (Arg::Ref(left), Arg::Ref(right)) = (ins.op1, ins.op2) else {
            return Err(err("operands must be references".into()));
        };
        if at < at_loop || left >= at_loop || right >= at || right.0 == 0 || left.0 == 0 {
            return Err(err("joins a value from before LOOP with one from the trace, behind LOOP".into()));
        }
        for r in [left, right] {
            let ty = check_ref(trace, at, r).map_err(err)?;
            if ty.class() != ins.ty.class() || matches!(ty.class(), Class::Pri | Class::Flt | Class::Gc) {
                return Err(err(format!("{:04} is {}, the PHI is {}", r.0, ty.text(), ins.ty.text())));
            }
        }
        if std::mem::replace(&mut lefts[usize::from(left.0)], true) {
            return Err(err(format!("{:04} is the left side of two PHIs", left.0)));
        }
        if right == left {
            return Err(err("joins a value with itself; that is loop-invariant".into()));
        }
    }
    check_variants(trace, at_loop, &lefts)
}

/// `f(x)` of a PHI-left `x`, computed before LOOP, holds only the first iteration's value: unless it is itself
/// PHI-left, nothing behind LOOP may use it (the assembler would read a register that the loop has overwritten
/// the inputs of; `lj_opt_loop.c` never makes such IR).
fn check_variants(trace: &Trace, at_loop: Ref, lefts: &[bool]) -> Result<(), Illegal> {
    let mut variant = vec![false; trace.ins.len() + 1];
    for (r, ins) in trace.iter().take_while(|(r, _)| *r < at_loop) {
        let from_args = ins.args().iter().filter_map(|a| a.as_ref()).any(|a| variant[usize::from(a.0)]);
        variant[usize::from(r.0)] = lefts[usize::from(r.0)] || from_args;
    }
    for (at, ins) in trace.iter().skip_while(|(r, _)| *r < at_loop) {
        for r in ins.args().iter().filter_map(|a| a.as_ref()) {
            if stale(r, at_loop, &variant, lefts) {
                let why = format!("uses {:04}, which depends on a PHI but is none itself", r.0);
                return Err(Illegal::Ins { at, op: ins.op, why });
            }
        }
    }
    for (n, snap) in trace.snaps.iter().enumerate().filter(|(_, s)| s.at >= at_loop) {
        for r in snap.entries.iter().filter_map(|e| e.value.as_ref()) {
            if stale(r, at_loop, &variant, lefts) {
                let why = format!("holds {:04}, which depends on a PHI but is none itself", r.0);
                return Err(Illegal::Snap { snap: n, why });
            }
        }
    }
    Ok(())
}

fn stale(r: Ref, at_loop: Ref, variant: &[bool], lefts: &[bool]) -> bool {
    r < at_loop && variant[usize::from(r.0)] && !lefts[usize::from(r.0)]
}

fn check_snaps(trace: &Trace, scene: &Scene<'_>) -> Result<(), Illegal> {
    match trace.snaps.first() {
        Some(s) if s.at == Ref(1) => {}
        _ => {
            return Err(Illegal::Trace("the first snapshot must stand before the first instruction".into()));
        }
    }
    for (n, snap) in trace.snaps.iter().enumerate() {
        let err = |why: String| Illegal::Snap { snap: n, why };
        if snap.at > trace.end() || (n > 0 && snap.at < trace.snaps[n - 1].at) {
            return Err(err(format!("stands at {:04}, out of order", snap.at.0)));
        }
        let is_tail = n + 1 == trace.snaps.len() && trace.link != Link::Loop;
        let mut last = None;
        for e in &snap.entries {
            check_slot(e.slot).map_err(err)?;
            if last.is_some_and(|l| l >= e.slot) {
                return Err(err(format!("slot #{} is out of order", e.slot.0)));
            }
            last = Some(e.slot);
            check_entry(trace, snap, e, is_tail, scene).map_err(err)?;
        }
    }
    Ok(())
}

fn check_entry(trace: &Trace, snap: &Snap, e: &SnapEntry, is_tail: bool, scene: &Scene<'_>) -> Check {
    match e.value {
        Arg::Ref(r) => {
            let ty = check_ref(trace, snap.at, r)?;
            imaginary::check_shown(trace, r, snap.at)?;
            match ty.class() {
                Class::Flt | Class::Pri => Err(format!("slot #{} holds a {} value", e.slot.0, ty.text())),
                // asm_stack_restore stores Lua values only; other values may be live at exits (sunk CNEWI).
                _ if is_tail && !ty.is_lua_value() => {
                    Err(format!("slot #{} of the last snapshot holds {}, not a Lua value", e.slot.0, ty.text()))
                }
                _ => Ok(()),
            }
        }
        Arg::K(Const::Pri(ty)) if ty.class() != Class::Pri => {
            Err(format!("slot #{} holds a primitive constant of type {}", e.slot.0, ty.text()))
        }
        Arg::K(Const::Pri(_) | Const::Int(_) | Const::Num(_)) => Ok(()),
        Arg::K(k @ Const::Gc(_)) => check_const(k, scene),
        Arg::K(k) => {
            check_const(k, scene).and(Err(format!("slot #{} holds a constant that is no Lua value", e.slot.0)))
        }
        _ => Err(format!("slot #{} holds neither a reference nor a constant", e.slot.0)),
    }
}
