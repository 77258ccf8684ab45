//! The IR as written, with what the interpreter makes of each instruction.

use super::Page;
use crate::interpret::Listing;
use crate::ir::{Ref, Trace, Type};
use crate::outcome::End;
use crate::text::{print_ins, print_snap, print_value};

/// The column where values start.
const VALUES: usize = 48;

/// Instructions and snapshots; of a loop's instructions, the last values.
pub fn section(page: &Page) -> Vec<String> {
    let (trace, world) = (&page.case().trace, &page.case().world);
    let mut lines =
        vec![format!("---- TRACE 1 IR        ; last values of input {} by the interpreter", page.seen.input + 1)];
    let mut snaps = 0;
    for (at, _) in trace.iter() {
        let here = snaps_up_to(trace, at);
        lines.extend((snaps..here).map(|n| print_snap(trace, world, n)));
        snaps = here;
        lines.push(ins_line(page, at));
    }
    lines.extend((snaps..trace.snaps.len()).map(|n| print_snap(trace, world, n)));
    lines.extend(fold_line(page));
    lines
}

fn snaps_up_to(trace: &Trace, at: Ref) -> usize {
    trace.snaps.partition_point(|snap| snap.at <= at)
}

fn ins_line(page: &Page, at: Ref) -> String {
    let (trace, world) = (&page.case().trace, &page.case().world);
    let value = value(page, at).map_or(String::new(), |v| format!("; {v}"));
    let mark = if page.finding().and_then(|f| f.at) == Some(at) { "   <===" } else { "" };
    format!("{:<VALUES$}{value}{mark}", print_ins(trace, world, at)).trim_end().into()
}

/// What the interpreter says of an instruction; `None` for one that did not run.
fn value(page: &Page, at: Ref) -> Option<String> {
    let (ins, listing) = (page.case().trace.get(at), &page.seen.listing);
    let (_, bits) = listing.values.iter().find(|(r, _)| *r == at)?;
    Some(match left_at(listing, at) {
        Some(how) => how,
        None if ins.op.info().has_value() => known(page, ins.ty, *bits),
        None if ins.guard => "holds".into(),
        None => "done".into(),
    })
}

/// A value; of a pointer out of all regions also the nearest one.
fn known(page: &Page, ty: Type, bits: u64) -> String {
    match page.case().world.locate(bits, 1) {
        None if ty == Type::P64 => page.pointer(bits),
        _ => print_value(&page.case().world, ty, bits),
    }
}

/// How the run ended, if it ended here.
fn left_at(listing: &Listing, at: Ref) -> Option<String> {
    match &listing.end {
        _ if listing.last != Some(at) => None,
        Ok(End::Exit(n)) => Some(format!("fails ->{}", n.0)),
        Ok(_) => None,
        Err(_) => Some("cannot be judged".into()),
    }
}

fn fold_line(page: &Page) -> Option<String> {
    let code = page.code().filter(|code| code.folded > 0)?;
    Some(format!("; FOLD dropped or merged {} of {} instructions", code.folded, page.case().trace.ins.len()))
}
