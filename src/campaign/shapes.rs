//! The `code` lines of a file, held against the code that a backend assembled.

use crate::arm64::disasm;
use crate::backend::BackendId;
use crate::code::Code;
use crate::ir::Ref;
use crate::text::{Release, Shape, TraceFile, Want, print_ins};
use luajit_arm64_sys::Variant;

/// Why the code is not what the file says: for each line that does not hold, what it wants; then, for each instruction
/// that lines are about, its code.
pub(super) fn differences(file: &TraceFile, id: &BackendId, code: &Code) -> Vec<String> {
    let mut wrong: Vec<&Shape> = file.shapes.iter().filter(|s| is_about(s, id) && !holds(s, code)).collect();
    wrong.sort_by_key(|shape| shape.at);
    let told = wrong.chunk_by(|a, b| a.at == b.at).map(|lines| {
        let heads = lines.iter().map(|shape| head(file, shape, code));
        heads.chain(listing(code, lines[0].at)).collect::<Vec<_>>()
    });
    told.collect::<Vec<_>>().concat()
}

/// Registers drawn at random change the moves and constants that a trace needs: such builds have no shape to hold to.
fn is_about(shape: &Shape, id: &BackendId) -> bool {
    if id.variant == Variant::RandomRa.name() {
        return false;
    }
    let name = id.name.split_once('@').map_or(id.name.as_str(), |(name, _)| name);
    shape.on.include(name, release(id))
}

/// The release that a backend was built from, which a source tree may know as well.
fn release(id: &BackendId) -> Option<Release> {
    id.version.split_whitespace().find_map(Release::parse)
}

fn holds(shape: &Shape, code: &Code) -> bool {
    let texts: Vec<String> = instructions(code, shape.at).map(|(_, text)| text).collect();
    match &shape.want {
        Want::Has(pattern) => pattern.find(&texts).is_some(),
        Want::HasNot(pattern) => pattern.find(&texts).is_none(),
        Want::Nothing => texts.is_empty(),
    }
}

/// The code of an instruction, or of the whole trace: addresses and texts.
fn instructions(code: &Code, at: Option<Ref>) -> impl Iterator<Item = (u64, String)> {
    let body = code.bytes[..code.body as usize].chunks_exact(4);
    let words = (0..).step_by(4).zip(body.map(|b| u32::from_le_bytes(b.try_into().expect("four bytes"))));
    words.filter(move |(offset, _)| at.is_none() || code.ref_at(*offset) == at).map(|(offset, word)| {
        let address = code.base + u64::from(offset);
        (address, disasm(word, address))
    })
}

fn head(file: &TraceFile, shape: &Shape, code: &Code) -> String {
    let found = if instructions(code, shape.at).next().is_none() { "found no code" } else { "found" };
    format!("{}: expected {}, {found}", place(file, shape), wanted(shape))
}

fn listing(code: &Code, at: Option<Ref>) -> impl Iterator<Item = String> {
    instructions(code, at).map(|(address, text)| format!("  {address:x}  {text}"))
}

/// What the line is about: the whole instruction, since its number may not be the file's.
fn place(file: &TraceFile, shape: &Shape) -> String {
    let ins = |at| print_ins(&file.case.trace, &file.case.world, at);
    shape.at.map_or_else(|| "trace".into(), |at| ins(at).split_whitespace().collect::<Vec<_>>().join(" "))
}

fn wanted(shape: &Shape) -> String {
    match &shape.want {
        Want::Has(pattern) => format!("`{pattern}`"),
        Want::HasNot(pattern) => format!("no `{pattern}`"),
        Want::Nothing => "no code".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Mark;

    const FILE: &str = "\
; tracehound 1
; code luajit@* 0002 LINE
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    int ADD    0001  +1
....        SNAP   #1   [ ---- ---- 0002 ]
---- TRACE 1 stop -> interpreter
";

    fn file(line: &str) -> TraceFile {
        let text = FILE.replace("luajit@* 0002 LINE", line);
        crate::text::parse(&text).unwrap_or_else(|e| panic!("{e}"))
    }

    fn id(name: &str, version: &str) -> BackendId {
        BackendId { name: name.into(), version: version.into(), variant: "plain".into() }
    }

    /// `ldr w0, [x1, #8]` for the load, `add w2, w0, #1; mov w3, w2` for the addition.
    fn code() -> Code {
        let words: [u32; 3] = [0xb940_0820, 0x1100_0402, 0x2a02_03e3];
        let mark = |at, start, end| Mark { at: Some(Ref(at)), start, end };
        Code {
            base: 0x1000,
            bytes: words.iter().flat_map(|w| w.to_le_bytes()).collect(),
            body: 12,
            marks: vec![mark(1, 0, 4), mark(2, 4, 12)],
            ..Code::default()
        }
    }

    fn told(line: &str) -> Vec<String> {
        differences(&file(line), &id("luajit@210.7.4", "210.7.4+c6ffc14 (relver 1)"), &code())
    }

    #[test]
    fn code_belongs_to_its_instruction() {
        assert_eq!(told("luajit@* 0002 add w_, w_, #1 ; mov w_, w_"), [""; 0]);
        assert_eq!(told("luajit@* 0002 no ldr"), [""; 0]);
        assert_eq!(told("luajit@* trace ldr w_, [x_, #8] ; add"), [""; 0]);
        assert_eq!(told("luajit@* 0001 ldr ; add").len(), 2);
    }

    #[test]
    fn a_difference_shows_pattern_and_code() {
        let shown = ["  1004  add w2, w0, #1", "  1008  mov w3, w2"];
        let head = "0002 int ADD 0001 +1: expected";
        assert_eq!(told("* 0002 sub")[0], format!("{head} `sub`, found"));
        assert_eq!(told("* 0002 sub")[1..], shown);
        assert_eq!(told("* 0002 no mov")[0], format!("{head} no `mov`, found"));
        assert_eq!(told("* 0002 none")[0], format!("{head} no code, found"));
    }

    #[test]
    fn lines_about_other_backends_do_not_count() {
        assert_eq!(told("luajit@<210.5.0 0002 sub"), [""; 0]);
        assert_eq!(told("model@* 0002 sub"), [""; 0]);
        let tree = id("luajit@/src/LuaJIT", "210.4.6+resty2cf5186 (relver 1)");
        assert_eq!(differences(&file("luajit@<210.5.0 0002 sub"), &tree, &code()).len(), 3);
        let random = BackendId { variant: "random-ra".into(), ..tree };
        assert_eq!(differences(&file("* 0002 sub"), &random, &code()), [""; 0]);
    }
}
