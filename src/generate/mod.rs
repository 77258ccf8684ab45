//! The generator: fuzzer bytes to a case, legal and within its world by construction.
//!
//! Steered by principle: constants and displacements come from the limits of ARM64's immediate fields, accesses share bases
//! and stand next to each other, values are used again, guards pass for most inputs. What is drawn is decided by the
//! opcode table's rules; the validator is not asked. Choices of shape take the fuzzer's bytes, bulk data a random
//! stream seeded from them.

mod access;
mod address;
mod arith;
mod big;
mod build;
mod call;
mod cdata;
mod cells;
mod chase;
mod convert;
mod entropy;
mod finish;
mod fork;
mod guard;
mod heap;
mod idiom;
mod interval;
mod iteration;
mod knobs;
mod looping;
mod mutate;
mod node;
mod object;
mod objects_step;
mod opset;
mod palette;
mod phi;
mod place;
mod pools;
mod pressure;
mod snapshot;
mod string;
mod string_object;
mod swarm;
mod table;
#[cfg(test)]
mod tests;
mod upvalue;
mod virtual_machine;

pub use knobs::{BadKnob, Knobs};
pub use mutate::{crossover, graft, mutate};
pub use opset::{OpSet, UnknownOp};

use crate::case::{Case, Emit, OptFlags};
use crate::ir::{Class, Link, Ref};
use arbitrary::Unstructured;
use build::Builder;
use entropy::{Entropy, Source};
use swarm::Step;

/// Makes a case from fuzzer bytes. Used-up bytes read as zeros, the simplest choices; it does not fail.
pub fn generate(u: &mut Unstructured, knobs: &Knobs) -> arbitrary::Result<Case> {
    let mut b = Builder::new(Entropy::new(u), knobs);
    let flags = draw_flags(&mut b);
    b.forks = knobs.emit != Emit::Passes && b.u.percent(knobs.sides);
    if b.u.percent(35) {
        b.use_control_pointer();
    }
    let count = b.length() + b.objects_length();
    if knobs.emit == Emit::Passes {
        b.iteration(count);
    } else if b.swarm.is_loop {
        looping(&mut b, count);
    } else {
        straight(&mut b, count);
    }
    let side = b.side(count / 2);
    let cells = b.cells;
    let (trace, side) = match side {
        Some((root, side)) => (root, Some(side)),
        None => (b.trace, None),
    };
    let case = Case::new(trace, cells.world, cells.inputs, knobs.emit, flags);
    Ok(Case { side, ..case })
}

/// Makes case number `index` of the hunt `seed`: the same on every machine.
pub fn case_from_seed(seed: u64, index: u64, knobs: &Knobs) -> Case {
    let bytes = entropy::from_seed(seed, index, entropy_bytes(knobs));
    generate(&mut Unstructured::new(&bytes), knobs).expect("generation does not fail")
}

/// What a case takes at most, about; a little less than it wants only makes its end simple.
fn entropy_bytes(knobs: &Knobs) -> usize {
    1024 + 64 * usize::from(*knobs.ins.end()) + 48 * usize::from(*knobs.live.end())
}

fn straight(b: &mut Builder, count: i64) {
    b.pressure();
    let before = if b.forks { b.u.range(0, count) } else { count };
    steps(b, before);
    if b.forks {
        b.fork();
    }
    steps(b, count - before);
    let mut left = b.store_unused(true);
    left.extend(b.objects_to_show());
    left.truncate(snapshot::SLOTS);
    b.keep_weak_guards(Ref(1), &left);
    b.tail(&left);
    if b.u.percent(20) {
        b.trace.link = Link::Return;
    }
}

fn looping(b: &mut Builder, count: i64) {
    if b.swarm.lean {
        return lean(b, count.min(LEAN));
    }
    b.pressure();
    steps(b, count / 3);
    if b.forks {
        b.fork();
    }
    b.keep_weak_guards(Ref(1), &[]);
    let body = count - count / 3;
    let mut looping = b.enter_loop(body);
    let before = b.u.range(0, body);
    steps(b, before);
    b.count(&mut looping);
    steps(b, body - before);
    b.store_unused(false);
    b.keep_weak_guards(looping.at, &[]);
    b.close_loop(looping);
}

/// Instructions of a lean loop besides its PHIs, at most.
const LEAN: i64 = 9;

/// A loop of PHIs: most of what it carries moves on before its guard, so that exits have old and new values.
fn lean(b: &mut Builder, count: i64) {
    steps(b, count / 3);
    if b.forks {
        b.fork();
    }
    b.keep_weak_guards(Ref(1), &[]);
    let body = count - count / 3;
    let mut looping = b.enter_loop(body);
    let before = b.u.range(0, body);
    steps(b, before);
    b.advance(&mut looping);
    steps(b, body - before);
    b.count(&mut looping);
    b.keep_weak_guards(looping.at, &[]);
    b.close_loop(looping);
}

/// Appends about `count` instructions.
fn steps(b: &mut Builder, count: i64) {
    let end = b.trace.ins.len() + usize::try_from(count).unwrap_or(0);
    // Each step appends at least one instruction, or is one of few that found nothing to do.
    for _ in 0..count {
        if b.trace.ins.len() >= end || !b.swarm.big && !b.has_room() {
            break;
        }
        if !b.dense() {
            step(b);
        }
    }
}

fn step(b: &mut Builder) {
    b.maybe_write();
    if b.wants_objects() {
        return b.objects_step();
    }
    match b.swarm.step(&mut b.u) {
        Some(Step::Cluster) => b.cluster(),
        Some(Step::Access) => b.single_access(),
        Some(Step::Alu32) => b.alu(Class::W32),
        Some(Step::Alu64) => b.alu(Class::W64),
        Some(Step::Fp) => b.alu(Class::Num),
        Some(Step::Convert) => b.convert(),
        Some(Step::Call) => b.call(),
        Some(Step::Idiom) => b.idiom(),
        Some(Step::Guard) => b.guard(),
        Some(Step::Slot) => b.slot_access(),
        Some(Step::Str) => b.string_access(),
        Some(Step::Control) => b.control(),
        Some(Step::Snapshot) => b.snapshot(),
        Some(Step::Window) => b.window(),
        Some(Step::Chase) => b.chase(),
        None => {
            b.fresh(Class::W32);
        }
    }
}

/// The defaults, mostly; FOLD itself stays on where it is asked for.
fn draw_flags(b: &mut Builder) -> OptFlags {
    let mut flags = OptFlags::default();
    if !b.u.percent(b.knobs.flags) {
        return flags;
    }
    match b.u.weighted(&[4, 3, 4, 1]) {
        0 => flags.fuse = false,
        1 => flags.dce = false,
        2 => {
            let off = b.u.raw(1);
            (flags.cse, flags.fwd, flags.dse, flags.narrow) = (off & 1 == 0, off & 2 == 0, off & 4 == 0, off & 8 == 0);
        }
        _ => flags.fma = true,
    }
    flags
}
