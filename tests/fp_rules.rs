//! The interpreter's floating-point rules agree bit for bit with an ARM64 that we did not write: Unicorn's.
//!
//! Each rule stands beside the instructions that define it. They run in a guest loop over the same operands: every pair
//! of special values, then random ones with a fixed seed.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tracehound::interpret::Marks;
use tracehound::interpret::sem::{arith, compare, conv, fp};
use tracehound::ir::validate::TOBIT_BIAS;
use tracehound::ir::{ConvCheck, ConvMode, Fpm, Type};
use unicorn_engine::unicorn_const::{Arch, Mode, Prot};
use unicorn_engine::{RegisterARM64, Unicorn};

/// Random operand triples a rule, besides the pairs of special values.
const RANDOM: usize = 100_000;
const CODE: u64 = 0x10_0000;
const OPERANDS: u64 = 0x100_0000;
const RESULTS: u64 = 0x200_0000;
const AREA: u64 = 0x100_0000;

type Rule = fn(u64, u64, u64) -> u64;

/// One rule: its name, the instructions from d0, d1, d3 (x3 = d0's bits) to d2, and ours.
struct Row(&'static str, &'static [u32], Rule);

/// `fmov d2, x2`
const FROM_X2: u32 = 0x9e67_0042;
/// `fcmp d0, d1`
const FCMP: u32 = 0x1e61_2000;

macro_rules! binary {
    ($f:path) => {
        |a, b, _| $f(&mut Marks::default(), a, b)
    };
}

macro_rules! fpmath {
    ($fpm:ident) => {
        |a, _, _| fp::fpmath(&mut Marks::default(), Fpm::$fpm, a)
    };
}

macro_rules! conv {
    ($dst:ident, $src:ident) => {
        |a, _, _| {
            let mode = ConvMode { src: Type::$src, sext: false, check: ConvCheck::Plain };
            conv::conv(&mut Marks::default(), Type::$dst, mode, sized(Type::$src, a)).expect("fits").expect("unchecked")
        }
    };
}

macro_rules! select {
    ($f:path) => {
        |a, b, _| $f(Type::Num, a, b)
    };
}

macro_rules! compare {
    ($f:path) => {
        |a, b, _| u64::from($f(Type::Num, a, b))
    };
}

/// `cset x2, cond` by the condition's number.
const fn cset(cond: u32) -> u32 {
    0x9a9f_07e2 | (cond ^ 1) << 12
}

#[rustfmt::skip]
const RULES: &[Row] = &[
    Row("fadd",           &[0x1e61_2802], binary!(fp::add)),
    Row("fsub",           &[0x1e61_3802], binary!(fp::sub)),
    Row("fmul",           &[0x1e61_0802], binary!(fp::mul)),
    Row("fdiv",           &[0x1e61_1802], binary!(fp::div)),
    Row("fmadd",          &[0x1f41_0c02], |a, b, c| fp::mul_add(c, a, b)),
    Row("fmsub",          &[0x1f41_8c02], |a, b, c| fp::mul_add(c, fp::neg(a), b)),
    Row("fnmsub",         &[0x1f61_8c02], |a, b, c| fp::mul_add(fp::neg(c), a, b)),
    Row("fneg",           &[0x1e61_4002], |a, _, _| arith::neg(Type::Num, a)),
    Row("fabs",           &[0x1e60_c002], |a, _, _| fp::abs(Type::Num, a)),
    Row("fsqrt",          &[0x1e61_c002], fpmath!(Sqrt)),
    Row("frintm",         &[0x1e65_4002], fpmath!(Floor)),
    Row("frintp",         &[0x1e64_c002], fpmath!(Ceil)),
    Row("frintz",         &[0x1e65_c002], fpmath!(Trunc)),
    Row("min",            &[FCMP, 0x1e60_5c22], select!(arith::min)),
    Row("max",            &[FCMP, 0x1e60_dc22], select!(arith::max)),
    Row("fcvt s, d",      &[0x1e62_4002], conv!(Float, Num)),
    Row("fcvt d, s",      &[0x1e22_c002], conv!(Num, Float)),
    Row("scvtf d, w",     &[0x1e62_0062], conv!(Num, Int)),
    Row("scvtf d, x",     &[0x9e62_0062], conv!(Num, I64)),
    Row("ucvtf d, w",     &[0x1e63_0062], conv!(Num, U32)),
    Row("ucvtf d, x",     &[0x9e63_0062], conv!(Num, U64)),
    Row("scvtf s, w",     &[0x1e22_0062], conv!(Float, Int)),
    Row("scvtf s, x",     &[0x9e22_0062], conv!(Float, I64)),
    Row("ucvtf s, w",     &[0x1e23_0062], conv!(Float, U32)),
    Row("ucvtf s, x",     &[0x9e23_0062], conv!(Float, U64)),
    Row("fcvtzs w, d",    &[0x1e78_0002, FROM_X2], conv!(Int, Num)),
    Row("fcvtzs x, d",    &[0x9e78_0002, FROM_X2], conv!(I64, Num)),
    Row("fcvtzs w, s",    &[0x1e38_0002, FROM_X2], conv!(Int, Float)),
    Row("fcvtzs x, s",    &[0x9e38_0002, FROM_X2], conv!(I64, Float)),
    // Signed, and unsigned where that saturates: cmn x2, #1; csel x2, x2, x5, vc.
    Row("u64 from d",     &[0x9e78_0002, 0x9e79_0005, 0xb100_045f, 0x9a85_7042, FROM_X2], conv!(U64, Num)),
    Row("u64 from s",     &[0x9e38_0002, 0x9e39_0005, 0xb100_045f, 0x9a85_7042, FROM_X2], conv!(U64, Float)),
    // There and back: scvtf d5, w2; fcmp d5, d0; cset x5, eq; add x2, x2, x5, lsl #32.
    Row("checked int",    &[0x1e78_0002, 0x1e62_0045, 0x1e60_20a0, 0x9a9f_17e5, 0x8b05_8042, FROM_X2], checked),
    // The bias in d5; fadd d2, d0, d5; fmov w2, s2.
    Row("tobit",          &[0xd2e8_6705, 0x9e67_00a5, 0x1e65_2802, 0x1e26_0042, FROM_X2],
                          |a, _, _| fp::tobit(&mut Marks::default(), Type::Int, a, TOBIT_BIAS)),
    Row("lt is mi",       &[FCMP, cset(4),  FROM_X2], compare!(compare::lt)),
    Row("ge is ge",       &[FCMP, cset(10), FROM_X2], compare!(compare::ge)),
    Row("le is ls",       &[FCMP, cset(9),  FROM_X2], compare!(compare::le)),
    Row("gt is gt",       &[FCMP, cset(12), FROM_X2], compare!(compare::gt)),
    Row("ult is lt",      &[FCMP, cset(11), FROM_X2], compare!(compare::ult)),
    Row("uge is pl",      &[FCMP, cset(5),  FROM_X2], compare!(compare::uge)),
    Row("ule is le",      &[FCMP, cset(13), FROM_X2], compare!(compare::ule)),
    Row("ugt is hi",      &[FCMP, cset(8),  FROM_X2], compare!(compare::ugt)),
    Row("eq is eq",       &[FCMP, cset(0),  FROM_X2], compare!(compare::eq)),
    Row("ne is ne",       &[FCMP, cset(1),  FROM_X2], compare!(compare::ne)),
];

/// What the guest makes of a checked conversion: bit 32 tells that it holds.
fn checked(a: u64, _: u64, _: u64) -> u64 {
    let mode = ConvMode { src: Type::Num, sext: false, check: ConvCheck::Check };
    let m = &mut Marks::default();
    let held = conv::conv(m, Type::Int, mode, a).expect("fits");
    held.map_or_else(|| conv::truncated(m, Type::Int, f64::from_bits(a)), |value| value | 1 << 32)
}

/// An operand as a value of this type: the low half for the 32-bit ones.
fn sized(ty: Type, a: u64) -> u64 {
    if ty.size() == 4 { a & 0xffff_ffff } else { a }
}

#[test]
fn floating_point_rules_agree_with_unicorn() {
    let operands = operands();
    let mut guest = Guest::new(&operands);
    let mut wrong = vec![];
    for Row(name, code, rule) in RULES {
        let results = guest.run(code, operands.len());
        let differ = operands.iter().zip(&results).filter(|([a, b, c], theirs)| rule(*a, *b, *c) != **theirs);
        wrong.extend(differ.take(3).map(|([a, b, c], theirs)| {
            format!("{name} {a:016x} {b:016x} {c:016x}: ours {:016x}, theirs {theirs:016x}", rule(*a, *b, *c))
        }));
    }
    assert!(wrong.is_empty(), "rules differ from the emulated CPU:\n{}", wrong.join("\n"));
}

/// The guest: a loop that loads three operands, runs the rule's words and stores one result.
struct Guest(Unicorn<'static, ()>);

impl Guest {
    fn new(operands: &[[u64; 3]]) -> Guest {
        let mut uc = Unicorn::new(Arch::ARM64, Mode::LITTLE_ENDIAN).expect("an engine");
        uc.mem_map(CODE, 0x1000, Prot::ALL).expect("maps");
        uc.mem_map(OPERANDS, AREA, Prot::ALL).expect("maps");
        uc.mem_map(RESULTS, AREA, Prot::ALL).expect("maps");
        let bytes: Vec<u8> = operands.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        uc.mem_write(OPERANDS, &bytes).expect("mapped");
        Guest(uc)
    }

    fn run(&mut self, rule: &[u32], count: usize) -> Vec<u64> {
        let uc = &mut self.0;
        let code = looped(rule);
        uc.mem_write(CODE, &code).expect("mapped");
        uc.ctl_remove_cache(CODE, CODE + 0x1000).expect("code was mapped");
        let start = [(RegisterARM64::X0, OPERANDS), (RegisterARM64::X1, RESULTS), (RegisterARM64::X4, count as u64)];
        start.iter().for_each(|(r, v)| uc.reg_write(*r, *v).expect("a register"));
        let end = CODE + code.len() as u64;
        uc.emu_start(CODE, end, 0, 0).expect("the loop runs");
        assert_eq!(uc.reg_read(RegisterARM64::PC), Ok(end));
        assert_eq!(uc.reg_read(RegisterARM64::X4), Ok(0));
        let bytes = uc.mem_read_as_vec(RESULTS, count * 8).expect("mapped");
        bytes.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().expect("eight bytes"))).collect()
    }
}

fn looped(rule: &[u32]) -> Vec<u8> {
    // ldp d0, d1, [x0], #16; ldr d3, [x0], #8; fmov x3, d0
    let mut words = vec![0x6cc1_0400, 0xfc40_8403, 0x9e66_0003];
    words.extend(rule);
    // str d2, [x1], #8; subs x4, x4, #1
    words.extend([0xfc00_8422, 0xf100_0484]);
    // b.ne to the start
    let back = (words.len() as u32).wrapping_neg() & 0x7_ffff;
    words.push(0x5400_0001 | back << 5);
    words.iter().flat_map(|w: &u32| w.to_le_bytes()).collect()
}

/// All pairs of special values, with a special third, and random triples.
fn operands() -> Vec<[u64; 3]> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0x5eed);
    let specials = specials();
    let mut all = vec![];
    for a in &specials {
        for b in &specials {
            all.push([*a, *b, specials[rng.next_u32() as usize % specials.len()]]);
        }
    }
    // Zero times infinity meets every addend.
    for (a, b) in [(0.0f64, f64::INFINITY), (f64::NEG_INFINITY, 0.0), (-0.0, f64::INFINITY)] {
        all.extend(specials.iter().map(|c| [a.to_bits(), b.to_bits(), *c]));
    }
    for _ in 0..RANDOM {
        all.push([0; 3].map(|_: u64| random(&mut rng, &specials)));
    }
    all
}

fn random(rng: &mut Xoshiro256PlusPlus, specials: &[u64]) -> u64 {
    let bits = rng.next_u64();
    match rng.next_u32() % 9 {
        0 => specials[bits as usize % specials.len()],
        // Around a special value.
        1 => specials[bits as usize % specials.len()].wrapping_add_signed((bits >> 32) as i64 % 5 - 2),
        // A number near the integers' limits, and halves.
        2 => (((bits >> (bits & 63)) as f64 + (bits >> 62) as f64 * 0.25) * if bits & 64 == 0 { 1.0 } else { -1.0 })
            .to_bits(),
        // Around one, where sums cancel.
        3 => bits >> 9 & 0x000f_ffff_ffff_ffff | (0x3fe + (bits & 3)) << 52 | bits << 63,
        // A NaN of any kind.
        4 => bits | 0x7ff0_0000_0000_0000,
        // A single in the low half.
        5 => bits & 0xffff_ffff_0000_0000 | u64::from(((bits as i32) as f32).to_bits()),
        // An integer just beside the middle of two singles, which a double can't tell from it.
        6 => halfway_single(30 + (bits & 31) as u32).wrapping_add_signed(bits as i64 >> 62),
        _ => bits,
    }
}

fn halfway_single(exponent: u32) -> u64 {
    1 << exponent | 1 << (exponent - 24)
}

/// Both signs of what has rules of its own, as doubles, and with a single of that kind in the low half.
fn specials() -> Vec<u64> {
    let doubles = [0.0, 0.3, 0.5, 1.0, 1.5, 2.5, 5e-324, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY];
    let limits = [7, 8, 15, 16, 31, 32, 51, 52, 53, 62, 63, 64].map(|n| 2f64.powi(n));
    let nans = [0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0x7ff8_0000_2000_0123, 0x7ff7_ffff_ffff_ffff];
    let singles = [0.0, 0.5, 1.0, 1e-45, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY].map(f32::to_bits);
    let single_nans = [0x7fc0_0000, 0x7f80_0001, 0x7fbf_ffff, 0x7fc1_2345];
    let around = |x: f64| [x.to_bits(), (x - 0.5).to_bits(), x.to_bits() - 1];
    let halfway = [0x36a0_0000_0000_0000, 0x3810_0000_1000_0000, 0x3ff0_0000_1000_0000, 0x47ef_ffff_f000_0000];
    let positive =
        doubles.map(f64::to_bits).into_iter().chain(limits.into_iter().flat_map(around)).chain(nans).chain(halfway);
    let wide = positive.flat_map(|x| [x, x | 1 << 63]);
    let low = singles.into_iter().chain(single_nans).flat_map(|x| [x, x | 1 << 31]);
    wide.chain(low.map(|x| 0x3ff0_0000_0000_0000 | u64::from(x))).collect()
}
