//! What is wrong, in one sentence: from the class and from what was seen, so that it holds for bugs that nobody has seen before.

use super::story::ending;
use crate::explain::{Anatomy, Conclusion, OutcomeRow, PartKind, Sheet, Status, WordRow};

/// Characters of a value that a title takes.
const MOST: usize = 48;

/// The sentence, without a full stop.
pub fn title(class: &str, sheet: &Sheet) -> String {
    let about = subject(sheet);
    let text = match class {
        "undefined-encoding" | "unpredictable-encoding" => encoding(sheet),
        "memory-fault" | "misaligned" | "bad-branch" => fault(sheet),
        "wrong-exit" => end(sheet),
        "wrong-snapshot" | "wrong-memory" | "wrong-call" => difference(sheet),
        "hang" => Some(format!("The code does not end, where {} is right", expected_end(sheet))),
        "backend-crash" => first_detail(sheet).map(|why| format!("The backend crashes: {why}")),
        "backend-assert" => first_detail(sheet).map(|why| format!("The backend's assertion fails: {why}")),
        _ => None,
    };
    let text = text.or_else(|| first_detail(sheet)).unwrap_or_else(|| class.to_string());
    match about {
        Some(ins) if !text.contains(&ins) => format!("{text} (`{ins}`)"),
        _ => text,
    }
}

/// The instruction that the finding is pinned to, in one of the traces.
pub fn subject(sheet: &Sheet) -> Option<String> {
    let row = sheet.traces.iter().flat_map(|t| &t.ir).find(|row| row.marked)?;
    Some(row.text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn encoding(sheet: &Sheet) -> Option<String> {
    let (_, row, anatomy) = sheet.bad_word()?;
    let ins = subject(sheet).map_or_else(|| format!("The trace's {}", row.origin), |ins| format!("`{ins}`"));
    Some(format!("{ins} becomes {}", what_it_is(row, anatomy)))
}

fn what_it_is(row: &WordRow, anatomy: &Anatomy) -> String {
    let shown = format!("`{} {}`", row.mnemonic, row.operands);
    match anatomy.status {
        Status::Undefined => format!("`{}`, which is no A64 instruction", row.word),
        Status::Unpredictable => format!("`{}`, which is CONSTRAINED UNPREDICTABLE: {}", row.word, anatomy.text),
        Status::Unknown | Status::Valid => format!("{shown}, which no trace has a use for"),
    }
}

/// By running it, or else by reading it.
fn fault(sheet: &Sheet) -> Option<String> {
    if let Some(defect) = sheet.defects.first() {
        return Some(capital(&defect.text));
    }
    let fault = sheet.fault.as_ref()?;
    let address = fault.address.as_ref().map_or(String::new(), |a| format!(" at {a}"));
    Some(format!("{}{address}", capital(&fault.reason)))
}

/// The text as a sentence begins.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + rest.as_str())
}

fn end(sheet: &Sheet) -> Option<String> {
    let row = sheet.outcome.rows.iter().find(|row| row.kind == PartKind::End)?;
    let wanted = match row.expected.as_str() {
        exit if exit.starts_with("exit") => format!("leaving at {exit}"),
        _ => "reaching the trace's end".into(),
    };
    Some(format!("The code {} instead of {wanted}", ending(&row.observed)))
}

fn expected_end(sheet: &Sheet) -> String {
    let end = sheet.outcome.rows.iter().find(|row| row.kind == PartKind::End);
    end.map_or("its end".into(), |row| row.expected.clone())
}

fn difference(sheet: &Sheet) -> Option<String> {
    let row = sheet.outcome.rows.iter().find(|row| row.differs)?;
    let (expected, observed) = (wrong_part(row, &row.expected), wrong_part(row, &row.observed));
    Some(format!("{} is {observed} instead of {expected}", wrong_place(row)))
}

/// Of a row of bytes, those that differ.
fn wrong_part(row: &OutcomeRow, cell: &str) -> String {
    let text = match (row.bytes.first(), row.bytes.last()) {
        (Some(first), Some(last)) => cell.split(' ').skip(*first).take(last - first + 1).collect::<Vec<_>>().join(" "),
        _ => cell.to_string(),
    };
    let cut: String = text.chars().take(MOST).collect();
    match (cut.len() < text.len(), cut.as_str()) {
        (true, _) => cut + "…",
        (false, "-") => "nothing".into(),
        (false, _) => cut,
    }
}

/// Of a row of bytes, the address of the first that differs.
fn wrong_place(row: &OutcomeRow) -> String {
    let split = row.bytes.first().zip(row.place.rsplit_once('+'));
    match split.and_then(|(first, (region, at))| Some((region, at.parse::<usize>().ok()? + first))) {
        Some((region, at)) => format!("{region}+{at}"),
        None => row.place.clone(),
    }
}

fn first_detail(sheet: &Sheet) -> Option<String> {
    match &sheet.verdict {
        Conclusion::Finding { detail, .. } => detail.first().cloned(),
        Conclusion::Agree | Conclusion::Skip { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_that_differ_are_named() {
        let row = OutcomeRow {
            kind: PartKind::Memory,
            place: "data+8".into(),
            expected: "00 01 02 03".into(),
            observed: "00 11 02 33".into(),
            differs: true,
            bytes: vec![1, 3],
        };
        assert_eq!((wrong_place(&row).as_str(), wrong_part(&row, &row.observed).as_str()), ("data+9", "11 02 33"));
        let slot = OutcomeRow { place: "slot #3".into(), bytes: vec![], observed: "x".repeat(60), ..row };
        assert_eq!((wrong_place(&slot).as_str(), wrong_part(&slot, &slot.observed).chars().count()), ("slot #3", 49));
    }
}
