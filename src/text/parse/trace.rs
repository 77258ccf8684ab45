//! The trace: instructions, snapshots and the lines around them.

use super::operand;
use crate::ir::validate::{MAX_INS, MAX_SLOT, MAX_SNAPS, MIN_SLOT};
use crate::ir::{ALL_TYPES, Arg, ExitNo, Ins, Link, Op, Ref, Slot, Snap, SnapEntry, Status, Trace, Type};
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::text::print::link_name;
use crate::world::World;
use std::collections::BTreeMap;

/// The trace so far.
#[derive(Default)]
pub(super) struct TraceText<'a> {
    /// `---- TRACE` was read.
    pub started: bool,
    ins: Vec<Ins>,
    /// The opcode of each instruction.
    pub ins_at: Vec<Word<'a>>,
    snaps: Vec<Snap>,
    /// The number of each snapshot, where it was given.
    pub snaps_at: Vec<Word<'a>>,
    /// These numbers, ascending.
    snap_numbers: Vec<u16>,
    /// What its refs stand for.
    pub refs: Refs,
    link: Option<Link>,
    /// The link, where it was given.
    pub stop: Option<Word<'a>>,
}

/// A side trace.
pub(super) struct SideText<'a> {
    /// The root's exit, by its index.
    pub exit: ExitNo,
    /// Where the exit was given.
    pub start: Word<'a>,
    pub trace: TraceText<'a>,
}

/// `---- TRACE 2 start 1/0`, behind the root trace.
pub(super) fn side<'a>(mut line: Line<'a>, root: &TraceText) -> Result<SideText<'a>, ParseError> {
    line.exactly("----")?;
    line.exactly("TRACE")?;
    line.word(NUMBER)?.number::<u32>(NUMBER)?;
    line.exactly("start")?;
    let start = line.word(START)?;
    let slash = start.text.find('/').ok_or_else(|| start.unexpected(START))?;
    start.before(slash).number::<u32>(START)?;
    let exit = start.behind(slash + 1);
    let index = root.snap_index(exit.number(START)?);
    line.rest()?;
    let trace = TraceText { started: true, ..TraceText::default() };
    Ok(SideText { exit: index.ok_or_else(|| exit.unexpected("the number of a snapshot"))?, start, trace })
}

const START: &str = "the root trace's number and its exit (1/0)";

/// What the refs of the text stand for.
#[derive(Default)]
pub(super) struct Refs(BTreeMap<u16, Ref>);

impl Refs {
    /// The instruction with this number.
    pub fn find(&self, number: u16) -> Option<Ref> {
        self.0.get(&number).copied()
    }

    /// The instruction that a ref of the text means.
    pub fn get(&self, word: Word) -> Result<Arg, ParseError> {
        let number: u16 = word.number("a ref or a constant")?;
        let known = self.find(number).map(Arg::Ref);
        known.ok_or_else(|| word.unexpected("a ref of an instruction before this one (constants have a sign: +1)"))
    }
}

impl<'a> TraceText<'a> {
    /// One line of it.
    pub fn line(&mut self, mut line: Line<'a>, world: &World) -> Result<(), ParseError> {
        let first = line.word("a line of the trace")?;
        if self.stop.is_some() {
            return Err(first.unexpected("nothing behind the trace's end"));
        }
        match first.text {
            "----" => self.bar(line),
            _ if !self.started => Err(first.unexpected("a directive (`;`) or `---- TRACE 1`")),
            "...." => self.snapshot(line, world),
            _ => self.instruction(first, line, world),
        }
    }

    /// `---- TRACE 1`, also with the words of `-jdump`: `IR`, `start ..`; or `---- TRACE 1 stop -> loop`.
    fn bar(&mut self, mut line: Line<'a>) -> Result<(), ParseError> {
        line.exactly("TRACE")?;
        line.word(NUMBER)?.number::<u32>(NUMBER)?;
        let what = line.peek();
        line.next();
        match what.text {
            "stop" => return self.end(line),
            "start" => {
                line.rest()?;
            }
            "" | "IR" => {}
            _ => return Err(what.unexpected("the end of the line, `IR`, `start` or `stop`")),
        }
        if !self.ins.is_empty() || !self.snaps.is_empty() || self.started && what.text != "IR" {
            return Err(what.unexpected("`stop`: the trace has started"));
        }
        self.started = true;
        line.end()
    }

    fn end(&mut self, mut line: Line<'a>) -> Result<(), ParseError> {
        line.exactly("->")?;
        let name = line.word(LINK)?;
        let all = [Link::Interpreter, Link::Return, Link::Loop, Link::Root];
        // `-jdump` says the root trace's number.
        let is_number = name.text.bytes().all(|b| b.is_ascii_digit());
        let link = all.into_iter().find(|l| link_name(*l) == name.text || is_number && *l == Link::Root);
        self.link = Some(link.ok_or_else(|| name.unexpected(LINK))?);
        self.stop = Some(name);
        line.end()
    }

    fn snapshot(&mut self, mut line: Line<'a>, world: &World) -> Result<(), ParseError> {
        line.exactly("SNAP")?;
        let number = line.word("the snapshot's number (#0)")?;
        let digits = if number.text.starts_with('#') { number.behind(1) } else { number };
        let n: u16 = digits.number("the snapshot's number (#0)")?;
        if let Some(last) = self.snap_numbers.last().filter(|last| **last >= n) {
            return Err(number.unexpected(format!("a number above #{last}")));
        }
        if self.snaps.len() == MAX_SNAPS {
            return Err(number.illegal(format!("too many snapshots, the most is {MAX_SNAPS}")));
        }
        line.exactly("[")?;
        let entries = self.entries(&mut line, world)?;
        line.end()?;
        self.snaps.push(Snap { at: self.next_ref(), entries });
        self.snaps_at.push(number);
        self.snap_numbers.push(n);
        Ok(())
    }

    /// The entries up to `]`; their position is their slot.
    fn entries(&self, line: &mut Line, world: &World) -> Result<Vec<SnapEntry>, ParseError> {
        let mut entries = Vec::new();
        for slot in 0.. {
            let word = line.word("a ref, a constant, `----` or `]`")?;
            match word.text {
                "]" => break,
                "----" => {}
                _ if slot < MIN_SLOT => return Err(word.unexpected("`----`: slots 0 and 1 hold the frame")),
                _ if slot > MAX_SLOT => return Err(word.illegal(format!("slots end at #{MAX_SLOT}"))),
                _ => {
                    let value = operand::value(word, None, &self.refs, world)?;
                    entries.push(SnapEntry { slot: Slot(slot), value });
                }
            }
            if slot == u8::MAX {
                return Err(word.illegal(format!("slots end at #{MAX_SLOT}")));
            }
        }
        Ok(entries)
    }

    fn instruction(&mut self, first: Word<'a>, mut line: Line<'a>, world: &World) -> Result<(), ParseError> {
        let number = self.new_number(first)?;
        let (ins, at) = if line.peek().text.starts_with("--") {
            loop_bar(&mut line)?
        } else {
            let (guard, ty) = guard_and_type(&mut line)?;
            let (op, at) = opcode(&mut line)?;
            let (op1, op2) = operand::operands(op, ty, &mut line, &self.refs, world)?;
            (Ins { op, ty, guard, op1, op2 }, at)
        };
        line.end()?;
        self.refs.0.insert(number, self.next_ref());
        self.ins.push(ins);
        self.ins_at.push(at);
        Ok(())
    }

    /// The ref that a line defines: any number from 1 that is not taken.
    fn new_number(&self, word: Word) -> Result<u16, ParseError> {
        let expected = "an instruction (0001), a snapshot (....) or `---- TRACE 1 stop`";
        let number: u16 = word.number(expected)?;
        if number == 0 {
            return Err(word.unexpected("a ref from 0001 on"));
        }
        if self.refs.0.contains_key(&number) {
            return Err(word.unexpected("a ref that is not taken"));
        }
        if self.ins.len() == MAX_INS {
            return Err(word.illegal(format!("too many instructions, the most is {MAX_INS}")));
        }
        Ok(number)
    }

    fn next_ref(&self) -> Ref {
        Ref(u16::try_from(self.ins.len() + 1).expect("instructions are counted"))
    }

    /// The index of the snapshot with this number.
    pub fn snap_index(&self, number: u16) -> Option<ExitNo> {
        let index = self.snap_numbers.binary_search(&number).ok()?;
        u16::try_from(index).ok().map(ExitNo)
    }

    /// The highest number of a snapshot.
    pub fn last_number(&self) -> u16 {
        self.snap_numbers.last().copied().unwrap_or(0)
    }

    /// The trace that was read.
    pub fn take(&mut self) -> Trace {
        let link = self.link.unwrap_or(Link::Interpreter);
        Trace { ins: std::mem::take(&mut self.ins), snaps: std::mem::take(&mut self.snaps), link }
    }
}

const NUMBER: &str = "the trace's number";
const LINK: &str = "interpreter, return, loop or root";

/// `------ LOOP ------------`
fn loop_bar<'a>(line: &mut Line<'a>) -> Result<(Ins, Word<'a>), ParseError> {
    dashes(line)?;
    let at = line.exactly("LOOP")?;
    dashes(line)?;
    Ok((Ins { op: Op::LOOP, ty: Type::Nil, guard: false, op1: Arg::None, op2: Arg::None }, at))
}

fn dashes(line: &mut Line) -> Result<(), ParseError> {
    let word = line.word("------")?;
    if word.text.bytes().all(|b| b == b'-') { Ok(()) } else { Err(word.unexpected("------")) }
}

/// The columns between ref and opcode: register or stack slot (ignored), `>` guard and `+` PHI (ignored), type.
fn guard_and_type(line: &mut Line) -> Result<(bool, Type), ParseError> {
    let mut guard = false;
    if is_register(line.peek().text) {
        line.next();
    }
    while line.peek().text.starts_with(['>', '+']) {
        guard |= line.skip(">");
        line.skip("+");
    }
    let names = || ALL_TYPES.iter().map(|t| t.text()).collect::<Vec<_>>().join(" ");
    let word = line.word("a type")?;
    let ty = Type::from_text(word.text).ok_or_else(|| word.unexpected(format!("a type ({})", names())))?;
    Ok((guard, ty))
}

/// The register column of `-jdump=r`: an ARM64 or x64 register, or a spill slot.
fn is_register(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    if let Some(slot) = inner {
        return !slot.is_empty() && slot.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let digits = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    match &text[..text.len() - digits.len()] {
        "x" | "w" | "d" | "s" | "v" | "r" | "xmm" => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
        "rax" | "rbx" | "rcx" | "rdx" | "rsi" | "rdi" | "rbp" | "rsp" => digits.is_empty(),
        "eax" | "ebx" | "ecx" | "edx" | "esi" | "edi" | "ebp" | "esp" => digits.is_empty(),
        "sp" | "lr" | "fp" => digits.is_empty(),
        _ => false,
    }
}

fn opcode<'a>(line: &mut Line<'a>) -> Result<(Op, Word<'a>), ParseError> {
    let word = line.word("an opcode")?;
    let op = Op::from_name(word.text).ok_or_else(|| word.unexpected("an opcode"))?;
    match op.info().status {
        Status::Plain => Ok((op, word)),
        Status::Shape if matches!(op, Op::LOOP | Op::PHI) => Ok((op, word)),
        Status::Shape => Err(word.illegal(format!("{} has no line; write constants at their use", op.name()))),
        Status::Out(reason) => Err(word.illegal(format!("{} is not supported: {reason}", op.name()))),
    }
}
