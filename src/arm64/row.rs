//! One row of the table: an encoding class, its rules, and what its operands do.

use super::layout::{Field, Layout};
use super::rule::{Rule, Stated};

/// What kind of instruction a row is: how its operands are used and where control goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Data processing: `d` is written, the others are read.
    Data,
    /// As `Data`, and the old value of `d` matters.
    Update,
    /// `add` and `sub` with a 12-bit immediate, the one way of moving the stack pointer by a known amount.
    AddSub,
    /// `b`.
    Jump,
    /// `bl`.
    Call,
    /// `b.cond`, `cbz`, `tbz` and their opposites.
    Conditional,
    /// `br`.
    JumpRegister,
    /// `blr`.
    CallRegister,
    /// `ret`.
    Return,
    /// A load.
    Load(Addressing),
    /// A store.
    Store(Addressing),
    /// A prefetch, which cannot fault.
    Prefetch(Addressing),
    /// `svc`, `brk` and others that only raise an exception.
    Exception,
    /// `nop`, `bti` and the rest of the hint space; barriers.
    Hint,
    /// `mrs`.
    SystemRead,
    /// `msr`.
    SystemWrite,
}

/// How a load or store makes its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// The base register alone.
    Base,
    /// Base and scaled unsigned 12-bit offset.
    Scaled,
    /// Base and signed 9-bit offset.
    Unscaled,
    /// Signed 9-bit offset, before or after the access written back to the base.
    Indexed,
    /// Base and index register.
    Register,
    /// Two registers, base and scaled signed 7-bit offset.
    Pair,
    /// Two registers, the scaled signed 7-bit offset written back to the base.
    PairIndexed,
    /// Relative to the instruction.
    Literal,
}

/// Which registers a field selects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bank {
    Gpr,
    GprOrSp,
    Fpr,
}

/// What the instruction does with the register in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `Rd`: written.
    Dest,
    /// `Rn`, `Rm`, `Ra`: read.
    Source,
    /// `Rt`, `Rt2`: written by loads, read by stores.
    Transfer,
    /// `Rs`: the status a store-exclusive writes.
    Status,
}

/// A register operand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) bank: Bank,
    pub(super) role: Role,
    pub(super) lo: u8,
}

const MAX_OPERANDS: usize = 4;
const MAX_RULES: usize = 4;

/// An encoding class of the table.
#[derive(Debug)]
pub struct Row {
    /// The manual's name of the class.
    pub name: &'static str,
    /// What its instructions do.
    pub shape: Shape,
    pub(super) layout: Layout,
    rules: [Option<Rule>; MAX_RULES],
    operands: [Option<Operand>; MAX_OPERANDS],
}

impl Row {
    /// Which bits are fixed.
    #[must_use]
    pub const fn mask(&self) -> u32 {
        self.layout.mask
    }

    /// What the fixed bits are.
    #[must_use]
    pub const fn value(&self) -> u32 {
        self.layout.value
    }

    /// Whether the fixed bits of `word` are those of the row; its rules may still be broken.
    #[must_use]
    pub const fn matches(&self, word: u32) -> bool {
        word & self.layout.mask == self.layout.value
    }

    /// The fields, from the top bit down.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        self.layout.fields()
    }

    pub(super) fn broken_rule(&self, word: u32) -> Option<&Rule> {
        self.rules().find(|rule| !rule.holds(word))
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map_while(Option::as_ref)
    }

    pub(super) fn operands(&self) -> impl Iterator<Item = Operand> + '_ {
        self.operands.iter().map_while(|operand| *operand)
    }
}

/// A row from its parts; in a `static` a mistake is a compile error.
pub(super) const fn row(name: &'static str, pattern: &'static str, shape: Shape, stated: &[Stated]) -> Row {
    let layout = Layout::parse(pattern);
    let mut rules = [None; MAX_RULES];
    let mut i = 0;
    while i < stated.len() {
        rules[i] = Some(Rule::resolve(stated[i], &layout));
        i += 1;
    }
    Row { name, shape, layout, rules, operands: operands(&layout) }
}

const fn operands(layout: &Layout) -> [Option<Operand>; MAX_OPERANDS] {
    let mut operands = [None; MAX_OPERANDS];
    let (mut i, mut count) = (0, 0);
    while let Some(field) = layout.at(i) {
        if let Some(operand) = operand(field) {
            operands[count] = Some(operand);
            count += 1;
        }
        i += 1;
    }
    operands
}

const fn operand(field: Field) -> Option<Operand> {
    let (letter, role) = match field.name.as_bytes() {
        [letter, b'd'] => (*letter, Role::Dest),
        [letter, b'n' | b'm' | b'a'] => (*letter, Role::Source),
        [letter, b't'] | [letter, b't', b'2'] => (*letter, Role::Transfer),
        [letter, b's'] => (*letter, Role::Status),
        _ => return None,
    };
    let bank = match letter {
        b'R' if field.sp => Bank::GprOrSp,
        b'R' => Bank::Gpr,
        b'V' => Bank::Fpr,
        _ => return None,
    };
    Some(Operand { bank, role, lo: field.lo })
}
