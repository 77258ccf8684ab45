//! Objects at chosen addresses: they read back as made, traces over them assemble, C functions of the library take them, and a
//! rewind brings all of them back.

#[path = "traces/builds.rs"]
#[macro_use]
mod builds;
mod traces;

use builds::{NIL, at, int, num, tagged};
use luajit_arm64_sys::{Color, Error, ObjectKind, Opts, Upvalue};
use traces::Traces;

fn kind(f: &Traces, addr: u64) -> ObjectKind {
    f.jit.read_object(addr).expect("an object").kind
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::BadArgument { .. }))
}

// -- Making and reading back ---------------------------------------------------

fn strings_read_back_and_are_unique(f: &mut Traces) {
    let addr = at(&f.jit, 0);
    assert_eq!(f.jit.new_str(addr, b"th-one\0two").expect("made"), addr);
    assert_eq!(kind(f, addr), ObjectKind::Str(b"th-one\0two".to_vec()));
    let other = at(&f.jit, 1);
    assert_eq!(f.jit.new_str(other, b"th-one\0two").expect("found"), addr, "it exists already");
    assert_eq!(f.jit.new_str(other, b"th-two").expect("made"), other, "the place is still free");
}

fn tables_read_back(f: &mut Traces) {
    let (tab, meta, key) = (at(&f.jit, 0), at(&f.jit, 1), at(&f.jit, 2));
    f.jit.new_str(key, b"th-key").expect("made");
    let key = tagged(f, "LJ_TSTR", key);
    f.jit.new_tab(meta, 0, 0).expect("made");
    for asize in [0u32, 3, 16, 17, 40] {
        f.jit.new_tab(tab, asize, 2).expect("made");
        for index in 0..asize {
            f.jit.tab_set(tab, int(index.cast_signed()), int(7)).expect("set");
        }
        f.jit.tab_set(tab, key, num(1.5)).expect("set");
        f.jit.tab_set(tab, num(0.25), int(-1)).expect("set");
        f.jit.set_meta(tab, meta).expect("set");
        let ObjectKind::Table { array, mut nodes, meta: read, .. } = kind(f, tab) else { panic!("a table") };
        nodes.sort_unstable();
        let mut expected = vec![(key, num(1.5)), (num(0.25), int(-1))];
        expected.sort_unstable();
        assert_eq!((array, nodes, read), (vec![int(7); asize as usize], expected, meta));
    }
    let empty = ObjectKind::Table { array: vec![], nodes: vec![], meta: 0, nomm: 255 };
    assert_eq!(kind(f, meta), empty);
}

fn small_arrays_are_part_of_the_table(f: &mut Traces) {
    let (small, large) = (at(&f.jit, 0), at(&f.jit, 1));
    f.jit.new_tab(small, 3, 0).expect("made");
    f.jit.new_tab(large, 40, 0).expect("made");
    let array = |addr| f.jit.read_u64(addr + 16).expect("a GCtab");
    assert_eq!(array(small), small + f.jit.tables().value("sizeof(GCtab)").expect("known").cast_unsigned());
    assert!(array(large) < f.jit.layout().objects());
}

fn functions_have_closed_and_open_upvalues(f: &mut Traces) {
    let (one, two, none) = (at(&f.jit, 0), at(&f.jit, 1), at(&f.jit, 2));
    f.jit.new_func(one, &[Upvalue::Closed(int(5)), Upvalue::Open(4), Upvalue::Closed(NIL)]).expect("made");
    f.jit.new_func(two, &[Upvalue::Open(4), Upvalue::Open(2), Upvalue::Closed(int(6))]).expect("made");
    f.jit.new_func(none, &[]).expect("made");
    assert_eq!(kind(f, none), ObjectKind::Func(vec![]));
    let base = f.base();
    f.jit.write_u64(base + 16, num(2.5)).expect("slot 4");
    let (ObjectKind::Func(one), ObjectKind::Func(two)) = (kind(f, one), kind(f, two)) else { panic!("functions") };
    assert_eq!(one.iter().map(|up| up.closed).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(one.iter().map(|up| up.value).collect::<Vec<_>>(), [int(5), num(2.5), NIL]);
    assert_eq!((two[0].addr, two[1].addr, two[0].value), (base + 16, base, num(2.5)));
    assert_eq!(one[1].hash, two[0].hash, "one slot, one upvalue");
}

fn userdata_and_c_data_read_back(f: &mut Traces) {
    let (ud, cd, big, var) = (at(&f.jit, 0), at(&f.jit, 1), at(&f.jit, 2), at(&f.jit, 3));
    f.jit.new_udata(ud, 24).expect("made");
    assert_eq!(kind(f, ud), ObjectKind::Udata { bytes: vec![0; 24], meta: 0, udtype: 0 });
    let i64 = f.jit.ctype("int64_t").expect("a type");
    assert_eq!((i64.size, i64.align, i64.variable), (8, 8, false));
    f.jit.new_cdata(cd, i64.id, 8).expect("made");
    f.jit.write_u64(cd + 16, 0x0102).expect("payload");
    let bytes = vec![2, 1, 0, 0, 0, 0, 0, 0];
    assert_eq!(kind(f, cd), ObjectKind::Cdata { ctype: i64.id, bytes });
    let pair = f.jit.ctype("struct { int a; double b; }").expect("a type");
    assert_eq!(pair.size, 16);
    f.jit.new_cdata(big, pair.id, 16).expect("made");
    assert_eq!(kind(f, big), ObjectKind::Cdata { ctype: pair.id, bytes: vec![0; 16] });
    let chars = f.jit.ctype("char[?]").expect("a type");
    assert!(chars.variable);
    f.jit.new_cdata(var, chars.id, 13).expect("made");
    assert_eq!(kind(f, var), ObjectKind::Cdata { ctype: chars.id, bytes: vec![0; 13] });
    assert!(is_refused(f.jit.new_cdata(cd, i64.id, 4)), "another size");
    assert!(matches!(f.jit.ctype("no_such_type"), Err(Error::Lua { .. })));
}

fn objects_have_colors(f: &mut Traces) {
    let (tab, func) = (at(&f.jit, 0), at(&f.jit, 1));
    f.jit.new_tab(tab, 2, 0).expect("made");
    f.jit.new_func(func, &[Upvalue::Closed(NIL), Upvalue::Open(2)]).expect("made");
    assert_eq!(f.jit.read_object(tab).expect("a table").color, Color::White);
    for color in [Color::Black, Color::Gray, Color::White, Color::Black] {
        f.jit.set_color(tab, color).expect("set");
        f.jit.set_color(func, color).expect("set");
        assert_eq!(f.jit.read_object(tab).expect("a table").color, color);
        assert_eq!(f.jit.upvalue(func, 0).expect("there").color, color);
        assert_eq!(f.jit.upvalue(func, 1).expect("there").color, Color::White, "open ones are left alone");
    }
}

fn nodes_are_found_by_key(f: &mut Traces) {
    let (tab, empty) = (at(&f.jit, 0), at(&f.jit, 1));
    f.jit.new_tab(tab, 0, 3).expect("made");
    f.jit.new_tab(empty, 0, 0).expect("made");
    let names: Vec<_> = (0..8u8).map(|n| (at(&f.jit, u64::from(n) + 2), [b't', b'h', b'0' + n])).collect();
    for (addr, name) in &names {
        f.jit.new_str(*addr, name).expect("made");
        f.jit.tab_set(tab, tagged(f, "LJ_TSTR", *addr), int(1)).expect("set");
    }
    let node = f.jit.read_u64(tab + 40).expect("a GCtab");
    let mut seen = Vec::new();
    for (addr, _) in &names {
        let key = tagged(f, "LJ_TSTR", *addr);
        let slot = f.jit.node_slot(tab, key).expect("a table").expect("a key of it");
        assert_eq!(f.jit.read_u64(node + 24 * u64::from(slot) + 8).expect("a node"), key);
        assert!(f.jit.main_slot(tab, key).expect("a table").expect("it has nodes") < 8);
        seen.push(slot);
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(f.jit.node_slot(tab, num(0.5)).expect("a table"), None);
    assert_eq!(f.jit.main_slot(empty, num(0.5)).expect("a table"), None);
    assert!(is_refused(f.jit.node_slot(tab, int(1))), "the hash part has no integers");
}

fn values_are_given_without_moving_anything(f: &mut Traces) {
    let (tab, func) = (at(&f.jit, 0), at(&f.jit, 1));
    f.jit.new_tab(tab, 4, 1).expect("made");
    f.jit.tab_set(tab, num(0.5), NIL).expect("set");
    f.jit.new_func(func, &[Upvalue::Closed(NIL), Upvalue::Open(2), Upvalue::Closed(NIL)]).expect("made");
    let place = f.jit.read_u64(tab + 40).expect("a GCtab");
    f.jit.tab_write(tab, &[int(0), int(1)], &[(num(0.5), int(2)), (int(3), int(4))]).expect("written");
    let ObjectKind::Table { array, nodes, .. } = kind(f, tab) else { panic!("a table") };
    assert_eq!((array, nodes), (vec![int(0), int(1), NIL, int(4)], vec![(num(0.5), int(2))]));
    assert_eq!(f.jit.read_u64(tab + 40).expect("a GCtab"), place);
    assert!(is_refused(f.jit.tab_write(tab, &[], &[(num(1.5), int(2))])), "a new key");
    assert!(is_refused(f.jit.tab_write(tab, &[NIL; 5], &[])), "a longer array");
    f.jit.func_write(func, &[int(8), int(9), int(10)]).expect("written");
    let values = [0, 2].map(|index| f.jit.upvalue(func, index).expect("there").value);
    assert_eq!(values, [int(8), int(10)]);
    assert!(is_refused(f.jit.func_write(func, &[NIL; 4])));
}

// -- What is refused -----------------------------------------------------------

fn wild_addresses_are_refused(f: &mut Traces) {
    let (tab, str, func) = (at(&f.jit, 0), at(&f.jit, 1), at(&f.jit, 2));
    f.jit.new_tab(tab, 40, 2).expect("made");
    f.jit.new_str(str, b"th-wild").expect("made");
    f.jit.new_func(func, &[Upvalue::Closed(NIL)]).expect("made");
    let layout = *f.jit.layout();
    let heap_end = layout.base + layout.heap_size;
    for addr in [0, 8, 1, tab + 1, tab + 16, heap_end, heap_end - 8, u64::MAX, !7, layout.objects() + 0x8_0000] {
        assert!(is_refused(f.jit.read_object(addr)), "{addr:#x}");
        assert!(is_refused(f.jit.tab_set(addr, int(1), int(1))), "{addr:#x}");
        assert!(is_refused(f.jit.upvalue(addr, 0)), "{addr:#x}");
    }
    assert!(is_refused(f.jit.upvalue(func, 1)));
    // Every word of every object, replaced by what a wrong store may leave there.
    for object in [tab, str, func] {
        for ofs in (0..64).step_by(8) {
            let old = f.jit.read_u64(object + ofs).expect("in the arena");
            for bad in [0, u64::MAX, 0x10, heap_end - 4, old ^ 0xff_0000_0000, old.wrapping_add(1 << 20)] {
                f.jit.write_u64(object + ofs, bad).expect("in the arena");
                let _either = f.jit.read_object(object);
                f.jit.write_u64(object + ofs, old).expect("in the arena");
            }
        }
        assert!(f.jit.read_object(object).is_ok());
    }
}

fn bad_requests_are_refused(f: &mut Traces) {
    let (tab, layout) = (at(&f.jit, 0), *f.jit.layout());
    for addr in [tab + 8, layout.objects(), layout.base + 4096, layout.objects() + layout.object_size, 0] {
        assert!(is_refused(f.jit.new_tab(addr, 1, 0)), "{addr:#x}");
    }
    let last = layout.objects() + layout.object_size - 16;
    assert!(matches!(f.jit.new_tab(last, 0, 0), Err(Error::OutOfArena { .. })), "no room for a header");
    f.jit.reset();
    f.jit.new_tab(tab, 2, 1).expect("made");
    let dangling = tagged(f, "LJ_TSTR", tab);
    for key in [NIL, num(f64::NAN), dangling] {
        assert!(is_refused(f.jit.tab_set(tab, key, NIL)), "{key:#x}");
    }
    assert!(is_refused(f.jit.new_func(tab, &[Upvalue::Open(1)])), "no slot");
    assert!(is_refused(f.jit.new_func(tab, &[Upvalue::Closed(NIL); 255])), "too many");
    f.jit.begin(Opts::DEFAULT).expect("begun");
    assert!(is_refused(f.jit.new_tab(tab, 2, 1)), "a trace is being built");
}

fn a_reset_forgets_objects(f: &mut Traces) {
    let (tab, fresh) = (at(&f.jit, 0), at(&f.jit, 1));
    f.jit.new_tab(tab, 2, 1).expect("made");
    f.jit.new_func(fresh, &[Upvalue::Open(2)]).expect("made");
    f.jit.reset();
    assert!(is_refused(f.jit.read_object(tab)));
    assert_eq!(f.jit.read_u64(tab).expect("mapped"), 0);
    f.jit.new_func(fresh, &[Upvalue::Open(2)]).expect("made again");
    assert!(is_refused(f.jit.rewind()), "there is no checkpoint");
}

checks! {
    strings_read_back_and_are_unique
    tables_read_back
    small_arrays_are_part_of_the_table
    functions_have_closed_and_open_upvalues
    userdata_and_c_data_read_back
    objects_have_colors
    nodes_are_found_by_key
    values_are_given_without_moving_anything
    wild_addresses_are_refused
    bad_requests_are_refused
    a_reset_forgets_objects
}
