//! The index of a report: hunts, findings, and what is none.

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
            section aria-labelledby="findings" {
                h2 id="findings" { "Findings" }
                @if report.findings.is_empty() { p { "None." } }
                ul.cards { @for d in &report.findings { li { (card(d)) } } }
            }
            @for hunt in &report.hunts { (hunt_section(hunt)) }
            @if !report.others.is_empty() { (others(&report.others)) }
        }
        footer { "tracehound " (report.tracehound) }
    };
    document("tracehound report", &body)
}

fn card(d: &Dossier) -> Markup {
    html! {
        article.card {
            h3 { a href=(file_name(d)) { (prose(&d.title)) } }
            p.badges {
                span.badge.bad { (d.class) }
                span.badge { (d.backend.selector()) }
                span.badge { (d.case.instructions) " instructions" }
                @if d.count > 1 { span.badge { "seen " (d.count) " times" } }
                @if d.known.is_some() { span.badge.good { "known" } }
            }
            p.minor { "bucket " code { (d.bucket) } }
            @if let Some(frame) = d.blame.as_ref().and_then(|b| b.chain.first()) {
                p.minor { "written by " code { (frame.function) } " at " code { (frame.place()) } }
            }
        }
    }
}

fn hunt_section(hunt: &HuntPart) -> Markup {
    html! {
        section {
            h2 { "Hunt " code { (hunt.folder) } }
            @for warning in &hunt.report.warnings { p.warning { (warning) } }
            pre tabindex="0" { (hunt_text(&hunt.report)) }
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
