//! What loading and running cost. `cargo test --release -- --ignored --nocapture machine` prints the figures.

use super::*;
use crate::machine::{Prepared, PreparedInput};
use std::time::{Duration, Instant};

/// Straight arithmetic, loads and stores, like a trace without guards; its first word differs by `n`.
fn straight(n: u32, words: usize) -> Code {
    let mut a = asm().x(1, DATA).x(2, DATA + 0x100);
    a.words.push(0x9100_0000 | (n % 4096) << 10);
    let pattern = [
        0xf940_0023, // ldr x3, [x1]
        0x8b03_0000, // add x0, x0, x3
        0xfd40_0841, // ldr d1, [x2, #16]
        0x1e61_2822, // fadd d2, d1, d1
        0x8a00_0064, // and x4, x3, x0
        0x1e62_0843, // fmul d3, d2, d2
        0xf900_0424, // str x4, [x1, #8]
        0x4b04_0005, // sub w5, w0, w4
        0xfd00_0c43, // str d3, [x2, #24]
        0xd341_fca6, // lsr x6, x5, #1
    ];
    a.words.extend(pattern.iter().cycle().take(words - 2));
    a.b(EXITS).end()
}

/// The same with a compare and a conditional branch (never taken) in each ten words.
fn guarded(n: u32, words: usize) -> Code {
    let mut code = straight(n, words);
    for at in (8..words - 2).step_by(10) {
        let cmp = 0xf100_001fu32; // cmp x0, #0: x0 is far from 0
        let out = u32::try_from(words - 1 - (at + 1)).unwrap();
        let beq = 0x5400_0000 | out << 5; // b.eq to the last word
        for (i, word) in [cmp, beq].into_iter().enumerate() {
            code.bytes[4 * (at + i)..4 * (at + i) + 4].copy_from_slice(&word.to_le_bytes());
        }
    }
    code
}

/// This thread's time on a processor (the kernel's schedstat): other load does not count.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

fn per(total: Duration, n: u32) -> f64 {
    total.as_secs_f64() * 1e6 / f64::from(n)
}

/// Microseconds of a load with its first run, and of a further run.
fn measure(make: impl Fn(u32) -> Code) -> (f64, f64) {
    let mut b = Bench::new();
    let codes: Vec<Code> = (0..2000).map(make).collect();
    let begin = cpu();
    for code in &codes {
        assert_eq!(b.once(code).how, exit(0));
    }
    let first = per(cpu() - begin, 2000);
    let begin = cpu();
    for _ in 0..100_000 {
        b.run(&codes[1999], &codes[1999].start);
    }
    (first, per(cpu() - begin, 100_000))
}

#[test]
#[ignore = "takes seconds and its figures mean something on a quiet host only"]
fn a_further_run_costs_a_fraction_of_a_load() {
    for words in [50, 200] {
        let (load, run) = measure(|n| straight(n, words));
        eprintln!("{words} words: load and first run {load:.1} us, further run {run:.2} us");
        assert!(run * 4.0 < load);
        let (load, run) = measure(|n| guarded(n, words));
        eprintln!("{words} words, guarded: load and first run {load:.1} us, further run {run:.2} us");
        assert!(run * 4.0 < load);
    }
}

#[test]
#[ignore = "takes seconds and its figures mean something on a quiet host only"]
fn judging_a_run_adds_little_to_bare_unicorn() {
    let mut b = Bench::new();
    let codes: Vec<Code> = (0..1000).map(|n| guarded(n, 50)).collect();
    let input = |code: &Code| PreparedInput { regs: code.start.clone(), writes: vec![] };
    let prepared = |code| Prepared { code, inputs: (0..16).map(|_| input(code)).collect() };
    let work: Vec<Prepared> = codes.iter().map(prepared).collect();
    b.machine.bare(&work, None).unwrap();
    let begin = cpu();
    b.machine.bare(&work, None).unwrap();
    let bare = cpu() - begin;
    let begin = cpu();
    for code in &codes {
        b.machine.load(code).unwrap();
        for _ in 0..16 {
            b.run(code, &code.start);
        }
    }
    let judged = cpu() - begin;
    eprintln!("16 inputs: bare {:.1} us, judged {:.1} us a trace", per(bare, 1000), per(judged, 1000));
    assert!(judged < bare * 3 / 2);
}

#[test]
#[ignore = "needs a quiet host"]
fn a_hang_is_stopped_a_tick_after_the_deadline() {
    let mut b = Bench::new();
    let code = asm().b(CODE).end();
    for deadline in [10, 100, 1000].map(Duration::from_millis) {
        b.machine.set_deadline(deadline);
        let begin = Instant::now();
        assert_eq!(b.fault(&code).class, FaultClass::Hang);
        let late = begin.elapsed() - deadline;
        eprintln!("deadline {deadline:?}: {late:?} late");
        assert!(late < Duration::from_millis(50));
    }
}

#[test]
#[ignore = "takes half a minute"]
fn memory_does_not_grow_with_the_number_of_loads() {
    let mut b = Bench::new();
    let mut load = |from: u32, to: u32| {
        for n in from..to {
            let code = if n % 2 == 0 { guarded(n, 50) } else { straight(n, 90) };
            b.machine.load(&code).unwrap();
            b.run(&code, &code.start);
        }
        resident_pages()
    };
    let (early, late) = (load(0, 20_000), load(20_000, 120_000));
    eprintln!("resident pages: {early} after 20k loads, {late} after 120k");
    assert!(late < early + 512, "{early} pages grew to {late}");
}

/// Pages of this process in memory (proc(5), statm).
fn resident_pages() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse().unwrap()
}
