//! The named layouts: which forms of code each of them brings out of the same trace.

mod traces;

use std::sync::{Mutex, MutexGuard, PoisonError};

use luajit_arm64_sys::{Layout, Library, Link, Opts, SnapEntry, TRef};
use traces::Traces;

/// The build carries one Lua state at a time, and tests run in threads.
static ONE: Mutex<()> = Mutex::new(());

fn fixture(layout: Layout) -> (MutexGuard<'static, ()>, Traces) {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    (one, Traces::new(&Library::builtin(), layout))
}

/// Addresses of the global state, the heap and the data, a number, a call and an exit.
fn trace(f: &mut Traces) -> Vec<u32> {
    f.jit.reset();
    f.sum();
    f.jit.assemble(Link::Return, 0).expect("assembled");
    let gl = f.jit.code().expect("assembled").gl;
    f.jit.reset();
    f.jit.begin(Opts::DEFAULT).expect("begun");
    f.jit.snap(&[], 2).expect("snapshot");
    let x = f.load("NUM", 0);
    let pi = f.jit.knum(std::f64::consts::PI.to_bits()).expect("constant");
    let product = f.emit("MUL", "NUM", x, pi);
    let near = f.jit.kptr(gl + 0x1234).expect("constant");
    let word = f.emit("XLOAD", "INT", near, TRef(0));
    let held = f.jit.kptr(gl + 0x4444).expect("constant");
    let stored = f.jit.kptr(f.jit.layout().base + f.jit.layout().data_ofs + 64).expect("constant");
    f.emit("XSTORE", "P64", stored, held);
    let modi = TRef(f.jit.tables().call("lj_vm_modi").expect("known").try_into().expect("small"));
    let arguments = f.emit("CARG", "NIL", word, word);
    let rest = f.emit("CALLN", "INT", arguments, modi);
    f.jit.snap(&[SnapEntry::new(2, product), SnapEntry::new(3, rest)], 4).expect("snapshot");
    f.jit.assemble(Link::Interp, 0).expect("assembled");
    let code = f.jit.code().expect("assembled");
    let words = f.words();
    words[..usize::try_from(code.size / 4).expect("small")].to_vec()
}

/// `adr`, `adrp`, literal `ldr`, `bl`, `blr`
fn forms(words: &[u32]) -> [bool; 5] {
    let any = |mask: u32, bits: u32| words.iter().any(|&word| word & mask == bits);
    [
        any(0x9f00_0000, 0x1000_0000),
        any(0x9f00_0000, 0x9000_0000),
        any(0xbb00_0000, 0x1800_0000),
        any(0xfc00_0000, 0x9400_0000),
        any(0xffff_fc1f, 0xd63f_0000),
    ]
}

#[test]
fn each_layout_brings_out_its_own_forms() {
    let expected = [
        // adr   adrp   ldr    bl     blr    far exits
        ("usual", [false, true, false, true, false], false),
        ("near", [true, true, true, true, false], false),
        ("far", [false, false, false, false, true], true),
    ];
    for (name, wanted, far_exit) in expected {
        let (_one, mut f) = fixture(Layout::by_name(name).expect("named"));
        let words = trace(&mut f);
        assert_eq!(
            (forms(&words), f.jit.code().expect("assembled").far_exit),
            (wanted, far_exit),
            "{name}: {words:x?}"
        );
    }
}

#[test]
fn every_layout_resets_and_keeps_data_and_calls_where_they_are() {
    for (name, layout) in Layout::NAMED {
        let (_one, mut f) = fixture(layout);
        let words = trace(&mut f);
        assert_eq!(trace(&mut f), words, "{name}");
        f.jit.scrub();
        assert_eq!(trace(&mut f), words, "{name}");
        assert_eq!(f.jit.layout().call_address(5), Layout::DEFAULT.call_address(5));
        assert!(f.jit.regions().windows(2).all(|pair| pair[0].addr + pair[0].len <= pair[1].addr), "{name}");
    }
}

#[test]
fn every_layout_has_room_for_side_traces_and_for_the_longest_trace() {
    for (name, layout) in Layout::NAMED {
        let (_one, mut f) = fixture(layout);
        f.check_loop();
        f.jit.reset();
        f.check_side();
        let a = {
            f.jit.begin(Opts::NONE).expect("begun");
            f.jit.snap(&[], 2).expect("snapshot");
            f.load("INT", 0)
        };
        let sum = (0..3900).fold(a, |sum, _| f.emit("ADD", "INT", sum, a));
        f.jit.snap(&[SnapEntry::new(2, sum)], 3).expect("snapshot");
        f.jit.assemble(Link::Return, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
