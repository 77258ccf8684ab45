//! LuaJIT's own ARM64 assembler as a backend.
//!
//! The library is `luajit-arm64-sys`: LuaJIT compiled for this machine with ARM64 as its target. A case's IR is emitted through FOLD
//! or as written (`emit`), assembled, and read back (`readback`); what its code branches to is in `runtime`.

mod emit;
mod links;
mod looping;
mod narrowed;
mod numbers;
mod objects;
mod phis;
mod preconditions;
mod readback;
mod record;
mod runtime;
mod side;
mod sunk;

use super::{Backend, BackendId, Left, Refusal};
use crate::case::{Arena, Case, Gc, Input};
use crate::code::{Access, Base, Code, Frame, Mapping, Record, Registers, Runtime};
use crate::ir::{ExitNo, Ref, Rule, Trace};
use crate::outcome::{Call, FaultClass};
use links::Links;
use luajit_arm64_sys::{Error, GcState, Jit, Layout, Library, Lines, Protection, TRef};
use numbers::Numbers;
use objects::Objects;
use side::Part;
use std::path::Path;
use std::rc::Rc;

/// Bytes at the top of LuaJIT's machine code area that traces are looked for in. LuaJIT fills the area downwards from its end.
const CODE_WINDOW: u64 = 256 << 10;

/// The function of `lj_asm.c` that gives a snapshot's values registers or stack slots.
const SNAPSHOTS: &str = "asm_snap_alloc1";
/// The function of `lj_asm_arm64.h` that gives a side trace its `BASE`.
const SIDE_BASE: &str = "asm_head_side_base";

/// A LuaJIT build with its Lua state.
pub struct LuaJit {
    jit: Jit,
    id: BackendId,
    numbers: Numbers,
    objects: Objects,
    arena: Arena,
    /// Arenas that this build can't use, with its reason.
    unusable: Vec<(Arena, String)>,
    /// The traces of the code compiled last.
    parts: Vec<Part>,
    /// The case at hand changes more than plain memory: each run starts from a checkpoint.
    uses_vm: bool,
    run: Run,
    /// The library's line numbers, once they were asked for.
    lines: Option<Lines>,
}

/// What happens in a run.
#[derive(Default)]
struct Run {
    gc: Gc,
    gc_steps: u32,
    calls: Vec<Call>,
    /// The collector's links at its start.
    links: Links,
}

impl LuaJit {
    /// Starts a Lua state in a build. A process can have one at a time.
    ///
    /// # Errors
    /// When the arena's addresses are taken, or the build lacks a number that every LuaJIT has.
    pub fn new(library: &Rc<Library>, id: BackendId) -> Result<LuaJit, String> {
        let layout = Layout::default();
        debug_assert_eq!(layout.base + layout.data_ofs, crate::world::DATA_BASE);
        let jit = Jit::new(library, layout).map_err(|e| e.to_string())?;
        let numbers = Numbers::look_up(jit.tables())?;
        Ok(LuaJit {
            jit,
            id,
            numbers,
            objects: Objects::default(),
            arena: Arena::Usual,
            unusable: vec![],
            parts: vec![],
            uses_vm: false,
            run: Run::default(),
            lines: None,
        })
    }

    /// The library's line numbers.
    fn lines(&mut self) -> Result<&Lines, String> {
        if self.lines.is_none() {
            let path = self.jit.library().path().ok_or("the built-in library has no line numbers")?;
            self.lines = Some(Lines::open(path).map_err(|e| e.to_string())?);
        }
        self.lines.as_ref().ok_or_else(|| "no line numbers".into())
    }

    fn window(&self) -> (u64, u64) {
        let layout = self.jit.layout();
        let window = CODE_WINDOW.min(layout.mcode_size);
        (layout.base + layout.mcode_ofs + layout.mcode_size - window, window)
    }
}

impl Backend for LuaJit {
    fn id(&self) -> &BackendId {
        &self.id
    }

    fn arena(&self) -> Arena {
        self.arena
    }

    fn move_to(&mut self, arena: Arena) -> Result<(), Refusal> {
        let refusal = |why: &str| Refusal::Skip(format!("arena {}: {why}", arena.name()));
        if let Some((_, why)) = self.unusable.iter().find(|(known, _)| *known == arena) {
            return Err(refusal(why));
        }
        let layout = Layout::by_name(arena.name()).ok_or_else(|| refusal("no layout of that name"))?;
        (self.objects, self.parts) = (Objects::default(), vec![]);
        match self.jit.relocate(layout) {
            Ok(()) => {
                self.arena = arena;
                Ok(())
            }
            Err(e) => {
                // Releases before 2025-11 have no far exits (`lj_mcode.c`).
                self.unusable.push((arena, e.to_string()));
                Err(refusal(&e.to_string()))
            }
        }
    }

    fn compile(&mut self, case: &Case) -> Result<Code, Refusal> {
        self.jit.reset();
        write_constant_memory(&mut self.jit, case)?;
        self.uses_vm = uses_vm(case);
        self.objects = Objects::make(&mut self.jit, case)?;
        let (code, parts) = side::compile(&mut self.jit, &self.numbers, &self.objects, case)?;
        self.parts = parts;
        let lowest = code.side.as_ref().map_or(code.base, |side| side.base.min(code.base));
        if lowest < self.window().0 {
            return Err(Refusal::Skip("trace larger than the code window".into()));
        }
        if self.uses_vm {
            self.jit.checkpoint().map_err(|e| Refusal::Broken(e.to_string()))?;
        }
        Ok(code)
    }

    fn mappings(&self) -> Vec<Mapping> {
        let data = self.jit.regions().into_iter().filter(|r| r.protection == Protection::ReadWrite);
        data.map(|r| Mapping { addr: r.addr, len: r.len, host: r.host_ptr(), access: Access::ReadWrite }).collect()
    }

    fn code_window(&self) -> (u64, u64) {
        self.window()
    }

    fn enter(&mut self, case: &Case, _: &Code, input: &Input) -> Result<(), String> {
        self.run = Run { gc: input.gc, ..Run::default() };
        if !self.uses_vm {
            return Ok(());
        }
        let text = |e: Error| e.to_string();
        self.jit.rewind().map_err(text)?;
        objects::write_values(&mut self.jit, case, input).map_err(text)?;
        self.run.links = Links::read(&self.jit, &case.world).map_err(text)?;
        self.jit.set_gc(input.gc != Gc::Idle, GcState::Propagate, input.profile).map_err(text)
    }

    fn left(&mut self, case: &Case, roots: &[u64]) -> Result<Left, String> {
        let run = std::mem::take(&mut self.run);
        let heap = if self.uses_vm { self.objects.read(&self.jit, &case.world, roots) } else { Default::default() };
        let stray = run.links.stray(&self.jit, &case.world);
        Ok(Left { heap, calls: run.calls, gc_steps: run.gc_steps, stray })
    }

    fn dump_lines(&self, folder: &Path) -> Result<(), String> {
        self.jit.library().dump_coverage(folder).map_err(|e| e.to_string())
    }

    fn edges(&mut self) -> Option<&mut [u8]> {
        self.jit.edges().ok()
    }

    fn record(&mut self, case: &Case) -> Result<Record, String> {
        let record = record::read(&self.jit, case, &self.parts).map_err(|e| e.to_string())?;
        let lines = self.lines()?;
        let base = Base { register: readback::BASE, inherits: lines.function(SIDE_BASE) };
        Ok(Record { restores: lines.function(SNAPSHOTS), base: Some(base), ..record })
    }

    fn frames(&mut self, addresses: &[u64]) -> Result<Vec<Frame>, String> {
        let lines = self.lines()?;
        let frame = |f: luajit_arm64_sys::SourceFrame| Frame { function: f.function, file: f.file, line: f.line };
        Ok(addresses.iter().flat_map(|at| lines.at(*at)).map(frame).collect())
    }

    fn scrub(&mut self) {
        self.jit.scrub();
    }

    fn restore(&mut self, code: &Code, exit: ExitNo, regs: &Registers) -> Result<Option<Vec<u64>>, String> {
        runtime::restore(&mut self.jit, &self.parts, code, exit, regs).map(Some)
    }

    fn runtime(&mut self) -> &mut dyn Runtime {
        self
    }
}

/// True for a case that allocates, or changes objects: what only a checkpoint brings back.
fn uses_vm(case: &Case) -> bool {
    let vm = |rule: Rule| {
        !matches!(
            rule,
            Rule::SCmp
                | Rule::UCmp
                | Rule::Equal
                | Rule::Bounds
                | Rule::Use
                | Rule::BitUn
                | Rule::Bit
                | Rule::Shift
                | Rule::Add
                | Rule::Mul
                | Rule::Div
                | Rule::Mod
                | Rule::Pow
                | Rule::Neg
                | Rule::NumMask
                | Rule::Ldexp
                | Rule::MinMax
                | Rule::FpMath
                | Rule::Overflow
                | Rule::StrRef
                | Rule::XLoad
                | Rule::XStore
                | Rule::SLoad
                | Rule::Barrier
                | Rule::Conv
                | Rule::ToBit
                | Rule::CArg
                | Rule::CallXs
                | Rule::Other
        )
    };
    let traces = std::iter::once(&case.trace).chain(case.side.iter().map(|s| &s.trace));
    !case.world.objects.is_empty() || traces.flat_map(|t| &t.ins).any(|i| vm(i.op.info().rule))
}

/// FOLD computes loads from constant memory while the trace is built.
fn write_constant_memory(jit: &mut Jit, case: &Case) -> Result<(), Refusal> {
    for (i, region) in case.world.regions.iter().enumerate().filter(|(_, r)| r.readonly) {
        jit.write(region.address(), &case.inputs[0].memory[i]).map_err(|e| Refusal::Broken(e.to_string()))?;
    }
    Ok(())
}

/// An error of the library, as what it means to the case. `refs` are LuaJIT's refs of the written instructions.
fn refuse(error: &Error, trace: &Trace, refs: &[Option<TRef>]) -> Refusal {
    let written = |at: Option<TRef>| at.and_then(|at| written_ref(refs, at)).filter(|r| *r < trace.end());
    match error {
        // Production gives such a trace up too; nothing is wrong.
        Error::Trace(e) => Refusal::Skip(format!("trace error {}", e.name)),
        Error::Assert { text, at_ref } => {
            Refusal::Fault { class: FaultClass::BackendAssert, text: text.clone(), at: written(*at_ref) }
        }
        Error::Lua { text } | Error::UnexpectedVmCall { text } | Error::OutOfArena { text } => {
            Refusal::Fault { class: FaultClass::BackendCrash, text: text.clone(), at: None }
        }
        other => Refusal::Broken(other.to_string()),
    }
}

/// The first written instruction that became this ref.
fn written_ref(refs: &[Option<TRef>], at: TRef) -> Option<Ref> {
    let i = refs.iter().position(|r| *r == Some(at))?;
    u16::try_from(i + 1).ok().map(Ref)
}
