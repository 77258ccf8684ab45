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
    /// SLOAD: int, num, an object, or a primitive that is checked for.
    SLoad,
    /// XBAR.
    Barrier,
    /// CONV: by its literal.
    Conv,
    /// TOBIT: int from num and the bias constant.
    ToBit,
    /// AREF: p64 from an array part (`FLOAD tab.array`) and an int.
    ARef,
    /// HREF, NEWREF: p64 from a table and a key.
    HRef,
    /// HREFK: p64 from a hash part (`FLOAD tab.node`) and a KSLOT constant, guarded.
    HRefK,
    /// UREFO, UREFC: p64 from a function and an upvalue's index, guarded.
    URef,
    /// FREF: p64 from an object and a field.
    FRef,
    /// TMPREF: p64 to a temporary that holds a Lua value.
    TmpRef,
    /// LREF: the running thread.
    LRef,
    /// ALOAD, HLOAD, ULOAD, VLOAD: a Lua value of a type that is checked.
    TvLoad,
    /// ASTORE, HSTORE, USTORE: a Lua value.
    TvStore,
    /// FLOAD: by its field.
    FLoad,
    /// FSTORE: by the field of its FREF.
    FStore,
    /// ALEN: int from a table and a hint or nil.
    Len,
    /// SNEW, XSNEW: a string from an address and a length.
    SNew,
    /// TNEW: a table, by two sizes.
    TNew,
    /// TDUP: a table from a constant one.
    TDup,
    /// CNEW: a cdata from its type's number.
    CNew,
    /// CNEWI: a cdata from its type's number and its value.
    CNewI,
    /// BUFHDR: p64 from the temporary buffer.
    BufHdr,
    /// BUFPUT: p64 from a buffer and a string.
    BufPut,
    /// BUFSTR: a string from a buffer and its BUFHDR.
    BufStr,
    /// TBAR: a table.
    TBar,
    /// OBAR: an upvalue's address and the value stored there.
    OBar,
    /// TOSTR: a string from an int or num.
    ToStr,
    /// STRTO: a num from a string, guarded.
    StrTo,
    /// CALLN, CALLL, CALLS, CALLA: by its function.
    Call,
    /// CALLXS: by its helper.
    CallXs,
    /// CARG: pairs arguments of a call.
    CArg,
    /// GCSTEP: a place where the collector may run.
    GcStep,
    /// PROF: a guard that no profiler is asking.
    Prof,
    /// Not drawn by the generator; see the opcode's status.
    Other,
}

/// The types of Lua values that slots of tables, upvalues and the Lua stack are checked for.
pub const TV_TYPES: &[Type] = &[
    Type::Nil,
    Type::False,
    Type::True,
    Type::Str,
    Type::Func,
    Type::Cdata,
    Type::Tab,
    Type::Udata,
    Type::Int,
    Type::Num,
];

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
            Rule::UCmp => &[Int, U32, I64, U64, P64, Num],
            Rule::Equal => &[Int, U32, I64, U64, P64, Num, Str, Func, Cdata, Tab, Udata],
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
            Rule::SLoad | Rule::TvLoad | Rule::TvStore => TV_TYPES,
            Rule::ARef | Rule::HRef | Rule::HRefK | Rule::URef | Rule::FRef => &[P64],
            Rule::TmpRef | Rule::BufHdr | Rule::BufPut => &[P64],
            Rule::LRef => &[Thread],
            Rule::FLoad => &[Int, Tab, P64, U8, U16, I64],
            Rule::FStore => &[Tab, U8],
            Rule::Len => &[Int],
            Rule::SNew | Rule::BufStr | Rule::ToStr => &[Str],
            Rule::TNew | Rule::TDup => &[Tab],
            Rule::CNew | Rule::CNewI => &[Cdata],
            Rule::StrTo => &[Num],
            Rule::Call => &[Nil, Int, I64, P64, Num, Tab],
            Rule::CallXs => &[Nil, I8, U8, I16, U16, Int, U32, I64, U64, P64, Num, Float],
            Rule::Conv => &[Int, U32, I64, U64, Num, Float],
            Rule::Barrier | Rule::TBar | Rule::OBar | Rule::CArg => &[Nil],
            Rule::GcStep | Rule::Prof => &[Nil],
            Rule::Const | Rule::Other => &[Nil],
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
            // A shift of 64 bits takes counts of either width: see `validate`.
            Rule::Ldexp | Rule::Shift => (same, Some(Class::W32)),
            Rule::ToBit => (Some(Class::Num), Some(Class::Num)),
            Rule::StrRef => (Some(Class::Gc), Some(Class::W32)),
            Rule::XLoad => (Some(Class::W64), None),
            Rule::XStore => (Some(Class::W64), same),
            Rule::ARef => (Some(Class::W64), Some(Class::W32)),
            Rule::HRefK | Rule::BufStr => (Some(Class::W64), Some(Class::W64)),
            Rule::TvLoad | Rule::OBar => (Some(Class::W64), None),
            Rule::TvStore | Rule::FStore => (Some(Class::W64), same),
            Rule::HRef | Rule::URef | Rule::FRef | Rule::Len | Rule::TDup | Rule::TBar | Rule::StrTo => {
                (Some(Class::Gc), None)
            }
            Rule::SNew => (Some(Class::W64), Some(Class::W32)),
            Rule::CNew | Rule::CNewI => (Some(Class::W32), None),
            Rule::BufHdr => (Some(Class::W64), None),
            Rule::BufPut => (Some(Class::W64), Some(Class::Gc)),
            Rule::SLoad | Rule::Conv | Rule::Barrier | Rule::Const | Rule::Other => (None, None),
            Rule::TmpRef | Rule::LRef | Rule::FLoad | Rule::TNew | Rule::ToStr | Rule::GcStep | Rule::Prof => {
                (None, None)
            }
            Rule::Call | Rule::CallXs | Rule::CArg => (None, None),
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
