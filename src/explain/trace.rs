//! The IR as written, with what the interpreter makes of each instruction.

use super::half::Half;
use super::sheet::{IrRow, TraceSheet};
use super::{View, mcode};
use crate::ir::{Ref, Type};
use crate::outcome::End;
use crate::text::{print_ins, print_link, print_snap, print_value};

/// Instructions and snapshots; of a loop's instructions, the last values. The code they became.
pub fn sheet(view: &View, half: &Half) -> TraceSheet {
    TraceSheet {
        number: half.number,
        from_exit: half.from.map(|exit| exit.0),
        stop: print_link(half.trace.link).into(),
        ir: ir(view, half),
        code: half.code.map(|code| mcode::sheet(view, half, code)),
    }
}

fn ir(view: &View, half: &Half) -> Vec<IrRow> {
    let mut rows = vec![];
    let mut snaps = 0;
    for (at, _) in half.trace.iter() {
        let here = half.trace.snaps.partition_point(|snap| snap.at <= at);
        rows.extend((snaps..here).map(|n| snap(view, half, n)));
        snaps = here;
        rows.push(ins(view, half, at));
    }
    rows.extend((snaps..half.trace.snaps.len()).map(|n| snap(view, half, n)));
    rows
}

fn snap(view: &View, half: &Half, n: usize) -> IrRow {
    let text = print_snap(half.trace, &view.case().world, n);
    IrRow { at: None, snap: Some(n), text, value: None, marked: false }
}

fn ins(view: &View, half: &Half, at: Ref) -> IrRow {
    IrRow {
        at: Some(at.0),
        snap: None,
        text: print_ins(half.trace, &view.case().world, at),
        value: value(view, half, at),
        marked: half.blamed == Some(at),
    }
}

/// What the interpreter says of an instruction; `None` for one that did not run.
fn value(view: &View, half: &Half, at: Ref) -> Option<String> {
    let ins = half.trace.get(at);
    let (_, bits) = half.values.iter().find(|(r, _)| *r == at)?;
    Some(match left_at(view, half, at) {
        Some(how) => how,
        None if ins.op.info().has_value() => known(view, ins.ty, *bits),
        None if ins.guard => "holds".into(),
        None => "done".into(),
    })
}

/// A value; of a pointer out of all regions also the nearest one.
fn known(view: &View, ty: Type, bits: u64) -> String {
    match view.case().world.locate(bits, 1) {
        None if ty == Type::P64 => view.pointer(bits),
        _ => print_value(&view.case().world, ty, bits),
    }
}

/// How the run ended, if it ended here.
fn left_at(view: &View, half: &Half, at: Ref) -> Option<String> {
    match &view.seen.listing.end {
        _ if half.last != Some(at) => None,
        Ok(End::Exit(n)) => Some(format!("fails ->{}", n.0)),
        Ok(_) => None,
        Err(_) => Some("cannot be judged".into()),
    }
}
