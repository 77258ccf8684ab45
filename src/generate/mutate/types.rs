//! Changes of types, signs and opcodes.

use super::super::entropy::{Bulk, Source};
use super::edit::{ins_mut, insert, pick};
use super::operand::is_access;
use crate::ir::sig::{MEMORY_TYPES, conv_is_legal};
use crate::ir::{ALL_OPS, Arg, ConvMode, Ins, Lit, Op, Ref, Rule, Status, Trace, Type};

/// Changes the sign or the width in memory of one access, where its value stays of the same class.
pub(super) fn change_sign(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = pick(trace, s, |_, ins| is_access(ins)) else { return false };
    let old = trace.get(at).ty;
    let same: Vec<Type> = MEMORY_TYPES.iter().copied().filter(|ty| *ty != old && ty.class() == old.class()).collect();
    if same.is_empty() {
        return false;
    }
    ins_mut(trace, at).ty = s.pick(&same);
    true
}

/// Changes the type of one access, with conversions between it and the values around.
pub(super) fn change_type(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = pick(trace, s, |_, ins| is_access(ins)) else { return false };
    let (old, new) = (trace.get(at).ty, s.pick(MEMORY_TYPES));
    old != new && retype(trace, at, new).is_some()
}

/// Changes the type of all accesses of one type: pairs stay pairs.
pub(super) fn change_all_types(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = pick(trace, s, |_, ins| is_access(ins)) else { return false };
    let (old, new) = (trace.get(at).ty, s.pick(MEMORY_TYPES));
    let all: Vec<Ref> = trace.iter().filter(|(_, ins)| is_access(ins) && ins.ty == old).map(|(at, _)| at).collect();
    // From the end, since conversions move what is behind them.
    old != new && all.into_iter().rev().all(|at| retype(trace, at, new).is_some())
}

/// Gives an access another type. A load's value is converted back for those that use it, a stored one before.
fn retype(trace: &mut Trace, at: Ref, new: Type) -> Option<()> {
    let ins = *trace.get(at);
    let old = ins.ty;
    if old.class() == new.class() {
        ins_mut(trace, at).ty = new;
        return Some(());
    }
    if ins.op == Op::XSTORE {
        let to = register_type(new);
        insert(trace, at, &[conversion(to, register_type(old), ins.op2)?])?;
        let store = ins_mut(trace, Ref(at.0 + 1));
        (store.ty, store.op2) = (new, Arg::Ref(at));
        return Some(());
    }
    let back = conversion(register_type(old), register_type(new), Arg::Ref(at))?;
    insert(trace, Ref(at.0 + 1), &[back])?;
    replace_uses(trace, at, Ref(at.0 + 1));
    ins_mut(trace, at).ty = new;
    Some(())
}

/// The type that a value of a memory type is converted from and to.
fn register_type(ty: Type) -> Type {
    match ty {
        Type::I8 | Type::U8 | Type::I16 | Type::U16 => Type::Int,
        other => other,
    }
}

fn conversion(to: Type, from: Type, value: Arg) -> Option<Ins> {
    let mode = ConvMode { src: from, sext: from == Type::Int && to.is_w64(), check: Default::default() };
    let ins = Ins { op: Op::CONV, ty: to, guard: false, op1: value, op2: Arg::Lit(Lit::Conv(mode)) };
    conv_is_legal(to, from).then_some(ins)
}

/// Lets all that use `old` use `new` instead, but `new` itself.
fn replace_uses(trace: &mut Trace, old: Ref, new: Ref) {
    let swap = |a: &mut Arg| {
        if *a == Arg::Ref(old) {
            *a = Arg::Ref(new);
        }
    };
    for (n, ins) in trace.ins.iter_mut().enumerate() {
        if n + 1 != usize::from(new.0) {
            swap(&mut ins.op1);
            swap(&mut ins.op2);
        }
    }
    trace.snaps.iter_mut().flat_map(|snap| &mut snap.entries).for_each(|entry| swap(&mut entry.value));
}

/// Replaces an opcode by one of the same signature.
pub(super) fn change_op(trace: &mut Trace, s: &mut Bulk) -> bool {
    let Some(at) = pick(trace, s, |_, ins| siblings(ins.op).next().is_some()) else { return false };
    let all: Vec<Op> = siblings(trace.get(at).op).collect();
    let ins = ins_mut(trace, at);
    // An address is a sum: other ops make none.
    if ins.ty == Type::P64 && ins.op == Op::ADD {
        return false;
    }
    ins.op = s.pick(&all);
    true
}

/// Opcodes that take and give the same, of the families that compute or compare.
fn siblings(op: Op) -> impl Iterator<Item = Op> {
    let info = op.info();
    let family = |rule| {
        matches!(
            rule,
            Rule::SCmp
                | Rule::UCmp
                | Rule::Equal
                | Rule::BitUn
                | Rule::Bit
                | Rule::Shift
                | Rule::Add
                | Rule::MinMax
                | Rule::Overflow
        )
    };
    let same = move |other: &Op| *other != op && other.info().rule == info.rule && other.info().status == Status::Plain;
    ALL_OPS.iter().copied().filter(move |other| family(info.rule) && same(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    fn changed(body: &str, change: impl FnOnce(&mut Trace)) -> String {
        let text = format!(
            "; tracehound 1\n; region data 64 at 0\n; input 1\n---- TRACE 1\n{body}---- TRACE 1 stop -> return\n"
        );
        let mut file = text::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        change(&mut file.case.trace);
        file.case.check().expect("legal");
        let printed = text::print(&file);
        printed.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit() || c == '.')).map(squeezed).collect()
    }

    fn squeezed(line: &str) -> String {
        line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n"
    }

    const LOAD: &str = "\
....        SNAP   #0   [ ---- ---- ]
0001    int XLOAD  [data+8]
0002    int XSTORE [data+0]  0001
....        SNAP   #1   [ ---- ---- 0001 ]
";

    #[test]
    fn a_load_of_another_class_is_converted_back() {
        let shown = changed(LOAD, |t| retype(t, Ref(1), Type::I64).expect("possible"));
        assert_eq!(
            shown,
            ".... SNAP #0 [ ---- ---- ]\n0001 i64 XLOAD [data+8]\n0002 int CONV 0001 int.i64\n\
             0003 int XSTORE [data+0] 0002\n.... SNAP #1 [ ---- ---- 0002 ]\n"
        );
    }

    #[test]
    fn a_stored_value_of_another_class_is_converted_before() {
        let shown = changed(LOAD, |t| retype(t, Ref(2), Type::Num).expect("possible"));
        assert!(shown.contains("0002 num CONV 0001 num.int\n0003 num XSTORE [data+0] 0002\n"), "{shown}");
        let narrow = changed(LOAD, |t| retype(t, Ref(2), Type::I16).expect("possible"));
        assert!(narrow.contains("0002 i16 XSTORE [data+0] 0001\n"), "{narrow}");
    }

    #[test]
    fn siblings_have_the_same_signature() {
        assert_eq!(siblings(Op::SUB).collect::<Vec<_>>(), [Op::ADD]);
        assert!(siblings(Op::BSHL).all(|op| op != Op::BROL), "BROL is not generated");
        assert_eq!(siblings(Op::XLOAD).next(), None);
    }
}
