//! The library's own functions on objects: they run with the guest's registers, bad arguments are refused, errors leave the library
//! usable, and a rewind undoes what they did.

#[path = "traces/builds.rs"]
#[macro_use]
mod builds;
mod traces;

use builds::{NIL, at, int, num, tagged};
use luajit_arm64_sys::{Color, Error, GcState, Link, ObjectKind, Upvalue};
use traces::Traces;

fn call(f: &mut Traces, name: &str, args: &[u64]) -> Result<u64, Error> {
    let id = f.jit.tables().call(name).expect(name);
    assert!(f.jit.can_check(id), "{name}");
    let mut x = [0; 8];
    x[..args.len()].copy_from_slice(args);
    f.jit.call_checked(id, &x, &[num(1.5); 8]).map(|(x0, _)| x0)
}

fn kind(f: &Traces, addr: u64) -> ObjectKind {
    f.jit.read_object(addr).expect("an object").kind
}

/// A committed trace and some objects; the trace number.
fn running(f: &mut Traces) -> u32 {
    let (tab, str, func) = (at(&f.jit, 0), at(&f.jit, 1), at(&f.jit, 2));
    f.jit.new_tab(tab, 3, 1).expect("made");
    f.jit.new_str(str, b"th-string").expect("made");
    f.jit.new_func(func, &[Upvalue::Closed(NIL), Upvalue::Open(3)]).expect("made");
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    f.jit.commit().expect("committed");
    let traceno = f.jit.code().expect("committed").traceno;
    f.jit.enter(traceno);
    f.jit.checkpoint().expect("remembered");
    traceno
}

/// Everything of a table that does not depend on where its parts are.
fn contents(f: &Traces, tab: u64) -> (Vec<u64>, Vec<(u64, u64)>) {
    let ObjectKind::Table { array, mut nodes, .. } = kind(f, tab) else { panic!("a table") };
    nodes.sort_unstable();
    (array, nodes)
}

fn a_table_grows_by_new_keys(f: &mut Traces) {
    running(f);
    let (l, tab, data) = (f.jit.places().lua_state, at(&f.jit, 0), f.jit.regions()[2].addr);
    for n in 0..9 {
        f.jit.write_u64(data, num(f64::from(n) + 0.5)).expect("data");
        let slot = call(f, "lj_tab_newkey", &[l, tab, data]).expect("made");
        f.jit.write_u64(slot, int(n)).expect("a value");
    }
    let (_, nodes) = contents(f, tab);
    assert_eq!(nodes.len(), 9);
    assert!((0..9).all(|n| nodes.contains(&(num(f64::from(n) + 0.5), int(n)))));
    f.jit.write_u64(data, num(f64::NAN)).expect("data");
    assert!(matches!(call(f, "lj_tab_newkey", &[l, tab, data]), Err(Error::BadArgument { .. })));
}

fn new_objects_are_found_by_their_address(f: &mut Traces) {
    running(f);
    let (l, tab, str) = (f.jit.places().lua_state, at(&f.jit, 0), at(&f.jit, 1));
    f.jit.tab_set(tab, int(1), int(11)).expect("set");
    let copy = call(f, "lj_tab_dup", &[l, tab]).expect("made");
    assert_eq!(contents(f, copy), contents(f, tab));
    let fresh = call(f, "lj_tab_new1", &[l, 5 | 2 << 24]).expect("made");
    assert_eq!(contents(f, fresh), (vec![NIL; 5], vec![]));
    let ah = call(f, "lj_tab_new_ah", &[l, 4, 3]).expect("made");
    assert_eq!(contents(f, ah).0.len(), 5);
    assert_eq!(call(f, "lj_tab_len", &[tab]).expect("counted") & 0xffff_ffff, 1);
    call(f, "lj_tab_clear", &[tab]).expect("cleared");
    assert_eq!(contents(f, tab).0, [NIL; 3]);
    let header = f.jit.tables().value("sizeof(GCstr)").expect("known").cast_unsigned();
    let same = call(f, "lj_str_new", &[l, str + header, 9]).expect("found");
    let part = call(f, "lj_str_new", &[l, str + header + 1, 4]).expect("made");
    assert_eq!((kind(f, same), kind(f, part)), (kind(f, str), ObjectKind::Str(b"h-st".to_vec())));
    let id = f.jit.ctype("int64_t").expect("a type").id;
    let cd = call(f, "lj_mem_newgco", &[l, 24]).expect("made");
    f.jit.write(cd + 9, &[10]).expect("gct");
    f.jit.write(cd + 10, &id.to_le_bytes()[..2]).expect("ctypeid");
    f.jit.write_u64(cd + 16, 0x55).expect("payload");
    let bytes = 0x55u64.to_le_bytes().to_vec();
    assert_eq!(kind(f, cd), ObjectKind::Cdata { ctype: id, bytes });
    let chars = f.jit.ctype("char[?]").expect("a type").id;
    let cd = call(f, "lj_cdata_newv", &[l, u64::from(chars), 5, 0]).expect("made");
    assert!(matches!(kind(f, cd), ObjectKind::Cdata { ctype, bytes } if ctype == chars && bytes.len() == 5));
}

fn numbers_become_strings_and_strings_numbers(f: &mut Traces) {
    running(f);
    let (l, data) = (f.jit.places().lua_state, f.jit.regions()[2].addr);
    let text = |f: &Traces, addr| match kind(f, addr) {
        ObjectKind::Str(bytes) => String::from_utf8(bytes).expect("text"),
        other => panic!("{other:?}"),
    };
    let str = call(f, "lj_strfmt_int", &[l, u64::from((-42i32).cast_unsigned())]).expect("made");
    assert_eq!(text(f, str), "-42");
    f.jit.write_u64(data, num(0.25)).expect("data");
    let str = call(f, "lj_strfmt_num", &[l, data]).expect("made");
    assert_eq!(text(f, str), "0.25");
    assert_eq!(call(f, "lj_strscan_num", &[str, data + 8]).expect("read") & 0xff, 1);
    assert_eq!(f.jit.read_u64(data + 8).expect("data"), num(0.25));
    let str = call(f, "lj_strfmt_char", &[l, 65]).expect("made");
    assert_eq!(text(f, str), "A");
}

fn buffers_collect_strings(f: &mut Traces) {
    running(f);
    let (buf, str, data) = (f.jit.places().tmpbuf, at(&f.jit, 1), f.jit.regions()[2].addr);
    let start = f.jit.read_u64(buf + 16).expect("a buffer");
    f.jit.write_u64(buf, start).expect("reset, as BUFHDR does");
    assert_eq!(call(f, "lj_buf_putstr", &[buf, str]).expect("put"), buf);
    call(f, "lj_buf_putchar", &[buf, 33]).expect("put");
    call(f, "lj_buf_putstr_upper", &[buf, str]).expect("put");
    f.jit.write_u64(data, num(1.5)).expect("data");
    call(f, "lj_strfmt_putnum", &[buf, data]).expect("put");
    let made = call(f, "lj_buf_tostr", &[buf]).expect("made");
    assert_eq!(kind(f, made), ObjectKind::Str(b"th-string!TH-STRING1.5".to_vec()));
    f.jit.write_u64(buf, start + (1 << 30)).expect("broken");
    assert!(matches!(call(f, "lj_buf_putstr", &[buf, str]), Err(Error::BadArgument { .. })));
}

fn a_barrier_marks_the_value_or_the_upvalue(f: &mut Traces) {
    running(f);
    let (g, tab, func) = (f.jit.places().global_state, at(&f.jit, 0), at(&f.jit, 2));
    let value = tagged(f, "LJ_TTAB", tab);
    for (state, up, val) in
        [(GcState::Propagate, Color::Black, Color::Gray), (GcState::Sweep, Color::White, Color::White)]
    {
        f.jit.rewind().expect("back");
        f.jit.func_write(func, &[value]).expect("written");
        f.jit.set_color(func, Color::Black).expect("set");
        f.jit.set_gc(false, state, false).expect("set");
        let addr = f.jit.upvalue(func, 0).expect("there").addr;
        call(f, "lj_gc_barrieruv", &[g, addr]).expect("called");
        assert_eq!(f.jit.upvalue(func, 0).expect("there").color, up);
        assert_eq!(f.jit.read_object(tab).expect("a table").color, val);
    }
}

fn bad_arguments_are_refused(f: &mut Traces) {
    running(f);
    let (l, tab, str) = (f.jit.places().lua_state, at(&f.jit, 0), at(&f.jit, 1));
    let heap_end = f.jit.layout().base + f.jit.layout().heap_size;
    for (name, args) in [
        ("lj_tab_len", &[str] as &[u64]),
        ("lj_tab_dup", &[tab, tab]),
        ("lj_str_cmp", &[str, 8]),
        ("lj_str_new", &[l, str, 1 << 32]),
        ("lj_str_new", &[l, heap_end, 1]),
        ("lj_tab_newkey", &[l, tab, 0]),
        ("lj_buf_putstr", &[tab, str]),
        ("lj_gc_barrieruv", &[f.jit.places().global_state, tab + 16]),
        ("strlen", &[0]),
        ("memcpy", &[0, str, 4]),
    ] {
        assert!(matches!(call(f, name, args), Err(Error::BadArgument { .. })), "{name} {args:x?}");
    }
    let unknown = f.jit.tables().call("lj_gc_step_jit").expect("there is one");
    assert!(!f.jit.can_check(unknown));
    assert!(matches!(f.jit.call_checked(unknown, &[0; 8], &[0; 8]), Err(Error::BadArgument { .. })));
    // A chain of nodes that has no end.
    let node = f.jit.read_u64(tab + 40).expect("a GCtab");
    f.jit.write_u64(node + 16, node).expect("written");
    assert!(matches!(call(f, "lj_tab_len", &[tab]), Err(Error::BadArgument { .. })));
}

fn errors_leave_the_library_usable(f: &mut Traces) {
    running(f);
    let (l, tab) = (f.jit.places().lua_state, at(&f.jit, 0));
    for _ in 0..3 {
        let error = call(f, "lj_tab_new_ah", &[l, 1 << 29, 0]).expect_err("too many");
        assert!(matches!(&error, Error::Lua { text } if text.contains("table overflow")), "{error}");
        assert_eq!(call(f, "lj_tab_len", &[tab]).expect("counted") & 0xffff_ffff, 0);
    }
    let error = call(f, "lj_tab_new_ah", &[l, 1 << 24, 0]).expect_err("the heap is smaller");
    assert!(matches!(&error, Error::OutOfArena { .. }), "{error}");
    assert!(call(f, "lj_tab_len", &[tab]).is_err(), "only a rewind or reset helps");
    f.jit.rewind().expect("back");
    assert_eq!(call(f, "lj_tab_len", &[tab]).expect("counted") & 0xffff_ffff, 0);
    f.jit.reset();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
}

fn a_rewind_brings_everything_back(f: &mut Traces) {
    let traceno = running(f);
    let (l, tab, func) = (f.jit.places().lua_state, at(&f.jit, 0), at(&f.jit, 2));
    let base = f.jit.code().expect("committed").base;
    let heap = f.jit.heap();
    let state = |f: &Traces| (contents(f, tab), kind(f, func), f.jit.read_u64(base + 8).expect("a slot"));
    let before = state(f);
    let run = |f: &mut Traces| {
        f.jit.write_u64(base + 8, int(77)).expect("slot 3 is an upvalue too");
        f.jit.tab_write(tab, &[int(1), int(2)], &[]).expect("written");
        f.jit.func_write(func, &[int(3)]).expect("written");
        f.jit.set_color(tab, Color::Black).expect("set");
        f.jit.set_gc(true, GcState::Sweep, false).expect("set");
        let made: Vec<_> = (0..100).map(|n| call(f, "lj_tab_new1", &[l, n | 1 << 24]).expect("made")).collect();
        f.jit.new_func(at(&f.jit, 9), &[Upvalue::Closed(NIL); 7]).expect("made");
        (made, contents(f, tab))
    };
    let first = run(f);
    assert_ne!(state(f), before);
    for _ in 0..3 {
        f.jit.rewind().expect("back");
        assert_eq!((state(f), f.jit.heap()), (before.clone(), heap));
        assert_eq!(f.jit.code().expect("still there").traceno, traceno);
        assert!(f.jit.read_object(first.0[0]).is_err() && f.jit.read_object(at(&f.jit, 9)).is_err());
        assert_eq!(run(f), first, "the same addresses again");
    }
    f.jit.reset();
    assert!(f.jit.rewind().is_err(), "a reset drops the checkpoint");
}

checks! {
    a_table_grows_by_new_keys
    new_objects_are_found_by_their_address
    numbers_become_strings_and_strings_numbers
    buffers_collect_strings
    a_barrier_marks_the_value_or_the_upvalue
    bad_arguments_are_refused
    errors_leave_the_library_usable
    a_rewind_brings_everything_back
}
