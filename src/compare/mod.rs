//! Expected against observed: every part of an outcome, bit by bit.
//!
//! Nothing is compared loosely. Where LuaJIT leaves a result open, the interpreter says so ([`crate::outcome::Unspecified`]) and
//! [`tolerance`] decides, with a reason, whether a difference may stand.

mod heap;
pub mod tolerance;

use crate::ir::{Class, Slot, Type};
use crate::outcome::{End, MismatchClass, Outcome, Value};
use heap::Pairs;

/// Where two outcomes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// How they ended.
    End,
    /// A value of the exit's snapshot.
    Value(Slot),
    /// A Lua stack slot.
    Stack(Slot),
    /// A byte of a region: index and offset.
    Memory(usize, usize),
    /// The call of this number.
    Call(usize),
    /// What an object holds: its address, as expected.
    Object(u64),
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its class.
    pub class: MismatchClass,
    /// Where.
    pub place: Place,
    /// What was expected.
    pub expected: String,
    /// What was observed.
    pub observed: String,
}

/// All differences; empty when the outcomes agree. Regions give one difference each, at their first differing byte.
/// After different ends nothing else is comparable.
pub fn compare(expected: &Outcome, observed: &Outcome) -> Vec<Difference> {
    if expected.end != observed.end {
        return vec![Difference {
            class: MismatchClass::WrongExit,
            place: Place::End,
            expected: show_end(&expected.end),
            observed: show_end(&observed.end),
        }];
    }
    let mut found = Vec::new();
    let mut pairs = Pairs::new(&expected.heap, &observed.heap);
    compare_values(expected, observed, &mut pairs, &mut found);
    compare_stack(expected, observed, &mut pairs, &mut found);
    compare_memory(expected, observed, &mut found);
    compare_calls(expected, observed, &mut found);
    pairs.finish(&mut found);
    found
}

fn show_end(end: &End) -> String {
    match end {
        End::Exit(n) => format!("exit {}", n.0),
        End::Tail => "the trace's end".into(),
        End::Fault(f) => format!("{} at {:#x}", f.class.name(), f.pc),
    }
}

fn compare_values(expected: &Outcome, observed: &Outcome, pairs: &mut Pairs<'_>, found: &mut Vec<Difference>) {
    let mismatch = |slot, expected, observed| Difference {
        class: MismatchClass::WrongSnapshot,
        place: Place::Value(slot),
        expected,
        observed,
    };
    for (i, e) in expected.values.iter().enumerate() {
        match observed.values.get(i) {
            Some(o) if o == e => {}
            Some(o) if same_object(e, o, pairs) => {}
            Some(o) => found.push(mismatch(e.slot, show_value(e), show_value(o))),
            None => found.push(mismatch(e.slot, show_value(e), "nothing".into())),
        }
    }
    for o in observed.values.iter().skip(expected.values.len()) {
        found.push(mismatch(o.slot, "nothing".into(), show_value(o)));
    }
}

/// A value in words: its bits, and what they mean to its type.
pub fn show_value(v: &Value) -> String {
    match v.ty {
        Type::Nil => "nil".into(),
        Type::False => "false".into(),
        Type::True => "true".into(),
        Type::Num => format!("num {:#018x} ({:?})", v.bits, f64::from_bits(v.bits)),
        t if t.is_w32() => format!("{} {:#010x}", t.text(), v.bits),
        t => format!("{} {:#018x}", t.text(), v.bits),
    }
}

fn same_object(e: &Value, o: &Value, pairs: &mut Pairs<'_>) -> bool {
    e.ty.class() == Class::Gc && (e.slot, e.ty) == (o.slot, o.ty) && pairs.same_address(e.bits, o.bits)
}

fn compare_stack(expected: &Outcome, observed: &Outcome, pairs: &mut Pairs<'_>, found: &mut Vec<Difference>) {
    for (i, (e, o)) in expected.stack.iter().zip(&observed.stack).enumerate() {
        if e != o && !pairs.same_word(*e, *o) {
            let slot = Slot(u8::try_from(i).unwrap_or(u8::MAX - 2) + 2);
            found.push(Difference {
                class: MismatchClass::WrongSnapshot,
                place: Place::Stack(slot),
                expected: format!("{e:#018x}"),
                observed: format!("{o:#018x}"),
            });
        }
    }
}

fn compare_memory(expected: &Outcome, observed: &Outcome, found: &mut Vec<Difference>) {
    for (region, (e, o)) in expected.memory.iter().zip(&observed.memory).enumerate() {
        if e == o {
            continue;
        }
        let Some(at) = e.iter().zip(o).position(|(a, b)| a != b) else { continue };
        let window = at..(at + 16).min(e.len());
        found.push(Difference {
            class: MismatchClass::WrongMemory,
            place: Place::Memory(region, at),
            expected: show_bytes(&e[window.clone()]),
            observed: show_bytes(&o[window]),
        });
    }
}

fn show_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

fn compare_calls(expected: &Outcome, observed: &Outcome, found: &mut Vec<Difference>) {
    for i in 0..expected.calls.len().max(observed.calls.len()) {
        let (e, o) = (expected.calls.get(i), observed.calls.get(i));
        if e != o {
            let show = |c: Option<&crate::outcome::Call>| match c {
                Some(c) => format!("{}({:x?})", c.helper, c.args),
                None => "no call".into(),
            };
            found.push(Difference {
                class: MismatchClass::WrongCall,
                place: Place::Call(i),
                expected: show(e),
                observed: show(o),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ExitNo;

    fn outcome() -> Outcome {
        Outcome {
            end: End::Exit(ExitNo(1)),
            values: vec![Value { slot: Slot(2), ty: Type::Int, bits: 3 }],
            stack: vec![1, 2, 3],
            memory: vec![vec![0; 32], vec![7; 8]],
            calls: vec![],
            heap: crate::outcome::Heap::new(),
            unspecified: vec![],
        }
    }

    fn only(changed: Outcome) -> Difference {
        let mut found = compare(&outcome(), &changed);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn equal_outcomes_have_no_difference() {
        assert_eq!(compare(&outcome(), &outcome()), vec![]);
    }

    #[test]
    fn another_exit_hides_all_else() {
        let d = only(Outcome { end: End::Tail, values: vec![], stack: vec![9; 3], ..outcome() });
        assert_eq!((d.class, d.place), (MismatchClass::WrongExit, Place::End));
    }

    #[test]
    fn one_bit_of_a_value_is_a_difference() {
        let d = only(Outcome { values: vec![Value { slot: Slot(2), ty: Type::Int, bits: 2 }], ..outcome() });
        assert_eq!((d.class, d.place), (MismatchClass::WrongSnapshot, Place::Value(Slot(2))));
        assert_eq!(only(Outcome { values: vec![], ..outcome() }).observed, "nothing");
    }

    #[test]
    fn the_first_differing_byte_names_the_place() {
        let mut changed = outcome();
        changed.memory[1][5] = 8;
        let d = only(changed);
        assert_eq!((d.class, d.place), (MismatchClass::WrongMemory, Place::Memory(1, 5)));
        assert_eq!(d.expected, "07 07 07");
    }

    #[test]
    fn stack_slots_count_from_two() {
        let d = only(Outcome { stack: vec![1, 2, 4], ..outcome() });
        assert_eq!((d.class, d.place), (MismatchClass::WrongSnapshot, Place::Stack(Slot(4))));
    }

    #[test]
    fn a_call_too_many_is_a_difference() {
        let call = crate::outcome::Call { helper: "h".into(), args: vec![1] };
        let d = only(Outcome { calls: vec![call], ..outcome() });
        assert_eq!((d.class, d.expected.as_str()), (MismatchClass::WrongCall, "no call"));
    }
}
