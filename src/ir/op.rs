//! The opcode enum and its info, expanded from the table in `ir::ops`.

use super::lit::LitKind;
use super::sig::Rule;

/// What an operand is (`IRM*` of LuaJIT's `lj_ir.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandKind {
    /// A reference to an instruction or constant.
    Ref,
    /// A 16-bit literal.
    Lit,
    /// A constant's payload.
    Cst,
    /// Unused.
    None,
}

/// Whether the generator draws an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Drawn as an instruction.
    Plain,
    /// Made by the structure of the trace (constants, LOOP, PHI, BASE).
    Shape,
    /// Not supported, with the reason.
    Out(&'static str),
}

/// The facts about one opcode.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// LuaJIT's name.
    pub name: &'static str,
    /// Kinds of the two operands.
    pub operands: [OperandKind; 2],
    /// Mode letters of `IRDEF` (`N`, `C`, `R`, `A`, `L`, `S`, with `W` for a weak guard).
    pub mode: &'static str,
    /// Type rule.
    pub rule: Rule,
    /// Tables of its literal operands, in operand order.
    pub lits: &'static [LitKind],
    /// Generated or not.
    pub status: Status,
}

impl OpInfo {
    /// The byte that LuaJIT's `lj_ir_mode[]` has for these facts.
    pub fn lj_mode(&self) -> u8 {
        let kind = |k: OperandKind| match k {
            OperandKind::Ref => 0u8,
            OperandKind::Lit => 1,
            OperandKind::Cst => 2,
            OperandKind::None => 3,
        };
        let letters = self.mode.bytes().fold(0u8, |m, letter| {
            m | match letter {
                b'C' => 0x10,
                b'A' => 0x20,
                b'L' => 0x40,
                b'S' => 0x60,
                b'W' => 0x80,
                _ => 0,
            }
        });
        (kind(self.operands[0]) | kind(self.operands[1]) << 2 | letters) ^ 0x80
    }

    /// The table that operand `n` (0 or 1) comes from, if it is a literal.
    pub fn lit(&self, n: usize) -> Option<LitKind> {
        let before = self.operands[..n].iter().filter(|k| **k == OperandKind::Lit).count();
        (self.operands[n] == OperandKind::Lit).then(|| self.lits[before])
    }

    /// True for a store, a barrier and all else that must not be dropped or moved.
    pub fn is_store(&self) -> bool {
        self.mode.starts_with('S')
    }

    /// True for an instruction that others can use: no store, no comparison.
    pub fn has_value(&self) -> bool {
        match self.rule {
            // Stores by their mode, since nothing may drop or move them.
            Rule::HRef | Rule::TmpRef | Rule::Call | Rule::CallXs => true,
            Rule::SCmp | Rule::UCmp | Rule::Equal | Rule::Bounds | Rule::Prof => false,
            _ => !self.is_store(),
        }
    }

    /// True when operand order does not matter.
    pub fn is_commutative(&self) -> bool {
        self.mode.starts_with('C')
    }
}

macro_rules! operand_kind {
    (r) => {
        OperandKind::Ref
    };
    (l) => {
        OperandKind::Lit
    };
    (c) => {
        OperandKind::Cst
    };
    (_) => {
        OperandKind::None
    };
}

macro_rules! status {
    (plain) => {
        Status::Plain
    };
    (shape) => {
        Status::Shape
    };
    (out $reason:tt) => {
        Status::Out($reason)
    };
}

macro_rules! expand_ops {
    ($( ($name:ident, $op1:tt, $op2:tt, $mode:ident, $rule:ident, [$($lit:ident),*], $status:ident $(($reason:literal))?, $sem:ident $(($f:path))?), )*) => {
        /// An IR opcode, named as LuaJIT names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op {
            $( #[doc = concat!("`IR_", stringify!($name), "`")] $name, )*
        }

        /// All opcodes, in LuaJIT's order.
        pub const ALL_OPS: &[Op] = &[$( Op::$name, )*];

        static INFO: &[OpInfo] = &[$( OpInfo {
            name: stringify!($name),
            operands: [operand_kind!($op1), operand_kind!($op2)],
            mode: stringify!($mode),
            rule: Rule::$rule,
            lits: &[$( LitKind::$lit ),*],
            status: status!($status $($reason)?),
        }, )*];
    };
}
super::ops::for_each_op!(expand_ops);

// LuaJIT flips comparisons by bits of the opcode (`lj_ir.h`, static asserts behind IRDEF).
const _: () = assert!(Op::LT as u8 ^ 1 == Op::GE as u8 && Op::LT as u8 ^ 3 == Op::GT as u8);
const _: () = assert!(Op::LT as u8 ^ 4 == Op::ULT as u8 && Op::EQ as u8 ^ 1 == Op::NE as u8);

impl Op {
    /// Its facts.
    pub fn info(self) -> &'static OpInfo {
        &INFO[self as usize]
    }

    /// LuaJIT's name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The opcode with this name.
    pub fn from_name(name: &str) -> Option<Op> {
        ALL_OPS.iter().copied().find(|op| op.name() == name)
    }
}
