//! The world of a case and its inputs: regions, pointer cells, controlled cells and stack slots.
//!
//! Pointers, indices and the like stand in regions of their own, which no trace stores to: an input decides what they
//! hold when the trace is run.

use super::entropy::{Bulk, Source};
use super::knobs::Knobs;
use crate::case::{Emit, Input, PointerCell};
use crate::ir::validate::{MAX_SLOT, MIN_SLOT};
use crate::ir::{RegionId, Slot, SymPtr, Type};
use crate::world::{Region, SlotValue, World};

/// Bytes of controlled cells that most cases get by with.
const CELLS: usize = 512;

/// What a region is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Loads and stores of all kinds.
    Data,
    /// Pointers, indices, operands of guards and other values that the inputs set.
    Control,
    /// Bytes behind string objects.
    Str,
    /// Constant memory.
    Rom,
}

/// How accesses to a region may overlap. LuaJIT's aliasing rules are strict (`lj_opt_mem.c`, `aa_xref`): by
/// different bases only accesses of one type may overlap; by one base all may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alias {
    /// No rule: raw IR, and memory that nobody stores to.
    Free,
    /// All accesses by one base.
    OneBase {
        /// True once it has one.
        taken: bool,
    },
    /// All accesses of one type, signedness aside; `None` until the first.
    OneType(Option<Type>),
}

/// A region with its purpose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub purpose: Use,
    pub alias: Alias,
    pub size: i64,
}

/// Regions and inputs.
pub(super) struct Cells {
    pub plans: Vec<Plan>,
    pub world: World,
    pub inputs: Vec<Input>,
    slots: u8,
    /// The region of controlled cells: the last one, which grows.
    pub control: usize,
}

impl Cells {
    pub(super) fn draw(s: &mut impl Source, bulk: &mut Bulk, knobs: &Knobs) -> Cells {
        let mut cells = Cells { plans: vec![], world: World::default(), inputs: vec![], slots: MIN_SLOT, control: 0 };
        let mut offset = 0;
        for name in &["a", "b", "c", "d"][..1 + s.index(4)] {
            let alias = match s.percent(50) {
                _ if knobs.emit == Emit::Raw => Alias::Free,
                // The base of one iteration is another one in the next.
                _ if knobs.emit == Emit::Passes => Alias::OneType(None),
                false => Alias::OneBase { taken: false },
                true => Alias::OneType(None),
            };
            let size = s.pick(&[128, 64, 128, 64, 256, 512, 768, 768]);
            cells.region(s, &mut offset, name, Use::Data, size, alias);
        }
        cells.region(s, &mut offset, "str", Use::Str, 64, Alias::Free);
        if s.percent(25) {
            cells.region(s, &mut offset, "rom", Use::Rom, 128, Alias::Free);
        }
        cells.control = cells.plans.len();
        cells.region(s, &mut offset, "ctl", Use::Control, 0, Alias::Free);
        cells.fill(bulk, knobs.inputs.clamp(1, 64));
        cells.room(8);
        cells
    }

    fn region(&mut self, s: &mut impl Source, offset: &mut u32, name: &str, purpose: Use, size: u32, alias: Alias) {
        // Mostly aligned; a gap before it catches near misses.
        *offset += 64 + 16 * s.below(5) + if s.percent(10) { s.below(8) } else { 0 };
        let readonly = purpose == Use::Rom;
        self.world.regions.push(Region { name: name.into(), offset: *offset, size, readonly });
        self.plans.push(Plan { purpose, alias, size: i64::from(size) });
        *offset = (*offset + size).next_multiple_of(16);
    }

    /// Random bytes in all regions, the same in constant memory.
    fn fill(&mut self, bulk: &mut Bulk, inputs: u8) {
        for n in 0..inputs {
            let mut input = Input {
                slots: Vec::with_capacity(16),
                memory: Vec::with_capacity(self.world.regions.len()),
                pointers: Vec::with_capacity(16),
                ..Input::default()
            };
            for (i, region) in self.world.regions.iter().enumerate() {
                let block = if region.readonly && n > 0 {
                    self.inputs[0].memory[i].clone()
                } else {
                    let mut block = Vec::with_capacity((region.size as usize).max(CELLS));
                    block.resize(region.size as usize, 0);
                    bulk.fill(&mut block);
                    block
                };
                input.memory.push(block);
            }
            self.inputs.push(input);
        }
    }

    /// The number of inputs.
    pub(super) fn count(&self) -> usize {
        self.inputs.len()
    }

    /// Room for a new cell of `size` bytes for controlled values.
    fn room(&mut self, size: u32) -> SymPtr {
        let region = &mut self.world.regions[self.control];
        let at = region.size.next_multiple_of(size);
        region.size = at + size;
        self.plans[self.control].size = i64::from(region.size);
        for input in &mut self.inputs {
            input.memory[self.control].resize(region.size as usize, 0);
        }
        sym(self.control, i64::from(at))
    }

    /// A new cell that holds a pointer in each input.
    pub(super) fn pointer(&mut self, region: usize, mut offset: impl FnMut(usize) -> i64) -> SymPtr {
        let at = self.room(8);
        for (n, input) in self.inputs.iter_mut().enumerate() {
            input.pointers.push(PointerCell { at, to: sym(region, offset(n)) });
        }
        at
    }

    /// A new block of controlled memory, zero in each input.
    pub(super) fn block(&mut self, size: u32) -> SymPtr {
        // Blocks that are no power of two in size stand on a multiple of it, hence of 8.
        self.room(size.next_multiple_of(8))
    }

    /// Makes eight bytes of the controlled cells a pointer to others of them, in each input.
    pub(super) fn link(&mut self, at: i64, to: i64) {
        let (at, to) = (sym(self.control, at), sym(self.control, to));
        for input in &mut self.inputs {
            input.pointers.push(PointerCell { at, to });
        }
    }

    /// Changes where pointer cell number `cell` points, in all inputs.
    pub(super) fn repoint(&mut self, cell: usize, offset: i64) {
        for input in &mut self.inputs {
            input.pointers[cell].to.offset = offset;
        }
    }

    /// A new cell that holds a given value (its low bytes) in each input.
    pub(super) fn controlled(&mut self, ty: Type, values: &[u64]) -> SymPtr {
        let at = self.room(ty.size());
        for (n, value) in values.iter().enumerate() {
            self.write(self.control, n, at.offset, ty.size(), *value);
        }
        at
    }

    /// Sets the low `size` bytes of an input's memory, where they lie inside.
    pub(super) fn write(&mut self, region: usize, input: usize, offset: i64, size: u32, value: u64) {
        let Ok(start) = usize::try_from(offset) else { return };
        let size = size as usize;
        if let Some(bytes) = self.inputs[input].memory[region].get_mut(start..start + size) {
            bytes.copy_from_slice(&value.to_le_bytes()[..size]);
        }
    }

    /// A new stack slot with a value for each input.
    pub(super) fn slot(&mut self, mut value: impl FnMut(usize) -> SlotValue) -> Option<Slot> {
        if self.slots > MAX_SLOT {
            return None;
        }
        let slot = Slot(self.slots);
        self.slots += 1;
        for (n, input) in self.inputs.iter_mut().enumerate() {
            input.slots.push((slot, value(n)));
        }
        Some(slot)
    }

    /// Makes new slots come behind this one.
    pub(super) fn skip_slots(&mut self, last: Slot) {
        self.slots = self.slots.max(last.0 + 1);
    }

    /// The regions for a purpose.
    pub(super) fn regions(&self, purpose: Use) -> impl Iterator<Item = usize> + '_ {
        self.plans.iter().enumerate().filter(move |(_, p)| p.purpose == purpose).map(|(i, _)| i)
    }
}

/// A pointer to `offset` of a region.
pub(super) fn sym(region: usize, offset: i64) -> SymPtr {
    SymPtr { region: RegionId(u8::try_from(region).expect("few regions")), offset }
}
