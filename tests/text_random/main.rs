//! Random `.trace` files read back as the same, and their cases unpack as the same; damaged ones never crash the parser.

mod damage;
mod object;
mod random;
mod trace;
mod uses;

use random::Random;
use std::collections::BTreeSet;
use tracehound::case::Emit;
use tracehound::ir::{ALL_CALLEES, ALL_OPS, Arg, Op, Rule, Status};
use tracehound::pack::{pack, unpack};
use tracehound::text::{parse, print};

#[test]
fn random_files_read_back_as_the_same() {
    let (mut ops, mut consts) = (BTreeSet::new(), BTreeSet::new());
    let (mut sides, mut passes) = (0, 0);
    for seed in 0..2000 {
        let file = Random(seed).file();
        file.case.check().unwrap_or_else(|e| panic!("seed {seed} makes an illegal case: {e}"));
        let text = print(&file);
        let read = parse(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        assert!(read == file, "seed {seed}: reads back as another file:\n{text}\nis not\n{}", print(&read));
        assert_eq!(print(&read), text, "seed {seed}");
        assert_eq!(unpack(&pack(&file.case)).as_ref(), Ok(&file.case), "seed {seed}");
        sides += usize::from(file.case.side.is_some());
        passes += usize::from(file.case.emit == Emit::Passes);
        for ins in &file.case.trace.ins {
            ops.insert(ins.op);
            consts.extend(ins.args().iter().filter_map(const_kind));
        }
        consts.extend(file.case.trace.snaps.iter().flat_map(|s| &s.entries).filter_map(|e| const_kind(&e.value)));
    }
    let shapes = [Op::LOOP, Op::PHI];
    let nothing_to_call = |op: &Op| op.info().rule == Rule::Call && ALL_CALLEES.iter().all(|c| c.op() != *op);
    let plain = |op: &Op| op.info().status == Status::Plain && !nothing_to_call(op);
    let wanted: BTreeSet<Op> = ALL_OPS.iter().copied().filter(|op| plain(op) || shapes.contains(op)).collect();
    let missing: Vec<&Op> = wanted.difference(&ops).collect();
    assert!(missing.is_empty(), "opcodes that no file has: {missing:?}");
    assert!(sides > 100 && passes > 100, "{sides} side traces, {passes} files for the passes");
    assert_eq!(consts.len(), 13, "kinds of constants that the files have: {consts:?}");
}

#[test]
fn damaged_files_are_read_or_refused_but_never_crash() {
    let texts: Vec<Vec<u8>> = (0..40).map(|seed| print(&Random(seed).file()).into_bytes()).collect();
    let (mut good, mut bad) = (0, 0);
    for seed in 0..50_000 {
        let damaged = Random(seed).damage(&texts);
        match parse(&damaged) {
            Ok(file) => {
                good += 1;
                let text = print(&file);
                let again = parse(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\nin the print of\n{damaged}"));
                assert!(again == file, "seed {seed}: reads back as another file:\n{damaged}\nis printed as\n{text}");
                assert_eq!(print(&again), text, "seed {seed}");
            }
            Err(e) => {
                bad += 1;
                let line = damaged.lines().nth(e.line - 1).unwrap_or("");
                assert!(e.column <= line.chars().count() + 1, "seed {seed}: {e}");
                assert!(e.to_string().lines().count() == 3, "seed {seed}: {e}");
            }
        }
    }
    assert!(good > 1000 && bad > 1000, "{good} of the damaged files were read, {bad} refused");
}

fn const_kind(arg: &Arg) -> Option<String> {
    match arg {
        Arg::K(k) => format!("{k:?}").split('(').next().map(String::from),
        _ => None,
    }
}
