//! What should have come of the input beside what did; `!` where they differ.

use super::Page;
use crate::backend::Refusal;
use crate::ir::Slot;
use crate::ir::validate::MIN_SLOT;
use crate::outcome::{Call, End, Outcome, Value};
use crate::text::{print_value, print_word};

/// Rows of memory and of stack slots shown at most, each.
const MOST: usize = 24;
/// Bytes of memory on a row.
const GROUP: usize = 8;

/// The interpreter's outcome and the machine's: the end, the exit's values, and what changed or differs.
pub fn section(page: &Page) -> Vec<String> {
    let expected = page.seen.expected.as_ref().ok();
    let observed = page.seen.observed.as_ref().map(|run| &run.outcome);
    let both = Both { page, expected, observed };
    let mut lines = vec![
        "---- OUTCOME".to_string(),
        format!("  {:<12} {:<44} {}", "", "expected (interpreter)", "observed (machine)").trim_end().into(),
        both.row("end", end, true),
    ];
    let same_end = expected.map(|o| &o.end) == observed.map(|o| &o.end);
    lines.extend(values(&both, same_end));
    lines.extend(most(stack(&both, same_end)));
    lines.extend(most(memory(&both, same_end)));
    lines.extend(calls(&both, same_end));
    lines.extend(notes(page));
    lines
}

/// The two outcomes; `None` where there is none.
struct Both<'a> {
    page: &'a Page<'a>,
    expected: Option<&'a Outcome>,
    observed: Option<&'a Outcome>,
}

impl Both<'_> {
    /// A row of what `show` makes of each. `judged`: a difference counts.
    fn row(&self, name: &str, show: impl Fn(&Outcome) -> String, judged: bool) -> String {
        let cell = |o: Option<&Outcome>| o.map_or("-".to_string(), &show);
        let (expected, observed) = (cell(self.expected), cell(self.observed));
        let differs = judged && self.expected.is_some() && self.observed.is_some() && expected != observed;
        let mark = if differs { '!' } else { ' ' };
        format!("{mark} {name:<12} {expected:<44} {observed}").trim_end().into()
    }

    /// The indices at which `part` of either outcome is not what it was `before`.
    fn changed<T: PartialEq>(&self, before: &[T], part: impl Fn(&Outcome) -> &[T]) -> Vec<usize> {
        let differs = |o: &Outcome, i: usize| part(o).get(i) != before.get(i);
        let outcomes = || self.expected.into_iter().chain(self.observed);
        (0..before.len()).filter(|i| outcomes().any(|o| differs(o, *i))).collect()
    }
}

fn end(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Exit(n) => format!("exit {}", n.0),
        End::Tail => "the trace's end".into(),
        End::Fault(fault) => format!("fault: {}", fault.class.name()),
    }
}

fn values(both: &Both, judged: bool) -> Vec<String> {
    let mut slots: Vec<Slot> =
        both.expected.into_iter().chain(both.observed).flat_map(|o| o.values.iter().map(|v| v.slot)).collect();
    slots.sort_unstable();
    slots.dedup();
    let show = |o: &Outcome, slot| o.values.iter().find(|v| v.slot == slot).map_or("-".into(), |v| value(both, v));
    slots.into_iter().map(|slot| both.row(&format!("slot #{}", slot.0), |o| show(o, slot), judged)).collect()
}

fn value(both: &Both, v: &Value) -> String {
    let text = print_value(&both.page.case().world, v.ty, v.bits);
    format!("{} {text}", v.ty.text()).trim_end().into()
}

fn stack(both: &Both, judged: bool) -> Vec<String> {
    let (case, input) = (both.page.case(), &both.page.case().inputs[both.page.seen.input]);
    let slot = |i: usize| Slot(MIN_SLOT + u8::try_from(i).expect("few slots"));
    let slots = both.expected.into_iter().chain(both.observed).map(|o| o.stack.len()).max().unwrap_or(0);
    let before: Vec<u64> = (0..slots).map(|i| input.slot(slot(i)).encode(&case.world)).collect();
    let show = |o: &Outcome, i: usize| o.stack.get(i).map_or("-".into(), |word| print_word(&case.world, *word));
    let changed = both.changed(&before, |o| &o.stack);
    changed.into_iter().map(|i| both.row(&format!("stack #{}", slot(i).0), |o| show(o, i), judged)).collect()
}

fn memory(both: &Both, judged: bool) -> Vec<String> {
    let case = both.page.case();
    let before = case.inputs[both.page.seen.input].materialize(&case.world);
    let mut rows = vec![];
    for (region, (r, before)) in case.world.regions.iter().zip(&before).enumerate() {
        let mut groups: Vec<usize> =
            both.changed(before, |o| &o.memory[region]).into_iter().map(|i| i / GROUP * GROUP).collect();
        groups.dedup();
        let show = |o: &Outcome, at: usize| hex(&o.memory[region][at..(at + GROUP).min(before.len())]);
        rows.extend(groups.into_iter().map(|at| both.row(&format!("{}+{at}", r.name), |o| show(o, at), judged)));
    }
    rows
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

fn calls(both: &Both, judged: bool) -> Vec<String> {
    let count = both.expected.into_iter().chain(both.observed).map(|o| o.calls.len()).max().unwrap_or(0);
    let show = |o: &Outcome, i: usize| o.calls.get(i).map_or("-".into(), call);
    (0..count).map(|i| both.row(&format!("call {i}"), |o| show(o, i), judged)).collect()
}

fn call(call: &Call) -> String {
    format!("{}({:x?})", call.helper, call.args)
}

fn most(mut rows: Vec<String>) -> Vec<String> {
    // Rows that differ first come first, should there be too many.
    if rows.len() > MOST {
        let left = rows.len() - MOST;
        rows.sort_by_key(|row| !row.starts_with('!'));
        rows.truncate(MOST);
        rows.push(format!("  and {left} more that changed"));
    }
    rows
}

/// What the two sides have to say for themselves.
fn notes(page: &Page) -> Vec<String> {
    let mut lines = vec![];
    match &page.seen.expected {
        Err(unjudged) => lines.push(format!("the interpreter cannot judge this input: {unjudged}")),
        Ok(expected) if !expected.unspecified.is_empty() => {
            let names: Vec<&str> = expected.unspecified.iter().map(|u| u.name()).collect();
            lines.push(format!("left open by LuaJIT on the way: {}", names.join(", ")));
        }
        Ok(_) => {}
    }
    if let Err(refusal) = &page.seen.code {
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
