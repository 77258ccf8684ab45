//! Type rules: which operand and result types each opcode takes.
//!
//! One [`Rule`] a family, named in the opcode table. The validator checks it, the generator draws from it.
//! Source: `facts` read from `lj_asm_arm64.h`, and the recorder's use of each opcode (`lj_record.c`, `lj_crecord.c`).

use super::types::{Class, Type};

/// A family of opcodes with the same type rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Ordered comparison: int, i64 signed; num.
    SCmp,
    /// Unsigned or unordered comparison: int, u32, i64, u64, p64; num.
    UCmp,
    /// Equality: int, u32, i64, u64, p64, num.
    Equal,
    /// Bounds check: int, bound first.
    Bounds,
    /// Keeps its operand alive.
    Use,
    /// Constants: never instructions of their own.
    Const,
    /// One integer operand: int, u32, i64, u64.
    BitUn,
    /// Two integer operands: int, u32, i64, u64.
    Bit,
    /// Integer and a shift count of type int.
    Shift,
    /// ADD, SUB: int, u32, i64, u64, p64, num.
    Add,
    /// MUL: int, u32, i64, u64, num.
    Mul,
    /// DIV: i64, u64, num.
    Div,
    /// MOD: int (divisor not zero), i64, u64.
    Mod,
    /// POW: i64, u64, num.
    Pow,
    /// NEG: int, i64, u64, num. Operand 2 repeats operand 1 for integers (or is absent), is absent for num:
    /// the recorder's sign mask, which ARM64 ignores, is supplied by the backend.
    Neg,
    /// ABS: num; operand 2 is absent, as for NEG.
    NumMask,
    /// LDEXP: num, int.
    Ldexp,
    /// MIN, MAX: int or num.
    MinMax,
    /// FPMATH: num.
    FpMath,
    /// Overflow-checked: int, guarded.
    Overflow,
    /// STRREF: p64 from a string and an int.
    StrRef,
    /// XLOAD: a p64 address, any of the ten memory types.
    XLoad,
    /// XSTORE: a p64 address and a value of the stored type's class.
    XStore,
    /// SLOAD: int, num, str.
    SLoad,
    /// XBAR.
    Barrier,
    /// CONV: by its literal.
    Conv,
    /// TOBIT: int from num and the bias constant.
    ToBit,
    /// Not drawn by the generator; see the opcode's status.
    Other,
}

/// The ten types that XLOAD and XSTORE move between registers and memory, and p64.
pub const MEMORY_TYPES: &[Type] =
    &[Type::I8, Type::U8, Type::I16, Type::U16, Type::Int, Type::U32, Type::I64, Type::U64, Type::Num, Type::Float];

const W: &[Type] = &[Type::Int, Type::U32, Type::I64, Type::U64];

impl Rule {
    /// The result types an opcode of this family may have (for guards: the compared type).
    pub const fn types(self) -> &'static [Type] {
        use Type::*;
        match self {
            Rule::SCmp => &[Int, I64, Num],
            Rule::UCmp | Rule::Equal => &[Int, U32, I64, U64, P64, Num],
            Rule::Bounds | Rule::Overflow | Rule::ToBit => &[Int],
            Rule::Use => &[Int, U32, I64, U64, P64, Num],
            Rule::BitUn | Rule::Bit | Rule::Shift => W,
            Rule::Add => &[Int, U32, I64, U64, P64, Num],
            Rule::Mul => &[Int, U32, I64, U64, Num],
            Rule::Div | Rule::Pow => &[I64, U64, Num],
            Rule::Mod => &[Int, I64, U64],
            Rule::Neg => &[Int, I64, U64, Num],
            Rule::NumMask | Rule::Ldexp | Rule::FpMath => &[Num],
            Rule::MinMax => &[Int, Num],
            Rule::StrRef => &[P64],
            Rule::XLoad => &[I8, U8, I16, U16, Int, U32, I64, U64, P64, Num, Float],
            Rule::XStore => &[I8, U8, I16, U16, Int, U32, I64, U64, P64, Num, Float],
            Rule::SLoad => &[Int, Num, Str],
            Rule::Conv => &[Int, U32, I64, U64, Num, Float],
            Rule::Barrier | Rule::Const | Rule::Other => &[Nil],
        }
    }

    /// The classes that operand 1 and 2 must have for a result (or compared) type `t`; `None` where the operand
    /// is no reference or any class will do.
    pub const fn operand_classes(self, t: Type) -> (Option<Class>, Option<Class>) {
        let same = Some(t.class());
        match self {
            Rule::SCmp | Rule::UCmp | Rule::Equal | Rule::Bounds | Rule::Bit | Rule::Add => (same, same),
            Rule::Mul | Rule::Div | Rule::Mod | Rule::Pow | Rule::MinMax | Rule::Overflow => (same, same),
            Rule::Use | Rule::BitUn | Rule::FpMath | Rule::Neg | Rule::NumMask => (same, None),
            Rule::Ldexp | Rule::Shift => (same, Some(Class::W32)),
            Rule::ToBit => (Some(Class::Num), Some(Class::Num)),
            Rule::StrRef => (Some(Class::Gc), Some(Class::W32)),
            Rule::XLoad => (Some(Class::W64), None),
            Rule::XStore => (Some(Class::W64), same),
            Rule::SLoad | Rule::Conv | Rule::Barrier | Rule::Const | Rule::Other => (None, None),
        }
    }
}

/// True where LuaJIT's ARM64 backend takes a CONV from `src` to `dst` (`asm_conv`).
pub const fn conv_is_legal(dst: Type, src: Type) -> bool {
    use Type::*;
    matches!(
        (dst, src),
        (Num, Int | U32 | I64 | U64 | Float)
            | (Float, Int | U32 | I64 | U64 | Num)
            | (Int | I64 | U64, Num | Float)
            | (Int | U32, I8 | U8 | I16 | U16 | I64 | U64)
            | (I64 | U64, Int | U32)
    )
}
