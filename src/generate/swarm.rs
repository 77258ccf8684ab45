//! Swarm testing: each case has a shape and switches random opcodes, types and steps off.
//!
//! A case that can do everything rarely does enough of one thing (Groce et al., "Swarm Testing", ISSTA 2012).

use super::entropy::Source;
use super::knobs::Knobs;
use super::opset::OpSet;
use crate::ir::sig::MEMORY_TYPES;
use crate::ir::{ALL_OPS, Class, Op, Rule, Type};
use std::sync::LazyLock;

/// One kind of thing to append to a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Several neighbouring accesses.
    Cluster,
    /// One access.
    Access,
    /// A 32-bit integer instruction.
    Alu32,
    /// A 64-bit integer instruction.
    Alu64,
    /// An FP instruction.
    Fp,
    /// A conversion.
    Convert,
    /// An instruction that is a library call.
    Call,
    /// A pair or triple of instructions that may be fused.
    Idiom,
    /// A guard.
    Guard,
    /// A stack slot.
    Slot,
    /// A string's byte.
    Str,
    /// USE or XBAR.
    Control,
    /// A snapshot.
    Snapshot,
    /// Values that live over something else.
    Window,
    /// A linked list.
    Chase,
}

/// All steps; weights below are in this order.
pub(super) const STEPS: [Step; 15] = [
    Step::Cluster,
    Step::Access,
    Step::Alu32,
    Step::Alu64,
    Step::Fp,
    Step::Convert,
    Step::Call,
    Step::Idiom,
    Step::Guard,
    Step::Slot,
    Step::Str,
    Step::Control,
    Step::Snapshot,
    Step::Window,
    Step::Chase,
];

/// What a case is mostly about: how often it is drawn, and the weights of its steps.
#[rustfmt::skip]
const SHAPES: [(u16, [u16; STEPS.len()]); 9] = [
    //   cluster access alu32 alu64 fp conv call idiom guard slot str control snap window chase
    (4,  [10,    10,    10,   10,   10, 10,  0,  10,   5,    3,   1,  1,      3,   1,     1]),  // mixed
    (4,  [30,    15,     5,    5,    3,  3,  0,   5,   5,    2,   2,  2,      3,   1,     2]),  // memory
    (3,  [30,     3,     3,    2,    2,  1,  0,   2,   3,    1,   0,  1,      1,   1,     2]),  // pairs
    (3,  [ 3,     6,    18,   18,    0,  4,  1,  20,   8,    3,   0,  0,      3,   0,     0]),  // integers
    (2,  [ 3,     6,     2,    2,   30, 10,  1,  12,   6,    4,   0,  0,      3,   0,     0]),  // floating point
    (2,  [ 3,     8,     6,    6,    6, 30,  0,  10,   4,    4,   1,  0,      3,   0,     0]),  // conversions
    (2,  [ 4,     6,    10,   10,    6,  5,  0,  14,  25,    6,   1,  1,      8,   1,     1]),  // control
    (1,  [ 6,     8,     8,    8,    8,  8,  8,   8,   4,    4,   1,  1,      3,   2,     0]),  // calls
    (1,  [ 3,     6,     6,   12,   10,  3,  1,   6,   4,    3,   0,  1,      3,   6,     0]),  // long lives
];

/// What one case may do.
#[derive(Clone, Debug)]
pub(super) struct Swarm {
    /// Weights of the steps.
    pub steps: [u16; STEPS.len()],
    /// Opcodes that are drawn.
    pub ops: OpSet,
    /// Types of memory accesses.
    pub memory: Vec<Type>,
    /// Percent of constant operands.
    pub constants: u8,
    /// Percent of operands taken from the last few results.
    pub recent: u8,
    /// Values to keep alive, 0 for no pressure.
    pub live: u8,
    /// Their classes.
    pub held: &'static [Class],
    /// True if constants come from few families.
    pub palette: bool,
    /// Percent of constant shift counts that are 64-bit integers (`3LL`), where the operand is one.
    pub wide_counts: u8,
    /// Percent of loops that exchange carried values.
    pub rotate: u8,
    /// True for a trace of hundreds of instructions.
    pub big: bool,
    /// True for a trace with a loop.
    pub is_loop: bool,
    /// True for a loop that does little but move on what it carries.
    pub lean: bool,
}

impl Swarm {
    pub(super) fn draw(s: &mut impl Source, knobs: &Knobs) -> Swarm {
        let weights = SHAPES.map(|(weight, _)| weight);
        let mut steps = SHAPES[s.weighted(&weights)].1;
        for weight in &mut steps {
            if s.percent(15) {
                *weight = 0;
            }
        }
        let live = draw_live(s, knobs);
        if live > 0 && s.percent(30) {
            steps[Step::Call as usize] += 6;
        }
        let palette = s.percent(knobs.palette);
        if palette {
            steps[Step::Alu64 as usize] += 10;
            steps[Step::Alu32 as usize] += 4;
        }
        let mut swarm = Swarm {
            steps,
            ops: draw_ops(s, knobs.ops),
            memory: draw_types(s),
            constants: if palette { s.pick(&[70, 50, 90]) } else { s.pick(&[35, 20, 60]) },
            recent: s.pick(&[50, 75, 20]),
            live,
            held: s.pick(&HELD),
            palette,
            wide_counts: s.pick(&[0, 0, 0, 50]),
            rotate: s.pick(&[15, 50]),
            big: s.below(1000) >= 1000 - u32::from(knobs.big.min(1000)),
            is_loop: s.percent(knobs.loops),
            lean: s.percent(knobs.lean),
        };
        swarm.drop_empty_steps();
        swarm
    }

    /// Steps that would find no opcode are not drawn.
    fn drop_empty_steps(&mut self) {
        let m = &*MASKS;
        let needs = [
            (Step::Alu32, m.alu32),
            (Step::Alu64, m.alu64),
            (Step::Fp, m.fp),
            (Step::Convert, m.convert),
            (Step::Call, m.calls),
            (Step::Guard, m.guards),
            (Step::Control, m.control),
            (Step::Slot, OpSet::EMPTY.with(Op::SLOAD)),
            (Step::Str, OpSet::EMPTY.with(Op::STRREF)),
            (Step::Cluster, OpSet::EMPTY.with(Op::XLOAD).with(Op::XSTORE)),
            (Step::Access, OpSet::EMPTY.with(Op::XLOAD).with(Op::XSTORE)),
        ];
        for (step, mask) in needs {
            if self.ops.both(mask).is_empty() {
                self.steps[step as usize] = 0;
            }
        }
    }

    /// The next step; `None` if all are switched off.
    pub(super) fn step(&self, s: &mut impl Source) -> Option<Step> {
        let any = self.steps.iter().any(|w| *w > 0);
        any.then(|| STEPS[s.weighted(&self.steps)])
    }

    /// One of the opcodes of `mask` that are switched on.
    pub(super) fn op(&self, s: &mut impl Source, mask: OpSet) -> Option<Op> {
        let set = self.ops.both(mask);
        if set.is_empty() { None } else { set.nth(s.below(set.len())) }
    }
}

/// Classes of the values that stay alive: spilling one kind of register, or both.
const HELD: [&[Class]; 5] = [
    &[Class::W32, Class::W64, Class::Num],
    &[Class::W32],
    &[Class::Num],
    &[Class::W64, Class::W32],
    &[Class::Num, Class::W64, Class::Num, Class::W32],
];

/// How many values stay alive: from comfortable to spilling; now and then so many that spill slots reach the limits of the
/// displacements of pairs, far from the frame's start.
fn draw_live(s: &mut impl Source, knobs: &Knobs) -> u8 {
    if !s.percent(knobs.pressure) {
        return 0;
    }
    let live = s.range(i64::from(*knobs.live.start()), i64::from(*knobs.live.end()));
    let live = if s.percent(knobs.frames) { 2 * live } else { live };
    u8::try_from(live).unwrap_or(MOST_ALIVE).min(MOST_ALIVE)
}

/// Values that fit in the 256 words that a frame has for spilled ones, half of them 64 bits wide, with some in registers.
const MOST_ALIVE: u8 = 160;

/// Most cases lose a random quarter of the opcodes; what is left is never nothing.
fn draw_ops(s: &mut impl Source, all: OpSet) -> OpSet {
    if !s.percent(70) {
        return all;
    }
    let (a, b) = (s.raw(8), s.raw(8));
    let (c, d) = (s.raw(8), s.raw(8));
    let left = all.without(OpSet::from_bits(u128::from(a & b) | u128::from(c & d) << 64));
    if left.is_empty() { all } else { left }
}

fn draw_types(s: &mut impl Source) -> Vec<Type> {
    match s.weighted(&[3, 3, 2]) {
        0 => vec![s.pick(MEMORY_TYPES)],
        1 => {
            let keep = s.raw(2);
            let some = MEMORY_TYPES.iter().enumerate().filter(|(i, _)| keep >> i & 1 != 0).map(|(_, t)| *t);
            let some: Vec<Type> = some.collect();
            if some.is_empty() { MEMORY_TYPES.to_vec() } else { some }
        }
        _ => MEMORY_TYPES.iter().copied().chain([Type::P64]).collect(),
    }
}

/// Which opcodes each step draws from: derived from the opcode table's rules.
pub(super) struct Masks {
    pub alu32: OpSet,
    pub alu64: OpSet,
    pub fp: OpSet,
    pub convert: OpSet,
    pub calls: OpSet,
    pub guards: OpSet,
    pub control: OpSet,
}

pub(super) static MASKS: LazyLock<Masks> = LazyLock::new(|| {
    let all = OpSet::all();
    let rules = |list: &[Rule]| OpSet::that(|op| all.has(op) && list.contains(&op.info().rule));
    let alu = rules(&[Rule::BitUn, Rule::Bit, Rule::Shift, Rule::Add, Rule::Mul, Rule::Neg, Rule::MinMax]);
    let overflow = rules(&[Rule::Overflow]);
    let fp = rules(&[Rule::Add, Rule::Mul, Rule::Div, Rule::Neg, Rule::MinMax, Rule::NumMask, Rule::FpMath]);
    Masks {
        alu32: alu.union(overflow).typed(Type::is_w32),
        alu64: alu.typed(Type::is_w64),
        fp: fp.typed(|t| t == Type::Num),
        convert: rules(&[Rule::Conv, Rule::ToBit]),
        calls: rules(&[Rule::Div, Rule::Mod, Rule::Pow, Rule::FpMath]),
        guards: rules(&[Rule::SCmp, Rule::UCmp, Rule::Equal, Rule::Bounds]),
        control: rules(&[Rule::Use, Rule::Barrier]),
    }
});

const _: () = {
    let mut i = 0;
    while i < STEPS.len() {
        assert!(STEPS[i] as usize == i, "STEPS is in the order of Step");
        i += 1;
    }
    assert!(ALL_OPS.len() <= 128);
};
