//! What must hold of every case, and what must turn up among many.

use super::*;
use crate::case::{Emit, MAX_INPUTS};
use crate::ir::{ALL_CALLEES, ALL_OPS, Arg, Const, Lit, LitKind, Op, Rule, Status, sig::MEMORY_TYPES};
use std::collections::BTreeSet;

fn cases(knobs: &Knobs, count: u64) -> impl Iterator<Item = Case> + '_ {
    (0..count).map(|n| case_from_seed(1, n, knobs))
}

#[test]
fn every_case_is_legal() {
    for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
        let knobs = Knobs::new(emit);
        for n in 0..50_000 {
            let case = case_from_seed(2, n, &knobs);
            if let Err(bad) = case.check() {
                panic!("{} case {n}: {bad}\n{:#?}", emit.name(), case.trace);
            }
        }
    }
}

#[test]
fn cases_with_odd_knobs_are_legal() {
    let odd = [
        Knobs { ins: 0..=0, ..Knobs::default() },
        Knobs { ins: 300..=400, live: 0..=255, loops: 50, ..Knobs::new(Emit::Raw) },
        Knobs { loops: 100, trips: 0, inputs: 0, ..Knobs::default() },
        Knobs { loops: 100, trips: 255, inputs: 255, ..Knobs::default() },
        Knobs { ops: OpSet::EMPTY, ..Knobs::default() },
        Knobs { pressure: 100, frames: 100, live: 0..=255, loops: 60, ..Knobs::default() },
        Knobs { ops: OpSet::EMPTY, big: 1000, big_ins: 0..=300, loops: 50, ..Knobs::default() },
        Knobs { ops: OpSet::EMPTY, ..Knobs::new(Emit::Passes) },
        Knobs { ins: 300..=400, live: 0..=255, trips: 255, inputs: 64, ..Knobs::new(Emit::Passes) },
        Knobs { ins: 0..=400, live: 0..=255, sides: 100, loops: 50, ..Knobs::default() },
        Knobs { live: 0..=255, sides: 100, loops: 50, ..Knobs::new(Emit::Raw) },
        Knobs { ops: OpSet::parse("BSHL").unwrap(), filler: 100, dead: 100, flags: 100, ..Knobs::new(Emit::Raw) },
    ];
    for knobs in &odd {
        for case in cases(knobs, 300) {
            assert_eq!(case.check(), Ok(()), "{knobs:?}");
            assert!(case.inputs.len() <= MAX_INPUTS);
        }
    }
}

#[test]
fn big_cases_are_legal_and_within_the_recorders_limits() {
    for emit in [Emit::Fold, Emit::Raw] {
        // With objects a few big cases have more, and are skipped with a counted reason.
        let knobs = Knobs {
            big: 1000,
            pressure: 60,
            frames: 50,
            palette: 50,
            loops: 30,
            objects: 0,
            sides: 0,
            ..Knobs::new(emit)
        };
        let mut most = 0;
        for case in cases(&knobs, 300) {
            assert_eq!(case.check(), Ok(()));
            assert!(const_slots(&case) < 500, "{} slots of constants", const_slots(&case));
            most = most.max(case.trace.ins.len());
        }
        assert!(most > 2000, "{most} instructions at most");
    }
}

/// What LuaJIT's `maxirconst` counts: slots of different constants.
fn const_slots(case: &Case) -> usize {
    let args = case
        .trace
        .ins
        .iter()
        .flat_map(|i| i.args())
        .chain(case.trace.snaps.iter().flat_map(|s| s.entries.iter().map(|e| e.value)));
    let all: std::collections::HashSet<Const> =
        args.filter_map(|a| if let Arg::K(k) = a { Some(k) } else { None }).collect();
    all.iter().map(|k| if matches!(k, Const::Int(_)) { 1 } else { 2 }).sum()
}

#[test]
fn no_entropy_gives_a_small_legal_case() {
    for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
        let case = generate(&mut Unstructured::new(&[]), &Knobs::new(emit)).unwrap();
        assert_eq!(case.check(), Ok(()));
        assert!(case.trace.ins.len() <= 30, "{} instructions", case.trace.ins.len());
    }
}

#[test]
fn the_same_seed_gives_the_same_case() {
    let knobs = Knobs::default();
    assert!(cases(&knobs, 1000).eq(cases(&knobs, 1000)));
    assert_ne!(case_from_seed(1, 0, &knobs), case_from_seed(1, 1, &knobs));
    assert_ne!(case_from_seed(1, 0, &knobs), case_from_seed(2, 0, &knobs));
}

#[test]
fn every_op_type_and_literal_turns_up() {
    let knobs = Knobs::new(Emit::Raw);
    let (mut ops, mut lits) = (BTreeSet::new(), vec![]);
    let (mut loads, mut stores) = (BTreeSet::new(), BTreeSet::new());
    for case in cases(&knobs, 5000) {
        for ins in &case.trace.ins {
            ops.insert(ins.op);
            match ins.op {
                Op::XLOAD => drop(loads.insert(ins.ty)),
                Op::XSTORE => drop(stores.insert(ins.ty)),
                _ => {}
            }
            lits.extend(ins.args().into_iter().filter_map(kind));
            lits.sort_by_key(|k| *k as u8);
            lits.dedup();
        }
    }
    let is_called = |op: Op| op.info().rule != Rule::Call || ALL_CALLEES.iter().any(|c| c.op() == op);
    let missing = |op: &&Op| op.info().status == Status::Plain && is_called(**op) && !ops.contains(op);
    assert_eq!(ALL_OPS.iter().filter(missing).collect::<Vec<_>>(), Vec::<&Op>::new());
    assert!(ops.contains(&Op::LOOP) && ops.contains(&Op::PHI));
    for ty in MEMORY_TYPES {
        assert!(loads.contains(ty) && stores.contains(ty), "{ty:?}");
    }
    let all = [
        LitKind::Num,
        LitKind::Slot,
        LitKind::Sload,
        LitKind::Xload,
        LitKind::Conv,
        LitKind::Fpm,
        LitKind::Field,
        LitKind::Callee,
        LitKind::Upvalue,
        LitKind::Tmpref,
        LitKind::Buf,
        LitKind::Tostr,
    ];
    assert_eq!(lits, all);
}

fn kind(a: Arg) -> Option<LitKind> {
    let Arg::Lit(lit) = a else { return None };
    Some(match lit {
        Lit::Num(_) => LitKind::Num,
        Lit::Slot(_) => LitKind::Slot,
        Lit::Sload(_) => LitKind::Sload,
        Lit::Xload(_) => LitKind::Xload,
        Lit::Conv(_) => LitKind::Conv,
        Lit::Fpm(_) => LitKind::Fpm,
        Lit::Field(_) => LitKind::Field,
        Lit::Callee(_) => LitKind::Callee,
        Lit::Upvalue(_) => LitKind::Upvalue,
        Lit::Tmpref(_) => LitKind::Tmpref,
        Lit::Buf(_) => LitKind::Buf,
        Lit::Tostr(_) => LitKind::Tostr,
    })
}

#[test]
fn displacements_on_both_sides_of_the_field_limits_turn_up() {
    let knobs = Knobs::default();
    let mut seen = BTreeSet::new();
    for case in cases(&knobs, 20_000) {
        seen.extend(case.trace.ins.iter().filter(|i| i.op == Op::ADD && i.ty == crate::ir::Type::P64).filter_map(
            |i| match i.op2 {
                Arg::K(Const::Int64(k)) => Some(k),
                _ => None,
            },
        ));
    }
    for k in [-8, -4, -256, -257, -264, 252, 255, 256, 257, 504, 512, 4095, 4096, 16380, 16384, 32760, 32768] {
        assert!(seen.contains(&k), "no displacement {k}");
    }
}

#[test]
fn a_loop_starts_with_a_snapshot_of_its_own() {
    let knobs = Knobs { loops: 100, ..Knobs::default() };
    for case in cases(&knobs, 2000) {
        let at = case.trace.iter().find(|(_, i)| i.op == Op::LOOP).expect("a loop").0;
        assert!(case.trace.snaps.iter().any(|s| s.at == at), "{:#?}", case.trace);
    }
}

#[test]
fn loops_with_exchanged_values_turn_up() {
    let knobs = Knobs { loops: 100, pressure: 50, ..Knobs::default() };
    let longest = cases(&knobs, 2000).map(|c| cycle(&c.trace)).max().expect("some cases");
    assert!(longest > 8, "the longest cycle has {longest} PHIs");
}

/// How many PHIs the longest cycle has in which each one's right side is the next one's left.
fn cycle(trace: &crate::ir::Trace) -> usize {
    let phis = trace.ins.iter().filter(|i| i.op == Op::PHI);
    let next: std::collections::BTreeMap<_, _> =
        phis.filter_map(|i| Some((i.op1.as_ref()?, i.op2.as_ref()?))).collect();
    let length = |start: &Ref| {
        let way = std::iter::successors(next.get(start), |r| next.get(r)).take(next.len());
        way.enumerate().find(|(_, r)| *r == start).map_or(0, |(n, _)| n + 1)
    };
    next.keys().map(length).max().unwrap_or(0)
}

#[test]
fn constants_within_reach_of_an_immediate_turn_up() {
    let knobs = Knobs { palette: 100, objects: 0, sides: 0, ..Knobs::default() };
    let mut near = [0; 3];
    for case in cases(&knobs, 4000) {
        let longs: BTreeSet<i64> = case
            .trace
            .ins
            .iter()
            .filter_map(|i| match i.op2 {
                Arg::K(Const::Int64(k)) if i.ty != crate::ir::Type::P64 && k >> 32 != 0 && k >> 32 != -1 => Some(k),
                _ => None,
            })
            .collect();
        for (a, b) in longs.iter().zip(longs.iter().skip(1)) {
            match b.abs_diff(*a) {
                1..=4094 => near[0] += 1,
                4095 => near[1] += 1,
                4096..=0xfff000 => near[2] += 1,
                _ => {}
            }
        }
    }
    assert!(near.iter().all(|n| *n > 5), "distances: {near:?}");
}

#[test]
fn a_filter_leaves_out_what_it_does_not_name() {
    let knobs = Knobs { ops: OpSet::parse("memory").unwrap(), ..Knobs::default() };
    for case in cases(&knobs, 2000) {
        let drawn = case.trace.ins.iter().any(|i| matches!(i.op, Op::BSWAP | Op::POW | Op::FPMATH | Op::MULOV));
        assert!(!drawn, "{:#?}", case.trace);
    }
}

#[test]
fn fold_cases_have_no_operation_on_two_constants() {
    for case in cases(&Knobs::default(), 20_000) {
        for ins in &case.trace.ins {
            let both = matches!((ins.op1, ins.op2), (Arg::K(_), Arg::K(_)));
            // FOLD computes with operations: not with pairs of arguments, places of keys or constant objects.
            let object = matches!(ins.op1, Arg::K(Const::Gc(_)));
            let computed = !ins.op.info().is_store()
                && !matches!(ins.op.info().rule, Rule::CArg | Rule::HRef | Rule::CNew | Rule::CNewI | Rule::SNew);
            assert!(!both || !computed || object, "{ins:?}");
        }
    }
}

/// For people: `cargo test --release generate -- --ignored --nocapture statistics`.
#[test]
#[ignore = "prints statistics"]
fn statistics() {
    for emit in [Emit::Fold, Emit::Raw, Emit::Passes] {
        let knobs = Knobs::new(emit);
        let start = std::time::Instant::now();
        let all: Vec<Case> = cases(&knobs, 50_000).collect();
        let each = start.elapsed() / 50_000;
        let count = |f: &dyn Fn(&Case) -> usize| all.iter().map(f).sum::<usize>() as f64 / all.len() as f64;
        println!(
            "{}: {each:?} a case, {:.1} ins, {:.1} guards, {:.1} snapshots, {:.2} loops, {:.1} regions",
            emit.name(),
            count(&|c| c.trace.ins.len()),
            count(&|c| c.trace.ins.iter().filter(|i| i.guard).count()),
            count(&|c| c.trace.snaps.len()),
            count(&|c| usize::from(c.trace.link == Link::Loop)),
            count(&|c| c.world.regions.len()),
        );
        for op in ALL_OPS {
            let each = count(&|c| c.trace.ins.iter().filter(|i| i.op == *op).count());
            if each > 0.0 {
                print!("{} {each:.2}  ", op.name());
            }
        }
        println!();
    }
}

/// For people: prints a few cases.
#[test]
#[ignore = "prints cases"]
fn examples() {
    for case in cases(&Knobs::default(), 3) {
        for (r, i) in case.trace.iter() {
            let guard = if i.guard { '>' } else { ' ' };
            println!("{:04} {guard} {} {} {:?} {:?}", r.0, i.ty.text(), i.op.name(), i.op1, i.op2);
        }
        println!("{:?}\n", case.trace.snaps);
    }
}
