//! A backend of fixed words, for tests of what is said about findings: it does not depend on what a LuaJIT gets wrong.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::collections::BTreeMap;
use tracehound::arm64::encode::{b, bl, movz};
use tracehound::arm64::{Gpr, Width};
use tracehound::backend::{Backend, BackendId, Refusal};
use tracehound::case::Case;
use tracehound::code::{Code, Conventions, Exit, Mapping, Mark, Place, Registers, Runtime, Stop, ValueLoc};
use tracehound::ir::{ExitNo, Ref, Slot, Type};

const BASE: u64 = 0x10_0000;
const WINDOW: u64 = 0x1000;
const HANDLER: u64 = 0x20_0000;
const VM: u64 = 0x20_0004;

/// A backend of fixed words, whose exits work as LuaJIT's do: each stub calls the common one.
pub struct Fixed {
    id: BackendId,
    body: Vec<u32>,
    /// Loop start, in words.
    pub looped: Option<u32>,
    pub marks: Vec<Mark>,
    exits: Vec<Exit>,
    memory: BTreeMap<u64, u8>,
}

impl Backend for Fixed {
    fn id(&self) -> &BackendId {
        &self.id
    }

    fn compile(&mut self, _: &Case) -> Result<Code, Refusal> {
        let body = 4 * u32::try_from(self.body.len()).unwrap();
        let mut words = self.body.clone();
        words.push(b(i32::try_from(HANDLER - BASE).unwrap() - body.cast_signed()));
        words.extend((0..self.exits.len()).map(|n| bl(-4 - 4 * i32::try_from(n).unwrap())));
        let sp = 0x30_0000;
        Ok(Code {
            base: BASE,
            bytes: words.iter().flat_map(|w| w.to_le_bytes()).collect(),
            body,
            entry: 0,
            loop_start: self.looped.map(|words| 4 * words),
            exits: self.exits.clone(),
            marks: self.marks.clone(),
            conventions: Conventions {
                reserved: vec![],
                frame: 16,
                exit_sp: sp,
                tail_sp: sp,
                targets: vec![(HANDLER, VM + 4)],
                literals: vec![],
                early_exit: None,
                links: vec![],
            },
            start: Registers { sp, pc: BASE, ..Registers::default() },
            narrowed: vec![],
            folded: 1,
            may_fuse_fma: false,
            stack: 0x40_0000,
            side: None,
        })
    }

    fn mappings(&self) -> Vec<Mapping> {
        vec![]
    }

    fn code_window(&self) -> (u64, u64) {
        (BASE, WINDOW)
    }

    fn runtime(&mut self) -> &mut dyn Runtime {
        self
    }
}

impl Runtime for Fixed {
    fn stop(&mut self, code: &Code, regs: &mut Registers) -> Stop {
        let first = code.base + u64::from(code.body) + 8;
        match regs.pc {
            HANDLER => Stop::Exit(ExitNo(u16::try_from((regs.x[30] - first) / 4).unwrap())),
            VM => Stop::Tail,
            _ => Stop::Wild,
        }
    }

    fn read(&self, addr: u64, into: &mut [u8]) {
        for (byte, addr) in into.iter_mut().zip(addr..) {
            *byte = self.memory.get(&addr).copied().unwrap_or(0);
        }
    }

    fn write(&mut self, addr: u64, bytes: &[u8]) {
        self.memory.extend((addr..).zip(bytes.iter().copied()));
    }
}

/// A backend with this code. The first word is the first instruction's, the rest the second's.
pub fn fixed(body: &[u32], exits: Vec<Exit>) -> Fixed {
    let id = BackendId { name: "fixed".into(), version: "1".into(), variant: "assert".into() };
    let end = 4 * u32::try_from(body.len()).unwrap();
    let marks = vec![Mark { at: Some(Ref(1)), start: 0, end: 4 }, Mark { at: Some(Ref(2)), start: 4, end }];
    Fixed { id, body: body.to_vec(), looped: None, marks, exits, memory: BTreeMap::new() }
}

/// A guard that fails, with two values at its exit.
pub const FAILS: &str = "; tracehound 1
; emit raw
; region data 16 at 0
; input 1
;   slot 2 int +5
;   data+0: 01 02
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
....        SNAP   #1   [ ---- ---- 0001 +7   ]
0002 >  int EQ     0001  +6
....        SNAP   #2   [ ---- ---- ]
---- TRACE 1 stop -> return
";

/// Its exits, with the value of slot 2 in x5.
pub fn exits() -> Vec<Exit> {
    let value = |slot, place| ValueLoc { slot: Slot(slot), ty: Type::Int, place, int_to_num: false };
    let values = vec![value(2, Place::Gpr(5)), value(3, Place::Known(7))];
    let exit = |n, values| Exit { values, number: ExitNo(n), sp: 0x30_0000, ints: vec![] };
    vec![exit(0, vec![]), exit(1, values), exit(2, vec![])]
}

/// A load of x5 and a branch to exit 1's stub.
pub fn leaves(x5: u16) -> Fixed {
    fixed(&[movz(Width::X, Gpr(5), x5, 0), b(12)], exits())
}
