//! What a hunt finds can be kept as a file: generated cases, with what the interpreter says of them, read back as the same.

use tracehound::generate::{Knobs, case_from_seed};
use tracehound::interpret::interpret;
use tracehound::text::{TraceFile, expected, parse, print};

#[test]
fn generated_cases_read_back_as_the_same() {
    for index in 0..2000 {
        let case = case_from_seed(7, index, &Knobs::default());
        let run = |input| interpret(&case, input).ok().map(|outcome| expected(&case, input, &outcome));
        let runs = case.inputs.iter().map(run).collect();
        let file = TraceFile { backend: None, expects: vec![], shapes: vec![], notes: vec![], case, runs };
        let text = print(&file);
        let read = parse(&text).unwrap_or_else(|e| panic!("case {index}: {e}\n{text}"));
        assert!(read == file, "case {index} reads back as another:\n{text}");
    }
}
