//! `csrc/api.h` in Rust: the table of C functions and the plain data that crosses it.

use std::ffi::{c_char, c_void};
use std::mem::{offset_of, size_of};

/// The version of the interface to builds (`TH_API_VERSION`): a shared library of another version does not load.
pub const VERSION: u32 = 5;
/// The interpreter's exit, from the exit handler on.
pub(crate) const VM_INTERP: u64 = 0x100;
/// Distance of two C functions' made-up addresses.
pub(crate) const CALL_STRIDE: u64 = 16;
/// `th_loc.reg` without a register.
pub(crate) const NO_REG: u8 = 0x80;

/// `enum th_status`
pub(crate) mod status {
    pub const OK: u32 = 0;
    pub const TRACE_ERROR: u32 = 1;
    pub const ASSERT: u32 = 2;
    pub const LUA_ERROR: u32 = 3;
    pub const UNEXPECTED_VM_CALL: u32 = 4;
    pub const OUT_OF_ARENA: u32 = 5;
    pub const BUSY: u32 = 7;
}

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawLayout {
    pub base: u64,
    pub heap_size: u64,
    pub heap_first: u64,
    pub object_ofs: u64,
    pub object_size: u64,
    pub mcode_ofs: u64,
    pub mcode_size: u64,
    pub vm_ofs: u64,
    pub call_ofs: u64,
    pub data_ofs: u64,
    pub data_size: u64,
    pub stack_ofs: u64,
    pub stack_size: u64,
    pub total: u64,
}
const _: () = assert!(size_of::<RawLayout>() == 112 && offset_of!(RawLayout, total) == 104);

#[repr(C)]
pub(crate) struct RawError {
    pub status: u32,
    pub trace_code: i32,
    pub at_ref: u32,
    pub info: i32,
    pub trace_name: *const c_char,
    pub text: *const c_char,
}
const _: () = assert!(size_of::<RawError>() == 32);

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawSnapEntry {
    pub slot: u8,
    pub flags: u8,
    pub r#ref: u16,
}
const _: () = assert!(size_of::<RawSnapEntry>() == 4);

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawIns {
    pub op: u8,
    pub r#type: u8,
    pub op1: u16,
    pub op2: u16,
    pub prev: u16,
    pub value: u64,
}
const _: () = assert!(size_of::<RawIns>() == 16);

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawNote {
    pub r#ref: u32,
    pub end: u32,
}
const _: () = assert!(size_of::<RawNote>() == 8);

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawResult {
    pub mcode: u64,
    pub size: u64,
    pub loop_ofs: u64,
    pub stubs: u64,
    pub end: u64,
    pub stub0: u64,
    pub k_start: u64,
    pub k_end: u64,
    pub area: u64,
    pub base: u64,
    pub gl: u64,
    pub lua_state: u64,
    pub pc: u64,
    pub spadjust: u32,
    pub nsnap: u32,
    pub nexits: u32,
    pub nins: u32,
    pub nk: u32,
    pub traceno: u32,
    pub far_exit: u32,
    pub nnotes: u32,
    pub notes: *const RawNote,
}
const _: () = assert!(size_of::<RawResult>() == 144 && offset_of!(RawResult, spadjust) == 104);

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawLoc {
    pub reg: u8,
    pub spill: u8,
    pub raw_reg: u8,
    pub r#type: u8,
}
const _: () = assert!(size_of::<RawLoc>() == 4);

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawSnapshot {
    pub r#ref: u32,
    pub nslots: u32,
    pub nent: u32,
    pub tag: u32,
}
const _: () = assert!(size_of::<RawSnapshot>() == 16);

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawSlot {
    pub r#ref: u16,
    pub r#type: u8,
    pub pad: u8,
}
const _: () = assert!(size_of::<RawSlot>() == 4);

#[repr(C)]
pub(crate) struct RawOp {
    pub name: *const c_char,
    pub op1: u8,
    pub op2: u8,
    pub commutative: u8,
    pub kind: u8,
    pub weak_guard: u8,
    pub raw: u8,
    pub pad: [u8; 2],
}
const _: () = assert!(size_of::<RawOp>() == 16);

#[repr(C)]
pub(crate) struct RawType {
    pub name: *const c_char,
    pub size: u64,
}

#[repr(C)]
pub(crate) struct RawValue {
    pub name: *const c_char,
    pub value: i64,
}

#[repr(C)]
pub(crate) struct RawText {
    pub name: *const c_char,
    pub text: *const c_char,
}

#[repr(C)]
pub(crate) struct RawCall {
    pub name: *const c_char,
    pub func: *const c_void,
    pub nargs: u8,
    pub r#type: u8,
    pub op: u8,
    pub pad: u8,
    pub flags: u32,
}
const _: () = assert!(size_of::<RawCall>() == 24);

/// A C array of `T`.
#[repr(C)]
pub(crate) struct RawSlice<T> {
    pub ptr: *const T,
    pub len: u64,
}

#[repr(C)]
pub(crate) struct RawTables {
    pub ops: RawSlice<RawOp>,
    pub types: RawSlice<RawType>,
    pub calls: RawSlice<RawCall>,
    pub fpmath: RawSlice<RawValue>,
    pub fields: RawSlice<RawValue>,
    pub values: RawSlice<RawValue>,
    pub traceerrs: RawSlice<RawText>,
    pub version: *const c_char,
    pub build_info: *const c_char,
    pub opts: u32,
    pub asserts: u32,
    pub random_ra: u32,
    pub max_slot: u32,
    pub exit_fpr: u32,
    pub exit_gpr: u32,
    pub exit_spill: u32,
    pub exit_size: u32,
}
const _: () = assert!(size_of::<RawTables>() == 160);

#[repr(C)]
#[derive(Default)]
pub(crate) struct RawHeap {
    pub used: u64,
    pub checkpoint: u64,
}

/// `enum th_kind`
pub(crate) mod kind {
    pub const STR: u32 = 1;
    pub const TAB: u32 = 2;
    pub const FUNC: u32 = 3;
    pub const UDATA: u32 = 4;
    pub const CDATA: u32 = 5;
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawObject {
    pub kind: u32,
    pub color: u32,
    pub data: u64,
    pub size: u64,
    pub nodes: u64,
    pub nnodes: u64,
    pub meta: u64,
    pub detail: u32,
    pub pad: u32,
}
const _: () = assert!(size_of::<RawObject>() == 56);

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawUpvalue {
    pub addr: u64,
    pub closed: u32,
    pub color: u32,
    pub hash: u32,
    pub pad: u32,
}
const _: () = assert!(size_of::<RawUpvalue>() == 24);

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawNewUp {
    pub open: u64,
    pub value: u64,
}

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPair {
    pub key: u64,
    pub value: u64,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawCtype {
    pub id: u32,
    pub size: u32,
    pub align: u32,
    pub vla: u32,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawPlaces {
    pub lua_state: u64,
    pub global_state: u64,
    pub tmptv: u64,
    pub tmpbuf: u64,
    pub niltv: u64,
    pub env: u64,
}

/// `struct th_objects_api`
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ObjectsApi {
    pub str: unsafe extern "C" fn(u64, *const u8, u64, *mut u64) -> u32,
    pub tab: unsafe extern "C" fn(u64, u32, u32) -> u32,
    pub tab_set: unsafe extern "C" fn(u64, u64, u64) -> u32,
    pub meta: unsafe extern "C" fn(u64, u64) -> u32,
    pub func: unsafe extern "C" fn(u64, *const RawNewUp, u32) -> u32,
    pub udata: unsafe extern "C" fn(u64, u32) -> u32,
    pub ctype: unsafe extern "C" fn(*const c_char, *mut RawCtype) -> u32,
    pub cdata: unsafe extern "C" fn(u64, u32, u32) -> u32,
    pub color: unsafe extern "C" fn(u64, u32) -> u32,
    pub read: unsafe extern "C" fn(u64, *mut RawObject) -> u32,
    pub upvalue: unsafe extern "C" fn(u64, u32, *mut RawUpvalue) -> u32,
    pub node: unsafe extern "C" fn(u64, u64, *mut u32, *mut u32) -> u32,
    pub places: unsafe extern "C" fn(*mut RawPlaces),
    pub buffer: unsafe extern "C" fn(u64) -> u32,
    pub is_word: unsafe extern "C" fn(u64, u32) -> u32,
    pub is_sound: unsafe extern "C" fn(u64) -> u32,
    pub tab_write: unsafe extern "C" fn(u64, *const u64, u32, *const RawPair, u32) -> u32,
    pub func_write: unsafe extern "C" fn(u64, *const u64, u32) -> u32,
    pub gc: unsafe extern "C" fn(u32, u32, u32) -> u32,
    pub checkpoint: unsafe extern "C" fn() -> u32,
    pub rewind: unsafe extern "C" fn() -> u32,
}
const _: () = assert!(size_of::<ObjectsApi>() == 168);

/// `struct th_passes_api`
#[repr(C)]
#[derive(Debug)]
pub(crate) struct PassesApi {
    pub snap_at: unsafe extern "C" fn(*const RawSnapEntry, u32, u32, u32, *mut u32) -> u32,
    pub optimize: unsafe extern "C" fn(u32) -> u32,
    pub begin_side: unsafe extern "C" fn(u32, u32, u32) -> u32,
    pub slot_ref: unsafe extern "C" fn(u32, *mut RawSlot) -> u32,
    pub snapshot: unsafe extern "C" fn(u32, u32, *mut RawSnapshot) -> u32,
    pub snap_entries: unsafe extern "C" fn(u32, u32, *mut RawSnapEntry, u32) -> u32,
    pub result_of: unsafe extern "C" fn(u32, *mut RawResult) -> u32,
    pub loc_of: unsafe extern "C" fn(u32, u32, u32, *mut RawLoc) -> u32,
    pub ir_of: unsafe extern "C" fn(u32, u32, *mut RawIns) -> u32,
    pub ra_seed: unsafe extern "C" fn(u64) -> u32,
    pub coverage: unsafe extern "C" fn(*const c_char) -> u32,
}
const _: () = assert!(size_of::<PassesApi>() == 88);

/// `struct th_api`
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Api {
    pub version: u32,
    pub size: u32,
    pub tables: unsafe extern "C" fn() -> *const RawTables,
    pub last_error: unsafe extern "C" fn(*mut RawError),
    pub init: unsafe extern "C" fn(*const RawLayout) -> u32,
    pub fini: unsafe extern "C" fn(),
    pub reset: unsafe extern "C" fn(),
    pub scrub: unsafe extern "C" fn(),
    pub heap: unsafe extern "C" fn(*mut RawHeap),
    pub begin: unsafe extern "C" fn(u32) -> u32,
    pub kint: unsafe extern "C" fn(i32, *mut u32) -> u32,
    pub kint64: unsafe extern "C" fn(u64, *mut u32) -> u32,
    pub knum: unsafe extern "C" fn(u64, *mut u32) -> u32,
    pub kptr: unsafe extern "C" fn(u64, *mut u32) -> u32,
    pub kkptr: unsafe extern "C" fn(u64, *mut u32) -> u32,
    pub knull: unsafe extern "C" fn(u32, *mut u32) -> u32,
    pub kgc: unsafe extern "C" fn(u64, u32, *mut u32) -> u32,
    pub kslot: unsafe extern "C" fn(u32, u32, *mut u32) -> u32,
    pub emit: unsafe extern "C" fn(u32, u32, u32, *mut u32) -> u32,
    pub fold: unsafe extern "C" fn(u32, u32, u32, *mut u32) -> u32,
    pub snap: unsafe extern "C" fn(*const RawSnapEntry, u32, u32, *mut u32) -> u32,
    pub assemble: unsafe extern "C" fn(u32, u32) -> u32,
    pub result: unsafe extern "C" fn(*mut RawResult) -> u32,
    pub loc: unsafe extern "C" fn(u32, u32, *mut RawLoc) -> u32,
    pub ir: unsafe extern "C" fn(u32, *mut RawIns) -> u32,
    pub commit: unsafe extern "C" fn() -> u32,
    pub drop: unsafe extern "C" fn(),
    pub restore: unsafe extern "C" fn(u32, u32, *mut u8) -> u32,
    pub enter: unsafe extern "C" fn(u32),
    pub leave: unsafe extern "C" fn(),
    pub call: unsafe extern "C" fn(u32, *const u64, *const u64, *mut u64, *mut u64) -> u32,
    pub objects: &'static ObjectsApi,
    pub passes: &'static PassesApi,
}
const _: () = assert!(size_of::<Api>() == 256);

unsafe extern "C" {
    /// The statically linked build.
    pub(crate) fn th_api_get() -> *const Api;
}
