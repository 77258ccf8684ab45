//! Traces a second of processor time: reset, build about 30 instructions, assemble. `cargo run --release -p luajit-arm64-sys --example speed`

use std::env;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use luajit_arm64_sys::{Error, Jit, Layout, Library, Link, Opts, SnapEntry, TRef};

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
    let start = cpu_seconds();
    for _ in 0..ROUNDS {
        jit.reset();
    }
    println!("{:<28} {:>9.0} ns", "reset", (cpu_seconds() - start) * 1e9 / f64::from(ROUNDS));
    measure(&mut jit, &names, "build", false, false)?;
    measure(&mut jit, &names, "build, assemble", false, true)?;
    measure(&mut jit, &names, "build through FOLD", true, false)?;
    measure(&mut jit, &names, "build through FOLD, assemble", true, true)
}
