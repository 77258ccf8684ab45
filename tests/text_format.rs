//! The sample of the `.trace` format is legal, canonical and complete.

use std::collections::BTreeSet;
use tracehound::ir::{ALL_OPS, LitKind, Status};
use tracehound::text::{TraceFile, parse, print};

const SAMPLE: &str = include_str!("data/format.trace");

fn sample() -> TraceFile {
    parse(SAMPLE).unwrap_or_else(|e| panic!("tests/data/format.trace: {e}"))
}

#[test]
fn the_sample_is_in_canonical_form() {
    let kept: Vec<&str> = SAMPLE.lines().filter(|l| !l.is_empty() && !l.starts_with(";;")).collect();
    let printed = print(&sample());
    for (wanted, printed) in kept.iter().zip(printed.lines()) {
        assert_eq!(printed, *wanted);
    }
    assert_eq!(printed.lines().count(), kept.len());
}

#[test]
fn the_sample_reads_back_as_the_same() {
    assert!(parse(&print(&sample())) == Ok(sample()));
}

#[test]
fn the_sample_has_every_kind_of_literal() {
    let file = sample();
    let used = file.case.trace.ins.iter().flat_map(|i| i.op.info().lits);
    let used: BTreeSet<String> = used.map(|l| format!("{l:?}")).collect();
    let plain = ALL_OPS.iter().filter(|op| op.info().status == Status::Plain);
    let all: BTreeSet<String> = plain.flat_map(|op| op.info().lits).map(|l: &LitKind| format!("{l:?}")).collect();
    assert_eq!(used, all);
}

#[test]
fn line_ends_and_white_space_do_not_matter() {
    let crlf = SAMPLE.replace('\n', "\r\n");
    assert!(parse(&crlf) == Ok(sample()));
    let tabs = |line: &str| if line.contains('"') { line.into() } else { line.replace(' ', "\t") };
    let tabbed: Vec<String> = SAMPLE.lines().map(tabs).collect();
    assert!(parse(&tabbed.join("\n")).is_ok_and(|f| f.case == sample().case));
    assert!(parse(SAMPLE.trim_end()) == Ok(sample()));
}
