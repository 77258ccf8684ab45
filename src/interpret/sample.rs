//! Small cases for this module's tests: a trace written as calls.

use crate::case::{Case, Emit, Input, ObjectValues, OptFlags};
use crate::ir::{
    Arg, Const, Ins, Link, Lit, ObjId, Op, Ref, RegionId, SloadMode, Slot, Snap, SnapEntry, SymPtr, Trace, Type,
};
use crate::world::{Object, ObjectKind, Region, SlotValue, World};

/// A case under construction.
pub(super) struct Sample(pub Case);

/// An operand.
pub(super) fn r(n: u16) -> Arg {
    Arg::Ref(Ref(n))
}

pub(super) fn int(i: i32) -> Arg {
    Arg::K(Const::Int(i))
}

pub(super) fn num(x: f64) -> Arg {
    Arg::K(Const::Num(x.to_bits()))
}

/// An object of the world.
pub(super) fn gc(n: u8) -> Arg {
    Arg::K(Const::Gc(ObjId(n)))
}

/// A primitive.
pub(super) fn pri(ty: Type) -> Arg {
    Arg::K(Const::Pri(ty))
}

/// No operand, where one is a reference.
pub(super) const NIL: Arg = Arg::K(Const::Pri(Type::Nil));

/// A pointer into the first region.
pub(super) fn data(offset: i64) -> Arg {
    Arg::K(Const::Ptr(SymPtr { region: RegionId(0), offset }))
}

pub(super) fn sload_mode(letters: &str) -> SloadMode {
    let has = |c| letters.contains(c);
    SloadMode { typecheck: has('T'), convert: has('C'), readonly: has('R'), inherit: has('I'), parent: has('P') }
}

impl Sample {
    /// Two regions of 64 bytes, "data" and the read-only "konst"; one input of zeros.
    pub(super) fn new() -> Self {
        let region = |name: &str, offset, readonly| Region { name: name.into(), offset, size: 64, readonly };
        let world = World { regions: vec![region("data", 0, false), region("konst", 4096, true)], objects: vec![] };
        let input = Input { memory: vec![vec![0; 64]; 2], ..Input::default() };
        let trace = Trace { ins: vec![], snaps: vec![], link: Link::Return };
        Sample(Case::new(trace, world, vec![input], Emit::Raw, OptFlags::default())).snap(&[])
    }

    /// Objects of the world with their values in the input.
    pub(super) fn objects(mut self, objects: Vec<(ObjectKind, ObjectValues)>) -> Self {
        for (n, (kind, values)) in objects.into_iter().enumerate() {
            self.0.world.objects.push(Object { name: format!("o{n}"), kind });
            self.0.inputs[0].objects.push(values);
        }
        self
    }

    pub(super) fn slots(mut self, slots: &[(u8, SlotValue)]) -> Self {
        self.0.inputs[0].slots = slots.iter().map(|(s, v)| (Slot(*s), *v)).collect();
        self
    }

    pub(super) fn ins(mut self, op: Op, ty: Type, op1: Arg, op2: Arg) -> Self {
        self.0.trace.ins.push(Ins { op, ty, guard: false, op1, op2 });
        self
    }

    pub(super) fn guard(self, op: Op, ty: Type, op1: Arg, op2: Arg) -> Self {
        let mut s = self.ins(op, ty, op1, op2);
        s.0.trace.ins.last_mut().expect("just pushed").guard = true;
        s
    }

    pub(super) fn sload(self, ty: Type, slot: u8, letters: &str) -> Self {
        let (slot, mode) = (Arg::Lit(Lit::Slot(slot)), Arg::Lit(Lit::Sload(sload_mode(letters))));
        if letters.contains('T') { self.guard(Op::SLOAD, ty, slot, mode) } else { self.ins(Op::SLOAD, ty, slot, mode) }
    }

    pub(super) fn snap(mut self, entries: &[(u8, Arg)]) -> Self {
        let entries = entries.iter().map(|(s, value)| SnapEntry { slot: Slot(*s), value: *value }).collect();
        let at = self.0.trace.end();
        self.0.trace.snaps.push(Snap { at, entries });
        self
    }

    /// `LOOP` with its snapshot, which holds nothing; the rest is its body.
    pub(super) fn looped(mut self) -> Self {
        self.0.trace.link = Link::Loop;
        let at = self.0.trace.end();
        let s = if self.0.trace.snaps.iter().any(|s| s.at == at) { self } else { self.snap(&[]) };
        s.ins(Op::LOOP, Type::Nil, Arg::None, Arg::None)
    }

    /// The case, checked to be legal.
    pub(super) fn case(self) -> Case {
        assert_eq!(self.0.check(), Ok(()));
        self.0
    }
}
