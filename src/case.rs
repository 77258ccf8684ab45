//! A case: all that one run of the pipeline needs, and nothing else.

use crate::ir::validate::{self, Illegal};
use crate::ir::{Slot, SymPtr, Trace};
use crate::world::{BadWorld, SlotValue, World};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How IR reaches the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// Through the production FOLD/CSE/forwarding engine: what the recorder could produce.
    #[default]
    Fold,
    /// As written.
    Raw,
}

impl Emit {
    /// The word in text and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Emit::Fold => "fold",
            Emit::Raw => "raw",
        }
    }
}

macro_rules! opt_flags {
    ($( $(#[$doc:meta])* $field:ident = $default:literal, )*) => {
        /// The `-O` switches of a case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct OptFlags { $( $(#[$doc])* pub $field: bool, )* }

        impl Default for OptFlags {
            fn default() -> Self { OptFlags { $( $field: $default, )* } }
        }

        impl OptFlags {
            /// Names and values, in a fixed order.
            pub fn list(&self) -> Vec<(&'static str, bool)> { vec![$( (stringify!($field), self.$field), )*] }
            /// Sets one switch by name; false if there is none of that name.
            pub fn set(&mut self, name: &str, on: bool) -> bool {
                match name { $( stringify!($field) => self.$field = on, )* _ => return false }
                true
            }
        }
    };
}

opt_flags! {
    /// Constant folding and simplification.
    fold = true,
    /// Common-subexpression elimination.
    cse = true,
    /// Dead-code elimination, also inside the assembler.
    dce = true,
    /// Load forwarding.
    fwd = true,
    /// Dead-store elimination.
    dse = true,
    /// Narrowing of numbers to integers.
    narrow = true,
    /// Fusion of operands into instructions.
    fuse = true,
    /// Fused multiply-add (off by default in LuaJIT too).
    fma = false,
}

/// A pointer that an input's memory holds: eight bytes at `at`, pointing to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointerCell {
    /// Where it is.
    pub at: SymPtr,
    /// Where it points.
    pub to: SymPtr,
}

/// One input vector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Input {
    /// Lua stack slots, ascending. Slots not named are nil.
    pub slots: Vec<(Slot, SlotValue)>,
    /// The bytes of each region of the world, in its order.
    pub memory: Vec<Vec<u8>>,
    /// Pointers in that memory; they overwrite its bytes.
    pub pointers: Vec<PointerCell>,
}

impl Input {
    /// The value of a slot.
    pub fn slot(&self, slot: Slot) -> SlotValue {
        self.slots.iter().find(|(s, _)| *s == slot).map_or(SlotValue::Nil, |(_, v)| *v)
    }

    /// The memory of all regions with its pointers filled in.
    pub fn materialize(&self, world: &World) -> Vec<Vec<u8>> {
        let mut memory = self.memory.clone();
        for p in &self.pointers {
            let offset = usize::try_from(p.at.offset).expect("checked case");
            memory[usize::from(p.at.region.0)][offset..offset + 8].copy_from_slice(&world.address(p.to).to_le_bytes());
        }
        memory
    }
}

/// A trace, its world and its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// The trace.
    pub trace: Trace,
    /// Its memory.
    pub world: World,
    /// Input vectors; each is run.
    pub inputs: Vec<Input>,
    /// How the IR is emitted.
    pub emit: Emit,
    /// Optimisation switches.
    pub flags: OptFlags,
}

/// Why a case can't be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadCase {
    /// The trace is not legal.
    #[error(transparent)]
    Trace(#[from] Illegal),
    /// The world can't exist.
    #[error(transparent)]
    World(#[from] BadWorld),
    /// An input does not fit the world.
    #[error("input {input}: {why}")]
    Input {
        /// Its number, from 1.
        input: usize,
        /// What is wrong.
        why: String,
    },
}

/// Most input vectors of a case.
pub const MAX_INPUTS: usize = 64;

impl Case {
    /// Checks trace, world and inputs.
    pub fn check(&self) -> Result<(), BadCase> {
        self.world.check()?;
        validate::validate(&self.trace, self.world.regions.len())?;
        if self.inputs.is_empty() || self.inputs.len() > MAX_INPUTS {
            let why = format!("a case has 1 to {MAX_INPUTS} inputs, this one has {}", self.inputs.len());
            return Err(BadCase::Input { input: self.inputs.len(), why });
        }
        for (n, input) in self.inputs.iter().enumerate() {
            self.check_input(input).map_err(|why| BadCase::Input { input: n + 1, why })?;
        }
        Ok(())
    }

    fn check_input(&self, input: &Input) -> Result<(), String> {
        let regions = &self.world.regions;
        if input.memory.len() != regions.len() {
            return Err(format!("has memory for {} regions, the world has {}", input.memory.len(), regions.len()));
        }
        for (r, bytes) in regions.iter().zip(&input.memory) {
            if bytes.len() != r.size as usize {
                return Err(format!("region {} has {} bytes, wanted {}", r.name, bytes.len(), r.size));
            }
        }
        for (i, r) in regions.iter().enumerate().filter(|(_, r)| r.readonly) {
            if input.memory[i] != self.inputs[0].memory[i] {
                return Err(format!("region {} is read-only but differs between inputs", r.name));
            }
        }
        self.check_slots(input)?;
        input.pointers.iter().try_for_each(|p| self.check_pointer(p))
    }

    fn check_slots(&self, input: &Input) -> Result<(), String> {
        let mut last = None;
        for (slot, value) in &input.slots {
            if !(validate::MIN_SLOT..=validate::MAX_SLOT).contains(&slot.0) || last.is_some_and(|l| l >= *slot) {
                return Err(format!("slot #{} is out of range or order", slot.0));
            }
            last = Some(*slot);
            match value {
                SlotValue::Str(p) => self.check_region(p)?,
                // Such bits are tagged values: the slot would not be a number (lj_obj.h, "Internal object tags").
                SlotValue::Num(bits) if *bits > NAN_BITS && bits >> 32 >= crate::world::TAG_INT => {
                    return Err(format!("slot #{}: {bits:#018x} is a tagged value, no number", slot.0));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_pointer(&self, p: &PointerCell) -> Result<(), String> {
        self.check_region(&p.at)?;
        self.check_region(&p.to)?;
        let region = &self.world.regions[usize::from(p.at.region.0)];
        if region.readonly || p.at.offset < 0 || p.at.offset > i64::from(region.size) - 8 {
            return Err(format!("no room for a pointer at {}{:+}", region.name, p.at.offset));
        }
        Ok(())
    }

    fn check_region(&self, p: &SymPtr) -> Result<(), String> {
        if usize::from(p.region.0) < self.world.regions.len() {
            Ok(())
        } else {
            Err(format!("points to region {}, the world has {}", p.region.0, self.world.regions.len()))
        }
    }
}

/// The bits of the canonical NaN.
const NAN_BITS: u64 = 0xfff8_0000_0000_0000;
