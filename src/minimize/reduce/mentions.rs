//! Where a case mentions regions, objects and slots.

use crate::case::{Case, ObjectValues};
use crate::ir::{Arg, Const, Key, Lit, ObjId, Slot, SymPtr, Trace};
use crate::world::{ObjectKind, SlotValue, Upvalue};

fn traces(case: &mut Case) -> impl Iterator<Item = &mut Trace> {
    std::iter::once(&mut case.trace).chain(case.side.as_mut().map(|s| &mut s.trace))
}

fn args(case: &mut Case, see: &mut dyn FnMut(&mut Arg)) {
    for trace in traces(case) {
        for ins in &mut trace.ins {
            see(&mut ins.op1);
            see(&mut ins.op2);
        }
        trace.snaps.iter_mut().flat_map(|s| &mut s.entries).for_each(|e| see(&mut e.value));
    }
}

fn values(case: &mut Case, see: &mut dyn FnMut(&mut SlotValue)) {
    for input in &mut case.inputs {
        input.slots.iter_mut().for_each(|(_, v)| see(v));
        for object in &mut input.objects {
            match object {
                ObjectValues::Table { array, hash } => array.iter_mut().chain(hash).for_each(&mut *see),
                ObjectValues::Upvalues(list) => list.iter_mut().for_each(&mut *see),
                ObjectValues::None | ObjectValues::Bytes(_) => {}
            }
        }
    }
}

/// Every place in a region.
pub(super) fn places(case: &mut Case, see: &mut dyn FnMut(&mut SymPtr)) {
    args(case, &mut |arg| {
        if let Arg::K(Const::Ptr(p) | Const::KPtr(p)) = arg {
            see(p);
        }
    });
    values(case, &mut |value| {
        if let SlotValue::Str(p) = value {
            see(p);
        }
    });
    for pointer in case.inputs.iter_mut().flat_map(|i| &mut i.pointers) {
        see(&mut pointer.at);
        see(&mut pointer.to);
    }
}

/// Every object but for those that only are.
pub(super) fn objects(case: &mut Case, see: &mut dyn FnMut(&mut ObjId)) {
    args(case, &mut |arg| match arg {
        Arg::K(Const::Gc(id)) => see(id),
        Arg::K(Const::KSlot(id, key)) => {
            see(id);
            if let Key::Obj(id) = key {
                see(id);
            }
        }
        _ => {}
    });
    values(case, &mut |value| {
        if let SlotValue::Obj(id) = value {
            see(id);
        }
    });
    for object in &mut case.world.objects {
        match &mut object.kind {
            ObjectKind::Table { keys, meta, .. } => {
                keys.iter_mut().for_each(|key| {
                    if let Key::Obj(id) = key {
                        see(id);
                    }
                });
                meta.iter_mut().for_each(&mut *see);
            }
            ObjectKind::Udata { meta, .. } => meta.iter_mut().for_each(&mut *see),
            ObjectKind::Str(_) | ObjectKind::Func { .. } | ObjectKind::Cdata(_) => {}
        }
    }
}

/// Every Lua stack slot.
pub(super) fn slots(case: &mut Case, see: &mut dyn FnMut(&mut Slot)) {
    args(case, &mut |arg| {
        if let Arg::Lit(Lit::Slot(s)) = arg {
            let mut slot = Slot(*s);
            see(&mut slot);
            *s = slot.0;
        }
    });
    for trace in traces(case) {
        trace.snaps.iter_mut().flat_map(|s| &mut s.entries).for_each(|e| see(&mut e.slot));
    }
    case.inputs.iter_mut().flat_map(|i| &mut i.slots).for_each(|(s, _)| see(s));
    for object in &mut case.world.objects {
        if let ObjectKind::Func { upvalues } = &mut object.kind {
            upvalues.iter_mut().for_each(|u| {
                if let Upvalue::Open(s) = u {
                    see(s);
                }
            });
        }
    }
}
