//! The IR as `-jdump=is` prints it, with values.

use crate::explain::sheet::{IrRow, Sheet, TraceSheet};

/// The column where values start.
const VALUES: usize = 48;

/// Instructions and snapshots of a trace.
pub fn section(sheet: &Sheet, trace: &TraceSheet) -> Vec<String> {
    let from = trace.from_exit.map_or(String::new(), |exit| format!(" from exit {exit}"));
    let title = format!("---- TRACE {} IR{from}", trace.number);
    let mut lines = vec![format!("{title:<22} ; last values of input {} by the interpreter", sheet.input.number)];
    lines.extend(trace.ir.iter().map(line));
    if trace.number == 1 && sheet.folded > 0 {
        lines.push(format!("; FOLD dropped or merged {} of {} instructions", sheet.folded, sheet.written));
    }
    lines
}

fn line(row: &IrRow) -> String {
    let value = row.value.as_ref().map_or(String::new(), |v| format!("; {v}"));
    let mark = if row.marked { "   <===" } else { "" };
    match row.snap {
        Some(_) => row.text.clone(),
        None => format!("{:<VALUES$}{value}{mark}", row.text).trim_end().into(),
    }
}
