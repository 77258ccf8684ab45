//! Each kind of defect in hand-written code, and code without any.

use super::{DefectKind, verify};
use crate::arm64::encode::{
    At, Cond, Data, add_imm, b, b_cond, bl, blr, br, brk, cbz, ldp, ldr, ldr_literal, movz, nop, str, sub_imm,
};
use crate::arm64::{
    Gpr, LR, SP,
    Width::{W, X},
};
use crate::code::{Code, Conventions, Registers};

const BASE: u64 = 0x10_0000;
const HANDLER: i32 = 0x1000;
const START_SP: u64 = 0x8_0000;

/// A trace without exits.
fn trace(words: &[u32]) -> Code {
    with_stubs(words, &[])
}

/// A trace that finds 16 bytes of frame, takes 32 more for its exits and gives all back at its end.
fn with_stubs(body: &[u32], stubs: &[u32]) -> Code {
    let words = [body, stubs].concat();
    Code {
        base: BASE,
        bytes: words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        body: u32::try_from(body.len() * 4).expect("small"),
        entry: 0,
        loop_start: None,
        exits: Vec::new(),
        marks: Vec::new(),
        conventions: conventions(),
        start: Registers { sp: START_SP, ..Registers::default() },
        folded: 0,
        narrowed: vec![],
        may_fuse_fma: false,
        stack: 0,
        side: None,
    }
}

fn conventions() -> Conventions {
    let handler = BASE.wrapping_add_signed(HANDLER.into());
    Conventions {
        reserved: vec![(18, "platform register"), (22, "global state")],
        frame: 16,
        exit_sp: START_SP - 32,
        tail_sp: START_SP + 16,
        targets: vec![(handler, handler + 4)],
        literals: vec![(BASE - 0x100, BASE)],
        early_exit: None,
        links: vec![],
    }
}

/// The distance from one word to another.
fn from_to(from: usize, to: usize) -> i32 {
    (i32::try_from(to).expect("near") - i32::try_from(from).expect("near")) * 4
}

/// The distance from a word to the exit handler.
fn to_handler(index: usize) -> i32 {
    HANDLER + from_to(index, 0)
}

/// Exit stubs behind a body of so many words: store, call, trace number, then one call back for each of two exits.
fn stubs(body: usize) -> [u32; 5] {
    [str(Data::X, 30, At::Offset(SP, 0)), bl(to_handler(body + 1)), movz(W, Gpr(0), 1, 0), bl(-12), bl(-16)]
}

/// A word followed by the end of a trace, which gives the frame back and leaves.
fn ended(word: u32) -> [u32; 3] {
    [word, add_imm(X, SP, SP, 16), b(to_handler(2))]
}

fn defects(code: &Code) -> Vec<(u32, DefectKind)> {
    verify(code).into_iter().map(|defect| (defect.offset, defect.kind)).collect()
}

#[track_caller]
fn has(word: u32, kinds: &[DefectKind]) {
    let expected: Vec<_> = kinds.iter().map(|&kind| (0, kind)).collect();
    assert_eq!(defects(&trace(&ended(word))), expected, "{word:#010x}");
}

#[test]
fn trace_with_frame_loop_calls_and_exits_has_no_defect() {
    let body = [
        sub_imm(X, SP, SP, 32),
        ldr_literal(Data::D, 1, -12),
        str(Data::X, 19, At::Offset(SP, 40)),
        cbz(X, Gpr(3), from_to(3, 14)),
        blr(Gpr(9)),
        ldp(Data::X, 1, 2, At::Offset(SP, 32)),
        bl(to_handler(6)),
        b_cond(Cond::Ne, from_to(7, 5)),
        b_cond(Cond::Eq, from_to(8, 15)),
        add_imm(X, SP, SP, 48),
        b(to_handler(10)),
    ];
    assert_eq!(verify(&with_stubs(&body, &stubs(body.len()))), []);
}

#[test]
fn undefined_word_is_found_and_named() {
    let found = verify(&trace(&ended(0xffff_6f7a)));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].offset, found[0].kind, found[0].word), (0, DefectKind::UndefinedEncoding, 0xffff_6f7a));
    assert_eq!(found[0].text, ".long 0xffff6f7a: unallocated in floating point and Advanced SIMD");
}

#[test]
fn undefined_word_that_nothing_reaches_is_no_defect() {
    let code = trace(&[b(8), 0xffff_6f7a, add_imm(X, SP, SP, 16), b(to_handler(3))]);
    assert_eq!(defects(&code), []);
}

#[test]
fn word_behind_an_undefined_one_is_not_reached() {
    assert_eq!(defects(&trace(&[0xffff_6f7a, 0xfffb_e79a])), [(0, DefectKind::UndefinedEncoding)]);
}

#[test]
fn both_ways_of_a_conditional_branch_are_followed() {
    let code = trace(&[b_cond(Cond::Eq, 12), 0xffff_6b7c, nop(), 0xffff_6f7a]);
    assert_eq!(defects(&code), [(4, DefectKind::UndefinedEncoding), (12, DefectKind::UndefinedEncoding)]);
}

#[test]
fn instructions_that_no_trace_contains_are_defects() {
    has(nop(), &[]);
    has(ldp(Data::W, 1, 2, At::Offset(Gpr(2), 0)), &[]);
    has(ldp(Data::W, 1, 1, At::Offset(Gpr(2), 0)), &[DefectKind::UnpredictableEncoding]);
    has(0x4e20_8400, &[DefectKind::UnknownEncoding]); // add v0.16b, v0.16b, v0.16b
    has(0xd51b_4400, &[DefectKind::SystemRegister]); // msr fpcr, x0
    has(0xd53b_4400, &[]); // mrs x0, fpcr
    has(brk(0), &[DefectKind::Exception]);
}

#[test]
fn reserved_registers_are_read_but_not_written() {
    has(str(Data::X, 22, At::Offset(Gpr(22), 8)), &[]);
    has(ldr(Data::X, 22, At::Offset(Gpr(1), 0)), &[DefectKind::ReservedRegister]);
    has(str(Data::X, 1, At::Post(Gpr(22), 8)), &[DefectKind::ReservedRegister]);
    has(movz(W, Gpr(18), 0, 0), &[DefectKind::ReservedRegister]);
}

#[test]
fn literals_are_aligned_constants() {
    has(ldr_literal(Data::X, 1, -8), &[]);
    has(ldr_literal(Data::X, 1, -0x100), &[]);
    has(ldr_literal(Data::W, 1, -4), &[]);
    has(ldr_literal(Data::X, 1, -12), &[DefectKind::LiteralMisaligned]);
    has(ldr_literal(Data::X, 1, 0), &[DefectKind::LiteralOutside]);
    has(ldr_literal(Data::X, 1, -4), &[DefectKind::LiteralOutside, DefectKind::LiteralMisaligned]);
    has(ldr_literal(Data::X, 1, -0x108), &[DefectKind::LiteralOutside]);
}

#[test]
fn accesses_beside_the_stack_pointer_stay_in_the_frame() {
    has(ldr(Data::X, 1, At::Offset(SP, 8)), &[]);
    has(ldr(Data::X, 1, At::Offset(SP, 16)), &[DefectKind::StackAccess]);
    has(ldr(Data::X, 1, At::Offset(SP, -8)), &[DefectKind::StackAccess]);
    has(ldp(Data::X, 1, 2, At::Offset(SP, 0)), &[]);
    has(ldp(Data::X, 1, 2, At::Offset(SP, 8)), &[DefectKind::StackAccess]);
}

#[test]
fn stack_pointer_moves_by_known_multiples_of_16() {
    has(add_imm(X, SP, Gpr(1), 0), &[DefectKind::StackUnknown]);
    let code = trace(&[sub_imm(X, SP, SP, 8), add_imm(X, SP, SP, 24), b(to_handler(2))]);
    assert_eq!(defects(&code), [(0, DefectKind::StackMisaligned), (4, DefectKind::StackMisaligned)]);
}

#[test]
fn ways_that_meet_have_the_same_stack_pointer() {
    let code = trace(&[cbz(X, Gpr(3), 8), add_imm(X, SP, SP, 16), nop(), b(to_handler(3))]);
    let found = verify(&code);
    assert_eq!(found[0].kind, DefectKind::StackJoin, "{found:#?}");
    assert_eq!(found[0].offset, 8);
}

#[test]
fn trace_gives_its_frame_back_at_its_end() {
    assert_eq!(defects(&trace(&[b(to_handler(0))])), [(0, DefectKind::StackUnbalanced)]);
    assert_eq!(defects(&trace(&[br(LR)])), [(0, DefectKind::StackUnbalanced)]);
    assert_eq!(defects(&trace(&[add_imm(X, SP, SP, 16), br(LR)])), []);
}

#[test]
fn exits_are_taken_with_the_frame_in_place() {
    let code = with_stubs(&ended(cbz(X, Gpr(3), from_to(0, 6))), &stubs(3));
    assert_eq!(defects(&code), [(0, DefectKind::StackUnbalanced)]);
}

#[test]
fn branches_leave_only_to_allowed_targets() {
    has(bl(to_handler(0)), &[]);
    has(bl(to_handler(0) + 4), &[DefectKind::BadTarget]);
    let code = trace(&[add_imm(X, SP, SP, 16), b(-4096)]);
    assert_eq!(defects(&code), [(4, DefectKind::BadTarget)]);
}

#[test]
fn control_stays_in_the_trace() {
    assert_eq!(defects(&trace(&[nop()])), [(0, DefectKind::FallThrough)]);
    assert_eq!(defects(&with_stubs(&[nop()], &stubs(1))), [(0, DefectKind::FallThrough)]);
}
