//! Lua objects at addresses of the caller's choice: making them, reading them back, giving them values.

use std::ffi::CString;

use crate::abi::{ObjectsApi, RawCtype, RawNewUp, RawObject, RawPair, RawPlaces, RawUpvalue, kind, status};
use crate::{Error, Jit};

/// An upvalue of a function to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upvalue {
    /// Of the function's own, with this tagged word.
    Closed(u64),
    /// A Lua stack slot, numbered as in snapshots: 2 is `BASE[0]`. Functions share it.
    Open(u8),
}

/// The collector's mark on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Not reached yet. New objects are.
    White,
    /// Reached, contents still to be looked at.
    Gray,
    /// Done: stores into it need a barrier.
    Black,
}

/// What the collector is doing. It never runs here, but barriers ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GcState {
    /// Nothing. LuaJIT asserts that no black table is stored to.
    Pause,
    /// Marking: `lj_gc_barrieruv` marks the value.
    Propagate,
    /// Sweeping: `lj_gc_barrieruv` makes the upvalue white.
    Sweep,
}

/// A C type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ctype {
    /// Its number.
    pub id: u32,
    /// Bytes, without a variable part.
    pub size: u32,
    /// Bytes.
    pub align: u32,
    /// It has a variable part, or no size: each object has its own size.
    pub variable: bool,
}

/// Addresses that operands refer to; the same for every trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// The `lua_State`: the main thread, `LREF`.
    pub lua_state: u64,
    /// `global_State`, in `x22` while a trace runs.
    pub global_state: u64,
    /// Where `TMPREF` puts a value: two words.
    pub tmptv: u64,
    /// The buffer of `BUFHDR`.
    pub tmpbuf: u64,
    /// The value of keys that are not there: what `HREF` is compared with.
    pub niltv: u64,
    /// The table of global variables.
    pub env: u64,
}

/// An object as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its mark.
    pub color: Color,
    /// Its contents.
    pub kind: ObjectKind,
}

/// Contents of an object: tagged words and bytes, addresses not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectKind {
    /// A string.
    Str(Vec<u8>),
    /// A table.
    Table {
        /// The array part; index 0 is key 0.
        array: Vec<u64>,
        /// Key and value of each node with a key, in the order of nodes.
        nodes: Vec<(u64, u64)>,
        /// Address of the metatable, or 0.
        meta: u64,
        /// Cache of metamethods known to be absent.
        nomm: u8,
    },
    /// A Lua function.
    Func(Vec<UpvalueState>),
    /// A userdata.
    Udata {
        /// Payload.
        bytes: Vec<u8>,
        /// Address of the metatable, or 0.
        meta: u64,
        /// `UDTYPE_*`
        udtype: u8,
    },
    /// C data.
    Cdata {
        /// Number of the C type.
        ctype: u32,
        /// Payload.
        bytes: Vec<u8>,
    },
    /// A thread, prototype, C function, upvalue or trace, by the collector's type number.
    Other(u8),
}

/// An upvalue of a function as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpvalueState {
    /// Its value.
    pub value: u64,
    /// Where the value is: in the upvalue object, or in the Lua stack.
    pub addr: u64,
    /// Whether it is in the upvalue object.
    pub closed: bool,
    /// The upvalue object's mark.
    pub color: Color,
    /// Low byte of the second operand of `UREFO` and `UREFC`.
    pub hash: u8,
}

/// What a tagged word has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    /// Anything; an object exists and has the type its tag says.
    Value,
    /// Neither nil nor NaN.
    Key,
    /// An object.
    Object,
}

/// Size of `Node`: value, key, link.
const NODE_SIZE: usize = 24;
/// No such node.
const NO_NODE: u32 = u32::MAX;

impl Jit {
    fn objects(&self) -> &'static ObjectsApi {
        self.api.objects
    }

    // -- Making --------------------------------------------------------------

    /// Makes a string whose header is at `addr`, a multiple of 16 in the object area; so for all objects. Nobody checks that objects
    /// don't overlap. Objects live until the next reset.
    ///
    /// Returns the string's address: strings are unique, one that exists already is elsewhere.
    ///
    /// # Errors
    /// `BadArgument` for a bad address, or while a trace is built; so for all objects.
    pub fn new_str(&mut self, addr: u64, bytes: &[u8]) -> Result<u64, Error> {
        let mut at = 0;
        // SAFETY: the C side copies `len` bytes and checks the address; this Jit holds the library, so for all objects.
        self.check(unsafe { (self.objects().str)(addr, bytes.as_ptr(), bytes.len() as u64, &raw mut at) })?;
        Ok(at)
    }

    /// Makes a table: `asize` words of array part, index 0 included, and `1 << hbits` nodes, none if `hbits` is 0 (`lj_tab_new`). A small array
    /// follows the header, 56 bytes in (`LJ_MAX_COLOSIZE` words at most).
    ///
    /// # Errors
    /// See [`Jit::new_str`].
    pub fn new_tab(&mut self, addr: u64, asize: u32, hbits: u32) -> Result<(), Error> {
        // SAFETY: see new_str.
        self.check(unsafe { (self.objects().tab)(addr, asize, hbits) })
    }

    /// Sets a key of a table as `lj_tab_set` does, with the same consequences if it is new and there is no room.
    ///
    /// # Errors
    /// `BadArgument` if there is no table, or the key is nil, NaN or an object that does not exist.
    pub fn tab_set(&mut self, tab: u64, key: u64, value: u64) -> Result<(), Error> {
        // SAFETY: the C side looks at table and key before it uses them.
        self.check(unsafe { (self.objects().tab_set)(tab, key, value) })
    }

    /// Sets the metatable of a table or userdata; 0 for none.
    ///
    /// # Errors
    /// `BadArgument` if one of them does not exist.
    pub fn set_meta(&mut self, object: u64, meta: u64) -> Result<(), Error> {
        // SAFETY: the C side looks at both.
        self.check(unsafe { (self.objects().meta)(object, meta) })
    }

    /// Makes a Lua function with these upvalues. Its upvalue objects are in the heap.
    ///
    /// # Errors
    /// See [`Jit::new_str`]; also for too many upvalues, or slots that don't exist.
    pub fn new_func(&mut self, addr: u64, upvalues: &[Upvalue]) -> Result<(), Error> {
        let raw: Vec<_> = upvalues.iter().map(new_upvalue).collect();
        // SAFETY: the C side reads `count` of them.
        self.check(unsafe { (self.objects().func)(addr, raw.as_ptr(), count(raw.len())) })
    }

    /// Makes a userdata with `size` zero bytes.
    ///
    /// # Errors
    /// See [`Jit::new_str`].
    pub fn new_udata(&mut self, addr: u64, size: u32) -> Result<(), Error> {
        // SAFETY: see new_str.
        self.check(unsafe { (self.objects().udata)(addr, size) })
    }

    /// The C type with a name as `ffi.typeof` takes it: `int64_t`, `struct { int a; double b; }`, `char[?]`. Each `struct` makes a new type.
    ///
    /// # Errors
    /// `Lua` with LuaJIT's message if it is no C type.
    pub fn ctype(&mut self, name: &str) -> Result<Ctype, Error> {
        let text = CString::new(name)
            .map_err(|_| Error::BadArgument { text: format!("C type {name:?}: a name has no zero byte") })?;
        let mut raw = RawCtype::default();
        // SAFETY: a C string, and writes one struct.
        self.check(unsafe { (self.objects().ctype)(text.as_ptr(), &raw mut raw) })?;
        Ok(Ctype { id: raw.id, size: raw.size, align: raw.align, variable: raw.vla != 0 })
    }

    /// Makes C data with `size` zero bytes; for a type of fixed size that is its size. Types that are variable or need more than 8 bytes
    /// alignment use 16 bytes in front of `addr` as well.
    ///
    /// # Errors
    /// See [`Jit::new_str`]; also if the type does not exist or has another size.
    pub fn new_cdata(&mut self, addr: u64, ctype: u32, size: u32) -> Result<(), Error> {
        // SAFETY: see new_str.
        self.check(unsafe { (self.objects().cdata)(addr, ctype, size) })
    }

    /// Marks an object; for a function its closed upvalues as well, which `OBAR` looks at.
    ///
    /// # Errors
    /// `BadArgument` if there is no object.
    pub fn set_color(&mut self, object: u64, color: Color) -> Result<(), Error> {
        // SAFETY: the C side looks at the object.
        self.check(unsafe { (self.objects().color)(object, color as u32) })
    }

    // -- Looking -------------------------------------------------------------

    /// Addresses that operands refer to.
    pub fn places(&self) -> Places {
        let mut raw = RawPlaces::default();
        // SAFETY: writes one struct; the library has a Lua state as long as this Jit lives.
        unsafe { (self.objects().places)(&raw mut raw) };
        Places {
            lua_state: raw.lua_state,
            global_state: raw.global_state,
            tmptv: raw.tmptv,
            tmpbuf: raw.tmpbuf,
            niltv: raw.niltv,
            env: raw.env,
        }
    }

    /// The object at any address, old or new.
    ///
    /// # Errors
    /// `BadArgument` if no sound object is there: the address is wild, or the code under test has overwritten it.
    pub fn read_object(&self, addr: u64) -> Result<Object, Error> {
        let raw = self.look(addr)?;
        let kind = match raw.kind {
            kind::STR => ObjectKind::Str(self.bytes(raw.data, raw.size)?),
            kind::TAB => self.read_table(&raw)?,
            kind::FUNC => self.read_func(addr, raw.size)?,
            kind::UDATA => self.read_udata(&raw)?,
            kind::CDATA => ObjectKind::Cdata { ctype: raw.detail, bytes: self.bytes(raw.data, raw.size)? },
            _ => ObjectKind::Other(byte(raw.detail)),
        };
        Ok(Object { color: color(raw.color), kind })
    }

    pub(crate) fn look(&self, addr: u64) -> Result<RawObject, Error> {
        let mut raw = RawObject::default();
        // SAFETY: writes one struct; any address will do.
        self.check(unsafe { (self.objects().read)(addr, &raw mut raw) })?;
        Ok(raw)
    }

    pub(crate) fn is_word(&self, word: u64, wanted: Word) -> bool {
        // SAFETY: any word will do.
        unsafe { (self.objects().is_word)(word, wanted as u32) == status::OK }
    }

    pub(crate) fn is_buffer(&self, addr: u64) -> bool {
        // SAFETY: any address will do.
        unsafe { (self.objects().buffer)(addr) == status::OK }
    }

    pub(crate) fn is_sound(&self, tab: u64) -> bool {
        // SAFETY: any address will do.
        unsafe { (self.objects().is_sound)(tab) == status::OK }
    }

    fn bytes(&self, addr: u64, size: u64) -> Result<Vec<u8>, Error> {
        if size == 0 {
            return Ok(vec![]);
        }
        // The C side found them in the arena: the size is no surprise.
        let mut bytes = vec![0; usize::try_from(size).expect("the host has 64 bits")];
        self.read(addr, &mut bytes)?;
        Ok(bytes)
    }

    fn words(&self, addr: u64, count: u64) -> Result<Vec<u64>, Error> {
        Ok(self.bytes(addr, 8 * count)?.chunks_exact(8).map(word).collect())
    }

    fn read_table(&self, raw: &RawObject) -> Result<ObjectKind, Error> {
        let nil = u64::MAX;
        let array = self.words(raw.data, raw.size)?;
        let nodes = self.bytes(raw.nodes, NODE_SIZE as u64 * raw.nnodes)?;
        let nodes = nodes.chunks_exact(NODE_SIZE).map(|node| (word(&node[8..]), word(node)));
        let nodes = nodes.filter(|&(key, _)| key != nil).collect();
        Ok(ObjectKind::Table { array, nodes, meta: raw.meta, nomm: byte(raw.detail) })
    }

    fn read_func(&self, addr: u64, count: u64) -> Result<ObjectKind, Error> {
        let indices = 0..u8::try_from(count).expect("LuaJIT counts them in a byte");
        Ok(ObjectKind::Func(indices.map(|index| self.upvalue(addr, index)).collect::<Result<_, _>>()?))
    }

    fn read_udata(&self, raw: &RawObject) -> Result<ObjectKind, Error> {
        Ok(ObjectKind::Udata { bytes: self.bytes(raw.data, raw.size)?, meta: raw.meta, udtype: byte(raw.detail) })
    }

    /// An upvalue of a function.
    ///
    /// # Errors
    /// `BadArgument` if there is no such function or upvalue.
    pub fn upvalue(&self, func: u64, index: u8) -> Result<UpvalueState, Error> {
        let mut raw = RawUpvalue::default();
        // SAFETY: writes one struct; any address will do.
        self.check(unsafe { (self.objects().upvalue)(func, u32::from(index), &raw mut raw) })?;
        Ok(UpvalueState {
            value: self.read_u64(raw.addr)?,
            addr: raw.addr,
            closed: raw.closed != 0,
            color: color(raw.color),
            hash: byte(raw.hash),
        })
    }

    /// The number of the node that holds a key: what `KSLOT` expects.
    ///
    /// # Errors
    /// `BadArgument` if there is no table, or the key can't be in a hash part: nil, NaN, an integer.
    pub fn node_slot(&self, tab: u64, key: u64) -> Result<Option<u32>, Error> {
        Ok(self.node(tab, key)?.0)
    }

    /// The number of the node where looking for a key begins; none in a table without nodes.
    ///
    /// # Errors
    /// See [`Jit::node_slot`].
    pub fn main_slot(&self, tab: u64, key: u64) -> Result<Option<u32>, Error> {
        Ok(self.node(tab, key)?.1)
    }

    fn node(&self, tab: u64, key: u64) -> Result<(Option<u32>, Option<u32>), Error> {
        let (mut slot, mut main) = (0, 0);
        // SAFETY: writes two words; the C side looks at table and key.
        self.check(unsafe { (self.objects().node)(tab, key, &raw mut slot, &raw mut main) })?;
        let known = |slot| (slot != NO_NODE).then_some(slot);
        Ok((known(slot), known(main)))
    }

    // -- Values --------------------------------------------------------------

    /// Sets values of a table: the first words of the array part, and keys that are in the table already.
    ///
    /// # Errors
    /// `BadArgument` if the array is shorter, or a key is missing.
    pub fn tab_write(&mut self, tab: u64, array: &[u64], pairs: &[(u64, u64)]) -> Result<(), Error> {
        let raw: Vec<_> = pairs.iter().map(|&(key, value)| RawPair { key, value }).collect();
        let write = self.objects().tab_write;
        // SAFETY: the C side reads as many as it is told, and looks at table and keys.
        self.check(unsafe { write(tab, array.as_ptr(), count(array.len()), raw.as_ptr(), count(raw.len())) })
    }

    /// Sets the first upvalues of a function. Open ones are left alone: they are stack slots.
    ///
    /// # Errors
    /// `BadArgument` if there are not as many.
    pub fn func_write(&mut self, func: u64, words: &[u64]) -> Result<(), Error> {
        // SAFETY: the C side reads as many as it is told, and looks at the function.
        self.check(unsafe { (self.objects().func_write)(func, words.as_ptr(), count(words.len())) })
    }

    /// What the collector is doing, whether a trace's next check finds that it has to go on, and whether a profiler asks (`PROF`). At first it
    /// pauses and has not, and none does.
    ///
    /// The function such a check calls, `lj_gc_step_jit`, must not be run: it would free objects that nothing refers to.
    ///
    /// # Errors
    /// `BadArgument` while a trace is built.
    pub fn set_gc(&mut self, pending: bool, state: GcState, profile: bool) -> Result<(), Error> {
        // SAFETY: plain numbers.
        self.check(unsafe { (self.objects().gc)(u32::from(pending), state as u32, u32::from(profile)) })
    }

    // -- Between runs --------------------------------------------------------

    /// Remembers all that LuaJIT knows, objects included, until the next reset. Data, stack and machine code are not part of it.
    ///
    /// # Errors
    /// `BadArgument` while a trace is built.
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        // SAFETY: this Jit holds the library.
        self.check(unsafe { (self.objects().checkpoint)() })
    }

    /// Back to the state of [`Jit::checkpoint`], also after a failed call. What is allocated next has the same address and contents each time.
    ///
    /// # Errors
    /// `BadArgument` if there is no checkpoint.
    pub fn rewind(&mut self) -> Result<(), Error> {
        // SAFETY: this Jit holds the library.
        self.check(unsafe { (self.objects().rewind)() })
    }
}

fn new_upvalue(upvalue: &Upvalue) -> RawNewUp {
    match *upvalue {
        Upvalue::Closed(value) => RawNewUp { open: 0, value },
        Upvalue::Open(slot) => RawNewUp { open: 1, value: u64::from(slot) },
    }
}

/// The C side refuses more than there can be of anything.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().expect("a word has 8 bytes"))
}

/// The C side keeps it in a byte.
fn byte(value: u32) -> u8 {
    u8::try_from(value).expect("a byte")
}

fn color(raw: u32) -> Color {
    match raw {
        0 => Color::White,
        1 => Color::Gray,
        _ => Color::Black,
    }
}
