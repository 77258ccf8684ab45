//! What the recorder never writes, seen only when the operands are known as FOLD left them: skipped, since LuaJIT relies on it.

use super::numbers::Numbers;
use crate::case::Case;
use crate::ir::{Arg, Const, Ins, Op, Rule, Type};
use crate::world::World;
use luajit_arm64_sys::{Error, Folded, Jit, TRef};

/// Why an instruction whose operands have been emitted is to be skipped, if it is. `as_written` says that FOLD will not be asked.
pub(super) fn check(
    jit: &Jit,
    case: &Case,
    ins: &Ins,
    operands: [TRef; 2],
    as_written: bool,
) -> Result<Option<&'static str>, Error> {
    let [op1, op2] = operands;
    let is_shift = ins.op.info().rule == Rule::Shift;
    if is_shift && matches!(ins.op2, Arg::K(Const::Ptr(_) | Const::KPtr(_))) {
        // asm_bitshift takes the low half of a constant; no program shifts by an address.
        return Ok(Some("a shift count is an address"));
    }
    if ins.op == Op::BNOT && as_written && matches!(ins.op1, Arg::Ref(_)) && op1.is_const() {
        // asm_bnot takes no constant; FOLD, which would compute it, is not asked here.
        return Ok(Some("an operand that is not folded is constant"));
    }
    if matches!(ins.op, Op::XLOAD | Op::XSTORE) && is_in_string(jit, op1)? {
        // lj_ffrecord.c loads bytes, and stores none. asm_fusexref adds in the general register that has the number of the loaded one,
        // and does not mask that of a number where it takes a constant index for a register.
        if ins.ty.is_fp() {
            return Ok(Some("a number is loaded from a string"));
        }
        if ins.op == Op::XSTORE {
            return Ok(Some("a string is stored to"));
        }
    }
    if ins.op == Op::SNEW && !as_written && op1.is_const() && op2.is_const() {
        // lj_opt_fold.c: kfold_snew_kptr makes the string while it folds.
        let (address, length) = (jit.ir(op1)?.value, jit.ir(op2)?.value);
        if !has_bytes(&case.world, address, length & 0xffff_ffff) {
            return Ok(Some("FOLD would make a string of bytes that are not there"));
        }
    }
    if ins.op == Op::XLOAD && !as_written && op1.is_const() && matches!(ins.op1, Arg::Ref(_)) {
        // lj_opt_fold.c: xload_kptr loads from constant memory while it folds.
        if !has_bytes(&case.world, jit.ir(op1)?.value, u64::from(ins.ty.size())) {
            return Ok(Some("FOLD would load bytes that are not there"));
        }
    }
    Ok(None)
}

/// Why what FOLD made of a load is to be skipped, if it is.
pub(super) fn check_forwarded(
    jit: &Jit,
    numbers: &Numbers,
    load: &Ins,
    folded: Folded,
) -> Result<Option<&'static str>, Error> {
    let (Rule::TvLoad, Folded::Ref(value)) = (load.op.info().rule, folded) else { return Ok(None) };
    // lj_opt_mem.c: fwd_ahload, lj_opt_fwd_uload give what was stored, or what a new table has, and do not look at types: the recorder
    // loads with the type of the value that it finds there (lj_record.c: rec_idx).
    let found = jit.ir(value)?.ty;
    let is_narrow = [Type::I8, Type::U8, Type::I16, Type::U16].into_iter().any(|ty| numbers.is(found, ty));
    let same = numbers.is(found, load.ty) || load.ty == Type::Int && is_narrow;
    Ok((!same).then_some("FOLD forwards a value of another type to a load"))
}

/// Whether an address is one in a string.
fn is_in_string(jit: &Jit, address: TRef) -> Result<bool, Error> {
    Ok(!address.is_const() && Some(jit.ir(address)?.op) == jit.tables().op("STRREF"))
}

/// Whether bytes lie in a region or in an object.
fn has_bytes(world: &World, address: u64, length: u64) -> bool {
    let within = |from: u64, size: u64| address >= from && address - from <= size && length <= size - (address - from);
    let in_object =
        world.objects.iter().zip(world.object_addresses()).any(|(object, header)| {
            object.kind.payload().is_some_and(|(at, size)| within(header + at, u64::from(size)))
        });
    in_object || world.regions.iter().any(|r| within(r.address(), u64::from(r.size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Object, ObjectKind, Region};

    #[test]
    fn bytes_are_in_one_region_or_object() {
        let region = Region { name: "data".into(), size: 16, offset: 0, readonly: false };
        let object = Object { name: "s".into(), kind: ObjectKind::Str(b"abc".to_vec()) };
        let world = World { regions: vec![region], objects: vec![object] };
        let (data, text) = (world.regions[0].address(), world.object_addresses()[0] + 24);
        assert!(has_bytes(&world, data, 16) && has_bytes(&world, data + 15, 1) && has_bytes(&world, text, 3));
        assert!(!has_bytes(&world, data, 17) && !has_bytes(&world, data - 1, 1));
        assert!(!has_bytes(&world, text, 0xffff_ffff) && !has_bytes(&world, text + 5, 0));
    }
}
