//! C functions of LuaJIT's run-time library that traces call by number (`CALLN`, `CALLL`, `CALLS`).
//!
//! Source: LuaJIT `lj_ircall.h` (`IRCALLDEF`) for names, numbers of arguments, kinds and result types; the recorders for the types
//! of the arguments. The drift test compares them with every loaded LuaJIT. Functions that take a `lua_State` get it from the assembler.
//!
//! Columns: name; opcode that calls it; types of its arguments; type of its result; its meaning, a function of `interpret::sem`.

/// Calls the macro `$m` with the whole table, one `(..)` group a row.
#[rustfmt::skip]
macro_rules! for_each_callee {
    ($m:ident) => { $m! {
        // name                  op     arguments       result  sem
        (lj_str_cmp,             CALLN, [Str, Str],     Int,    string::cmp),
        (lj_tab_len,             CALLL, [Tab],          Int,    table::len),
        (lj_tab_clear,           CALLS, [Tab],          Nil,    table::clear),
        (lj_tab_new_ah,          CALLA, [Int, Int],     Tab,    table::new_ah),
        (lj_buf_putstr_reverse,  CALLL, [P64, Str],     P64,    buffer::reverse),
        (lj_buf_putstr_lower,    CALLL, [P64, Str],     P64,    buffer::lower),
        (lj_buf_putstr_upper,    CALLL, [P64, Str],     P64,    buffer::upper),
        (lj_buf_putstr_rep,      CALLL, [P64, Str, Int], P64,   buffer::rep),
        (lj_strfmt_putint,       CALLL, [P64, Int],     P64,    buffer::int),
        (exp,                    CALLN, [Num],          Num,    math::exp),
        (sin,                    CALLN, [Num],          Num,    math::sin),
        (cos,                    CALLN, [Num],          Num,    math::cos),
        (tan,                    CALLN, [Num],          Num,    math::tan),
        (asin,                   CALLN, [Num],          Num,    math::asin),
        (acos,                   CALLN, [Num],          Num,    math::acos),
        (atan,                   CALLN, [Num],          Num,    math::atan),
        (sinh,                   CALLN, [Num],          Num,    math::sinh),
        (cosh,                   CALLN, [Num],          Num,    math::cosh),
        (tanh,                   CALLN, [Num],          Num,    math::tanh),
        (atan2,                  CALLN, [Num, Num],     Num,    math::atan2),
        (strlen,                 CALLL, [P64],          I64,    memory::strlen),
        (memcpy,                 CALLS, [P64, P64, I64], P64,   memory::memcpy),
        (memset,                 CALLS, [P64, Int, I64], P64,   memory::memset),
    } };
}
pub(crate) use for_each_callee;

use super::op::Op;
use super::types::Type;

macro_rules! expand_callees {
    ($( ($name:ident, $op:ident, [$($arg:ident),*], $ret:ident, $sem:path), )*) => {
        /// A C function that traces call by number, named as LuaJIT names it.
        #[allow(non_camel_case_types, reason = "C names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Callee { $( #[doc = concat!("`", stringify!($name), "`")] $name, )* }

        /// All of them, in the order of the table.
        pub const ALL_CALLEES: &[Callee] = &[$( Callee::$name, )*];

        impl Callee {
            /// The C name.
            pub const fn name(self) -> &'static str { match self { $( Callee::$name => stringify!($name), )* } }
            /// The opcode that calls it.
            pub const fn op(self) -> Op { match self { $( Callee::$name => Op::$op, )* } }
            /// Its arguments' types, but for the `lua_State`.
            pub const fn args(self) -> &'static [Type] { match self { $( Callee::$name => &[$( Type::$arg ),*], )* } }
            /// Its result's type; nil for none.
            pub const fn ret(self) -> Type { match self { $( Callee::$name => Type::$ret, )* } }
        }
    };
}
for_each_callee!(expand_callees);

impl Callee {
    /// The function with this name.
    pub fn from_name(name: &str) -> Option<Callee> {
        ALL_CALLEES.iter().copied().find(|c| c.name() == name)
    }
}
