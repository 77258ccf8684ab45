//! Fields of Lua objects that `FLOAD` reads and `FREF` points to.
//!
//! Source: LuaJIT `lj_ir.h` (`IRFLDEF`) for the names; `lj_record.c`, `lj_ffrecord.c` and `lj_crecord.c` for the types they
//! are loaded as.

use super::types::Type;

macro_rules! fields {
    ($( $(#[$doc:meta])* $name:ident, $lj:literal, $text:literal, $of:ident, $ty:ident, $stored:literal; )*) => {
        /// A field of an object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field { $( $(#[$doc])* $name, )* }

        /// All fields, in the order of the table.
        pub const ALL_FIELDS: &[Field] = &[$( Field::$name, )*];

        impl Field {
            /// LuaJIT's name, without `IRFL_`.
            pub const fn lj_name(self) -> &'static str { match self { $( Field::$name => $lj, )* } }
            /// The name in IR text, as `-jdump` prints it.
            pub const fn text(self) -> &'static str { match self { $( Field::$name => $text, )* } }
            /// The type of the object that has it.
            pub const fn of(self) -> Type { match self { $( Field::$name => Type::$of, )* } }
            /// The type it is loaded and stored as.
            pub const fn ty(self) -> Type { match self { $( Field::$name => Type::$ty, )* } }
            /// True for a field that traces store to (`FREF` and `FSTORE`).
            pub const fn is_stored(self) -> bool { match self { $( Field::$name => $stored, )* } }
        }
    };
}

#[rustfmt::skip]
fields! {
    /// Length of a string.
    StrLen,      "STR_LEN",      "str.len",      Str,    Int,   false;
    /// Environment of a function.
    FuncEnv,     "FUNC_ENV",     "func.env",     Func,   Tab,   false;
    /// Bytecode of a function.
    FuncPc,      "FUNC_PC",      "func.pc",      Func,   P64,   false;
    /// Number of a fast function.
    FuncFfid,    "FUNC_FFID",    "func.ffid",    Func,   U8,    false;
    /// Globals of a thread.
    ThreadEnv,   "THREAD_ENV",   "thread.env",   Thread, Tab,   false;
    /// Metatable of a table.
    TabMeta,     "TAB_META",     "tab.meta",     Tab,    Tab,   true;
    /// Array part of a table.
    TabArray,    "TAB_ARRAY",    "tab.array",    Tab,    P64,   false;
    /// Hash part of a table.
    TabNode,     "TAB_NODE",     "tab.node",     Tab,    P64,   false;
    /// Size of the array part.
    TabAsize,    "TAB_ASIZE",    "tab.asize",    Tab,    Int,   false;
    /// Size of the hash part, less one.
    TabHmask,    "TAB_HMASK",    "tab.hmask",    Tab,    Int,   false;
    /// Cache of absent metamethods.
    TabNomm,     "TAB_NOMM",     "tab.nomm",     Tab,    U8,    true;
    /// Metatable of a userdata.
    UdataMeta,   "UDATA_META",   "udata.meta",   Udata,  Tab,   false;
    /// Kind of a userdata.
    UdataUdtype, "UDATA_UDTYPE", "udata.udtype", Udata,  U8,    false;
    /// First word of a userdata's payload: the file of a file handle.
    UdataFile,   "UDATA_FILE",   "udata.file",   Udata,  P64,   false;
    /// Type of a cdata.
    CdataCtypeid, "CDATA_CTYPEID", "cdata.ctypeid", Cdata, U16,  false;
    /// Payload of a cdata that is a pointer.
    CdataPtr,    "CDATA_PTR",    "cdata.ptr",    Cdata,  P64,   false;
    /// Payload of a cdata, as 32 bits.
    CdataInt,    "CDATA_INT",    "cdata.int",    Cdata,  Int,   false;
    /// Payload of a cdata, as 64 bits.
    CdataInt64,  "CDATA_INT64",  "cdata.int64",  Cdata,  I64,   false;
}

impl Field {
    /// The field with this text name.
    pub fn from_text(s: &str) -> Option<Field> {
        ALL_FIELDS.iter().copied().find(|f| f.text() == s)
    }
}
