//! Marks for what the optimiser may do to floating point: fuse a product into a sum, rewrite an operation.

use super::frame::{Frame, Product, Step};
use super::marks::Marks;
use super::sem::fp;
use crate::ir::{Op, Type};
use crate::outcome::Unspecified;

/// Marks a sum whose result differs from that of the fused instruction, for each operand that is a product
/// (`lj_asm_arm64.h`, `asm_fusemadd`). FOLD may have swapped a product's operands (`lj_opt_fold.c`, `comm_swap`), and FMSUB negates a
/// NaN that is its first.
pub(super) fn note_products(frame: &mut Frame<'_>, step: &Step, result: u64) {
    for (n, product) in step.products.iter().enumerate() {
        let orders = |p: Product| [p, Product { factors: [p.factors[1], p.factors[0]], ..p }];
        if product.is_some_and(|p| orders(p).into_iter().any(|p| fused(frame, step, n, p) != result)) {
            frame.marks.set(Unspecified::Fma);
        }
    }
}

/// The fused form of a sum whose operand `n` is the product `p`: FMADD, FNMSUB (product first) or FMSUB.
fn fused(frame: &Frame<'_>, step: &Step, n: usize, p: Product) -> u64 {
    let [x, y] = p.factors.map(|at| frame.values[at]);
    let x = if p.negated { fp::neg(x) } else { x };
    let addend = frame.values[if n == 0 { step.b } else { step.a }];
    match (step.op, n) {
        (Op::SUB, 0) => fp::mul_add(fp::neg(addend), x, y),
        (Op::SUB, _) => fp::mul_add(addend, fp::neg(x), y),
        _ => fp::mul_add(addend, x, y),
    }
}

/// Marks a NaN that enters arithmetic: FOLD may compute it on the host or rewrite it, when it learns what an operand is from a store before,
/// an earlier iteration or the operand's own folding. The rewritten operation may give the NaN another sign, or not quiet it (`lj_opt_fold.c`,
/// "FP algebraic simplifications").
#[inline]
pub(super) fn note_nan(marks: &mut Marks, step: &Step, a: u64, b: u64) {
    if step.ty == Type::Num && (fp::is_nan(a) || fp::is_nan(b)) {
        marks.set(Unspecified::NanSign);
        marks.set(Unspecified::NanPayload);
    }
}
