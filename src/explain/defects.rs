//! What is wrong with the code without running it.

use super::half::Half;
use super::sheet::DefectRow;
use super::{View, mcode, word};

/// Each defective word with the verifier's reason and its fields.
pub fn rows(view: &View, halves: &[Half]) -> Vec<DefectRow> {
    let of = |half: &Half| half.defects.iter().filter_map(|d| row(view, half, d)).collect::<Vec<_>>();
    halves.iter().flat_map(of).collect()
}

fn row(view: &View, half: &Half, defect: &crate::verify::Defect) -> Option<DefectRow> {
    Some(DefectRow {
        trace: half.number,
        class: defect.kind.class().name().into(),
        text: defect.text.clone(),
        word: mcode::row(view, half, half.code?, defect.offset)?,
        anatomy: word::anatomy(defect.word),
    })
}
