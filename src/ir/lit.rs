//! Literal operands: slot numbers, load modes, conversion modes, math functions.
//!
//! Literals are held by meaning, not by number: LuaJIT's numbers differ between releases and are
//! looked up by name in the loaded library. Source: LuaJIT `lj_ir.h` ("Named IR literals").

use super::callee::Callee;
use super::field::Field;
use super::types::Type;

/// Which table a literal operand comes from: a column of the opcode table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LitKind {
    /// A plain number.
    Num,
    /// A Lua stack slot (`SLOAD` op1).
    Slot,
    /// `SLOAD` mode letters.
    Sload,
    /// `XLOAD` mode letters.
    Xload,
    /// `CONV` types and mode.
    Conv,
    /// `FPMATH` function.
    Fpm,
    /// A field of an object (`FLOAD`, `FREF`).
    Field,
    /// A C function (`CALLN` and its like).
    Callee,
    /// An upvalue's index (`UREFO`, `UREFC`).
    Upvalue,
    /// `TMPREF` mode.
    Tmpref,
    /// `BUFHDR` mode.
    Buf,
    /// `TOSTR` mode.
    Tostr,
}

/// A literal operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lit {
    /// A plain number.
    Num(u16),
    /// A Lua stack slot, counted as `-jdump` counts it (the first local is slot 2 in a GC64 build).
    Slot(u8),
    /// `SLOAD` mode.
    Sload(SloadMode),
    /// `XLOAD` mode.
    Xload(XloadMode),
    /// `CONV` mode.
    Conv(ConvMode),
    /// `FPMATH` function.
    Fpm(Fpm),
    /// A field of an object.
    Field(Field),
    /// A C function.
    Callee(Callee),
    /// An upvalue's index in its function. (LuaJIT's literal also holds a hash, which the backend supplies.)
    Upvalue(u8),
    /// `TMPREF` mode.
    Tmpref(TmprefMode),
    /// `BUFHDR` mode.
    Buf(BufMode),
    /// `TOSTR` mode.
    Tostr(TostrMode),
}

/// `TMPREF` mode bits: what the temporary is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TmprefMode {
    /// `IN1`: the value is stored to it.
    pub in1: bool,
    /// `OUT1`: it is read after a call.
    pub out1: bool,
}

/// How `BUFHDR` starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BufMode {
    /// With an empty buffer.
    #[default]
    Reset,
    /// Behind what is in it.
    Append,
}

/// What `TOSTR` formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TostrMode {
    /// An integer.
    #[default]
    Int,
    /// A number.
    Num,
    /// A character, by its code.
    Char,
}

/// `SLOAD` mode bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SloadMode {
    /// `T`: guard the slot's type.
    pub typecheck: bool,
    /// `C`: convert between number and integer.
    pub convert: bool,
    /// `R`: the slot is not written by the trace.
    pub readonly: bool,
    /// `I`: inherited by exits and side traces.
    pub inherit: bool,
    /// `P`: in a side trace, the value that the parent's exit has for the slot.
    pub parent: bool,
}

/// `XLOAD` mode bits. (`U`, unaligned, is not legal on ARM64.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct XloadMode {
    /// `R`: no store of the trace writes there.
    pub readonly: bool,
    /// `V`: never forwarded or merged.
    pub volatile: bool,
}

/// How strictly a `CONV` from FP to integer checks (`IRCONV_CSH` field).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConvCheck {
    /// No mode (0).
    #[default]
    Plain,
    /// `IRCONV_ANY`, printed `none`: any number is fine; between integer sizes: no instruction.
    Any,
    /// `IRCONV_INDEX`: checked, with index rules in back-propagation.
    Index,
    /// `IRCONV_CHECK`: checked.
    Check,
}

/// `CONV` literal: source type, extension and check mode. The destination is the instruction's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvMode {
    /// Source type.
    pub src: Type,
    /// Sign-extend integer to integer.
    pub sext: bool,
    /// Check mode.
    pub check: ConvCheck,
}

/// `FPMATH` function (`IRFPMDEF`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fpm {
    /// Round towards minus infinity.
    Floor,
    /// Round towards plus infinity.
    Ceil,
    /// Round towards zero.
    Trunc,
    /// Square root.
    Sqrt,
    /// Natural logarithm: a library call.
    Log,
    /// Binary logarithm: a library call.
    Log2,
}

/// All `FPMATH` functions with LuaJIT's names (without `IRFPM_`), also their text names in lower case.
pub const ALL_FPM: &[(Fpm, &str, &str)] = &[
    (Fpm::Floor, "FLOOR", "floor"),
    (Fpm::Ceil, "CEIL", "ceil"),
    (Fpm::Trunc, "TRUNC", "trunc"),
    (Fpm::Sqrt, "SQRT", "sqrt"),
    (Fpm::Log, "LOG", "log"),
    (Fpm::Log2, "LOG2", "log2"),
];

impl Fpm {
    /// LuaJIT's name, without `IRFPM_`.
    pub fn lj_name(self) -> &'static str {
        self.row().1
    }

    /// The name in IR text.
    pub fn text(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Fpm, &'static str, &'static str) {
        &ALL_FPM[self as usize]
    }
}

const _: () = {
    let mut i = 0;
    while i < ALL_FPM.len() {
        assert!(ALL_FPM[i].0 as usize == i, "ALL_FPM is in the order of Fpm");
        i += 1;
    }
};
