//! Where the code has the values of the exit that was taken, or that should have been.

use super::Page;
use crate::code::{Place, Registers, ValueLoc};
use crate::ir::{Class, ExitNo};
use crate::outcome::{End, Value};
use crate::text::print_value;

/// Each value of the exit: slot, type, instruction, place, and what was found there.
pub fn section(page: &Page) -> Vec<String> {
    let (Some(code), Some((exit, taken))) = (page.code(), exit(page)) else { return vec![] };
    let values = code.exits.get(usize::from(exit.0)).map_or(&[][..], |e| &e.values);
    if values.is_empty() {
        return vec![];
    }
    let how = if taken { "" } else { ", which was not taken" };
    let mut lines = vec![format!("---- EXIT {}{how}", exit.0)];
    lines.extend(values.iter().map(|loc| line(page, exit, taken, loc)));
    lines
}

/// The machine's exit, or else the interpreter's.
fn exit(page: &Page) -> Option<(ExitNo, bool)> {
    let number = |end: &End| if let End::Exit(n) = end { Some(*n) } else { None };
    let taken = page.seen.observed.as_ref().and_then(|run| number(&run.outcome.end));
    let expected = || page.seen.expected.as_ref().ok().and_then(|o| number(&o.end));
    taken.map(|n| (n, true)).or_else(|| Some((expected()?, false)))
}

fn line(page: &Page, exit: ExitNo, taken: bool, loc: &ValueLoc) -> String {
    let entries = page.case().trace.snaps.get(usize::from(exit.0)).map_or(&[][..], |snap| &snap.entries);
    let source = entries.iter().find(|e| e.slot == loc.slot).and_then(|e| e.value.as_ref());
    let source = source.map_or("const".into(), |r| format!("{:04}", r.0));
    let found = if taken { found(page, loc) } else { String::new() };
    let conversion = if loc.int_to_num { " converted from int" } else { "" };
    let place = place(loc);
    let slot = format!("slot #{}", loc.slot.0);
    format!("{slot:<9} {:<3} {source:<5} in {place}{conversion}{found}", loc.ty.text()).trim_end().into()
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
fn found(page: &Page, loc: &ValueLoc) -> String {
    let Some(run) = &page.seen.observed else { return String::new() };
    let read = |v: &&Value| v.slot == loc.slot;
    let Some(value) = run.outcome.values.iter().find(read) else { return String::new() };
    let text = print_value(&page.case().world, value.ty, value.bits);
    let raw = raw(&run.regs, loc.place).map_or(String::new(), |bits| format!(" (register {bits:#018x})"));
    if text.is_empty() { String::new() } else { format!(" = {text}{raw}") }
}

fn raw(regs: &Registers, place: Place) -> Option<u64> {
    match place {
        Place::Gpr(n) => regs.x.get(usize::from(n)).copied(),
        Place::Fpr(n) => regs.d.get(usize::from(n)).copied(),
        Place::Spill(_) | Place::Known(_) | Place::Lost => None,
    }
}
