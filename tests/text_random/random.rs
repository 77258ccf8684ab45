//! A random file by its seed: any legal case, and outcomes that no interpreter gave.

use tracehound::case::{ALL_ARENAS, Case, Emit, Gc, Input, OptFlags, PointerCell, SideTrace};
use tracehound::ir::validate::{MAX_SLOT, MIN_SLOT, Scene, TOBIT_BIAS};
use tracehound::ir::{ALL_TYPES, ExitNo, Ref, RegionId, Slot, SymPtr};
use tracehound::outcome::{Call, End, FAULT_CLASSES, Fault, FindingClass, MISMATCH_CLASSES, Outcome, Value};
use tracehound::text::{Builds, Expect, Expected, ExpectedVerdict, Pattern, Shape, TraceFile, Want, expected};
use tracehound::world::{Region, SlotValue, TAG_INT, World};

/// A stream of random choices (SplitMix64), all of a file by its seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Bits with many edges: few bits set, few clear, powers of two and neighbours, anything.
    pub fn bits(&mut self) -> u64 {
        let shift = self.below(64);
        match self.below(5) {
            0 => self.next() >> shift,
            1 => !(self.next() >> shift),
            2 => (1u64 << shift).wrapping_add(self.next() % 5).wrapping_sub(2),
            3 => self.next(),
            _ => self.pick(&[0, 1 << 63, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff8 << 48, 0xfff8 << 48, TOBIT_BIAS, u64::MAX]),
        }
    }

    pub fn num(&mut self) -> u64 {
        match self.below(3) {
            0 => (self.below(2000) as f64 / 8.0 - 100.0).to_bits(),
            _ => self.bits(),
        }
    }

    pub fn file(&mut self) -> TraceFile {
        let case = self.case();
        let runs = (0..case.inputs.len()).map(|n| self.run(&case, n)).collect();
        let words = ["", "in emit_lso", "in 0038", "; é → x"];
        let mut expects = Vec::new();
        for _ in 0..self.below(3) {
            let class = match self.below(3) {
                0 => ExpectedVerdict::Agree,
                1 => ExpectedVerdict::Finding(FindingClass::Fault(self.pick(FAULT_CLASSES).0)),
                _ => ExpectedVerdict::Finding(FindingClass::Mismatch(self.pick(MISMATCH_CLASSES).0)),
            };
            let backend = self.pick(&[None, Some("luajit@210.4.6"), Some("model")]);
            expects.push(Expect {
                backend: backend.map(String::from),
                verdict: class,
                words: self.pick(&words).into(),
            });
        }
        let notes = (0..self.below(3)).map(|_| self.pick(&words).to_string()).collect();
        let backend = self.pick(&[None, Some("luajit@210.7.4"), Some("luajit@/a/b assert")]).map(String::from);
        let shapes = (0..self.below(3)).map(|_| self.shape(&case)).collect();
        TraceFile { backend, expects, shapes, notes, case, runs }
    }

    pub fn shape(&mut self, case: &Case) -> Shape {
        let builds = ["*", "luajit@*", "luajit@210.7.4", "luajit@>=210.4.6,<210.5.0", "model@<1.0.0"];
        let patterns = ["ldp w_, w_, [x_, #-8]", "mov", "movz x_, #1 ; movk x_, #2, lsl #16", "ldr x_, [x_], #8"];
        let pattern = Pattern::parse(self.pick(&patterns)).expect("a pattern");
        let want = match self.below(3) {
            0 => Want::Nothing,
            1 => Want::Has(pattern),
            _ => Want::HasNot(pattern),
        };
        let refs: Vec<Ref> = case.trace.iter().map(|(at, _)| at).collect();
        let at = if refs.is_empty() || self.one_in(4) { None } else { Some(self.pick(&refs)) };
        Shape { on: Builds::parse(self.pick(&builds)).expect("backends"), at, want }
    }

    pub fn case(&mut self) -> Case {
        let world = self.world();
        let types = world.object_types();
        let scene = Scene { regions: world.regions.len(), objects: &types, ..Scene::default() };
        let trace = self.trace(&world, scene);
        let constant: Vec<Vec<u8>> = world.regions.iter().map(|r| self.contents(r.size as usize)).collect();
        let inputs = (0..1 + self.below(4)).map(|_| self.input(&world, &constant)).collect();
        let mut flags = OptFlags::default();
        for (name, on) in flags.list() {
            flags.set(name, on != self.one_in(6));
        }
        let emit = self.pick(&[Emit::Fold, Emit::Raw]);
        let mut case = Case::new(trace, world.clone(), inputs, emit, flags);
        case.arena = self.pick(ALL_ARENAS).0;
        case.ra = self.one_in(3).then(|| self.next() as u32);
        self.side(&mut case, &world, scene);
        self.passes(&mut case);
        case
    }

    /// A side trace, where one is legal.
    fn side(&mut self, case: &mut Case, world: &World, scene: Scene) {
        let exit = ExitNo(self.below(case.trace.snaps.len()) as u16);
        let Some(parent) = case.exit_slots(exit).filter(|_| self.one_in(3)) else { return };
        let trace = self.trace(world, Scene { parent: Some(&parent), ..scene });
        case.side = Some(SideTrace { exit, trace });
        if case.check().is_err() {
            case.side = None;
        }
    }

    /// Through the passes, if that is legal as it is.
    fn passes(&mut self, case: &mut Case) {
        let emit = std::mem::replace(&mut case.emit, Emit::Passes);
        if case.check().is_err() || self.one_in(2) {
            case.emit = emit;
        }
    }

    pub fn world(&mut self) -> World {
        let mut regions = Vec::new();
        let mut offset = 0;
        for name in ["data", "input", "R_0", "slot", "e1"].iter().take(1 + self.below(5)) {
            offset += self.below(100) as u32;
            let size = 1 + self.below(200) as u32;
            regions.push(Region { name: (*name).into(), offset, size, readonly: self.one_in(4) });
            offset += size;
        }
        World { regions, objects: self.objects() }
    }

    pub fn contents(&mut self, size: usize) -> Vec<u8> {
        let sparse = 1 + self.below(40);
        (0..size).map(|_| if self.one_in(sparse) { self.next() as u8 } else { 0 }).collect()
    }

    pub fn pointer(&mut self, world: &World) -> SymPtr {
        let offset = if self.one_in(4) { self.bits().cast_signed() } else { self.below(300) as i64 - 20 };
        SymPtr { region: RegionId(self.below(world.regions.len()) as u8), offset }
    }

    pub fn input(&mut self, world: &World, constant: &[Vec<u8>]) -> Input {
        let mut input = Input::default();
        for slot in (MIN_SLOT..=MAX_SLOT).map(Slot) {
            if self.one_in(8) {
                input.slots.push((slot, self.slot_value(world)));
            }
        }
        for (r, constant) in world.regions.iter().zip(constant) {
            input.memory.push(if r.readonly { constant.clone() } else { self.contents(r.size as usize) });
        }
        let homes = |i: &usize| !world.regions[*i].readonly && world.regions[*i].size >= 8;
        let homes: Vec<usize> = (0..world.regions.len()).filter(homes).collect();
        for _ in 0..self.below(3).min(homes.len()) {
            let region = self.pick(&homes);
            let offset = self.below(world.regions[region].size as usize - 7) as i64;
            let at = SymPtr { region: RegionId(region as u8), offset };
            input.pointers.push(PointerCell { at, to: self.pointer(world) });
        }
        input.objects = world.objects.iter().map(|o| self.values(&o.kind, world)).collect();
        input.gc = self.pick(&[Gc::Idle, Gc::Step, Gc::Leave]);
        input.profile = self.one_in(4);
        input
    }

    pub fn slot_value(&mut self, world: &World) -> SlotValue {
        match self.below(8) {
            0 => SlotValue::Nil,
            1 => SlotValue::False,
            2 => SlotValue::True,
            3 => SlotValue::Int(self.bits() as i32),
            4 => SlotValue::Str(self.pointer(world)),
            5 | 6 => self.object_value(world),
            _ => SlotValue::Num(Some(self.num()).filter(|bits| bits >> 32 < TAG_INT).unwrap_or(0)),
        }
    }

    /// An outcome that no interpreter gave: any bits, of any type.
    pub fn run(&mut self, case: &Case, n: usize) -> Option<Expected> {
        if self.one_in(3) {
            return None;
        }
        let (input, world) = (&case.inputs[n], &case.world);
        let fault = Fault { class: self.pick(FAULT_CLASSES).0, pc: 0, address: None, detail: String::new() };
        let side = case.side.as_ref().map_or(0, |side| side.trace.snaps.len());
        let exit = ExitNo(self.below(case.trace.snaps.len() + side) as u16);
        let heap = self.heap(case);
        let end = match self.below(3) {
            0 => End::Exit(exit),
            1 => End::Tail,
            _ => End::Fault(fault),
        };
        let mut values = Vec::new();
        for _ in 0..self.below(5) {
            let bits = match self.below(4) {
                0 => world.address(self.pointer(world)),
                1 => self.address(&heap),
                _ => self.bits(),
            };
            let (slot, ty) = (Slot(self.next() as u8), self.pick(ALL_TYPES));
            values.push(Value { slot, ty, bits: if self.one_in(3) { bits & 0xffff_ffff } else { bits } });
        }
        let mut stack: Vec<u64> = (MIN_SLOT..=MAX_SLOT).map(|s| input.slot(Slot(s)).encode(world)).collect();
        let mut memory = input.materialize(world);
        for _ in 0..self.below(4) {
            let slot = self.below(stack.len());
            stack[slot] = self.heap_word(world, &heap);
            let region = self.below(memory.len());
            let at = self.below(memory[region].len());
            memory[region][at] = self.next() as u8;
        }
        let helper = self.pick(&["lj_vm_modi", "pow"]).to_string();
        let args = (0..self.below(3)).map(|_| self.bits()).collect();
        let calls = if self.one_in(3) { vec![Call { helper, args }] } else { vec![] };
        Some(expected(case, input, &Outcome { end, values, stack, memory, calls, heap, unspecified: vec![] }))
    }
}
