//! Small traces for the tests: a `Jit` that takes opcodes and types by name.
#![allow(dead_code, reason = "each test file uses a part")]

use std::rc::Rc;

use luajit_arm64_sys::{Code, Error, Folded, Jit, Layout, Library, Link, Opts, Place, Repeat, SnapEntry, TRef};

/// A `Jit` and its numbers by name.
pub struct Traces {
    pub jit: Jit,
}

impl Traces {
    pub fn new(library: &Rc<Library>, layout: Layout) -> Self {
        Self { jit: Jit::new(library, layout).expect("the arena is free") }
    }
    pub fn op(&self, name: &str) -> u8 {
        self.jit.tables().op(name).expect(name)
    }

    /// `INT`, or `>INT` for a guard.
    pub fn ty(&self, name: &str) -> u8 {
        let plain = self.jit.tables().ir_type(name.trim_start_matches('>')).expect(name);
        plain | if name.starts_with('>') { 0x80 } else { 0 }
    }

    /// The address of slot 2.
    pub fn base(&mut self) -> u64 {
        self.sum();
        self.jit.assemble(Link::Return, 0).expect("assembled");
        let base = self.jit.code().expect("assembled").base;
        self.jit.drop_trace();
        base
    }

    pub fn emit(&mut self, op: &str, ty: &str, a: TRef, b: TRef) -> TRef {
        let (op, ty) = (self.op(op), self.ty(ty));
        self.jit.emit(op, ty, a.0, b.0).expect("emitted")
    }

    pub fn fold(&mut self, op: &str, ty: &str, a: TRef, b: TRef) -> Result<Folded, Error> {
        let (op, ty) = (self.op(op), self.ty(ty));
        self.jit.fold(op, ty, a.0, b.0)
    }

    pub fn load(&mut self, ty: &str, ofs: u64) -> TRef {
        let addr = self.jit.layout().base + self.jit.layout().data_ofs + ofs;
        let ptr = self.jit.kptr(addr).expect("constant");
        let (op, ty) = (self.op("XLOAD"), self.ty(ty));
        self.jit.emit(op, ty, ptr.0, 0).expect("emitted")
    }

    /// Two loads, their sum, a guard on it, and the sum in slot 2 at both exits.
    pub fn sum(&mut self) -> TRef {
        self.jit.begin(Opts::DEFAULT).expect("begun");
        self.jit.snap(&[], 2).expect("snapshot");
        let (a, b) = (self.load("INT", 0), self.load("INT", 256));
        let sum = self.emit("ADD", "INT", a, b);
        self.jit.snap(&[SnapEntry::new(2, sum)], 3).expect("snapshot");
        let limit = self.jit.kint(1000).expect("constant");
        self.emit("LT", ">INT", sum, limit);
        self.jit.snap(&[SnapEntry::new(2, sum)], 3).expect("snapshot");
        sum
    }

    pub fn words(&self) -> Vec<u32> {
        self.words_of(&self.jit.code().expect("assembled"))
    }

    /// A guard that always fails is a trace error, and the trace after it is fine.
    pub fn check_gfail(&mut self) {
        self.jit.begin(Opts::DEFAULT).expect("begun");
        self.jit.snap(&[], 2).expect("snapshot");
        let (one, two) = (self.jit.kint(1).expect("k"), self.jit.kint(2).expect("k"));
        assert_eq!(self.fold("LT", ">INT", one, two).expect("folded"), Folded::Dropped);
        let error = self.fold("GT", ">INT", one, two).expect_err("1 > 2");
        assert!(matches!(&error, Error::Trace(e) if e.name == "GFAIL"), "{error}");
        self.jit.reset();
    }

    /// `lj_snap_restore` finds the value where `loc` says it is.
    pub fn check_restore(&mut self) {
        let sum = self.sum();
        self.jit.assemble(Link::Return, 0).expect("assembled");
        let Some(Place::Gpr(reg)) = self.jit.loc(1, sum).expect("located").reg else {
            panic!("an integer is in a GPR")
        };
        self.jit.commit().expect("committed");
        let (layout, code) = (self.jit.tables().exit_state, self.jit.code().expect("committed"));
        let mut state = vec![0; layout.size];
        state[layout.gpr + 8 * usize::from(reg)] = 77;
        self.jit.restore(code.traceno, 1, &state).expect("restored");
        let tag = self.jit.tables().value("LJ_TISNUM").expect("there is LJ_TISNUM").cast_unsigned();
        assert_eq!(self.jit.read_u64(code.base).expect("on the stack"), (tag << 47) | 77);
    }
}

/// `ldr w<t>, [x<n>, #imm]`
pub fn is_load_word(word: u32) -> bool {
    word >> 22 == 0b10_1110_0101
}

/// `add w<d>, w<n>, w<m>`
pub fn is_add_word(word: u32) -> bool {
    word & 0xffe0_fc00 == 0x0b00_0000
}

/// Loops and side traces: what the passes and the replay of an exit leave.
impl Traces {
    /// A literal of this release, as an operand.
    pub fn literal(&self, name: &str) -> TRef {
        TRef(self.jit.tables().value(name).expect(name).try_into().expect("a literal has 16 bits"))
    }

    pub fn sload(&mut self, ty: &str, slot: u16) -> TRef {
        let mode = self.literal("IRSLOAD_TYPECHECK");
        self.emit("SLOAD", ty, TRef(slot), mode)
    }

    pub fn folded(&mut self, op: &str, ty: &str, a: TRef, b: TRef) -> TRef {
        self.fold(op, ty, a, b).expect("folded").value().expect("not dropped")
    }

    /// One iteration of `repeat i = i + 1 until i >= 100`, `i` in slot 2, and another variable in slot 3; snapshots 0, 1 and the end.
    pub fn counting_iteration(&mut self, opts: Opts) {
        self.jit.begin(opts).expect("begun");
        self.jit.snap_at(&[], 4, 0).expect("snapshot");
        let i = self.sload(">INT", 2);
        let one = self.jit.kint(1).expect("constant");
        let next = self.folded("ADD", "INT", i, one);
        self.jit.snap_at(&[SnapEntry::new(2, next)], 4, 7).expect("snapshot");
        let limit = self.jit.kint(100).expect("constant");
        self.fold("LT", ">INT", next, limit).expect("folded");
        self.jit.snap_at(&[SnapEntry::new(2, next)], 4, 9).expect("snapshot");
    }

    /// Opcodes of the trace being built or assembled, in order.
    pub fn ops(&self) -> Vec<String> {
        let name = |op: u8| self.jit.tables().ops[usize::from(op)].name.to_owned();
        (1..).map_while(|n| self.jit.ir(TRef::ins(n)).ok()).map(|ins| name(ins.op)).collect()
    }

    pub fn check_loop(&mut self) {
        self.counting_iteration(Opts::DEFAULT);
        self.jit.optimize(Repeat::Iteration).expect("optimized");
        assert_eq!(self.ops(), ["SLOAD", "ADD", "LT", "LOOP", "ADD", "LT", "PHI"]);
        self.jit.assemble(Link::Loop, 0).expect("assembled");
        let code = self.jit.code().expect("assembled");
        assert!(code.loop_ofs > 0 && code.loop_ofs < code.size);
        assert_eq!(
            self.jit.snap_tags(0).expect("assembled"),
            [0, 7, 0, 7],
            "the end is where the next iteration starts"
        );
        let last = self.jit.snapshot(0, 3).expect("assembled");
        assert_eq!((last.at, last.nslots, last.entries), (TRef::ins(6), 4, vec![SnapEntry::new(2, TRef::ins(5))]));
        self.jit.commit().expect("committed");
        assert_eq!(self.jit.snap_tags(code.traceno).expect("committed"), [0, 7, 0, 7]);
    }

    /// A trace whose exit 1 holds an integer, a number, a constant and a sunk box of an `int64_t`.
    pub fn parent(&mut self) {
        self.jit.begin(Opts::DEFAULT).expect("begun");
        self.jit.snap_at(&[], 8, 3).expect("snapshot");
        let (a, b) = (self.load("INT", 0), self.load("NUM", 8));
        let wide = self.load("I64", 16);
        let ctype = self.jit.kint(CTID_INT64).expect("constant");
        let boxed = self.folded("CNEWI", ">CDATA", ctype, wide);
        let entries = [(2, a), (3, b), (4, TRef::TRUE), (5, boxed)].map(|(slot, value)| SnapEntry::new(slot, value));
        self.jit.snap_at(&entries, 8, 5).expect("snapshot");
        let limit = self.jit.kint(1000).expect("constant");
        self.fold("LT", ">INT", a, limit).expect("folded");
        self.jit.snap_at(&entries[..2], 8, 6).expect("snapshot");
        self.jit.optimize(Repeat::Once).expect("optimized");
        self.jit.assemble(Link::Return, 0).expect("assembled");
        self.jit.commit().expect("committed");
    }

    pub fn check_side(&mut self) {
        self.parent();
        let parent = self.jit.code().expect("committed");
        let before = self.words_of(&parent);
        self.jit.begin_side(parent.traceno, 1, Opts::DEFAULT).expect("begun");
        let slots = [2, 3, 4, 5].map(|slot| self.jit.slot(slot).expect("building").expect("replayed"));
        assert_eq!(slots[2].value, TRef::TRUE);
        let tys = ["INT", "NUM", "TRUE", "CDATA"].map(|name| self.ty(name));
        assert_eq!(slots.map(|slot| slot.ty), tys);
        assert_eq!(self.ops(), ["SLOAD", "SLOAD", "PVAL", "CNEWI", "GCSTEP"]);
        let sum = self.folded("ADD", "INT", slots[0].value, slots[0].value);
        let values = [sum, slots[1].value, slots[2].value, slots[3].value];
        let entries: Vec<_> = (2..).zip(values).map(|(slot, value)| SnapEntry::new(slot, value)).collect();
        self.jit.snap_at(&entries, 8, 11).expect("snapshot");
        self.jit.optimize(Repeat::Once).expect("optimized");
        self.jit.assemble(Link::Root, parent.traceno).expect("assembled");
        let side = self.jit.code().expect("assembled");
        assert_eq!((side.nexits, side.nsnap), (3, 2), "a side trace has an exit more, for its stack check");
        assert_eq!(self.words_of(&parent), before, "nothing is patched before the commit");
        self.jit.commit().expect("committed");
        assert_eq!(self.jit.snap_tags(side.traceno).expect("committed"), [5, 11]);
        let after = self.words_of(&parent);
        assert!(before.iter().zip(&after).any(|(old, new)| old != new));
        let at = |word: usize| parent.start + 4 * word as u64;
        assert!(
            (0..after.len()).any(|n| before[n] != after[n] && conditional_target(after[n], at(n)) == Some(side.start)),
            "a guard branches to the side trace: {after:x?}"
        );
        let words = self.words_of(&side);
        let leads_back = |n: usize| branch_target(words[n], side.start + 4 * n as u64) == Some(parent.start);
        assert!((0..words.len()).any(leads_back), "the end leads to the root: {words:x?}");
        self.jit.reset();
        assert!(self.jit.code_of(parent.traceno).is_err() && self.jit.code_of(side.traceno).is_err());
    }

    pub fn words_of(&self, code: &Code) -> Vec<u32> {
        let mut bytes = vec![0; usize::try_from(code.end - code.start).expect("small")];
        self.jit.read(code.start, &mut bytes).expect("code is in the arena");
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect()
    }
}

/// `CTID_INT64`, the same in every release.
pub const CTID_INT64: i32 = 11;

/// Where `b.cond`, at an address, leads.
pub fn conditional_target(word: u32, at: u64) -> Option<u64> {
    let offset = (word << 8).cast_signed() >> 13;
    (word >> 24 == 0x54).then(|| at.wrapping_add_signed(4 * i64::from(offset)))
}

/// Where `b`, at an address, leads.
pub fn branch_target(word: u32, at: u64) -> Option<u64> {
    let offset = (word << 6).cast_signed() >> 6;
    (word >> 26 == 5).then(|| at.wrapping_add_signed(4 * i64::from(offset)))
}
