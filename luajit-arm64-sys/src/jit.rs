//! The trace assembler in its arena: build a trace, assemble it, read it back, run around it.

use std::marker::PhantomData;
use std::ptr;
use std::rc::Rc;

use crate::abi::{Api, RawError, RawHeap, status};
use crate::code::{Code, Loc, Notes};
use crate::error::{Error, TraceError};
use crate::ir::{Folded, Ins, Link, Opts, SnapEntry, TRef};
use crate::layout::{Layout, Region};
use crate::library::Library;
use crate::tables::{Tables, text};

/// `REF_DROP`: `FOLD` left nothing of the instruction.
const REF_DROP: u32 = 0xffff;

/// A LuaJIT build with its Lua state and arena. One at a time for each build in a process; dropping it frees the arena.
///
/// The order of calls is [`reset`](Self::reset), objects ([`new_tab`](Self::new_tab) and the like), [`begin`](Self::begin), constants, instructions and snapshots,
/// [`assemble`](Self::assemble), then [`code`](Self::code), [`loc`](Self::loc), [`ir`](Self::ir), and for a run
/// [`commit`](Self::commit), [`checkpoint`](Self::checkpoint), then for each input [`rewind`](Self::rewind), values, and
/// [`enter`](Self::enter). Calls out of order are [`Error::BadArgument`].
///
/// Operands are checked to be refs of the trace and literals to be in range, the IR's meaning is not: like any compiler's internal
/// interface this one can be crashed by IR that the recorder would not produce. Campaigns run it in worker processes.
#[derive(Debug)]
pub struct Jit {
    library: Rc<Library>,
    pub(crate) api: &'static Api,
    layout: Layout,
    /// Calls of [`Jit::fold`] and [`Jit::optimize`] since the reset.
    pub(crate) steps: u32,
    /// The C side has one state and no locks.
    not_send: PhantomData<*mut ()>,
}

impl Jit {
    /// Maps the arena and starts a Lua state in it.
    ///
    /// # Errors
    /// `Busy` if this build has a `Jit` already, `OutOfArena` if the addresses are taken or the heap is too small, `BadArgument` if
    /// the layout's parts overlap.
    pub fn new(library: &Rc<Library>, layout: Layout) -> Result<Self, Error> {
        let api = library.api();
        // SAFETY: the layout is plain data; the C side checks it and lets only one thread in.
        let code = unsafe { (api.init)(&layout.raw()) };
        match code {
            status::OK => Ok(Self { library: Rc::clone(library), api, layout, steps: 0, not_send: PhantomData }),
            status::BUSY => Err(Error::Busy),
            _ => {
                let error = last_error(api, code, library.tables());
                // SAFETY: this thread holds the library since init did not say busy.
                unsafe { (api.fini)() };
                Err(error)
            }
        }
    }

    /// Gives the arena up and starts anew in another one: nothing of what was made is left, nor of the old arena's mappings.
    ///
    /// # Errors
    /// Those of [`Jit::new`]; then all is anew where it was.
    ///
    /// # Panics
    /// If the old arena can't be had again: another thread has taken its addresses.
    pub fn relocate(&mut self, layout: Layout) -> Result<(), Error> {
        // SAFETY: this Jit holds the library; nothing that it lent out outlives the borrow, and memory is lent by address only.
        let moved = unsafe { init_again(self.api, &layout, self.tables()) };
        match moved {
            Ok(()) => self.layout = layout,
            // SAFETY: as above.
            Err(_) => unsafe { init_again(self.api, &self.layout, self.tables()) }.expect("the arena that was there"),
        }
        moved
    }

    /// The build.
    pub fn library(&self) -> &Rc<Library> {
        &self.library
    }

    /// The build's numbers.
    pub fn tables(&self) -> &Tables {
        self.library.tables()
    }

    /// Where the arena lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Back to the state after [`Jit::new`]: the next trace comes out byte for byte like the first. Data and stack keep their contents.
    pub fn reset(&mut self) {
        // SAFETY: this Jit holds the library.
        unsafe { (self.api.reset)() };
        self.steps = 0;
    }

    /// [`Jit::reset`], and all memory outside of it reads as zero, data and stack included. For after a run that stored where it should not.
    pub fn scrub(&mut self) {
        // SAFETY: this Jit holds the library.
        unsafe { (self.api.scrub)() };
        self.steps = 0;
    }

    /// Bytes of the heap in use, and bytes a reset copies.
    pub fn heap(&self) -> (u64, u64) {
        let mut heap = RawHeap::default();
        // SAFETY: writes one struct.
        unsafe { (self.api.heap)(&raw mut heap) };
        (heap.used, heap.checkpoint)
    }

    // -- Building ------------------------------------------------------------

    /// Starts a root trace, dropping one that was not committed. [`Jit::begin_side`] starts a side trace.
    ///
    /// # Errors
    /// If an optimization is not in this release, or the last call failed and was not followed by a reset.
    pub fn begin(&mut self, opts: Opts) -> Result<(), Error> {
        // SAFETY: this Jit holds the library.
        self.check(unsafe { (self.api.begin)(opts.bits()) })
    }

    /// A 32-bit integer constant.
    ///
    /// # Errors
    /// `TRACEOV` if the trace has too many constants; so for all constants.
    pub fn kint(&mut self, value: i32) -> Result<TRef, Error> {
        // SAFETY: this Jit holds the library; so for all constants.
        self.make(|api, out| unsafe { (api.kint)(value, out) })
    }

    /// A 64-bit integer constant.
    ///
    /// # Errors
    /// See [`Jit::kint`].
    pub fn kint64(&mut self, value: u64) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.kint64)(value, out) })
    }

    /// A number, by its bits.
    ///
    /// # Errors
    /// See [`Jit::kint`].
    pub fn knum(&mut self, bits: u64) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.knum)(bits, out) })
    }

    /// A pointer constant.
    ///
    /// # Errors
    /// See [`Jit::kint`].
    pub fn kptr(&mut self, addr: u64) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.kptr)(addr, out) })
    }

    /// A pointer constant to constant data: `FOLD` may read it, so it must point into the arena.
    ///
    /// # Errors
    /// See [`Jit::kint`].
    pub fn kkptr(&mut self, addr: u64) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.kkptr)(addr, out) })
    }

    /// A null pointer of a type.
    ///
    /// # Errors
    /// See [`Jit::kint`].
    pub fn knull(&mut self, ty: u8) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.knull)(u32::from(ty), out) })
    }

    /// An object of the heap.
    ///
    /// # Errors
    /// See [`Jit::kint`]; also if the address is not in the arena.
    pub fn kgc(&mut self, addr: u64, ty: u8) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.kgc)(addr, u32::from(ty), out) })
    }

    /// A constant key and its expected hash slot, for `HREFK`.
    ///
    /// # Errors
    /// See [`Jit::kint`]; also if the key is no constant.
    pub fn kslot(&mut self, key: TRef, slot: u16) -> Result<TRef, Error> {
        // SAFETY: see kint.
        self.make(|api, out| unsafe { (api.kslot)(u32::from(key.0), u32::from(slot), out) })
    }

    /// Adds an instruction as it is. `ty` includes `IRT_GUARD`; operands are refs or literals as the opcode's mode says.
    ///
    /// `LOOP` becomes the trace's loop, `PHI` marks its operands, `SLOAD` fills the recorder's slot.
    ///
    /// # Errors
    /// `BadArgument` for operands that are no refs of the trace, `TRACEOV` if the trace gets too long.
    pub fn emit(&mut self, op: u8, ty: u8, op1: u16, op2: u16) -> Result<TRef, Error> {
        let ot = u32::from(op) << 8 | u32::from(ty);
        // SAFETY: this Jit holds the library; the C side checks opcode, type and operands.
        self.make(|api, out| unsafe { (api.emit)(ot, u32::from(op1), u32::from(op2), out) })
    }

    /// Adds an instruction as the recorder would: through `lj_opt_fold`, as far as the flags given to [`Jit::begin`] allow.
    /// `SLOAD`, `LOOP` and `PHI` are added as they are.
    ///
    /// # Errors
    /// As [`Jit::emit`]; the trace error `GFAIL` for a guard that would always fail. The trace may be continued after a trace error.
    pub fn fold(&mut self, op: u8, ty: u8, op1: u16, op2: u16) -> Result<Folded, Error> {
        let ot = u32::from(op) << 8 | u32::from(ty);
        let mut out = 0;
        self.steps += 1;
        // SAFETY: as in emit.
        self.check(unsafe { (self.api.fold)(ot, u32::from(op1), u32::from(op2), &raw mut out) })?;
        Ok(if out == REF_DROP { Folded::Dropped } else { Folded::Ref(tref(out)) })
    }

    /// Takes a snapshot before the next instruction and returns its number, which is the exit number of the guards that follow.
    ///
    /// # Errors
    /// `BadArgument` for entries that are not below `nslots` or no refs, `SNAPOV` for too many snapshots.
    pub fn snap(&mut self, entries: &[SnapEntry], nslots: u8) -> Result<u32, Error> {
        let (ptr, len) = (entries.as_ptr().cast(), entries.len().try_into().unwrap_or(u32::MAX));
        let mut out = 0;
        // SAFETY: SnapEntry has th_snapentry's layout; the C side reads `len` of them if that is at most 255.
        self.check(unsafe { (self.api.snap)(ptr, len, u32::from(nslots), &raw mut out) })?;
        Ok(out)
    }

    /// Assembles the trace. `to` is the trace linked to, 0 for none; a [`Link::Loop`] always links to itself.
    ///
    /// # Errors
    /// A trace error drops the trace; after a failed assertion only a reset helps. Both name the instruction where they can.
    pub fn assemble(&mut self, link: Link, to: u32) -> Result<(), Error> {
        // SAFETY: this Jit holds the library; the C side checks that a trace is being built.
        self.check(unsafe { (self.api.assemble)(link as u32, to) })
    }

    // -- Reading back --------------------------------------------------------

    /// The code of the assembled trace, or the one committed last.
    ///
    /// # Errors
    /// If there is none.
    pub fn code(&self) -> Result<Code, Error> {
        self.code_of(0)
    }

    /// Which ref became which code, for the trace [`Jit::code`] is about.
    ///
    /// # Errors
    /// If there is no assembled trace.
    pub fn notes(&self) -> Result<Notes<'_>, Error> {
        self.notes_of(0)
    }

    /// Where a value is when an exit is taken.
    ///
    /// # Errors
    /// If there is no such snapshot or instruction.
    pub fn loc(&self, snapno: u32, value: TRef) -> Result<Loc, Error> {
        self.loc_of(0, snapno, value)
    }

    /// An instruction or constant, before and after assembly.
    ///
    /// # Errors
    /// If the trace has no such ref.
    pub fn ir(&self, at: TRef) -> Result<Ins, Error> {
        self.ir_of(0, at)
    }

    // -- Running -------------------------------------------------------------

    /// Keeps the assembled trace, as `trace_stop` does, so that exits can be restored and other traces link to it. A side trace is from
    /// then on where its parent's exit leads.
    ///
    /// # Errors
    /// If there is no assembled trace.
    pub fn commit(&mut self) -> Result<(), Error> {
        // SAFETY: the C side checks that there is an assembled trace.
        self.check(unsafe { (self.api.commit)() })
    }

    /// Drops the trace being built or assembled.
    pub fn drop_trace(&mut self) {
        // SAFETY: this Jit holds the library.
        unsafe { (self.api.drop)() };
    }

    /// LuaJIT's own `lj_snap_restore`: fills the stack slots from registers and spill slots laid out as [`Tables::exit_state`] says.
    ///
    /// # Errors
    /// If the trace is not committed or has no such exit, or `state` has another size.
    pub fn restore(&mut self, traceno: u32, exitno: u32, state: &[u8]) -> Result<(), Error> {
        let size = self.tables().exit_state.size;
        if state.len() != size {
            return Err(Error::BadArgument {
                text: format!("restore: the exit state has {size} bytes, not {}", state.len()),
            });
        }
        // LuaJIT reads doubles: the buffer must be aligned.
        let mut aligned: Vec<u64> = state.chunks(8).map(word).collect();
        // SAFETY: the buffer has the size LuaJIT reads.
        self.check(unsafe { (self.api.restore)(traceno, exitno, aligned.as_mut_ptr().cast()) })
    }

    /// Tells LuaJIT's state that a trace runs; call before the guest starts.
    pub fn enter(&mut self, traceno: u32) {
        // SAFETY: this Jit holds the library.
        unsafe { (self.api.enter)(traceno) };
    }

    /// The trace has ended.
    pub fn leave(&mut self) {
        // SAFETY: this Jit holds the library.
        unsafe { (self.api.leave)() };
    }

    /// Runs the C function behind number `id` of [`Tables::calls`] with the guest's `x0..x7` and `d0..d7`; returns its `x0` and `d0`.
    /// Only one of them means anything.
    ///
    /// # Errors
    /// `Lua` if the function throws, `UnexpectedVmCall` if it needs the interpreter.
    ///
    /// # Safety
    /// The arguments must be what that function takes: it dereferences pointers.
    pub unsafe fn call(&mut self, id: u32, x: &[u64; 8], d: &[u64; 8]) -> Result<(u64, u64), Error> {
        let (mut x0, mut d0) = (0, 0);
        // SAFETY: the caller vouches for the arguments; the C side checks `id`.
        self.check(unsafe { (self.api.call)(id, x.as_ptr(), d.as_ptr(), &raw mut x0, &raw mut d0) })?;
        Ok((x0, d0))
    }

    // -- Memory --------------------------------------------------------------

    /// What to map in the guest, in the order of addresses. The exit handler's page and the C functions' stay unmapped there.
    pub fn regions(&self) -> [Region; 4] {
        self.layout.region_list()
    }

    /// Copies bytes out of the arena.
    ///
    /// # Errors
    /// If they are not all in one region.
    pub fn read(&self, addr: u64, to: &mut [u8]) -> Result<(), Error> {
        let from = self.host_ptr(addr, to.len())?;
        // SAFETY: the range is inside of a mapped region; `to` is Rust's own memory, so they don't overlap.
        unsafe { ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) };
        Ok(())
    }

    /// Copies bytes into the arena.
    ///
    /// # Errors
    /// If they are not all in one region.
    pub fn write(&mut self, addr: u64, from: &[u8]) -> Result<(), Error> {
        let to = self.host_ptr(addr, from.len())?;
        // SAFETY: as in read.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) };
        Ok(())
    }

    /// A word of the arena, a stack slot for one.
    ///
    /// # Errors
    /// If it is not in a region.
    pub fn read_u64(&self, addr: u64) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.read(addr, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Sets a word of the arena.
    ///
    /// # Errors
    /// If it is not in a region.
    pub fn write_u64(&mut self, addr: u64, value: u64) -> Result<(), Error> {
        self.write(addr, &value.to_le_bytes())
    }

    fn host_ptr(&self, addr: u64, len: usize) -> Result<*mut u8, Error> {
        let region = self.regions().into_iter().find(|region| region.contains(addr, len));
        let region = region.ok_or(Error::OutOfBounds { addr, len })?;
        let ofs = usize::try_from(addr - region.addr).expect("the host has 64 bits");
        Ok(region.host_ptr().wrapping_add(ofs))
    }

    // -- Status --------------------------------------------------------------

    pub(crate) fn make(&mut self, add: impl FnOnce(&Api, *mut u32) -> u32) -> Result<TRef, Error> {
        let mut out = 0;
        self.check(add(self.api, &raw mut out))?;
        Ok(tref(out))
    }

    pub(crate) fn check(&self, code: u32) -> Result<(), Error> {
        if code == status::OK { Ok(()) } else { Err(last_error(self.api, code, self.tables())) }
    }
}

impl Drop for Jit {
    fn drop(&mut self) {
        // SAFETY: this Jit holds the library and gives it back here.
        unsafe { (self.api.fini)() };
    }
}

/// Ends the Lua state and starts one in a layout; none is left if that fails.
///
/// # Safety
/// The caller holds the library.
unsafe fn init_again(api: &Api, layout: &Layout, tables: &Tables) -> Result<(), Error> {
    // SAFETY: the caller holds the library: nobody else is between the two.
    let code = unsafe {
        (api.fini)();
        (api.init)(&layout.raw())
    };
    match code {
        status::OK => Ok(()),
        status::BUSY => Err(Error::Busy),
        _ => {
            let error = last_error(api, code, tables);
            // SAFETY: init did not say busy.
            unsafe { (api.fini)() };
            Err(error)
        }
    }
}

/// The C side's refs have 16 bits.
pub(crate) fn tref(raw: u32) -> TRef {
    TRef(u16::try_from(raw).expect("a ref has 16 bits"))
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cold]
pub(crate) fn last_error(api: &Api, code: u32, tables: &Tables) -> Error {
    let mut raw = RawError { status: 0, trace_code: 0, at_ref: 0, info: 0, trace_name: ptr::null(), text: ptr::null() };
    // SAFETY: writes one struct; its text is a C string that lives until the next call.
    let text = unsafe {
        (api.last_error)(&raw mut raw);
        text(raw.text).to_owned()
    };
    let at_ref = (raw.at_ref != 0).then(|| tref(raw.at_ref));
    match code {
        status::TRACE_ERROR => Error::Trace(trace_error(&raw, text, at_ref, tables)),
        status::ASSERT => Error::Assert { text, at_ref },
        status::LUA_ERROR => Error::Lua { text },
        status::UNEXPECTED_VM_CALL => Error::UnexpectedVmCall { text },
        status::OUT_OF_ARENA => Error::OutOfArena { text },
        _ => Error::BadArgument { text },
    }
}

fn trace_error(raw: &RawError, text: String, at_ref: Option<TRef>, tables: &Tables) -> TraceError {
    let row = usize::try_from(raw.trace_code).ok().and_then(|code| tables.trace_errors.get(code));
    TraceError {
        code: raw.trace_code,
        name: row.map_or("?", |row| row.name),
        text,
        info: (raw.info >= 0).then_some(raw.info),
        at_ref,
    }
}
