//! A whole file as text.

use super::line::{BLANK, MAX_TEXT};
use super::print_ir::{print_ins, print_snap};
use super::{Expect, TraceFile, bytes, object, value};
use crate::case::{Arena, Case, Gc, Input, ObjectValues, OptFlags};
use crate::ir::{Link, ObjId, Ref, Trace};
use crate::world::{Object, ObjectKind, SlotValue, Upvalue, World};

/// The file as text: what [`super::parse`] reads back as the same, for every legal case.
pub fn print(file: &TraceFile) -> String {
    let mut lines = vec![format!("; tracehound {}", super::VERSION)];
    origin(file, &mut lines);
    regions(&file.case, &mut lines);
    lines.extend(print_objects(&file.case.world).iter().map(|line| format!("; {line}")));
    for (n, input) in file.case.inputs.iter().enumerate() {
        lines.push(format!("; input {}", n + 1));
        lines.extend(print_input(&file.case.world, input).iter().map(|line| format!(";   {line}")));
        if let Some(run) = file.runs.get(n).and_then(Option::as_ref) {
            run_lines(&run.lines(&file.case.world), &mut lines);
        }
    }
    traces(&file.case, &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

/// Where it is from and what it is for.
fn origin(file: &TraceFile, lines: &mut Vec<String>) {
    lines.extend(file.backend.iter().map(|b| format!("; backend {}", one_line(b))));
    lines.push(format!("; emit {}", file.case.emit.name()));
    lines.extend(flags(file.case.flags));
    lines.extend(build(&file.case));
    lines.extend(file.expects.iter().map(expect));
    for note in &file.notes {
        lines.extend(note_lines(note));
    }
    lines.extend(file.shapes.iter().map(|shape| format!("; {shape}")));
}

/// Only what differs from the default.
fn flags(flags: OptFlags) -> Option<String> {
    let changed: Vec<String> = flags
        .list()
        .iter()
        .zip(OptFlags::default().list())
        .filter(|(now, default)| now.1 != default.1)
        .map(|((name, on), _)| format!(" {}{name}", if *on { '+' } else { '-' }))
        .collect();
    (!changed.is_empty()).then(|| format!("; flags{}", changed.concat()))
}

/// Where the backend's memory is, and what its register allocator is seeded with.
fn build(case: &Case) -> impl Iterator<Item = String> {
    let arena = (case.arena != Arena::default()).then(|| format!("; arena {}", case.arena.name()));
    arena.into_iter().chain(case.ra.map(|seed| format!("; ra {seed}")))
}

fn expect(e: &Expect) -> String {
    let backend = e.backend.as_deref().unwrap_or("*");
    format!("; expect {}", one_line(&format!("{backend} {} {}", e.verdict.name(), e.words)))
}

/// A line each, long ones cut into several.
fn note_lines(note: &str) -> Vec<String> {
    let parts = note.split('\n').flat_map(|line| {
        let chars: Vec<char> = line.chars().collect();
        let cut: Vec<String> = chars.chunks(MAX_TEXT).map(|part| part.iter().collect()).collect();
        if cut.is_empty() { vec![String::new()] } else { cut }
    });
    parts.map(|part| format!("; note {}", one_line(&part)).trim_end_matches(BLANK).into()).collect()
}

/// Free text that can't leave its line.
fn one_line(text: &str) -> String {
    let line = text.replace('\n', " ");
    line.trim_matches(BLANK).chars().take(MAX_TEXT).collect::<String>().trim_matches(BLANK).into()
}

/// The world, with what is in its constant memory.
fn regions(case: &Case, lines: &mut Vec<String>) {
    for (i, r) in case.world.regions.iter().enumerate() {
        let ro = if r.readonly { " ro" } else { "" };
        lines.push(format!("; region {} {} at {}{ro}", r.name, r.size, r.offset));
        let contents = case.inputs.first().and_then(|input| input.memory.get(i)).filter(|_| r.readonly);
        let contents = contents.iter().flat_map(|bytes| print_bytes(&r.name, bytes));
        lines.extend(contents.map(|line| format!(";   {line}")));
    }
}

/// The world's objects, as in a file but without the comment sign.
pub fn print_objects(world: &World) -> Vec<String> {
    world.objects.iter().map(|o| format!("object {} {}", o.name, kind(world, &o.kind))).collect()
}

fn kind(world: &World, kind: &ObjectKind) -> String {
    let meta_part =
        |meta: &Option<ObjId>| meta.map_or(String::new(), |id| format!(" meta {}", object::name(world, id)));
    match kind {
        ObjectKind::Str(bytes) => format!("str {}", object::quote(bytes)),
        ObjectKind::Table { asize, hbits, keys, meta, black } => {
            let asize = if *asize > 0 { format!(" asize {asize}") } else { String::new() };
            let hbits = hbits.map(|bits| format!(" hbits {bits}")).unwrap_or_default();
            let words: Vec<String> = keys.iter().map(|key| format!(" {}", object::key(world, *key))).collect();
            let keys = if keys.is_empty() { "" } else { " keys" };
            let black = if *black { " black" } else { "" };
            format!("table{asize}{hbits}{keys}{}{}{black}", words.concat(), meta_part(meta))
        }
        ObjectKind::Func { upvalues } => {
            let words: Vec<String> = upvalues.iter().map(upvalue).collect();
            format!("func{}", words.concat())
        }
        ObjectKind::Udata { size, meta } => format!("udata {size}{}", meta_part(meta)),
        ObjectKind::Cdata(ty) => format!("cdata {}", ty.text()),
    }
}

fn upvalue(u: &Upvalue) -> String {
    match u {
        Upvalue::Closed => " closed".into(),
        Upvalue::Open(slot) => format!(" open:{}", slot.0),
    }
}

/// An input's slots, memory, pointers and objects, as in a file but without the comment sign; no constant memory.
pub fn print_input(world: &World, input: &Input) -> Vec<String> {
    let mut lines: Vec<String> =
        input.slots.iter().map(|(s, v)| format!("slot {} {}", s.0, value::slot(world, *v))).collect();
    for (r, contents) in world.regions.iter().zip(&input.memory).filter(|(r, _)| !r.readonly) {
        lines.extend(print_bytes(&r.name, contents));
    }
    let pointers = input.pointers.iter();
    lines.extend(pointers.map(|p| format!("{}: -> {}", value::pointer(world, p.at), value::pointer(world, p.to))));
    for (o, values) in world.objects.iter().zip(&input.objects) {
        lines.extend(object_values(world, o, values));
    }
    lines.extend((input.gc != Gc::Idle).then(|| format!("gc {}", input.gc.name())));
    lines.extend(input.profile.then(|| "profile".into()));
    lines
}

/// What is not nil or zero in an object.
fn object_values(world: &World, o: &Object, values: &ObjectValues) -> Vec<String> {
    let name = &o.name;
    let some = |v: &SlotValue| *v != SlotValue::Nil;
    match (values, &o.kind) {
        (ObjectValues::Table { array, hash }, ObjectKind::Table { keys, .. }) => {
            let array = array.iter().enumerate().filter(|(_, v)| some(v));
            let array = array.map(|(i, v)| format!("{name}[{i}]: {}", value::slot(world, *v)));
            let hash = keys.iter().zip(hash).filter(|(_, v)| some(v));
            let hash = hash.map(|(k, v)| format!("{name}[{}]: {}", object::key(world, *k), value::slot(world, *v)));
            array.chain(hash).collect()
        }
        (ObjectValues::Upvalues(values), _) => {
            let values = values.iter().enumerate().filter(|(_, v)| some(v));
            values.map(|(n, v)| format!("{name}.up{n}: {}", value::slot(world, *v))).collect()
        }
        (ObjectValues::Bytes(contents), _) => print_bytes(name, contents),
        _ => vec![],
    }
}

/// What is not zero in a region's memory, as in a file.
pub fn print_bytes(name: &str, contents: &[u8]) -> Vec<String> {
    let rows = bytes::rows(contents.len(), |i| contents[i] != 0);
    rows.into_iter().map(|row| bytes::line(name, row.start, &contents[row])).collect()
}

fn run_lines(run: &[String], lines: &mut Vec<String>) {
    let indents = std::iter::once("  ").chain(std::iter::repeat("    "));
    lines.extend(run.iter().zip(indents).map(|(line, indent)| format!("; {indent}{line}")));
}

fn traces(case: &Case, lines: &mut Vec<String>) {
    lines.push("---- TRACE 1".into());
    trace_lines(&case.trace, &case.world, lines);
    lines.push(format!("---- TRACE 1 stop -> {}", link_name(case.trace.link)));
    if let Some(side) = &case.side {
        lines.push(format!("---- TRACE 2 start 1/{}", side.exit.0));
        trace_lines(&side.trace, &case.world, lines);
        lines.push(format!("---- TRACE 2 stop -> {}", link_name(side.trace.link)));
    }
}

/// Each snapshot stands before the first instruction that it covers.
fn trace_lines(trace: &Trace, world: &World, lines: &mut Vec<String>) {
    let mut snaps = trace.snaps.iter().enumerate().peekable();
    let mut snaps_up_to = |at: Ref, lines: &mut Vec<String>| {
        while let Some((n, _)) = snaps.next_if(|(_, snap)| snap.at <= at) {
            lines.push(print_snap(trace, world, n));
        }
    };
    for (at, _) in trace.iter() {
        snaps_up_to(at, lines);
        lines.push(print_ins(trace, world, at));
    }
    snaps_up_to(trace.end(), lines);
}

/// The name of a link, as `-jdump` prints it.
pub const fn link_name(link: Link) -> &'static str {
    match link {
        Link::Interpreter => "interpreter",
        Link::Return => "return",
        Link::Loop => "loop",
        Link::Root => "root",
    }
}
