//! IR types: LuaJIT's `IRType`, with its sizes and value classes.
//!
//! Source: LuaJIT `lj_ir.h` (`IRTDEF`), GC64 build. Text names are those of `-jdump`.

macro_rules! types {
    ($( $(#[$doc:meta])* $name:ident, $lj:literal, $text:literal, $size:literal, $class:ident; )*) => {
        /// The type of an IR instruction's result.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Type { $( $(#[$doc])* $name, )* }

        /// All types, in LuaJIT's order.
        pub const ALL_TYPES: &[Type] = &[$( Type::$name, )*];

        impl Type {
            /// LuaJIT's name without `IRT_`.
            pub const fn lj_name(self) -> &'static str { match self { $( Type::$name => $lj, )* } }
            /// The name in IR text, as `-jdump` prints it (without padding).
            pub const fn text(self) -> &'static str { match self { $( Type::$name => $text, )* } }
            /// Size in bytes in memory.
            pub const fn size(self) -> u32 { match self { $( Type::$name => $size, )* } }
            /// The value class: what a register of this type holds.
            pub const fn class(self) -> Class { match self { $( Type::$name => Class::$class, )* } }
        }
    };
}

#[rustfmt::skip]
types! {
    /// No value, or the Lua value nil.
    Nil,     "NIL",     "nil", 4, Pri;
    /// The Lua value false.
    False,   "FALSE",   "fal", 4, Pri;
    /// The Lua value true.
    True,    "TRUE",    "tru", 4, Pri;
    /// Light userdata.
    LightUd, "LIGHTUD", "lud", 8, Gc;
    /// String object.
    Str,     "STR",     "str", 8, Gc;
    /// 32-bit pointer (unused by GC64).
    P32,     "P32",     "p32", 4, W32;
    /// Coroutine.
    Thread,  "THREAD",  "thr", 8, Gc;
    /// Function prototype.
    Proto,   "PROTO",   "pro", 8, Gc;
    /// Function.
    Func,    "FUNC",    "fun", 8, Gc;
    /// 64-bit pointer.
    P64,     "P64",     "p64", 8, W64;
    /// FFI data object.
    Cdata,   "CDATA",   "cdt", 8, Gc;
    /// Table.
    Tab,     "TAB",     "tab", 8, Gc;
    /// Full userdata.
    Udata,   "UDATA",   "udt", 8, Gc;
    /// Single-precision float.
    Float,   "FLOAT",   "flt", 4, Flt;
    /// Double-precision float: the Lua number.
    Num,     "NUM",     "num", 8, Num;
    /// Signed byte, held as a sign-extended 32-bit value.
    I8,      "I8",      "i8",  1, W32;
    /// Unsigned byte, held as a zero-extended 32-bit value.
    U8,      "U8",      "u8",  1, W32;
    /// Signed halfword, held as a sign-extended 32-bit value.
    I16,     "I16",     "i16", 2, W32;
    /// Unsigned halfword, held as a zero-extended 32-bit value.
    U16,     "U16",     "u16", 2, W32;
    /// Signed 32-bit integer.
    Int,     "INT",     "int", 4, W32;
    /// Unsigned 32-bit integer.
    U32,     "U32",     "u32", 4, W32;
    /// Signed 64-bit integer.
    I64,     "I64",     "i64", 8, W64;
    /// Unsigned 64-bit integer.
    U64,     "U64",     "u64", 8, W64;
    /// Soft-float half (unused with an FPU).
    SoftFp,  "SOFTFP",  "sfp", 4, W32;
}

/// What a value of a type looks like in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// No register: the type is the value.
    Pri,
    /// 32-bit integer, zero-extended in its 64-bit register.
    W32,
    /// 64-bit integer or pointer.
    W64,
    /// Garbage-collected object or light userdata: a 64-bit pointer.
    Gc,
    /// Single-precision FP register.
    Flt,
    /// Double-precision FP register.
    Num,
}

impl Type {
    /// The type with this text name.
    pub fn from_text(s: &str) -> Option<Type> {
        ALL_TYPES.iter().copied().find(|t| t.text() == s)
    }

    /// True for a type whose integer values are signed.
    pub const fn is_signed(self) -> bool {
        matches!(self, Type::I8 | Type::I16 | Type::Int | Type::I64)
    }

    /// True for `num` and `flt`.
    pub const fn is_fp(self) -> bool {
        matches!(self, Type::Num | Type::Float)
    }

    /// True where the value is in the low 32 bits of an integer register.
    pub const fn is_w32(self) -> bool {
        matches!(self.class(), Class::W32)
    }

    /// True where the value fills a 64-bit integer register.
    pub const fn is_w64(self) -> bool {
        matches!(self.class(), Class::W64)
    }

    /// True where a value of this type can be restored to a Lua stack slot
    /// (`lj_snap.c: snap_restoreval`); others may still be live at an exit.
    pub const fn is_lua_value(self) -> bool {
        match self.class() {
            Class::Pri | Class::Num | Class::Gc => true,
            Class::W32 => !matches!(self, Type::U32 | Type::P32 | Type::SoftFp),
            Class::W64 | Class::Flt => false,
        }
    }
}
