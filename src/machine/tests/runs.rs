//! Runs that end as they should.

use super::*;
use crate::machine::{MachineError, Prepared, PreparedInput};

#[test]
fn a_branch_to_an_exit_ends_the_run_with_its_number() {
    let mut b = Bench::new();
    for n in [0, 1, 77] {
        let code = asm().i("add x0, x0, #1", 0x9100_0400).b(EXITS + 4 * u64::from(n)).end();
        let ended = b.once(&code);
        assert_eq!(ended.how, exit(n));
        assert_eq!(ended.regs.x[0], code.start.x[0] + 1);
        assert_eq!(ended.regs.pc, EXITS + 4 * u64::from(n));
    }
    assert_eq!(b.once(&asm().b(TAIL).end()).how, HowEnded::Tail);
}

#[test]
fn registers_come_back_exactly() {
    let mut b = Bench::new();
    let mut code = asm().i("nop", 0xd503_201f).b(EXITS).end();
    for (n, r) in code.start.x.iter_mut().chain(&mut code.start.d).enumerate() {
        *r = 0x0101_0101_0101_0101u64.wrapping_mul(n as u64 + 1) ^ 0x8000_0000_0000_0000;
    }
    let ended = b.once(&code);
    assert_eq!(ended.regs, Registers { pc: EXITS, ..code.start.clone() });
}

#[test]
fn every_register_is_its_own() {
    let mut b = Bench::new();
    let mut a = asm();
    for n in 0..31 {
        // add xN, xN, #N; fneg dN, dN
        a.words.extend([0x9100_0000 | n << 10 | n << 5 | n, 0x1e61_4000 | n << 5 | n]);
    }
    let code = a.b(EXITS).end();
    assert_eq!(disassemble(0x9100_0000 | 3 << 10 | 3 << 5 | 3), "add x3, x3, #3");
    assert_eq!(disassemble(0x1e61_4000 | 3 << 5 | 3), "fneg d3, d3");
    let regs = b.once(&code).regs;
    for n in 0..31 {
        assert_eq!(regs.x[n], code.start.x[n] + n as u64, "x{n}");
        assert_eq!(regs.d[n], code.start.d[n] ^ 1 << 63, "d{n}");
    }
    assert_eq!(regs.d[31], code.start.d[31]);
}

#[test]
fn a_call_goes_on_with_what_the_runtime_left() {
    let mut b = Bench::new();
    let code = asm()
        .x(0, 41)
        .i("mov x19, x30", 0xaa1e_03f3)
        .bl(CALL)
        .i("add x0, x0, #1", 0x9100_0400)
        .bl(CALL)
        .i("fmov x2, d3", 0x9e66_0062)
        .b(EXITS)
        .end();
    let ended = b.once(&code);
    assert_eq!(ended.how, exit(0));
    assert_eq!(b.fake.calls.iter().map(|r| r.x[0]).collect::<Vec<_>>(), [41, 43]);
    assert_eq!((ended.regs.x[0], ended.regs.x[1], ended.regs.x[2]), (44, 99, 99));
    assert_eq!(ended.regs.x[19], code.start.x[30]);
}

#[test]
fn a_call_leaves_flags_and_upper_halves_alone() {
    let mut b = Bench::new();
    let code = asm()
        .x(0, 7)
        .x(20, 1234)
        .i("cmp x0, x0", 0xeb00_001f)
        .i("mov v8.d[1], x20", 0x4e18_1e88)
        .bl(CALL)
        .i("mrs x21, nzcv", 0xd53b_4215)
        .i("mov x22, v8.d[1]", 0x4e18_3d16)
        .b(EXITS)
        .end();
    let regs = b.once(&code).regs;
    assert_eq!((regs.x[21], regs.x[22]), (0x6000_0000, 1234));
}

#[test]
fn each_run_starts_from_a_clean_processor() {
    let mut b = Bench::new();
    let dirty = asm()
        .x(0, 7)
        .i("cmp x0, x0", 0xeb00_001f)
        .i("mov v8.d[1], x0", 0x4e18_1c08)
        .i("msr fpcr, x0", 0xd51b_4400)
        .i("msr fpsr, x0", 0xd51b_4420)
        .b(EXITS)
        .end();
    b.once(&dirty);
    let look = asm()
        .i("mrs x0, nzcv", 0xd53b_4200)
        .i("mov x1, v8.d[1]", 0x4e18_3d01)
        .i("mrs x2, fpcr", 0xd53b_4402)
        .i("mrs x3, fpsr", 0xd53b_4423)
        .b(EXITS)
        .end();
    assert_eq!(b.once(&look).regs.x[..4], [0, 0, 0, 0]);
}

#[test]
fn stores_are_seen_by_the_host_and_loads_see_its_writes() {
    let mut b = Bench::new();
    b.fake.write(DATA, &7u64.to_le_bytes());
    let code = asm()
        .x(1, DATA)
        .i("ldr x0, [x1]", 0xf940_0020)
        .i("add x0, x0, #1", 0x9100_0400)
        .i("str x0, [x1, #8]", 0xf900_0420)
        .i("str x0, [sp]", 0xf900_03e0)
        .b(EXITS)
        .end();
    assert_eq!(b.once(&code).how, exit(0));
    assert_eq!((b.fake.word(DATA + 8), b.fake.word(SP)), (8, 8));
    b.fake.write(DATA, &20u64.to_le_bytes());
    b.run(&code, &code.start);
    assert_eq!(b.fake.word(DATA + 8), 21);
}

#[test]
fn code_can_read_itself_and_constant_memory() {
    let mut b = Bench::new();
    b.fake.write(CONST + 16, &5u64.to_le_bytes());
    let code = asm()
        .x(1, CONST)
        .i("ldr x0, #8", 0x5800_0040)
        .b(CODE + 16)
        .i("add x1, x0, x1", 0x8b01_0001)
        .i("nop", 0xd503_201f)
        .i("ldr x2, [x1, #0x10]", 0xf940_0822)
        .b(EXITS)
        .end();
    let regs = b.once(&code).regs;
    assert_eq!((regs.x[0], regs.x[2]), (0xd503_201f_8b01_0001, 5));
}

#[test]
fn one_load_serves_many_inputs() {
    let mut b = Bench::new();
    let code = asm().i("add x1, x0, x1", 0x8b01_0001).b(EXITS + 4).end();
    b.machine.load(&code).unwrap();
    for n in 0..16 {
        let mut start = code.start.clone();
        start.x[0] = n;
        start.x[1] = 100 * n;
        assert_eq!(b.run(&code, &start).regs.x[1], 101 * n);
    }
}

#[test]
fn new_code_at_the_same_address_is_what_runs() {
    let mut b = Bench::new();
    for round in 0..50u32 {
        let n = round % 7 + 1;
        let mut a = asm().x(0, 0);
        a.words.push(0x9100_0000 | n << 10);
        let code = a.b(EXITS + 4 * u64::from(n)).end();
        for _ in 0..2 {
            assert_eq!(b.once(&code).how, exit(u16::try_from(n).unwrap()));
        }
        assert_eq!(b.once(&code).regs.x[0], u64::from(n));
    }
}

#[test]
fn nothing_is_left_of_longer_or_other_code() {
    let mut b = Bench::new();
    let long = asm().i("nop", 0xd503_201f).i("nop", 0xd503_201f).b(EXITS).end();
    assert_eq!(b.once(&long).how, exit(0));
    // Falls off its end, where the longer code had its branch.
    let short = asm().i("nop", 0xd503_201f).i("nop", 0xd503_201f).end();
    assert_eq!(b.fault(&short).pc, CODE + 8);
    // A wild branch to where code was, elsewhere in the window, and is no more.
    let far = asm_at(CODE + 0x1800).b(EXITS + 8).end();
    assert_eq!(b.once(&far).how, exit(2));
    let wild = asm().b(CODE + 0x1800).end();
    assert_eq!(b.fault(&wild).pc, CODE + 0x1800);
    // And back: the zeros that were translated there are code now.
    assert_eq!(b.once(&far).how, exit(2));
}

#[test]
fn translations_of_code_that_starts_before_the_new_code_are_forgotten() {
    let mut b = Bench::new();
    // One block over both pages, then new code in its second half only.
    let mut a = asm_at(CODE + 0xff0);
    a.words.resize(8, 0xd503_201f);
    let both = a.b(EXITS).end();
    assert_eq!(b.once(&both).how, exit(0));
    let second = asm_at(CODE + 0x1000).b(EXITS + 4).end();
    assert_eq!(b.once(&second).how, exit(1));
    assert_eq!(b.once(&both).how, exit(0));
}

#[test]
fn code_outside_of_the_window_is_an_error() {
    let mut b = Bench::new();
    for base in [CODE - 4, CODE + CODE_LEN, CODE + CODE_LEN - 4, CODE + 2, 0, u64::MAX - 3] {
        let code = Code { base, ..asm().i("nop", 0xd503_201f).b(EXITS).end() };
        assert!(matches!(b.machine.load(&code), Err(MachineError::OutsideWindow { .. })), "{base:#x}");
    }
    let code = asm_at(CODE + CODE_LEN - 8).i("nop", 0xd503_201f).b(EXITS).end();
    assert_eq!(b.once(&code).how, exit(0));
}

#[test]
fn a_start_outside_of_the_loaded_code_is_an_error() {
    let mut b = Bench::new();
    let code = asm().b(EXITS).end();
    let mut run = |pc| b.machine.run(&code, &mut b.fake, &Registers { pc, ..code.start.clone() });
    assert!(matches!(run(CODE), Err(MachineError::NotLoaded { .. })));
    assert!(matches!(run(0), Err(MachineError::NotLoaded { .. })));
    b.machine.load(&code).unwrap();
    let regs = Registers { pc: CODE + 4, ..code.start.clone() };
    assert!(matches!(b.machine.run(&code, &mut b.fake, &regs), Err(MachineError::NotLoaded { .. })));
    assert_eq!(b.run(&code, &code.start).how, exit(0));
}

#[test]
fn memory_that_is_no_whole_pages_is_an_error() {
    let fake = Fake::new();
    let odd = Mapping { len: 5, ..fake.mappings()[0] };
    assert!(matches!(Machine::new(&[odd], (CODE, CODE_LEN)), Err(MachineError::Mapping { len: 5, .. })));
    let twice = [fake.mappings()[0]; 2];
    assert!(matches!(Machine::new(&twice, (CODE, CODE_LEN)), Err(MachineError::Mapping { .. })));
}

#[test]
fn bare_runs_the_same_work() {
    let mut b = Bench::new();
    let code = asm().x(1, DATA).i("ldr x0, [x1]", 0xf940_0020).bl(CALL).i("mov x1, x2", 0xaa02_03e1).b(EXITS).end();
    let writes = vec![(DATA, 5u64.to_le_bytes().to_vec())];
    let input = PreparedInput { regs: code.start.clone(), writes };
    let work = [Prepared { code: &code, inputs: vec![input] }];
    b.machine.bare(&work, Some(&mut b.fake)).unwrap();
    assert_eq!(b.fake.calls.len(), 1);
    assert_eq!(b.fake.calls[0].x[0], 5);
    b.machine.bare(&work, None).unwrap();
    assert_eq!(b.fake.calls.len(), 1);
}

#[test]
fn bare_refuses_writes_outside_of_all_memory() {
    let mut b = Bench::new();
    let code = asm().b(EXITS).end();
    for addr in [0, DATA - 1, DATA + DATA_LEN as u64, u64::MAX] {
        let input = PreparedInput { regs: code.start.clone(), writes: vec![(addr, vec![1])] };
        let work = [Prepared { code: &code, inputs: vec![input] }];
        assert!(matches!(b.machine.bare(&work, None), Err(MachineError::Unmapped { .. })), "{addr:#x}");
    }
}
