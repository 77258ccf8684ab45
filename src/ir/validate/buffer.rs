//! There is one string buffer, and each of its values stands for all that was put to it so far.

use super::Check;
use crate::ir::{Arg, BufMode, Ins, Lit, Op, Ref, Trace, Type};

/// True for what gives the buffer: it is started, or something is put to it.
pub(super) fn gives(ins: &Ins) -> bool {
    match (ins.op, ins.op2) {
        (Op::BUFHDR | Op::BUFPUT, _) => true,
        (Op::CALLL, Arg::Lit(Lit::Callee(c))) => c.ret() == Type::P64 && c.args().first() == Some(&Type::P64),
        _ => false,
    }
}

/// Checks that a `BUFSTR` names what was put to the buffer last, and that all that was put there since it was reset is in one chain, as
/// recorders make it (`lj_ffrecord.c: recff_buffer_init`). FOLD takes it for the string of the chain that it names
/// (`lj_opt_fold.c: bufstr_kfold_cse`), the machine for that of the buffer.
pub(super) fn check(trace: &Trace, at: Ref, ins: &Ins) -> Check {
    if ins.op != Op::BUFSTR {
        return Ok(());
    }
    let before: Vec<_> = trace.iter().take_while(|(r, _)| *r < at).filter(|(_, i)| gives(i)).collect();
    let (mut next, mut head) = (ins.op1.as_ref(), None);
    for (r, user) in before.into_iter().rev() {
        if next != Some(r) {
            return Err(format!("{:04} puts to the buffer, too, and is not in the chain of operand 1", r.0));
        }
        if user.op == Op::BUFHDR {
            head = head.or(Some(r));
        }
        next = used(trace, user);
        if next.is_none() {
            break;
        }
    }
    if head == ins.op2.as_ref() { Ok(()) } else { Err("operand 2 must be the last BUFHDR".into()) }
}

/// The buffer that an instruction goes on with.
fn used(trace: &Trace, ins: &Ins) -> Option<Ref> {
    match ins.op {
        Op::BUFHDR if ins.op2 != Arg::Lit(Lit::Buf(BufMode::Append)) => None,
        Op::BUFHDR | Op::BUFPUT => ins.op1.as_ref(),
        _ if gives(ins) => first_argument(trace, ins.op1),
        _ => None,
    }
}

fn first_argument(trace: &Trace, mut arg: Arg) -> Option<Ref> {
    while let Some(r) = arg.as_ref() {
        let ins = trace.get(r);
        if ins.op != Op::CARG {
            return Some(r);
        }
        arg = ins.op1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Const, Link};

    fn ins(op: Op, ty: Type, op1: Arg, op2: Arg) -> Ins {
        Ins { op, ty, guard: false, op1, op2 }
    }

    fn r(n: u16) -> Arg {
        Arg::Ref(Ref(n))
    }

    fn checked(list: &[Ins]) -> Check {
        let trace = Trace { ins: list.to_vec(), snaps: vec![], link: Link::Return };
        trace.iter().try_for_each(|(at, ins)| check(&trace, at, ins))
    }

    #[test]
    fn the_last_put_and_its_header_are_named() {
        let head = |mode, from| ins(Op::BUFHDR, Type::P64, from, Arg::Lit(Lit::Buf(mode)));
        let reset = || head(BufMode::Reset, Arg::K(Const::TmpBuf));
        let put = |buffer| ins(Op::BUFPUT, Type::P64, r(buffer), Arg::K(Const::Null));
        let string = |end, head| ins(Op::BUFSTR, Type::Str, r(end), r(head));
        assert_eq!(checked(&[reset(), string(1, 1), put(1), string(3, 1), string(3, 1)]), Ok(()));
        assert_eq!(
            checked(&[reset(), put(1), string(2, 1), head(BufMode::Append, r(2)), put(4), string(5, 4)]),
            Ok(())
        );
        assert!(checked(&[reset(), put(1), string(1, 1)]).is_err());
        assert!(checked(&[reset(), put(1), put(1), string(3, 1)]).is_err());
        assert!(checked(&[reset(), put(1), head(BufMode::Append, r(1)), string(3, 3)]).is_err());
        assert_eq!(checked(&[reset(), put(1), put(1)]), Ok(()), "nobody looks");
        let two = checked(&[reset(), reset(), string(2, 1)]);
        assert_eq!(two, Err("operand 2 must be the last BUFHDR".into()));
    }

    #[test]
    fn a_call_puts_to_its_first_argument() {
        use crate::ir::Callee;
        let callee = Arg::Lit(Lit::Callee(Callee::lj_strfmt_putint));
        let list = |buffer| {
            let reset = ins(Op::BUFHDR, Type::P64, Arg::K(Const::TmpBuf), Arg::Lit(Lit::Buf(BufMode::Reset)));
            let put = ins(Op::BUFPUT, Type::P64, r(1), Arg::K(Const::Null));
            let arguments = ins(Op::CARG, Type::Nil, r(buffer), Arg::K(Const::Int(1)));
            [reset, put, arguments, ins(Op::CALLL, Type::P64, r(3), callee), ins(Op::BUFSTR, Type::Str, r(4), r(1))]
        };
        assert_eq!(checked(&list(2)), Ok(()));
        assert!(checked(&list(1)).is_err());
    }
}
