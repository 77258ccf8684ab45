//! How the run ended: the exit's values, the fault, the registers.

use super::code::{anatomy, line};
use crate::explain::sheet::{ExitRow, FaultSheet, FaultWord, RegisterRow, Sheet};

/// Registers on a row.
const COLUMNS: usize = 3;

/// Each value of the exit: slot, type, instruction, place, and what was found there.
pub fn exit(sheet: &Sheet) -> Vec<String> {
    let Some(exit) = &sheet.exit else { return vec![] };
    let how = if exit.taken { "" } else { ", which was not taken" };
    let first = format!("---- EXIT {}{how}", exit.number);
    std::iter::once(first).chain(exit.values.iter().map(exit_line)).collect()
}

fn exit_line(row: &ExitRow) -> String {
    let conversion = if row.converted { " converted from int" } else { "" };
    let found = row.found.as_ref().map_or(String::new(), |text| format!(" = {text}"));
    let slot = format!("slot #{}", row.slot);
    format!("{slot:<9} {:<3} {:<5} in {}{conversion}{found}", row.ty, row.source, row.place).trim_end().into()
}

/// The fault of the run, or the registers at the end of a run that went wrong otherwise.
pub fn fault(sheet: &Sheet) -> Vec<String> {
    let mut lines = match &sheet.fault {
        Some(fault) => fault_lines(sheet, fault),
        None if sheet.registers.is_empty() => return vec![],
        None => vec!["---- REGISTERS at the end".into()],
    };
    lines.extend(registers(&sheet.registers));
    lines
}

fn fault_lines(sheet: &Sheet, fault: &FaultSheet) -> Vec<String> {
    let mut lines = vec![format!("---- FAULT {}", fault.class)];
    match &fault.word {
        Some(word) => lines.extend(word_lines(sheet, fault, word)),
        None => {
            lines.push(format!("pc         {}, outside of the code", fault.pc));
            lines.extend(fault.branches.iter().map(line));
        }
    }
    lines.extend(fault.address.iter().map(|a| format!("address    {a}")));
    lines.push(format!("reason     {}", fault.reason));
    lines
}

fn word_lines(sheet: &Sheet, fault: &FaultSheet, word: &FaultWord) -> Vec<String> {
    let whose = if word.trace == 1 { "the code" } else { "the side trace's code" };
    let mut lines = vec![format!("pc         {}, {:+#x} of {whose}", fault.pc, word.row.offset), line(&word.row)];
    if sheet.defects.iter().all(|d| d.word.address != word.row.address) {
        lines.extend(anatomy(&word.anatomy));
    }
    lines.extend(word.reads.iter().map(|registers| format!("reads      {registers}")));
    lines
}

fn registers(rows: &[RegisterRow]) -> Vec<String> {
    let cells: Vec<String> = rows.iter().map(|r| format!("{:<3} {:<34}", r.name, r.value)).collect();
    cells.chunks(COLUMNS).map(|row| row.concat().trim_end().into()).collect()
}
