//! Findings from what the stages saw: the class, the blamed instruction, and the words.

use super::verdict::{Finding, Verdict};
use crate::case::{Case, Emit};
use crate::code::{Code, Registers};
use crate::compare::{Difference, Place};
use crate::ir::{ExitNo, Op, Ref, Slot, Trace, Type};
use crate::outcome::{End, Fault, FaultClass, FindingClass, Outcome};
use crate::verify::Defect;

pub(super) fn finding(
    case: &Case,
    class: FindingClass,
    at: Option<Ref>,
    input: Option<usize>,
    detail: Vec<String>,
) -> Verdict {
    // A ref behind the root trace is one of the side trace, which a finding does not name.
    let at = at.filter(|r| *r < case.trace.end());
    let op = at.map(|r| case.trace.get(r)).map(|ins| (ins.op, ins.ty));
    Verdict::Finding(Box::new(Finding { class, at, op, input, detail, fault: None, place: None, defect: None }))
}

/// The first static defect as a finding.
pub(super) fn static_finding(case: &Case, code: &Code, defects: &[Defect]) -> Option<Verdict> {
    let first = defects.first()?;
    let at = code.ref_at(first.offset);
    let detail = defects.iter().take(8).map(|d| format!("+{:#06x}: {:08x} {}", d.offset, d.word, d.text)).collect();
    match finding(case, first.kind.class().into(), at, None, detail) {
        Verdict::Finding(found) => Some(Verdict::Finding(Box::new(Finding { defect: Some(first.kind), ..*found }))),
        other => Some(other),
    }
}

/// The same of a side trace's code: pinned to no instruction of the root trace.
pub(super) fn static_finding_of_side(case: &Case, fork: &Code, defects: &[Defect]) -> Option<Verdict> {
    let Verdict::Finding(mut found) = static_finding(case, &Code { marks: vec![], ..fork.clone() }, defects)? else {
        return None;
    };
    found.op = fork.ref_at(defects.first()?.offset).and_then(|r| side_op(case, r));
    found.detail.insert(0, "in the side trace:".into());
    Some(Verdict::Finding(found))
}

/// An instruction of the side trace.
fn side_op(case: &Case, at: Ref) -> Option<(Op, Type)> {
    let ins = case.side.as_ref()?.trace.get(at);
    Some((ins.op, ins.ty))
}

pub(super) fn fault_finding(case: &Case, code: &Code, n: usize, fault: &Fault, expected: &Outcome) -> Verdict {
    let hangs = fault.class == FaultClass::Hang;
    let offset = u32::try_from(fault.pc.wrapping_sub(code.base)).ok();
    // Where the deadline met a loop is chance: the loop itself is what the finding is pinned to.
    let at = if hangs { case.trace.loop_ref() } else { offset.and_then(|o| code.ref_at(o)) };
    let in_side = code.side.as_ref().and_then(|fork| {
        let offset = u32::try_from(fault.pc.checked_sub(fork.base)?).ok()?;
        side_op(case, fork.ref_at(offset)?)
    });
    let op = at.map(|r| case.trace.get(r)).map(|ins| (ins.op, ins.ty)).or(in_side);
    let wanted = match expected.end {
        End::Exit(e) => format!("expected exit {}", e.0),
        End::Tail | End::Fault(_) => "expected the trace's end".to_string(),
    };
    let mut text = if hangs { fault.class.name().into() } else { format!("{} at {:#x}", fault.class.name(), fault.pc) };
    if let Some(addr) = fault.address {
        text += &format!(", data address {}", name_address(case, addr));
    }
    let detail = vec![wanted, text, fault.detail.clone()];
    let class = fault.class.into();
    let fault = (!hangs).then(|| fault.clone());
    Verdict::Finding(Box::new(Finding { class, at, op, input: Some(n), detail, fault, place: None, defect: None }))
}

/// What differed on input `n`, whose run ended as expected or not at `end`.
pub(super) fn mismatch_finding(case: &Case, n: usize, end: &End, differences: &[Difference]) -> Verdict {
    let first = &differences[0];
    let at = blamed_ref(case, end, first);
    let detail = differences
        .iter()
        .take(8)
        .map(|d| format!("{}: expected {}, observed {}", name_place(case, d.place), d.expected, d.observed))
        .collect();
    let place = match first.place {
        Place::Memory(region, offset) => Some(case.world.regions[region].address() + offset as u64),
        _ => None,
    };
    placed(finding(case, first.class.into(), at, Some(n), detail), place)
}

/// A finding with the address of its first wrong byte.
pub(super) fn placed(verdict: Verdict, place: Option<u64>) -> Verdict {
    match verdict {
        Verdict::Finding(found) => Verdict::Finding(Box::new(Finding { place, ..*found })),
        other => other,
    }
}

/// The instruction that a wrong value comes from, where the trace says so without running it: for memory a first guess only,
/// since blame proper steps through both sides.
fn blamed_ref(case: &Case, end: &End, d: &Difference) -> Option<Ref> {
    match d.place {
        Place::Value(slot) | Place::Stack(slot) => restored_value(case, end, slot),
        Place::Memory(..) => last_store(case),
        Place::Object(_) => last_object_store(case),
        Place::End | Place::Call(_) => None,
    }
}

/// What the snapshot of this end restores to a slot.
fn restored_value(case: &Case, end: &End, slot: Slot) -> Option<Ref> {
    let snap = match end {
        End::Exit(n) => case.trace.snaps.get(usize::from(n.0)),
        // Which trace's end it was is not known here.
        End::Tail | End::Fault(_) if case.side.is_some() => None,
        End::Tail | End::Fault(_) => case.trace.snaps.last(),
    };
    let entry = snap?.entries.iter().find(|e| e.slot == slot);
    match entry {
        Some(e) => e.value.as_ref(),
        None if case.emit == Emit::Passes => carried(&case.trace, slot),
        None => None,
    }
}

/// What an iteration leaves in a slot for the next one.
fn carried(trace: &Trace, slot: Slot) -> Option<Ref> {
    trace.snaps.last()?.entries.iter().find(|e| e.slot == slot)?.value.as_ref()
}

fn last_store(case: &Case) -> Option<Ref> {
    case.trace.iter().rev().find(|(_, i)| i.op == Op::XSTORE).map(|(r, _)| r)
}

fn last_object_store(case: &Case) -> Option<Ref> {
    let stores = [Op::ASTORE, Op::HSTORE, Op::USTORE, Op::FSTORE, Op::XSTORE];
    case.trace.iter().rev().find(|(_, i)| stores.contains(&i.op)).map(|(r, _)| r)
}

fn name_place(case: &Case, place: Place) -> String {
    match place {
        Place::End => "end".into(),
        Place::Value(slot) => format!("slot #{}", slot.0),
        Place::Stack(slot) => format!("stack slot #{}", slot.0),
        Place::Memory(region, offset) => format!("{}+{offset}", case.world.regions[region].name),
        Place::Call(n) => format!("call {n}"),
        Place::Object(addr) => match case.world.object_at(addr) {
            Some(id) => format!("object {}", case.world.object(id).name),
            None => "new object".into(),
        },
    }
}

/// An address as number, region and offset, where a region is near.
pub fn name_address(case: &Case, addr: u64) -> String {
    let near = case.world.regions.iter().min_by_key(|r| r.address().abs_diff(addr));
    match near {
        Some(r) if r.address().abs_diff(addr) < 1 << 20 => {
            format!("{addr:#x} ({}{:+})", r.name, addr.wrapping_sub(r.address()).cast_signed())
        }
        _ => format!("{addr:#x}"),
    }
}

/// A reserved register or the stack pointer that does not have its value any more.
pub(super) fn clobbered(code: &Code, exit: Option<ExitNo>, regs: &Registers) -> Option<String> {
    let conventions = &code.conventions;
    for &(n, what) in &conventions.reserved {
        let (now, before) = (regs.x[usize::from(n)], code.start.x[usize::from(n)]);
        if now != before {
            return Some(format!("x{n} ({what}) was {before:#x}, is {now:#x}"));
        }
    }
    let sp = exit.and_then(|n| code.exits.get(usize::from(n.0))).map_or(conventions.tail_sp, |e| e.sp);
    (regs.sp != sp).then(|| format!("sp should be {sp:#x}, is {:#x}", regs.sp))
}
