//! The page of a finding: what is wrong first, then how to see it, then everything else.

use super::super::blame::Blame;
use super::super::dossier::Dossier;
use super::frame::{copyable, document, link, prose};
use super::{INDEX, code, outcome, word};
use crate::explain::Sheet;
use maud::{Markup, html};

/// The page.
pub fn page(d: &Dossier) -> String {
    let sheet = &d.sheet;
    let body = html! {
        header {
            p.minor { a href=(INDEX) { "All findings" } }
            h1 { (prose(&d.title)) }
            p.badges {
                span.badge.bad { (d.class) }
                span.badge { (d.backend.selector()) }
                @if d.count > 1 { span.badge { "seen " (d.count) " times" } }
                @if d.known.is_some() { span.badge.good { "known" } }
            }
        }
        main {
            (story(d))
            (known(d))
            (word::section(sheet, d.blame.as_ref()))
            @if let Some(blame) = &d.blame { (chain(blame)) }
            (code::section(sheet, d.blame.as_ref().and_then(|blame| blame.word)))
            (outcome::section(sheet))
            (steps(d))
            (versions(d))
            (scene(sheet))
            (machine(sheet))
            (other_cases(d))
        }
        footer { "tracehound " (d.tracehound) }
    };
    document(&format!("{}: {}", d.class, d.title), &body)
}

fn story(d: &Dossier) -> Markup {
    let part = |class: &str, title: &str, lines: &[String]| {
        html! {
            section.story-part.(class) {
                h2 { (title) }
                @for line in lines { p { (prose(line)) } }
                @if lines.is_empty() { p { "Nothing is known of it." } }
            }
        }
    };
    html! {
        div.story {
            (part("expected", "Expected", &d.story.expected))
            (part("actual", "What happens", &d.story.actual))
            (part("why", "Why that is wrong", &d.story.why))
        }
    }
}

fn known(d: &Dossier) -> Markup {
    html! {
        @if let Some(known) = &d.known {
            section.note {
                h2 { "Known" }
                p { (known.reason) }
                @if let Some(target) = &known.link { p { (link(target)) } }
            }
        }
    }
}

fn chain(blame: &Blame) -> Markup {
    html! {
        section {
            h2 { "Who wrote it" }
            @if !blame.why.is_empty() { p { (prose(&blame.why)) } }
            @if !blame.vanishes_without.is_empty() {
                p { "The code is right without " (blame.vanishes_without.join(", or without ")) "." }
            }
            ol.chain {
                @for (i, frame) in blame.chain.iter().enumerate() {
                    li { @if i > 0 { "called by " } code.strong { (frame.function) } " at " code { (frame.place()) } }
                }
            }
        }
    }
}

fn steps(d: &Dossier) -> Markup {
    html! {
        section {
            h2 { "How to see it again" }
            ol.steps {
                @for (i, step) in d.steps.iter().enumerate() {
                    li { p { (step.text) ":" } (copyable(&format!("step{i}"), &step.command)) }
                }
            }
            details open[d.case.text.lines().count() <= 40] {
                summary { "The case, " code { (d.case.path) } ", whole" }
                (copyable("case", &d.case.text))
            }
            @if let Some(command) = &d.case.generated_by {
                p { "A hunt came to it as:" }
                (copyable("generated", command))
            }
        }
    }
}

fn versions(d: &Dossier) -> Markup {
    let sheet = &d.sheet;
    let flags: Vec<String> =
        sheet.flags.iter().map(|f| format!("{}{}", if f.on { '+' } else { '-' }, f.name)).collect();
    let standing = if sheet.default_flags { "as by default: " } else { "" };
    html! {
        section {
            h2 { "Versions and settings" }
            dl {
                dt { "Backend" } dd { (d.backend.name) ", build " (d.backend.variant) }
                dt { "Version" } dd { (d.backend.version) }
                dt { "tracehound" } dd { (d.tracehound) }
                dt { "IR" } dd { (emit_text(&sheet.emit)) }
                dt { "Optimisations" } dd { (standing) code { (flags.join(" ")) } }
                dt { "Can the recorder make it?" } dd { (d.reachable) }
                @for expect in &sheet.expects { dt { "The file expects" } dd { code { (expect) } } }
                @for note in &sheet.notes { dt { "Note" } dd { (note) } }
            }
            @if let Some(releases) = &d.releases {
                div.wide tabindex="0" { table {
                    thead { tr { th scope="col" { "release" } th scope="col" { "verdict" } } }
                    tbody { @for (name, verdict) in releases { tr { td { code { (name) } } td { (verdict) } } } }
                } }
            }
        }
    }
}

fn emit_text(emit: &str) -> &str {
    match emit {
        "fold" => "through LuaJIT's FOLD and CSE, as its recorder emits it",
        "raw" => "assembled as written, past FOLD and CSE",
        "passes" => {
            "one iteration through FOLD, then LuaJIT's own passes: loop optimisation, sinking, dead-code elimination"
        }
        other => other,
    }
}

fn scene(sheet: &Sheet) -> Markup {
    let world = &sheet.world;
    html! {
        section {
            h2 { "Input " (sheet.input.number) " and memory" }
            pre tabindex="0" { (if sheet.input.lines.is_empty() { "all nil and zero".into() } else { sheet.input.lines.join("\n") }) }
            details {
                summary { "Where things are" }
                pre tabindex="0" {
                    @for r in &world.regions {
                        (r.name) " at " (r.address) ", " (r.size) " bytes" @if r.readonly { ", read-only" } "\n"
                        @for line in &r.contents { "  " (line) "\n" }
                    }
                    @for object in &world.objects { (object) "\n" }
                    @if let Some(stack) = world.stack { "slot #2 at " (stack) "\n" }
                    @if let Some(sp) = world.sp { "sp " (sp) " at entry\n" }
                }
            }
        }
    }
}

/// Where the exit's values are, and the registers.
fn machine(sheet: &Sheet) -> Markup {
    html! {
        @if sheet.exit.is_some() || !sheet.registers.is_empty() {
            section {
                h2 { "The machine at the end" }
                @if let Some(exit) = &sheet.exit {
                    p { "Exit " (exit.number) @if !exit.taken { ", which was not taken" } ":" }
                    div.wide tabindex="0" { table {
                        thead { tr { @for head in ["slot", "type", "from", "in", "found"] { th scope="col" { (head) } } } }
                        tbody { @for row in &exit.values { tr {
                            td { "#" (row.slot) } td { (row.ty) } td { code { (row.source) } }
                            td { (row.place) @if row.converted { ", converted from int" } }
                            td { code { (row.found.as_deref().unwrap_or("")) } }
                        } } }
                    } }
                }
                @if !sheet.registers.is_empty() {
                    details {
                        summary { (sheet.registers.len()) " registers" }
                        dl.registers { @for r in &sheet.registers { div { dt { (r.name) } dd { code { (r.value) } } } } }
                    }
                }
            }
        }
    }
}

fn other_cases(d: &Dossier) -> Markup {
    html! {
        section {
            h2 { "Bucket" }
            p { code { (d.bucket) } ", " (d.count) @if d.count == 1 { " finding." } @else { " findings." } }
            @if !d.others.is_empty() {
                p { "Other cases of it:" }
                ul { @for o in &d.others { li { code { (o.path) } ", " (o.instructions) " instructions" } } }
            }
        }
    }
}
