//! Reads an assembled trace back as plain [`Code`].

use super::emit::Emitted;
use super::numbers::Numbers;
use super::{refuse, written_ref};
use crate::backend::Refusal;
use crate::case::{Case, Emit};
use crate::code::{Code, Conventions, Exit, Mark, Place, Registers, ValueLoc};
use crate::ir::validate::MIN_SLOT;
use crate::ir::{Arg, Const, ExitNo, Op, SnapEntry, Trace, Type};
use crate::world::World;
use luajit_arm64_sys::{Code as LjCode, Jit, Layout, TRef};

/// `RID_BASE` of `lj_target_arm64.h`: the general register of the Lua frame when a trace begins.
pub const BASE: u8 = 19;

/// Below the top of the guest stack: room for what traces and exits put above their frame.
const STACK_ROOM: u64 = 64 << 10;
/// Bytes that the interpreter has reserved for the trace at entry (`SPS_FIXED` words), which it gives back at its end.
const FIXED_FRAME: u64 = 16;

/// A committed trace.
pub struct Committed {
    /// Its code. A side trace's exits are here, too.
    pub code: Code,
    /// LuaJIT's number of it.
    pub traceno: u32,
    /// LuaJIT's refs of the written instructions.
    pub refs: Vec<Option<TRef>>,
    /// How many steps of FOLD had been made behind each of them.
    pub steps: Vec<u32>,
}

/// Everything about the assembled trace that is needed to run and judge it. Commits the trace. `sp`: the stack pointer at its entry.
pub fn read_back(
    jit: &mut Jit,
    numbers: &Numbers,
    case: &Case,
    trace: &Trace,
    emitted: Emitted,
    sp: u64,
) -> Result<Committed, Refusal> {
    let error = |e| refuse(&e, trace, &emitted.refs);
    let lj = jit.code().map_err(error)?;
    let marks = marks(jit, &lj, &emitted)?;
    let mut exits =
        if case.restores() { numbered(jit, case, &lj)? } else { located(jit, &case.world, trace, &emitted, &lj)? };
    if let Some(first) = exits.first_mut() {
        first.ints.clone_from(&emitted.ints);
    }
    jit.commit().map_err(error)?;
    // Code under register pressure gives BASE up and loads it anew from the global state.
    jit.enter(lj.traceno);
    let code = Code {
        base: lj.start,
        bytes: bytes(jit, &lj)?,
        body: u32::try_from(lj.stubs - lj.start).expect("code is small"),
        entry: 0,
        loop_start: (lj.loop_ofs != 0).then(|| u32::try_from(lj.loop_ofs).expect("code is small")),
        exits,
        marks,
        conventions: conventions(jit.layout(), &lj, sp),
        start: start(&lj, sp),
        folded: emitted.folded,
        narrowed: emitted.narrowed,
        may_fuse_fma: numbers.may_fuse_fma(&case.flags),
        // BASE is slot 2, the lowest that cases use.
        stack: lj.base + 8 * u64::from(MIN_SLOT - 2),
        side: None,
    };
    Ok(Committed { code, traceno: lj.traceno, refs: emitted.refs, steps: emitted.steps })
}

/// The words of a trace and its stubs, as they are now.
pub fn bytes(jit: &Jit, lj: &LjCode) -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![0; usize::try_from(lj.end - lj.start).expect("code fits in memory")];
    jit.read(lj.start, &mut bytes).map_err(|e| Refusal::Broken(e.to_string()))?;
    Ok(bytes)
}

fn marks(jit: &Jit, lj: &LjCode, emitted: &Emitted) -> Result<Vec<Mark>, Refusal> {
    let offset = |addr: u64| u32::try_from(addr - lj.start).expect("code is small");
    let notes = jit.notes().map_err(|e| Refusal::Broken(e.to_string()))?;
    let mark = |(r, range): (TRef, std::ops::Range<u64>)| Mark {
        at: written_ref(&emitted.refs, r),
        start: offset(range.start),
        end: offset(range.end),
    };
    Ok(notes.ranges().map(mark).collect())
}

fn exit_sp(layout: &Layout, lj: &LjCode) -> u64 {
    entry_sp(layout) - u64::from(lj.spadjust)
}

/// Exits whose values are at known locations: one for each snapshot.
fn located(jit: &Jit, world: &World, trace: &Trace, emitted: &Emitted, lj: &LjCode) -> Result<Vec<Exit>, Refusal> {
    let exit = |(n, snap): (u16, &crate::ir::Snap)| {
        let value = |e| value_loc(jit, world, trace, emitted, u32::from(n), e);
        let values = snap.entries.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Exit { values, number: ExitNo(n), sp: exit_sp(jit.layout(), lj), ints: vec![] })
    };
    (0..).zip(&trace.snaps).map(exit).collect()
}

/// Exits that only LuaJIT's own handler can restore. The passes copy and drop snapshots, but keep their tags.
fn numbered(jit: &Jit, case: &Case, lj: &LjCode) -> Result<Vec<Exit>, Refusal> {
    let broken = |e: luajit_arm64_sys::Error| Refusal::Broken(e.to_string());
    let numbers = match case.emit {
        Emit::Passes => jit.snap_tags(0).map_err(broken)?,
        Emit::Fold | Emit::Raw => (0..lj.nsnap).collect(),
    };
    let number = |n: u32| ExitNo(u16::try_from(n).expect("few snapshots"));
    let sp = exit_sp(jit.layout(), lj);
    Ok(numbers.into_iter().map(|n| Exit { values: vec![], number: number(n), sp, ints: vec![] }).collect())
}

fn value_loc(
    jit: &Jit,
    world: &World,
    trace: &Trace,
    emitted: &Emitted,
    snap: u32,
    e: &SnapEntry,
) -> Result<ValueLoc, Refusal> {
    let known = |ty, bits| ValueLoc { slot: e.slot, ty, place: Place::Known(bits), int_to_num: false };
    match e.value {
        Arg::K(Const::Int(i)) => Ok(known(Type::Int, u64::from(i.cast_unsigned()))),
        Arg::K(Const::Num(bits)) => Ok(known(Type::Num, bits)),
        Arg::K(Const::Pri(ty)) => Ok(known(ty, 0)),
        Arg::K(Const::Gc(id)) => Ok(known(world.object(id).kind.ty(), world.object_address(id))),
        Arg::Ref(r) => {
            let ty = trace.get(r).ty;
            let t = emitted.refs[usize::from(r.0) - 1]
                .ok_or_else(|| Refusal::Broken(format!("{:04} is in a snapshot but has no value", r.0)))?;
            let (place, int_to_num) = place(jit, snap, t)?;
            Ok(ValueLoc { slot: e.slot, ty, place, int_to_num })
        }
        _ => Err(Refusal::Broken(format!("slot #{} holds no value", e.slot.0))),
    }
}

/// Where LuaJIT has a value at an exit, and whether it is still to be converted from int to num (`snap_restoreval`).
fn place(jit: &Jit, snap: u32, t: TRef) -> Result<(Place, bool), Refusal> {
    let broken = |e: luajit_arm64_sys::Error| Refusal::Broken(e.to_string());
    if t.is_const() {
        return Ok((Place::Known(jit.ir(t).map_err(broken)?.value), false));
    }
    let loc = jit.loc(snap, t).map_err(broken)?;
    match (loc.spill, loc.reg) {
        (Some(slot), _) => Ok((Place::Spill(4 * u32::from(slot)), false)),
        (None, Some(luajit_arm64_sys::Place::Gpr(n))) => Ok((Place::Gpr(n), false)),
        (None, Some(luajit_arm64_sys::Place::Fpr(n))) => Ok((Place::Fpr(n), false)),
        (None, None) => sunk_conversion(jit, snap, t),
    }
}

fn sunk_conversion(jit: &Jit, snap: u32, t: TRef) -> Result<(Place, bool), Refusal> {
    let ins = jit.ir(t).map_err(|e| Refusal::Broken(e.to_string()))?;
    if jit.tables().op(Op::CONV.name()) == Some(ins.op) {
        return place(jit, snap, TRef(ins.op1)).map(|(place, _)| (place, true));
    }
    Ok((Place::Lost, false))
}

fn conventions(layout: &Layout, lj: &LjCode, sp: u64) -> Conventions {
    let tail_sp = entry_sp(layout) + FIXED_FRAME;
    Conventions {
        reserved: vec![(18, "platform register"), (22, "global state"), (29, "frame pointer")],
        frame: u32::try_from(tail_sp - sp).expect("small"),
        exit_sp: exit_sp(layout, lj),
        tail_sp,
        targets: vec![
            (layout.exit_handler(), layout.exit_handler() + 4),
            (layout.exit_interp(), layout.exit_interp() + 4),
            (layout.call_address(0), layout.call_address(0) + 0x1_0000),
        ],
        // Objects, too: the pointer in an upvalue, which ADR reaches, is loaded in one.
        literals: vec![lj.constants, (layout.base + layout.heap_first, layout.base + layout.heap_size)],
        early_exit: (lj.nexits > lj.nsnap).then(|| lj.stub(lj.nsnap)),
        links: vec![],
    }
}

/// The stack pointer where the interpreter enters a root trace.
pub fn entry_sp(layout: &Layout) -> u64 {
    layout.base + layout.stack_ofs + layout.stack_size - STACK_ROOM
}

fn start(lj: &LjCode, sp: u64) -> Registers {
    let mut regs = Registers { sp, pc: lj.start, ..Registers::default() };
    regs.x[usize::from(BASE)] = lj.base;
    regs.x[21] = lj.pc;
    regs.x[22] = lj.gl;
    regs.x[23] = lj.lua_state;
    regs
}
