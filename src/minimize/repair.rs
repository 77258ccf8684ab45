//! Pointers for traces that have lost theirs: a run that leaves the world for want of a guard stays in it with a pointer in the right place.

use super::cut::Which;
use crate::case::{Case, PointerCell};
use crate::interpret::Program;
use crate::ir::{Arg, Const, Op, Ref, RegionId, SymPtr, Trace};

/// Pointers that are set at most: each needs a run of the interpreter.
const MOST: usize = 8;
/// Bytes that a region gets for what a pointer leads to.
const ROOM: u32 = 16;

/// The case with pointers in memory wherever a run reads an address that leads nowhere; `None` if that does not help.
pub(super) fn repair(case: &Case) -> Option<Case> {
    let mut case = case.clone();
    for input in 0..case.inputs.len() {
        for _ in 0..MOST {
            if runs(&case, input) {
                break;
            }
            set_pointer(&mut case, input)?;
        }
    }
    ((0..case.inputs.len()).all(|n| runs(&case, n)) && case.check().is_ok()).then_some(case)
}

fn runs(case: &Case, input: usize) -> bool {
    Program::new(case).is_ok_and(|p| p.run(&case.inputs[input]).is_ok())
}

/// Sets the pointer that the access at which an input's run stops got its address from.
fn set_pointer(case: &mut Case, input: usize) -> Option<()> {
    let listing = Program::new(case).ok()?.trace_values(&case.inputs[input]);
    let (which, at, values) = match (listing.last, listing.side_last) {
        (_, Some(at)) => (Which::Side, at, listing.side),
        (Some(at), None) => (Which::Root, at, listing.values),
        (None, None) => return None,
    };
    let value = |r: Ref| values.iter().find(|(v, _)| *v == r).map(|(_, bits)| *bits);
    let trace = which.trace(case);
    let Arg::Ref(address) = trace.get(at).op1 else { return None };
    let load = source(trace, address)?;
    let cell = match trace.get(load).op1 {
        Arg::K(Const::Ptr(p)) => p,
        Arg::Ref(r) => {
            let (region, offset) = case.world.locate(value(r)?, 8)?;
            SymPtr { region: RegionId(u8::try_from(region).ok()?), offset: i64::try_from(offset).ok()? }
        }
        _ => return None,
    };
    let beyond = value(address)?.wrapping_sub(value(load)?).cast_signed();
    point(case, input, cell, beyond)
}

/// The load that an address is made of.
fn source(trace: &Trace, r: Ref) -> Option<Ref> {
    let ins = trace.get(r);
    match ins.op {
        Op::XLOAD if ins.ty.is_w64() => Some(r),
        Op::ADD => ins.args().into_iter().filter_map(|a| source(trace, a.as_ref()?)).next(),
        _ => None,
    }
}

/// New room at the end of the last region that can be written, and a pointer to so many bytes before it.
fn point(case: &mut Case, input: usize, at: SymPtr, beyond: i64) -> Option<()> {
    let r = case.world.regions.iter().rposition(|region| !region.readonly)?;
    let room = case.world.regions[r].size.next_multiple_of(ROOM);
    case.world.regions[r].size = room + ROOM;
    for input in &mut case.inputs {
        input.memory[r].resize((room + ROOM) as usize, 0);
    }
    let to = SymPtr { region: RegionId(u8::try_from(r).ok()?), offset: i64::from(room).checked_sub(beyond)? };
    let cells = &mut case.inputs[input].pointers;
    cells.retain(|p| p.at.region != at.region || p.at.offset.abs_diff(at.offset) >= 8);
    cells.push(PointerCell { at, to });
    let bytes = case.inputs[input].memory.get_mut(usize::from(at.region.0))?;
    let start = usize::try_from(at.offset).ok()?;
    bytes.get_mut(start..start + 8)?.fill(0);
    Some(())
}
