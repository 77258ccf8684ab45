//! A report as HTML: an index, and a page for each finding that can be sent around alone.
//!
//! Pages load nothing: style and script are in them. Without the script all can be read; links between IR and machine code work, too.

mod code;
mod finding;
mod frame;
mod index;
mod outcome;
mod word;

use super::findings::Report;

/// A page and the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlPage {
    /// The file's name.
    pub name: String,
    /// The file's text.
    pub text: String,
}

/// The name of the index.
pub const INDEX: &str = "index.html";

/// All pages of a report, the index first.
pub fn pages(report: &Report) -> Vec<HtmlPage> {
    let index = HtmlPage { name: INDEX.into(), text: index::page(report) };
    let finding = |d| HtmlPage { name: file_name(d), text: finding::page(d) };
    std::iter::once(index).chain(report.findings.iter().map(finding)).collect()
}

/// The file of a finding's page.
fn file_name(d: &super::Dossier) -> String {
    format!("{}.html", d.id)
}
