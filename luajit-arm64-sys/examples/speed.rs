//! Traces a second of processor time: reset, build about 30 instructions, assemble; and how long objects and a rewind take. `cargo run --release -p luajit-arm64-sys --example speed`

use std::env;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use luajit_arm64_sys::{Error, Jit, Layout, Library, Link, Opts, SnapEntry, TRef, Upvalue};

const ROUNDS: u32 = 200_000;

/// Seconds this process has run: other work on the machine does not count.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

/// Numbers looked up once.
struct Names {
    xload: u8,
    xstore: u8,
    add: u8,
    lt: u8,
    arith: [u8; 6],
    int: u8,
    p64: u8,
    guard: u8,
}

impl Names {
    fn new(library: &Library) -> Self {
        let tables = library.tables();
        let op = |name: &str| tables.op(name).expect("every release has it");
        Self {
            xload: op("XLOAD"),
            xstore: op("XSTORE"),
            add: op("ADD"),
            lt: op("LT"),
            arith: ["ADD", "SUB", "MUL", "BAND", "BOR", "BXOR"].map(op),
            int: tables.ir_type("INT").expect("every release has it"),
            p64: tables.ir_type("P64").expect("every release has it"),
            guard: 0x80,
        }
    }
}

/// Six loads at neighbouring offsets, ten operations, a guard and three stores.
fn build(jit: &mut Jit, n: &Names, folded: bool, seed: u32) -> Result<(), Error> {
    let add = |jit: &mut Jit, op, ty, a: TRef, b: TRef| {
        if folded {
            jit.fold(op, ty, a.0, b.0).map(|it| it.value().unwrap_or(TRef::NIL))
        } else {
            jit.emit(op, ty, a.0, b.0)
        }
    };
    let data = jit.layout().base + jit.layout().data_ofs;
    jit.begin(Opts::DEFAULT)?;
    jit.snap(&[], 2)?;
    let k = jit.kptr(data)?;
    let p = add(jit, n.xload, n.p64, k, TRef(0))?;
    let mut x = Vec::with_capacity(16);
    for i in 0..6u32 {
        let ofs = jit.kint64(u64::from(i * 4 + seed * 4))?;
        let addr = add(jit, n.add, n.p64, p, ofs)?;
        x.push(add(jit, n.xload, n.int, addr, TRef(0))?);
    }
    for i in 6..16 {
        let op = n.arith[(i + seed as usize) % 6];
        let value = add(jit, op, n.int, x[i - 1], x[i - 5])?;
        x.push(value);
    }
    let live = [SnapEntry::new(2, x[15]), SnapEntry::new(3, x[14]), SnapEntry::new(4, x[9])];
    jit.snap(&live, 5)?;
    let limit = jit.kint(1000 + seed.cast_signed())?;
    add(jit, n.lt, n.int | n.guard, x[15], limit)?;
    for i in 0..3u16 {
        let ofs = jit.kint64(64 + 4 * u64::from(i))?;
        let addr = add(jit, n.add, n.p64, p, ofs)?;
        add(jit, n.xstore, n.int, addr, x[13 + usize::from(i)])?;
    }
    jit.snap(&live, 5).map(drop)
}

fn measure(jit: &mut Jit, names: &Names, what: &str, folded: bool, assembled: bool) -> Result<(), Error> {
    let start = cpu_seconds();
    for round in 0..ROUNDS {
        jit.reset();
        build(jit, names, folded, round & 63)?;
        if assembled {
            jit.assemble(Link::Return, 0)?;
        }
    }
    println!("{what:<28} {:>9.0} traces/s", f64::from(ROUNDS) / (cpu_seconds() - start));
    Ok(())
}

fn timed(what: &str, mut work: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    let start = cpu_seconds();
    for _ in 0..ROUNDS {
        work()?;
    }
    println!("{what:<28} {:>9.0} ns", (cpu_seconds() - start) * 1e9 / f64::from(ROUNDS));
    Ok(())
}

/// A table with three keys, two strings, a function.
fn objects(jit: &mut Jit) -> Result<(), Error> {
    let place = jit.layout().objects();
    let tag = jit.tables().value("LJ_TSTR").expect("every release has it").cast_unsigned() << 47;
    jit.new_tab(place + 0x100, 8, 2)?;
    for n in [2, 3] {
        let key = jit.new_str(place + 0x100 * n, format!("key {n}").as_bytes())?;
        jit.tab_set(place + 0x100, tag | key, 0)?;
    }
    jit.tab_set(place + 0x100, 0.5f64.to_bits(), 0)?;
    jit.new_func(place + 0x400, &[Upvalue::Closed(0), Upvalue::Open(2)])
}

fn measure_objects(jit: &mut Jit, names: &Names) -> Result<(), Error> {
    let place = jit.layout().objects();
    timed("reset, objects", || {
        jit.reset();
        objects(jit)
    })?;
    build(jit, names, false, 0)?;
    jit.assemble(Link::Return, 0)?;
    jit.commit()?;
    timed("checkpoint", || jit.checkpoint())?;
    println!("{} bytes of heap", jit.heap().0);
    timed("rewind", || jit.rewind())?;
    timed("values of a table", || jit.tab_write(place + 0x100, &[0; 8], &[(0.5f64.to_bits(), 1)]))?;
    timed("read a table", || jit.read_object(place + 0x100).map(drop))?;
    timed("C type", || {
        jit.rewind()?;
        jit.ctype("struct { int a; double b; }").map(drop)
    })
}

fn main() -> Result<(), Error> {
    let library: Rc<Library> = match env::args_os().nth(1) {
        Some(path) => Library::load(Path::new(&path))?,
        None => Library::builtin(),
    };
    let mut jit = Jit::new(&library, Layout::default())?;
    let names = Names::new(&library);
    println!("{}, {} bytes copied by a reset", library.info().id(), jit.heap().1);
    build(&mut jit, &names, false, 0)?;
    println!(
        "{} instructions",
        jit.ir(TRef::ins(1)).map(|_| (1..).take_while(|&i| jit.ir(TRef::ins(i)).is_ok()).count())?
    );
    timed("reset", || {
        jit.reset();
        Ok(())
    })?;
    measure_objects(&mut jit, &names)?;
    jit.reset();
    measure(&mut jit, &names, "build", false, false)?;
    measure(&mut jit, &names, "build, assemble", false, true)?;
    measure(&mut jit, &names, "build through FOLD", true, false)?;
    measure(&mut jit, &names, "build through FOLD, assemble", true, true)
}
