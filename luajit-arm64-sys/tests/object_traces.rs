//! Traces over objects: every opcode that takes one assembles in the form the recorder gives it, with and without FOLD.

#[path = "traces/builds.rs"]
#[macro_use]
mod builds;
mod traces;

use builds::{at, int, num, tagged};
use luajit_arm64_sys::{Folded, Link, Opts, SnapEntry, TRef, Upvalue};
use traces::Traces;

const NONE: TRef = TRef(0);

/// A trace being built: instructions as they are, or through FOLD.
struct Shape<'a> {
    f: &'a mut Traces,
    folds: bool,
}

impl Shape<'_> {
    fn ins(&mut self, op: &str, ty: &str, a: TRef, b: TRef) -> TRef {
        if !self.folds {
            return self.f.emit(op, ty, a, b);
        }
        match self.f.fold(op, ty, a, b).expect(op) {
            Folded::Ref(value) => value,
            Folded::Dropped => NONE,
        }
    }

    fn snap(&mut self, values: &[TRef]) {
        let entries: Vec<_> = (2..).zip(values).map(|(slot, &value)| SnapEntry::new(slot, value)).collect();
        self.f.jit.snap(&entries, 2 + u8::try_from(values.len()).expect("few")).expect("snapshot");
    }

    fn int(&mut self, value: i32) -> TRef {
        self.f.jit.kint(value).expect("constant")
    }

    fn object(&mut self, addr: u64, ty: &str) -> TRef {
        let ty = self.f.ty(ty);
        self.f.jit.kgc(addr, ty).expect("constant")
    }

    fn slot(&mut self, slot: u16, ty: &str) -> TRef {
        let check = self.value("IRSLOAD_TYPECHECK");
        self.f.emit("SLOAD", ty, TRef(slot), TRef(check))
    }

    fn value(&self, name: &str) -> u16 {
        u16::try_from(self.f.jit.tables().value(name).expect(name)).expect("small")
    }

    fn field(&self, name: &str) -> TRef {
        let row = self.f.jit.tables().fields.iter().position(|row| row.name == name).expect(name);
        TRef(u16::try_from(row).expect("few"))
    }

    fn load(&mut self, ty: &str, object: TRef, field: &str) -> TRef {
        let field = self.field(field);
        self.ins("FLOAD", ty, object, field)
    }

    fn has(&self, op: &str) -> bool {
        self.f.jit.tables().op(op).is_some()
    }

    /// `args` by `CARG`, then a call with the opcode and type the recorder takes.
    fn call(&mut self, name: &str, args: &[TRef]) -> TRef {
        let id = self.f.jit.tables().call(name).expect(name);
        let row = &self.f.jit.tables().calls[id as usize];
        let guard = if row.throws { 0x80 } else { 0 };
        let (op, ty) = (row.op, row.result_type | guard);
        let arg = self.args(args);
        let id = u16::try_from(id).expect("few");
        self.f.jit.emit(op, ty, arg.0, id).expect(name)
    }

    fn args(&mut self, args: &[TRef]) -> TRef {
        let mut args = args.iter().copied();
        let first = args.next().unwrap_or(TRef::NIL);
        args.fold(first, |all, arg| self.ins("CARG", "NIL", all, arg))
    }
}

/// Builds the shape twice, with and without FOLD, and assembles it.
fn assemble(f: &mut Traces, build: impl Fn(&mut Shape) -> Vec<TRef>) {
    for folds in [false, true] {
        f.jit.begin(Opts::DEFAULT).expect("begun");
        let mut shape = Shape { f, folds };
        shape.snap(&[]);
        let live = build(&mut shape);
        shape.snap(&live);
        f.jit.assemble(Link::Return, 0).expect("assembled");
        assert!(f.words().len() > 4);
        f.jit.drop_trace();
    }
}

struct World {
    tab: u64,
    str: u64,
    func: u64,
    key: u64,
}

fn world(f: &mut Traces) -> World {
    let (tab, str, func) = (at(&f.jit, 0), at(&f.jit, 1), at(&f.jit, 2));
    f.jit.new_tab(tab, 4, 2).expect("made");
    f.jit.new_str(str, b"th-key").expect("made");
    let key = tagged(f, "LJ_TSTR", str);
    f.jit.tab_set(tab, key, int(1)).expect("set");
    f.jit.new_func(func, &[Upvalue::Closed(int(1)), Upvalue::Open(4)]).expect("made");
    World { tab, str, func, key }
}

// -- Tables --------------------------------------------------------------------

fn array_loads_and_stores(f: &mut Traces) {
    let w = world(f);
    assemble(f, |s| {
        let (tab, index, konst) = (s.slot(2, ">TAB"), s.slot(3, ">INT"), s.object(w.tab, "TAB"));
        let mut live = Vec::new();
        for table in [tab, konst] {
            let size = s.load("INT", table, "TAB_ASIZE");
            s.ins("ABC", ">INT", size, index);
            let array = s.load("P64", table, "TAB_ARRAY");
            let cell = s.ins("AREF", "P64", array, index);
            live.push(s.ins("ALOAD", ">INT", cell, NONE));
            let two = s.int(2);
            let cell = s.ins("AREF", "P64", array, two);
            live.push(s.ins("ALOAD", ">NUM", cell, NONE));
            s.ins("ASTORE", "INT", cell, live[0]);
            s.ins("ASTORE", "NIL", cell, TRef::NIL);
            s.ins("ASTORE", "TAB", cell, tab);
            s.ins("TBAR", "NIL", table, NONE);
            s.snap(&live);
        }
        live
    });
}

fn hash_loads_by_constant_key(f: &mut Traces) {
    let w = world(f);
    let slot = f.jit.node_slot(w.tab, w.key).expect("a table").expect("its key");
    assemble(f, |s| {
        let (tab, key, mask) = (s.slot(2, ">TAB"), s.object(w.str, "STR"), s.int(3));
        let hmask = s.load("INT", tab, "TAB_HMASK");
        s.ins("EQ", ">INT", hmask, mask);
        let node = s.load("P64", tab, "TAB_NODE");
        let kslot = s.f.jit.kslot(key, u16::try_from(slot).expect("small")).expect("constant");
        let cell = s.ins("HREFK", ">P64", node, kslot);
        let value = s.ins("HLOAD", ">INT", cell, NONE);
        s.ins("HSTORE", "STR", cell, key);
        s.ins("TBAR", "NIL", tab, NONE);
        vec![value]
    });
}

fn hash_loads_by_any_key(f: &mut Traces) {
    let w = world(f);
    let niltv = f.jit.places().niltv;
    assemble(f, |s| {
        let tab = s.slot(2, ">TAB");
        let half = s.f.jit.knum(num(0.5)).expect("constant");
        let keys = [s.slot(3, ">STR"), s.slot(4, ">NUM"), s.slot(5, ">TAB"), s.object(w.str, "STR"), half, TRef::TRUE];
        let mut live = Vec::new();
        for key in keys {
            let cell = s.ins("HREF", "P64", tab, key);
            let nil = s.f.jit.kkptr(niltv).expect("constant");
            s.ins("NE", ">P64", cell, nil);
            live.push(s.ins("HLOAD", ">INT", cell, NONE));
            s.ins("HSTORE", "NUM", cell, half);
            s.snap(&live);
        }
        live
    });
}

fn new_keys(f: &mut Traces) {
    world(f);
    let niltv = f.jit.places().niltv;
    assemble(f, |s| {
        let tab = s.slot(2, ">TAB");
        for key in [s.slot(3, ">STR"), s.slot(4, ">NUM"), TRef::FALSE] {
            let cell = s.ins("HREF", "P64", tab, key);
            let nil = s.f.jit.kkptr(niltv).expect("constant");
            s.ins("EQ", ">P64", cell, nil);
            let cell = s.ins("NEWREF", "P64", tab, key);
            s.ins("HSTORE", "TAB", cell, tab);
            s.ins("TBAR", "NIL", tab, NONE);
            s.snap(&[]);
        }
        vec![]
    });
}

fn table_fields_and_length(f: &mut Traces) {
    let w = world(f);
    assemble(f, |s| {
        let (tab, konst) = (s.slot(2, ">TAB"), s.object(w.tab, "TAB"));
        let null = {
            let ty = s.f.ty("TAB");
            s.f.jit.knull(ty).expect("constant")
        };
        let meta = s.load("TAB", tab, "TAB_META");
        s.ins("EQ", ">TAB", meta, null);
        let field = s.field("TAB_META");
        let place = s.ins("FREF", "P64", tab, field);
        s.ins("FSTORE", "TAB", place, konst);
        s.ins("TBAR", "NIL", tab, NONE);
        let (field, zero) = (s.field("TAB_NOMM"), s.int(0));
        let place = s.ins("FREF", "P64", tab, field);
        s.ins("FSTORE", "U8", place, zero);
        s.snap(&[]);
        if s.has("ALEN") { vec![s.ins("ALEN", "INT", tab, TRef::NIL)] } else { vec![s.call("lj_tab_len", &[tab])] }
    });
}

fn new_tables(f: &mut Traces) {
    let w = world(f);
    assemble(f, |s| {
        let one = s.ins("TNEW", ">TAB", TRef(4), TRef(2));
        let konst = s.object(w.tab, "TAB");
        let two = s.ins("TDUP", ">TAB", konst, NONE);
        let (array, three) = (s.load("P64", one, "TAB_ARRAY"), s.int(3));
        let cell = s.ins("AREF", "P64", array, three);
        s.ins("ASTORE", "TAB", cell, two);
        vec![one, two]
    });
}

// -- Upvalues ------------------------------------------------------------------

fn upvalues_of_constant_and_variable_functions(f: &mut Traces) {
    let w = world(f);
    let hash = |f: &Traces, index| u16::from(f.jit.upvalue(w.func, index).expect("there").hash);
    let (closed, open) = (TRef(hash(f, 0)), TRef(1 << 8 | hash(f, 1)));
    assemble(f, |s| {
        let (konst, variable, tab) = (s.object(w.func, "FUNC"), s.slot(2, ">FUNC"), s.slot(3, ">TAB"));
        let mut live = Vec::new();
        for func in [konst, variable] {
            let up = s.ins("UREFC", ">P64", func, closed);
            live.push(s.ins("ULOAD", ">INT", up, NONE));
            s.ins("USTORE", "TAB", up, tab);
            s.ins("OBAR", "NIL", up, tab);
            let up = s.ins("UREFO", ">P64", func, open);
            live.push(s.ins("ULOAD", ">NUM", up, NONE));
            s.ins("USTORE", "TRUE", up, TRef::TRUE);
            // Releases since 2023 don't ask whether the upvalue is open if no object is stored.
            let up = s.ins("UREFO", ">I64", func, open);
            live.push(s.ins("ULOAD", ">NUM", up, NONE));
            s.snap(&live);
        }
        live
    });
}

// -- Strings and buffers -------------------------------------------------------

fn strings(f: &mut Traces) {
    let w = world(f);
    assemble(f, |s| {
        let (str, index, number) = (s.slot(2, ">STR"), s.slot(3, ">INT"), s.slot(4, ">NUM"));
        let len = s.load("INT", str, "STR_LEN");
        s.ins("GT", ">INT", len, index);
        let ptr = s.ins("STRREF", "P64", str, index);
        let read_only = TRef(s.value("IRXLOAD_READONLY"));
        let byte = s.ins("XLOAD", "U8", ptr, read_only);
        let four = s.int(4);
        let part = s.ins("SNEW", "STR", ptr, four);
        let text = s.ins("TOSTR", "STR", index, TRef(0));
        let real = s.ins("TOSTR", "STR", number, TRef(1));
        let char = s.ins("TOSTR", "STR", byte, TRef(2));
        let back = s.ins("STRTO", ">NUM", str, NONE);
        let konst = s.object(w.str, "STR");
        let order = s.call("lj_str_cmp", &[str, konst]);
        vec![part, text, real, char, back, order]
    });
}

fn buffers(f: &mut Traces) {
    let w = world(f);
    let tmpbuf = f.jit.places().tmpbuf;
    assemble(f, |s| {
        let (str, index, number) = (s.slot(2, ">STR"), s.slot(3, ">INT"), s.slot(4, ">NUM"));
        let buf = s.f.jit.kptr(tmpbuf).expect("constant");
        let head = s.ins("BUFHDR", "P64", buf, TRef(0));
        let konst = s.object(w.str, "STR");
        let mut end = s.ins("BUFPUT", ">P64", head, str);
        end = s.ins("BUFPUT", ">P64", end, konst);
        let text = s.ins("TOSTR", "STR", number, TRef(1));
        end = s.ins("BUFPUT", ">P64", end, text);
        let text = s.ins("TOSTR", "STR", index, TRef(0));
        end = s.ins("BUFPUT", ">P64", end, text);
        end = s.call("lj_buf_putstr_upper", &[end, str]);
        let made = s.ins("BUFSTR", ">STR", end, head);
        vec![made]
    });
}

/// A second buffer appends to the first one's string; formats go through the buffer as well.
fn buffers_with_formats_and_appended_strings(f: &mut Traces) {
    world(f);
    let tmpbuf = f.jit.places().tmpbuf;
    assemble(f, |s| {
        let (str, index, number) = (s.slot(2, ">STR"), s.slot(3, ">INT"), s.slot(4, ">NUM"));
        let buf = s.f.jit.kptr(tmpbuf).expect("constant");
        let head = s.ins("BUFHDR", "P64", buf, TRef(0));
        let put = s.ins("BUFPUT", ">P64", head, str);
        let text = s.ins("BUFSTR", ">STR", put, head);
        s.snap(&[text]);
        let more = s.ins("BUFHDR", "P64", put, TRef(1));
        let (format, times) = (s.int(0), s.int(3));
        let mut end = s.ins("BUFPUT", ">P64", more, str);
        end = s.call("lj_strfmt_putfnum", &[end, format, number]);
        end = s.call("lj_strfmt_putquoted", &[end, str]);
        end = s.call("lj_buf_putstr_rep", &[end, str, times]);
        let char = s.ins("TOSTR", "STR", index, TRef(2));
        end = s.ins("BUFPUT", ">P64", end, char);
        vec![text, s.ins("BUFSTR", ">STR", end, more)]
    });
}

// -- C data, calls, the rest ---------------------------------------------------

fn c_data(f: &mut Traces) {
    let (i64, i32) = (f.jit.ctype("int64_t").expect("a type"), f.jit.ctype("int32_t").expect("a type"));
    let (pair, text) =
        (f.jit.ctype("struct { int a; double b; }").expect("a type"), f.jit.ctype("char[?]").expect("a type"));
    assemble(f, |s| {
        let (cd, index, number) = (s.slot(2, ">CDATA"), s.slot(3, ">INT"), s.slot(4, ">NUM"));
        let id = s.load("U16", cd, "CDATA_CTYPEID");
        let wanted = s.int(i64.id.cast_signed());
        s.ins("EQ", ">INT", id, wanted);
        let value = s.load("I64", cd, "CDATA_INT64");
        let boxed = s.ins("CNEWI", ">CDATA", wanted, value);
        let id = s.int(i32.id.cast_signed());
        let small = s.ins("CNEWI", ">CDATA", id, index);
        let id = s.int(pair.id.cast_signed());
        let record = s.ins("CNEW", ">CDATA", id, TRef::NIL);
        let ofs = s.f.jit.kint64(24).expect("constant");
        let place = s.ins("ADD", "P64", record, ofs);
        s.ins("XSTORE", "NUM", place, number);
        let id = s.int(text.id.cast_signed());
        let array = s.ins("CNEW", ">CDATA", id, index);
        vec![boxed, small, record, array]
    });
}

fn calls_of_foreign_functions(f: &mut Traces) {
    let target = f.jit.layout().call_address(u32::try_from(f.jit.tables().calls.len()).expect("few") + 1);
    assemble(f, |s| {
        let (index, number) = (s.slot(2, ">INT"), s.slot(3, ">NUM"));
        let func = s.f.jit.kptr(target).expect("constant");
        s.ins("CALLXS", "NIL", TRef::NIL, func);
        s.snap(&[]);
        let mut args = vec![];
        for _ in 0..10 {
            args.extend([index, number]);
        }
        let args = s.args(&args);
        let result = s.ins("CALLXS", "INT", args, func);
        s.snap(&[result]);
        let pointer = s.f.load("P64", 0);
        let variable = s.ins("CALLXS", "NUM", number, pointer);
        let id = s.int(9);
        let func = s.ins("CARG", "NIL", func, id);
        let other = s.ins("CALLXS", "I64", result, func);
        let id = s.int(11);
        let boxed = s.ins("CNEWI", ">CDATA", id, other);
        vec![result, variable, boxed]
    });
}

fn threads_and_temporaries(f: &mut Traces) {
    world(f);
    assemble(f, |s| {
        let (tab, number) = (s.slot(2, ">TAB"), s.slot(3, ">NUM"));
        let thread = s.ins("LREF", "THREAD", NONE, NONE);
        let env = s.load("TAB", thread, "THREAD_ENV");
        if !s.has("TMPREF") {
            return vec![env];
        }
        let place = s.ins("TMPREF", "P64", number, TRef(1));
        let index = s.call("lj_tab_keyindex", &[tab, place]);
        let place = s.ins("TMPREF", "P64", TRef::NIL, TRef(2));
        let value = s.ins("VLOAD", ">INT", place, TRef(0));
        vec![env, index, value]
    });
}

fn barriers_checks_and_uses(f: &mut Traces) {
    assemble(f, |s| {
        let (index, pointer) = (s.slot(2, ">INT"), s.f.load("P64", 0));
        s.ins("PROF", ">NIL", NONE, NONE);
        let four = s.int(4);
        let str = s.ins("XSNEW", "STR", pointer, four);
        s.ins("XBAR", "NIL", NONE, NONE);
        let word = s.ins("XLOAD", "INT", pointer, NONE);
        s.ins("USE", "NIL", word, NONE);
        let tab = s.ins("TNEW", ">TAB", TRef(17), TRef(0));
        s.ins("GCSTEP", ">NIL", NONE, NONE);
        s.snap(&[str, tab]);
        let made = s.call("lj_tab_new_ah", &[index, four]);
        vec![str, tab, made]
    });
}

/// The frame below needs an address in bytecode; any instruction of the function will do.
fn returns_to_a_lower_frame(f: &mut Traces) {
    world(f);
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let pc = f.jit.code().expect("assembled").pc;
    f.jit.drop_trace();
    let proto = f.jit.places().lua_state;
    assemble(f, |s| {
        let (pt, to) = (s.object(proto, "PROTO"), s.f.jit.kptr(pc + 4).expect("constant"));
        s.ins("RETF", ">P64", pt, to);
        s.snap(&[]);
        vec![s.slot(4, ">INT")]
    });
}

fn a_loop_that_allocates_checks_the_collector(f: &mut Traces) {
    world(f);
    f.jit.begin(Opts::DEFAULT).expect("begun");
    let mut s = Shape { f, folds: false };
    s.snap(&[]);
    let (start, one) = (s.slot(2, ">INT"), s.int(1));
    let first = s.ins("ADD", "INT", start, one);
    let tab = s.ins("TNEW", ">TAB", TRef(0), TRef(0));
    s.snap(&[first, tab]);
    s.ins("LOOP", ">NIL", NONE, NONE);
    let next = s.ins("ADD", "INT", first, one);
    let other = s.ins("TNEW", ">TAB", TRef(3), TRef(0));
    s.snap(&[next, other]);
    let limit = s.int(100);
    s.ins("LT", ">INT", next, limit);
    s.ins("PHI", "INT", first, next);
    s.ins("PHI", "TAB", tab, other);
    f.jit.assemble(Link::Loop, 0).expect("assembled");
    let (layout, code) = (*f.jit.layout(), f.jit.code().expect("assembled"));
    let step = layout.call_address(f.jit.tables().call("lj_gc_step_jit").expect("there is one"));
    let calls = f.words().into_iter().zip((code.start..).step_by(4)).filter(|&(word, at)| {
        let offset = (word << 6).cast_signed() >> 6;
        word >> 26 == 0b10_0101 && at.wrapping_add_signed(4 * i64::from(offset)) == step
    });
    assert_eq!(calls.count(), 2, "one before the loop, one in it");
}

checks! {
    array_loads_and_stores
    hash_loads_by_constant_key
    hash_loads_by_any_key
    new_keys
    table_fields_and_length
    new_tables
    upvalues_of_constant_and_variable_functions
    strings
    buffers
    c_data
    calls_of_foreign_functions
    threads_and_temporaries
    buffers_with_formats_and_appended_strings
    barriers_checks_and_uses
    returns_to_a_lower_frame
    a_loop_that_allocates_checks_the_collector
}
