//! From why the emulator stopped to a fault's class, address and words.

use super::engine::{DataAccess, Halt, Refused};
use super::error::MachineError;
use crate::code::Registers;
use crate::outcome::{Fault, FaultClass};
use std::ops::Range;

/// Alignment of the stack pointer wherever it is used (Arm ARM D1.8.2, with SA0 set as Linux does).
const SP_ALIGN: u64 = 16;
const WFI: u32 = 0xd503_207f;

/// What is known about a stop in the middle of the code.
pub struct Scene<'a> {
    /// Why the emulator stopped.
    pub halt: Halt,
    /// The registers then.
    pub regs: &'a Registers,
    /// The addresses of code.
    pub window: Range<u64>,
    /// The word at an address of code.
    pub word: &'a dyn Fn(u64) -> Option<u32>,
    /// The watchdog stopped it.
    pub over_deadline: bool,
}

/// The fault of a stop that is none of the runtime's.
pub fn classify(scene: &Scene) -> Result<Fault, MachineError> {
    let pc = scene.regs.pc;
    if !pc.is_multiple_of(4) {
        return Ok(bad_branch(pc, scene.regs, "misaligned pc"));
    }
    match scene.halt {
        Halt::Data(access) => Ok(memory_fault(pc, access, &scene.window)),
        Halt::Exception(number) => Ok(exception(number, scene)),
        Halt::Quiet if scene.over_deadline => Ok(hang(pc)),
        Halt::Quiet if before(scene) == Some(WFI) => Ok(surprise(pc - 4, "wfi executed".into())),
        Halt::Quiet => Err(MachineError::Unexplained { pc, why: "no error, no deadline".into() }),
        Halt::Fetch => Err(MachineError::Unexplained { pc, why: "no code in the code window".into() }),
        Halt::Other(why) => Err(MachineError::Unexplained { pc, why: why.to_string() }),
    }
}

/// A branch to where no code is. Where it came from is lost; x30 is where the last call would return to.
pub fn bad_branch(pc: u64, regs: &Registers, what: &str) -> Fault {
    fault(FaultClass::BadBranch, pc, None, format!("{what}, x30={:#x}", regs.x[30]))
}

/// A run over its deadline.
pub fn hang(pc: u64) -> Fault {
    fault(FaultClass::Hang, pc, None, "still running when its time was up".into())
}

/// The stack pointer's fault, which the emulator does not see.
pub fn misaligned_sp(regs: &Registers) -> Option<Fault> {
    let detail = || format!("sp={:#x} is not a multiple of {SP_ALIGN}", regs.sp);
    (!regs.sp.is_multiple_of(SP_ALIGN)).then(|| fault(FaultClass::Misaligned, regs.pc, None, detail()))
}

fn memory_fault(pc: u64, access: DataAccess, window: &Range<u64>) -> Fault {
    let (size, address) = (access.size, access.address);
    let what = match access.kind {
        Refused::Load => "load from unmapped memory",
        Refused::Store => "store to unmapped memory",
        Refused::StoreReadOnly if window.contains(&address) => "store to code",
        Refused::StoreReadOnly => "store to read-only memory",
    };
    fault(FaultClass::MemoryFault, pc, Some(address), format!("{what}, {size} bytes"))
}

/// QEMU's exception numbers, target/arm/cpu.h.
fn exception(number: u32, scene: &Scene) -> Fault {
    let pc = scene.regs.pc;
    let imm = |word: Option<u32>| word.map_or(0, |w| w >> 5 & 0xffff);
    match number {
        1 => {
            let detail = (scene.word)(pc).map_or(String::new(), |w| format!("word {w:08x}"));
            fault(FaultClass::UndefinedEncoding, pc, None, detail)
        }
        2 => surprise(pc - 4, format!("svc #{} executed", imm(before(scene)))),
        3 => bad_branch(pc, scene.regs, "prefetch abort"),
        4 => fault(FaultClass::Misaligned, pc, None, "data abort: an access that must be aligned is not".into()),
        7 => surprise(pc, format!("brk #{} executed", imm((scene.word)(pc)))),
        other => surprise(pc, format!("exception {other}")),
    }
}

/// An instruction that no compiled trace may contain, though the processor knows it.
fn surprise(pc: u64, detail: String) -> Fault {
    fault(FaultClass::UndefinedEncoding, pc, None, detail)
}

fn fault(class: FaultClass, pc: u64, address: Option<u64>, detail: String) -> Fault {
    Fault { class, pc, address, detail }
}

/// The word before pc.
fn before(scene: &Scene) -> Option<u32> {
    (scene.word)(scene.regs.pc.wrapping_sub(4))
}
