//! Unicorn's C interface made safe: one engine, the host memory it maps, its registers.
//!
//! All `unsafe` of this layer is here. Settings and their order are measured choices; each says why.

use super::error::MachineError;
use crate::code::{Access, Mapping, Registers};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ops::{Range, RangeInclusive};
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, Mutex, PoisonError};
use unicorn_engine_sys::{
    Arch, ControlType, HookType, MemType, Mode, Prot, RegisterARM64, RegisterARM64CP, uc_close, uc_context,
    uc_context_alloc, uc_context_free, uc_context_restore, uc_context_save, uc_ctl, uc_emu_start, uc_emu_stop,
    uc_engine, uc_error, uc_hook, uc_hook_add, uc_mem_map_ptr, uc_open, uc_reg_read_batch, uc_reg_write,
    uc_reg_write_batch,
};

/// Bytes of a page of the guest.
pub const PAGE: usize = 4096;
/// Bytes of Unicorn's buffer for translated code. Its default of 1 GiB makes opening an engine slow.
const TCG_BUFFER: u32 = 8 << 20;
/// Where a run would end by itself: nowhere. Any other address costs an invalidation of its page after each run.
const NOWHERE: u64 = 0;
/// Most trap pages; more targets than these are slower, not wrong.
const MAX_TRAPS: usize = 16;
/// What trap pages are filled with.
const BRK: u32 = 0xd420_0000;
/// QEMU's number of the exception that it raises.
const EXCP_BKPT: u32 = 7;
/// Registers of a batch: x0 to x30, d0 to d31, sp, pc.
const BATCH: usize = 65;
/// What a batch writes: all but pc, which interrupts the emulator and which `uc_emu_start` sets anyway.
const WRITTEN: c_int = 64;

/// Page-aligned host memory, zero at first, that a guest may write at any time while it runs.
pub struct HostMemory {
    ptr: NonNull<u8>,
    layout: Layout,
}

impl HostMemory {
    /// Whole pages that hold `len` bytes.
    pub fn zeroed(len: usize) -> HostMemory {
        let layout = Layout::from_size_align(len.max(1).next_multiple_of(PAGE), PAGE).expect("a size in memory");
        // SAFETY: the layout has at least one page.
        let ptr = unsafe { alloc_zeroed(layout) };
        let Some(ptr) = NonNull::new(ptr) else { handle_alloc_error(layout) };
        HostMemory { ptr, layout }
    }

    /// Bytes, whole pages.
    pub fn len(&self) -> usize {
        self.layout.size()
    }

    /// The memory, for a [`Mapping`].
    pub fn as_ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// Copies bytes out.
    pub fn read(&self, offset: usize, into: &mut [u8]) {
        self.check(offset, into.len());
        // SAFETY: in bounds; the guest, the only other writer, runs in this thread and not now.
        unsafe { self.as_ptr().add(offset).copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) }
    }

    /// Copies bytes in.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.check(offset, bytes.len());
        // SAFETY: as in `read`; nobody holds a reference to these bytes.
        unsafe { self.as_ptr().add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
    }

    /// Sets bytes to zero.
    pub fn clear(&self, range: Range<usize>) {
        self.check(range.start, range.len());
        // SAFETY: as in `write`.
        unsafe { self.as_ptr().add(range.start).write_bytes(0, range.len()) }
    }

    fn check(&self, offset: usize, len: usize) {
        assert!(offset <= self.len() && len <= self.len() - offset, "{len} bytes at {offset} of {}", self.len());
    }
}

impl Drop for HostMemory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, freed once.
        unsafe { dealloc(self.as_ptr(), self.layout) }
    }
}

/// Why the emulator stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// No code at pc.
    Fetch,
    /// A load or store that no mapping allows.
    Data(DataAccess),
    /// An exception, by QEMU's number (`EXCP_*` in its target/arm/cpu.h).
    Exception(u32),
    /// No error: stopped by the watchdog or by itself.
    Quiet,
    /// An error that should not happen.
    Other(uc_error),
}

/// A refused load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataAccess {
    /// Its address.
    pub address: u64,
    /// Its bytes.
    pub size: u32,
    /// Load or store, from or to what.
    pub kind: Refused,
}

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A load from where no memory is.
    Load,
    /// A store to where no memory is.
    Store,
    /// A store to memory that is mapped for loads or code.
    StoreReadOnly,
}

/// What the callbacks saw during one start.
#[derive(Default)]
struct Events {
    exception: Cell<Option<u32>>,
    access: Cell<Option<DataAccess>>,
}

/// A Unicorn engine with its memory.
pub struct Engine {
    // In the order in which they are dropped: what Unicorn points to outlives it.
    clean: Context,
    handle: Handle,
    events: Box<Events>,
    window: HostMemory,
    window_addr: u64,
    mappings: Vec<Mapping>,
    traps: Vec<Trap>,
}

/// A page at a guest address where breakpoints stand in for what is behind it.
struct Trap {
    page: u64,
    /// Unicorn maps it for as long as the engine lives.
    _memory: HostMemory,
}

impl Engine {
    /// Opens an engine at EL0 with this memory and an empty code window.
    pub fn new(mappings: &[Mapping], (window_addr, window_len): (u64, u64)) -> Result<Engine, MachineError> {
        let handle = Handle::open()?;
        let window = HostMemory::zeroed(usize::try_from(window_len).expect("64-bit host"));
        let code = Mapping { addr: window_addr, len: window_len, host: window.as_ptr(), access: Access::Read };
        handle.map(&code, Prot::READ.0 | Prot::EXEC.0)?;
        for m in mappings {
            let write = if m.access == Access::ReadWrite { Prot::WRITE.0 } else { 0 };
            handle.map(m, Prot::READ.0 | write)?;
        }
        let events = Box::<Events>::default();
        handle.hook(&events, mappings)?;
        handle.enter_el0()?;
        let clean = Context::save(&handle)?;
        Ok(Engine { clean, handle, events, window, window_addr, mappings: mappings.to_vec(), traps: vec![] })
    }

    /// The code window's addresses.
    pub fn window(&self) -> Range<u64> {
        self.window_addr..self.window_addr + self.window.len() as u64
    }

    /// The host memory of the code window.
    pub fn window_memory(&self) -> &HostMemory {
        &self.window
    }

    /// Forgets translations of code in a range of addresses.
    pub fn forget(&mut self, range: Range<u64>) -> Result<(), MachineError> {
        if range.is_empty() {
            return Ok(());
        }
        let control = ControlType(ControlType::TB_REMOVE_CACHE.0 | ControlType::IO_WRITE.0);
        // SAFETY: an open engine; this control takes two addresses.
        let error = unsafe { uc_ctl(self.handle.uc(), control, range.start, range.end) };
        check(error, "remove translated code")
    }

    /// Resets all of the CPU, flags and upper halves of vectors included.
    pub fn reset(&mut self) -> Result<(), MachineError> {
        // SAFETY: an open engine and a context that was saved from it.
        check(unsafe { uc_context_restore(self.handle.uc(), self.clean.0.as_ptr()) }, "reset the processor")
    }

    /// Sets the registers, runs from their pc until something stops it, and reads them back. With a `budget` it also stops behind that
    /// many instructions, [`Halt::Quiet`]; this is slow, and only code translated for it counts: forget it before and after.
    pub fn go(&mut self, regs: &mut Registers, budget: Option<usize>) -> Result<Halt, MachineError> {
        self.events.exception.set(None);
        self.events.access.set(None);
        let (uc, mut places) = (self.handle.uc(), places(regs));
        // SAFETY: an open engine; `places` are `WRITTEN` and more pointers to 64-bit registers, as `IDS` says.
        check(unsafe { uc_reg_write_batch(uc, IDS.as_ptr(), places.as_ptr(), WRITTEN) }, "write registers")?;
        // SAFETY: an open engine, used by this thread only but for `Stopper`. Callbacks reach `events`, which lives.
        let error = unsafe { uc_emu_start(uc, regs.pc, NOWHERE, 0, budget.unwrap_or(0)) };
        let all = c_int::try_from(BATCH).expect("small");
        // SAFETY: as for the write.
        check(unsafe { uc_reg_read_batch(uc, IDS.as_ptr(), places.as_mut_ptr(), all) }, "read registers")?;
        Ok(self.halt(error, regs.pc))
    }

    /// Makes stops at the page of an address cheap: a fetch that faults is translated anew each time, a breakpoint
    /// once. What can be seen stays the same: [`Halt::Fetch`], and faults of loads and stores. Where something is
    /// mapped already, nothing happens.
    pub fn trap(&mut self, addr: u64) {
        let page = page_of(addr);
        if self.traps.len() == MAX_TRAPS || self.is_trap(addr) {
            return;
        }
        let memory = HostMemory::zeroed(PAGE);
        memory.write(0, &BRK.to_le_bytes().repeat(PAGE / 4));
        // The guest can neither read nor write it, so that its loads and stores still fault.
        let m = Mapping { addr: page, len: PAGE as u64, host: memory.as_ptr(), access: Access::Read };
        if self.handle.map(&m, Prot::EXEC.0).is_ok() {
            self.traps.push(Trap { page, _memory: memory });
        }
    }

    fn is_trap(&self, addr: u64) -> bool {
        self.traps.iter().any(|t| t.page == page_of(addr))
    }

    fn halt(&self, error: uc_error, pc: u64) -> Halt {
        match self.events.exception.get() {
            Some(EXCP_BKPT) if self.is_trap(pc) => return Halt::Fetch,
            Some(number) => return Halt::Exception(number),
            None => {}
        }
        let unmapped = |a: DataAccess| match a.kind {
            Refused::StoreReadOnly if self.is_trap(a.address) => DataAccess { kind: Refused::Store, ..a },
            _ => a,
        };
        match (error, self.events.access.get().map(unmapped)) {
            (uc_error::OK, _) => Halt::Quiet,
            (uc_error::FETCH_UNMAPPED | uc_error::FETCH_PROT, _) => Halt::Fetch,
            (_, Some(access)) => Halt::Data(access),
            (other, None) => Halt::Other(other),
        }
    }

    /// Writes guest memory that is mapped, code excluded.
    pub fn poke(&self, addr: u64, bytes: &[u8]) -> Result<(), MachineError> {
        let len = bytes.len() as u64;
        let inside = |m: &&Mapping| addr >= m.addr && len <= m.len && addr - m.addr <= m.len - len;
        let m = self.mappings.iter().find(inside).ok_or(MachineError::Unmapped { addr, len: bytes.len() })?;
        let offset = usize::try_from(addr - m.addr).expect("64-bit host");
        // SAFETY: inside of a mapping, whose memory is valid by the contract of `Mapping::host`.
        unsafe { m.host.add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }

    /// What can stop this engine from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.handle.0))
    }
}

/// Stops an engine from any thread; does nothing once the engine is gone.
pub struct Stopper(Arc<Mutex<Option<Uc>>>);

impl Stopper {
    /// Makes the run that goes on now end soon. One call may be lost: repeat until the run has ended.
    pub fn stop(&self) {
        if let Some(uc) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // SAFETY: open as long as it is in here; `uc_emu_stop` only sets flags that the emulator's loop polls
            // (Unicorn's own timer thread calls it the same way).
            unsafe { uc_emu_stop(uc.0.as_ptr()) };
        }
    }
}

/// A pointer to an engine that may go to the watchdog's thread.
struct Uc(NonNull<uc_engine>);

// SAFETY: other threads only stop it, see `Stopper::stop`.
unsafe impl Send for Uc {}

/// An open engine; closed when dropped.
struct Handle(Arc<Mutex<Option<Uc>>>, NonNull<uc_engine>);

impl Handle {
    fn open() -> Result<Handle, MachineError> {
        let mut uc = null_mut();
        // SAFETY: an out pointer.
        check(unsafe { uc_open(Arch::ARM64, Mode::ARM, &raw mut uc) }, "open an engine")?;
        let uc = NonNull::new(uc).expect("an engine that was opened");
        let handle = Handle(Arc::new(Mutex::new(Some(Uc(uc)))), uc);
        let control = ControlType(ControlType::TCG_BUFFER_SIZE.0 | ControlType::IO_WRITE.0);
        // SAFETY: open and not used yet; this control takes a 32-bit size.
        check(unsafe { uc_ctl(handle.uc(), control, TCG_BUFFER) }, "set the size of the code buffer")?;
        Ok(handle)
    }

    fn uc(&self) -> *mut uc_engine {
        self.1.as_ptr()
    }

    fn map(&self, m: &Mapping, prot: u32) -> Result<(), MachineError> {
        // SAFETY: the memory outlives the engine: `Engine` keeps its window, `Mapping::host` promises the others.
        let error = unsafe { uc_mem_map_ptr(self.uc(), m.addr, m.len, prot, m.host.cast()) };
        match error {
            uc_error::OK => Ok(()),
            why => Err(MachineError::Mapping { addr: m.addr, len: m.len, why: why.to_string() }),
        }
    }

    /// Hooks for what stops a run.
    ///
    /// Unicorn takes the slow path for every store to an address that a memory hook covers, and scans the whole TLB
    /// for every block it translates at an address that none covers (`uc_mem_hook_installed`). So the hooks cover
    /// all but the memory that the guest may write; there they fire on faults only.
    fn hook(&self, events: &Events, mappings: &[Mapping]) -> Result<(), MachineError> {
        let data = HookType::MEM_READ_UNMAPPED.0
            | HookType::MEM_WRITE_UNMAPPED.0
            | HookType::MEM_READ_PROT.0
            | HookType::MEM_WRITE_PROT.0;
        self.add_hook(HookType::INTR.0, on_exception as *mut c_void, events, &EVERYWHERE)?;
        let gaps = gaps(mappings);
        gaps.iter().try_for_each(|gap| self.add_hook(data, on_refused as *mut c_void, events, gap))
    }

    fn add_hook(&self, kind: u32, f: *mut c_void, to: &Events, at: &RangeInclusive<u64>) -> Result<(), MachineError> {
        let (mut id, to): (uc_hook, _) = (0, (&raw const *to).cast_mut().cast());
        let kind = c_int::try_from(kind).expect("small");
        // SAFETY: `f` has the signature of its kind; `to` is boxed and outlives the engine.
        check(unsafe { uc_hook_add(self.uc(), &raw mut id, kind, f, to, *at.start(), *at.end()) }, "add a hook")
    }

    /// Engines start at EL1, where privileged instructions would execute.
    fn enter_el0(&self) -> Result<(), MachineError> {
        let pstate = 0u64;
        self.write(RegisterARM64::PSTATE, (&raw const pstate).cast(), "enter EL0")?;
        // Any write of a system register makes QEMU look at the new level; this is TPIDR_EL0.
        let tpidr = RegisterARM64CP::new().op0(3).op1(3).crn(13).crm(0).op2(2).val(0);
        self.write(RegisterARM64::CP_REG, (&raw const tpidr).cast(), "enter EL0")
    }

    fn write(&self, id: RegisterARM64, value: *const c_void, what: &'static str) -> Result<(), MachineError> {
        // SAFETY: an open engine; `value` points to what the register holds.
        check(unsafe { uc_reg_write(self.uc(), id as c_int, value) }, what)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // SAFETY: open, closed once, and no stopper reaches it any more.
        unsafe { uc_close(self.uc()) };
    }
}

/// The saved state of a CPU.
struct Context(NonNull<uc_context>);

impl Context {
    fn save(handle: &Handle) -> Result<Context, MachineError> {
        let mut context = null_mut();
        // SAFETY: an open engine and an out pointer.
        check(unsafe { uc_context_alloc(handle.uc(), &raw mut context) }, "allocate a context")?;
        let context = Context(NonNull::new(context).expect("a context that was allocated"));
        // SAFETY: allocated for this engine.
        check(unsafe { uc_context_save(handle.uc(), context.0.as_ptr()) }, "save the processor")?;
        Ok(context)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: allocated by Unicorn, freed once.
        unsafe { uc_context_free(self.0.as_ptr()) };
    }
}

/// All addresses.
const EVERYWHERE: RangeInclusive<u64> = 0..=u64::MAX;

/// The addresses between the mappings that the guest may write.
fn gaps(mappings: &[Mapping]) -> Vec<RangeInclusive<u64>> {
    let writable = mappings.iter().filter(|m| m.access == Access::ReadWrite);
    let mut used: Vec<(u64, u64)> = writable.map(|m| (m.addr, m.addr + (m.len - 1))).collect();
    used.sort_unstable();
    let firsts = std::iter::once(Some(0)).chain(used.iter().map(|u| u.1.checked_add(1)));
    let lasts = used.iter().map(|u| u.0.checked_sub(1)).chain([Some(u64::MAX)]);
    firsts.zip(lasts).filter_map(|(first, last)| Some(first?..=last?)).filter(|gap| !gap.is_empty()).collect()
}

/// A hook that returned would be called for ever on some exceptions: always stop.
extern "C" fn on_exception(uc: *mut uc_engine, number: u32, events: *mut c_void) {
    // SAFETY: what `hook` gave to Unicorn: it lives, and is used by this thread only.
    let events = unsafe { &*events.cast::<Events>() };
    events.exception.set(Some(number));
    // SAFETY: the engine that called.
    unsafe { uc_emu_stop(uc) };
}

extern "C" fn on_refused(
    _: *mut uc_engine,
    kind: MemType,
    address: u64,
    size: c_int,
    _: i64,
    events: *mut c_void,
) -> bool {
    // SAFETY: as in `on_exception`.
    let events = unsafe { &*events.cast::<Events>() };
    let kind = match kind {
        MemType::WRITE_UNMAPPED => Refused::Store,
        MemType::WRITE_PROT => Refused::StoreReadOnly,
        _ => Refused::Load,
    };
    events.access.set(Some(DataAccess { address, size: size.cast_unsigned(), kind }));
    false
}

/// Where the values of a batch are, in the order of [`IDS`].
fn places(regs: &mut Registers) -> [*mut c_void; BATCH] {
    let Registers { x, d, sp, pc } = regs;
    let mut all = x.iter_mut().chain(d).chain([sp, pc]);
    std::array::from_fn(|_| (&raw mut *all.next().expect("as many as in a batch")).cast())
}

fn page_of(addr: u64) -> u64 {
    addr & !(PAGE as u64 - 1)
}

const IDS: [c_int; BATCH] = ids();

const fn ids() -> [c_int; BATCH] {
    let mut ids = [0; BATCH];
    let mut n = 0;
    while n < 32 {
        if n < 29 {
            ids[n] = RegisterARM64::X0 as c_int + n as c_int;
        }
        ids[31 + n] = RegisterARM64::D0 as c_int + n as c_int;
        n += 1;
    }
    // Unicorn numbers these two apart.
    ids[29] = RegisterARM64::X29 as c_int;
    ids[30] = RegisterARM64::X30 as c_int;
    ids[63] = RegisterARM64::SP as c_int;
    ids[64] = RegisterARM64::PC as c_int;
    ids
}

fn check(error: uc_error, what: &'static str) -> Result<(), MachineError> {
    match error {
        uc_error::OK => Ok(()),
        why => Err(MachineError::Refused { what, why: why.to_string() }),
    }
}
