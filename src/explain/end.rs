//! Where the code has the values of the exit that was taken, or that should have been.

use super::View;
use super::sheet::{ExitRow, ExitSheet};
use crate::code::{Place, Registers, ValueLoc};
use crate::ir::{Class, ExitNo, Slot};
use crate::outcome::{End, Value};
use crate::text::print_value;

/// Each value of the exit: slot, type, instruction, place, and what was found there.
pub fn sheet(view: &View) -> Option<ExitSheet> {
    let (number, taken) = exit(view)?;
    let met = view.seen.observed.as_ref().and_then(|run| run.exit).filter(|_| taken).unwrap_or(number);
    let values = &view.code()?.exits.get(usize::from(met.0))?.values;
    let rows: Vec<ExitRow> = values.iter().map(|loc| row(view, number, taken, loc)).collect();
    (!rows.is_empty()).then_some(ExitSheet { number: number.0, taken, values: rows })
}

/// The machine's exit, or else the interpreter's.
fn exit(view: &View) -> Option<(ExitNo, bool)> {
    let number = |end: &End| if let End::Exit(n) = end { Some(*n) } else { None };
    let taken = view.seen.observed.as_ref().and_then(|run| number(&run.outcome.end));
    let expected = || view.seen.expected.as_ref().ok().and_then(|o| number(&o.end));
    taken.map(|n| (n, true)).or_else(|| Some((expected()?, false)))
}

fn row(view: &View, exit: ExitNo, taken: bool, loc: &ValueLoc) -> ExitRow {
    ExitRow {
        slot: loc.slot.0,
        ty: loc.ty.text().into(),
        source: source(view, exit, loc.slot),
        place: place(loc),
        converted: loc.int_to_num,
        found: if taken { found(view, loc) } else { None },
    }
}

/// The instruction whose value the snapshot has for the slot.
fn source(view: &View, exit: ExitNo, slot: Slot) -> String {
    let entries = view.case().trace.snaps.get(usize::from(exit.0)).map_or(&[][..], |snap| &snap.entries);
    let value = entries.iter().find(|e| e.slot == slot).and_then(|e| e.value.as_ref());
    value.map_or("const".into(), |r| format!("{:04}", r.0))
}

fn place(loc: &ValueLoc) -> String {
    let class = loc.ty.class();
    match loc.place {
        Place::Gpr(n) if class == Class::W32 || loc.int_to_num => format!("w{n}"),
        Place::Gpr(n) => format!("x{n}"),
        Place::Fpr(n) if class == Class::Flt => format!("s{n}"),
        Place::Fpr(n) => format!("d{n}"),
        Place::Spill(offset) => format!("[sp, #{offset}]"),
        Place::Known(_) => "no register, it is constant".into(),
        Place::Lost => "nowhere: the backend lost it".into(),
    }
}

/// What the machine has for the slot, and the whole register behind it.
fn found(view: &View, loc: &ValueLoc) -> Option<String> {
    let run = view.seen.observed.as_ref()?;
    let read = |v: &&Value| v.slot == loc.slot;
    let value = run.outcome.values.iter().find(read)?;
    let text = print_value(&view.case().world, value.ty, value.bits);
    let raw = raw(&run.regs, loc.place).map_or(String::new(), |bits| format!(" (register {bits:#018x})"));
    (!text.is_empty()).then(|| format!("{text}{raw}"))
}

fn raw(regs: &Registers, place: Place) -> Option<u64> {
    match place {
        Place::Gpr(n) => regs.x.get(usize::from(n)).copied(),
        Place::Fpr(n) => regs.d.get(usize::from(n)).copied(),
        Place::Spill(_) | Place::Known(_) | Place::Lost => None,
    }
}
