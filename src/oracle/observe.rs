//! What the machine did, read back as an [`Outcome`]: values from their locations, the stack, the memory.

use crate::case::Case;
use crate::code::{Code, Place, Registers, Runtime, ValueLoc};
use crate::ir::validate::{MAX_SLOT, MIN_SLOT};
use crate::ir::{Class, ExitNo, Type};
use crate::outcome::{End, Heap, Outcome, Value};
use crate::world::{TV_FALSE, TV_NIL, TV_TRUE, encode_gc, encode_int, itype};

/// Words of the Lua stack that belong to a case.
pub const STACK_WORDS: usize = (MAX_SLOT - MIN_SLOT + 1) as usize;

/// The outcome of a run that ended with these registers, through this exit of the machine's if through any, but for calls and objects.
pub fn observe(
    case: &Case,
    code: &Code,
    end: End,
    exit: Option<ExitNo>,
    regs: &Registers,
    runtime: &dyn Runtime,
) -> Outcome {
    let values = exit.map_or(vec![], |n| exit_values(code, n, regs, runtime));
    Outcome {
        end,
        values,
        stack: read_stack(code.stack, runtime),
        memory: read_regions(case, runtime),
        calls: vec![],
        heap: Heap::new(),
        unspecified: vec![],
    }
}

fn exit_values(code: &Code, n: ExitNo, regs: &Registers, runtime: &dyn Runtime) -> Vec<Value> {
    let Some(exit) = code.exits.get(usize::from(n.0)) else { return vec![] };
    exit.values.iter().filter_map(|loc| read_value(loc, regs, runtime)).collect()
}

/// `None` for a value that the backend lost: its absence is a difference.
fn read_value(loc: &ValueLoc, regs: &Registers, runtime: &dyn Runtime) -> Option<Value> {
    let raw = match loc.place {
        Place::Gpr(n) => *regs.x.get(usize::from(n))?,
        Place::Fpr(n) => *regs.d.get(usize::from(n))?,
        Place::Spill(offset) => read_word(runtime, regs.sp.wrapping_add(u64::from(offset))),
        Place::Known(bits) => bits,
        Place::Lost => return None,
    };
    let raw = if loc.int_to_num { f64::from(low_int(raw)).to_bits() } else { raw };
    let bits = match loc.ty.class() {
        Class::Pri => 0,
        Class::W32 | Class::Flt => raw & 0xffff_ffff,
        _ => raw,
    };
    Some(Value { slot: loc.slot, ty: loc.ty, bits })
}

/// The int in a word's lower half.
pub fn low_int(raw: u64) -> i32 {
    let [a, b, c, d, ..] = raw.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

fn read_word(runtime: &dyn Runtime, addr: u64) -> u64 {
    let mut word = [0; 8];
    runtime.read(addr, &mut word);
    u64::from_le_bytes(word)
}

/// The Lua stack slots of a case, as words.
pub fn read_stack(addr: u64, runtime: &dyn Runtime) -> Vec<u64> {
    let mut bytes = [0; STACK_WORDS * 8];
    runtime.read(addr, &mut bytes);
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

fn read_regions(case: &Case, runtime: &dyn Runtime) -> Vec<Vec<u8>> {
    let read = |r: &crate::world::Region| {
        let mut bytes = vec![0; r.size as usize];
        runtime.read(r.address(), &mut bytes);
        bytes
    };
    case.world.regions.iter().map(read).collect()
}

/// The Lua stack word of a value; `None` for values that are no Lua values.
pub fn stack_word(v: &Value) -> Option<u64> {
    match v.ty {
        Type::Nil => Some(TV_NIL),
        Type::False => Some(TV_FALSE),
        Type::True => Some(TV_TRUE),
        ty if ty.class() == Class::Gc => Some(encode_gc(itype(ty), v.bits)),
        Type::Num => Some(v.bits),
        t if t.is_w32() && t.is_lua_value() => Some(encode_int(low_int(v.bits))),
        _ => None,
    }
}
