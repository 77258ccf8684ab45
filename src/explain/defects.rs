//! What is wrong with the code without running it.

use super::mcode::word_line;
use super::{Page, word};

/// Defects shown at most.
const MOST: usize = 8;

/// Each defective word with the verifier's reason and its fields.
pub fn section(page: &Page) -> Vec<String> {
    let (Some(code), defects) = (page.code(), &page.seen.defects) else { return vec![] };
    if defects.is_empty() {
        return vec![];
    }
    let mut lines = vec![format!("---- DEFECTS {}", defects.len())];
    for d in defects.iter().take(MOST) {
        lines.push(word_line(page, code, d.offset));
        lines.push(format!("           +{:#06x} {}: {}", d.offset, d.kind.class().name(), d.text));
        lines.extend(word::anatomy(d.word).iter().map(|line| format!("           {line}")));
    }
    if defects.len() > MOST {
        lines.push(format!("and {} more", defects.len() - MOST));
    }
    lines
}
