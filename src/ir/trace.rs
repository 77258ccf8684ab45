//! A trace: linear SSA IR in LuaJIT's terms, with snapshots and a link.
//!
//! Constants are written at their use, as `-jdump` prints them; the backend interns them. Refs count
//! instructions from 1, as `-jdump` does (0 is BASE).

use super::ctype::CdataType;
use super::helper::Helper;
use super::lit::Lit;
use super::op::Op;
use super::types::Type;
use serde::{Deserialize, Serialize};

/// The number of an instruction in its trace: 1 for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ref(pub u16);

/// A Lua stack slot, counted as `-jdump` counts it: 2 is the first local in a GC64 build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u8);

/// An exit number: the number of the snapshot that it restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExitNo(pub u16);

/// A region of the world, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionId(pub u8);

/// An address relative to a region's start. The sum need not lie in the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SymPtr {
    /// The region.
    pub region: RegionId,
    /// Bytes from its start.
    pub offset: i64,
}

/// An object of the world, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjId(pub u8);

/// A key of a table's hash part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// An object: a string, mostly.
    Obj(ObjId),
    /// An integer.
    Int(i32),
    /// A number, by its bits; no integer and no NaN.
    Num(u64),
    /// true or false.
    Bool(bool),
}

/// A constant operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Const {
    /// `KINT`: 32 bits.
    Int(i32),
    /// `KINT64`: 64 bits.
    Int64(i64),
    /// `KNUM`: the bits of a double.
    Num(u64),
    /// `KPTR`: a pointer into a region.
    Ptr(SymPtr),
    /// `KKPTR`: a pointer to constant memory (a read-only region).
    KPtr(SymPtr),
    /// `KNULL` of a pointer type.
    Null,
    /// `KPRI`: nil, false or true.
    Pri(Type),
    /// `KGC`: an object of the world. Its type is the object's.
    Gc(ObjId),
    /// `KSLOT`: where a table has a key, for `HREFK`. A key that is not in the table stands for the place where it would be looked for first.
    KSlot(ObjId, Key),
    /// `KPTR`: the address of a helper.
    Helper(Helper),
    /// `KPTR`: the VM's temporary string buffer.
    TmpBuf,
    /// `KKPTR`: the nil that a search in a table gives when there is no such key.
    NilTv,
    /// `KINT`: the number of a C type.
    Ctype(CdataType),
}

impl Const {
    /// The class of values it can stand for.
    pub const fn class(self) -> super::types::Class {
        use super::types::Class;
        match self {
            Const::Int(_) | Const::Ctype(_) => Class::W32,
            Const::Int64(_) | Const::Ptr(_) | Const::KPtr(_) | Const::Null => Class::W64,
            Const::Num(_) => Class::Num,
            Const::Pri(_) => Class::Pri,
            Const::Gc(_) => Class::Gc,
            Const::KSlot(..) | Const::Helper(_) | Const::TmpBuf | Const::NilTv => Class::W64,
        }
    }
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// No operand.
    None,
    /// The result of an instruction.
    Ref(Ref),
    /// A constant.
    K(Const),
    /// A literal.
    Lit(Lit),
}

impl Arg {
    /// The instruction it refers to.
    pub const fn as_ref(self) -> Option<Ref> {
        match self {
            Arg::Ref(r) => Some(r),
            _ => None,
        }
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ins {
    /// Opcode.
    pub op: Op,
    /// Result type; for guards the compared type; for stores the stored type.
    pub ty: Type,
    /// Guard: leaves the trace when it fails.
    pub guard: bool,
    /// First operand.
    pub op1: Arg,
    /// Second operand.
    pub op2: Arg,
}

impl Ins {
    /// Both operands.
    pub const fn args(&self) -> [Arg; 2] {
        [self.op1, self.op2]
    }
}

/// One slot of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SnapEntry {
    /// The Lua stack slot.
    pub slot: Slot,
    /// Its value: an instruction or a constant.
    pub value: Arg,
}

/// A snapshot: the Lua stack slots to restore when a guard behind it fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snap {
    /// The first instruction that it covers; guards from here to the next snapshot leave through it.
    pub at: Ref,
    /// Slots in ascending order.
    pub entries: Vec<SnapEntry>,
}

/// Where the trace goes at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// To the interpreter; the last snapshot's values are stored to the Lua stack.
    Interpreter,
    /// As a return to the interpreter; the same code as [`Link::Interpreter`].
    Return,
    /// Back to LOOP. Through the passes there is no LOOP yet: they make it.
    Loop,
    /// A side trace: on to the start of its root trace.
    Root,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// Instructions; the first one is ref 1.
    pub ins: Vec<Ins>,
    /// Snapshots in order of `at`; the first covers ref 1.
    pub snaps: Vec<Snap>,
    /// The end.
    pub link: Link,
}

impl Trace {
    /// The instruction behind a ref. Panics on a ref outside the trace (a validated trace has none).
    pub fn get(&self, r: Ref) -> &Ins {
        &self.ins[usize::from(r.0) - 1]
    }

    /// All instructions with their refs.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Ref, &Ins)> {
        self.ins.iter().enumerate().map(|(i, ins)| (Ref(ref_number(i)), ins))
    }

    /// The ref behind the last instruction.
    pub fn end(&self) -> Ref {
        Ref(ref_number(self.ins.len()))
    }

    /// The LOOP instruction, if it is a loop.
    pub fn loop_ref(&self) -> Option<Ref> {
        self.iter().find(|(_, i)| i.op == Op::LOOP).map(|(r, _)| r)
    }

    /// The PHI instructions: left and right operand.
    pub fn phis(&self) -> impl Iterator<Item = (Ref, Ref)> + '_ {
        self.ins.iter().filter(|i| i.op == Op::PHI).filter_map(|i| Some((i.op1.as_ref()?, i.op2.as_ref()?)))
    }

    /// The exit that a guard at `r` leaves through: the last snapshot that covers it.
    pub fn exit_at(&self, r: Ref) -> Option<ExitNo> {
        let n = self.snaps.iter().rposition(|s| s.at <= r)?;
        u16::try_from(n).ok().map(ExitNo)
    }
}

fn ref_number(index: usize) -> u16 {
    u16::try_from(index + 1).expect("a trace has fewer than 32768 instructions")
}
