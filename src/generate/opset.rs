//! Sets of opcodes, and their names for the command line.

use crate::ir::{ALL_OPS, Op, Rule, Status, Type};
use thiserror::Error;

/// A set of opcodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpSet(u128);

const _: () = assert!(ALL_OPS.len() <= 128);

/// A word of an opcode list that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no opcode or group {0:?} that can be generated: give opcode names or {names}", names = group_names())]
pub struct UnknownOp(pub String);

/// Groups by type rule, with their names, and opcodes whose rule is in more than one.
#[rustfmt::skip]
const GROUPS: &[(&str, &[Rule], &[Op])] = &[
    ("compare", &[Rule::SCmp, Rule::UCmp, Rule::Equal, Rule::Bounds], &[]),
    ("bits", &[Rule::BitUn, Rule::Bit], &[]),
    ("shifts", &[Rule::Shift], &[]),
    ("arith", &[Rule::Add, Rule::Mul, Rule::Neg, Rule::MinMax], &[]),
    ("overflow", &[Rule::Overflow], &[]),
    ("divide", &[Rule::Div, Rule::Mod, Rule::Pow], &[]),
    ("math", &[Rule::NumMask, Rule::FpMath], &[]),
    ("convert", &[Rule::Conv, Rule::ToBit], &[]),
    ("memory", &[Rule::XLoad, Rule::XStore, Rule::StrRef, Rule::SLoad], &[]),
    ("control", &[Rule::Use, Rule::Barrier, Rule::GcStep, Rule::Prof], &[]),
    ("tables", &[Rule::ARef, Rule::HRef, Rule::HRefK, Rule::FRef, Rule::FStore, Rule::Len, Rule::TBar], &[Op::ALOAD, Op::HLOAD, Op::ASTORE, Op::HSTORE]),
    ("upvalues", &[Rule::URef, Rule::OBar], &[Op::ULOAD, Op::USTORE]),
    ("fields", &[Rule::FLoad, Rule::LRef, Rule::TmpRef], &[Op::VLOAD]),
    ("strings", &[Rule::SNew, Rule::ToStr, Rule::StrTo], &[]),
    ("buffers", &[Rule::BufHdr, Rule::BufPut, Rule::BufStr], &[]),
    ("alloc", &[Rule::TNew, Rule::TDup, Rule::CNew, Rule::CNewI], &[]),
    ("calls", &[Rule::Call, Rule::CallXs, Rule::CArg, Rule::Ldexp], &[]),
];

fn group_names() -> String {
    GROUPS.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

impl OpSet {
    /// No opcode.
    pub const EMPTY: OpSet = OpSet(0);

    /// All opcodes that the table says can be generated.
    pub fn all() -> OpSet {
        OpSet::that(|op| op.info().status == Status::Plain)
    }

    /// All opcodes of the table that satisfy `f`.
    pub fn that(f: impl Fn(Op) -> bool) -> OpSet {
        ALL_OPS.iter().copied().filter(|op| f(*op)).fold(OpSet::EMPTY, OpSet::with)
    }

    /// A list of opcode and group names, separated by commas; a name behind `-` is left out again. A list that
    /// starts with `-` starts from all.
    pub fn parse(list: &str) -> Result<OpSet, UnknownOp> {
        let start = if list.trim_start().starts_with('-') { OpSet::all() } else { OpSet::EMPTY };
        list.split(',').map(str::trim).filter(|w| !w.is_empty()).try_fold(start, |set, word| {
            let (minus, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            let named = OpSet::named(name).ok_or_else(|| UnknownOp(name.into()))?;
            Ok(if minus { set.without(named) } else { set.union(named) })
        })
    }

    fn named(name: &str) -> Option<OpSet> {
        if let Some((_, rules, ops)) = GROUPS.iter().find(|(group, ..)| *group == name) {
            return Some(OpSet::that(|op| rules.contains(&op.info().rule) || ops.contains(&op)).both(OpSet::all()));
        }
        let op = Op::from_name(&name.to_ascii_uppercase()).filter(|op| op.info().status == Status::Plain)?;
        Some(OpSet::EMPTY.with(op))
    }

    /// Any bits: those of no opcode are never asked for.
    pub(super) fn from_bits(bits: u128) -> OpSet {
        OpSet(bits)
    }

    /// The opcodes whose rule has a type that satisfies `f`.
    pub(super) fn typed(self, f: impl Fn(Type) -> bool) -> OpSet {
        OpSet::that(|op| self.has(op) && op.info().rule.types().iter().any(|t| f(*t)))
    }

    /// True if `op` is in it.
    pub fn has(self, op: Op) -> bool {
        self.0 >> (op as u8) & 1 != 0
    }

    /// With one more opcode.
    #[must_use]
    pub fn with(self, op: Op) -> OpSet {
        OpSet(self.0 | 1 << (op as u8))
    }

    /// All that is in either.
    #[must_use]
    pub fn union(self, other: OpSet) -> OpSet {
        OpSet(self.0 | other.0)
    }

    /// All that is in both.
    #[must_use]
    pub fn both(self, other: OpSet) -> OpSet {
        OpSet(self.0 & other.0)
    }

    /// All that is not in `other`.
    #[must_use]
    pub fn without(self, other: OpSet) -> OpSet {
        OpSet(self.0 & !other.0)
    }

    /// How many opcodes it has.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// True if it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its opcode number `n`, counted in table order.
    pub(super) fn nth(self, n: u32) -> Option<Op> {
        let rest = (0..n).fold(self.0, |bits, _| bits & bits.wrapping_sub(1));
        (rest != 0).then(|| ALL_OPS[rest.trailing_zeros() as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_ops_and_groups() {
        let set = OpSet::parse("xload, XSTORE,shifts,-BROR").unwrap();
        assert!(set.has(Op::XLOAD) && set.has(Op::XSTORE) && set.has(Op::BSHL) && !set.has(Op::BROR));
        assert_eq!(set.len(), 5);
        assert_eq!(OpSet::parse("-divide").unwrap().union(OpSet::parse("divide").unwrap()), OpSet::all());
        assert_eq!(OpSet::parse("ADD,RETF"), Err(UnknownOp("RETF".into())));
    }

    #[test]
    fn every_generated_op_is_in_a_group() {
        let grouped = GROUPS.iter().fold(OpSet::EMPTY, |s, (name, ..)| s.union(OpSet::named(name).unwrap()));
        assert_eq!(grouped, OpSet::all());
    }

    #[test]
    fn the_nth_op_counts_in_table_order() {
        let set = OpSet::parse("ADD,BAND,XLOAD").unwrap();
        assert_eq!([0, 1, 2, 3].map(|n| set.nth(n)), [Some(Op::BAND), Some(Op::ADD), Some(Op::XLOAD), None]);
    }
}
