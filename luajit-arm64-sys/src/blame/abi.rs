//! `csrc/blame.h` in Rust: what a `blame` build has recorded.

/// `TH_BLAME_VERSION`
pub(super) const VERSION: u32 = 2;
/// `TH_CHAIN`
const CHAIN: usize = 20;

/// `struct th_write`
#[repr(C)]
pub(super) struct RawWrite {
    pub addr: u64,
    pub size: u32,
    pub old: u32,
    pub r#ref: u32,
    pub nchain: u32,
    pub chain: [u64; CHAIN],
}
const _: () = assert!(size_of::<RawWrite>() == 24 + 8 * CHAIN);

/// `struct th_held`
#[repr(C)]
pub(super) struct RawHeld {
    pub r#ref: u16,
    pub reg: u8,
    pub spill: u8,
    pub weak: u8,
    pub pad: u8,
}
const _: () = assert!(size_of::<RawHeld>() == 6);

/// `struct th_behind`
#[repr(C)]
pub(super) struct RawBehind {
    pub end: u64,
    pub r#ref: u32,
    pub traceno: u32,
    pub first: u32,
    pub count: u32,
    pub handler: u64,
}
const _: () = assert!(size_of::<RawBehind>() == 32);

/// `struct th_entered`
#[repr(C)]
pub(super) struct RawEntered {
    pub pc: u64,
    pub depth: u32,
    pub step: u32,
    pub ins: u64,
}
const _: () = assert!(size_of::<RawEntered>() == 24);

/// `struct th_blame`
#[repr(C)]
pub(super) struct RawBlame {
    pub base: u64,
    pub writes: *const RawWrite,
    pub behind: *const RawBehind,
    pub held: *const RawHeld,
    pub entered: *const RawEntered,
    pub nwrites: u32,
    pub nbehind: u32,
    pub nheld: u32,
    pub nentered: u32,
    pub lost: u32,
    pub pad: u32,
}
const _: () = assert!(size_of::<RawBlame>() == 64);

/// `struct th_blame_api`
#[repr(C)]
#[derive(Debug)]
pub(crate) struct BlameApi {
    pub(super) version: u32,
    pub(super) size: u32,
    pub(super) seen: unsafe extern "C" fn(*mut RawBlame),
}
