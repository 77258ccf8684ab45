//! The fault: which instruction, which address, which registers.

use super::mcode::{branches_to, word_at, word_line};
use super::{Page, registers, word};
use crate::code::Code;
use crate::oracle::name_address;
use crate::outcome::{End, Fault};

/// The fault of the run, or the registers at the end of a run that went wrong otherwise.
pub fn section(page: &Page) -> Vec<String> {
    let (Some(code), Some(run)) = (page.code(), &page.seen.observed) else { return vec![] };
    let mut lines = match &run.outcome.end {
        End::Fault(fault) => fault_lines(page, code, fault),
        End::Exit(_) | End::Tail if page.finding().is_some() => vec!["---- REGISTERS at the end".into()],
        End::Exit(_) | End::Tail => return vec![],
    };
    lines.extend(registers::table(page, code, &run.regs));
    lines
}

fn fault_lines(page: &Page, code: &Code, fault: &Fault) -> Vec<String> {
    let mut lines = vec![format!("---- FAULT {}", fault.class.name())];
    let offset = fault.pc.checked_sub(code.base).and_then(|o| u32::try_from(o).ok());
    match offset.and_then(|o| Some((o, word_at(code, o)?))) {
        Some((offset, bits)) => {
            lines.push(format!("pc         {:#x}, {offset:+#x} of the code", fault.pc));
            lines.push(word_line(page, code, offset));
            if page.seen.defects.iter().all(|d| d.offset != offset) {
                lines.extend(word::anatomy(bits));
            }
            lines.extend(registers::read_by(bits));
        }
        None => {
            lines.push(format!("pc         {:#x}, outside of the code", fault.pc));
            lines.extend(branches_to(code, fault.pc).map(|from| word_line(page, code, from)));
        }
    }
    lines.extend(fault.address.map(|a| format!("address    {}", name_address(page.case(), a))));
    lines.push(format!("reason     {}", fault.detail));
    lines
}
