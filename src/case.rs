//! A case: all that one run of the pipeline needs, and nothing else.

use crate::ir::validate::{self, Illegal, Scene};
use crate::ir::{Arg, Const, ExitNo, Ins, Link, Lit, Slot, SymPtr, Trace, Type};
use crate::world::{BadWorld, ObjectKind, SlotValue, Upvalue, World};
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
    /// One iteration through FOLD, then LuaJIT's own passes: dead-code elimination, loop optimisation, allocation sinking.
    Passes,
}

/// All of them.
pub const ALL_EMITS: &[Emit] = &[Emit::Fold, Emit::Raw, Emit::Passes];

impl Emit {
    /// The word in text and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Emit::Fold => "fold",
            Emit::Raw => "raw",
            Emit::Passes => "passes",
        }
    }
}

/// `loop` is a keyword.
fn flag_name(field: &'static str) -> &'static str {
    field.trim_end_matches('_')
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
            pub fn list(&self) -> Vec<(&'static str, bool)> { vec![$( (flag_name(stringify!($field)), self.$field), )*] }
            /// Sets one switch by name; false if there is none of that name.
            pub fn set(&mut self, name: &str, on: bool) -> bool {
                match name { $( _ if name == flag_name(stringify!($field)) => self.$field = on, )* _ => return false }
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
    /// Loop optimisation: a pass.
    loop_ = true,
    /// Elimination of array bounds checks.
    abc = true,
    /// Sinking of allocations and stores: a pass.
    sink = true,
}

/// Where the backend's memory lies: code depends on distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arena {
    /// Code some megabytes from the VM's state and its exit handler.
    #[default]
    Usual,
    /// Code within a megabyte of the VM's state.
    Near,
    /// Code more than four gigabytes away from everything.
    Far,
}

/// All of them with their names.
pub const ALL_ARENAS: &[(Arena, &str)] = &[(Arena::Usual, "usual"), (Arena::Near, "near"), (Arena::Far, "far")];

impl Arena {
    /// The word in text and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Arena::Usual => "usual",
            Arena::Near => "near",
            Arena::Far => "far",
        }
    }
}

/// What the collector does during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Gc {
    /// It has nothing to do.
    #[default]
    Idle,
    /// Each check calls it; it does a step, and the trace goes on.
    Step,
    /// The first check calls it, and the trace must leave.
    Leave,
}

impl Gc {
    /// The word in text.
    pub const fn name(self) -> &'static str {
        match self {
            Gc::Idle => "idle",
            Gc::Step => "step",
            Gc::Leave => "leave",
        }
    }
}

/// What an input puts in an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectValues {
    /// Nothing: a string.
    None,
    /// A table's values.
    Table {
        /// Of the array part: one for each of its slots.
        array: Vec<SlotValue>,
        /// Of the hash part: one for each key, in their order.
        hash: Vec<SlotValue>,
    },
    /// A function's upvalues; those that are open have the value of their slot, and `Nil` here.
    Upvalues(Vec<SlotValue>),
    /// Payload bytes of a userdata or cdata.
    Bytes(Vec<u8>),
}

impl ObjectValues {
    /// All nil or zero.
    pub fn blank(kind: &ObjectKind) -> ObjectValues {
        match kind {
            ObjectKind::Str(_) => ObjectValues::None,
            ObjectKind::Table { asize, keys, .. } => ObjectValues::Table {
                array: vec![SlotValue::Nil; *asize as usize],
                hash: vec![SlotValue::Nil; keys.len()],
            },
            ObjectKind::Func { upvalues } => ObjectValues::Upvalues(vec![SlotValue::Nil; upvalues.len()]),
            ObjectKind::Udata { .. } | ObjectKind::Cdata(_) => {
                ObjectValues::Bytes(vec![0; kind.payload().map_or(0, |(_, len)| len as usize)])
            }
        }
    }

    /// True if it has the shape that the object wants.
    pub fn fits(&self, kind: &ObjectKind) -> bool {
        match (self, kind) {
            (ObjectValues::None, ObjectKind::Str(_)) => true,
            (ObjectValues::Table { array, hash }, ObjectKind::Table { asize, keys, .. }) => {
                array.len() == *asize as usize && hash.len() == keys.len()
            }
            (ObjectValues::Upvalues(values), ObjectKind::Func { upvalues }) => {
                let blank = |(v, u): (&SlotValue, &Upvalue)| *u == Upvalue::Closed || *v == SlotValue::Nil;
                values.len() == upvalues.len() && values.iter().zip(upvalues).all(blank)
            }
            (ObjectValues::Bytes(bytes), ObjectKind::Udata { .. } | ObjectKind::Cdata(_)) => {
                kind.payload().is_some_and(|(_, len)| bytes.len() == len as usize)
            }
            _ => false,
        }
    }

    /// All Lua values in it.
    pub fn values(&self) -> impl Iterator<Item = SlotValue> + '_ {
        let (a, b): (&[SlotValue], &[SlotValue]) = match self {
            ObjectValues::Table { array, hash } => (array, hash),
            ObjectValues::Upvalues(values) => (values, &[]),
            ObjectValues::None | ObjectValues::Bytes(_) => (&[], &[]),
        };
        a.iter().chain(b).copied()
    }
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
    /// What is in each object of the world, in its order.
    pub objects: Vec<ObjectValues>,
    /// What the collector does.
    pub gc: Gc,
    /// A profiler wants to be called.
    pub profile: bool,
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
    /// A trace that starts at an exit of the trace.
    pub side: Option<SideTrace>,
    /// Where the backend's memory lies.
    pub arena: Arena,
    /// The seed of a build that allocates registers at random; others do not look at it.
    pub ra: Option<u32>,
}

/// A side trace. Its exits are numbered behind those of the root trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SideTrace {
    /// The root trace's exit at which it starts.
    pub exit: ExitNo,
    /// The trace.
    pub trace: Trace,
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
    /// A case of one trace, with the backend's memory where it usually lies.
    pub fn new(trace: Trace, world: World, inputs: Vec<Input>, emit: Emit, flags: OptFlags) -> Case {
        Case { trace, world, inputs, emit, flags, side: None, arena: Arena::Usual, ra: None }
    }

    /// True where exits are seen on the Lua stack, as the exit handler restores it: which values an exit has, and where, the passes decide,
    /// and a side trace's exit restores what its parent did not store.
    pub fn restores(&self) -> bool {
        self.emit == Emit::Passes || self.side.is_some()
    }

    /// Checks trace, world and inputs.
    pub fn check(&self) -> Result<(), BadCase> {
        self.world.check()?;
        self.check_traces()?;
        if self.inputs.is_empty() || self.inputs.len() > MAX_INPUTS {
            let why = format!("a case has 1 to {MAX_INPUTS} inputs, this one has {}", self.inputs.len());
            return Err(BadCase::Input { input: self.inputs.len(), why });
        }
        for (n, input) in self.inputs.iter().enumerate() {
            self.check_input(input).map_err(|why| BadCase::Input { input: n + 1, why })?;
        }
        Ok(())
    }

    fn check_traces(&self) -> Result<(), BadCase> {
        let objects = self.world.object_types();
        let passes = self.emit == Emit::Passes;
        let scene = Scene { regions: self.world.regions.len(), objects: &objects, passes, parent: None };
        validate::validate(&self.trace, &scene)?;
        let Some(side) = &self.side else { return Ok(()) };
        let illegal = |why: String| BadCase::Trace(Illegal::Trace(why));
        if passes {
            return Err(illegal("a side trace goes with fold or raw".into()));
        }
        let parent = self.exit_slots(side.exit).ok_or_else(|| illegal(format!("there is no exit {}", side.exit.0)))?;
        let tail = usize::from(side.exit.0) + 1 == self.trace.snaps.len() && self.trace.link != Link::Loop;
        if tail {
            // lj_trace.c: trace_state, LJ_TRACE_END.
            return Err(illegal(format!("exit {} is the root trace's end, where no side trace starts", side.exit.0)));
        }
        if let Some(slot) = self.slot_of_no_lua_value(side.exit) {
            // lj_snap.c: lj_snap_replay; lj_asm_arm64.h: asm_stack_restore. What is inherited leaves a side trace as a Lua value.
            return Err(illegal(format!(
                "exit {} restores slot #{}, which holds no Lua value: no side trace starts there",
                side.exit.0, slot.0
            )));
        }
        if let Some((at, _)) = self.trace.iter().find(|(_, ins)| is_readonly_slot(ins)) {
            // lj_snap.c: snapshot_slots takes what such a load left in any slot for what is in the slot already.
            return Err(illegal(format!(
                "{:04} says that its slot is read-only: leave R out where there is a side trace",
                at.0
            )));
        }
        Ok(validate::validate(&side.trace, &Scene { parent: Some(&parent), passes: false, ..scene })?)
    }

    /// The slots that an exit of the root trace restores, with the types of their values.
    pub fn exit_slots(&self, exit: ExitNo) -> Option<Vec<(Slot, Type)>> {
        let ty = |arg: Arg| match arg {
            Arg::Ref(r) => self.trace.get(r).ty,
            Arg::K(Const::Int(_)) => Type::Int,
            Arg::K(Const::Num(_)) => Type::Num,
            Arg::K(Const::Pri(ty)) => ty,
            Arg::K(Const::Gc(id)) => self.world.object(id).kind.ty(),
            _ => Type::Nil,
        };
        let snap = self.trace.snaps.get(usize::from(exit.0))?;
        Some(snap.entries.iter().map(|e| (e.slot, ty(e.value))).collect())
    }

    /// The first slot of an exit's whose value no slot of the Lua stack can hold.
    fn slot_of_no_lua_value(&self, exit: ExitNo) -> Option<Slot> {
        let is_lua = |arg: Arg| match arg {
            Arg::Ref(r) => self.trace.get(r).ty.is_lua_value(),
            other => matches!(other, Arg::K(Const::Int(_) | Const::Num(_) | Const::Pri(_) | Const::Gc(_))),
        };
        let entries = self.trace.snaps.get(usize::from(exit.0)).map_or(&[][..], |snap| &snap.entries);
        entries.iter().find(|e| !is_lua(e.value)).map(|e| e.slot)
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
        self.check_objects(input)?;
        input.pointers.iter().try_for_each(|p| self.check_pointer(p))
    }

    fn check_slots(&self, input: &Input) -> Result<(), String> {
        let mut last = None;
        for (slot, value) in &input.slots {
            if !(validate::MIN_SLOT..=validate::MAX_SLOT).contains(&slot.0) || last.is_some_and(|l| l >= *slot) {
                return Err(format!("slot #{} is out of range or order", slot.0));
            }
            last = Some(*slot);
            self.check_value(*value).map_err(|why| format!("slot #{}: {why}", slot.0))?;
        }
        Ok(())
    }

    fn check_objects(&self, input: &Input) -> Result<(), String> {
        let objects = &self.world.objects;
        if input.objects.len() != objects.len() {
            return Err(format!("has values for {} objects, the world has {}", input.objects.len(), objects.len()));
        }
        for (o, values) in objects.iter().zip(&input.objects) {
            if !values.fits(&o.kind) {
                return Err(format!("object {}: its values are not as many as it wants", o.name));
            }
            values.values().try_for_each(|v| self.check_value(v)).map_err(|why| format!("object {}: {why}", o.name))?;
        }
        Ok(())
    }

    fn check_value(&self, value: SlotValue) -> Result<(), String> {
        match value {
            SlotValue::Str(p) => self.check_region(&p),
            SlotValue::Obj(id) if usize::from(id.0) >= self.world.objects.len() => {
                Err(format!("is object {}, the world has {}", id.0, self.world.objects.len()))
            }
            // Such bits are tagged values: the slot would not be a number (lj_obj.h, "Internal object tags").
            SlotValue::Num(bits) if bits > NAN_BITS && bits >> 32 >= crate::world::TAG_INT => {
                Err(format!("{bits:#018x} is a tagged value, no number"))
            }
            _ => Ok(()),
        }
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

fn is_readonly_slot(ins: &Ins) -> bool {
    matches!(ins.op2, Arg::Lit(Lit::Sload(mode)) if mode.readonly)
}

/// The bits of the canonical NaN.
const NAN_BITS: u64 = 0xfff8_0000_0000_0000;
