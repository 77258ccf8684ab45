//! Small traces for the tests: a `Jit` that takes opcodes and types by name.
#![allow(dead_code, reason = "each test file uses a part")]

use std::rc::Rc;

use luajit_arm64_sys::{Error, Folded, Jit, Layout, Library, Link, Opts, Place, SnapEntry, TRef};

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
        let code = self.jit.code().expect("assembled");
        let mut bytes = vec![0; usize::try_from(code.end - code.start).expect("small")];
        self.jit.read(code.start, &mut bytes).expect("code is in the arena");
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect()
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
