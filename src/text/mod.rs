//! `.trace` files: a case as text, with what it was found on and what should come of it.
//!
//! The format is stable; corpora of record are kept in it. Instructions and snapshots look as LuaJIT's `-jdump=is`
//! prints them, so a dump can be pasted in. `tests/data/format.trace` is a commented sample of everything below.
//!
//! # The file
//!
//! One line says one thing. White space separates words and does not matter otherwise. There are four kinds of lines:
//!
//! - `;; ...` is a comment. Comments and empty lines are not kept when a tool writes the file anew.
//! - `; word ...` is a directive. All directives stand before the trace.
//! - `---- TRACE 1` starts the trace, `---- TRACE 1 stop -> loop` ends it. A side trace may follow, as `TRACE 2`.
//! - All lines between are instructions (`0001 ...`) and snapshots (`.... SNAP ...`).
//!
//! What can't be understood is an error, never skipped.
//!
//! # The head
//!
//! ```text
//! ; tracehound 1                                      the version of the format: always the first line
//! ; backend luajit@210.4.6 plain                      what it was found on, free words (optional)
//! ; emit raw                                          fold (the default): through LuaJIT's FOLD; raw: as written;
//! ;                                                   passes: one iteration, then LuaJIT's own passes
//! ; flags -fuse +fma                                  optimisations that differ from the default (optional)
//! ; arena near                                        where the backend's memory lies: usual (the default), near, far
//! ; ra 123                                            the seed of a build that allocates registers at random (optional)
//! ; expect luajit@210.4.6 undefined-encoding in emit_lso
//! ; expect * agree                                    any number: a backend or *, then agree or a finding class,
//! ;                                                   then free words
//! ; note free text                                    any number
//! ; code luajit@* 0004 ldr w_, [x_, #8]               any number: what code the backends assemble, see below
//! ; region data 256 at 0                              memory: name, size, offset in the data area, both in bytes
//! ; region table 64 at 256 ro                         read-only memory: the same in all inputs,
//! ;   table+0: 01 02 03 04                            so its contents stand here
//! ; object s str "a\n\x00"                            Lua objects, behind the regions: a string
//! ; object t table asize 5 hbits 2 keys "a\n\x00" -1 +1.5 true {u} meta {t} black
//! ;                                                   a table: slots of its array part, bits of its hash part's size,
//! ;                                                   keys of that, its metatable, its colour; all optional
//! ; object f func closed open:5                       a function by its upvalues: of its own, or slot 5
//! ; object u udata 16 meta {t}                        a userdata of 16 bytes, with a metatable or none
//! ; object c cdata int64                              a cdata: int32, int64, uint64, double, pointer, struct8 ...
//! ```
//!
//! An object stands in the text by its name in braces, `{t}`; a string of up to twenty bytes as it is, `"a\n\x00"`. Quotes open
//! at the start of a word and behind `[`; in them `\"`, `\\`, `\n`, `\r`, `\t` and `\x00` (two digits) stand for a byte.
//!
//! # Code
//!
//! ```text
//! ; code luajit@* 0004 ldp w_, w_, [x_, #-8]          the code assembled for 0004 has such an instruction
//! ; code luajit@* 0004 no ldr                         it has none of these
//! ; code luajit@* 0002 none                           no code is assembled for 0002: another instruction does its work
//! ; code luajit@* trace movz x_, #1 ; movk            anywhere in the trace, one directly behind the other
//! ```
//!
//! First comes which backends a line is about: `*` for all, `luajit@*`, a release (`luajit@210.7.4`) or releases
//! (`luajit@>=210.5.0,<210.7.0`). Each line counts for all that it names; there is no line for the rest, as `expect *`
//! is. A source tree that is no release counts as later than all of them. Then come the ref, as in this file, or
//! `trace`; and the instructions as Capstone writes them. `_` stands for the rest of a word: `w_` is any 32-bit
//! register, `_` any register, `#_` any immediate. A mnemonic alone leaves its operands open. Numbers may be decimal.
//! Builds with random register allocation are not held to these lines.
//! Code belongs to the instruction that it was assembled for, with what it fused; a pair of loads or stores to the
//! later one.
//!
//! # Inputs
//!
//! Numbered from 1; a file without has one, of nil slots and zeroed memory. Slots not named are nil, bytes not
//! listed are 0. After `run` comes what the interpreter says of the input, as far as it differs from the input itself.
//!
//! ```text
//! ; input 1
//! ;   slot 2 int +5                                   nil, false, true, int +5, num +1.5, str data+32, or the
//! ;   slot 3 tab {t}                                  type of an object and the object
//! ;   data+0: 01 02 03                                bytes from an offset on
//! ;   data+8: -> data+32                              eight bytes that hold a pointer; they overwrite bytes
//! ;   t[1]: int +5                                    what is not nil in a table, by its key: `t["a"]`, `t[+1.5]` ...
//! ;   f.up0: tab {t}                                  an upvalue
//! ;   u+0: 01 02                                      payload of a userdata or cdata
//! ;   gc step                                         the collector: idle (the default), step, leave
//! ;   profile                                         a profiler wants to be called
//! ;   run exit 1                                      or: run tail, run fault CLASS; a side trace's exits are counted
//! ;                                                   behind its root's
//! ;     value 2 int +3                                the exit's snapshot: slot, type, value
//! ;     stack 3 num +1.5                              Lua stack slots that changed; `word 0x..`: no Lua value
//! ;     memory data+40: 03 00 00 00                   bytes that changed
//! ;     heap t["a"] tab {1}                           objects that changed; {1}, {2} ... are those that the run made
//! ;     heap t meta none                              also: black, white
//! ;     heap {1} tab                                  what a new object is: str "..", tab, cdt int64 ...,
//! ;     heap {1}[1] int +5                            and what it holds; as a key, with its type: [{2:str}]
//! ;     call helper 0x0000000000000001                helpers that were called, with their arguments' bits
//! ```
//!
//! # The trace
//!
//! ```text
//! ---- TRACE 1
//! ....        SNAP   #0   [ ---- ---- ]               an entry's position is its slot; slots 0 and 1 are the frame
//! 0001 >  int SLOAD  #2    T                          ref, guard, type, opcode, operands
//! 0002    i64 CONV   0001  i64.int sext
//! 0003    p64 ADD    0002  [data+32]                  KPTR; [[table+8]] is KKPTR
//! 0004    int XLOAD  0003
//! ....        SNAP   #1   [ ---- ---- 0004 +1   ]
//! 0005 >  int LT     0004  +100
//! 0006 ------ LOOP ------------
//! 0007    int PHI    0001  0004
//! ---- TRACE 1 stop -> loop                           or interpreter, return
//! ---- TRACE 2 start 1/0                              a side trace (optional), from this exit of the trace
//! ....        SNAP   #0   [ ---- ---- ]
//! 0001    int SLOAD  #2    P                          what the exit restores is loaded with P
//! ---- TRACE 2 stop -> root                           or interpreter, return, loop
//! ```
//!
//! Refs and snapshot numbers may have gaps; they are written anew from 0001 and #0. The columns for registers and
//! for PHI marks (`+`) of a dump are read over. CARG has lines of its own; CALLN and its like take the last one, or the
//! argument itself, or `nil`, and then the function: `CALLN  0005  lj_str_cmp`.
//!
//! # Constants
//!
//! | form | what it is |
//! |---|---|
//! | `+3`, `-8` | an integer of the operand's size (or, for a `num` operand, the number) |
//! | `0x00ff00ff00ff00ff` | an integer too large to be clear in decimal; for `num`, its bits, all sixteen digits |
//! | `+1.5`, `+3.0`, `+1e100` | a number, in the shortest form that reads back exactly |
//! | `bias` | the number 2^52 + 2^51 |
//! | `[data+8]`, `[[data+8]]`, `NULL` | pointers |
//! | `nil`, `false`, `true` | in snapshots, and where an opcode takes them |
//! | `{t}`, `"abc"` | an object |
//! | `t["abc"]` | KSLOT: the place of a key in a table's hash part |
//! | `[helper:i_i]`, `[tmpbuf]`, `[niltv]` | the address of a helper, the VM's string buffer, its nil that no table has |
//! | `ctype:int64` | the number of a C type |
//! | `+3LL` | an integer of 64 bits where nothing else says so: as an argument of a call |
//!
//! In a snapshot nothing says what `+3` should be: there it is an integer, and numbers are written with a point, an
//! exponent or all their bits. So it is for a call's arguments and a table's keys.
//!
//! # Limits
//!
//! A file has at most [`MAX_FILE`] bytes, a line [`MAX_LINE`], and free text has a limit of its own. [`print()`] cuts
//! longer notes into several. It does not check the size of the file: a case with more than about a mebibyte of
//! input memory that is not zero can be printed, but is refused by [`parse()`]; so does one with very many values in tables.

mod bytes;
mod classes;
mod error;
mod expected;
mod heap;
pub mod jdump;
mod line;
mod object;
mod parse;
mod pattern;
mod print;
mod print_ir;
mod shape;
mod value;

pub use error::{ParseError, Problem};
pub use expected::{Expected, Patch, RunEnd, expected};
pub use heap::{Change, What, Who};
pub use parse::{MAX_FILE, MAX_LINE, parse};
pub use pattern::Pattern;
pub use print::{link_name as print_link, print, print_bytes, print_input, print_objects};
pub use print_ir::{print_ins, print_snap};
pub use shape::{Bound, Builds, Relation, Release, Shape, Want};
pub use value::{bits as print_value, slot as print_slot, slot_word as print_word};

use crate::case::Case;
use crate::outcome::FindingClass;

/// The version of the format.
pub const VERSION: &str = "1";

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFile {
    /// What it was found on: the backend's name, its variant, any words. One line.
    pub backend: Option<String>,
    /// What should come of it.
    pub expects: Vec<Expect>,
    /// What the code should look like.
    pub shapes: Vec<Shape>,
    /// Free text, a line each.
    pub notes: Vec<String>,
    /// The case.
    pub case: Case,
    /// What the interpreter said, for each input of the case.
    pub runs: Vec<Option<Expected>>,
}

/// What a backend should make of the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The backend's name, without white space; `None` for all that have no line of their own.
    pub backend: Option<String>,
    /// The verdict.
    pub verdict: ExpectedVerdict,
    /// Free words, such as where the finding is. One line, may be empty.
    pub words: String,
}

/// A verdict that a file can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedVerdict {
    /// No finding.
    Agree,
    /// A finding of this class.
    Finding(FindingClass),
}

impl ExpectedVerdict {
    /// The word in text.
    pub fn name(self) -> &'static str {
        match self {
            ExpectedVerdict::Agree => "agree",
            ExpectedVerdict::Finding(class) => class.name(),
        }
    }
}
