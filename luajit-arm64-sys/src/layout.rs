//! Where the arena's parts lie, and how the guest may use them.

use crate::abi::{self, RawLayout};

/// Addresses of the arena's parts: offsets from `base`, in whole pages. The heap starts at `base`.
///
/// Machine code depends on it: PC-relative and GL-relative forms are chosen by distance. An exit handler more than 64 MB from the machine
/// code makes releases since 2025-11 use their far form, and older ones fail with `MCODEAL`.
///
/// The named layouts have everything but heap blocks and machine code at the same addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// First address.
    pub base: u64,
    /// Bytes for LuaJIT's objects and IR, the object area included.
    pub heap_size: u64,
    /// The object area, in the heap's range: objects at addresses of the caller's choice. LuaJIT's own blocks lie below it, or all above it.
    pub object_ofs: u64,
    /// Bytes of it.
    pub object_size: u64,
    /// Where the heap's first block lies, the global state.
    pub heap_first: u64,
    /// Machine code. Beyond `total` it is mapped apart, and the addresses in between stay free.
    pub mcode_ofs: u64,
    /// Bytes for machine code.
    pub mcode_size: u64,
    /// The exit handler's page: never mapped in the guest, a fetch from it is an exit.
    pub vm_ofs: u64,
    /// Addresses of C functions: never mapped in the guest, a fetch from there is a call.
    pub call_ofs: u64,
    /// Memory for the trace to load from and store to.
    pub data_ofs: u64,
    /// Bytes of it.
    pub data_size: u64,
    /// The guest's C stack.
    pub stack_ofs: u64,
    /// Bytes of it.
    pub stack_size: u64,
    /// Bytes of the whole arena, machine code beyond it not counted.
    pub total: u64,
}

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;

impl Default for Layout {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Layout {
    /// 70 MB at an address that is free on Linux; the exit handler is near the machine code.
    pub const DEFAULT: Self = Self {
        base: 0x2000_0000_0000,
        heap_size: 32 * MB,
        object_ofs: 16 * MB,
        object_size: MB,
        heap_first: 0,
        mcode_ofs: 48 * MB,
        mcode_size: 8 * MB,
        vm_ofs: 64 * MB,
        call_ofs: 65 * MB,
        data_ofs: 66 * MB,
        data_size: MB,
        stack_ofs: 68 * MB,
        stack_size: MB,
        total: 70 * MB,
    };

    /// The first address of the object area.
    pub fn objects(&self) -> u64 {
        self.base + self.object_ofs
    }

    /// Machine code directly behind a small heap: global state, objects and constants of a trace are within the megabyte that `ADR` and
    /// literal loads reach. The heap has 768 KB, the machine code 128.
    pub const NEAR: Self =
        Self { heap_first: 32 * MB - 768 * KB, mcode_ofs: 32 * MB, mcode_size: 128 * KB, ..Self::DEFAULT };

    /// Machine code out of everything's reach: no `ADRP` finds the heap, calls and exits are indirect. Releases before 2025-11 can't
    /// have it: [`Jit::new`](crate::Jit::new) fails with the trace error `MCODEAL`.
    pub const FAR: Self = Self { mcode_ofs: 8 * GB, ..Self::DEFAULT };

    /// Every named layout.
    pub const NAMED: [(&'static str, Self); 3] = [("usual", Self::DEFAULT), ("near", Self::NEAR), ("far", Self::FAR)];

    /// The layout of that name: `usual`, `near` or `far`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, layout)| layout)
    }

    /// The address a trace leaves by when it takes an exit.
    pub fn exit_handler(&self) -> u64 {
        self.base + self.vm_ofs
    }

    /// The address a trace returns to the interpreter by.
    pub fn exit_interp(&self) -> u64 {
        self.exit_handler() + abi::VM_INTERP
    }

    /// The made-up address of a C function.
    pub fn call_address(&self, id: u32) -> u64 {
        self.base + self.call_ofs + abi::CALL_STRIDE * u64::from(id)
    }

    /// The C function at an address, if one is there.
    pub fn call_at(&self, addr: u64, ncalls: usize) -> Option<u32> {
        let ofs = addr.checked_sub(self.base + self.call_ofs)?;
        let id = ofs / abi::CALL_STRIDE;
        (ofs % abi::CALL_STRIDE == 0 && id < ncalls as u64).then(|| u32::try_from(id).ok())?
    }

    pub(crate) fn raw(&self) -> RawLayout {
        RawLayout {
            base: self.base,
            heap_size: self.heap_size,
            object_ofs: self.object_ofs,
            object_size: self.object_size,
            heap_first: self.heap_first,
            mcode_ofs: self.mcode_ofs,
            mcode_size: self.mcode_size,
            vm_ofs: self.vm_ofs,
            call_ofs: self.call_ofs,
            data_ofs: self.data_ofs,
            data_size: self.data_size,
            stack_ofs: self.stack_ofs,
            stack_size: self.stack_size,
            total: self.total,
        }
    }

    pub(crate) fn region_list(&self) -> [Region; 4] {
        let region = |name, ofs: u64, len, protection| Region { name, addr: self.base + ofs, len, protection };
        let mut regions = [
            region("heap", 0, self.heap_size, Protection::ReadWrite),
            region("mcode", self.mcode_ofs, self.mcode_size, Protection::ReadExecute),
            region("data", self.data_ofs, self.data_size, Protection::ReadWrite),
            region("stack", self.stack_ofs, self.stack_size, Protection::ReadWrite),
        ];
        regions.sort_by_key(|region| region.addr);
        regions
    }
}

/// What the guest may do with a region. The host may always read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Data.
    ReadWrite,
    /// Machine code and its constants.
    ReadExecute,
}

/// A part of the arena the guest sees, at the same address as the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// `heap`, `mcode`, `data` or `stack`.
    pub name: &'static str,
    /// First address, in host and guest.
    pub addr: u64,
    /// Number of bytes.
    pub len: u64,
    /// For the guest.
    pub protection: Protection,
}

impl Region {
    /// The region's memory in this process; valid while the `Jit` it came from lives.
    pub fn host_ptr(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut(usize::try_from(self.addr).expect("the host has 64 bits"))
    }

    pub(crate) fn contains(&self, addr: u64, len: usize) -> bool {
        addr.checked_sub(self.addr).is_some_and(|ofs| ofs <= self.len && len as u64 <= self.len - ofs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_addresses_read_back() {
        let layout = Layout::default();
        assert_eq!(layout.call_at(layout.call_address(7), 100), Some(7));
        assert_eq!(layout.call_at(layout.call_address(7) + 4, 100), None);
        assert_eq!(layout.call_at(layout.call_address(100), 100), None);
        assert_eq!(layout.call_at(0, 100), None);
    }

    #[test]
    fn named_layouts_differ_in_heap_and_machine_code_only() {
        for (name, layout) in Layout::NAMED {
            let Layout { heap_first, mcode_ofs, mcode_size, .. } = layout;
            assert_eq!(Layout { heap_first, mcode_ofs, mcode_size, ..Layout::DEFAULT }, layout, "{name}");
            assert_eq!(Layout::by_name(name), Some(layout));
        }
        assert_eq!(Layout::by_name("nowhere"), None);
    }

    #[test]
    fn region_bounds_include_the_last_byte_only() {
        let region = Layout::default().region_list()[2];
        assert!(region.contains(region.addr + region.len - 1, 1));
        assert!(!region.contains(region.addr + region.len - 1, 2));
        assert!(!region.contains(region.addr - 1, 1));
        assert!(!region.contains(u64::MAX, 2));
    }
}
