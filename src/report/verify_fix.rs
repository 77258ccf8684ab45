//! What became of the cases that a fix is for, and of what is around them.

use serde::Serialize;
use std::path::PathBuf;

/// What a case does on a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The code did what the trace says.
    Agrees,
    /// It did not.
    Fails {
        /// The class.
        class: String,
        /// The bucket.
        key: String,
    },
    /// It can't be judged, for this reason.
    Unjudged(String),
}

impl Verdict {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Verdict::Agrees => "agree".into(),
            Verdict::Fails { class, .. } => class.clone(),
            Verdict::Unjudged(why) => format!("can't be judged ({why})"),
        }
    }

    fn fails(&self) -> bool {
        matches!(self, Verdict::Fails { .. })
    }
}

/// What a fix did to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It failed and agrees now.
    Fixed,
    /// It failed and fails.
    StillFails,
    /// It agreed and fails now.
    Broken,
    /// It agreed before: it shows nothing.
    NoTest,
    /// One of the two can't judge it.
    Unjudged,
}

impl Fate {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Fate::Fixed => "fixed",
            Fate::StillFails => "still fails",
            Fate::Broken => "broken by the fix",
            Fate::NoTest => "did not fail before: shows nothing",
            Fate::Unjudged => "can't be told",
        }
    }

    fn of(before: &Verdict, after: &Verdict) -> Fate {
        match (before, after) {
            (Verdict::Unjudged(_), _) | (_, Verdict::Unjudged(_)) => Fate::Unjudged,
            (Verdict::Fails { .. }, Verdict::Agrees) => Fate::Fixed,
            (Verdict::Fails { .. }, Verdict::Fails { .. }) => Fate::StillFails,
            (Verdict::Agrees, Verdict::Fails { .. }) => Fate::Broken,
            (Verdict::Agrees, Verdict::Agrees) => Fate::NoTest,
        }
    }
}

/// A case on both backends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyFixRow {
    /// Its file.
    pub file: PathBuf,
    /// On the backend with the bug.
    pub before: Verdict,
    /// On the one with the fix.
    pub after: Verdict,
    /// What that means.
    pub fate: Fate,
}

impl VerifyFixRow {
    /// A case's two verdicts.
    pub fn new(file: PathBuf, before: Verdict, after: Verdict) -> VerifyFixRow {
        let fate = Fate::of(&before, &after);
        VerifyFixRow { file, before, after, fate }
    }

    /// Whether it failed before.
    pub fn is_test(&self) -> bool {
        self.before.fails()
    }
}

/// Findings of one kind around the cases, on the backend with the fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    /// Their bucket.
    pub key: String,
    /// Their class.
    pub class: String,
    /// How many.
    pub count: u64,
    /// The smallest.
    pub file: PathBuf,
    /// What that one does on the backend with the bug.
    pub before: Verdict,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyFixReport {
    /// The backend with the bug.
    pub before: String,
    /// The one with the fix.
    pub after: String,
    /// The build of the latter.
    pub variant: String,
    /// The seed of mutations.
    pub seed: u64,
    /// The cases.
    pub cases: Vec<VerifyFixRow>,
    /// Mutations that were judged.
    pub mutations: u64,
    /// Those that could not be.
    pub skipped: u64,
    /// Findings among the others.
    pub around: Vec<Neighbour>,
    /// Failures of tracehound itself.
    pub errors: Vec<String>,
}

impl VerifyFixReport {
    /// Whether every case that failed agrees, nothing was broken, and nothing was found around.
    pub fn is_fixed(&self) -> bool {
        let good = |row: &VerifyFixRow| matches!(row.fate, Fate::Fixed | Fate::NoTest);
        self.cases.iter().all(good) && self.around.is_empty()
    }
}

/// The report for people.
pub fn verify_fix_text(r: &VerifyFixReport) -> String {
    let mut lines = vec![
        format!("before     {}", r.before),
        format!("after      {} {}", r.after, r.variant),
        format!("cases      {}: {} fixed", r.cases.len(), r.cases.iter().filter(|row| row.fate == Fate::Fixed).count()),
    ];
    let told = |row: &VerifyFixRow| [row.file.display().to_string(), row.before.words(), row.after.words()];
    let rows: Vec<_> = r.cases.iter().map(told).collect();
    let width = |i: usize| rows.iter().map(|cells| cells[i].chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    for (row, [file, before, after]) in r.cases.iter().zip(&rows) {
        let fate = row.fate.words();
        lines.push(format!("  {file:first$}  before {before:second$}  after {after:third$}  {fate}"));
    }
    let kinds = r.around.len();
    lines.push(format!(
        "around     {} mutations by seed {}, {} skipped, findings of {kinds} kinds",
        r.mutations, r.seed, r.skipped
    ));
    let width = r.around.iter().map(|n| n.key.len()).max().unwrap_or(0);
    for n in &r.around {
        let before = match &n.before {
            Verdict::Agrees => "new: agrees before".to_string(),
            other => format!("before {}", other.words()),
        };
        lines.push(format!("  {:width$}  {:>6}  {before}  {}", n.key, n.count, n.file.display()));
    }
    lines.extend(r.errors.iter().map(|e| format!("error      {e}")));
    lines.push(format!("verdict    {}", conclusion(r)));
    lines.join("\n") + "\n"
}

fn conclusion(r: &VerifyFixReport) -> String {
    let count = |fate: Fate| r.cases.iter().filter(|row| row.fate == fate).count();
    let mut bad = Vec::new();
    for (fate, what) in
        [(Fate::StillFails, "still fail"), (Fate::Broken, "are broken by the fix"), (Fate::Unjudged, "can't be judged")]
    {
        if count(fate) > 0 {
            bad.push(format!("{} cases {what}", count(fate)));
        }
    }
    let new = r.around.iter().filter(|n| n.before == Verdict::Agrees).count();
    if !r.around.is_empty() {
        let old = r.around.len() - new;
        bad.push(format!("around them the fixed backend fails in {} ways: {old} as before, {new} new", r.around.len()));
    }
    match bad.is_empty() {
        true => "fixed, and nothing found around".into(),
        false => bad.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(class: &str) -> Verdict {
        Verdict::Fails { class: class.into(), key: class.into() }
    }

    fn report(pairs: &[(Verdict, Verdict)], around: Vec<Neighbour>) -> VerifyFixReport {
        let rows = pairs.iter().map(|(b, a)| VerifyFixRow::new("x.trace".into(), b.clone(), a.clone()));
        VerifyFixReport {
            before: "luajit@1".into(),
            after: "luajit@2".into(),
            variant: "plain".into(),
            seed: 1,
            cases: rows.collect(),
            mutations: 9,
            skipped: 0,
            around,
            errors: vec![],
        }
    }

    #[test]
    fn only_what_failed_and_agrees_is_fixed() {
        let hang = || fails("hang");
        let fate = |b, a| report(&[(b, a)], vec![]).cases[0].fate;
        assert_eq!(fate(hang(), Verdict::Agrees), Fate::Fixed);
        assert_eq!(fate(hang(), fails("wrong-exit")), Fate::StillFails);
        assert_eq!(fate(Verdict::Agrees, hang()), Fate::Broken);
        assert_eq!(fate(Verdict::Agrees, Verdict::Agrees), Fate::NoTest);
        assert_eq!(fate(hang(), Verdict::Unjudged("nyi".into())), Fate::Unjudged);
    }

    #[test]
    fn a_fix_with_a_finding_around_is_none() {
        let pair = [(fails("hang"), Verdict::Agrees)];
        assert!(report(&pair, vec![]).is_fixed());
        let text = verify_fix_text(&report(&pair, vec![]));
        assert!(text.contains("before hang  after agree  fixed\n") && text.contains("nothing found around"), "{text}");
        let (class, key) = ("wrong-exit".to_string(), "wrong-exit-lt-int".to_string());
        let near =
            |before| Neighbour { key: key.clone(), class: class.clone(), count: 3, file: "y.trace".into(), before };
        let found = report(&pair, vec![near(Verdict::Agrees), near(fails("wrong-exit"))]);
        assert!(!found.is_fixed());
        let text = verify_fix_text(&found);
        assert!(
            text.contains("3  new: agrees before  y.trace") && text.contains("2 ways: 1 as before, 1 new"),
            "{text}"
        );
    }
}
