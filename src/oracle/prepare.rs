//! Puts an input where compiled code will look for it: regions, Lua stack, garbage everywhere else.

use super::observe::STACK_WORDS;
use crate::case::{Case, Input};
use crate::code::{Code, Runtime};
use crate::ir::Slot;
use crate::ir::validate::MIN_SLOT;
use crate::world::{DATA_BASE, DATA_SIZE, GAP_BYTE};

/// Bytes of guest stack below the entry's stack pointer that are filled with garbage before each run: LuaJIT's frames
/// have at most 256 spill slots of 4 bytes (`lj_asm.c: ra_spill`).
const FRAME_GARBAGE: usize = 1024 + 64;

/// The memory of one input, ready to be written: made once, used for each run.
pub struct Image {
    regions: Vec<(u64, Vec<u8>)>,
    stack: Vec<u8>,
}

/// The image of each input.
pub fn images(case: &Case) -> Vec<Image> {
    case.inputs.iter().map(|input| image(case, input)).collect()
}

fn image(case: &Case, input: &Input) -> Image {
    let addresses = case.world.regions.iter().map(crate::world::Region::address);
    let regions = addresses.zip(input.materialize(&case.world)).collect();
    let mut stack = Vec::with_capacity(STACK_WORDS * 8);
    for i in 0..STACK_WORDS {
        let slot = Slot(MIN_SLOT + u8::try_from(i).expect("few slots"));
        stack.extend(input.slot(slot).encode(&case.world).to_le_bytes());
    }
    Image { regions, stack }
}

impl Image {
    /// All writes: address and bytes.
    pub fn writes(&self, code: &Code) -> impl Iterator<Item = (u64, &[u8])> {
        static GARBAGE: [u8; FRAME_GARBAGE] = [0xe1; FRAME_GARBAGE];
        let frame = code.start.sp - FRAME_GARBAGE as u64;
        let regions = self.regions.iter().map(|(addr, bytes)| (*addr, bytes.as_slice()));
        regions.chain([(code.stack, self.stack.as_slice()), (frame, &GARBAGE[..])])
    }

    /// Writes it to guest memory.
    pub fn write(&self, code: &Code, runtime: &mut dyn Runtime) {
        for (addr, bytes) in self.writes(code) {
            runtime.write(addr, bytes);
        }
    }
}

/// The canary around regions: bytes next to a region that no region covers hold [`GAP_BYTE`], or the code wrote where
/// it must not. Farther away nothing is looked at: a store that went astray is found by its absence where it belongs.
#[derive(Default)]
pub struct Gaps {
    /// Gaps of the case at hand: address and size.
    gaps: Vec<(u64, usize)>,
}

/// Bytes on either side of a region that are watched.
const MARGIN: u32 = 128;

impl Gaps {
    /// Notes the gaps of a case and fills them.
    pub fn enter(&mut self, case: &Case, runtime: &mut dyn Runtime) {
        self.gaps.clear();
        let mut end = 0;
        for r in &case.world.regions {
            self.push(end, r.offset.min(end.saturating_add(MARGIN)));
            self.push(end.saturating_add(MARGIN).max(r.offset.saturating_sub(MARGIN)), r.offset);
            end = r.offset + r.size;
        }
        self.push(end, DATA_SIZE.min(end.saturating_add(MARGIN)));
        self.fill(runtime);
    }

    /// Fills them.
    pub fn fill(&self, runtime: &mut dyn Runtime) {
        for &(addr, len) in &self.gaps {
            runtime.write(addr, &PATTERN[..len]);
        }
    }

    fn push(&mut self, from: u32, to: u32) {
        if to > from {
            self.gaps.push((DATA_BASE + u64::from(from), (to - from) as usize));
        }
    }

    /// The address of the first byte of a gap that was written to.
    pub fn first_written(&self, runtime: &dyn Runtime) -> Option<u64> {
        let mut found = [0; MARGIN as usize];
        self.gaps.iter().find_map(|&(addr, len)| {
            let found = &mut found[..len];
            runtime.read(addr, found);
            let i = if found == &PATTERN[..len] { None } else { found.iter().position(|b| *b != GAP_BYTE) };
            i.map(|i| addr + i as u64)
        })
    }
}

const PATTERN: [u8; MARGIN as usize] = [GAP_BYTE; MARGIN as usize];
