//! A sheet as a page of text, which looks like LuaJIT's `-jdump=im`.

mod code;
mod end;
mod head;
mod ir;
mod run;

use super::sheet::Sheet;

/// The page, with lines on who is to blame. It is plain text and the same on every run. `file` stands in the commands that repeat it.
pub fn page(sheet: &Sheet, file: &str, blame: &[String]) -> String {
    let mut sections = vec![head::head(sheet), run::world(sheet)];
    for trace in &sheet.traces {
        sections.push(ir::section(sheet, trace));
        sections.extend(trace.code.as_ref().map(|code| code::section(trace.number, code)));
    }
    sections.push(code::defects(sheet));
    sections.push(run::input(sheet));
    sections.push(run::outcome(sheet));
    sections.push(end::exit(sheet));
    sections.push(end::fault(sheet));
    sections.push(blamed(blame));
    sections.push(head::verdict(sheet, file));
    let sections = sections.iter().filter(|lines| !lines.is_empty());
    sections.map(|lines| lines.join("\n") + "\n").collect::<Vec<_>>().join("\n")
}

/// Who is to blame.
fn blamed(lines: &[String]) -> Vec<String> {
    if lines.is_empty() {
        return vec![];
    }
    std::iter::once("---- BLAME".to_string()).chain(lines.iter().cloned()).collect()
}
