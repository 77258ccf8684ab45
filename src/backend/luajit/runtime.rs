//! What LuaJIT's code branches to: the exit handler, the interpreter, C functions. And the arena's memory.

use super::side::Part;
use super::{LuaJit, Run};
use crate::case::Gc;
use crate::code::{Code, Registers, Runtime, Stop};
use crate::ir::validate::{MAX_SLOT, MIN_SLOT};
use crate::ir::{ALL_HELPERS, Class, ExitNo, Helper};
use crate::outcome::Call;
use luajit_arm64_sys::{Error, Jit};

impl Runtime for LuaJit {
    fn stop(&mut self, _: &Code, regs: &mut Registers) -> Stop {
        let layout = *self.jit.layout();
        if regs.pc == layout.exit_handler() {
            return exit_number(&self.parts, &self.jit, regs).map_or(Stop::Wild, Stop::Exit);
        }
        if regs.pc == layout.exit_interp() {
            return Stop::Tail;
        }
        let own = self.jit.tables().calls.len();
        let Some(id) = layout.call_at(regs.pc, own + ALL_HELPERS.len()) else { return Stop::Wild };
        match (id as usize).checked_sub(own) {
            Some(n) => helper(&self.jit, &mut self.run, ALL_HELPERS[n], regs),
            None if self.jit.tables().calls[id as usize].name == "lj_gc_step_jit" => gc_step(&mut self.run, regs),
            None => call(&mut self.jit, id, regs),
        }
    }

    fn read(&self, addr: u64, into: &mut [u8]) {
        if self.jit.read(addr, into).is_err() {
            into.fill(0);
        }
    }

    fn write(&mut self, addr: u64, bytes: &[u8]) {
        self.jit.write(addr, bytes).expect("cases and frames lie inside the arena");
    }
}

/// The number of the exit that came here: its stub branched to the common stub, which stored the return address on the
/// stack and linked to the handler (`lj_asm_arm64.h: asm_exitstub_setup`); the word there tells the trace. `None` if no stub can have
/// done that.
fn exit_number(parts: &[Part], jit: &Jit, regs: &Registers) -> Option<ExitNo> {
    let stub = jit.read_u64(regs.sp).ok()?;
    let n = (stub.checked_sub(regs.x[30])? >> 2).checked_sub(2)?;
    let n = u16::try_from(n).ok()?;
    let traceno = (jit.read_u64(regs.x[30]).ok()? >> 5) & 0xffff;
    let trace = parts.iter().find(|e| u64::from(e.traceno) == traceno && n < e.count)?;
    Some(ExitNo(trace.first + n))
}

/// Runs the C function, and leaves garbage in every register that the procedure call standard lets it change.
fn call(jit: &mut Jit, id: u32, regs: &mut Registers) -> Stop {
    let x = std::array::from_fn(|i| regs.x[i]);
    let d = std::array::from_fn(|i| regs.d[i]);
    let done = if jit.can_check(id) { jit.call_checked(id, &x, &d) } else { jit.call_pure(id, &x, &d) };
    let (x0, d0) = match done {
        Ok(results) => results,
        Err(Error::OutOfArena { .. }) => return Stop::OutOfMemory,
        Err(_) => return Stop::Wild,
    };
    let keeps_fprs = jit.tables().calls[id as usize].keeps_fprs;
    come_back(regs, keeps_fprs);
    if !keeps_fprs {
        regs.d[0] = d0;
    }
    regs.x[0] = x0;
    Stop::Resume
}

/// Back to the caller, with garbage in every register that a function may change.
fn come_back(regs: &mut Registers, keeps_fprs: bool) {
    let garbage = Registers::default();
    regs.pc = regs.x[30];
    for i in (0..=17).chain([30]) {
        regs.x[i] = !garbage.x[i];
    }
    if !keeps_fprs {
        for i in (0..8).chain(16..32) {
            regs.d[i] = !garbage.d[i];
        }
        // Of v8 to v15 the low halves are the caller's; traces use no more of them.
    }
}

/// A call of the collector: it does nothing, and says whether the trace has to leave (`lj_gc.c: lj_gc_step_jit`).
fn gc_step(run: &mut Run, regs: &mut Registers) -> Stop {
    run.gc_steps += 1;
    come_back(regs, false);
    regs.x[0] = u64::from(run.gc == Gc::Leave);
    Stop::Resume
}

/// Takes the helper's arguments from where the procedure call standard puts them, and records them.
fn helper(jit: &Jit, run: &mut Run, helper: Helper, regs: &mut Registers) -> Stop {
    let (mut x, mut d, mut stack) = (regs.x[..8].iter(), regs.d[..8].iter(), regs.sp);
    let mut args = Vec::with_capacity(helper.args().len());
    for ty in helper.args() {
        let fp = matches!(ty.class(), Class::Num | Class::Flt);
        let register = if fp { d.next() } else { x.next() };
        let raw = register.copied().or_else(|| {
            let word = jit.read_u64(stack).ok();
            stack += 8;
            word
        });
        let Some(raw) = raw else { return Stop::Wild };
        args.push(if matches!(ty.class(), Class::W32 | Class::Flt) { raw & 0xffff_ffff } else { raw });
    }
    let result = helper.result(&args, run.calls.len());
    run.calls.push(Call { helper: helper.name().into(), args });
    come_back(regs, false);
    match helper.ret().class() {
        Class::Pri => {}
        // The upper half of a short result is undefined.
        Class::Flt => regs.d[0] = result | 0xa5a5_a5a5 << 32,
        Class::Num => regs.d[0] = result,
        Class::W32 => regs.x[0] = result | 0xa5a5_a5a5 << 32,
        Class::W64 | Class::Gc => regs.x[0] = result,
    }
    Stop::Resume
}

/// The Lua stack as LuaJIT's own `lj_snap_restore` leaves it.
pub fn restore(jit: &mut Jit, parts: &[Part], code: &Code, exit: ExitNo, regs: &Registers) -> Result<Vec<u64>, String> {
    let layout = jit.tables().exit_state;
    let mut state = vec![0; layout.size];
    for (i, d) in regs.d.iter().enumerate() {
        state[layout.fpr + 8 * i..][..8].copy_from_slice(&d.to_le_bytes());
    }
    for (i, x) in regs.x.iter().chain([&regs.sp]).enumerate() {
        state[layout.gpr + 8 * i..][..8].copy_from_slice(&x.to_le_bytes());
    }
    let spills = layout.spill..layout.size;
    jit.read(regs.sp, &mut state[spills]).map_err(|e| e.to_string())?;
    let own = parts.iter().rev().find(|e| e.first <= exit.0).ok_or("no trace has this exit")?;
    jit.restore(own.traceno, u32::from(exit.0 - own.first), &state).map_err(|e| e.to_string())?;
    let slots = u64::from(MAX_SLOT - MIN_SLOT) + 1;
    (0..slots).map(|i| jit.read_u64(code.stack + 8 * i).map_err(|e| e.to_string())).collect()
}
