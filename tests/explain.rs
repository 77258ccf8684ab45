//! Explanations: what a maintainer finds on the page.

mod fixed;

use fixed::{FAILS, Fixed, exits, fixed, leaves};
use tracehound::arm64::encode::{b, movz};
use tracehound::arm64::{Gpr, Width};
use tracehound::backend::store::{self, Spec};
use tracehound::explain::explain;
use tracehound::oracle::Oracle;
use tracehound::text::parse;

fn explained(backend: Fixed, file: &str) -> String {
    let mut oracle = Oracle::new(Box::new(backend)).expect("a machine");
    explain(&parse(file).expect("a legal file"), &mut oracle, &[]).expect("a page")
}

fn has(page: &str, line: &str) {
    assert!(page.lines().any(|l| l == line), "no line {line:?} in\n{page}");
}

/// A process can have one Lua state: this is the only test that starts one.
#[test]
fn the_kong_trace_is_explained_as_agreeing() {
    let store = tempfile::tempdir().unwrap();
    let backend = store::open(&Spec::builtin(), store.path()).expect("the builtin backend starts");
    let mut oracle = Oracle::new(backend).expect("a machine");
    let file = parse(include_str!("../corpus/regress/kong-trace2.trace")).expect("a legal file");
    let page = explain(&file, &mut oracle, &[]).expect("a page");
    let name = Spec::builtin().to_string();
    assert!(page.starts_with(&format!("tracehound explain: agree on {name}\n")), "{page}");
    let pair = page.lines().find(|l| l.contains("ldp ")).expect("the pair");
    assert!(pair.contains(", #-8]") && pair.ends_with("; 0009 int XLOAD 0008"), "{pair}");
    let guard = page.lines().find(|l| l.contains("b.ne")).expect("the type check's branch");
    assert!(guard.contains("->0 ") && guard.ends_with("; 0002"), "{guard}");
    has(&page, "0009    int XLOAD  0008                         ; +522067228");
    has(&page, "  stack #3     int +522067228                               int +522067228");
    has(&page, &format!("reproduce: tracehound replay FILE --backend {name}"));
    assert!(!page.contains("<===") && !page.contains("\n!"), "{page}");
    assert_eq!(explain(&file, &mut oracle, &[]).expect("a page"), page);
    assert!(page.lines().all(|l| l.chars().count() <= 120), "{page}");
}

#[test]
fn an_undefined_word_is_shown_where_it_faults() {
    let page = explained(fixed(&[movz(Width::X, Gpr(5), 5, 0), 0xffff_6f7a, b(8)], exits()), FAILS);
    assert!(page.starts_with("tracehound explain: undefined-encoding at 0002 > int EQ 0001 +6 on fixed\n"), "{page}");
    let word = "100004  ffff6f7a  .long  0xffff6f7a                                ; 0002 > int EQ 0001 +6   <===";
    assert_eq!(page.lines().filter(|l| *l == word).count(), 3, "code, defect and fault\n{page}");
    has(&page, "---- FAULT undefined-encoding");
    has(&page, "pc         0x100004, +0x4 of the code");
    has(&page, "           undefined  unallocated in floating point and Advanced SIMD");
    has(&page, "! end          exit 1                                       fault: undefined-encoding");
    has(&page, "---- EXIT 1, which was not taken");
    has(&page, "reachable  yes: undefined-encoding also when the IR goes through FOLD");
    has(&page, "reproduce: tracehound replay FILE --backend fixed/assert");
}

#[test]
fn a_wrong_value_marks_its_slot_only() {
    let page = explained(leaves(4), FAILS);
    assert!(page.starts_with("tracehound explain: wrong-snapshot"), "{page}");
    let marked: Vec<_> = page.lines().filter(|l| l.starts_with('!')).collect();
    assert_eq!(marked, ["! slot #2      int +5                                       int +4"]);
    has(&page, "  slot #3      int +7                                       int +7");
    has(&page, "slot #2   int 0001  in w5 = +4 (register 0x0000000000000004)");
    has(&page, "slot #3   int const in no register, it is constant = +7");
    has(&page, "0002 >  int EQ     0001  +6                     ; fails ->1");
    has(&page, "; FOLD dropped or merged 1 of 2 instructions");
    assert!(page.contains("---- REGISTERS at the end\nx5  0x0000000000000004"), "{page}");
}

#[test]
fn agreeing_code_has_neither_marks_nor_registers() {
    let page = explained(leaves(5), FAILS);
    assert!(page.starts_with("tracehound explain: agree on fixed\n"), "{page}");
    has(&page, "100004  14000003  b      #0x100010                          ->1    ; 0002 > int EQ 0001 +6");
    has(&page, "100008  exit stubs: ->0 to ->2 at 10000c to 100014");
    assert!(!page.contains("\n!") && !page.contains("REGISTERS"), "{page}");
}

#[test]
fn a_load_outside_the_world_names_the_nearest_region() {
    use tracehound::arm64::encode::{At, Data, ldr, mov_u64};
    let below = tracehound::world::DATA_BASE - 8;
    let mut body = mov_u64(Gpr(5), below + 4).to_vec();
    body.extend([ldr(Data::W, 6, At::Offset(Gpr(5), -4)), b(12)]);
    let page = explained(fixed(&body, exits()), FAILS);
    has(&page, "---- FAULT memory-fault");
    has(&page, &format!("address    {below:#x} (data-8)"));
    has(&page, "reason     load from unmapped memory, 4 bytes");
    has(&page, "reads      x5");
    assert!(page.contains(&format!("x5  {:#018x} (data-4)", below + 4)), "{page}");
}

#[test]
fn loop_heads_and_wild_branches_are_labelled() {
    let mut backend = fixed(&[movz(Width::X, Gpr(5), 5, 0), b(8), b(-4), b(0x1_0000)], exits());
    backend.looped = Some(1);
    let page = explained(backend, FAILS);
    assert!(page.contains("\n->LOOP:\n100004  "), "{page}");
    has(&page, "100008  17ffffff  b      #0x100004                          ->LOOP ; 0002");
    has(&page, "pc         0x11000c, outside of the code");
    let wild = "10000c  14004000  b      #0x11000c                          ->?    ; 0002";
    assert_eq!(page.lines().filter(|l| l.starts_with(wild)).count(), 3, "code, defect and fault\n{page}");
}
