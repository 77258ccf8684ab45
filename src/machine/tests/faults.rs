//! What code must not do: each class with its exact place, and a machine that goes on afterwards.

use super::*;
use std::time::{Duration, Instant};

/// Runs honest code: the machine still works.
fn still_works(b: &mut Bench) {
    let code = asm().x(1, DATA).i("add x0, x0, #1", 0x9100_0400).i("str x0, [x1]", 0xf900_0020).b(EXITS).end();
    let ended = b.once(&code);
    assert_eq!((ended.how, ended.regs.x[0]), (exit(0), code.start.x[0] + 1));
    assert_eq!(b.fake.word(DATA), code.start.x[0] + 1);
}

/// The fault of code whose second word it is, with what came before committed.
fn second_word(word: impl FnOnce(Asm) -> Asm) -> Fault {
    let mut b = Bench::new();
    let code = word(asm().i("mov x20, #1", 0xd280_0034)).b(EXITS).end();
    let ended = b.once(&code);
    assert_eq!(ended.regs.x[20], 1, "the instruction before the fault");
    still_works(&mut b);
    match ended.how {
        HowEnded::Fault(fault) => fault,
        other => panic!("no fault but {other:?}"),
    }
}

fn assert_fault(fault: &Fault, class: FaultClass, pc: u64, address: Option<u64>, detail: &str) {
    assert_eq!((fault.class, fault.pc, fault.address), (class, pc, address), "{fault:x?}");
    assert!(fault.detail.contains(detail), "{:?} does not say {detail:?}", fault.detail);
}

#[test]
fn an_undefined_word_is_named() {
    for word in [0xfffb_e79a, 0xffff_6f7a, 0xffff_6b7c, 0] {
        let fault = second_word(|a| if word == 0 { a.i("udf #0", 0) } else { a.undefined(word) });
        assert_fault(&fault, FaultClass::UndefinedEncoding, CODE + 4, None, &format!("word {word:08x}"));
    }
}

#[test]
fn privileged_and_debug_instructions_are_undefined() {
    let undefined = |f: &dyn Fn(Asm) -> Asm| {
        assert_fault(&second_word(f), FaultClass::UndefinedEncoding, CODE + 4, None, "word d");
    };
    undefined(&|a| a.i("hlt #1", 0xd440_0020));
    undefined(&|a| a.i("hvc #1", 0xd400_0022));
    undefined(&|a| a.i("smc #1", 0xd400_0023));
    undefined(&|a| a.i("msr tpidr_el1, x0", 0xd518_d080));
}

#[test]
fn instructions_that_no_trace_may_contain_are_reported_with_their_place() {
    let brk = second_word(|a| a.i("brk #7", 0xd420_00e0));
    assert_fault(&brk, FaultClass::UndefinedEncoding, CODE + 4, None, "brk #7 executed");
    let svc = second_word(|a| a.i("svc #3", 0xd400_0061));
    assert_fault(&svc, FaultClass::UndefinedEncoding, CODE + 4, None, "svc #3 executed");
    let wfi = second_word(|a| a.i("wfi", 0xd503_207f));
    assert_fault(&wfi, FaultClass::UndefinedEncoding, CODE + 4, None, "wfi executed");
}

#[test]
fn hints_are_no_faults() {
    let mut b = Bench::new();
    let code = asm().i("wfe", 0xd503_205f).i("yield", 0xd503_203f).b(EXITS).end();
    assert_eq!(b.once(&code).how, exit(0));
}

#[test]
fn refused_loads_and_stores_name_pc_and_address() {
    let end = DATA + DATA_LEN as u64;
    let cases: &[(u64, &str, u32, u64, &str)] = &[
        (0, "ldr x0, [x1]", 0xf940_0020, 0, "load from unmapped memory, 8 bytes"),
        (end - 4, "ldr x0, [x1]", 0xf940_0020, end, "load from unmapped memory"),
        (0xdead_0001_beef_0001, "ldr w0, [x1]", 0xb940_0020, 0xdead_0001_beef_0001, "load from unmapped memory, 4"),
        (u64::MAX - 3, "ldr x0, [x1]", 0xf940_0020, u64::MAX - 3, "load"),
        (DATA - 4, "str w0, [x1]", 0xb900_0020, DATA - 4, "store to unmapped memory, 4 bytes"),
        (EXITS, "ldr x0, [x1]", 0xf940_0020, EXITS, "load from unmapped memory"),
        (CONST + 8, "str x0, [x1]", 0xf900_0020, CONST + 8, "store to read-only memory"),
        (CODE + 8, "str w0, [x1]", 0xb900_0020, CODE + 8, "store to code, 4 bytes"),
        (CODE + 0x1800, "str x0, [x1]", 0xf900_0020, CODE + 0x1800, "store to code"),
    ];
    for (x1, text, word, address, detail) in cases {
        let fault = second_word(|a| a.x(1, *x1).i(text, *word));
        assert_fault(&fault, FaultClass::MemoryFault, CODE + 4, Some(*address), detail);
    }
}

#[test]
fn a_store_to_code_does_not_change_it() {
    let mut b = Bench::new();
    let code = asm().x(1, CODE + 8).x(0, 0).i("str w0, [x1]", 0xb900_0020).i("nop", 0xd503_201f).b(EXITS).end();
    b.fault(&code);
    let mut start = code.start.clone();
    start.x[1] = DATA;
    assert_eq!(b.run(&code, &start).how, exit(0));
}

#[test]
fn a_branch_to_nowhere_names_its_target() {
    let wild = [0, 4, DATA, CONST, STACK, CODE + CODE_LEN, EXITS - 4, 0xdead_0009_beef_0008, u64::MAX - 3];
    for target in wild {
        let fault = second_word(|a| a.x(9, target).i("blr x9", 0xd63f_0120));
        assert_fault(&fault, FaultClass::BadBranch, target, None, &format!("x30={:#x}", CODE + 8));
    }
    let inside = second_word(|a| a.x(9, CODE + 0x1000).i("br x9", 0xd61f_0120));
    assert_fault(&inside, FaultClass::UndefinedEncoding, CODE + 0x1000, None, "word 00000000");
}

#[test]
fn behind_an_exit_nothing_is_mapped_even_when_it_was_taken() {
    let mut b = Bench::new();
    assert_eq!(b.once(&asm().b(EXITS).end()).how, exit(0));
    let load = asm().x(1, EXITS).i("ldr x0, [x1]", 0xf940_0020).b(EXITS).end();
    assert_fault(&b.fault(&load), FaultClass::MemoryFault, CODE, Some(EXITS), "load from unmapped memory");
    let store = asm().x(1, EXITS + 8).i("str x0, [x1]", 0xf900_0020).b(EXITS).end();
    assert_fault(&b.fault(&store), FaultClass::MemoryFault, CODE, Some(EXITS + 8), "store to unmapped memory");
    for (target, class) in [(EXITS + 0xf00, "no code"), (EXITS + 2, "misaligned pc")] {
        let wild = asm().x(9, target).i("br x9", 0xd61f_0120).end();
        assert_fault(&b.fault(&wild), FaultClass::BadBranch, target, None, class);
    }
    still_works(&mut b);
}

#[test]
fn a_breakpoint_in_code_is_no_exit() {
    let mut b = Bench::new();
    assert_eq!(b.once(&asm().b(EXITS).end()).how, exit(0));
    let code = asm().i("brk #0", 0xd420_0000).end();
    assert_fault(&b.fault(&code), FaultClass::UndefinedEncoding, CODE, None, "brk #0 executed");
}

#[test]
fn targets_in_memory_that_is_mapped_are_still_targets() {
    let mut b = Bench::new();
    let mut code = asm().x(9, DATA).i("br x9", 0xd61f_0120).end();
    code.conventions.targets.push((DATA, DATA + 8));
    for _ in 0..2 {
        assert_fault(&b.fault(&code), FaultClass::BadBranch, DATA, None, "no code");
    }
    still_works(&mut b);
}

#[test]
fn code_that_runs_off_the_window_is_a_bad_branch() {
    let mut b = Bench::new();
    let code = asm_at(CODE + CODE_LEN - 4).i("nop", 0xd503_201f).end();
    assert_fault(&b.fault(&code), FaultClass::BadBranch, CODE + CODE_LEN, None, "no code");
}

#[test]
fn a_misaligned_pc_is_a_bad_branch() {
    for target in [CODE + 6, EXITS + 2, DATA + 1, 2, 0xdead_0009_beef_0009] {
        let fault = second_word(|a| a.x(9, target).i("br x9", 0xd61f_0120));
        assert_fault(&fault, FaultClass::BadBranch, target, None, "misaligned pc");
    }
}

#[test]
fn a_misaligned_stack_pointer_is_found_at_the_next_stop() {
    let mut b = Bench::new();
    let sub = |a: Asm| a.i("sub sp, sp, #8", 0xd100_23ff);
    let exits = sub(asm()).i("ldr x0, [sp]", 0xf940_03e0).b(EXITS).end();
    assert_fault(&b.fault(&exits), FaultClass::Misaligned, EXITS, None, &format!("sp={:#x}", SP - 8));
    let calls = sub(asm()).bl(CALL).b(EXITS).end();
    assert_fault(&b.fault(&calls), FaultClass::Misaligned, CALL, None, "sp=");
    assert!(b.fake.calls.is_empty());
    still_works(&mut b);
}

#[test]
fn exclusive_accesses_must_be_aligned() {
    let fault = second_word(|a| a.x(1, DATA + 1).i("ldxr x0, [x1]", 0xc85f_7c20));
    assert_fault(&fault, FaultClass::Misaligned, CODE + 4, None, "data abort");
    let mut b = Bench::new();
    let plain = asm().x(1, DATA + 1).i("ldr x0, [x1]", 0xf940_0020).b(EXITS).end();
    assert_eq!(b.once(&plain).how, exit(0));
}

/// How late a stop may come on a host that is very busy; `cost.rs` looks closer.
const LATE: Duration = Duration::from_secs(5);

/// Runs endless code and checks when it was stopped.
fn assert_hangs(b: &mut Bench, code: &Code, deadline: Duration) -> Fault {
    b.machine.set_deadline(deadline);
    let begin = Instant::now();
    let fault = b.fault(code);
    let took = begin.elapsed();
    assert_eq!(fault.class, FaultClass::Hang, "{fault:?}");
    assert!(took >= deadline && took < deadline + LATE, "{took:?} for {deadline:?}");
    fault
}

#[test]
fn an_endless_loop_is_stopped_at_the_deadline() {
    let mut b = Bench::new();
    for deadline in [10, 200] {
        let code = asm().i("nop", 0xd503_201f).b(CODE).end();
        let fault = assert_hangs(&mut b, &code, Duration::from_millis(deadline));
        assert!((CODE..=CODE + 4).contains(&fault.pc), "{:#x}", fault.pc);
        still_works(&mut b);
        assert_eq!(assert_hangs(&mut b, &asm().b(CODE).end(), Duration::from_millis(deadline)).pc, CODE);
    }
}

#[test]
fn an_endless_loop_of_calls_is_stopped_too() {
    let mut b = Bench::new();
    let code = asm().bl(CALL).b(CODE).end();
    assert_hangs(&mut b, &code, Duration::from_millis(20));
    assert!(b.fake.calls.len() > 10);
    still_works(&mut b);
}

#[test]
fn an_endless_loop_over_indirect_branches_is_stopped_too() {
    let mut b = Bench::new();
    let code = asm().x(9, CODE).i("br x9", 0xd61f_0120).end();
    assert_hangs(&mut b, &code, Duration::from_millis(20));
    still_works(&mut b);
}

/// A loop of two instructions that ends by itself.
fn countdown(from: u64) -> Code {
    let code = asm().x(0, from).i("sub x0, x0, #1", 0xd100_0400).i("cbnz x0, #0xfffffffffffffffc", 0xb5ff_ffe0);
    code.b(EXITS).end()
}

#[test]
fn a_long_run_below_the_deadline_ends_by_itself() {
    let mut b = Bench::new();
    assert_eq!(b.once(&countdown(1_000_000)).how, exit(0));
}

#[test]
fn counted_runs_hang_by_the_number_of_instructions_and_always_at_the_same_place() {
    let mut b = Bench::new();
    let code = asm().i("nop", 0xd503_201f).i("nop", 0xd503_201f).b(CODE).end();
    b.machine.load(&code).unwrap();
    let first = b.machine.run_counted(&code, &mut b.fake, &code.start).unwrap();
    assert!(matches!(&first.how, HowEnded::Fault(f) if f.class == FaultClass::Hang), "{:?}", first.how);
    assert_eq!(b.machine.run_counted(&code, &mut b.fake, &code.start).unwrap(), first);
    still_works(&mut b);
}

#[test]
fn a_counted_run_below_the_budget_ends_by_itself() {
    let mut b = Bench::new();
    let code = countdown(100_000);
    b.machine.load(&code).unwrap();
    assert_eq!(b.machine.run_counted(&code, &mut b.fake, &code.start).unwrap().how, exit(0));
    assert_eq!(b.run(&code, &code.start).how, exit(0));
}

#[test]
fn a_run_of_more_than_a_small_budget_is_worth_a_counted_one() {
    let mut b = Bench::new();
    b.machine.set_budget(500_000);
    let code = countdown(1_000_000);
    b.machine.load(&code).unwrap();
    assert!(b.machine.run(&code, &mut b.fake, &code.start).unwrap().slow);
}

#[test]
fn many_short_runs_are_not_taken_for_a_long_one() {
    let mut b = Bench::new();
    b.machine.set_deadline(Duration::from_millis(50));
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(200) {
        still_works(&mut b);
    }
}

#[test]
fn machines_run_side_by_side() {
    let run = || {
        let mut b = Bench::new();
        for _ in 0..200 {
            still_works(&mut b);
        }
    };
    std::thread::scope(|s| {
        s.spawn(run);
        s.spawn(run);
    });
}
