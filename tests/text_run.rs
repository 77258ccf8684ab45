//! The `run` lines of a file: what they keep of an outcome, and how they are compared with a new one.

use tracehound::ir::{ExitNo, ObjId, Slot, Type};
use tracehound::outcome::{End, Heap, ObjectState, Outcome, Value};
use tracehound::text::{RunEnd, TraceFile, expected, parse, print};
use tracehound::world::{DATA_BASE, SlotValue, encode_gc, encode_int, itype};

const FILE: &str = "\
; tracehound 1
; region data 40 at 0
; input 1
;   slot 2 int +5
;   data+0: 01 02 03
;   data+8: -> data+32
;   run tail
;     memory data+33: 09
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
---- TRACE 1 stop -> interpreter
";

fn file() -> TraceFile {
    parse(FILE).unwrap_or_else(|e| panic!("{e}"))
}

/// The outcome of a run that changes nothing.
fn unchanged(file: &TraceFile) -> Outcome {
    let (world, input) = (&file.case.world, &file.case.inputs[0]);
    let stack = vec![SlotValue::Int(5).encode(world), SlotValue::Nil.encode(world)];
    let memory = input.materialize(world);
    Outcome {
        end: End::Tail,
        values: vec![],
        stack,
        memory,
        calls: vec![],
        heap: Default::default(),
        unspecified: vec![],
    }
}

#[test]
fn only_what_differs_from_the_input_is_kept() {
    let file = file();
    let mut outcome = unchanged(&file);
    let same = expected(&file.case, &file.case.inputs[0], &outcome);
    assert!(same.stack.is_empty() && same.memory.is_empty(), "{same:?}");
    assert_eq!(same.end, RunEnd::Tail);

    outcome.stack[1] = SlotValue::True.encode(&file.case.world);
    outcome.memory[0][3] = 0xff;
    let changed = expected(&file.case, &file.case.inputs[0], &outcome);
    assert_eq!(changed.stack, [(Slot(3), SlotValue::True.encode(&file.case.world))]);
    assert_eq!(changed.memory.len(), 1);
    assert_eq!(changed.memory[0].bytes, [1, 2, 3, 0xff, 0, 0, 0, 0], "whole groups of bytes");
}

#[test]
fn patches_by_hand_compare_with_those_of_an_outcome() {
    let file = file();
    let mut outcome = unchanged(&file);
    outcome.memory[0][33] = 9;
    assert_eq!(file.runs[0], Some(expected(&file.case, &file.case.inputs[0], &outcome)));
    assert!(print(&file).contains(";     memory data+32: 00 09 00 00 00 00 00 00\n"), "{}", print(&file));
}

#[test]
fn a_difference_is_told_in_the_words_of_the_file() {
    let file = file();
    let mut outcome = unchanged(&file);
    let summary = |o: &Outcome| expected(&file.case, &file.case.inputs[0], o);
    outcome.end = End::Exit(ExitNo(1));
    outcome.values = vec![Value { slot: Slot(2), ty: Type::P64, bits: DATA_BASE + 8 }];
    let old = summary(&outcome);
    assert_eq!(old.difference(&old, &file.case.world), None);

    outcome.values[0].bits = 5;
    let told = old.difference(&summary(&outcome), &file.case.world).unwrap();
    assert_eq!(told, "the file says `value 2 p64 data+8`, the interpreter `value 2 p64 0x0000000000000005`");

    outcome.values.clear();
    let told = old.difference(&summary(&outcome), &file.case.world).unwrap();
    assert_eq!(told, "the file says `value 2 p64 data+8`, the interpreter nothing more");
}

#[test]
fn free_text_cannot_leave_its_line() {
    let mut file = file();
    file.notes = vec!["one\n; emit raw".into(), "x".repeat(5000)];
    file.backend = Some("a\r\n; emit raw".into());
    let read = parse(&print(&file)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.case, file.case);
    assert_eq!(read.notes[..2], ["one", "; emit raw"]);
    assert_eq!(read.notes[2..].concat(), "x".repeat(5000));
    assert_eq!(read.backend.as_deref(), Some("a\r ; emit raw"));
}

const OBJECTS: &str = "\
; tracehound 1
; object k str \"k\"
; object t table asize 3 hbits 1 keys \"k\"
; input 1
;   t[1]: int +5
;   t[\"k\"]: true
;   run exit 0
;     value 2 tab {1}
;     heap t[1] nil
;     heap t[2] tab {1}
;     heap t[\"k\"] str {2}
;     heap {1} tab
;     heap {1}[1] tab {1}
;     heap {1}[{2:str}] tab {t}
;     heap {2} str \"new\"
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
---- TRACE 1 stop -> interpreter
";

#[test]
fn new_objects_are_told_by_numbers_wherever_they_lie() {
    let file = parse(OBJECTS).unwrap_or_else(|e| panic!("{e}"));
    let world = &file.case.world;
    let [k, t] = [ObjId(0), ObjId(1)].map(|id| world.object_address(id));
    let word = |ty, address| encode_gc(itype(ty), address);
    // The second address of the string is that of another with the same bytes; a string with the bytes of one of the world is that.
    for [table, string, twin, known] in [[0x1000, 0x2000, 0x3000, 0x4000], [0x9000, 0x500, 0x500, k]] {
        let entries = vec![(encode_int(2), word(Type::Tab, table)), (word(Type::Str, known), word(Type::Str, twin))];
        let heap: Heap = [
            (k, ObjectState::Str(b"k".to_vec())),
            (known, ObjectState::Str(b"k".to_vec())),
            (t, ObjectState::Table { entries, meta: 0, black: false }),
            (string, ObjectState::Str(b"new".to_vec())),
            (twin, ObjectState::Str(b"new".to_vec())),
            (0x7000, ObjectState::Str(b"nothing leads here".to_vec())),
            (
                table,
                ObjectState::Table {
                    entries: vec![
                        (encode_int(1), word(Type::Tab, table)),
                        (word(Type::Str, string), word(Type::Tab, t)),
                    ],
                    meta: 0,
                    black: false,
                },
            ),
        ]
        .into_iter()
        .collect();
        let values = vec![Value { slot: Slot(2), ty: Type::Tab, bits: table }];
        let (end, unspecified) = (End::Exit(ExitNo(0)), vec![]);
        let outcome = Outcome { end, values, stack: vec![], memory: vec![], calls: vec![], heap, unspecified };
        let now = expected(&file.case, &file.case.inputs[0], &outcome);
        let written = file.runs[0].as_ref().expect("the file has a run");
        assert_eq!(written.difference(&now, world), None);
        assert_eq!(*written, now);
    }
}
