//! What the interpreter said of one input, as far as it differs from the input: the `run` lines of a file.

use super::heap::{self, Change, Numbers};
use super::{bytes, value};
use crate::case::{Case, Input};
use crate::ir::validate::MIN_SLOT;
use crate::ir::{Class, ExitNo, RegionId, Slot};
use crate::outcome::{Call, End, FaultClass, Outcome, Value};
use crate::world::World;

/// How a run is expected to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunEnd {
    /// Through this exit.
    Exit(ExitNo),
    /// At the trace's end.
    Tail,
    /// By a fault of this class.
    Fault(FaultClass),
}

/// Bytes of a region that the trace changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Patch {
    /// The region.
    pub region: RegionId,
    /// Where in it.
    pub offset: u32,
    /// What is there now.
    pub bytes: Vec<u8>,
}

/// The summary of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expected {
    /// How it ended.
    pub end: RunEnd,
    /// The values of the exit's snapshot.
    pub values: Vec<Value>,
    /// Lua stack slots whose words changed.
    pub stack: Vec<(Slot, u64)>,
    /// Memory that changed.
    pub memory: Vec<Patch>,
    /// Objects that changed, and those that the run made.
    pub heap: Vec<Change>,
    /// Calls of helpers.
    pub calls: Vec<Call>,
}

/// The summary of what an input led to. The case is a checked one.
pub fn expected(case: &Case, input: &Input, outcome: &Outcome) -> Expected {
    let mut numbers = Numbers::new(&case.world, &outcome.heap);
    Expected {
        end: match &outcome.end {
            End::Exit(n) => RunEnd::Exit(*n),
            End::Tail => RunEnd::Tail,
            End::Fault(fault) => RunEnd::Fault(fault.class),
        },
        values: outcome.values.iter().map(|v| numbered(*v, &mut numbers)).collect(),
        stack: changed_slots(case, input, &outcome.stack, &mut numbers),
        memory: patches(&input.materialize(&case.world), &outcome.memory),
        heap: heap::changes(case, input, numbers),
        calls: outcome.calls.clone(),
    }
}

fn numbered(v: Value, numbers: &mut Numbers) -> Value {
    let is_object = v.ty.class() == Class::Gc;
    Value { bits: if is_object { numbers.address(v.bits) } else { v.bits }, ..v }
}

fn changed_slots(case: &Case, input: &Input, stack: &[u64], numbers: &mut Numbers) -> Vec<(Slot, u64)> {
    let slots = (MIN_SLOT..=u8::MAX).map(Slot).zip(stack.iter().copied());
    let changed = slots.filter(|(s, word)| input.slot(*s).encode(&case.world) != *word);
    changed.map(|(s, word)| (s, numbers.word(word))).collect()
}

fn patches(before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (region, (old, new)) in (0..).map(RegionId).zip(before.iter().zip(after)) {
        for row in bytes::rows(new.len(), |i| old.get(i) != Some(&new[i])) {
            let offset = u32::try_from(row.start).expect("regions fit into the data area");
            patches.push(Patch { region, offset, bytes: new[row].to_vec() });
        }
    }
    patches
}

impl Expected {
    /// How `now` differs from this, in the words of the file; `None` if it is the same.
    pub fn difference(&self, now: &Expected, world: &World) -> Option<String> {
        let (old, new) = (self.lines(world), now.lines(world));
        let at = (0..old.len().max(new.len())).find(|i| old.get(*i) != new.get(*i))?;
        let show = |lines: &[String]| lines.get(at).map_or("nothing more".into(), |l| format!("`{l}`"));
        Some(format!("the file says {}, the interpreter {}", show(&old), show(&new)))
    }

    /// The lines of the file without their indentation.
    pub(super) fn lines(&self, world: &World) -> Vec<String> {
        let mut lines = vec![match self.end {
            RunEnd::Exit(n) => format!("run exit {}", n.0),
            RunEnd::Tail => "run tail".into(),
            RunEnd::Fault(class) => format!("run fault {}", class.name()),
        }];
        for v in &self.values {
            let text = format!("value {} {} {}", v.slot.0, v.ty.text(), value::bits(world, v.ty, v.bits));
            lines.push(text.trim_end().into());
        }
        lines.extend(self.stack.iter().map(|(s, word)| format!("stack {} {}", s.0, value::slot_word(world, *word))));
        lines.extend(self.memory.iter().map(|p| patch_line(world, p)));
        lines.extend(self.heap.iter().map(|change| heap::line(world, change)));
        lines.extend(self.calls.iter().map(call_line));
        lines
    }

    /// Brings hand-written patches into the form that [`expected`] gives them.
    pub(super) fn normalize(&mut self, case: &Case, input: &Input) {
        let before = input.materialize(&case.world);
        let mut after = before.clone();
        for p in &self.memory {
            let start = p.offset as usize;
            after[usize::from(p.region.0)][start..start + p.bytes.len()].copy_from_slice(&p.bytes);
        }
        self.memory = patches(&before, &after);
        heap::normalize(&mut self.heap, input);
    }
}

fn patch_line(world: &World, p: &Patch) -> String {
    let name = world.regions.get(usize::from(p.region.0)).map_or("?", |r| &r.name);
    format!("memory {}", bytes::line(name, p.offset as usize, &p.bytes))
}

fn call_line(call: &Call) -> String {
    let args: Vec<String> = call.args.iter().map(|a| format!(" {}", value::hex64(*a))).collect();
    format!("call {}{}", call.helper, args.concat())
}
