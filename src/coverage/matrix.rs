//! Opcodes by type.

use super::{Counts, bump};
use crate::ir::Trace;
use std::collections::BTreeMap;

/// Counts each written instruction.
pub(super) fn count(trace: &Trace, ops: &mut BTreeMap<String, Counts>) {
    for ins in &trace.ins {
        let ty = if ins.guard { format!(">{}", ins.ty.text()) } else { ins.ty.text().into() };
        match ops.get_mut(ins.op.name()) {
            Some(types) => bump(types, &ty),
            None => bump(ops.entry(ins.op.name().into()).or_default(), &ty),
        }
    }
}
