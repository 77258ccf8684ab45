//! What a trace's loop carries, and which instructions of its body are copies of which from before it.

use super::side::Part;
use luajit_arm64_sys::{Error, Ins, Jit, Operand, TRef};
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

/// The bits of an instruction's type byte that are its type (`IRT_TYPE`).
pub const TYPE: u8 = 0x1f;

/// The loop of a trace, if it has one.
#[derive(Debug, Default)]
pub struct Looping {
    /// `LOOP`.
    pub at: Option<TRef>,
    /// Left operands of `PHI`s, with the right ones.
    pub phis: BTreeMap<TRef, TRef>,
    /// Instructions of a body that the loop pass made, with those they were made of.
    pub copies: BTreeMap<TRef, TRef>,
}

impl Looping {
    /// Reads the loop off a committed trace. `copied`: its body was made by `lj_opt_loop`.
    pub fn read(jit: &Jit, part: &Part, copied: bool) -> Result<Looping, Error> {
        let body = Body::read(jit, part.traceno)?;
        let Some(at) = body.named("LOOP").next() else { return Ok(Looping::default()) };
        let phis = body.named("PHI").map(|phi| (TRef(body.ins[&phi].op1), TRef(body.ins[&phi].op2))).collect();
        let copies = if copied { body.copies(at, &phis) } else { BTreeMap::new() };
        Ok(Looping { at: Some(at), phis, copies })
    }
}

/// The instructions of a trace.
struct Body<'a> {
    jit: &'a Jit,
    ins: BTreeMap<TRef, Ins>,
}

impl Body<'_> {
    fn read(jit: &Jit, traceno: u32) -> Result<Body<'_>, Error> {
        let code = jit.code_of(traceno)?;
        let end = u16::try_from(code.nins).expect("a ref has 16 bits");
        let refs = (TRef::BIAS + 1..end).map(TRef);
        let ins = refs.map(|r| Ok((r, jit.ir_of(traceno, r)?))).collect::<Result<_, Error>>()?;
        Ok(Body { jit, ins })
    }

    fn is(&self, ins: &Ins, name: &str) -> bool {
        self.jit.tables().op(name) == Some(ins.op)
    }

    fn named<'b>(&'b self, name: &'b str) -> impl Iterator<Item = TRef> + 'b {
        self.ins.iter().filter(move |(_, ins)| self.is(ins, name)).map(|(r, _)| *r)
    }

    /// `lj_opt_loop: loop_unroll` emits each instruction once more with its operands replaced, through FOLD. A `PHI` has an instruction
    /// and what became of it; of the others the next one in order that can be it is taken.
    fn copies(&self, at: TRef, phis: &BTreeMap<TRef, TRef>) -> BTreeMap<TRef, TRef> {
        let (mut made, mut copies, mut from) = (phis.clone(), BTreeMap::new(), at);
        for (old, ins) in self.ins.range(..at) {
            let behind = (Excluded(from), Unbounded);
            let next = || self.ins.range(behind).find(|(_, new)| self.can_be(ins, new, &made)).map(|(r, _)| *r);
            let known = phis.get(old).copied().filter(|right| *right > at);
            if let Some(new) = known.or_else(next) {
                made.insert(*old, new);
                copies.entry(new).or_insert(*old);
                from = from.max(new);
            }
        }
        copies
    }

    fn can_be(&self, old: &Ins, new: &Ins, made: &BTreeMap<TRef, TRef>) -> bool {
        let Some(info) = self.jit.tables().ops.get(usize::from(old.op)) else { return false };
        let operand = |kind: Operand, old: u16, new: u16| match kind {
            Operand::Ref if !TRef(old).is_const() => made.get(&TRef(old)).is_none_or(|made| made.0 == new),
            _ => old == new,
        };
        let same_type = (old.ty ^ new.ty) & TYPE == 0;
        old.op == new.op && same_type && operand(info.op1, old.op1, new.op1) && operand(info.op2, old.op2, new.op2)
    }
}
