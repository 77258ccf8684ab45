//! The machine's tests: words of code whose text Capstone confirms, and a runtime over plain host memory.

mod cost;
mod faults;
mod runs;

use super::engine::HostMemory;
use super::{Ended, HowEnded, Machine};
use crate::code::{Access, Code, Conventions, Mapping, Registers, Runtime, Stop};
use crate::ir::ExitNo;
use crate::outcome::{Fault, FaultClass};
use capstone::arch::{BuildsCapstone, arm64};

/// The code window: two pages, so that code may cross from one to the other.
const CODE: u64 = 0x2000_0300_0000;
const CODE_LEN: u64 = 0x2000;
/// Where exits are: number n at `EXITS + 4 * n`, as far as `TAIL`.
const EXITS: u64 = 0x2000_0400_0000;
const TAIL: u64 = EXITS + 0x400;
/// A function that adds 1 to x0 and fills d0 to d7 and x1 to x17 with 99.
const CALL: u64 = EXITS + 0x800;
const DATA: u64 = 0x2000_0420_0000;
const DATA_LEN: usize = 0x1_0000;
const CONST: u64 = 0x2000_0440_0000;
const STACK: u64 = 0x2000_0460_0000;
const STACK_LEN: usize = 0x2000;
const SP: u64 = STACK + 0x1000;

/// Host memory at a guest address.
struct Area(u64, HostMemory, Access);

/// A backend's memory and what is behind its code.
struct Fake {
    areas: [Area; 3],
    /// Registers at each call.
    calls: Vec<Registers>,
}

impl Fake {
    fn new() -> Fake {
        let area = |addr, len, access| Area(addr, HostMemory::zeroed(len), access);
        let data = area(DATA, DATA_LEN, Access::ReadWrite);
        let constant = area(CONST, 0x1000, Access::Read);
        Fake { areas: [data, constant, area(STACK, STACK_LEN, Access::ReadWrite)], calls: vec![] }
    }

    fn mappings(&self) -> Vec<Mapping> {
        let mapping = |a: &Area| Mapping { addr: a.0, len: a.1.len() as u64, host: a.1.as_ptr(), access: a.2 };
        self.areas.iter().map(mapping).collect()
    }

    fn find(&self, addr: u64) -> (&HostMemory, usize) {
        let inside = |a: &&Area| (a.0..a.0 + a.1.len() as u64).contains(&addr);
        let area = self.areas.iter().find(inside).expect("an address of the fake backend");
        (&area.1, usize::try_from(addr - area.0).unwrap())
    }

    fn word(&self, addr: u64) -> u64 {
        let mut word = [0; 8];
        self.read(addr, &mut word);
        u64::from_le_bytes(word)
    }
}

impl Runtime for Fake {
    fn stop(&mut self, _: &Code, regs: &mut Registers) -> Stop {
        match regs.pc {
            TAIL => Stop::Tail,
            pc if (EXITS..TAIL).contains(&pc) => Stop::Exit(ExitNo(u16::try_from((pc - EXITS) / 4).unwrap())),
            CALL => {
                self.calls.push(regs.clone());
                regs.x[0] = regs.x[0].wrapping_add(1);
                regs.x[1..18].fill(99);
                regs.d[..8].fill(99);
                regs.pc = regs.x[30];
                Stop::Resume
            }
            _ => Stop::Wild,
        }
    }

    fn read(&self, addr: u64, into: &mut [u8]) {
        let (memory, offset) = self.find(addr);
        memory.read(offset, into);
    }

    fn write(&mut self, addr: u64, bytes: &[u8]) {
        let (memory, offset) = self.find(addr);
        memory.write(offset, bytes);
    }
}

/// A machine with its backend, which lives longer.
struct Bench {
    machine: Machine,
    fake: Fake,
}

impl Bench {
    fn new() -> Bench {
        let fake = Fake::new();
        Bench { machine: Machine::new(&fake.mappings(), (CODE, CODE_LEN)).unwrap(), fake }
    }

    fn run(&mut self, code: &Code, regs: &Registers) -> Ended {
        self.machine.run(code, &mut self.fake, regs).unwrap()
    }

    /// Loads and runs it with the default registers.
    fn once(&mut self, code: &Code) -> Ended {
        self.machine.load(code).unwrap();
        self.run(code, &code.start)
    }

    /// The same for code that faults.
    fn fault(&mut self, code: &Code) -> Fault {
        match self.once(code).how {
            HowEnded::Fault(fault) => fault,
            other => panic!("no fault but {other:?}"),
        }
    }
}

/// Code under construction.
struct Asm {
    base: u64,
    words: Vec<u32>,
    start: Registers,
}

/// Code at the start of the window.
fn asm() -> Asm {
    asm_at(CODE)
}

fn asm_at(base: u64) -> Asm {
    Asm { base, words: vec![], start: Registers { sp: SP, pc: base, ..Registers::default() } }
}

impl Asm {
    fn here(&self) -> u64 {
        self.base + 4 * self.words.len() as u64
    }

    /// An instruction with the text that Capstone must give it.
    fn i(mut self, text: &str, word: u32) -> Asm {
        assert_eq!(disassemble(word), text, "{word:08x}");
        self.words.push(word);
        self
    }

    /// A word that Capstone knows as no instruction.
    fn undefined(mut self, word: u32) -> Asm {
        assert_eq!(disassemble(word), "", "{word:08x}");
        self.words.push(word);
        self
    }

    fn b(self, target: u64) -> Asm {
        self.branch(0x1400_0000, target)
    }

    fn bl(self, target: u64) -> Asm {
        self.branch(0x9400_0000, target)
    }

    fn branch(mut self, op: u32, target: u64) -> Asm {
        let words = (target.wrapping_sub(self.here())).cast_signed() / 4;
        let imm = i32::try_from(words).unwrap();
        assert!((-(1 << 25)..1 << 25).contains(&imm), "branch out of range");
        self.words.push(op | imm.cast_unsigned() & 0x03ff_ffff);
        self
    }

    fn x(mut self, n: usize, value: u64) -> Asm {
        self.start.x[n] = value;
        self
    }

    fn end(self) -> Code {
        let bytes: Vec<u8> = self.words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let body = u32::try_from(bytes.len()).unwrap();
        let targets = vec![(EXITS, EXITS + 0x1000)];
        let conventions = Conventions { targets, ..Conventions::default() };
        Code { base: self.base, bytes, body, conventions, start: self.start, ..Code::default() }
    }
}

fn disassemble(word: u32) -> String {
    let capstone = capstone::Capstone::new().arm64().mode(arm64::ArchMode::Arm).build().unwrap();
    let all = capstone.disasm_all(&word.to_le_bytes(), 0).unwrap();
    let text = |i: &capstone::Insn| format!("{} {}", i.mnemonic().unwrap_or(""), i.op_str().unwrap_or(""));
    all.iter().next().map_or(String::new(), |i| text(i).trim().to_string())
}

fn exit(n: u16) -> HowEnded {
    HowEnded::Exit(ExitNo(n))
}
