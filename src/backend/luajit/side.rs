//! A case's traces, one after the other: the root trace through the passes if it is to, then the side trace at one of its exits.

use super::emit::{emit, emit_side, link};
use super::numbers::Numbers;
use super::objects::Objects;
use super::readback::{Committed, bytes, entry_sp, read_back};
use super::{refuse, sunk};
use crate::backend::Refusal;
use crate::case::{Case, Emit, SideTrace};
use crate::code::{Code, Exit};
use crate::ir::{ExitNo, Link};
use luajit_arm64_sys::{Error, Jit, Repeat, TRef};

/// A trace of the code: its exits, and what its instructions became.
#[derive(Clone, Debug)]
pub struct Part {
    /// LuaJIT's number of the trace.
    pub traceno: u32,
    /// The first of them.
    pub first: u16,
    /// How many.
    pub count: u16,
    /// LuaJIT's refs of the written instructions.
    pub refs: Vec<Option<TRef>>,
    /// How many steps of FOLD had been made behind each of them.
    pub steps: Vec<u32>,
}

/// Compiles and commits all traces of a case.
pub fn compile(jit: &mut Jit, numbers: &Numbers, objects: &Objects, case: &Case) -> Result<(Code, Vec<Part>), Refusal> {
    let root = compile_root(jit, numbers, objects, case)?;
    let count = u16::try_from(root.code.exits.len()).expect("few snapshots");
    let mut parts = vec![Part { traceno: root.traceno, first: 0, count, refs: root.refs, steps: root.steps }];
    let mut code = root.code;
    if let Some(side) = &case.side {
        let Committed { code: mut fork, traceno, refs, steps } =
            compile_side(jit, numbers, objects, case, side, root.traceno, &code)?;
        let own = take_exits(&mut fork, side, count);
        let own_count = u16::try_from(own.len()).expect("few snapshots");
        parts.push(Part { traceno, first: count, count: own_count, refs, steps });
        code.exits.extend(own);
        join(jit, &mut code, fork, root.traceno)?;
    }
    Ok((code, parts))
}

fn compile_root(jit: &mut Jit, numbers: &Numbers, objects: &Objects, case: &Case) -> Result<Committed, Refusal> {
    let trace = &case.trace;
    let emitted = emit(jit, numbers, objects, case)?;
    let error = |e: Error| refuse(&e, trace, &emitted.refs);
    if case.emit == Emit::Passes {
        let repeat = if trace.link == Link::Loop { Repeat::Iteration } else { Repeat::Once };
        jit.optimize(repeat).map_err(error)?;
        if case.flags.sink && sunk::is_left_behind(jit, numbers) {
            return Err(Refusal::Skip("a guard behind a sunk store has no snapshot of its own".into()));
        }
    }
    seed(jit, case);
    jit.assemble(link(trace.link), 0).map_err(error)?;
    let sp = entry_sp(jit.layout());
    read_back(jit, numbers, case, trace, emitted, sp)
}

fn compile_side(
    jit: &mut Jit,
    numbers: &Numbers,
    objects: &Objects,
    case: &Case,
    side: &SideTrace,
    parent: u32,
    root: &Code,
) -> Result<Committed, Refusal> {
    // An instruction that fails is the side trace's, whose refs a verdict does not name.
    let error = |e: Error| refuse(&e, &side.trace, &[]);
    let opts = numbers.opts(&case.flags);
    if !has_guard(jit, numbers, parent, side.exit).map_err(error)? {
        // An exit that is never taken: no register was given to its values, and there is nothing for a side trace to start with.
        return Err(Refusal::Skip("no guard leaves by the exit where the side trace starts".into()));
    }
    jit.begin_side(parent, u32::from(side.exit.0), opts).map_err(error)?;
    let emitted = emit_side(jit, numbers, objects, case, &side.trace)?;
    seed(jit, case);
    let to = if side.trace.link == Link::Root { parent } else { 0 };
    jit.assemble(link(side.trace.link), to).map_err(error)?;
    read_back(jit, numbers, case, &side.trace, emitted, root.conventions.exit_sp)
}

/// Whether a guard of a committed trace leaves by an exit.
fn has_guard(jit: &Jit, numbers: &Numbers, traceno: u32, exit: ExitNo) -> Result<bool, Error> {
    let first = jit.snapshot(traceno, u32::from(exit.0))?.at;
    // The last snapshot has all that is behind it.
    let end = jit.snapshot(traceno, u32::from(exit.0) + 1).map_or(TRef(u16::MAX), |next| next.at);
    let mut covered = (first.0..end.0).map_while(|at| jit.ir_of(traceno, TRef(at)).ok());
    Ok(covered.any(|ins| numbers.is_guard(ins.ty)))
}

/// Seeds the register allocator of a build that draws registers at random; the same for each trace, whatever was compiled before.
fn seed(jit: &mut Jit, case: &Case) {
    if let Some(seed) = case.ra {
        jit.set_ra_seed(u64::from(seed));
    }
}

/// The side trace's exits, numbered behind the root's `count`; the last one is that of its stack check, which is its parent's exit.
fn take_exits(fork: &mut Code, side: &SideTrace, count: u16) -> Vec<Exit> {
    let mut exits = std::mem::take(&mut fork.exits);
    for (n, exit) in (count..).zip(&mut exits) {
        exit.number = ExitNo(n);
    }
    exits.push(Exit { values: vec![], number: side.exit, sp: fork.start.sp, ints: vec![] });
    exits
}

/// The root's code leads to the side trace now, which may lead back.
fn join(jit: &Jit, code: &mut Code, mut fork: Code, root: u32) -> Result<(), Refusal> {
    let lj = jit.code_of(root).map_err(|e| Refusal::Broken(e.to_string()))?;
    code.bytes = bytes(jit, &lj)?;
    code.conventions.links.push((fork.base, fork.start.sp));
    fork.conventions.links.push((code.base, code.start.sp));
    code.folded += fork.folded;
    code.side = Some(Box::new(fork));
    Ok(())
}
