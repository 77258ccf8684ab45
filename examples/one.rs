//! dev tool
use tracehound::{backend::store::{self, Spec}, case::Emit, generate::{Knobs, case_from_seed}, oracle::Oracle};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let emit = match a[1].as_str() { "passes" => Emit::Passes, "raw" => Emit::Raw, _ => Emit::Fold };
    let knobs = Knobs::new(emit);
    let (seed, n): (u64, u64) = (a[2].parse().unwrap(), a[3].parse().unwrap());
    let case = case_from_seed(seed, n, &knobs);
    let backend = store::open(&match a.get(4) { Some(b) => tracehound::campaign::spec(b, a.get(5).map_or("plain", |v| v)).unwrap(), None => Spec::builtin() }, std::path::Path::new("/tmp/pcache")).unwrap();
    let mut o = Oracle::new(backend).unwrap();
    let s = |t: &tracehound::ir::Trace| {
        let mut k = 0;
        for (at, _) in t.iter() { while k < t.snaps.len() && t.snaps[k].at <= at { println!("{}", tracehound::text::print_snap(t, &case.world, k)); k += 1; }
            println!("{}", tracehound::text::print_ins(t, &case.world, at)); }
        while k < t.snaps.len() { println!("{}", tracehound::text::print_snap(t, &case.world, k)); k += 1; }
        println!("link {:?}", t.link);
    };
    println!("flags {:?} inputs {:?}", case.flags.list().iter().filter(|f| !f.1).collect::<Vec<_>>(), case.inputs.iter().map(|i| &i.slots).collect::<Vec<_>>());
    s(&case.trace);
    if let Some(side) = &case.side { println!("side at {}", side.exit.0); s(&side.trace); }
    unsafe { std::env::set_var("TH_DUMP", "1") };
    println!("{:?}", o.judge(&case).unwrap().verdict);

    if a.get(6).is_some() {
        let code = o.parts().1.compile(&case).unwrap();
        for c in std::iter::once(&code).chain(code.side.as_deref()) {
            println!("---- code at {:x} body {} links {:x?}", c.base, c.body, c.conventions.links);
            for (i, w) in c.bytes.as_chunks::<4>().0.iter().enumerate() {
                let off = 4 * i as u32;
                println!("{:x} {:50} ; {:?}", c.base + u64::from(off), tracehound::arm64::disasm(u32::from_le_bytes(*w), c.base + u64::from(off)), c.ref_at(off).map(|r| r.0));
            }
        }
        let seen = o.inspect(&case, None).unwrap();
        println!("input {} expected {:?} observed {:?}", seen.input, seen.expected.as_ref().map(|e| (&e.end, &e.stack)), seen.observed.as_ref().map(|r| (&r.outcome.end, r.exit, &r.outcome.stack, &r.regs)));
        println!("{:?}", seen.listing);
    }
}
