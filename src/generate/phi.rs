//! PHIs: what carried values become, in cycles and shared, and their order.

use super::build::{Builder, integer_const};
use super::entropy::Source;
use crate::ir::{Arg, Class, Const, Op, Ref, Type};

/// PHIs of one register file that may be tangled. LuaJIT gives registers to the last ones, spills the others, and gives up
/// where one of those has a value in common with another (`asm_phi`: "only on synthetic code").
const TANGLED: usize = 16;

/// A PHI in the making.
#[derive(Clone, Copy)]
pub(super) struct Phi {
    /// The value from before LOOP.
    pub left: Ref,
    /// Its next value, once it is known.
    pub right: Option<Ref>,
}

impl Phi {
    /// True if it shares a value with another one.
    fn is_tangled(&self, all: &[Phi]) -> bool {
        let meets = |o: &Phi| o.right == self.right || o.right == Some(self.left) || self.right == Some(o.left);
        all.iter().any(|o| o.left != self.left && meets(o))
    }
}

impl Builder<'_, '_, '_> {
    /// Gives all PHIs that have none a right side.
    pub(super) fn give_rights(&mut self, phis: &mut [Phi], at_loop: Ref) {
        // The counter and pointers, which must move on as they do.
        let given: Vec<Ref> = phis.iter().filter(|p| p.right.is_some()).map(|p| p.left).collect();
        let rotate = self.swarm.rotate;
        if self.u.percent(rotate) {
            self.rotate(phis);
        }
        for n in 0..phis.len() {
            if phis[n].right.is_none() {
                phis[n].right = Some(self.next_value(phis, n, at_loop));
            }
        }
        if phis.len() > TANGLED {
            self.untangle(phis, &given);
        }
    }

    /// Puts those that are tangled last, and no more of them than get registers.
    fn untangle(&mut self, phis: &mut [Phi], given: &[Ref]) {
        for fp in [false, true] {
            while let Some(n) = self.one_too_many(phis, given, fp) {
                let left = phis[n].left;
                phis[n].right = Some(self.moved_on(left, self.ty(left).class()));
            }
        }
        let all = phis.to_vec();
        phis.sort_by_key(|p| p.is_tangled(&all));
    }

    /// A tangled PHI of a register file that has too many of them, whose right side is not only its own.
    fn one_too_many(&self, phis: &[Phi], given: &[Ref], fp: bool) -> Option<usize> {
        let of_file = |p: &&Phi| self.ty(p.left).is_fp() == fp;
        let tangled = phis.iter().filter(of_file).filter(|p| p.is_tangled(phis)).count();
        let shares = |p: &Phi| {
            let meets = |o: &Phi| o.right == p.right || p.right == Some(o.left);
            phis.iter().any(|o| o.left != p.left && meets(o))
        };
        let is_one = |n: &usize| of_file(&&phis[*n]) && !given.contains(&phis[*n].left) && shares(&phis[*n]);
        (tangled > TANGLED).then(|| (0..phis.len()).find(is_one)).flatten()
    }

    /// Lets carried values of a class change places in cycles: all of them, or only some.
    fn rotate(&mut self, phis: &mut [Phi]) {
        for class in [Class::W32, Class::W64, Class::Num] {
            let open = |p: &Phi| p.right.is_none() && self.ty(p.left).class() == class;
            let mut members: Vec<usize> = (0..phis.len()).filter(|n| open(&phis[*n])).collect();
            while members.len() >= 2 {
                let most = i64::try_from(members.len()).expect("few");
                let length = usize::try_from(self.u.range(2, most)).expect("a small number");
                let cycle = members.split_off(members.len() - length);
                let lefts: Vec<Ref> = cycle.iter().map(|n| phis[*n].left).collect();
                let by = 1 + self.u.index(length - 1);
                for (i, n) in cycle.iter().enumerate() {
                    phis[*n].right = Some(lefts[(i + by) % length]);
                }
                if self.u.percent(50) {
                    break;
                }
            }
        }
    }

    /// What a carried value becomes: something computed from it, another result of the body, or another carried value.
    fn next_value(&mut self, phis: &[Phi], n: usize, at_loop: Ref) -> Ref {
        let left = phis[n].left;
        let class = self.ty(left).class();
        let found = match self.u.weighted(&[6, 3, 2, if self.is_raw() { 2 } else { 0 }]) {
            0 => None,
            1 => self.one_that(class, |r| r > at_loop),
            2 => self.one_that(class, |r| r != left && phis.iter().any(|p| p.left == r)),
            _ => self.one_that(class, |r| r != left),
        };
        found.unwrap_or_else(|| self.moved_on(left, class))
    }

    fn one_that(&mut self, class: Class, f: impl Fn(Ref) -> bool) -> Option<Ref> {
        let some: Vec<Ref> = self.available(class).iter().copied().filter(|r| f(*r)).collect();
        (!some.is_empty()).then(|| self.u.pick(&some))
    }

    /// A step that FOLD cannot simplify away.
    pub(super) fn moved_on(&mut self, left: Ref, class: Class) -> Ref {
        let most = if self.has_room() { 40 } else { 4 };
        let k = self.u.range(1, most);
        let (ty, k) = match class {
            Class::Num => (Type::Num, Const::Num(f64::from(i32::try_from(k).expect("small")).to_bits())),
            Class::W32 => (Type::Int, integer_const(class, k)),
            class => (Type::I64, integer_const(class, k)),
        };
        let op = if self.u.percent(30) { Op::SUB } else { Op::ADD };
        self.push(op, ty, Arg::Ref(left), Arg::K(k))
    }
}
