//! Linked lists: each pointer is loaded by the one before, and values next to it.
//!
//! The pointer that a load goes by is often dead behind it, so that the load overwrites its own base: the next access
//! has the same base register and another pointer in it, which fusion to pairs must see.

use super::address::Target;
use super::build::{Builder, lit};
use super::entropy::Source;
use super::pools;
use crate::ir::{Arg, Const, Lit, Op, Ref, Type, XloadMode};

/// A node: values, the pointer to the next node, values.
const NODE: u32 = 24;
/// Where the pointer is in it.
const NEXT: i64 = 8;

/// A list whose nodes lie in the region of controlled cells.
#[derive(Clone, Copy)]
pub(super) struct List {
    /// The first node's pointer.
    pub first: Ref,
    /// The displacement of a node's pointer to the next one.
    next: i64,
}

impl Builder<'_, '_, '_> {
    /// Follows a list from its first node, loading values on the way.
    pub(super) fn chase(&mut self) {
        if !self.may(Op::XLOAD) {
            return;
        }
        let nodes = 2 + self.u.below(4);
        let list = self.list(nodes);
        let mut p = list.first;
        for _ in 1..nodes {
            p = self.follow(&List { first: p, ..list });
        }
        self.node_value(p, list.next);
    }

    /// One step: the pointer to the next node, with values of this one before and behind it.
    pub(super) fn follow(&mut self, list: &List) -> Ref {
        let p = list.first;
        for _ in 0..self.u.below(3) {
            self.node_value(p, list.next);
        }
        let next = self.list_field(p, list.next, Type::P64);
        if self.may(Op::NE) && self.u.percent(self.knobs.filler) {
            self.push(Op::NE, Type::P64, Arg::Ref(next), Arg::K(Const::Null));
        }
        if self.u.percent(40) {
            self.node_value(p, list.next);
        }
        next
    }

    /// A list with so many nodes; the last one's pointer is its own.
    pub(super) fn list(&mut self, nodes: u32) -> List {
        let next = pools::displacement(&mut self.u, 3);
        let cells: Vec<i64> = (0..nodes).map(|_| self.cells.block(NODE).offset).collect();
        for (n, cell) in cells.iter().enumerate() {
            let to = cells[(n + 1).min(cells.len() - 1)] + NEXT - next;
            self.cells.link(cell + NEXT, to);
            self.fill_node(*cell);
        }
        let target = Target { region: self.cells.control, offset: cells[0] + NEXT - next, slack: 0 };
        let first = self.loaded_pointer(target).as_ref().expect("a pointer is loaded by an instruction");
        List { first, next }
    }

    fn fill_node(&mut self, cell: i64) {
        for input in 0..self.cells.count() {
            for at in [0, 2 * NEXT] {
                let value = pools::integer(&mut self.bulk, 64).cast_unsigned();
                self.cells.write(self.cells.control, input, cell + at, 8, value);
            }
        }
    }

    /// Loads one of a node's values.
    fn node_value(&mut self, p: Ref, next: i64) {
        let ty = self.u.pick(&[Type::I64, Type::Int, Type::U64, Type::U32]);
        let side = self.u.pick(&[NEXT, -NEXT]);
        let half = if ty.size() == 4 && self.u.percent(50) { 4 } else { 0 };
        let at = next + side + half;
        let r = self.list_field(p, at, ty);
        self.offer(r);
    }

    fn list_field(&mut self, p: Ref, at: i64, ty: Type) -> Ref {
        let address = match at {
            0 => p,
            at => self.hidden(Op::ADD, Type::P64, false, Arg::Ref(p), Arg::K(Const::Int64(at))),
        };
        self.hidden(Op::XLOAD, ty, false, Arg::Ref(address), lit(Lit::Xload(XloadMode::default())))
    }
}
