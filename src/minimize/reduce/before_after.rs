//! How reducers are tested: the text of a case before, the text of one that is proposed.

use super::Edit;
use crate::case::Case;
use crate::text::{self, TraceFile};

/// Among the proposals of a reducer is this one, and it is legal.
pub(super) fn proposes(reducer: impl Fn(&Case) -> Vec<Edit>, before: &str, after: &str) {
    let (before, after) = (case(before), case(after));
    let all: Vec<Case> = reducer(&before).iter().filter_map(|edit| edit(&before)).collect();
    let shown: Vec<String> = all.iter().map(print).collect();
    assert!(all.contains(&after), "not proposed:\n{}\nbut:\n{}", print(&after), shown.join("\n"));
    assert_eq!(after.check(), Ok(()), "proposed, but not legal");
}

/// A case: `regions` as lines of the head, slots as lines of its one input, and IR.
pub(super) fn text(head: &str, ir: &str) -> String {
    format!("{head}\n---- TRACE 1\n....        SNAP   #0   [ ---- ---- ]\n{ir}\n---- TRACE 1 stop -> interpreter\n")
}

fn case(text: &str) -> Case {
    let text = format!("; tracehound 1\n; emit fold\n{text}");
    text::parse(&text).unwrap_or_else(|e| panic!("{e} in:\n{text}")).case
}

fn print(case: &Case) -> String {
    let runs = vec![None; case.inputs.len()];
    text::print(&TraceFile { backend: None, expects: vec![], shapes: vec![], notes: vec![], runs, case: case.clone() })
}
