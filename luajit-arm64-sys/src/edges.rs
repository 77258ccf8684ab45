//! Which edges of the assembler's control flow ran: the counters of a `guided` build. `csrc/edges.h` in Rust.

use std::mem::MaybeUninit;

use crate::error::Error;
use crate::jit::Jit;

/// `TH_EDGES_VERSION`
const VERSION: u32 = 1;

/// `struct th_edge`
#[repr(C)]
struct RawEdge {
    pc: u64,
    flags: u64,
}
const _: () = assert!(size_of::<RawEdge>() == 16);

/// `struct th_edges`
#[repr(C)]
struct RawEdges {
    base: u64,
    counters: *mut u8,
    edge: *const RawEdge,
    count: u64,
}
const _: () = assert!(size_of::<RawEdges>() == 32);

/// `struct th_edges_api`
#[repr(C)]
#[derive(Debug)]
pub(crate) struct EdgesApi {
    version: u32,
    size: u32,
    edges: unsafe extern "C" fn(*mut RawEdges),
}

impl EdgesApi {
    /// Whether the table of a loaded library is that of this crate.
    pub(crate) fn is_ours(&self) -> bool {
        self.version == VERSION && self.size as usize == size_of::<Self>()
    }

    fn read(&self) -> RawEdges {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: the function fills the struct.
        unsafe {
            (self.edges)(raw.as_mut_ptr());
            raw.assume_init()
        }
    }
}

impl Jit {
    /// A counter for each edge of the assembler and the passes before it: how often it was taken, modulo 256, since the caller last
    /// cleared it.
    ///
    /// # Errors
    /// `BadArgument` if this is no [`Variant::Guided`](crate::Variant::Guided).
    pub fn edges(&mut self) -> Result<&mut [u8], Error> {
        let raw = self.edges_api()?.read();
        // SAFETY: a static array of the library with so many elements. Only the library's code writes to it, and that runs through
        // this Jit alone, which stays borrowed.
        Ok(unsafe { std::slice::from_raw_parts_mut(raw.counters, count(&raw)) })
    }

    /// Where each edge leads to: offsets in the library, for [`Lines::at`](crate::Lines::at).
    ///
    /// # Errors
    /// As [`Jit::edges`].
    pub fn edge_offsets(&self) -> Result<Vec<u64>, Error> {
        let raw = self.edges_api()?.read();
        // SAFETY: a constant array of the library with so many elements.
        let edges = unsafe { std::slice::from_raw_parts(raw.edge, count(&raw)) };
        Ok(edges.iter().map(|edge| edge.pc.wrapping_sub(raw.base)).collect())
    }

    fn edges_api(&self) -> Result<&'static EdgesApi, Error> {
        let text = "this build counts no edges: make one of the variant `guided`";
        self.library().edges().ok_or_else(|| Error::BadArgument { text: text.into() })
    }
}

fn count(raw: &RawEdges) -> usize {
    usize::try_from(raw.count).expect("the host has 64 bits")
}
