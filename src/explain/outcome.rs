//! What should have come of the input beside what did.

use super::View;
use super::sheet::{OutcomeRow, OutcomeSheet, PartKind};
use crate::backend::Refusal;
use crate::compare::{Difference, Place, compare};
use crate::ir::Slot;
use crate::ir::validate::MIN_SLOT;
use crate::outcome::{Call, End, Outcome, Value};
use crate::text::{print_value, print_word};

/// Bytes of memory on a row.
const GROUP: usize = 8;

/// The interpreter's outcome and the machine's: the end, the exit's values, and what changed or differs.
pub fn sheet(view: &View) -> OutcomeSheet {
    let both = Both::new(view);
    let mut rows = vec![both.row(PartKind::End, "end".into(), end, both.has_other(Place::End))];
    rows.extend(values(&both));
    rows.extend(stack(&both));
    rows.extend(memory(&both));
    rows.extend(calls(&both));
    rows.extend(objects(&both));
    OutcomeSheet { rows, notes: notes(view) }
}

/// The two outcomes; `None` where there is none.
struct Both<'a> {
    view: &'a View<'a>,
    expected: Option<&'a Outcome>,
    observed: Option<&'a Outcome>,
    differences: Vec<Difference>,
}

impl<'a> Both<'a> {
    fn new(view: &'a View<'a>) -> Self {
        let expected = view.seen.expected.as_ref().ok();
        let observed = view.seen.observed.as_ref().map(|run| &run.outcome);
        let differences = expected.zip(observed).map_or(vec![], |(e, o)| compare(e, o));
        Both { view, expected, observed, differences }
    }

    fn each(&self) -> impl Iterator<Item = &'a Outcome> {
        self.expected.into_iter().chain(self.observed)
    }

    fn has_other(&self, place: Place) -> bool {
        self.differences.iter().any(|d| d.place == place)
    }

    /// A row of what `show` makes of each.
    fn row(&self, kind: PartKind, place: String, show: impl Fn(&Outcome) -> String, differs: bool) -> OutcomeRow {
        let cell = |o: Option<&Outcome>| o.map_or("-".to_string(), &show);
        OutcomeRow { kind, place, expected: cell(self.expected), observed: cell(self.observed), differs, bytes: vec![] }
    }

    /// The indices at which `part` of either outcome is not what it was `before`.
    fn changed<T: PartialEq>(&self, before: &[T], part: impl Fn(&Outcome) -> &[T]) -> Vec<usize> {
        let differs = |o: &Outcome, i: usize| part(o).get(i) != before.get(i);
        (0..before.len()).filter(|i| self.each().any(|o| differs(o, *i))).collect()
    }
}

fn end(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Exit(n) => format!("exit {}", n.0),
        End::Tail => "the trace's end".into(),
        End::Fault(fault) => format!("fault: {}", fault.class.name()),
    }
}

fn values(both: &Both) -> Vec<OutcomeRow> {
    let mut slots: Vec<Slot> = both.each().flat_map(|o| o.values.iter().map(|v| v.slot)).collect();
    slots.sort_unstable();
    slots.dedup();
    let show = |o: &Outcome, slot| o.values.iter().find(|v| v.slot == slot).map_or("-".into(), |v| value(both, v));
    let row = |slot: Slot| {
        let differs = both.has_other(Place::Value(slot));
        both.row(PartKind::Value, format!("slot #{}", slot.0), |o| show(o, slot), differs)
    };
    slots.into_iter().map(row).collect()
}

fn value(both: &Both, v: &Value) -> String {
    let text = print_value(&both.view.case().world, v.ty, v.bits);
    format!("{} {text}", v.ty.text()).trim_end().into()
}

fn stack(both: &Both) -> Vec<OutcomeRow> {
    let (case, input) = (both.view.case(), &both.view.case().inputs[both.view.seen.input]);
    let slot = |i: usize| Slot(MIN_SLOT + u8::try_from(i).expect("few slots"));
    let slots = both.each().map(|o| o.stack.len()).max().unwrap_or(0);
    let before: Vec<u64> = (0..slots).map(|i| input.slot(slot(i)).encode(&case.world)).collect();
    let show = |o: &Outcome, i: usize| o.stack.get(i).map_or("-".into(), |word| print_word(&case.world, *word));
    let row = |i: usize| {
        let differs = both.has_other(Place::Stack(slot(i)));
        both.row(PartKind::Stack, format!("stack #{}", slot(i).0), |o| show(o, i), differs)
    };
    both.changed(&before, |o| &o.stack).into_iter().map(row).collect()
}

fn memory(both: &Both) -> Vec<OutcomeRow> {
    let case = both.view.case();
    let before = case.inputs[both.view.seen.input].materialize(&case.world);
    let mut rows = vec![];
    for (region, (r, before)) in case.world.regions.iter().zip(&before).enumerate() {
        let changed = both.changed(before, |o| &o.memory[region]).into_iter();
        let mut groups: Vec<usize> = changed.map(|i| i / GROUP * GROUP).collect();
        groups.dedup();
        rows.extend(groups.into_iter().map(|at| bytes(both, region, &format!("{}+{at}", r.name), at, before.len())));
    }
    rows
}

/// A row of a region's bytes. They differ only where both sides ended alike.
fn bytes(both: &Both, region: usize, place: &str, at: usize, size: usize) -> OutcomeRow {
    let window = at..(at + GROUP).min(size);
    let part = |o: &Outcome| o.memory[region][window.clone()].to_vec();
    let compared = both.expected.zip(both.observed).filter(|(e, o)| e.end == o.end);
    let unequal = |(e, o): (&Outcome, &Outcome)| {
        let (e, o) = (part(e), part(o));
        (0..e.len()).filter(|i| e[*i] != o[*i]).collect()
    };
    let bytes: Vec<usize> = compared.map(unequal).unwrap_or_default();
    let row = both.row(PartKind::Memory, place.into(), |o| hex(&part(o)), !bytes.is_empty());
    OutcomeRow { bytes, ..row }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

fn calls(both: &Both) -> Vec<OutcomeRow> {
    let count = both.each().map(|o| o.calls.len()).max().unwrap_or(0);
    let show = |o: &Outcome, i: usize| o.calls.get(i).map_or("-".into(), call);
    let row = |i: usize| both.row(PartKind::Call, format!("call {i}"), |o| show(o, i), both.has_other(Place::Call(i)));
    (0..count).map(row).collect()
}

fn call(call: &Call) -> String {
    format!("{}({:x?})", call.helper, call.args)
}

/// Objects that differ: what else is in them does not matter.
fn objects(both: &Both) -> Vec<OutcomeRow> {
    let world = &both.view.case().world;
    let name =
        |addr| world.object_at(addr).map_or("new object".into(), |id| format!("object {}", world.object(id).name));
    let row = |d: &Difference| match d.place {
        Place::Object(addr) => Some(OutcomeRow {
            kind: PartKind::Object,
            place: name(addr),
            expected: d.expected.clone(),
            observed: d.observed.clone(),
            differs: true,
            bytes: vec![],
        }),
        _ => None,
    };
    both.differences.iter().filter_map(row).collect()
}

/// What the two sides have to say for themselves.
fn notes(view: &View) -> Vec<String> {
    let mut lines = vec![];
    match &view.seen.expected {
        Err(unjudged) => lines.push(format!("the interpreter cannot judge this input: {unjudged}")),
        Ok(expected) if !expected.unspecified.is_empty() => {
            let names: Vec<&str> = expected.unspecified.iter().map(|u| u.name()).collect();
            lines.push(format!("left open by LuaJIT on the way: {}", names.join(", ")));
        }
        Ok(_) => {}
    }
    if let Err(refusal) = &view.seen.code {
        lines.push(format!("the backend gave no code: {}", no_code(refusal)));
    }
    lines
}

fn no_code(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Skip(reason) => format!("skipped, {reason}"),
        Refusal::Broken(why) => why.clone(),
        Refusal::Fault { class, text, .. } => format!("{}: {text}", class.name()),
    }
}
