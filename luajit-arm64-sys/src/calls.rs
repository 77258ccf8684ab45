//! Calls of C functions that take objects: safe whatever the guest passes, because every argument is looked at first.

use crate::abi::kind;
use crate::objects::Word;
use crate::{Error, Jit};

/// What a C function takes, in the order of its arguments. Integers and pointers are counted together, numbers of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arg {
    /// The `lua_State`.
    L,
    /// The `global_State`.
    G,
    /// A table, with sound contents.
    Tab,
    /// A string.
    Str,
    /// A string or a null pointer.
    MaybeStr,
    /// A string buffer.
    Buf,
    /// The address of a tagged word.
    Value,
    /// The address of a tagged word that can be a key.
    Key,
    /// The address of an upvalue's value, which is an object.
    Up,
    /// The address of memory; the index of the argument that is its size, of 32 bits.
    Mem(usize),
    /// The address of memory; the index of the argument that is its size, of 64 bits.
    Mem64(usize),
    /// The address of memory of that size.
    Words(u64),
    /// The address of text that ends in a zero byte.
    Text,
    /// The logarithm of an alignment.
    Align,
    /// A format of `lj_strfmt.h`, with a width and precision that fit into it.
    Format,
    /// Any integer.
    Int,
    /// Any number.
    Num,
}
use Arg::{Align, Buf, Format, G, Int, Key, L, MaybeStr, Mem, Mem64, Num, Str, Tab, Text, Up, Value, Words};

/// Functions of `IRCALLDEF` that use objects and nothing else: no files, no interpreter, no collector run.
#[rustfmt::skip]
const CHECKED: &[(&str, &[Arg])] = &[
    ("lj_str_cmp",             &[Str, Str]),
    ("lj_str_find",            &[Mem(2), Mem(3), Int, Int]),
    ("lj_str_new",             &[L, Mem64(2), Int]),
    ("lj_strscan_num",         &[Str, Words(8)]),
    ("lj_strfmt_int",          &[L, Int]),
    ("lj_strfmt_num",          &[L, Value]),
    ("lj_strfmt_char",         &[L, Int]),
    ("lj_strfmt_putint",       &[Buf, Int]),
    ("lj_strfmt_putnum",       &[Buf, Value]),
    ("lj_strfmt_putquoted",    &[Buf, Str]),
    ("lj_strfmt_putfxint",     &[Buf, Format, Int]),
    ("lj_strfmt_putfnum_int",  &[Buf, Format, Num]),
    ("lj_strfmt_putfnum_uint", &[Buf, Format, Num]),
    ("lj_strfmt_putfnum",      &[Buf, Format, Num]),
    ("lj_strfmt_putfstr",      &[Buf, Format, Str]),
    ("lj_strfmt_putfchar",     &[Buf, Format, Int]),
    ("lj_buf_putmem",          &[Buf, Mem(2), Int]),
    ("lj_buf_putstr",          &[Buf, Str]),
    ("lj_buf_putchar",         &[Buf, Int]),
    ("lj_buf_putstr_reverse",  &[Buf, Str]),
    ("lj_buf_putstr_lower",    &[Buf, Str]),
    ("lj_buf_putstr_upper",    &[Buf, Str]),
    ("lj_buf_putstr_rep",      &[Buf, Str, Int]),
    ("lj_buf_puttab",          &[Buf, Tab, MaybeStr, Int, Int]),
    ("lj_buf_tostr",           &[Buf]),
    ("lj_tab_new_ah",          &[L, Int, Int]),
    ("lj_tab_new1",            &[L, Int]),
    ("lj_tab_dup",             &[L, Tab]),
    ("lj_tab_clone",           &[L, Tab]),
    ("lj_tab_clear",           &[Tab]),
    ("lj_tab_newkey",          &[L, Tab, Key]),
    ("lj_tab_keyindex",        &[Tab, Value]),
    ("lj_tab_len",             &[Tab]),
    ("lj_tab_len_hint",        &[Tab, Int]),
    ("lj_tab_isarray",         &[Tab]),
    ("lj_tab_nkeys",           &[Tab]),
    ("lj_tab_isempty",         &[Tab]),
    ("lj_gc_barrieruv",        &[G, Up]),
    ("lj_mem_newgco",          &[L, Int]),
    ("lj_cdata_newv",          &[L, Int, Int, Align]),
    ("lj_prng_u64d",           &[Words(32)]),
    ("strlen",                 &[Text]),
    ("memcpy",                 &[Mem64(2), Mem64(2), Int]),
    ("memset",                 &[Mem64(2), Int, Int]),
];

/// `GCupval`: the header before its value.
const UPVALUE_HEADER: u64 = 16;
/// Pages are the largest alignment that makes sense.
const MAX_ALIGN: u64 = 12;
/// `~LJ_TUPVAL`
const UPVALUE_TYPE: u32 = 5;
/// LuaJIT's parser takes two digits of width and of precision; the precision is stored plus one.
const MAX_WIDTH: u64 = 99;

/// The function's arguments, if it is one of those.
fn arguments(name: &str) -> Option<&'static [Arg]> {
    CHECKED.iter().find(|row| row.0 == name).map(|row| row.1)
}

impl Jit {
    /// Whether [`Jit::call_checked`] runs a function.
    pub fn can_check(&self, id: u32) -> bool {
        self.tables().calls.get(id as usize).is_some_and(|call| call.available && arguments(call.name).is_some())
    }

    /// Runs the C function behind number `id` of [`crate::Tables::calls`] with the guest's `x0..x7` and `d0..d7`; returns its `x0` and `d0`, of which
    /// the function's signature makes one.
    ///
    /// # Errors
    /// `BadArgument` if an argument is not what the function takes, or it is none of those that use objects only; `Lua` if it
    /// throws; `OutOfArena` if the heap is full, after which only a reset or rewind helps.
    pub fn call_checked(&mut self, id: u32, x: &[u64; 8], d: &[u64; 8]) -> Result<(u64, u64), Error> {
        let name = self.tables().calls.get(id as usize).map_or("", |call| call.name);
        let args = arguments(name).ok_or_else(|| refused(name, "is not a function of objects"))?;
        let mut next = x.iter();
        for (number, &arg) in (1..).zip(args.iter().filter(|&&arg| arg != Num)) {
            let &value = next.next().expect("no function has more than eight");
            if !self.is_argument(arg, value, x) {
                return Err(refused(name, &format!("argument {number}, {value:#x}, is no {arg:?}")));
            }
        }
        // SAFETY: all arguments are what the function takes.
        unsafe { self.call(id, x, d) }
    }

    fn is_argument(&self, arg: Arg, value: u64, x: &[u64; 8]) -> bool {
        match arg {
            L => value == self.places().lua_state,
            G => value == self.places().global_state,
            Tab => self.is_sound(value),
            Str => self.is_kind(value, kind::STR),
            MaybeStr => value == 0 || self.is_kind(value, kind::STR),
            Buf => self.is_buffer(value),
            Value => self.holds(value, Word::Value),
            Key => self.holds(value, Word::Key),
            Up => self.is_upvalue(value),
            Mem(size) => self.is_memory(value, x[size] & 0xffff_ffff),
            Mem64(size) => self.is_memory(value, x[size]),
            Words(size) => value.is_multiple_of(8) && self.is_memory(value, size),
            Text => self.is_text(value),
            Align => value & 0xffff_ffff <= MAX_ALIGN,
            Format => (value >> 16 & 0xff) <= MAX_WIDTH && (value >> 24 & 0xff) <= MAX_WIDTH + 1,
            Int | Num => true,
        }
    }

    fn is_kind(&self, addr: u64, wanted: u32) -> bool {
        self.look(addr).is_ok_and(|object| object.kind == wanted)
    }

    fn holds(&self, addr: u64, wanted: Word) -> bool {
        self.read_u64(addr).is_ok_and(|word| self.is_word(word, wanted))
    }

    fn is_upvalue(&self, addr: u64) -> bool {
        let header = self.look(addr.wrapping_sub(UPVALUE_HEADER));
        header.is_ok_and(|object| object.detail == UPVALUE_TYPE) && self.holds(addr, Word::Object)
    }

    fn is_memory(&self, addr: u64, size: u64) -> bool {
        usize::try_from(size).is_ok_and(|size| self.regions().iter().any(|region| region.contains(addr, size)))
    }

    fn is_text(&self, addr: u64) -> bool {
        let byte_at = |at| {
            let mut byte = [0];
            self.read(at, &mut byte).ok().map(|()| byte[0])
        };
        (addr..).map_while(byte_at).any(|byte| byte == 0)
    }
}

fn refused(name: &str, why: &str) -> Error {
    Error::BadArgument { text: format!("call: {name}: {why}") }
}
