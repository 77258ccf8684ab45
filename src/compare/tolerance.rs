//! The tolerated differences, each with its reason and source.
//!
//! In a raw case every instruction reaches the assembler as written, so every bit is ARM64's to decide and nothing is
//! tolerated but the rounding of fused multiply-add. Through FOLD, LuaJIT computes constants with the *host's* C code
//! (`lj_opt_fold.c`, `lj_vmmath.c`) and swaps the operands of commutative instructions: the same trace may then
//! give another NaN, or another result of a conversion that C leaves undefined. A case is not a finding where its
//! interpreter met such a spot before the difference.

use crate::case::Case;
use crate::case::Emit;
use crate::outcome::{Outcome, Unspecified};

/// The reason for which a difference between `expected` and the machine is no finding, if there is one.
pub fn tolerated(case: &Case, expected: &Outcome, may_fuse_fma: bool) -> Option<Unspecified> {
    expected.unspecified.iter().copied().find(|u| match u {
        // x86's invalid operations give a negative default NaN, ARM64's a positive one (Arm ARM, "FPProcessNaN").
        // lj_opt_fold.c: kfold_numarith computes on the host.
        Unspecified::NanSign => case.emit != Emit::Raw,
        // lj_opt_fold.c: comm_swap; with two NaNs, FADD and FMUL return the first operand's.
        Unspecified::NanPayload => case.emit != Emit::Raw,
        // lj_opt_fold.c: kfold_conv_knum_int_num and others cast in C: undefined out of range. lj_opt_narrow.c may
        // drop the conversion of a sum.
        Unspecified::ConvRange => case.emit != Emit::Raw,
        // lj_opt_narrow.c: narrow_conv_backprop adds converted terms where the trace converts their sum. Numbers that are not integral
        // round in an unspecified way: http://bitop.luajit.org/semantics.html
        Unspecified::TobitFraction => case.emit != Emit::Raw,
        // lj_asm_arm64.h: asm_fusemadd rounds once where MUL and ADD round twice: a switch of the user's (-O+fma), always on in
        // releases before the switch existed.
        Unspecified::Fma => may_fuse_fma,
        // lj_opt_narrow.c: narrow_conv_backprop, also of a sum that only FOLD knows to be one (a forwarded load). The recorder converts
        // what it has seen to be integers. That FOLD did it, the backend says ([`crate::code::Code::narrowed`]).
        Unspecified::NarrowedSum => case.emit != Emit::Raw,
        // lj_opt_mem.c: aa_xref takes accesses by different bases and of different types for different memory, as C's rules let the
        // program promise; lj_opt_fwd_xload takes constant memory for constant. The generator keeps both; made small, a case may not.
        Unspecified::StrictAliasing => case.emit != Emit::Raw,
        // lj_ir.h: ir_sideeff; lj_iropt.h: IRM_W. Without a use, ADDOV, SUBOV and MULOV are dead code, guard and all (lj_opt_dce.c, lj_asm.c).
        // The generator keeps each in use; mutated, made small or imported, a case may not.
        Unspecified::WeakGuard => case.flags.dce,
        // lj_opt_fold.c: abc_k makes one check of two by constants, by the larger one, where the first stands, and leaves there. The
        // recorder writes both only where the run that it saw passed both.
        Unspecified::MergedCheck => case.emit != Emit::Raw && case.flags.abc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::OptFlags;
    use crate::ir::{ExitNo, Link, Trace};
    use crate::outcome::End;
    use crate::world::World;

    fn judged(emit: Emit, unspecified: Vec<Unspecified>, fma: bool) -> Option<Unspecified> {
        let trace = Trace { ins: vec![], snaps: vec![], link: Link::Return };
        let case = Case::new(trace, World::default(), vec![], emit, OptFlags::default());
        let end = End::Exit(ExitNo(0));
        let (values, stack, memory, calls) = (vec![], vec![], vec![], vec![]);
        tolerated(
            &case,
            &Outcome { end, values, stack, memory, calls, heap: crate::outcome::Heap::new(), unspecified },
            fma,
        )
    }

    #[test]
    fn raw_cases_tolerate_no_nan_and_no_range() {
        for u in [Unspecified::NanSign, Unspecified::NanPayload, Unspecified::ConvRange, Unspecified::TobitFraction] {
            assert_eq!(judged(Emit::Raw, vec![u], true), None);
            assert_eq!(judged(Emit::Fold, vec![u], false), Some(u));
        }
    }

    #[test]
    fn fused_rounding_is_tolerated_only_where_the_backend_may_fuse() {
        assert_eq!(judged(Emit::Fold, vec![Unspecified::Fma], false), None);
        assert_eq!(judged(Emit::Raw, vec![Unspecified::Fma], true), Some(Unspecified::Fma));
    }

    #[test]
    fn without_a_mark_nothing_is_tolerated() {
        assert_eq!(judged(Emit::Fold, vec![], true), None);
    }
}
