//! A release's numbers, by name: opcodes, IR types, C functions, fields, literals, errors.

use std::ffi::{CStr, c_char};
use std::slice;

use crate::abi::{RawCall, RawOp, RawSlice, RawTables};

/// What an operand of an opcode is (`IRM_ref` and so on).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A ref.
    Ref,
    /// A 16-bit literal.
    Literal,
    /// Part of a constant.
    Constant,
    /// Unused.
    None,
}

/// What an opcode does to memory (`IRM_N`, `_A`, `_L`, `_S`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpKind {
    /// Nothing, or computes a reference.
    Normal,
    /// Allocates.
    Alloc,
    /// Loads.
    Load,
    /// Stores, or has another side effect.
    Store,
}

/// A row of `IRDEF`; its index is the opcode's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpInfo {
    /// The name without its prefix: `XLOAD`.
    pub name: &'static str,
    /// First operand.
    pub op1: Operand,
    /// Second operand.
    pub op2: Operand,
    /// Operands may be swapped.
    pub commutative: bool,
    /// Effect on memory.
    pub kind: OpKind,
    /// A guard on it may be dropped if the result is unused (`IRM_W`).
    pub weak_guard: bool,
    /// `lj_ir_mode[]` as it is.
    pub mode: u8,
}

/// A row of `IRCALLDEF`; its index is the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallInfo {
    /// The C function's name.
    pub name: &'static str,
    /// Arguments, an implicit `lua_State` included.
    pub nargs: u8,
    /// Number of the result's IR type.
    pub result_type: u8,
    /// Number of the `CALL*` opcode the recorder uses.
    pub op: u8,
    /// The first argument is the `lua_State`, and not an operand (`CCI_L`).
    pub implicit_l: bool,
    /// The result is an integer register to be converted to a number (`CCI_CASTU64`).
    pub cast_u64: bool,
    /// Leaves the FP registers alone (`CCI_NOFPRCLOBBER`).
    pub keeps_fprs: bool,
    /// May throw (`CCI_T`).
    pub throws: bool,
    /// Exists in this build; the others stay in the table to keep its numbering.
    pub available: bool,
}

/// A name and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// As in LuaJIT's source.
    pub name: &'static str,
    /// Its value.
    pub value: i64,
}

/// A row of `lj_traceerr.h`; its index is the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceErrorInfo {
    /// `NYIIR`
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
}

/// Where `lj_snap_restore` expects registers: byte offsets into the state given to `Jit::restore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitStateLayout {
    /// 32 doubles, `d0` first.
    pub fpr: usize,
    /// 32 registers, `x0` first; the last is `sp`.
    pub gpr: usize,
    /// 256 spill slots of 4 bytes, from `sp` up.
    pub spill: usize,
    /// Bytes in all.
    pub size: usize,
}

/// Everything that differs from release to release, by name.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Opcodes.
    pub ops: Vec<OpInfo>,
    /// IR types and their sizes in bytes.
    pub types: Vec<Named>,
    /// C functions of `CALLN` and its like.
    pub calls: Vec<CallInfo>,
    /// `FPMATH` functions.
    pub fpmath: Vec<Named>,
    /// Fields of `FLOAD` and `FREF`: the index is the literal, the value an offset in bytes.
    pub fields: Vec<Named>,
    /// Other named numbers: `IRT_GUARD`, `IRSLOAD_TYPECHECK`, `IRCONV_SEXT`, `LJ_TISNUM`, `SPS_FIXED`, `sizeof(GCtab)`.
    pub values: Vec<Named>,
    /// Trace errors.
    pub trace_errors: Vec<TraceErrorInfo>,
    /// `LuaJIT 2.1.1788856981`
    pub version: &'static str,
    /// Optimizations this release has.
    pub opts: crate::Opts,
    /// Built with assertions.
    pub asserts: bool,
    /// Built with the random register allocator.
    pub random_ra: bool,
    /// Slots of snapshots and `SLOAD`s must be below.
    pub max_slot: u32,
    /// Layout of the exit state.
    pub exit_state: ExitStateLayout,
    pub(crate) build_info: &'static str,
}

impl Tables {
    /// The number of an opcode.
    pub fn op(&self, name: &str) -> Option<u8> {
        position(&self.ops, |row| row.name == name)
    }

    /// The number of an IR type: `INT`, `NUM`, `P64`.
    pub fn ir_type(&self, name: &str) -> Option<u8> {
        position(&self.types, |row| row.name == name)
    }

    /// The number of a C function, if this build has it.
    pub fn call(&self, name: &str) -> Option<u32> {
        position(&self.calls, |row| row.name == name && row.available).map(u32::from)
    }

    /// The literal of a field: `TAB_ASIZE`.
    pub fn field(&self, name: &str) -> Option<u8> {
        position(&self.fields, |row| row.name == name)
    }

    /// The literal of an `FPMATH` function: `FLOOR`.
    pub fn fpmath(&self, name: &str) -> Option<u8> {
        position(&self.fpmath, |row| row.name == name)
    }

    /// Any other named number.
    pub fn value(&self, name: &str) -> Option<i64> {
        self.values.iter().find(|row| row.name == name).map(|row| row.value)
    }

    /// # Safety
    /// `raw` points to tables whose strings and arrays are never freed or changed.
    pub(crate) unsafe fn read(raw: *const RawTables) -> Self {
        // SAFETY: the caller vouches for the pointer and everything reachable from it.
        unsafe {
            let raw = &*raw;
            Self {
                ops: rows(&raw.ops).iter().map(|row| op_info(row)).collect(),
                types: rows(&raw.types).iter().map(|row| named(row.name, row.size.cast_signed())).collect(),
                calls: rows(&raw.calls).iter().map(|row| call_info(row)).collect(),
                fpmath: rows(&raw.fpmath).iter().map(|row| named(row.name, row.value)).collect(),
                fields: rows(&raw.fields).iter().map(|row| named(row.name, row.value)).collect(),
                values: rows(&raw.values).iter().map(|row| named(row.name, row.value)).collect(),
                trace_errors: rows(&raw.traceerrs)
                    .iter()
                    .map(|row| TraceErrorInfo { name: text(row.name), text: text(row.text) })
                    .collect(),
                version: text(raw.version),
                build_info: text(raw.build_info),
                opts: crate::Opts::from_bits(raw.opts),
                asserts: raw.asserts != 0,
                random_ra: raw.random_ra != 0,
                max_slot: raw.max_slot,
                exit_state: ExitStateLayout {
                    fpr: raw.exit_fpr as usize,
                    gpr: raw.exit_gpr as usize,
                    spill: raw.exit_spill as usize,
                    size: raw.exit_size as usize,
                },
            }
        }
    }
}

/// LuaJIT's tables have at most 256 rows: opcodes and types are bytes.
fn position<T>(rows: &[T], is_it: impl FnMut(&T) -> bool) -> Option<u8> {
    rows.iter().position(is_it).and_then(|index| u8::try_from(index).ok())
}

/// # Safety
/// The slice is valid for as long as the library is loaded.
unsafe fn rows<T>(raw: &RawSlice<T>) -> &'static [T] {
    // SAFETY: as the caller vouches.
    unsafe { slice::from_raw_parts(raw.ptr, usize::try_from(raw.len).expect("the host has 64 bits")) }
}

/// # Safety
/// `ptr` is a C string that is never freed.
pub(crate) unsafe fn text(ptr: *const c_char) -> &'static str {
    // SAFETY: as the caller vouches.
    unsafe { CStr::from_ptr(ptr) }.to_str().unwrap_or("(not UTF-8)")
}

/// # Safety
/// `name` is a C string that is never freed.
unsafe fn named(name: *const c_char, value: i64) -> Named {
    // SAFETY: as the caller vouches.
    let name = unsafe { text(name) };
    Named { name, value }
}

/// # Safety
/// The row's name is a C string that is never freed.
unsafe fn op_info(row: &RawOp) -> OpInfo {
    OpInfo {
        // SAFETY: as the caller vouches.
        name: unsafe { text(row.name) },
        op1: operand(row.op1),
        op2: operand(row.op2),
        commutative: row.commutative != 0,
        kind: [OpKind::Normal, OpKind::Alloc, OpKind::Load, OpKind::Store][usize::from(row.kind & 3)],
        weak_guard: row.weak_guard != 0,
        mode: row.raw,
    }
}

fn operand(mode: u8) -> Operand {
    [Operand::Ref, Operand::Literal, Operand::Constant, Operand::None][usize::from(mode & 3)]
}

/// # Safety
/// The row's name is a C string that is never freed.
unsafe fn call_info(row: &RawCall) -> CallInfo {
    let flag = |bit: u32| row.flags >> bit & 1 != 0;
    CallInfo {
        // SAFETY: as the caller vouches.
        name: unsafe { text(row.name) },
        nargs: row.nargs,
        result_type: row.r#type,
        op: row.op,
        implicit_l: flag(0),
        cast_u64: flag(1),
        keeps_fprs: flag(2),
        throws: flag(5),
        available: !row.func.is_null(),
    }
}
