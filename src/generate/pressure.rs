//! Register pressure: values that stay alive for long, over calls and guards, until there are more than registers.

use super::build::Builder;
use super::entropy::Source;
use crate::ir::{Arg, Class, Op, Ref, Type};

impl Builder<'_, '_, '_> {
    /// Loads the values that a pressure case keeps alive until its end.
    pub(super) fn pressure(&mut self) {
        for _ in 0..self.swarm.live {
            if !self.has_room() {
                break;
            }
            let class = self.u.pick(self.swarm.held);
            self.fresh(class);
        }
    }

    /// Loads some values, does something else, and only then uses all of them.
    pub(super) fn window(&mut self) {
        if !self.has_room() {
            return;
        }
        let most = if self.swarm.live > 0 { i64::from(self.swarm.live / 2).max(8) } else { 6 };
        let count = self.u.range(2, most);
        let mut held: Vec<Ref> = Vec::new();
        for _ in 0..count {
            let class = self.u.pick(self.swarm.held);
            held.push(self.fresh(class));
        }
        for _ in 0..1 + self.u.below(3) {
            self.interruption();
        }
        self.use_all(held);
    }

    /// What takes registers away, or wants values in their places.
    fn interruption(&mut self) {
        match self.u.weighted(&[4, 3, 3, 2, 2, 1]) {
            0 => self.call(),
            1 => self.guard(),
            2 => self.alu(Class::W64),
            3 => self.alu(Class::Num),
            4 => self.snapshot(),
            _ => self.cluster(),
        }
    }

    /// Uses values in the order of their loads, against it, or from both ends: each with the one before, or in a store.
    fn use_all(&mut self, mut held: Vec<Ref>) {
        match self.u.below(3) {
            0 => {}
            1 => held.reverse(),
            _ => held = from_both_ends(&held),
        }
        let joined = self.u.pick(&[70, 20, 100]);
        let (mut before, mut stored) = (None, None);
        for r in held {
            let class = self.ty(r).class();
            let partner = before.filter(|b| self.ty(*b).class() == class && *b != r);
            before = match partner {
                Some(b) if self.u.percent(joined) => Some(self.sum_of(b, r)),
                _ => {
                    self.store_result(r, &mut stored);
                    Some(r)
                }
            };
        }
    }

    /// An instruction with two values, in both orders.
    fn sum_of(&mut self, a: Ref, b: Ref) -> Ref {
        let (ty, ops): (Type, &[Op]) = match self.ty(a).class() {
            Class::W32 => (Type::Int, &[Op::ADD, Op::SUB, Op::BXOR, Op::BOR, Op::MUL]),
            Class::W64 => (Type::I64, &[Op::ADD, Op::SUB, Op::BXOR, Op::BAND, Op::MUL]),
            _ => (Type::Num, &[Op::ADD, Op::SUB, Op::MUL, Op::DIV]),
        };
        let Some(op) = self.one_of(ops) else { return b };
        let (a, b) = if self.u.percent(50) { (b, a) } else { (a, b) };
        self.push(op, ty, Arg::Ref(a), Arg::Ref(b))
    }
}

fn from_both_ends(held: &[Ref]) -> Vec<Ref> {
    let (first, second) = held.split_at(held.len() / 2);
    let pairs = second.iter().rev().enumerate();
    pairs.flat_map(|(n, last)| first.get(n).copied().into_iter().chain([*last])).collect()
}
