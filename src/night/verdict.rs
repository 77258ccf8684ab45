//! What a night comes to: new bugs, old ones, and what is wrong with the fuzzer.

use super::range::alarms;
use super::{Alarm, Bucket, Cause, History, HuntSigns, Night, Triage};
use serde::Serialize;

/// The word on one bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It was not seen before.
    New,
    /// An earlier night has seen it.
    Old,
    /// It is accepted.
    Known,
}

/// A bug of the night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// New, old or known.
    pub word: Word,
    /// The night that first saw it.
    pub first_seen: u64,
    /// The bug.
    #[serde(flatten)]
    pub cause: Cause,
}

/// A night's verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The night.
    pub night: u64,
    /// Its bugs, the new ones first.
    pub findings: Vec<Finding>,
    /// Findings that come and go, with the reason.
    pub flaky: Vec<String>,
    /// What is wrong with the fuzzer.
    pub alarms: Vec<Alarm>,
    /// The hunts and how they were.
    pub hunts: Vec<HuntSigns>,
}

impl Verdict {
    /// The verdict on a night, which is written into the history.
    pub fn new(night: u64, hunts: Vec<HuntSigns>, triage: Triage, history: &mut History) -> Verdict {
        let mut all: Vec<Alarm> =
            hunts.iter().flat_map(|h| alarms(&h.hunt, &h.vitals, &history.usual(&h.hunt, night))).collect();
        all.extend(triage.broken.iter().map(|odd| Alarm {
            hunt: "triage".into(),
            what: format!("{} could not be judged: {}", odd.path, odd.why),
        }));
        let mut findings: Vec<Finding> = triage.causes.into_iter().map(|cause| judged(night, cause, history)).collect();
        findings.sort_by_key(|f| (f.word != Word::New, f.word == Word::Known, f.cause.backend.clone()));
        let buckets = findings.iter().map(|f| bucket(&f.cause)).collect();
        history.record(night, Night { hunts: hunts.clone(), buckets, ill: !all.is_empty() });
        let flaky = triage.flaky.iter().map(|odd| format!("{}: {}", odd.path, odd.why)).collect();
        Verdict { night, findings, flaky, alarms: all, hunts }
    }

    /// How many bugs are so.
    pub fn count(&self, word: Word) -> usize {
        self.findings.iter().filter(|f| f.word == word).count()
    }
}

fn bucket(cause: &Cause) -> Bucket {
    Bucket { backend: cause.backend.clone(), bucket: cause.bucket.clone() }
}

fn judged(night: u64, cause: Cause, history: &History) -> Finding {
    let seen = history.first_seen(&bucket(&cause), night);
    let word = match (&cause.known, seen) {
        (Some(_), _) => Word::Known,
        (None, Some(_)) => Word::Old,
        (None, None) => Word::New,
    };
    Finding { word, first_seen: seen.unwrap_or(night), cause }
}

/// The verdict for a terminal.
pub fn text(v: &Verdict) -> String {
    let mut text = head(v) + "\n";
    for f in &v.findings {
        text += &format!("{:<11} {}\n", word(f.word), line(f));
    }
    for flaky in &v.flaky {
        text += &format!("flaky       {flaky}\n");
    }
    for hunt in &v.hunts {
        let (name, s) = (&hunt.hunt, &hunt.vitals);
        text += &format!(
            "hunt        {name}: {:.0} cases, {:.0} a second, {:.2} % skipped, {:.0} places reached\n",
            s.cases,
            s.cases_per_second,
            s.skipped * 100.0,
            s.points
        );
    }
    for alarm in &v.alarms {
        text += &format!("alarm       {}: {}\n", alarm.hunt, alarm.what);
    }
    text
}

fn head(v: &Verdict) -> String {
    let (new, old, known) = (v.count(Word::New), v.count(Word::Old), v.count(Word::Known));
    format!("night {}: {new} new bugs, {old} old, {known} known; {} alarms", v.night, v.alarms.len())
}

fn line(f: &Finding) -> String {
    let case = f.cause.case.as_deref().unwrap_or("no case");
    let since = if f.word == Word::Old { format!(", first seen in night {}", f.first_seen) } else { String::new() };
    format!(
        "{} on {}: {} files, {} instructions, {case}{since}",
        f.cause.bucket,
        f.cause.backend,
        f.cause.files.len(),
        f.cause.instructions
    )
}

fn word(word: Word) -> &'static str {
    match word {
        Word::New => "new",
        Word::Old => "old",
        Word::Known => "known",
    }
}

/// The verdict for GitHub's step summary.
pub fn markdown(v: &Verdict) -> String {
    let mut text = format!("## {}\n\n", head(v));
    for alarm in &v.alarms {
        text += &format!("- **alarm** {}: {}\n", alarm.hunt, alarm.what);
    }
    text += "\n| | bucket | backend | files | instructions | first seen |\n|---|---|---|---|---|---|\n";
    for f in &v.findings {
        text += &format!(
            "| {} | `{}` | {} | {} | {} | night {} |\n",
            word(f.word),
            f.cause.bucket,
            f.cause.backend,
            f.cause.files.len(),
            f.cause.instructions,
            f.first_seen
        );
    }
    text
}

/// The issue of a bug: its title is a line that finds it again, so that each bug has one.
pub fn issue(night: u64, f: &Finding, case: &str) -> String {
    format!(
        "# {} on {}\n\nFirst seen in night {}, last in night {night}: {} files. The smallest case has {} instructions:\n\n```\n{}\n```\n\n\
         `tracehound explain FILE --backend {}` shows how it goes wrong, `tracehound blame` which statement is at fault.\n",
        f.cause.bucket,
        f.cause.backend,
        f.first_seen,
        f.cause.files.len(),
        f.cause.instructions,
        case.trim_end(),
        f.cause.backend
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::KnownBug;
    use crate::night::Vitals;

    fn cause(bucket: &str, known: bool) -> Cause {
        let known = known.then(|| KnownBug { bucket: bucket.into(), backend: None, reason: "x".into(), link: None });
        Cause {
            bucket: bucket.into(),
            backend: "luajit@1".into(),
            files: vec!["a".into()],
            instructions: 3,
            case: None,
            known,
        }
    }

    fn hunt(skipped: f64) -> Vec<HuntSigns> {
        let vitals =
            Vitals { cases: 999.0, cases_per_second: 50.0, skipped, opcodes: 1.0, points: 500.0, ..Vitals::default() };
        vec![HuntSigns { hunt: "luajit@1 fold".into(), vitals }]
    }

    fn night(number: u64, causes: Vec<Cause>, skipped: f64, history: &mut History) -> Verdict {
        Verdict::new(number, hunt(skipped), Triage { causes, ..Triage::default() }, history)
    }

    #[test]
    fn a_bug_is_new_once_even_if_its_night_is_summed_up_twice() {
        let mut history = History::default();
        for _ in 0..2 {
            let first = night(1, vec![cause("a", false), cause("k", true)], 0.0, &mut history);
            assert_eq!((first.count(Word::New), first.count(Word::Known)), (1, 1));
        }
        let second = night(2, vec![cause("a", false), cause("b", false)], 0.0, &mut history);
        let told: Vec<_> = second.findings.iter().map(|f| (f.word, f.cause.bucket.as_str(), f.first_seen)).collect();
        assert_eq!(told, [(Word::New, "b", 2), (Word::Old, "a", 1)]);
        assert!(text(&second).contains("a on luajit@1: 1 files, 3 instructions, no case, first seen in night 1"));
        assert!(markdown(&second).contains("1 new bugs, 1 old, 0 known; 0 alarms"));
        assert!(issue(2, &second.findings[1], "IR\n").starts_with("# a on luajit@1\n"));
    }

    #[test]
    fn a_night_that_was_ill_has_alarms_and_is_no_measure() {
        let mut history = History::default();
        let ill = night(1, vec![], 0.5, &mut history);
        assert_eq!(ill.alarms.len(), 1);
        assert!(text(&ill).contains("alarm       luajit@1 fold: share skipped is 0.500"));
        assert!(history.usual("luajit@1 fold", 2).is_empty());
        let broken = Triage {
            broken: vec![super::super::triage::Odd { path: "f".into(), why: "y".into() }],
            ..Triage::default()
        };
        assert_eq!(Verdict::new(2, hunt(0.0), broken, &mut history).alarms.len(), 1);
    }
}
