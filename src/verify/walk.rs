//! The walk over everything reachable from the entry, with the stack pointer's distance from its value there: the level.

use crate::arm64::{Encoding, Flow, Row, classify, disasm, row_of};
use crate::code::Code;

use super::defect::{Defect, DefectKind};
use super::word::{At, Rules};

/// The words of the code, which have been reached, and at which level.
pub(super) struct Walk<'a> {
    code: &'a Code,
    words: &'a [[u8; 4]],
    rules: Rules<'a>,
    reached: Vec<Option<i32>>,
    waiting: Vec<(usize, i32)>,
    defects: Vec<Defect>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(code: &'a Code) -> Self {
        let words = code.bytes.as_chunks().0;
        Self {
            code,
            words,
            rules: Rules::new(&code.conventions),
            reached: vec![None; words.len()],
            waiting: Vec::new(),
            defects: Vec::new(),
        }
    }

    pub(super) fn run(&mut self) {
        self.waiting.push(((self.code.entry / 4) as usize, 0));
        while let Some((index, level)) = self.waiting.pop() {
            self.follow(index, level);
        }
    }

    pub(super) fn into_defects(self) -> Vec<Defect> {
        self.defects
    }

    /// Goes on from a word until control ends or meets a word already seen.
    fn follow(&mut self, mut index: usize, mut level: i32) {
        while self.enter(index, level) {
            let Some(row) = self.instruction(index) else { return };
            level = self.check(row, index, level);
            if !self.leave(row, index, level) {
                return;
            }
            index += 1;
        }
    }

    /// Whether the word is reached for the first time.
    fn enter(&mut self, index: usize, level: i32) -> bool {
        let Some(before) = self.reached[index] else {
            self.reached[index] = Some(level);
            return true;
        };
        // Stubs are shared; each exit is checked where it branches to them.
        if before != level && !self.is_stub(index) {
            let text = format!("sp is {before:+} or {level:+} from its value at entry");
            self.report(index, DefectKind::StackJoin, &text);
        }
        false
    }

    /// The instruction at `index`; none where execution can't go on. An unpredictable one may go on like any other.
    fn instruction(&mut self, index: usize) -> Option<&'static Row> {
        let word = self.word(index);
        let (kind, reason) = match classify(word) {
            Encoding::Valid(row) => return Some(row),
            Encoding::Undefined { reason } => (DefectKind::UndefinedEncoding, reason),
            Encoding::Unpredictable { reason } => (DefectKind::UnpredictableEncoding, reason),
            Encoding::Unknown { reason } => (DefectKind::UnknownEncoding, reason),
        };
        self.report(index, kind, &reason.to_string());
        if kind == DefectKind::UnpredictableEncoding { row_of(word) } else { None }
    }

    fn check(&mut self, row: &'static Row, index: usize, level: i32) -> i32 {
        let at = At { row, word: self.word(index), address: self.address(index), level };
        let mut found = Vec::new();
        let level = self.rules.check(&at, &mut |kind, text| found.push((kind, text)));
        for (kind, text) in found {
            self.report(index, kind, &text);
        }
        level
    }

    /// Queues where a branch goes; whether control may also go on to the next word.
    fn leave(&mut self, row: &Row, index: usize, level: i32) -> bool {
        match row.flow(self.word(index)) {
            Flow::Next | Flow::CallRegister(_) => self.next(index),
            Flow::Conditional(distance) => {
                self.branch(index, distance, level);
                self.next(index)
            }
            Flow::Jump(distance) => {
                self.branch(index, distance, level);
                false
            }
            Flow::Call(distance) => self.call(index, distance, level),
            Flow::JumpRegister(_) | Flow::Return(_) => {
                self.check_tail(index, level);
                false
            }
            Flow::Exception => false,
        }
    }

    /// Whether there is a next word, in the same part of the code.
    fn next(&mut self, index: usize) -> bool {
        let next = index + 1;
        if next == self.words.len() {
            self.report(index, DefectKind::FallThrough, "control runs off the end of the code");
            return false;
        }
        if self.is_stub(next) && !self.is_stub(index) {
            self.report(index, DefectKind::FallThrough, "control runs into the exit stubs");
            return false;
        }
        true
    }

    fn branch(&mut self, index: usize, distance: i32, level: i32) {
        match self.inside(index, distance) {
            Some(target) => {
                if self.is_stub(target) && !self.is_stub(index) {
                    self.check_exit(index, target, level);
                }
                self.waiting.push((target, level));
            }
            None => match self.link(index, distance) {
                Some(sp) => self.check_level(index, level, sp, "the other trace wants"),
                None => {
                    self.check_target(index, distance);
                    self.check_tail(index, level);
                }
            },
        }
    }

    /// The stack pointer that another trace wants which a branch goes to.
    fn link(&self, index: usize, distance: i32) -> Option<u64> {
        let target = self.address(index).wrapping_add_signed(distance.into());
        self.code.conventions.links.iter().find(|(entry, _)| *entry == target).map(|(_, sp)| *sp)
    }

    /// A call out of the code comes back; one within it is a stub telling its number by the link register, and does not.
    fn call(&mut self, index: usize, distance: i32, level: i32) -> bool {
        if self.inside(index, distance).is_some() {
            self.branch(index, distance, level);
            return false;
        }
        self.check_target(index, distance);
        self.next(index)
    }

    fn inside(&self, index: usize, distance: i32) -> Option<usize> {
        let target = index.checked_add_signed((distance / 4) as isize)?;
        (target < self.words.len()).then_some(target)
    }

    fn check_target(&mut self, index: usize, distance: i32) {
        let target = self.address(index).wrapping_add_signed(distance.into());
        let targets = &self.code.conventions.targets;
        if !targets.iter().any(|&(first, behind)| (first..behind).contains(&target)) {
            self.report(index, DefectKind::BadTarget, &format!("nothing to go to at {target:#x}"));
        }
    }

    fn check_exit(&mut self, index: usize, stub: usize, level: i32) {
        let early = self.code.conventions.early_exit == Some(self.address(stub));
        let promised = if early { self.code.start.sp } else { self.code.conventions.exit_sp };
        self.check_level(index, level, promised, "exits want");
    }

    fn check_tail(&mut self, index: usize, level: i32) {
        self.check_level(index, level, self.code.conventions.tail_sp, "the trace's end wants");
    }

    fn check_level(&mut self, index: usize, level: i32, promised: u64, who: &str) {
        let wanted = promised.wrapping_sub(self.code.start.sp).cast_signed();
        if i64::from(level) != wanted {
            let text = format!("leaves with sp {level:+} from its value at entry, {who} {wanted:+}");
            self.report(index, DefectKind::StackUnbalanced, &text);
        }
    }

    #[cold]
    fn report(&mut self, index: usize, kind: DefectKind, reason: &str) {
        let word = self.word(index);
        let offset = u32::try_from(index * 4).expect("code is smaller than 4 GiB");
        let text = format!("{}: {reason}", disasm(word, self.address(index)));
        self.defects.push(Defect { offset, kind, word, text });
    }

    fn is_stub(&self, index: usize) -> bool {
        index >= (self.code.body / 4) as usize
    }

    fn word(&self, index: usize) -> u32 {
        u32::from_le_bytes(self.words[index])
    }

    fn address(&self, index: usize) -> u64 {
        self.code.base + index as u64 * 4
    }
}
