//! Checks of one instruction that need nothing but the instruction, its address and the stack pointer's distance from the entry.

use crate::arm64::{Access, Address, Direction, RegSet, Row, SP, Shape, StackMove};
use crate::code::Conventions;

use super::defect::DefectKind;

/// Alignment of the stack pointer (AAPCS64, 6.4.5.1).
const STACK_ALIGN: i32 = 16;

/// An instruction of the code, and the stack pointer's distance from its value at entry.
pub(super) struct At {
    pub(super) row: &'static Row,
    pub(super) word: u32,
    pub(super) address: u64,
    pub(super) level: i32,
}

/// Takes the defects of the instruction at hand.
pub(super) type Report<'a> = &'a mut dyn FnMut(DefectKind, String);

/// The conventions, prepared for checking every word.
pub(super) struct Rules<'a> {
    conventions: &'a Conventions,
    /// Registers whose writing needs a closer look: the reserved ones and the stack pointer.
    watched: RegSet,
}

impl<'a> Rules<'a> {
    pub(super) fn new(conventions: &'a Conventions) -> Self {
        let reserved = conventions.reserved.iter().fold(0, |set, &(register, _)| set | 1 << register);
        Self { conventions, watched: RegSet(reserved).or(RegSet::of_gprs(&[SP])) }
    }

    /// Checks an instruction and returns the level behind it.
    pub(super) fn check(&self, at: &At, report: Report) -> i32 {
        match at.row.shape {
            Shape::Load(_) | Shape::Store(_) => self.check_access(at, report),
            Shape::SystemWrite => report(DefectKind::SystemRegister, "writes a system register".to_owned()),
            Shape::Exception => report(DefectKind::Exception, "only raises an exception".to_owned()),
            _ => {}
        }
        let written = at.row.writes(at.word).and(self.watched);
        if written.is_empty() {
            return at.level;
        }
        self.check_reserved(written, report);
        moved(at, report)
    }

    fn check_access(&self, at: &At, report: Report) {
        let Some(access) = at.row.access(at.word).filter(|access| access.direction != Direction::Prefetch) else {
            return;
        };
        match access.address {
            Address::Literal(distance) => {
                self.check_literal(at.address.wrapping_add_signed(distance.into()), access.bytes, report);
            }
            Address::Offset(SP, offset) => self.check_frame(&access, offset, at.level, report),
            _ => {}
        }
    }

    fn check_literal(&self, from: u64, bytes: u32, report: Report) {
        let end = from.saturating_add(bytes.into());
        if !self.conventions.literals.iter().any(|&(first, behind)| first <= from && end <= behind) {
            report(DefectKind::LiteralOutside, format!("no constants at {from:#x}"));
        }
        if !from.is_multiple_of(bytes.into()) {
            report(DefectKind::LiteralMisaligned, format!("{from:#x} is no multiple of {bytes}"));
        }
    }

    fn check_frame(&self, access: &Access, offset: i32, level: i32, report: Report) {
        let end = i64::from(offset) + i64::from(access.bytes) * i64::from(access.registers);
        let size = i64::from(self.conventions.frame) - i64::from(level);
        if offset < 0 || end > size {
            report(DefectKind::StackAccess, format!("bytes {offset} to {end} of a frame of {size}"));
        }
    }

    fn check_reserved(&self, written: RegSet, report: Report) {
        for &(register, purpose) in &self.conventions.reserved {
            if written.0 >> register & 1 == 1 {
                report(DefectKind::ReservedRegister, format!("writes x{register}, the {purpose}"));
            }
        }
    }
}

/// The level behind an instruction that writes a watched register.
fn moved(at: &At, report: Report) -> i32 {
    match at.row.stack_move(at.word) {
        StackMove::None => at.level,
        StackMove::Unknown => {
            report(DefectKind::StackUnknown, "sets sp to a value that is not known here".to_owned());
            at.level
        }
        StackMove::By(amount) => {
            if amount % STACK_ALIGN != 0 {
                report(DefectKind::StackMisaligned, format!("moves sp by {amount}"));
            }
            at.level.saturating_add(amount)
        }
    }
}
