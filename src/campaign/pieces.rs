//! How cases, backends and text files are put together for a campaign: the seam to the layers below.

use super::around;
use super::death::Death;
use super::hunt::BATCH;
use super::plan::Plan;
use crate::backend::BackendId;
use crate::backend::store::{self, Spec, StoreError};
use crate::case::{Arena, Case, Emit};
use crate::generate::{BadKnob, Knobs, OpSet, UnknownOp, case_from_seed};
use crate::interpret::Program;
use crate::ir::ALL_OPS;
use crate::oracle::{Finding, Oracle, OracleError};
use crate::outcome::{FaultClass, FindingClass};
use crate::tally::Sighting;
use crate::text::{self, Expect, Expected, ExpectedVerdict, TraceFile};
use luajit_arm64_sys::Variant;
use std::path::Path;
use thiserror::Error;

/// Why a backend can't be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No variant of that name.
    #[error("{0:?} is no variant: write plain, assert, random-ra, blame or guided")]
    Variant(String),
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine's reason.
    #[error(transparent)]
    Oracle(#[from] OracleError),
    /// The limit of memory can't be set.
    #[error("cannot limit the memory to {bytes} bytes: {source}")]
    Limit {
        /// The limit.
        bytes: u64,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// A backend's name and variant as the store takes them.
///
/// # Errors
/// When either is none.
pub fn spec(backend: &str, variant: &str) -> Result<Spec, OpenError> {
    let variant = Variant::from_name(variant).ok_or_else(|| OpenError::Variant(variant.into()))?;
    Ok(Spec::parse(backend, variant)?)
}

/// The backend that a file expects a finding on; the built-in one if it expects none.
pub(super) fn spec_of(file: &TraceFile) -> Result<Spec, OpenError> {
    let finding = file.expects.iter().find(|e| e.verdict != ExpectedVerdict::Agree);
    finding.and_then(|e| e.backend.as_deref()).map_or(Ok(Spec::builtin()), |name| spec(name, "plain"))
}

/// Opens a backend with its machine. A process can have one at a time.
///
/// # Errors
/// When there is no such backend, it is not in the store, or does not start.
pub fn open_oracle(backend: &str, variant: &str, cache: &Path) -> Result<Oracle, OpenError> {
    Ok(Oracle::new(store::open(&spec(backend, variant)?, cache)?)?)
}

/// The case of a plan with a number.
pub fn case(plan: &Plan, index: u64) -> Case {
    // Any spread of seeds will do: the allocator's generator mixes them.
    let ra = (plan.variant == Variant::RandomRa.name()).then_some((index ^ plan.seed) as u32);
    match around::mutation(plan, index) {
        Some(mutant) => Case { ra: ra.or(mutant.ra), ..mutant },
        None => Case { arena: arena(index), ra, ..case_from_seed(plan.seed, index, &knobs(plan)) },
    }
}

/// Where a case finds the backend's memory: a batch of cases at a time, since moving costs as much as a handful of them. Most have it where
/// it usually lies.
pub(super) fn arena(index: u64) -> Arena {
    // Old releases can't have it far away, and skip such cases.
    match index / BATCH % 64 {
        5 | 13 | 21 | 29 | 37 | 45 | 53 | 61 => Arena::Near,
        11 => Arena::Far,
        _ => Arena::Usual,
    }
}

fn knobs(plan: &Plan) -> Knobs {
    let ops = OpSet::parse(&plan.ops.join(",")).ok().filter(|ops| !ops.is_empty());
    let mut knobs = Knobs { ops: ops.unwrap_or_else(OpSet::all), ..Knobs::new(plan.emit) };
    for text in &plan.knobs {
        // They were checked when they were given.
        let _ = knobs.set(text);
    }
    knobs
}

/// Checks a knob's text.
///
/// # Errors
/// When there is no such knob, or no such value of it.
pub fn check_knob(text: &str) -> Result<(), BadKnob> {
    Knobs::default().set(text)
}

/// The opcodes of a list of names and groups, in table order; none where the list leaves all of them.
///
/// # Errors
/// A name that is no opcode and no group.
pub fn op_names(list: &str) -> Result<Vec<String>, UnknownOp> {
    let set = OpSet::parse(list)?;
    if set == OpSet::all() {
        return Ok(vec![]);
    }
    Ok(ALL_OPS.iter().filter(|op| set.has(**op)).map(|op| op.name().to_string()).collect())
}

/// A backend's name as `expect` lines have it: the variant follows unless it is the plain one.
pub(super) fn expect_name(id: &BackendId) -> String {
    if id.variant == "plain" { id.name.clone() } else { format!("{}/{}", id.name, id.variant) }
}

/// The `.trace` file of a finding.
pub(super) fn finding_text(plan: &Plan, id: &BackendId, index: u64, case: &Case, finding: &Finding) -> String {
    let expect = (finding.class, finding_words(finding));
    file_text(plan, Some(id), index, case, Some(expect), finding_notes(finding))
}

/// Where a finding is: the words of an `expect` line.
pub(super) fn finding_words(finding: &Finding) -> String {
    finding.at.map_or_else(String::new, |at| format!("at {:04}", at.0))
}

/// A finding in words: the `note` lines of a file.
pub(super) fn finding_notes(finding: &Finding) -> Vec<String> {
    let mut notes = finding.detail.clone();
    if let Some(fault) = &finding.fault {
        notes.push(format!("fault {} at {:#x}: {}", fault.class.name(), fault.pc, fault.detail));
    }
    if let Some(input) = finding.input {
        notes.push(format!("shown by input {}", input + 1));
    }
    plain_lines(&notes)
}

/// Text as a file keeps it: lines without white space that a line can't have.
pub(super) fn plain_lines(text: &[String]) -> Vec<String> {
    text.iter().flat_map(|n| n.lines()).map(plain_line).filter(|l| !l.is_empty()).collect()
}

/// The `.trace` file of a case that a worker died of.
pub(super) fn crash_text(plan: &Plan, id: &BackendId, index: u64, case: &Case, death: &Death) -> String {
    let class = FindingClass::Fault(FaultClass::BackendCrash);
    file_text(plan, Some(id), index, case, Some((class, death.key())), death.lines())
}

/// The case of a plan as a `.trace` file without expectations.
pub fn case_text(plan: &Plan, index: u64) -> String {
    file_text(plan, None, index, &case(plan, index), None, vec![])
}

/// A case as a `.trace` file, and nothing else.
pub(super) fn plain_text(case: &Case) -> String {
    let runs = case.inputs.iter().map(|_| None).collect();
    let (backend, expects, shapes, notes) = (None, vec![], vec![], vec![]);
    text::print(&TraceFile { backend, expects, shapes, notes, case: case.clone(), runs })
}

fn file_text(
    plan: &Plan,
    id: Option<&BackendId>,
    index: u64,
    case: &Case,
    expect: Option<(FindingClass, String)>,
    notes: Vec<String>,
) -> String {
    let knobs = || plan.knobs.iter().fold(String::new(), |all, knob| all + " --knob " + knob);
    let guided = if plan.guided { ", guided" } else { "" };
    let origin =
        around::origin(plan, index).unwrap_or_else(|| format!("case {index} of seed {}{}{guided}", plan.seed, knobs()));
    record(id, case, expect, notes, &origin)
}

/// The `.trace` file of a finding that no plan has a number for.
pub(super) fn record_text(id: &BackendId, case: &Case, finding: &Finding) -> String {
    let expect = (finding.class, finding_words(finding));
    record(Some(id), case, Some(expect), finding_notes(finding), "found by libFuzzer")
}

fn record(
    id: Option<&BackendId>,
    case: &Case,
    expect: Option<(FindingClass, String)>,
    notes: Vec<String>,
    origin: &str,
) -> String {
    let mut notes = plain_lines(&notes);
    notes.push(format!("{}, {}, tracehound {}", plain_line(origin), reach(case), env!("CARGO_PKG_VERSION")));
    let expects = expect.map(|(class, words)| Expect {
        backend: id.map(expect_name),
        verdict: ExpectedVerdict::Finding(class),
        words: plain_line(&words),
    });
    let file = TraceFile {
        backend: id.map(|id| plain_line(&format!("{} {} {}", id.name, id.variant, id.version))),
        expects: expects.into_iter().collect(),
        shapes: vec![],
        notes,
        case: case.clone(),
        runs: runs(case),
    };
    text::print(&file)
}

/// What the way of emitting says about whether LuaJIT's recorder can make such a trace.
fn reach(case: &Case) -> &'static str {
    match case.emit {
        Emit::Fold => "emitted through FOLD: reachable in this form",
        Emit::Raw => "emitted as written: FOLD might rewrite it",
        Emit::Passes => "emitted through FOLD and the passes: reachable in this form",
    }
}

fn plain_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the interpreter says of each input; nothing where it can't say.
pub fn runs(case: &Case) -> Vec<Option<Expected>> {
    let program = Program::new(case).ok();
    let run = |input| Some(text::expected(case, input, &program.as_ref()?.run(input).ok()?));
    case.inputs.iter().map(run).collect()
}

/// Where the interpreter differs from a file's `run` lines.
pub(super) fn run_differences(file: &TraceFile) -> Vec<String> {
    if file.runs.iter().all(Option::is_none) {
        return vec![];
    }
    let now = runs(&file.case);
    let pairs = file.runs.iter().zip(now).enumerate();
    let differ = pairs.filter_map(|(n, (old, new))| {
        let difference = match (old.as_ref()?, new) {
            (old, Some(new)) => old.difference(&new, &file.case.world)?,
            (_, None) => "the file has a run, the interpreter can't judge it".into(),
        };
        Some(format!("input {}: {difference}", n + 1))
    });
    differ.collect()
}

/// The finding behind a worker's death.
pub(super) fn crash_sighting(case: &Case, index: u64, death: &Death) -> Sighting {
    let class = FaultClass::BackendCrash.name();
    Sighting {
        index,
        ins: case.trace.ins.len() as u64,
        words: 0,
        key: format!("{class}-{}", death.key()),
        class: class.into(),
        text: String::new(),
    }
}
