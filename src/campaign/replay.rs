//! Replays: `.trace` files judged again, each on the backends that it names, in workers that a crash can't spread from.

use super::death::Death;
use super::files::read_case;
use super::plan::{Plan, Workers};
use super::pool::{Asked, Pool};
use super::protocol::{Answer, Judgement, Replay, Request};
use super::{CampaignError, pieces};
use crate::backend::store::Spec;
use crate::outcome::FaultClass;
use crate::text::{ExpectedVerdict, TraceFile};
use luajit_arm64_sys::Variant;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What came of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected, on so many backends.
    Passed(usize),
    /// Not as expected, a line for each reason.
    Failed(Vec<String>),
    /// It could not be judged: a malformed file, a missing backend, a failure of tracehound itself.
    Broken(String),
}

/// A backend, and what a file expects of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The backend's name.
    pub backend: String,
    /// Its variant.
    pub variant: String,
    /// The verdict.
    pub verdict: ExpectedVerdict,
}

/// Judges files again.
#[derive(Debug)]
pub struct Replayer<'a> {
    plan: &'a Plan,
    only: bool,
    workers: &'a Workers,
    stop: &'a AtomicBool,
    pool: Pool<'a>,
}

impl<'a> Replayer<'a> {
    /// Workers are opened as the plan says. With `only`, all files are judged on the plan's backend, whatever they
    /// name. Files not begun are left out when `stop` is set.
    pub fn new(plan: &'a Plan, only: bool, workers: &'a Workers, stop: &'a AtomicBool) -> Self {
        Replayer { plan, only, workers, stop, pool: Pool::new(plan, workers) }
    }

    /// Judges all files; results are in their order.
    ///
    /// # Errors
    /// When no threads can be started.
    pub fn run(&self, files: &[PathBuf]) -> Result<Vec<Outcome>, CampaignError> {
        let jobs = self.workers.jobs;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.map_err(|e| CampaignError::Threads { jobs, why: e.to_string() })?;
        Ok(pool.install(|| files.par_iter().with_max_len(1).map(|path| self.one(path)).collect()))
    }

    fn one(&self, path: &Path) -> Outcome {
        if self.stop.load(Ordering::Relaxed) {
            return Outcome::Broken("not replayed: interrupted".into());
        }
        let parsed = read_case(path).map_err(|e| e.to_string()).and_then(|(text, file)| {
            let targets = self.targets(&file).map_err(|e| e.to_string())?;
            Ok((text, targets))
        });
        match parsed {
            Ok((text, targets)) => self.on_all(&text, &targets),
            Err(why) => Outcome::Broken(why),
        }
    }

    /// The backends of a file: those its `expect` lines name, and the built-in one for `*` or where there are none.
    fn targets(&self, file: &TraceFile) -> Result<Vec<Target>, pieces::OpenError> {
        let asked = if self.only {
            vec![pieces::spec(&self.plan.backend, &self.plan.variant)?]
        } else {
            let named = file.expects.iter().filter_map(|e| e.backend.as_deref());
            let mut specs = named.map(|name| pieces::spec(name, "plain")).collect::<Result<Vec<Spec>, _>>()?;
            if specs.is_empty() || file.expects.iter().any(|e| e.backend.is_none()) {
                specs.push(Spec::builtin());
            }
            specs
        };
        let mut targets: Vec<Target> = Vec::new();
        for spec in asked {
            let verdict = expected_on(file, &spec)?;
            let target = Target { backend: spec.to_string(), variant: spec.variant.name().into(), verdict };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    fn on_all(&self, text: &str, targets: &[Target]) -> Outcome {
        let mut failures = Vec::new();
        for target in targets {
            match self.on(text, target) {
                Ok(mut reasons) => failures.append(&mut reasons),
                Err(why) => return Outcome::Broken(why),
            }
        }
        failures.dedup();
        if failures.is_empty() { Outcome::Passed(targets.len()) } else { Outcome::Failed(failures) }
    }

    /// Why a file fails on a backend; nothing if it passes.
    fn on(&self, text: &str, target: &Target) -> Result<Vec<String>, String> {
        let replay = self.judge(text, target).map_err(|e| e.to_string())?;
        let mut reasons = replay.runs;
        let who = match target.variant.as_str() {
            "plain" => target.backend.clone(),
            variant => format!("{}/{variant}", target.backend),
        };
        let (observed, detail) = match replay.judgement {
            Judgement::Error(why) => return Err(format!("{who}: {why}")),
            Judgement::Agree(_) => (ExpectedVerdict::Agree.name().to_string(), vec![]),
            Judgement::Skip(reason) => (format!("nothing: it can't be judged ({reason})"), vec![]),
            Judgement::Finding { class, detail, .. } => (class, detail),
        };
        if observed != target.verdict.name() {
            reasons.push(format!("{who}: expected {}, observed {observed}", target.verdict.name()));
            reasons.extend(detail.iter().map(|line| format!("  {line}")));
        }
        let head = |line: &String| if line.starts_with(' ') { line.clone() } else { format!("{who}: {line}") };
        reasons.extend(replay.shapes.iter().map(head));
        Ok(reasons)
    }

    fn judge(&self, text: &str, target: &Target) -> Result<Replay, CampaignError> {
        let Asked { answer, .. } =
            self.pool.ask(&target.backend, &target.variant, &Request::Replay { text: text.into() })?;
        match answer {
            Ok(Answer::Replayed(replay)) => Ok(replay),
            Ok(other) => Err(CampaignError::Stillborn(format!("unexpected answer {other:?}"))),
            Err(death) => Ok(Replay { judgement: post_mortem(&death), runs: vec![], shapes: vec![] }),
        }
    }
}

/// What a file expects of a backend: the line that names it with its variant, else the one that names it without any, else the `*`
/// line, else that it agrees.
fn expected_on(file: &TraceFile, spec: &Spec) -> Result<ExpectedVerdict, pieces::OpenError> {
    let (mut by_name, mut by_star) = (None, None);
    for expect in &file.expects {
        let Some(name) = &expect.backend else {
            by_star = by_star.or(Some(expect.verdict));
            continue;
        };
        let named = pieces::spec(name, "plain")?;
        if named == *spec {
            return Ok(expect.verdict);
        }
        if named.variant == Variant::Plain && named.to_string() == spec.to_string() {
            by_name = by_name.or(Some(expect.verdict));
        }
    }
    Ok(by_name.or(by_star).unwrap_or(ExpectedVerdict::Agree))
}

pub(super) fn post_mortem(death: &Death) -> Judgement {
    if death.is_ours() {
        return Judgement::Error(death.lines().join("; "));
    }
    let class = FaultClass::BackendCrash.name().to_string();
    let (key, words, detail) = (format!("{class}-{}", death.key()), death.key(), death.lines());
    let notes = pieces::plain_lines(&detail);
    Judgement::Finding { class, key, nuance: String::new(), detail, words, notes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Expect;

    fn expect(backend: Option<&str>, verdict: &str) -> Expect {
        let verdict =
            crate::outcome::FindingClass::from_name(verdict).map_or(ExpectedVerdict::Agree, ExpectedVerdict::Finding);
        Expect { backend: backend.map(str::to_string), verdict, words: String::new() }
    }

    fn file(expects: Vec<Expect>) -> TraceFile {
        let plan = crate::campaign::tests::plan();
        let case = pieces::case(&plan, 0);
        TraceFile { backend: None, expects, shapes: vec![], notes: vec![], runs: vec![None; case.inputs.len()], case }
    }

    fn verdict(file: &TraceFile, backend: &str, variant: &str) -> &'static str {
        expected_on(file, &pieces::spec(backend, variant).expect("a backend")).expect("backends").name()
    }

    #[test]
    fn a_line_with_the_backends_name_beats_the_star() {
        let lines = vec![
            expect(None, "wrong-exit"),
            expect(Some("luajit@210.4.6"), "undefined-encoding"),
            expect(Some("luajit@210.4.6/assert"), "backend-assert"),
        ];
        let f = file(lines);
        assert_eq!(verdict(&f, "luajit@210.4.6", "plain"), "undefined-encoding");
        assert_eq!(verdict(&f, "luajit@210.4.6", "assert"), "backend-assert");
        assert_eq!(verdict(&f, "luajit@210.4.6", "random-ra"), "undefined-encoding");
        assert_eq!(verdict(&f, "luajit", "plain"), "wrong-exit");
        let only_assert = file(vec![expect(Some("luajit@210.4.6/assert"), "backend-assert"), expect(None, "agree")]);
        assert_eq!(verdict(&only_assert, "luajit@210.4.6", "plain"), "agree");
        assert_eq!(verdict(&file(vec![]), "luajit", "plain"), "agree");
    }

    #[test]
    fn the_star_stands_for_the_built_in_backend() {
        let plan = crate::campaign::tests::plan();
        let workers = Workers { jobs: 1, deadline: std::time::Duration::from_secs(1) };
        let (stop, plan) = (AtomicBool::new(false), &plan);
        let replayer = Replayer::new(plan, false, &workers, &stop);
        let targets = |expects| {
            let targets = replayer.targets(&file(expects)).expect("backends");
            targets.iter().map(|t| (t.backend.clone(), t.verdict.name())).collect::<Vec<_>>()
        };
        let builtin = Spec::builtin().to_string();
        assert_eq!(targets(vec![]), [(builtin.clone(), "agree")]);
        let old = |verdict| expect(Some("luajit@210.4.6"), verdict);
        assert_eq!(targets(vec![old("hang")]), [("luajit@210.4.6".to_string(), "hang")]);
        let both = targets(vec![old("hang"), expect(None, "agree")]);
        assert_eq!(both, [("luajit@210.4.6".to_string(), "hang"), (builtin, "agree")]);
    }
}
