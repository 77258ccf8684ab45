//! The index of a report: hunts, findings, and what is none.

use super::super::class::{CLASSES, ClassText};
use super::super::dossier::Dossier;
use super::super::findings::{HuntPart, Other, Report};
use super::super::hunt_text;
use super::file_name;
use super::frame::{document, prose};
use maud::{Markup, html};

/// The page.
pub fn page(report: &Report) -> String {
    let body = html! {
        header {
            h1 { "tracehound report" }
            p.lead { (report.summary()) }
        }
        main {
            @if report.findings.is_empty() { section { p { "No findings." } } }
            @for (class, findings) in by_class(report) { (class_section(class, &findings)) }
            @for hunt in &report.hunts { (hunt_section(hunt)) }
            @if !report.others.is_empty() { (others(&report.others)) }
        }
        footer { "tracehound " (report.tracehound) }
    };
    document("tracehound report", &body)
}

/// Findings by class, in the order of the classes.
fn by_class(report: &Report) -> Vec<(&'static ClassText, Vec<&Dossier>)> {
    let of = |class: &str| report.findings.iter().filter(|d| d.class == class).collect::<Vec<_>>();
    CLASSES.iter().map(|class| (class, of(class.name))).filter(|(_, found)| !found.is_empty()).collect()
}

fn class_section(class: &ClassText, findings: &[&Dossier]) -> Markup {
    html! {
        section aria-labelledby=(class.name) {
            h2 id=(class.name) { (class.title) " " span.count { (findings.len()) } }
            p.minor { (class.why) }
            ul.cards { @for d in findings { li { (card(d)) } } }
        }
    }
}

fn card(d: &Dossier) -> Markup {
    html! {
        article.card {
            h3 { a href=(file_name(d)) { (prose(&d.title)) } }
            p.badges {
                span.badge { (d.backend.selector()) }
                span.badge { (d.case.instructions) " instructions" }
                @if d.count > 1 { span.badge { "seen " (d.count) " times" } }
                @if d.known.is_some() { span.badge.good { "known" } }
            }
            p.minor { "bucket " code { (d.bucket) } }
            @if let Some(frame) = d.blame.as_ref().and_then(|b| b.chain.first()) {
                p.minor { "blamed on " code { (frame.function) } " at " code { (frame.place()) } }
            }
        }
    }
}

fn hunt_section(hunt: &HuntPart) -> Markup {
    html! {
        section {
            h2 { "Hunt " code { (hunt.folder) } }
            @for warning in &hunt.report.warnings { p.warning { (warning) } }
            p {
                (hunt.report.cases) " cases of seed " (hunt.report.hunt.seed) " (" (hunt.report.hunt.emit.name()) ") on "
                (hunt.report.hunt.backend.selector()) ", " (hunt.report.inputs) " inputs judged."
            }
            details {
                summary { "All of its report" }
                pre tabindex="0" { (hunt_text(&hunt.report)) }
            }
        }
    }
}

fn others(others: &[Other]) -> Markup {
    html! {
        section {
            h2 { "No findings now" }
            div.wide tabindex="0" { table {
                thead { tr { th scope="col" { "case" } th scope="col" { "result" } th scope="col" { "reason" } } }
                tbody { @for o in others { tr { td { code { (o.path) } } td { (o.result.name()) } td { (o.reason) } } } }
            } }
        }
    }
}
